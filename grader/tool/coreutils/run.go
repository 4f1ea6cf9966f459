package coreutils

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"drydock/grader/tool/getopt"
	"drydock/grader/tool/unix"
	"drydock/grader/vfs"
)

var running = []unix.Command{
	{Name: "env", Fail: 125, Args: "[OPTION]... [-] [NAME=VALUE]... [COMMAND [ARG]...]", Run: env, Fix: splitString, Spec: getopt.Spec{Short: "+iu:C:0vS:",
		Long: "ignore-environment/i unset/u chdir/C null/0 debug/v split-string/S default-signal? ignore-signal? block-signal? list-signal-handling"}},
	{Name: "printenv", Fail: 2, Args: "[OPTION]... [VARIABLE]...", Run: printenv, Spec: getopt.Spec{Short: "+0", Long: "null/0"}},
	{Name: "timeout", Fail: 125, Args: "[OPTION] DURATION COMMAND [ARG]...", Run: timeout, Spec: getopt.Spec{Short: "+k:s:v",
		Long: "foreground kill-after/k preserve-status signal/s verbose/v"}},
	{Name: "nohup", Fail: 125, Args: "COMMAND [ARG]...", Run: nohup, Spec: getopt.Spec{Short: "+"}},
	{Name: "nice", Fail: 125, Args: "[OPTION] [COMMAND [ARG]...]", Run: nice, Fix: oldNice, Spec: getopt.Spec{Short: "+n:", Long: "adjustment/n"}},
	{Name: "stdbuf", Fail: 125, Args: "OPTION... COMMAND", Run: stdbuf, Spec: getopt.Spec{Short: "+i:o:e:", Long: "input/i output/o error/e"}},
	{Name: "chroot", Fail: 125, Args: "[OPTION] NEWROOT [COMMAND [ARG]...]", Run: chroot, Spec: getopt.Spec{Short: "+",
		Long: "groups: userspec: skip-chdir"}},
	{Name: "setsid", Fail: 1, Args: "[options] <program> [arguments ...]", Suite: "util-linux", Run: nohup, Spec: getopt.Spec{Short: "+cfw",
		Long: "ctty/c fork/f wait/w"}},
	{Name: "kill", Args: "[options] <pid> [...]", Raw: true, Run: kill},
}

// splitString is env -S: one argument that holds several.
func splitString(args []string) []string {
	for i, a := range args {
		var text string
		skip := 1
		switch {
		case a == "-S" && i+1 < len(args):
			text, skip = args[i+1], 2
		case strings.HasPrefix(a, "-S"):
			text = a[2:]
		case strings.HasPrefix(a, "-vS"), strings.HasPrefix(a, "-iS"):
			text = a[3:]
		case strings.HasPrefix(a, "--split-string="):
			text = strings.TrimPrefix(a, "--split-string=")
		case strings.HasPrefix(a, "-"):
			continue
		default:
			return args
		}
		return slices.Concat(args[:i], splitWords(text), args[i+skip:])
	}
	return args
}

func splitWords(s string) []string {
	var words []string
	var word strings.Builder
	started := false
	quote := byte(0)
	for i := 0; i < len(s); i++ {
		switch ch := s[i]; {
		case quote != 0 && ch == quote:
			quote = 0
		case quote == 0 && (ch == '\'' || ch == '"'):
			quote, started = ch, true
		case ch == '\\' && i+1 < len(s) && quote != '\'':
			i++
			started = true
			if at := strings.IndexByte("nrtvf", s[i]); at >= 0 {
				word.WriteByte("\n\r\t\v\f"[at])
			} else {
				word.WriteByte(s[i])
			}
		case quote == 0 && (ch == ' ' || ch == '\t' || ch == '\n'):
			if started {
				words = append(words, word.String())
				word.Reset()
				started = false
			}
		default:
			word.WriteByte(ch)
			started = true
		}
	}
	if started {
		words = append(words, word.String())
	}
	return words
}

func env(c *unix.Cmd) int {
	args := c.Operands
	variables := slices.Clone(c.Env)
	if c.Has("i") || len(args) > 0 && args[0] == "-" {
		variables = nil
		if len(args) > 0 && args[0] == "-" {
			args = args[1:]
		}
	}
	for _, name := range c.Values("u") {
		variables = slices.DeleteFunc(variables, func(kv string) bool { return strings.HasPrefix(kv, name+"=") })
	}
	for len(args) > 0 && strings.Contains(args[0], "=") {
		name, value, _ := strings.Cut(args[0], "=")
		variables = variables.With(name, value)
		args = args[1:]
	}
	if len(args) == 0 {
		if c.Has("C") {
			return c.Die(125, "must specify command with --chdir (-C)")
		}
		end := "\n"
		if c.Has("0") {
			end = "\x00"
		}
		for _, kv := range variables {
			c.Print(kv + end)
		}
		return 0
	}
	child := *c
	inner := *c.Call
	child.Call = &inner
	inner.Env = variables
	if dir, ok := c.Lookup("C"); ok {
		real, err := c.FS.Real(dir)
		if err == nil {
			_, err = c.FS.ReadDir(dir)
		}
		if err != nil {
			return c.Die(125, "cannot change directory to %s: %s", unix.QuoteName(dir), unix.Message(err))
		}
		inner.FS = c.FS.In(real)
	}
	return invoke(&child, args, "%s: %s", c.Quote(args[0]))
}

