package coreutils

import (
	"path"
	"strings"

	"drydock/grader/tool/getopt"
	"drydock/grader/tool/unix"
)

var naming = []unix.Command{
	{Name: "basename", Args: "NAME [SUFFIX]", Run: basename, Spec: getopt.Spec{Short: "+as:z", Long: "multiple/a suffix/s zero/z"}},
	{Name: "dirname", Args: "[OPTION] NAME...", Run: dirname, Spec: getopt.Spec{Short: "+z", Long: "zero/z"}},
	{Name: "pathchk", Args: "[OPTION]... NAME...", Run: func(*unix.Cmd) int { return 0 }, Spec: getopt.Spec{Short: "pP", Long: "portability"}},
}

func basename(c *unix.Cmd) int {
	args := c.Operands
	if len(args) == 0 {
		return c.Usage("missing operand")
	}
	suffix, many := c.Lookup("s")
	many = many || c.Has("a")
	if !many {
		if len(args) > 2 {
			return c.Usage("extra operand %s", c.Quote(args[2]))
		}
		if len(args) == 2 {
			suffix, args = args[1], args[:1]
		}
	}
	for _, name := range args {
		b := base(name)
		if b == "" && name != "" {
			b = "/"
		}
		if cut := strings.TrimSuffix(b, suffix); cut != "" {
			b = cut
		}
		c.Print(b + string(delimiter(c)))
	}
	return 0
}

func dirname(c *unix.Cmd) int {
	if len(c.Operands) == 0 {
		return c.Usage("missing operand")
	}
	for _, name := range c.Operands {
		dir := strings.TrimRight(name, "/")
		if dir == "" && name != "" {
			dir = "/"
		} else if i := strings.LastIndexByte(dir, '/'); i < 0 {
			dir = "."
		} else if dir = strings.TrimRight(dir[:i], "/"); dir == "" {
			dir = "/"
		}
		c.Print(dir + string(delimiter(c)))
	}
	return 0
}

// match is path.Match for the patterns of options, which may be malformed.
func match(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return err == nil && ok
}
