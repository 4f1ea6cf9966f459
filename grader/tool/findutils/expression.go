package findutils

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"drydock/grader/tool/regex"
	"drydock/grader/tool/unix"
	"drydock/grader/tree"
)

// expression is find's expression being read.
type expression struct {
	*finder
	args    []string
	action  bool // there is one, so that nothing is printed by default
	regexes regex.Syntax
}

func (e *expression) parse() (predicate, error) {
	e.regexes = regex.Basic
	if len(e.args) == 0 {
		return e.print("\n", e.Out), nil
	}
	p, err := e.comma()
	if err != nil {
		return nil, err
	}
	if len(e.args) > 0 {
		if e.args[0] == ")" {
			return nil, fmt.Errorf("you have too many ')'")
		}
		return nil, fmt.Errorf("paths must precede expression: `%s'", e.args[0])
	}
	if e.action {
		return p, nil
	}
	show := e.print("\n", e.Out)
	return func(v visit) bool { return p(v) && show(v) }, nil
}

func (e *expression) peek() string {
	if len(e.args) == 0 {
		return ""
	}
	return e.args[0]
}

func (e *expression) comma() (predicate, error) {
	a, err := e.or()
	for err == nil && e.peek() == "," {
		e.args = e.args[1:]
		var b predicate
		b, err = e.or()
		first := a
		a = func(v visit) bool { first(v); return b(v) }
	}
	return a, err
}

func (e *expression) or() (predicate, error) {
	a, err := e.and()
	for err == nil && (e.peek() == "-o" || e.peek() == "-or") {
		e.args = e.args[1:]
		var b predicate
		b, err = e.and()
		first := a
		a = func(v visit) bool { return first(v) || b(v) }
	}
	return a, err
}

func (e *expression) and() (predicate, error) {
	a, err := e.not()
	for err == nil && len(e.args) > 0 {
		switch e.args[0] {
		case "-o", "-or", ",", ")":
			return a, nil
		case "-a", "-and":
			e.args = e.args[1:]
		}
		var b predicate
		b, err = e.not()
		first := a
		a = func(v visit) bool { return first(v) && b(v) }
	}
	return a, err
}

func (e *expression) not() (predicate, error) {
	if len(e.args) == 0 {
		return nil, fmt.Errorf("expected an expression at the end")
	}
	switch word := e.args[0]; word {
	case "!", "-not":
		e.args = e.args[1:]
		if len(e.args) == 0 {
			return nil, fmt.Errorf("expected an expression after `%s'", word)
		}
		p, err := e.not()
		if err != nil {
			return nil, err
		}
		return func(v visit) bool { return !p(v) }, nil
	case "(":
		e.args = e.args[1:]
		if e.peek() == ")" {
			return nil, fmt.Errorf("invalid expression; empty parentheses are not allowed.")
		}
		p, err := e.comma()
		if err != nil {
			return nil, err
		}
		if e.peek() != ")" {
			return nil, fmt.Errorf("invalid expression; I was expecting to find a ')' somewhere but did not see one.")
		}
		e.args = e.args[1:]
		return p, nil
	case "-o", "-or", "-a", "-and", ",":
		return nil, fmt.Errorf("invalid expression; you have used a binary operator '%s' with nothing before it.", word)
	case ")":
		return nil, fmt.Errorf("invalid expression; you have too many ')'")
	}
	return e.primary()
}

// argument takes the argument of a primary.
func (e *expression) argument(name string) (string, error) {
	if len(e.args) == 0 {
		if e.Busybox {
			return "", fmt.Errorf("%s requires an argument", name)
		}
		return "", fmt.Errorf("missing argument to `%s'", name)
	}
	a := e.args[0]
	e.args = e.args[1:]
	return a, nil
}

func always(visit) bool { return true }

