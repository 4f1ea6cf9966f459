package coreutils

import (
	"path"
	"strings"
	"syscall"

	"drydock/grader/tool/getopt"
	"drydock/grader/tool/unix"
	"drydock/grader/tree"
	"drydock/grader/vfs"
)

var copying = []unix.Command{
	{Name: "cp", Args: "[OPTION]... [-T] SOURCE DEST", Run: cp, Spec: getopt.Spec{Short: "abdfHilLnprst:uvxPRS:TZ",
		Long: "archive/a attributes-only backup? copy-contents dereference/L force/f interactive/i link/l no-clobber/n no-dereference/P " +
			"no-preserve: no-target-directory/T one-file-system/x parents preserve? recursive/R remove-destination sparse: reflink? " +
			"strip-trailing-slashes suffix/S symbolic-link/s target-directory/t update/u verbose/v context?"}},
	{Name: "mv", Args: "[OPTION]... [-T] SOURCE DEST", Run: mv, Spec: getopt.Spec{Short: "bfint:uvS:TZ",
		Long: "backup? context/Z force/f interactive/i no-clobber/n no-target-directory/T strip-trailing-slashes suffix/S target-directory/t " +
			"update/u verbose/v"}},
	{Name: "install", Args: "[OPTION]... [-T] SOURCE DEST", Run: install, Spec: getopt.Spec{Short: "bcCsDdg:m:o:pt:TvS:Z",
		Long: "backup? compare/C context? directory/d group/g mode/m no-target-directory/T owner/o preserve-timestamps/p strip/s " +
			"strip-program: suffix/S target-directory/t verbose/v"}},
}

// destination splits operands into sources and a folder or file to put them at. ok is false after a complaint.
func destination(c *unix.Cmd) (sources []string, target string, into, ok bool) {
	args := c.Operands
	target, given := c.Lookup("t")
	switch {
	case len(args) == 0 && !c.Busybox:
		c.Usage("missing file operand")
		return nil, "", false, false
	case given:
		if n, err := c.FS.Stat(target); err != nil || !n.IsDir() {
			if err == nil {
				err = syscall.ENOTDIR
			}
			c.Warn("target directory %s: %s", unix.QuoteName(target), unix.Message(err))
			return nil, "", false, false
		}
		return args, target, true, true
	case len(args) < 2:
		if len(args) == 1 {
			c.Usage("missing destination file operand after %s", unix.QuoteName(args[0]))
		} else {
			c.Usage("")
		}
		return nil, "", false, false
	}
	sources, target = args[:len(args)-1], args[len(args)-1]
	if c.Has("T") {
		if len(sources) > 1 {
			c.Usage("extra operand %s", unix.QuoteName(args[2]))
			return nil, "", false, false
		}
		return sources, target, false, true
	}
	n, err := c.FS.Stat(target)
	into = err == nil && n.IsDir()
	if len(sources) > 1 && !into {
		if c.Busybox {
			return sources, target, true, true
		}
		if err == nil {
			err = syscall.ENOTDIR
		}
		c.Warn("target %s: %s", unix.QuoteName(target), unix.Message(err))
		return nil, "", false, false
	}
	return sources, target, into, true
}

// under joins a name to a folder as the commands show it.
func under(dir, name string) string {
	if strings.HasSuffix(dir, "/") {
		return dir + name
	}
	return dir + "/" + name
}

// base is the last element of a name, trailing slashes left out.
func base(name string) string {
	name = strings.TrimRight(name, "/")
	return name[strings.LastIndexByte(name, '/')+1:]
}

// copier copies files. Its zero value follows links and preserves nothing.
type copier struct {
	*unix.Cmd
	recursive, force, noClobber, update, verbose, removeFirst bool
	hard, symbolic, attributesOnly                            bool
	follow                                                    bool // links found
	followArgs                                                bool // links named
	mode, owner, times, links                                 bool // preserved
	linked                                                    map[uint64]string
	backup                                                    string // suffix, "" for none
}

