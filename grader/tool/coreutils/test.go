package coreutils

import (
	"fmt"
	"strconv"
	"strings"

	"drydock/grader/tool/unix"
	"drydock/grader/tree"
)

var testing = []unix.Command{
	{Name: "test", Raw: true, Run: func(c *unix.Cmd) int { return test(c, c.Operands) }},
	{Name: "[", Raw: true, Run: func(c *unix.Cmd) int {
		n := len(c.Operands)
		if n == 0 || c.Operands[n-1] != "]" {
			return c.Die(2, "missing %s", c.Pick(c.Quote("]"), "]"))
		}
		return test(c, c.Operands[:n-1])
	}},
}

// condition is an expression of test being read.
type condition struct {
	*unix.Cmd
	args []string
	bad  string
}

func test(c *unix.Cmd, args []string) int {
	e := &condition{Cmd: c, args: args}
	ok := false
	// POSIX decides up to four arguments by their number
	switch {
	case len(args) == 0:
		return 1
	case len(args) == 1:
		ok = args[0] != ""
	case len(args) == 2 && args[0] == "!":
		ok = args[1] == ""
	case len(args) == 2:
		ok = e.unary(args[0], args[1])
	case len(args) == 3 && binary[args[1]]:
		ok = e.binary(args[0], args[1], args[2])
	case len(args) == 3 && args[0] != "!" && args[0] != "(":
		e.fail(c.Pick("%s: binary operator expected", "%s: unknown operand"), c.Pick(c.Quote(args[1]), args[1]))
	case len(args) == 4 && args[0] == "!" && binary[args[2]]:
		ok = !e.binary(args[1], args[2], args[3])
	default:
		ok = e.or()
		if e.bad == "" && len(e.args) > 0 {
			e.fail("extra argument %s", e.Quote(e.args[0]))
		}
	}
	switch {
	case e.bad != "":
		return c.Die(2, "%s", e.bad)
	case ok:
		return 0
	}
	return 1
}

var binary = map[string]bool{"=": true, "==": true, "!=": true, "<": true, ">": true, "-eq": true, "-ne": true, "-lt": true, "-le": true,
	"-gt": true, "-ge": true, "-nt": true, "-ot": true, "-ef": true, "-a": true, "-o": true}

func (e *condition) fail(format string, a ...any) bool {
	if e.bad == "" {
		e.bad = fmt.Sprintf(format, a...)
	}
	return false
}

func (e *condition) peek() string {
	if len(e.args) == 0 {
		return ""
	}
	return e.args[0]
}

func (e *condition) or() bool {
	ok := e.and()
	for e.bad == "" && e.peek() == "-o" {
		e.args = e.args[1:]
		ok = e.and() || ok
	}
	return ok
}

func (e *condition) and() bool {
	ok := e.term()
	for e.bad == "" && e.peek() == "-a" {
		e.args = e.args[1:]
		ok = e.term() && ok
	}
	return ok
}

func (e *condition) term() bool {
	if len(e.args) == 0 {
		return e.fail("argument expected")
	}
	a := e.args[0]
	switch {
	case a == "!":
		e.args = e.args[1:]
		return !e.term()
	case len(e.args) >= 3 && binary[e.args[1]] && e.args[1] != "-a" && e.args[1] != "-o":
		ok := e.binary(e.args[0], e.args[1], e.args[2])
		e.args = e.args[3:]
		return ok
	case a == "(":
		e.args = e.args[1:]
		ok := e.or()
		if e.peek() != ")" {
			return e.fail("%s expected", e.Quote(")"))
		}
		e.args = e.args[1:]
		return ok
	case len(a) == 2 && a[0] == '-' && len(e.args) >= 2:
		ok := e.unary(a, e.args[1])
		e.args = e.args[2:]
		return ok
	}
	e.args = e.args[1:]
	return a != ""
}

func (e *condition) integer(s string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	if err != nil {
		if e.Busybox {
			e.fail("%s: bad number", s)
		} else {
			e.fail("invalid integer %s", e.Quote(s))
		}
	}
	return n
}

func (e *condition) binary(a, op, b string) bool {
	switch op {
	case "=", "==":
		return a == b
	case "!=":
		return a != b
	case "<":
		return a < b
	case ">":
		return a > b
	case "-a":
		return a != "" && b != ""
	case "-o":
		return a != "" || b != ""
	case "-nt", "-ot", "-ef":
		x, err1 := e.FS.Stat(a)
		y, err2 := e.FS.Stat(b)
		switch {
		case op == "-ef":
			p, _ := e.FS.Real(a)
			q, _ := e.FS.Real(b)
			return err1 == nil && err2 == nil && (p == q || x.Inode != 0 && x.Inode == y.Inode)
		case err1 != nil || err2 != nil:
			return op == "-nt" && err1 == nil || op == "-ot" && err2 == nil
		case op == "-nt":
			return x.ModTime > y.ModTime
		}
		return x.ModTime < y.ModTime
	}
	x := e.integer(a)
	y := e.integer(b)
	switch op {
	case "-eq":
		return x == y
	case "-ne":
		return x != y
	case "-lt":
		return x < y
	case "-le":
		return x <= y
	case "-gt":
		return x > y
	}
	return x >= y
}

func (e *condition) unary(op, a string) bool {
	switch op {
	case "-n":
		return a != ""
	case "-z":
		return a == ""
	case "-t":
		return false
	case "-r":
		return e.FS.Access(a, 4) == nil
	case "-w":
		return e.FS.Access(a, 2) == nil
	case "-x":
		return e.FS.Access(a, 1) == nil
	case "-h", "-L":
		n, err := e.FS.Lstat(a)
		return err == nil && n.Type == tree.Symlink
	}
	kinds := map[string]tree.Type{"-f": tree.File, "-d": tree.Dir, "-p": tree.Fifo, "-c": tree.CharDevice, "-b": tree.BlockDevice, "-S": tree.Socket}
	kind, isKind := kinds[op]
	n, err := e.FS.Stat(a)
	switch {
	case isKind:
		return err == nil && n.Type == kind
	case op == "-e":
		return err == nil
	case op == "-s":
		return err == nil && unix.DiskSize(n) > 0
	case op == "-u", op == "-g", op == "-k":
		bit := map[string]uint32{"-u": 0o4000, "-g": 0o2000, "-k": 0o1000}[op]
		return err == nil && n.Mode&bit != 0
	case op == "-O":
		return err == nil && n.UID == e.FS.Cred.UID
	case op == "-G":
		return err == nil && n.GID == e.FS.Cred.GID
	case op == "-N":
		return false
	case strings.HasPrefix(op, "-") && len(op) == 2:
		return e.fail("%s: unary operator expected", e.Quote(op))
	}
	if e.Busybox {
		return e.fail("%s: unknown operand", a)
	}
	return e.fail("missing argument after %s", e.Quote(a))
}
