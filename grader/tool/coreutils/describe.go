package coreutils

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"drydock/grader/tool/getopt"
	"drydock/grader/tool/unix"
	"drydock/grader/tree"
)

var describing = []unix.Command{
	{Name: "stat", Args: "[OPTION]... FILE...", Run: stat, Spec: getopt.Spec{Short: "c:fLt",
		Long: "format/c printf: file-system/f dereference/L terse/t cached:"}},
	{Name: "du", Args: "[OPTION]... [FILE]...", Run: du, Spec: getopt.Spec{Short: "0abB:cd:DHhklLmPsSt:X:x",
		Long: "all/a apparent-size block-size/B bytes/b total/c dereference-args/D max-depth/d human-readable/h inodes count-links/l dereference/L " +
			"separate-dirs/S si summarize/s threshold/t time? time-style: exclude: exclude-from/X one-file-system/x null/0"}},
	{Name: "df", Args: "[OPTION]... [FILE]...", Run: df, Spec: getopt.Spec{Short: "aB:hHiklPTt:vx:",
		Long: "all/a block-size/B human-readable/h si/H inodes/i local/l output? portability/P print-type/T type/t total exclude-type/x sync no-sync"}},
}

func stat(c *unix.Cmd) int {
	if len(c.Operands) == 0 {
		return c.Usage("missing operand")
	}
	format, newline := "", "\n"
	if f, ok := c.Lookup("c"); ok {
		format = f
	} else if f, ok := c.Lookup("printf"); ok {
		format, _ = unescape(f, false)
		newline = ""
	}
	accounts := unix.ReadAccounts(c.FS)
	for _, name := range c.Operands {
		n, err := c.FS.Lstat(name)
		if c.Has("L") && err == nil {
			n, err = c.FS.Stat(name)
		}
		if err != nil {
			c.Warn(c.Pick("cannot statx %s: %s", "can't stat %s: %s"), unix.QuoteName(name), unix.Message(err))
			continue
		}
		d := description{c, accounts, name, n}
		switch {
		case c.Has("f"):
			c.Unknown("Drydock does not model what stat -f says about a filesystem.")
		case format != "":
			c.Print(d.format(format) + newline)
		case c.Has("t"):
			c.Print(d.format("%n %s %b %f %u %g %D %i %h %t %T %X %Y %Z %W %o") + "\n")
		default:
			d.print()
		}
	}
	return c.Status
}

type description struct {
	*unix.Cmd
	accounts *unix.Accounts
	name     string
	node     *tree.Node
}

func (d description) print() {
	name := "%n"
	if d.node.Type == tree.Symlink {
		name = "%N"
		if d.node.Target != "" {
			name = d.name + " -> " + d.node.Target
		}
	}
	d.Print(d.format("  File: "+name+"\n  Size: %-10s\tBlocks: %-10b IO Block: %-6o %F\nDevice: 0,50\tInode: %-11i Links: %h\n") +
		d.format("Access: (%04a/%A)  Uid: (%5u/%8U)   Gid: (%5g/%8G)\nAccess: %x\nModify: %y\nChange: %z\n Birth: %w\n"))
}

// format expands the directives of stat -c.
func (d description) format(f string) string {
	var b strings.Builder
	for i := 0; i < len(f); i++ {
		if f[i] != '%' || i+1 == len(f) {
			b.WriteByte(f[i])
			continue
		}
		j := i + 1
		for j < len(f)-1 && strings.IndexByte("-+ #0123456789.", f[j]) >= 0 {
			j++
		}
		flags := f[i+1 : j]
		if _, err := strconv.Atoi(strings.Trim(flags, "-+ #0.")); err != nil && strings.Trim(flags, "-+ #0.") != "" || len(flags) > 4 {
			flags = ""
		}
		value, known := d.directive(f[j])
		switch {
		case !known:
			b.WriteString("?")
		default:
			zero := strings.HasPrefix(flags, "0")
			if n, err := strconv.ParseInt(value, 10, 64); zero && err == nil {
				fmt.Fprintf(&b, "%"+flags+"d", n)
			} else {
				fmt.Fprintf(&b, "%"+flags+"s", value)
			}
		}
		i = j
	}
	return b.String()
}

