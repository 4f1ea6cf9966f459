package shell

import (
	"errors"
	"io/fs"
	"strings"

	"drydock/grader/tool"
	"drydock/grader/vfs"
)

// invocation is a shell's command line, understood.
type invocation struct {
	dialect Dialect
	call    *tool.Call
	opts    options
	letters string // of the options given that only $- tells: c, s
	script  string
	command bool   // -c
	stdin   bool   // the script comes from standard input
	file    string // the script's file
	name    string // $0
	params  []string
}

// parseInvocation reads a command line. It returns nil and a status where there is nothing to run.
func parseInvocation(d Dialect, c *tool.Call) (*invocation, int) {
	inv := &invocation{dialect: d, call: c, name: d.String()}
	if len(c.Args) > 0 {
		inv.name = strings.TrimPrefix(c.Args[0], "-")
	}
	args := c.Args[min(1, len(c.Args)):]
	fail := func(text string) (*invocation, int) {
		prefix := inv.name + ": "
		if d == Dash {
			prefix += "0: "
		}
		c.Errorf("%s%s", prefix, text)
		return nil, 2
	}
	fromStdin := false
options:
	for len(args) > 0 {
		arg := args[0]
		if len(arg) < 2 || arg[0] != '-' && arg[0] != '+' {
			if arg == "-" {
				args = args[1:]
			}
			break
		}
		args = args[1:]
		if arg == "--" {
			break
		}
		if d == Bash && strings.HasPrefix(arg, "--") {
			switch strings.TrimPrefix(arg, "--") {
			case "version":
				c.Printf("GNU bash, version %s\n", bashVersion(c))
				return nil, 0
			case "login", "norc", "noprofile", "posix", "noediting", "verbose", "debugger", "help":
				continue
			case "rcfile", "init-file":
				if len(args) > 0 {
					args = args[1:]
				}
				continue
			}
			return fail(arg + ": invalid option")
		}
		on := arg[0] == '-'
		for _, letter := range arg[1:] {
			switch letter {
			case 'c':
				inv.command = true
				inv.letters = "c"
				continue
			case 's':
				fromStdin = true
				continue
			case 'i', 'l':
				continue
			case 'o':
				if len(args) == 0 {
					continue
				}
				if !inv.opts.setName(d, args[0], on) {
					if d == Dash {
						return fail("Illegal option -o " + args[0])
					}
					if d == Ash {
						return fail("illegal option -o " + args[0])
					}
					return fail(args[0] + ": invalid option name")
				}
				args = args[1:]
				continue
			}
			if !inv.opts.setLetter(d, byte(letter), on) {
				text := "Illegal option -" + string(letter)
				if d == Ash {
					text = "illegal option -" + string(letter)
				} else if d == Bash {
					text = arg[:1] + string(letter) + ": invalid option"
				}
				return fail(text)
			}
		}
		continue options
	}
	switch {
	case inv.command:
		if len(args) == 0 {
			switch d {
			case Dash:
				return fail("-c requires an argument")
			case Ash:
				return fail("-c requires an argument")
			}
			return fail("-c: option requires an argument")
		}
		inv.script, args = args[0], args[1:]
		if len(args) > 0 {
			inv.name, args = args[0], args[1:]
		}
	case fromStdin || len(args) == 0:
		inv.stdin = true
		inv.letters = "s"
	default:
		inv.file, args = args[0], args[1:]
		status := 0
		if inv.script, status = inv.readFile(); status != 0 {
			return nil, status
		}
		inv.name = inv.file
	}
	inv.params = args
	return inv, 0
}

// readFile reads the script's file, which is looked for on PATH where the working directory does not have it.
func (inv *invocation) readFile() (string, int) {
	c := inv.call
	name := inv.file
	if !strings.Contains(name, "/") && !c.FS.Exists(name) && inv.dialect != Dash {
		if p, err := tool.Find(c.FS, c.Env, name); err == nil {
			name = p
		}
	}
	data, err := c.FS.ReadFile(name)
	if err == nil {
		if looksBinary(data) {
			if inv.dialect == Bash {
				c.Errorf("%s: %s: cannot execute binary file", inv.file, inv.file)
				return "", 126
			}
		}
		return string(data), 0
	}
	missing := errors.Is(err, fs.ErrNotExist)
	switch inv.dialect {
	case Dash:
		c.Errorf("%s: 0: cannot open %s: %s", inv.name, inv.file, dashOpenError(err, false))
		return "", 2
	case Ash:
		c.Errorf("%s: can't open '%s': %s", inv.name, inv.file, vfs.Message(err))
		return "", 2
	}
	c.Errorf("%s: %s: %s", inv.name, inv.file, vfs.Message(err))
	if missing {
		return "", 127
	}
	return "", 126
}

// looksBinary says whether the first line of a file holds a NUL, so that it cannot be a script.
func looksBinary(data []byte) bool {
	for _, b := range data[:min(len(data), 80)] {
		if b == '\n' {
			return false
		}
		if b == 0 {
			return true
		}
	}
	return false
}

// bashVersion is what the catalogue says of the program, in the form that bash prints.
func bashVersion(c *tool.Call) string {
	v := c.Program.Fact("version")
	if v == "" {
		v = defaultBashVersion
	}
	machine := "x86_64"
	if c.Host != nil && c.Arch == "arm64" {
		machine = "aarch64"
	}
	return v + "(1)-release (" + machine + "-pc-linux-gnu)"
}

// defaultBashVersion is Debian 12's (package bash 5.2.15-2).
const defaultBashVersion = "5.2.15"
