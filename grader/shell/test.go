package shell

import (
	"regexp"
	"strconv"
	"strings"

	"drydock/grader/tree"
)

// tester evaluates the arguments of test and [.
type tester struct {
	sh    *shell
	args  []string
	pos   int
	err   string
	extra bool // ash's [[: == and != match patterns
}

// testBuiltin is test, [ and ash's [[.
func testBuiltin(sh *shell, args []string) int {
	t := &tester{sh: sh, args: args[1:]}
	shut := map[string]string{"[": "]", "[[": "]]"}[args[0]]
	if shut != "" {
		if n := len(t.args); n == 0 || t.args[n-1] != shut {
			if sh.d == Bash {
				return sh.testError("missing `" + shut + "'")
			}
			return sh.testError("missing " + shut)
		}
		t.args = t.args[:len(t.args)-1]
		t.extra = shut == "]]"
	}
	ok := t.run()
	if t.err != "" {
		return sh.testError(t.err)
	}
	return int(truth(!ok))
}

func (sh *shell) testError(text string) int {
	if sh.d == Ash {
		sh.applet("%s", text)
	} else {
		sh.warn("%s", text)
	}
	return 2
}

// run follows POSIX for up to four arguments, and precedence beyond.
func (t *tester) run() bool {
	switch n := len(t.args); {
	case n == 0:
		return false
	case n == 1:
		return t.args[0] != ""
	case n == 3 && t.isBinary(t.args[1]):
		return t.binary(t.args[0], t.args[1], t.args[2])
	case n == 3 && (t.args[1] == "-a" || t.args[1] == "-o"):
		a, b := t.args[0] != "", t.args[2] != ""
		return t.args[1] == "-a" && a && b || t.args[1] == "-o" && (a || b)
	case n == 2 && t.args[0] == "!":
		return t.args[1] == ""
	case n == 4 && t.args[0] == "!" && t.isBinary(t.args[2]):
		return !t.binary(t.args[1], t.args[2], t.args[3])
	case n == 3 && t.args[0] == "(" && t.args[2] == ")":
		return t.args[1] != ""
	}
	if t.sh.d == Bash {
		switch n := len(t.args); {
		case n == 2:
			if isUnary(t.args[0]) {
				return t.unary(t.args[0], t.args[1])
			}
			t.err = t.args[0] + ": unary operator expected"
			return false
		case n == 3 && t.args[0] != "!" && t.args[0] != "(":
			t.err = t.args[1] + ": binary operator expected"
			return false
		}
	}
	ok := t.or()
	if t.err == "" && t.pos < len(t.args) {
		t.unexpected()
	}
	return ok
}

func (t *tester) unexpected() {
	if t.err != "" {
		return
	}
	at := func(i int) string {
		if i >= 0 && i < len(t.args) {
			return t.args[i]
		}
		return ""
	}
	switch t.sh.d {
	case Bash:
		t.err = "too many arguments"
	case Ash:
		t.err = at(t.pos) + ": unknown operand"
	default:
		t.err = at(t.pos-1) + ": unexpected operator"
	}
}

func (t *tester) peek() (string, bool) {
	if t.pos < len(t.args) {
		return t.args[t.pos], true
	}
	return "", false
}

func (t *tester) or() bool {
	ok := t.and()
	for s, more := t.peek(); more && s == "-o" && t.err == ""; s, more = t.peek() {
		t.pos++
		right := t.and()
		ok = ok || right
	}
	return ok
}

func (t *tester) and() bool {
	ok := t.not()
	for s, more := t.peek(); more && s == "-a" && t.err == ""; s, more = t.peek() {
		t.pos++
		right := t.not()
		ok = ok && right
	}
	return ok
}

func (t *tester) not() bool {
	negate := false
	for {
		s, more := t.peek()
		if !more || s != "!" || t.pos+1 < len(t.args) && t.isBinary(t.args[t.pos+1]) && t.pos+2 < len(t.args) {
			break
		}
		t.pos++
		negate = !negate
	}
	return t.primary() != negate
}

func (t *tester) primary() bool {
	s, ok := t.peek()
	if !ok {
		if t.err == "" {
			t.err = "argument expected"
			if t.sh.d == Dash && len(t.args) > 0 {
				t.err = t.args[len(t.args)-1] + ": argument expected"
			}
		}
		return false
	}
	if t.pos+2 < len(t.args) && t.isBinary(t.args[t.pos+1]) {
		a, op, b := s, t.args[t.pos+1], t.args[t.pos+2]
		t.pos += 3
		return t.binary(a, op, b)
	}
	if s == "(" {
		t.pos++
		v := t.or()
		if end, ok := t.peek(); !ok || end != ")" {
			if t.err == "" {
				t.err = map[Dialect]string{Dash: "closing paren expected", Ash: "closing paren expected", Bash: "`)' expected"}[t.sh.d]
			}
			return false
		}
		t.pos++
		return v
	}
	if isUnary(s) && t.pos+1 < len(t.args) {
		t.pos += 2
		return t.unary(s, t.args[t.pos-1])
	}
	t.pos++
	if next, ok := t.peek(); ok && t.isBinary(next) {
		t.err = next + ": argument expected"
		return false
	}
	return s != ""
}

