package findutils

import (
	"fmt"
	"math"
	"path"
	"strconv"
	"strings"

	"drydock/grader/tool/unix"
	"drydock/grader/tree"
)

// finder is find at work.
type finder struct {
	*unix.Cmd
	accounts *unix.Accounts
	root     predicate
	follow   bool // -L
	args     bool // -H
	max, min int
	depth    bool // folders after what they hold
	now      int64
	once     []*collector // of -exec … +
	prune    bool
	quit     bool
	xdev     bool
}

// visit is the file that find is looking at.
type visit struct {
	path  string // as shown
	start string // the starting point it was found below
	depth int
	node  *tree.Node
}

func (v visit) base() string {
	p := strings.TrimRight(v.path, "/")
	if p == "" {
		return "/"
	}
	return p[strings.LastIndexByte(p, '/')+1:]
}

// predicate is a test or an action.
type predicate func(v visit) bool

func find(c *unix.Cmd) int {
	f := &finder{Cmd: c, max: math.MaxInt, now: c.FS.Now(), accounts: unix.ReadAccounts(c.FS)}
	args := c.Operands
	for len(args) > 0 {
		switch a := args[0]; {
		case a == "-L":
			f.follow = true
		case a == "-H":
			f.args = true
		case a == "-P":
			f.follow, f.args = false, false
		case strings.HasPrefix(a, "-O"), a == "-D":
			if a == "-D" && len(args) > 1 {
				args = args[1:]
			}
		default:
			goto paths
		}
		args = args[1:]
	}
paths:
	var starts []string
	for len(args) > 0 && !strings.HasPrefix(args[0], "-") && args[0] != "(" && args[0] != "!" && args[0] != "," && args[0] != ")" {
		starts = append(starts, args[0])
		args = args[1:]
	}
	if len(args) == 1 && args[0] == "--help" {
		c.Printf("Usage: %s [-H] [-L] [-P] [-Olevel] [-D debugopts] [path...] [expression]\n", c.Prog())
		return 0
	}
	if len(args) == 1 && args[0] == "--version" {
		c.Printf("find (GNU findutils) %s\n", c.Program.Fact("version"))
		return 0
	}
	if len(starts) == 0 {
		starts = []string{"."}
	}
	p := &expression{finder: f, args: args}
	root, err := p.parse()
	if err != nil {
		return c.Die(1, "%s", err)
	}
	f.root = root
	for _, s := range starts {
		n, err := c.FS.Lstat(s)
		if err == nil && (f.follow || f.args) && n.Type == tree.Symlink {
			if t, err := c.FS.Stat(s); err == nil {
				n = t
			}
		}
		if err != nil {
			f.complain(s, err)
			continue
		}
		f.walk(visit{s, s, 0, n})
		if f.quit || c.Stopped() {
			break
		}
	}
	for _, col := range f.once {
		col.flush()
	}
	return c.Status
}

func (f *finder) complain(p string, err error) {
	if f.Busybox {
		f.Warn("%s: %s", p, unix.Message(err))
		return
	}
	f.Warn("%s: %s", f.Quote(p), unix.Message(err))
}

func (f *finder) walk(v visit) {
	if f.quit || f.Stopped() {
		return
	}
	f.prune = false
	if !f.depth && v.depth >= f.min {
		f.root(v)
	}
	if v.node.IsDir() && v.depth < f.max && !f.prune && !f.quit {
		names, err := f.FS.ReadDir(v.path)
		if err != nil {
			f.complain(v.path, err)
		}
		for _, name := range names {
			p := strings.TrimSuffix(v.path, "/") + "/" + name
			n, err := f.FS.Lstat(p)
			if err == nil && f.follow && n.Type == tree.Symlink {
				if t, err := f.FS.Stat(p); err == nil && v.depth < 64 {
					n = t
				}
			}
			if err != nil {
				f.complain(p, err)
				continue
			}
			if f.xdev && f.FS.MountAt(p) != f.FS.MountAt(v.start) {
				continue
			}
			f.walk(visit{p, v.start, v.depth + 1, n})
			if f.quit {
				return
			}
		}
	}
	if f.depth && v.depth >= f.min {
		f.root(v)
	}
}

// collector gathers the arguments of -exec … +.
type collector struct {
	*finder
	command []string
	args    []string
	size    int
	dir     string // of -execdir
}

const maxCommandLine = 128 << 10

func (c *collector) add(p string) {
	if c.size+len(p) > maxCommandLine {
		c.flush()
	}
	c.args = append(c.args, p)
	c.size += len(p) + 1
}

func (c *collector) flush() {
	if len(c.args) == 0 {
		return
	}
	args := append(append([]string(nil), c.command...), c.args...)
	c.args, c.size = nil, 0
	if !c.execute("", args) {
		c.Status = max(c.Status, 1)
	}
}

// execute runs a command, in another folder unless dir is "".
func (f *finder) execute(dir string, args []string) bool {
	c := *f.Cmd
	if dir != "" {
		inner := *f.Call
		real, err := f.FS.Real(dir)
		if err != nil {
			return false
		}
		inner.FS = f.FS.In(real)
		c.Call = &inner
	}
	status, err := c.Start(f.Stdin, args...)
	if err != nil {
		f.Say("%s: %s", f.Pick(f.Quote(args[0]), args[0]), unix.Message(err))
		return false
	}
	return status == 0
}

