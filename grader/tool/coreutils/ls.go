package coreutils

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"drydock/grader/tool/getopt"
	"drydock/grader/tool/unix"
	"drydock/grader/tree"
)

const lsShort = "aAbBcCdDfFgGhHiIkl1LmnNopqQrRsStuUvxXZw:T:I:"

const lsLong = "all/a almost-all/A author escape/b block-size: ignore-backups/B color? colour? directory/d dired/D classify?/F file-type format: " +
	"full-time group-directories-first no-group/G human-readable/h si dereference-command-line/H hide: hyperlink? indicator-style: inode/i " +
	"ignore/I kibibytes/k dereference/L numeric-uid-gid/n literal/N hide-control-chars/q show-control-chars quote-name/Q quoting-style: " +
	"reverse/r recursive/R size/s sort: time: time-style: tabsize/T width/w context/Z zero"

var listing = []unix.Command{
	{Name: "ls", Fail: 2, Args: "[OPTION]... [FILE]...", Spec: getopt.Spec{Short: lsShort, Long: lsLong}, Run: ls},
	{Name: "dir", Fail: 2, Args: "[OPTION]... [FILE]...", Spec: getopt.Spec{Short: lsShort, Long: lsLong}, Run: ls},
	{Name: "vdir", Fail: 2, Args: "[OPTION]... [FILE]...", Spec: getopt.Spec{Short: lsShort, Long: lsLong}, Run: ls},
}

// entry is a file to be listed.
type entry struct {
	name string // as shown
	path string
	node *tree.Node
}

type lister struct {
	*unix.Cmd
	accounts *unix.Accounts
	long     bool
	follow   bool
	first    bool
	headings bool
}

func ls(c *unix.Cmd) int {
	if c.Busybox {
		c.Status = 0
	}
	l := &lister{Cmd: c, accounts: unix.ReadAccounts(c.FS), follow: c.Has("L"), first: true}
	l.long = c.Has("full-time") || c.Has("g", "o") || slices.Contains([]string{"l", "n", "o", "g"}, c.Last("l", "n", "1", "C", "x", "m", "o", "g")) ||
		strings.HasPrefix("long", c.Value("format")) && c.Has("format") || c.Has("l", "n") && c.Last("l", "n", "C", "x", "m") == "l" || c.Has("n")
	if c.Args[0] == "vdir" {
		l.long = true
	}
	names := c.Operands
	if len(names) == 0 {
		names = []string{"."}
	}
	var files, dirs []entry
	for _, name := range names {
		n, err := c.FS.Lstat(name)
		if err == nil && n.Type == tree.Symlink && (l.follow || c.Has("H") || !l.long && !c.Has("d") && !c.Has("F")) {
			if t, terr := c.FS.Stat(name); terr == nil {
				n = t
			} else if l.follow {
				err = terr
			}
		}
		if err != nil {
			if c.Busybox {
				c.Warn("%s: %s", name, unix.Message(err))
			} else {
				c.Warn("cannot access %s: %s", unix.QuoteName(name), unix.Message(err))
				c.Status = 2
			}
			continue
		}
		if n.IsDir() && !c.Has("d") {
			dirs = append(dirs, entry{name, name, n})
		} else {
			files = append(files, entry{name, name, n})
		}
	}
	l.sort(files)
	l.sort(dirs)
	l.print(files, dirs...)
	l.headings = len(names) > 1 || c.Has("R")
	for _, d := range dirs {
		l.dir(d)
	}
	return c.Status
}

func (l *lister) dir(d entry) {
	if l.Stopped() {
		return
	}
	names, err := l.FS.ReadDir(d.path)
	if err != nil {
		if l.Busybox {
			l.Warn("can't open '%s': %s", d.path, unix.Message(err))
		} else {
			l.Warn("cannot open directory %s: %s", unix.QuoteName(d.path), unix.Message(err))
			l.Status = max(l.Status, 2)
		}
		return
	}
	if !l.first {
		l.Print("\n")
	}
	l.first = false
	if l.headings {
		l.Printf("%s:\n", d.name)
	}
	var list []entry
	if l.Has("a", "f") && l.Last("a", "A") != "A" {
		list = append(list, entry{".", d.path, d.node})
		if up, err := l.FS.Stat(d.path + "/.."); err == nil {
			list = append(list, entry{"..", d.path + "/..", up})
		}
	}
	for _, name := range names {
		if l.hidden(name) {
			continue
		}
		p := strings.TrimRight(d.path, "/") + "/" + name
		n, err := l.FS.Lstat(p)
		if err == nil && l.follow && n.Type == tree.Symlink {
			if t, err := l.FS.Stat(p); err == nil {
				n = t
			}
		}
		if err != nil {
			l.Warn("cannot access %s: %s", unix.QuoteName(p), unix.Message(err))
			continue
		}
		list = append(list, entry{name, p, n})
	}
	l.sort(list)
	if l.long || l.Has("s") {
		var blocks int64
		for _, e := range list {
			blocks += unix.Blocks(e.node)
		}
		if l.Has("h") {
			l.Printf("total %s\n", unix.Human(blocks*512, 1024))
		} else {
			l.Printf("total %d\n", blocks/2)
		}
	}
	l.print(list)
	if !l.Has("R") {
		return
	}
	for _, e := range list {
		if e.node.IsDir() && e.name != "." && e.name != ".." {
			l.dir(entry{e.path, e.path, e.node})
		}
	}
}

