// Package unix is what the models of the basic Unix commands share: declaring a command with its options, printing its complaints
// as GNU or busybox words them, reading its inputs, modes, users and sizes.
//
// Start from [Command], which becomes a tool.Model, and [Cmd], which is one run of it. Which of the two flavours a program has is
// said by the "flavour" fact of its file. The models themselves live in coreutils, findutils, textutils, users and busybox.
package unix

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"

	"drydock/grader/report"
	"drydock/grader/tool"
	"drydock/grader/tool/getopt"
)

// Command declares a command.
type Command struct {
	Name  string
	Spec  getopt.Spec
	Args  string                       // what follows the name in its usage: "[OPTION]... [FILE]..."
	Fail  int                          // status after a usage error, where it is not 1
	Fix   func(args []string) []string // rewrites old-fashioned arguments (head -5) before they are parsed; may be nil
	Raw   bool                         // arguments are not options at all: echo, test, expr
	Brief bool                         // a usage error shows the usage line, too
	Named bool                         // the hint after a usage error begins with the program's name
	Suite string                       // where it is not "GNU coreutils"
	Run   func(*Cmd) int
}

// Models makes models of commands, by their names.
func Models(commands ...[]Command) tool.Models {
	m := tool.Models{}
	for _, list := range commands {
		for _, cmd := range list {
			m[cmd.Name] = cmd.Model()
		}
	}
	return m
}

// Cmd is one run of a command, its options parsed.
type Cmd struct {
	*tool.Call
	*getopt.Result
	Ctx     context.Context
	Out     *bufio.Writer // standard output
	Busybox bool
	Status  int // raised by [Cmd.Warn]

	command *Command
	out     *guard
}

// brokenPipe is the status of a process that SIGPIPE ended, as a shell sees it.
const brokenPipe = 128 + 13

// Model returns the command as a tool.Model.
func (cmd Command) Model() tool.Model {
	return func(ctx context.Context, call *tool.Call) int {
		out := &guard{ctx: ctx, w: call.Stdout}
		inner := *call
		inner.Stdout = out
		c := &Cmd{Call: &inner, Ctx: ctx, Result: &getopt.Result{}, command: &cmd, out: out, Out: bufio.NewWriterSize(out, 4096),
			Busybox: call.Program.Fact("flavour") == "busybox"}
		if call.Stdin == nil {
			inner.Stdin = strings.NewReader("")
		}
		inner.Stdin = &input{ctx: ctx, r: inner.Stdin}
		status := c.start()
		c.Out.Flush()
		switch {
		case out.err == nil:
			return status
		case errors.Is(out.err, syscall.ENOSPC):
			c.Warn("write error: %s", Message(out.err))
			return 1
		}
		return brokenPipe
	}
}

func (c *Cmd) start() int {
	args := c.Args[min(1, len(c.Args)):]
	if c.command.Fix != nil {
		args = c.command.Fix(args)
	}
	if c.command.Raw {
		c.Operands = args
		return c.command.Run(c)
	}
	spec := c.command.Spec
	if !strings.Contains(" "+spec.Long+" ", " help ") {
		spec.Long += " help version"
	}
	r, err := getopt.Parse(spec, args)
	c.Result = r
	if err != nil {
		c.complain(err)
		return c.fail()
	}
	switch {
	case r.Has("help"):
		if c.Busybox {
			fmt.Fprint(c.Stderr, c.usage())
			return 0
		}
		fmt.Fprint(c.Out, c.usage())
		return 0
	case r.Has("version") && !c.Busybox:
		suite := c.command.Suite
		if suite == "" {
			suite = "GNU coreutils"
		}
		fmt.Fprintf(c.Out, "%s (%s) %s\n", c.command.Name, suite, c.Program.Fact("version"))
		return 0
	}
	return c.command.Run(c)
}

func (c *Cmd) fail() int {
	if c.command.Fail != 0 {
		return c.command.Fail
	}
	return 1
}