// remove is -delete.
func (f *finder) remove(v visit) bool {
	if v.path == "." {
		return true
	}
	if err := f.FS.Remove(v.path); err != nil {
		f.Warn(f.Pick("cannot delete %s: %s", "%s: %s"), f.Pick(f.Quote(v.path), v.path), unix.Message(err))
		return false
	}
	return true
}

// list is -ls.
func (f *finder) list(v visit) {
	n := v.node
	when := unix.Strftime("%b %e %H:%M", unix.Time(n.ModTime))
	if n.ModTime > f.now || f.now-n.ModTime > 182*86400e9 {
		when = unix.Strftime("%b %e  %Y", unix.Time(n.ModTime))
	}
	name := v.path
	if n.Type == tree.Symlink {
		name += " -> " + n.Target
	}
	links := 1
	if n.IsDir() {
		links = 2
	}
	f.Printf("%9d %6d %s %3d %-8s %-8s %8d %s %s\n", 1, unix.Blocks(n)/2, unix.FileMode(n), links, f.accounts.UserName(n.UID),
		f.accounts.GroupName(n.GID), unix.DiskSize(n), when, name)
}

// printf expands the format of -printf.
func (f *finder) printf(format string, v visit) string {
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if i+1 == len(format) || format[i] != '%' && format[i] != '\\' {
			b.WriteByte(format[i])
			continue
		}
		if format[i] == '\\' {
			i++
			if at := strings.IndexByte("abfnrtv0\\", format[i]); at >= 0 {
				b.WriteByte("\a\b\f\n\r\t\v\x00\\"[at])
			} else {
				b.WriteString(format[i-1 : i+1])
			}
			continue
		}
		j := i + 1
		for j < len(format)-1 && strings.IndexByte("-+ #0123456789.", format[j]) >= 0 && j-i < 5 {
			j++
		}
		flags := format[i+1 : j]
		value := f.directive(format[j], v)
		if strings.IndexByte("ATC", format[j]) >= 0 && j+1 < len(format) {
			j++
			value = f.time(format[j], v.node.ModTime)
		}
		if strings.Trim(flags, "-0123456789") != "" {
			flags = ""
		}
		if strings.Trim(flags, "-") == "" {
			flags = ""
		}
		fmt.Fprintf(&b, "%"+strings.TrimLeft(flags, "0")+"s", value)
		i = j
	}
	return b.String()
}

func (f *finder) time(verb byte, ns int64) string {
	t := unix.Time(ns)
	switch verb {
	case '@':
		return fmt.Sprintf("%d.%09d0", ns/1e9, ns%1e9)
	case '+':
		return unix.Strftime("%Y-%m-%d+%H:%M:%S.%N0", t)
	case 'S':
		return unix.Strftime("%S.%N0", t)
	case 'T', 'X':
		return unix.Strftime("%H:%M:%S.%N0", t)
	}
	return unix.Strftime("%"+string(verb), t)
}

func (f *finder) directive(verb byte, v visit) string {
	n := v.node
	switch verb {
	case '%':
		return "%"
	case 'p':
		return v.path
	case 'f':
		return v.base()
	case 'h':
		if i := strings.LastIndexByte(v.path, '/'); i >= 0 {
			return v.path[:i]
		}
		return "."
	case 'P':
		return strings.TrimPrefix(strings.TrimPrefix(v.path, v.start), "/")
	case 'H':
		return v.start
	case 'd':
		return strconv.Itoa(v.depth)
	case 's':
		return strconv.FormatInt(unix.DiskSize(n), 10)
	case 'k':
		return strconv.FormatInt(unix.Blocks(n)/2, 10)
	case 'b':
		return strconv.FormatInt(unix.Blocks(n), 10)
	case 'm':
		return strconv.FormatUint(uint64(n.Mode), 8)
	case 'M':
		return unix.FileMode(n)
	case 'u':
		return f.accounts.UserName(n.UID)
	case 'g':
		return f.accounts.GroupName(n.GID)
	case 'U':
		return strconv.Itoa(n.UID)
	case 'G':
		return strconv.Itoa(n.GID)
	case 'l':
		return n.Target
	case 'n', 'i', 'D':
		return "1"
	case 't', 'a', 'c':
		return unix.Strftime("%a %b %e %H:%M:%S.%N0 %Y", unix.Time(n.ModTime))
	case 'y':
		return letter(n)
	case 'Y':
		if n.Type == tree.Symlink {
			if t, err := f.FS.Stat(v.path); err == nil {
				return letter(t)
			}
			return "N"
		}
		return letter(n)
	}
	return ""
}

func letter(n *tree.Node) string {
	return map[tree.Type]string{tree.File: "f", tree.Dir: "d", tree.Symlink: "l", tree.Fifo: "p", tree.CharDevice: "c",
		tree.BlockDevice: "b", tree.Socket: "s"}[n.Type]
}

// glob matches as fnmatch(3) does without flags: slashes and leading dots are ordinary.
func glob(pattern, name string, fold bool) bool {
	if fold {
		pattern, name = strings.ToLower(pattern), strings.ToLower(name)
	}
	// path.Match keeps slashes apart; another character in their place does not
	pattern = strings.ReplaceAll(strings.ReplaceAll(pattern, "/", "\x01"), "[!", "[^")
	ok, err := path.Match(pattern, strings.ReplaceAll(name, "/", "\x01"))
	return err == nil && ok
}