func (d description) directive(verb byte) (string, bool) {
	n := d.node
	seconds := strconv.FormatInt(n.ModTime/1e9, 10)
	when := unix.Strftime("%Y-%m-%d %H:%M:%S.%N %z", unix.Time(n.ModTime))
	switch verb {
	case '%':
		return "%", true
	case 'a':
		return strconv.FormatUint(uint64(n.Mode), 8), true
	case 'A':
		return unix.FileMode(n), true
	case 'b':
		return strconv.FormatInt(unix.Blocks(n), 10), true
	case 'B':
		return "512", true
	case 'd':
		return "50", true
	case 'D':
		return "32", true
	case 'f':
		return strconv.FormatUint(uint64(n.Mode|unix.TypeBits(n)), 16), true
	case 'F':
		return unix.TypeName(n), true
	case 'g':
		return strconv.Itoa(n.GID), true
	case 'G':
		return nameOr(d.accounts.GID(n.GID) != nil, d.accounts.GroupName(n.GID)), true
	case 'h':
		return strconv.Itoa(links(d.Cmd, d.name, n)), true
	case 'i':
		return strconv.FormatUint(inode(d.FS.Abs(d.name), n), 10), true
	case 'm':
		if m := d.FS.MountAt(d.name); m != nil {
			return m.At, true
		}
		return "/", true
	case 'n':
		return d.name, true
	case 'N':
		if n.Type == tree.Symlink {
			return unix.QuoteName(d.name) + " -> " + unix.QuoteName(n.Target), true
		}
		return unix.QuoteName(d.name), true
	case 'o':
		return "4096", true
	case 's':
		return strconv.FormatInt(unix.DiskSize(n), 10), true
	case 't', 'T', 'W':
		return "0", true
	case 'u':
		return strconv.Itoa(n.UID), true
	case 'U':
		return nameOr(d.accounts.UID(n.UID) != nil, d.accounts.UserName(n.UID)), true
	case 'w':
		return "-", true
	case 'x', 'y', 'z':
		return when, true
	case 'X', 'Y', 'Z':
		return seconds, true
	}
	return "", false
}

func nameOr(known bool, name string) string {
	if known {
		return name
	}
	return "UNKNOWN"
}

// usage is du at work.
type usage struct {
	*unix.Cmd
	depth int // how deep folders are listed; -1 for all
	unit  int64
	seen  map[uint64]bool
	total int64
}

func du(c *unix.Cmd) int {
	u := &usage{Cmd: c, depth: -1, unit: 1024, seen: map[uint64]bool{}}
	for _, o := range c.Options {
		switch o.Name {
		case "s":
			u.depth = 0
		case "d":
			n, err := strconv.Atoi(o.Value)
			if err != nil || n < 0 {
				return c.Usage("invalid maximum depth %s", c.Quote(o.Value))
			}
			u.depth = n
		case "b":
			u.unit = 1
		case "k":
			u.unit = 1024
		case "m":
			u.unit = 1 << 20
		case "B":
			n, ok := unix.ParseSize(o.Value)
			if !ok || n <= 0 {
				return c.Die(1, "invalid -B argument '%s'", o.Value)
			}
			u.unit = n
		}
	}
	names := c.Operands
	if len(names) == 0 {
		names = []string{"."}
	}
	for _, name := range names {
		n, err := c.FS.Lstat(name)
		if err == nil && n.Type == tree.Symlink && c.Has("L", "D", "H") {
			n, err = c.FS.Stat(name)
		}
		if err != nil {
			if c.Busybox {
				c.Warn("%s: %s", name, unix.Message(err))
			} else {
				c.Warn("cannot access %s: %s", unix.QuoteName(name), unix.Message(err))
			}
			continue
		}
		u.total += u.measure(name, n, 0)
	}
	if c.Has("c") {
		u.show(u.total, "total")
	}
	return c.Status
}