func cp(c *unix.Cmd) int {
	k := &copier{Cmd: c, recursive: c.Has("r", "R", "a"), force: c.Has("f"), noClobber: c.Has("n") && c.Last("n", "f", "i") == "n", update: c.Has("u"),
		verbose: c.Has("v"), removeFirst: c.Has("remove-destination"), hard: c.Has("l"), symbolic: c.Has("s"),
		attributesOnly: c.Has("attributes-only"), linked: map[uint64]string{}}
	k.backup = backupSuffix(c)
	switch c.Last("a", "d", "P", "L", "H") {
	case "":
		k.follow, k.followArgs = !k.recursive, !k.recursive
	case "L":
		k.follow, k.followArgs = true, true
	case "H":
		k.followArgs = true
	}
	for _, o := range c.Options {
		switch o.Name {
		case "a":
			k.mode, k.owner, k.times, k.links = true, true, true, true
		case "d":
			k.links = true
		case "p":
			k.mode, k.owner, k.times = true, true, true
		case "preserve", "no-preserve":
			if !o.Given {
				o.Value = "mode,ownership,timestamps"
			}
			if bad := k.preserve(o.Value, o.Name == "preserve"); bad != "" {
				return c.Usage("invalid argument %s for '--%s'", c.Quote(bad), o.Name)
			}
		}
	}
	if c.Has("parents") {
		if target, ok := c.Lookup("t"); ok {
			return k.parents(c.Operands, target)
		}
		if n := len(c.Operands); n > 1 {
			target := c.Operands[n-1]
			if !c.FS.IsDir(target) {
				c.Warn("with --parents, the destination must be a directory")
				c.Errorf("Try '%s --help' for more information.", c.Args[0])
				return 1
			}
			return k.parents(c.Operands[:n-1], target)
		}
	}
	sources, target, into, ok := destination(c)
	if !ok {
		return 1
	}
	made := map[string]bool{}
	for _, src := range sources {
		if c.Stopped() {
			break
		}
		dst := target
		if into {
			dst = under(target, base(src))
			if base(src) == ".." {
				dst = target
			}
		}
		if made[dst] && !c.Busybox && !k.recursive {
			c.Warn("will not overwrite just-created %s with %s", unix.QuoteName(dst), unix.QuoteName(src))
			continue
		}
		if k.copy(src, dst, k.followArgs) {
			made[dst] = true
		}
	}
	return c.Status
}

func backupSuffix(c *unix.Cmd) string {
	if !c.Has("b", "backup", "S") {
		return ""
	}
	if s, ok := c.Lookup("S"); ok {
		return s
	}
	return "~"
}

func (k *copier) preserve(list string, on bool) (bad string) {
	for _, word := range strings.Split(list, ",") {
		switch word {
		case "mode":
			k.mode = on
		case "ownership":
			k.owner = on
		case "timestamps":
			k.times = on
		case "links":
			k.links = on
		case "all":
			k.mode, k.owner, k.times, k.links = on, on, on, on
		case "context", "xattr":
		default:
			return word
		}
	}
	return ""
}

// parents is cp --parents: the path of each source is made below target.
func (k *copier) parents(sources []string, target string) int {
	for _, src := range sources {
		clean := strings.Trim(src, "/")
		at := target
		if i := strings.LastIndexByte(clean, '/'); i >= 0 {
			from := ""
			if strings.HasPrefix(src, "/") {
				from = "/"
			}
			for _, part := range strings.Split(clean[:i], "/") {
				from, at = from+part, under(at, part)
				n, err := k.FS.Stat(from)
				if err != nil {
					k.Warn("cannot stat %s: %s", unix.QuoteName(from), unix.Message(err))
					break
				}
				if !k.FS.Exists(at) {
					if err := k.FS.Mkdir(at, n.Mode); err != nil {
						k.Warn("cannot make directory %s: %s", unix.QuoteName(at), unix.Message(err))
						break
					}
					if k.verbose {
						k.Printf("%s -> %s\n", from, at)
					}
					k.attributes(at, n)
				}
				from += "/"
			}
		}
		k.copy(src, under(target, clean), k.followArgs)
	}
	return k.Status
}