func (e *expression) primary() (predicate, error) {
	name := e.args[0]
	e.args = e.args[1:]
	if !strings.HasPrefix(name, "-") {
		return nil, fmt.Errorf("paths must precede expression: `%s'", name)
	}
	name = "-" + strings.TrimPrefix(strings.TrimPrefix(name, "-"), "-")
	if p, ok := e.plain(name); ok {
		return p, nil
	}
	if strings.HasPrefix(name, "-exec") || strings.HasPrefix(name, "-ok") {
		return e.exec(name)
	}
	takes := " -name -iname -path -ipath -wholename -iwholename -regex -iregex -regextype -type -xtype -size -perm -user -group -uid -gid " +
		"-maxdepth -mindepth -newer -anewer -cnewer -newermt -newerct -newermm -mtime -atime -ctime -mmin -amin -cmin -links -inum -samefile " +
		"-lname -ilname -printf -fprint -fprint0 -fprintf -fstype -used -files0-from "
	if !strings.Contains(takes, " "+name+" ") {
		if e.Busybox {
			return nil, fmt.Errorf("unrecognized: %s", name)
		}
		return nil, fmt.Errorf("unknown predicate `%s'", name)
	}
	arg, err := e.argument(name)
	if err != nil {
		return nil, err
	}
	return e.test(name, arg)
}

// plain are the primaries without an argument.
func (e *expression) plain(name string) (predicate, bool) {
	switch name {
	case "-true", "-noleaf", "-ignore_readdir_race", "-noignore_readdir_race", "-nowarn", "-warn", "-daystart":
		return always, true
	case "-follow":
		e.follow = true
		return always, true
	case "-mount", "-xdev":
		e.xdev = true
		return always, true
	case "-depth", "-d":
		e.depth = true
		return always, true
	case "-false":
		return func(visit) bool { return false }, true
	case "-print":
		e.action = true
		return e.print("\n", e.Out), true
	case "-print0":
		e.action = true
		return e.print("\x00", e.Out), true
	case "-ls":
		e.action = true
		return func(v visit) bool { e.list(v); return true }, true
	case "-prune":
		return func(visit) bool { e.finder.prune = true; return true }, true
	case "-quit":
		e.action = true
		return func(visit) bool { e.finder.quit = true; return false }, true
	case "-delete":
		e.action, e.depth = true, true
		return e.remove, true
	case "-empty":
		return func(v visit) bool {
			return v.node.Type == tree.File && v.node.Size() == 0 || v.node.IsDir() && v.node.Len() == 0
		}, true
	case "-readable":
		return func(v visit) bool { return e.FS.Access(v.path, 4) == nil }, true
	case "-writable":
		return func(v visit) bool { return e.FS.Access(v.path, 2) == nil }, true
	case "-executable":
		return func(v visit) bool { return e.FS.Access(v.path, 1) == nil }, true
	case "-nouser":
		return func(v visit) bool { return e.accounts.UID(v.node.UID) == nil }, true
	case "-nogroup":
		return func(v visit) bool { return e.accounts.GID(v.node.GID) == nil }, true
	}
	return nil, false
}

func (e *expression) print(end string, w io.Writer) predicate {
	return func(v visit) bool {
		io.WriteString(w, v.path+end)
		return true
	}
}