func (u *usage) show(n int64, name string) {
	size := strconv.FormatInt((n+u.unit-1)/u.unit, 10)
	if u.Last("h", "k", "m", "b", "B") == "h" {
		size = unix.Human(n, 1024)
	} else if u.Has("si") {
		size = unix.Human(n, 1000)
	}
	u.Print(size + "\t" + name + "\n")
}

func (u *usage) excluded(p string) bool {
	for _, pattern := range u.Values("exclude") {
		if match(pattern, path.Base(p)) || match(pattern, p) {
			return true
		}
	}
	return false
}

func (u *usage) measure(p string, n *tree.Node, depth int) int64 {
	if u.Stopped() || u.excluded(p) {
		return 0
	}
	if n.Inode != 0 && !u.Has("l") {
		if u.seen[n.Inode] {
			return 0
		}
		u.seen[n.Inode] = true
	}
	sum := unix.Blocks(n) * 512
	if u.Has("b", "apparent-size") {
		sum = unix.DiskSize(n)
	}
	if !n.IsDir() {
		if depth == 0 || u.Has("a") && (u.depth < 0 || depth <= u.depth) {
			u.show(sum, p)
		}
		return sum
	}
	names, err := u.FS.ReadDir(p)
	if err != nil {
		u.Warn(u.Pick("cannot read directory %s: %s", "can't open %s: %s"), unix.QuoteName(p), unix.Message(err))
	}
	own := sum
	for _, name := range names {
		child := under(p, name)
		m, err := u.FS.Lstat(child)
		if err != nil {
			continue
		}
		s := u.measure(child, m, depth+1)
		sum += s
		if !m.IsDir() {
			own += s
		}
	}
	if u.depth < 0 || depth <= u.depth {
		if u.Has("S") {
			u.show(own, p)
		} else {
			u.show(sum, p)
		}
	}
	return sum
}

// df shows one disk of made-up size, which all paths lie on.
func df(c *unix.Cmd) int {
	const size, used = 100 << 30, 40 << 30
	var rows [][]string
	number := func(n int64) string {
		if c.Has("h") {
			return unix.Human(n, 1024)
		}
		return strconv.FormatInt(n/1024, 10)
	}
	names := c.Operands
	if len(names) == 0 {
		names = []string{"/"}
	}
	for _, name := range names {
		if _, err := c.FS.Stat(name); err != nil {
			if c.Busybox {
				c.Warn("%s: can't find mount point", name)
			} else {
				c.Warn("%s: %s", c.Plain(name), unix.Message(err))
			}
			continue
		}
		at, source := "/", "overlay"
		if m := c.FS.MountAt(name); m != nil {
			at, source = m.At, m.Kind
		}
		row := []string{source}
		if c.Has("T") {
			row = append(row, source)
		}
		rows = append(rows, append(row, number(size), number(used), number(size-used), "40%", at))
	}
	if len(rows) == 0 {
		return c.Status
	}
	head := []string{"Filesystem"}
	if c.Has("T") {
		head = append(head, "Type")
	}
	unit := "1K-blocks"
	switch {
	case c.Has("h"):
		unit = "Size"
	case c.Has("P"):
		unit = "1024-blocks"
	}
	avail, use := "Available", "Use%"
	if c.Has("h") {
		avail = "Avail"
	}
	if c.Has("P") {
		use = "Capacity"
	}
	rows = append([][]string{append(head, unit, "Used", avail, use, "Mounted on")}, rows...)
	for _, row := range rows {
		for i, cell := range row[:len(row)-1] {
			width := 0
			for _, r := range rows {
				width = max(width, len(r[i]))
			}
			if i == 0 || c.Has("T") && i == 1 {
				c.Printf("%-*s ", max(width, 10*b2i(i == 0)), cell)
			} else {
				c.Printf("%*s ", width, cell)
			}
		}
		c.Print(row[len(row)-1] + "\n")
	}
	return c.Status
}