func (k *copier) stat(p string, follow bool) (*tree.Node, error) {
	if follow {
		return k.FS.Stat(p)
	}
	return k.FS.Lstat(p)
}

// copy copies src to exactly dst and reports whether it did.
func (k *copier) copy(src, dst string, follow bool) bool {
	n, err := k.stat(src, follow)
	if err != nil {
		k.Warn(k.Pick("cannot stat %s: %s", "can't stat %s: %s"), unix.QuoteName(src), unix.Message(err))
		return false
	}
	if n.IsDir() && !k.recursive {
		k.Warn(k.Pick("-r not specified; omitting directory %s", "omitting directory %s"), unix.QuoteName(src))
		return false
	}
	old, _ := k.FS.Lstat(dst)
	through := old // what writing to dst would reach
	if old != nil && old.Type == tree.Symlink {
		through, _ = k.FS.Stat(dst)
	}
	if old != nil {
		if done, ok := k.existing(src, dst, n, old, through, follow); done {
			return ok
		}
	}
	if n.IsDir() {
		return k.dir(src, dst, n, through)
	}
	if k.verbose {
		k.Printf("%s -> %s\n", unix.QuoteName(src), unix.QuoteName(dst))
	}
	if k.links && n.Inode != 0 {
		if first, ok := k.linked[n.Inode]; ok {
			if k.FS.Exists(dst) {
				k.FS.Remove(dst)
			}
			return k.report(k.FS.Link(first, dst), "cannot create hard link %s to %s: %s", dst, first)
		}
		k.linked[n.Inode] = dst
	}
	return k.entry(src, dst, n, through)
}

// existing decides what becomes of a destination that is there; done says that the copy is over.
func (k *copier) existing(src, dst string, n, old, through *tree.Node, follow bool) (done, ok bool) {
	if k.same(src, dst, follow) && !k.removeFirst {
		if k.hard {
			return true, true
		}
		k.Warn("%s and %s are the same file", unix.QuoteName(src), unix.QuoteName(dst))
		return true, false
	}
	switch {
	case k.noClobber && !n.IsDir():
		return true, true
	case k.update && !n.IsDir() && through != nil && through.ModTime >= n.ModTime:
		return true, true
	case n.IsDir() && (through == nil || !through.IsDir()):
		k.Warn("cannot overwrite non-directory %s with directory %s", unix.QuoteName(dst), unix.QuoteName(src))
		return true, false
	case !n.IsDir() && through != nil && through.IsDir():
		if old.Type == tree.Symlink && n.Type != tree.File {
			return false, false
		}
		k.Warn("cannot overwrite directory %s with non-directory", unix.QuoteName(dst))
		return true, false
	}
	if k.backup != "" && !n.IsDir() {
		k.FS.Rename(dst, dst+k.backup)
	}
	return false, false
}

func (k *copier) same(src, dst string, follow bool) bool {
	a, err1 := k.FS.Real(src)
	b, err2 := k.FS.Real(dst)
	if err1 != nil || err2 != nil {
		return false
	}
	if a == b {
		// a link and what it points to are one file only where the link is followed
		return follow || k.FS.Abs(src) == k.FS.Abs(dst) || !k.isLink(src)
	}
	x, err1 := k.FS.Stat(src)
	y, err2 := k.FS.Stat(dst)
	return err1 == nil && err2 == nil && x.Inode != 0 && x.Inode == y.Inode
}

func (k *copier) isLink(p string) bool {
	n, err := k.FS.Lstat(p)
	return err == nil && n.Type == tree.Symlink
}

// report words a failure; its first operand is the destination.
func (k *copier) report(err error, format string, names ...string) bool {
	if err == nil {
		return true
	}
	a := make([]any, 0, len(names)+1)
	for _, name := range names {
		a = append(a, unix.QuoteName(name))
	}
	k.Warn(format, append(a, unix.Message(err))...)
	return false
}