func isUnary(s string) bool {
	return len(s) == 2 && s[0] == '-' && strings.IndexByte("bcdefghknprstuvwxzGLNOSR", s[1]) >= 0
}

func (t *tester) isBinary(s string) bool {
	switch s {
	case "=", "!=", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef", "<", ">":
		return true
	case "==":
		return t.sh.d != Dash
	case "=~":
		return t.extra
	}
	return false
}

func (t *tester) number(s string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	if err != nil && t.err == "" {
		t.err = map[Dialect]string{Dash: "Illegal number: " + s, Ash: s + ": bad number", Bash: s + ": integer expression expected"}[t.sh.d]
	}
	return n
}

func (t *tester) binary(a, op, b string) bool {
	switch op {
	case "=", "==":
		if t.extra {
			return t.sh.matches(b, a)
		}
		return a == b
	case "!=":
		if t.extra {
			return !t.sh.matches(b, a)
		}
		return a != b
	case "<":
		return a < b
	case ">":
		return a > b
	case "=~":
		re, err := regexp.Compile(b)
		if err != nil {
			t.err = b + ": bad regex"
			return false
		}
		return re.MatchString(a)
	}
	if ok, known := t.sh.compareFiles(a, op, b); known {
		return ok
	}
	return compareNumbers(t.number(a), op, t.number(b))
}

func compareNumbers(x int64, op string, y int64) bool {
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
	case "-ge":
		return x >= y
	}
	return false
}

// compareFiles is -nt, -ot and -ef.
func (sh *shell) compareFiles(a, op, b string) (ok, known bool) {
	if op != "-nt" && op != "-ot" && op != "-ef" {
		return false, false
	}
	x, xerr := sh.fs.Stat(a)
	y, yerr := sh.fs.Stat(b)
	switch op {
	case "-ef":
		if xerr != nil || yerr != nil {
			return false, true
		}
		p, _ := sh.fs.Real(a)
		q, _ := sh.fs.Real(b)
		return p == q || x.Inode != 0 && x.Inode == y.Inode, true
	case "-ot":
		x, xerr, y, yerr = y, yerr, x, xerr
	}
	if sh.d == Bash && xerr == nil && yerr != nil {
		return true, true
	}
	return xerr == nil && yerr == nil && x.ModTime > y.ModTime, true
}

func (t *tester) unary(op, arg string) bool {
	if op == "-t" {
		t.number(arg)
		return false
	}
	return t.sh.testUnary(op, arg)
}

// testUnary is a test of one file, string or name.
func (sh *shell) testUnary(op, arg string) bool {
	switch op {
	case "-n":
		return arg != ""
	case "-z":
		return arg == ""
	case "-t":
		return false
	case "-o":
		for _, o := range dialectOptions[sh.d] {
			if o.name == arg {
				return sh.opts.isOn(o)
			}
		}
		return false
	case "-v":
		if base, key, ok := strings.Cut(arg, "["); ok {
			_, set := sh.elementByText(base, strings.TrimSuffix(key, "]"))
			return set
		}
		_, ok := sh.lookup(arg)
		return ok
	case "-R":
		v := sh.vars[arg]
		return v != nil && v.kind == reference
	case "-h", "-L":
		n, err := sh.fs.Lstat(arg)
		return err == nil && n.Type == tree.Symlink
	case "-r":
		return sh.fs.Access(arg, 4) == nil
	case "-w":
		return sh.fs.Access(arg, 2) == nil
	case "-x":
		return sh.fs.Access(arg, 1) == nil
	}
	n, err := sh.fs.Stat(arg)
	if err != nil {
		return sh.device(arg) != nil && op == "-e"
	}
	switch op {
	case "-e", "-a":
		return true
	case "-f":
		return n.Type == tree.File
	case "-d":
		return n.Type == tree.Dir
	case "-s":
		return n.Type == tree.Dir || n.Size() > 0
	case "-p":
		return n.Type == tree.Fifo
	case "-c":
		return n.Type == tree.CharDevice
	case "-b":
		return n.Type == tree.BlockDevice
	case "-S":
		return n.Type == tree.Socket
	case "-u":
		return n.Mode&0o4000 != 0
	case "-g":
		return n.Mode&0o2000 != 0
	case "-k":
		return n.Mode&0o1000 != 0
	case "-O":
		return n.UID == sh.fs.Cred.UID
	case "-G":
		return n.GID == sh.fs.Cred.GID
	}
	return false
}