func (l *lister) hidden(name string) bool {
	if strings.HasPrefix(name, ".") && !l.Has("a", "A", "f") {
		return true
	}
	if l.Has("B") && strings.HasSuffix(name, "~") {
		return true
	}
	for _, pattern := range append(l.Values("I"), l.Values("hide")...) {
		if match(pattern, name) {
			return true
		}
	}
	return false
}

func (l *lister) sort(list []entry) {
	key := l.Last("t", "S", "U", "X", "v", "f", "sort")
	if key == "sort" {
		key = map[string]string{"time": "t", "size": "S", "none": "U", "extension": "X", "version": "v"}[l.Value("sort")]
	}
	if key == "U" || key == "f" {
		return
	}
	slices.SortStableFunc(list, func(a, b entry) int {
		d := 0
		switch key {
		case "t":
			d = compare(b.node.ModTime, a.node.ModTime)
		case "S":
			d = compare(unix.DiskSize(b.node), unix.DiskSize(a.node))
		case "X":
			d = strings.Compare(path.Ext(a.name), path.Ext(b.name))
		case "v":
			d = versionCompare(a.name, b.name)
		}
		if d == 0 {
			d = strings.Compare(a.name, b.name)
		}
		if l.Has("r") {
			d = -d
		}
		return d
	})
	if l.Has("group-directories-first") {
		slices.SortStableFunc(list, func(a, b entry) int { return compare(rank(a), rank(b)) })
	}
}

func rank(e entry) int64 {
	if e.node.IsDir() {
		return 0
	}
	return 1
}