// entry copies what is no folder.
func (k *copier) entry(src, dst string, n, old *tree.Node) bool {
	fs := k.FS
	if k.removeFirst && old != nil {
		fs.Remove(dst)
	}
	switch {
	case k.hard:
		err := fs.Link(src, dst)
		if vfs.Is(err, syscall.EEXIST) && k.force {
			fs.Remove(dst)
			err = fs.Link(src, dst)
		}
		return k.report(err, "cannot create hard link %s to %s: %s", dst, src)
	case k.symbolic:
		return k.report(fs.Symlink(src, dst), "cannot create symbolic link %s to %s: %s", dst, src)
	case n.Type == tree.Symlink:
		if l, err := fs.Lstat(dst); err == nil && !l.IsDir() {
			fs.Remove(dst)
		}
		if !k.report(fs.Symlink(n.Target, dst), "cannot create symbolic link %s: %s", dst) {
			return false
		}
		if k.owner || k.times {
			k.symlinkAttributes(dst, n)
		}
		return true
	case n.Type == tree.Fifo && k.recursive:
		if !k.report(fs.Mknod(dst, n.Type, n.Mode), "cannot create fifo %s: %s", dst) {
			return false
		}
		k.attributes(dst, n)
		return true
	}
	return k.file(src, dst, n, old)
}

func (k *copier) file(src, dst string, n, old *tree.Node) bool {
	fs := k.FS
	content, err := k.content(src)
	if err != nil {
		return k.report(err, k.Pick("cannot open %s for reading: %s", "can't open %s: %s"), src)
	}
	if content.Size() > 1<<50 {
		k.Warn("error writing %s: %s", unix.QuoteName(dst), unix.Message(syscall.ENOSPC))
		return false
	}
	if l, err := fs.Lstat(dst); err == nil && l.Type == tree.Symlink && old == nil && !k.Busybox {
		k.Warn("not writing through dangling symlink %s", unix.QuoteName(dst))
		return false
	}
	if k.attributesOnly {
		content = nil
	}
	err = fs.WriteContent(dst, content, n.Mode&0o777)
	if err != nil && k.force && old != nil {
		if fs.Remove(dst) == nil {
			err = fs.WriteContent(dst, content, n.Mode&0o777)
		}
	}
	if vfs.Is(err, syscall.EISDIR) && strings.HasSuffix(dst, "/") {
		err = syscall.ENOTDIR
	}
	if !k.report(err, k.Pick("cannot create regular file %s: %s", "can't create %s: %s"), dst) {
		return false
	}
	k.attributes(dst, n)
	return true
}

// content is what src holds; standard input is read.
func (k *copier) content(src string) (*tree.Content, error) {
	if src == "/dev/stdin" || src == "/dev/fd/0" || src == "/proc/self/fd/0" {
		data, err := unix.ReadAll(k.Stdin)
		return tree.Bytes(data), err
	}
	return k.FS.Content(src)
}

// attributes gives dst what is to be preserved of n.
func (k *copier) attributes(dst string, n *tree.Node) {
	if k.owner {
		if err := k.FS.Chown(dst, n.UID, n.GID, true); err != nil {
			k.FS.Chown(dst, -1, n.GID, true)
		}
	}
	if k.mode {
		k.FS.Chmod(dst, n.Mode)
	}
	if k.owner || k.mode {
		for name, value := range n.Xattrs {
			k.FS.Setxattr(dst, name, value)
		}
	}
	if k.times {
		k.FS.Chtimes(dst, n.ModTime)
	}
}

// symlinkAttributes does the same for a link, which has no mode. Its time can only be set by putting it there anew.
func (k *copier) symlinkAttributes(dst string, n *tree.Node) {
	if k.FS.Cred.UID != 0 {
		return
	}
	l := tree.NewSymlink(n.Target)
	made, err := k.FS.Lstat(dst)
	if err != nil {
		return
	}
	l.Attr = made.Attr
	if k.owner {
		l.UID, l.GID = n.UID, n.GID
	}
	if k.times {
		l.ModTime = n.ModTime
	}
	k.FS.Graft(dst, l)
}