func (c *Cmd) complain(err error) {
	text := err.Error()
	var opt *getopt.Error
	if c.Busybox && errors.As(err, &opt) {
		text = opt.Musl()
	}
	c.Warn("%s", text)
	c.hint()
}

func (c *Cmd) hint() {
	if c.Busybox {
		fmt.Fprint(c.Stderr, c.usage())
		return
	}
	if c.command.Brief {
		c.Errorf("%s", strings.TrimSuffix(c.usage(), "\n"))
	}
	hint := fmt.Sprintf("Try '%s --help' for more information.", c.Args[0])
	if c.command.Named {
		c.Say("%s", hint)
		return
	}
	c.Errorf("%s", hint)
}

func (c *Cmd) usage() string {
	if c.Busybox {
		version := c.Program.Fact("version")
		if version != "" {
			version = " v" + version
		}
		return fmt.Sprintf("BusyBox%s multi-call binary.\n\nUsage: %s %s\n", version, c.command.Name, c.command.Args)
	}
	return fmt.Sprintf("Usage: %s %s\n", c.Args[0], c.command.Args)
}

// Usage complains about the arguments, points to --help and returns the status of a usage error. Busybox only shows its usage.
func (c *Cmd) Usage(format string, a ...any) int {
	if format != "" && !c.Busybox {
		c.Warn(format, a...)
	}
	c.hint()
	return c.fail()
}

// Prog is what the command's messages begin with.
func (c *Cmd) Prog() string {
	if c.Busybox || len(c.Args) == 0 {
		return c.command.Name
	}
	return c.Args[0]
}

// Warn complains on standard error and makes the status 1 unless it is worse.
func (c *Cmd) Warn(format string, a ...any) {
	c.Status = max(c.Status, 1)
	c.Say(format, a...)
}

// Say says something on standard error, the program's name before it.
func (c *Cmd) Say(format string, a ...any) {
	fmt.Fprintf(c.Stderr, "%s: %s\n", c.Prog(), fmt.Sprintf(format, a...))
}

// Unknown notes what the simulation does not know.
func (c *Cmd) Unknown(text string) {
	if c.Call.Host != nil && c.Call.Host.Note != nil {
		c.Call.Host.Note(report.Note{Kind: "unknown", Text: text})
	}
}

// Die is Warn for what ends the command: it returns the status.
func (c *Cmd) Die(status int, format string, a ...any) int {
	c.Warn(format, a...)
	return status
}

// Pick returns the flavour's wording.
func (c *Cmd) Pick(gnu, busybox string) string {
	if c.Busybox {
		return busybox
	}
	return gnu
}

// Printf writes to standard output.
func (c *Cmd) Printf(format string, a ...any) { fmt.Fprintf(c.Out, format, a...) }

// Print writes to standard output.
func (c *Cmd) Print(s string) { c.Out.WriteString(s) }

// Stopped reports whether there is no point in going on: nobody reads the output, or time is up.
func (c *Cmd) Stopped() bool { return c.out.err != nil || c.Ctx.Err() != nil }

// Start runs another program with this one's streams and environment; stdin may be nil for none. A program that cannot be started
// gives an error, see [tool.Call.Exec].
func (c *Cmd) Start(stdin io.Reader, args ...string) (int, error) {
	c.Out.Flush()
	child := c.Child(args...)
	child.Stdin = stdin
	if stdin == nil {
		child.Stdin = strings.NewReader("")
	}
	return child.Exec(c.Ctx)
}

// Become is [Cmd.Start] for a program that takes this one's place, with the same standard input, as exec does.
func (c *Cmd) Become(args ...string) (int, error) {
	next := *c
	next.Ctx = tool.InPlace(c.Ctx)
	return next.Start(c.Stdin, args...)
}

// ExecStatus is the status of a command that could not start another one: 127 where it was not found, else 126.
func ExecStatus(err error) int {
	if errors.Is(err, syscall.ENOENT) {
		return 127
	}
	return 126
}