func compare(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// print shows entries, the columns of long lines aligned; others count for their width, too.
func (l *lister) print(list []entry, others ...entry) {
	if len(list) > 0 {
		l.first = false
	}
	end := "\n"
	if l.Has("zero") {
		end = "\x00"
	}
	rows := make([][]cell, 0, len(list))
	for _, e := range append(list[:len(list):len(list)], others...) {
		var row []cell
		if l.Has("i") {
			row = append(row, cell{text: strconv.FormatUint(inode(l.FS.Abs(e.path), e.node), 10)})
		}
		if l.Has("s") {
			row = append(row, cell{text: l.size(unix.Blocks(e.node)*512, true)})
		}
		if l.long {
			row = append(row, l.columns(e)...)
		}
		rows = append(rows, append(row, cell{text: l.shown(e)}))
	}
	if l.Has("m") && !l.long {
		var names []string
		for _, row := range rows[:len(list)] {
			names = append(names, row[len(row)-1].text)
		}
		if len(names) > 0 {
			l.Print(strings.Join(names, ", ") + end)
		}
		return
	}
	width := map[int]int{}
	for _, row := range rows {
		for i, c := range row {
			width[i] = max(width[i], len(c.text))
		}
	}
	for _, row := range rows[:len(list)] {
		if l.Stopped() {
			return
		}
		for i, c := range row[:len(row)-1] {
			pad := strings.Repeat(" ", width[i]-len(c.text))
			if c.left {
				l.Print(c.text + pad + " ")
			} else {
				l.Print(pad + c.text + " ")
			}
		}
		l.Print(row[len(row)-1].text + end)
	}
}

// cell is a part of a line; left says that it is aligned to the left.
type cell struct {
	text string
	left bool
}

func (l *lister) columns(e entry) []cell {
	n := e.node
	row := []cell{{unix.FileMode(n), true}, {text: strconv.Itoa(links(l.Cmd, e.path, n))}}
	user, group := cell{l.accounts.UserName(n.UID), true}, cell{l.accounts.GroupName(n.GID), true}
	if l.Has("n") {
		user, group = cell{text: strconv.Itoa(n.UID)}, cell{text: strconv.Itoa(n.GID)}
	}
	if !l.Has("g") {
		row = append(row, user)
	}
	if !l.Has("G", "o") {
		row = append(row, group)
	}
	size := l.size(unix.DiskSize(n), false)
	if n.Type == tree.CharDevice || n.Type == tree.BlockDevice {
		size = device(n)
	}
	return append(row, cell{text: size}, cell{text: l.time(n.ModTime)})
}

func (l *lister) size(n int64, blocks bool) string {
	switch {
	case l.Has("h"):
		return unix.Human(n, 1024)
	case l.Has("si"):
		return unix.Human(n, 1000)
	case blocks:
		return strconv.FormatInt(n/1024, 10)
	}
	if unit, ok := l.Lookup("block-size"); ok {
		if u, ok := unix.ParseSize(unit); ok && u > 0 {
			return strconv.FormatInt((n+u-1)/u, 10)
		}
	}
	return strconv.FormatInt(n, 10)
}

func (l *lister) time(ns int64) string {
	t, now := unix.Time(ns), unix.Time(l.FS.Now())
	style := l.Value("time-style")
	if l.Has("full-time") {
		style = "full-iso"
	}
	recent := !t.After(now) && t.After(now.AddDate(0, 0, -182))
	switch {
	case strings.HasPrefix(style, "+"):
		return unix.Strftime(style[1:], t)
	case style == "full-iso":
		return unix.Strftime("%Y-%m-%d %H:%M:%S.%N %z", t)
	case style == "long-iso":
		return unix.Strftime("%Y-%m-%d %H:%M", t)
	case style == "iso" && recent:
		return unix.Strftime("%m-%d %H:%M", t)
	case style == "iso":
		return unix.Strftime("%Y-%m-%d ", t)
	case recent:
		return unix.Strftime("%b %e %H:%M", t)
	}
	return unix.Strftime("%b %e  %Y", t)
}

func (l *lister) shown(e entry) string {
	name := e.name
	if l.Has("Q") {
		name = strconv.Quote(name)
	}
	if l.long && e.node.Type == tree.Symlink {
		name += " -> " + e.node.Target
		if l.Has("F") {
			if t, err := l.FS.Stat(e.path); err == nil {
				name += mark(t)
			}
		}
		return name
	}
	switch {
	case l.Has("F"):
		name += mark(e.node)
	case l.Has("p") && e.node.IsDir():
		name += "/"
	}
	return name
}

func mark(n *tree.Node) string {
	switch n.Type {
	case tree.Dir:
		return "/"
	case tree.Symlink:
		return "@"
	case tree.Fifo:
		return "|"
	case tree.Socket:
		return "="
	case tree.File:
		if n.Mode&0o111 != 0 {
			return "*"
		}
	}
	return ""
}

// links counts the names of a node: a folder's are its own, its dot and its subfolders' dots.
func links(c *unix.Cmd, p string, n *tree.Node) int {
	switch {
	case n.Type == tree.Dir:
		if c.FS.Merged(p) {
			return 1
		}
		count := 2
		for _, name := range n.Names() {
			if n.Child(name).IsDir() {
				count++
			}
		}
		return count
	case n.Inode != 0:
		return hardLinks(c, n.Inode)
	}
	return 1
}

func hardLinks(c *unix.Cmd, inode uint64) int {
	root, err := c.FS.Lstat("/")
	if err != nil {
		return 2
	}
	count := 0
	root.Walk("/", func(_ string, n *tree.Node) bool {
		if n.Inode == inode {
			count++
		}
		return true
	})
	return max(count, 1)
}

// inode makes up a number for a file: the same for all names of one file.
func inode(abs string, n *tree.Node) uint64 {
	if n.Inode != 0 {
		return 1000 + n.Inode
	}
	h := uint64(14695981039346656037)
	for i := 0; i < len(abs); i++ {
		h = (h ^ uint64(abs[i])) * 1099511628211
	}
	return 100000 + h%10000000
}

// device writes the numbers of the usual devices.
func device(n *tree.Node) string {
	numbers := map[string]string{"null": "1, 3", "zero": "1, 5", "full": "1, 7", "random": "1, 8", "urandom": "1, 9", "tty": "5, 0",
		"console": "5, 1", "ptmx": "5, 2"}
	if s, ok := numbers[n.Target]; ok {
		return s
	}
	return "0, 0"
}