// dir copies a folder and what is in it.
func (k *copier) dir(src, dst string, n, old *tree.Node) bool {
	from, err1 := k.FS.Real(src)
	to, err2 := k.FS.Real(dst)
	if err1 == nil && err2 == nil && (to == from || strings.HasPrefix(to, strings.TrimRight(from, "/")+"/")) {
		if k.Busybox {
			k.Warn("recursion detected, omitting directory %s", unix.QuoteName(src))
		} else {
			k.Warn("cannot copy a directory, %s, into itself, %s", unix.QuoteName(src), unix.QuoteName(dst))
		}
		return false
	}
	if old == nil && k.whole(src, dst, n, from) {
		return true
	}
	if k.verbose && old == nil {
		k.Printf("%s -> %s\n", unix.QuoteName(src), unix.QuoteName(dst))
	}
	names, err := k.FS.ReadDir(src)
	if err != nil && old == nil && k.FS.Mkdir(dst, n.Mode) == nil {
		old = n
	}
	if err != nil {
		return k.report(err, "cannot access %s: %s", src)
	}
	if old == nil {
		if !k.report(k.FS.Mkdir(strings.TrimRight(dst, "/"), n.Mode|0o700), k.Pick("cannot create directory %s: %s", "can't create directory %s: %s"), dst) {
			return false
		}
	}
	for _, name := range names {
		if k.Stopped() {
			return false
		}
		k.copy(under(src, name), under(dst, name), k.follow)
	}
	if old == nil {
		k.FS.Chmod(dst, n.Mode&0o1777&^k.FS.Umask)
		k.attributes(dst, n)
	} else if k.mode || k.owner || k.times {
		k.attributes(dst, n)
	}
	return true
}

// whole copies a folder in one go where nothing can fail: root, a new destination, no mounts below.
func (k *copier) whole(src, dst string, n *tree.Node, real string) bool {
	if k.FS.Cred.UID != 0 || k.verbose || k.follow || k.hard || k.symbolic || k.attributesOnly {
		return false
	}
	for _, m := range k.FS.Mounts() {
		if m.At == real || strings.HasPrefix(m.At, strings.TrimRight(real, "/")+"/") {
			return false
		}
	}
	if parent, err := k.FS.Stat(path.Dir(strings.TrimRight(dst, "/"))); err != nil || parent.Mode&0o2000 != 0 {
		return false
	}
	plain := true
	n.Walk("/", func(_ string, n *tree.Node) bool {
		if n.Inode != 0 || n.Type > tree.Symlink {
			plain = false
		}
		return plain
	})
	if !plain {
		return false
	}
	return k.FS.Graft(strings.TrimRight(dst, "/"), k.clone(n, k.FS.Now())) == nil
}

// clone makes the nodes of a copy of n.
func (k *copier) clone(n *tree.Node, now int64) *tree.Node {
	var d *tree.Node
	switch n.Type {
	case tree.Dir:
		d = tree.NewDir(n.Mode & 0o1777 &^ k.FS.Umask)
		for _, name := range n.Names() {
			d.Put(name, k.clone(n.Child(name), now))
		}
	case tree.Symlink:
		d = tree.NewSymlink(n.Target)
	default:
		d = tree.NewFile(n.Mode&0o777&^k.FS.Umask, n.Content)
	}
	d.UID, d.GID, d.ModTime = k.FS.Cred.UID, k.FS.Cred.GID, now
	if k.owner {
		d.UID, d.GID = n.UID, n.GID
	}
	if k.mode && n.Type != tree.Symlink {
		d.Mode = n.Mode
	}
	if k.mode || k.owner {
		d.Xattrs = n.Xattrs
	}
	if k.times {
		d.ModTime = n.ModTime
	}
	return d
}
