package textutils

import (
	"bufio"
	"context"
	"io"
	"strings"

	"drydock/grader/tool/getopt"
	"drydock/grader/tool/textutils/awk"
	"drydock/grader/tool/unix"
	"drydock/grader/vfs"
)

var awkSpec = getopt.Spec{Short: "+F:v:f:W:e:", Long: "field-separator/F assign/v file/f source/e posix traditional"}

var calculating = []unix.Command{
	{Name: "awk", Fail: 2, Suite: "mawk", Args: "[Options] Program [file ...]", Spec: awkSpec, Run: runAwk},
	{Name: "mawk", Fail: 2, Suite: "mawk", Args: "[Options] Program [file ...]", Spec: awkSpec, Run: runAwk},
	{Name: "gawk", Fail: 2, Suite: "GNU Awk", Args: "[POSIX or GNU style options] -f progfile [--] file ...", Spec: awkSpec, Run: runAwk},
}

func runAwk(c *unix.Cmd) int {
	args := c.Operands
	var source []string
	for _, o := range c.Options {
		switch o.Name {
		case "f":
			data, err := c.ReadAll(o.Value)
			if err != nil {
				return c.Die(2, "couldn't open file %s", o.Value)
			}
			source = append(source, string(data))
		case "e":
			source = append(source, o.Value)
		}
	}
	if source == nil {
		if len(args) == 0 {
			c.Errorf("Usage: %s [Options] %s [file ...]", c.Pick("mawk", "awk"), c.Pick("[Program]", "Program"))
			return 2
		}
		source, args = args[:1], args[1:]
	}
	program, err := awk.Parse(strings.Join(source, "\n"))
	if err != nil {
		return c.Die(2, "%s", err)
	}
	var vars []string
	for _, o := range c.Options {
		switch o.Name {
		case "F":
			fs := o.Value
			if fs == "t" {
				fs = `\t`
			}
			vars = append(vars, "FS="+fs)
		case "v":
			vars = append(vars, o.Value)
		}
	}
	w := awk.World{Stdin: c.Stdin, Stdout: c.Out, Stderr: c.Stderr, Environ: c.Env, Now: unix.Time(c.FS.Now()), Open: c.Open,
		Create: func(name string, add bool) (io.WriteCloser, error) {
			flags := vfs.Write | vfs.Create | vfs.Truncate
			if add {
				flags = vfs.Write | vfs.Create | vfs.Append
			}
			f, err := c.FS.Open(name, flags, 0o666)
			if err != nil {
				return nil, err
			}
			return f, nil
		},
		System: func(ctx context.Context, command string, stdin io.Reader, stdout io.Writer) int {
			return shell(ctx, c, command, stdin, stdout)
		},
		Fail: func(name string, err error) {
			c.Warn("cannot open %s (%s)", name, unix.Message(err))
		},
	}
	status, err := program.Run(c.Ctx, w, vars, args)
	if err != nil {
		c.Out.Flush()
		return c.Die(2, "%s", err)
	}
	return status
}

// shell runs a command line for awk.
func shell(ctx context.Context, c *unix.Cmd, command string, stdin io.Reader, stdout io.Writer) int {
	c.Out.Flush()
	child := c.Child("/bin/sh", "-c", command)
	child.Stdin, child.Stdout = stdin, stdout
	status, err := child.Exec(ctx)
	if b, ok := stdout.(*bufio.Writer); ok {
		b.Flush()
	}
	if err != nil {
		return unix.ExecStatus(err)
	}
	return status
}