// invoke runs a command in place of this one, which only timeout outlives. Where it cannot be started it says so: format takes the quoted
// name and the reason.
func invoke(c *unix.Cmd, args []string, format, shown string) int {
	run := c.Become
	if c.Prog() == "timeout" {
		run = func(args ...string) (int, error) { return c.Start(c.Stdin, args...) }
	}
	status, err := run(args...)
	if err == nil {
		return status
	}
	if c.Busybox {
		c.Warn("can't execute '%s': %s", args[0], unix.Message(err))
	} else {
		c.Warn(format, shown, unix.Message(err))
	}
	if strings.Contains(args[0], " ") && c.Prog() == "env" && !c.Busybox {
		c.Say("use -[v]S to pass options in shebang lines")
	}
	return unix.ExecStatus(err)
}

func printenv(c *unix.Cmd) int {
	end := "\n"
	if c.Has("0") {
		end = "\x00"
	}
	if len(c.Operands) == 0 {
		for _, kv := range c.Env {
			c.Print(kv + end)
		}
	}
	for _, name := range c.Operands {
		if v, ok := c.Env.Lookup(name); ok {
			c.Print(v + end)
		} else {
			c.Status = 1
		}
	}
	return c.Status
}

// timeout lets the command run: simulated programs take no time, and those that never end are stopped by the step's own limit.
func timeout(c *unix.Cmd) int {
	args := c.Operands
	if len(args) < 2 {
		return c.Usage("")
	}
	limit, ok := seconds(args[0])
	if !ok {
		return c.Usage("invalid time interval %s", c.Quote(args[0]))
	}
	if limit > 0 && !c.Running {
		var cancel context.CancelFunc
		c.Ctx, cancel = context.WithTimeout(c.Ctx, time.Duration(min(limit, 1)*float64(time.Second)))
		defer cancel()
	}
	outer := c.Ctx
	status := invoke(c, args[1:], "failed to run command %s: %s", c.Quote(args[1]))
	if outer.Err() != nil && !c.Has("preserve-status") {
		return 124
	}
	return status
}

func nohup(c *unix.Cmd) int {
	if len(c.Operands) == 0 {
		return c.Usage("missing operand")
	}
	return invoke(c, c.Operands, "failed to run command %s: %s", c.Quote(c.Operands[0]))
}

// oldNice turns nice -10 into nice -n 10.
func oldNice(args []string) []string {
	if len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-' {
		if _, err := strconv.Atoi(args[0][1:]); err == nil {
			return append([]string{"-n", args[0][1:]}, args[1:]...)
		}
	}
	return args
}

func nice(c *unix.Cmd) int {
	if s, ok := c.Lookup("n"); ok {
		if _, err := strconv.Atoi(s); err != nil {
			return c.Die(125, "invalid adjustment %s", c.Quote(s))
		}
	}
	if len(c.Operands) == 0 {
		c.Print("0\n")
		return 0
	}
	return invoke(c, c.Operands, "%s: %s", c.Quote(c.Operands[0]))
}

func stdbuf(c *unix.Cmd) int {
	if len(c.Operands) == 0 {
		return c.Usage("missing operand")
	}
	return invoke(c, c.Operands, "failed to run command %s: %s", c.Quote(c.Operands[0]))
}

// chroot knows whether the new root is there; only the root that is in use already can be entered.
func chroot(c *unix.Cmd) int {
	if len(c.Operands) == 0 {
		return c.Usage("missing operand")
	}
	root, args := c.Operands[0], c.Operands[1:]
	if !c.FS.IsDir(root) {
		return c.Die(125, "cannot change root directory to %s: %s", unix.QuoteName(root), unix.Message(notDir(c.FS, root)))
	}
	if c.FS.Cred.UID != 0 {
		return c.Die(125, "cannot change root directory to %s: Operation not permitted", unix.QuoteName(root))
	}
	if len(args) == 0 {
		args = []string{"/bin/sh", "-i"}
	}
	if c.FS.Abs(root) != "/" {
		c.Unknown("Drydock does not model what runs in a chroot: it is taken to succeed and to change nothing.")
		return 0
	}
	inner := *c.Call
	inner.FS = c.FS.In("/")
	if spec, ok := c.Lookup("userspec"); ok {
		o, bad := unix.ReadAccounts(c.FS).ParseOwner(spec)
		if bad != "" {
			return c.Die(125, "%s", bad)
		}
		inner.FS = inner.FS.As(vfs.Cred{UID: max(o.UID, 0), GID: max(o.GID, 0)})
	}
	child := *c
	child.Call = &inner
	return invoke(&child, args, "failed to run command %s: %s", c.Quote(args[0]))
}

// kill finds no process but itself, as none outlives its command in a simulation.
func kill(c *unix.Cmd) int {
	args := c.Operands
	if len(args) > 0 && (args[0] == "-l" || args[0] == "-L") {
		c.Print("HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT\nCHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH POLL PWR SYS\n")
		return 0
	}
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		if args[0] == "-s" || args[0] == "-n" {
			args = args[1:]
		}
		args = args[min(1, len(args)):]
	}
	if len(args) == 0 {
		return c.Usage("not enough arguments")
	}
	for _, pid := range args {
		n, err := strconv.Atoi(pid)
		switch {
		case err != nil:
			c.Warn("failed to parse argument: '%s'", pid)
		case n <= 1:
		case c.Busybox:
			c.Warn("can't kill pid %s: No such process", pid)
		default:
			c.Warn("(%s): No such process", pid)
		}
	}
	return c.Status
}