// quantity is a number with a sign: +N more, -N less, N exactly.
func quantity(s string) (n int64, cmp func(int64) bool, ok bool) {
	sign := byte(0)
	if s != "" && (s[0] == '+' || s[0] == '-') {
		sign, s = s[0], s[1:]
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, func(v int64) bool {
		switch sign {
		case '+':
			return v > n
		case '-':
			return v < n
		}
		return v == n
	}, err == nil
}

func (e *expression) test(name, arg string) (predicate, error) {
	invalid := fmt.Errorf("invalid argument `%s' to `%s'", arg, name)
	switch name {
	case "-name", "-iname":
		return func(v visit) bool { return glob(arg, v.base(), name == "-iname") }, nil
	case "-path", "-wholename", "-ipath", "-iwholename":
		return func(v visit) bool { return glob(arg, v.path, name[1] == 'i') }, nil
	case "-lname", "-ilname":
		return func(v visit) bool { return v.node.Type == tree.Symlink && glob(arg, v.node.Target, name == "-ilname") }, nil
	case "-regextype":
		if strings.Contains(arg, "extended") || strings.Contains(arg, "egrep") || strings.Contains(arg, "awk") {
			e.regexes = regex.Extended
		}
		return always, nil
	case "-regex", "-iregex":
		pattern := arg
		if e.regexes == regex.Basic { // Emacs expressions: + and ? are operators
			pattern = emacs(arg)
		}
		re, err := regex.Compile(pattern, e.regexes, regex.Options{Fold: name == "-iregex", Line: true})
		if err != nil {
			return nil, fmt.Errorf("failed to compile regular expression '%s': %s", arg, err)
		}
		return func(v visit) bool { return re.Match([]byte(v.path)) }, nil
	case "-type", "-xtype":
		for _, t := range strings.Split(arg, ",") {
			if len(t) != 1 || !strings.Contains("bcdpflsD", t) {
				if e.Busybox {
					return nil, fmt.Errorf("invalid argument '%s' to '-type'", arg)
				}
				return nil, fmt.Errorf("Unknown argument to %s: %s", name, arg)
			}
		}
		return func(v visit) bool {
			n := v.node
			if name == "-xtype" && n.Type == tree.Symlink {
				if t, err := e.FS.Stat(v.path); err == nil {
					n = t
				}
			}
			return strings.Contains(","+arg+",", ","+letter(n)+",")
		}, nil
	case "-maxdepth", "-mindepth":
		n, err := strconv.Atoi(arg)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("Expected a positive decimal integer argument to %s, but got '%s'", name, arg)
		}
		if name == "-maxdepth" {
			e.max = n
		} else {
			e.min = n
		}
		return always, nil
	case "-size":
		return e.size(arg)
	case "-perm":
		return e.perm(arg)
	case "-user", "-uid":
		if _, cmp, ok := quantity(arg); ok && (name == "-uid" || e.accounts.User(arg) == nil) {
			return func(v visit) bool { return cmp(int64(v.node.UID)) }, nil
		}
		u := e.accounts.User(arg)
		if u == nil || name == "-uid" {
			if e.Busybox {
				return nil, fmt.Errorf("unknown user %s", arg)
			}
			return nil, fmt.Errorf("%s is not the name of a known user", e.Quote(arg))
		}
		uid := u.UID
		return func(v visit) bool { return v.node.UID == uid }, nil
	case "-group", "-gid":
		if _, cmp, ok := quantity(arg); ok && (name == "-gid" || e.accounts.Group(arg) == nil) {
			return func(v visit) bool { return cmp(int64(v.node.GID)) }, nil
		}
		g := e.accounts.Group(arg)
		if g == nil || name == "-gid" {
			if e.Busybox {
				return nil, fmt.Errorf("unknown group %s", arg)
			}
			return nil, fmt.Errorf("%s is not the name of an existing group", e.Quote(arg))
		}
		gid := g.GID
		return func(v visit) bool { return v.node.GID == gid }, nil
	case "-newer", "-anewer", "-cnewer", "-newermm":
		n, err := e.FS.Stat(arg)
		if err != nil {
			return nil, fmt.Errorf("%s: %s", e.Quote(arg), unix.Message(err))
		}
		t := n.ModTime
		return func(v visit) bool { return v.node.ModTime > t }, nil
	case "-newermt", "-newerct":
		t, ok := unix.ParseDate(arg, unix.Time(e.now))
		if !ok {
			return nil, fmt.Errorf("I cannot figure out how to interpret '%s' as a date or time", arg)
		}
		return func(v visit) bool { return v.node.ModTime > t.UnixNano() }, nil
	case "-mtime", "-atime", "-ctime", "-mmin", "-amin", "-cmin":
		unit := int64(86400e9)
		if strings.HasSuffix(name, "min") {
			unit = 60e9
		}
		_, cmp, ok := quantity(arg)
		if !ok {
			return nil, invalid
		}
		return func(v visit) bool { return cmp((e.now - v.node.ModTime) / unit) }, nil
	case "-links", "-inum", "-used":
		_, cmp, ok := quantity(arg)
		if !ok {
			return nil, invalid
		}
		return func(visit) bool { return cmp(1) }, nil
	case "-samefile":
		real, err := e.FS.Real(arg)
		if err != nil {
			return nil, fmt.Errorf("%s: %s", e.Quote(arg), unix.Message(err))
		}
		return func(v visit) bool { p, err := e.FS.Real(v.path); return err == nil && p == real }, nil
	case "-printf":
		e.action = true
		return func(v visit) bool { e.Print(e.printf(arg, v)); return true }, nil
	case "-fprint", "-fprint0", "-fprintf":
		return e.toFile(name, arg)
	}
	return always, nil
}

// emacs turns an Emacs expression, find's default, into a basic one.
func emacs(s string) string {
	var b strings.Builder
	bracket := false
	for i := 0; i < len(s); i++ {
		switch ch := s[i]; {
		case bracket:
			bracket = ch != ']'
			b.WriteByte(ch)
		case ch == '[':
			bracket = true
			b.WriteByte(ch)
		case ch == '\\' && i+1 < len(s):
			i++
			if s[i] == '+' || s[i] == '?' {
				b.WriteByte(s[i])
			} else {
				b.WriteString(s[i-1 : i+1])
			}
		case ch == '+' || ch == '?':
			b.WriteString(`\` + string(ch))
		default:
			b.WriteByte(ch)
		}
	}
	return b.String()
}

func (e *expression) size(arg string) (predicate, error) {
	units := map[byte]int64{'b': 512, 'c': 1, 'w': 2, 'k': 1 << 10, 'M': 1 << 20, 'G': 1 << 30}
	unit, text := int64(512), arg
	if n := len(arg); n > 0 && units[arg[n-1]] != 0 {
		unit, text = units[arg[n-1]], arg[:n-1]
	}
	_, cmp, ok := quantity(text)
	if !ok && text == arg && arg != "" && (arg[len(arg)-1] < '0' || arg[len(arg)-1] > '9') {
		return nil, fmt.Errorf("invalid -size type `%c'", arg[len(arg)-1])
	}
	if !ok {
		return nil, fmt.Errorf("invalid argument `%s' to `-size'", arg)
	}
	return func(v visit) bool { return cmp((unix.DiskSize(v.node) + unit - 1) / unit) }, nil
}

func (e *expression) perm(arg string) (predicate, error) {
	kind := byte(0)
	text := arg
	if arg != "" && (arg[0] == '-' || arg[0] == '/') {
		kind, text = arg[0], arg[1:]
	}
	m, ok := unix.ParseMode(text)
	if !ok {
		return nil, fmt.Errorf("invalid mode '%s'", arg)
	}
	want := m.Apply(0, false, 0)
	return func(v visit) bool {
		switch kind {
		case '-':
			return v.node.Mode&want == want
		case '/':
			return want == 0 || v.node.Mode&want != 0
		}
		return v.node.Mode == want
	}, nil
}

func (e *expression) toFile(name, file string) (predicate, error) {
	format := "%p\n"
	if name == "-fprint0" {
		format = `%p\0`
	}
	if name == "-fprintf" {
		var err error
		if format, err = e.argument(name); err != nil {
			return nil, err
		}
	}
	e.action = true
	if err := e.FS.WriteFile(file, nil, 0o666); err != nil {
		return nil, fmt.Errorf("'%s': %s", file, unix.Message(err))
	}
	return func(v visit) bool {
		var err error
		if file == "/dev/stderr" {
			_, err = io.WriteString(e.Stderr, e.printf(format, v))
		} else {
			err = e.FS.Append(file, []byte(e.printf(format, v)), 0o666)
		}
		return err == nil
	}, nil
}

// exec reads a command up to ; or {} +.
func (e *expression) exec(name string) (predicate, error) {
	e.action = true
	var command []string
	for {
		if len(e.args) == 0 {
			if e.Busybox {
				return nil, fmt.Errorf("%s requires an argument", name)
			}
			return nil, fmt.Errorf("missing argument to `%s'", name)
		}
		a := e.args[0]
		e.args = e.args[1:]
		n := len(command)
		if a == "+" && n > 0 && command[n-1] == "{}" {
			col := &collector{finder: e.finder, command: command[:n-1]}
			e.once = append(e.once, col)
			return func(v visit) bool {
				if name == "-execdir" {
					return e.execute(dirOf(v), append(append([]string(nil), col.command...), "./"+v.base())) || true
				}
				col.add(v.path)
				return true
			}, nil
		}
		if a == ";" {
			break
		}
		command = append(command, a)
	}
	if len(command) == 0 {
		return nil, fmt.Errorf("invalid argument `;' to `%s'", name)
	}
	if strings.HasPrefix(name, "-ok") { // nobody answers the question
		return func(visit) bool { return false }, nil
	}
	return func(v visit) bool {
		dir, shown := "", v.path
		if name == "-execdir" {
			dir, shown = dirOf(v), "./"+v.base()
		}
		args := make([]string, len(command))
		for i, a := range command {
			args[i] = strings.ReplaceAll(a, "{}", shown)
		}
		return e.execute(dir, args)
	}, nil
}

func dirOf(v visit) string {
	if i := strings.LastIndexByte(strings.TrimRight(v.path, "/"), '/'); i >= 0 {
		return v.path[:i+1]
	}
	return "."
}
