package coreutils

import (
	"path"
	"strings"
	"syscall"

	"drydock/grader/tool/unix"
	"drydock/grader/tree"
	"drydock/grader/vfs"
)

func mv(c *unix.Cmd) int {
	sources, target, into, ok := destination(c)
	if !ok {
		return 1
	}
	for _, src := range sources {
		if c.Stopped() {
			break
		}
		dst := target
		if into {
			dst = under(target, base(src))
		}
		move(c, src, dst)
	}
	return c.Status
}

func move(c *unix.Cmd, src, dst string) {
	from, to := unix.QuoteName(src), unix.QuoteName(dst)
	n, err := c.FS.Lstat(src)
	if err != nil {
		c.Warn(c.Pick("cannot stat %s: %s", "can't rename %s: %s"), from, unix.Message(err))
		return
	}
	if old, err := c.FS.Lstat(dst); err == nil {
		switch {
		case c.FS.Abs(src) == c.FS.Abs(dst) && !n.IsDir() || n.Inode != 0 && n.Inode == old.Inode:
			c.Warn("%s and %s are the same file", from, to)
			return
		case c.Has("n") && c.Last("n", "f", "i") == "n":
			return
		case c.Has("u") && old.ModTime >= n.ModTime:
			return
		case n.IsDir() && !old.IsDir():
			c.Warn(c.Pick("cannot overwrite non-directory %s with directory %s", "can't rename %[2]s: Not a directory"), to, from)
			return
		case !n.IsDir() && old.IsDir():
			c.Warn("cannot overwrite directory %s with non-directory", to)
			return
		}
		if suffix := backupSuffix(c); suffix != "" {
			c.FS.Rename(dst, dst+suffix)
		}
	}
	if n, err := c.FS.Stat(strings.TrimRight(dst, "/")); strings.HasSuffix(dst, "/") && err == nil && !n.IsDir() && !c.Busybox {
		c.Warn("cannot stat %s: %s", to, unix.Message(syscall.ENOTDIR))
		return
	}
	if strings.HasSuffix(dst, "/") && !n.IsDir() && !c.FS.Exists(dst) && !c.Busybox {
		c.Warn("cannot move %s to %s: %s", from, to, unix.Message(syscall.ENOTDIR))
		return
	}
	err = c.FS.Rename(src, dst)
	if vfs.Is(err, syscall.EXDEV) {
		k := &copier{Cmd: c, recursive: true, force: true, mode: true, owner: true, times: true, links: true, linked: map[uint64]string{}}
		if !k.copy(src, dst, false) {
			return
		}
		if err := c.FS.RemoveAll(src); err != nil {
			c.Warn("cannot remove %s: %s", from, unix.Message(err))
			return
		}
		if c.Has("v") {
			c.Printf("copied %s -> %s\nremoved %s\n", from, to, from)
		}
		return
	}
	switch {
	case err == nil:
		if c.Has("v") {
			c.Printf("%s%s -> %s\n", c.Pick("renamed ", ""), from, to)
		}
	case c.Busybox:
		c.Warn("can't rename %s: %s", from, unix.Message(err))
	case vfs.Is(err, syscall.EINVAL):
		c.Warn("cannot move %s to a subdirectory of itself, %s", from, to)
	default:
		c.Warn("cannot move %s to %s: %s", from, to, unix.Message(err))
	}
}

// install is install(1): copies with a mode and an owner, or makes folders.
func install(c *unix.Cmd) int {
	mode := uint32(0o755)
	if s, ok := c.Lookup("m"); ok {
		m, ok := unix.ParseMode(s)
		if !ok {
			return c.Die(1, "invalid mode %s", c.Quote(s))
		}
		mode = m.Apply(0, c.Has("d"), 0)
	}
	owner, ok := installOwner(c)
	if !ok {
		return 1
	}
	i := installer{c, mode, owner}
	if c.Has("d") {
		if len(c.Operands) == 0 {
			return c.Usage("missing file operand")
		}
		for _, dir := range c.Operands {
			if i.mkdirs(dir) {
				i.finish(dir)
			}
		}
		return c.Status
	}
	if c.Has("D") {
		if t, ok := c.Lookup("t"); ok {
			i.mkdirs(t)
		} else if n := len(c.Operands); n == 2 {
			if dir := path.Dir(c.Operands[1]); !c.FS.Exists(dir) {
				i.mkdirs(dir)
			}
		}
	}
	sources, target, into, ok := destination(c)
	if !ok {
		return 1
	}
	for _, src := range sources {
		dst := target
		if into {
			dst = under(target, base(src))
		}
		i.file(src, dst)
	}
	return c.Status
}

func installOwner(c *unix.Cmd) (unix.Owner, bool) {
	accounts := unix.ReadAccounts(c.FS)
	owner := unix.Owner{UID: -1, GID: -1}
	if s, ok := c.Lookup("o"); ok {
		uid, ok := accounts.LookupUID(s)
		if !ok {
			c.Warn(c.Pick("invalid user %s", "unknown user %s"), c.Pick(c.Quote(s), s))
			return owner, false
		}
		owner.UID = uid
	}
	if s, ok := c.Lookup("g"); ok {
		gid, ok := accounts.LookupGID(s)
		if !ok {
			c.Warn(c.Pick("invalid group %s", "unknown group %s"), c.Pick(c.Quote(s), s))
			return owner, false
		}
		owner.GID = gid
	}
	return owner, true
}

type installer struct {
	*unix.Cmd
	mode  uint32
	owner unix.Owner
}

// mkdirs makes a folder and its parents, 0755.
func (i installer) mkdirs(dir string) bool {
	at := ""
	if strings.HasPrefix(dir, "/") {
		at = "/"
	}
	for _, part := range strings.Split(strings.Trim(dir, "/"), "/") {
		at = path.Join(at, part)
		if i.FS.IsDir(at) {
			continue
		}
		if err := i.FS.Mkdir(at, 0o755); err != nil {
			i.Warn("cannot create directory %s: %s", i.Quote(at), unix.Message(err))
			return false
		}
		if i.Has("v") {
			i.Printf("%s: creating directory %s\n", i.Prog(), i.Quote(at))
		}
	}
	return true
}

func (i installer) file(src, dst string) {
	n, err := i.FS.Stat(src)
	switch {
	case err != nil:
		i.Warn(i.Pick("cannot stat %s: %s", "can't stat %s: %s"), unix.QuoteName(src), unix.Message(err))
		return
	case n.IsDir():
		i.Warn("omitting directory %s", unix.QuoteName(src))
		return
	}
	k := &copier{Cmd: i.Cmd, verbose: i.Has("v"), times: i.Has("p"), linked: map[uint64]string{}, backup: backupSuffix(i.Cmd)}
	if old, err := i.FS.Lstat(dst); err == nil && !old.IsDir() {
		if k.same(src, dst, true) {
			i.Warn("%s and %s are the same file", unix.QuoteName(src), unix.QuoteName(dst))
			return
		}
		if k.backup == "" && old.Type != tree.CharDevice {
			i.FS.Remove(dst)
		}
	}
	if k.copy(src, dst, true) {
		i.finish(dst)
	}
}

func (i installer) finish(p string) {
	n, err := i.FS.Stat(p)
	if err != nil {
		return
	}
	if o, differs := i.owner.Change(n); differs {
		if err := i.FS.Chown(p, o.UID, o.GID, true); err != nil {
			i.Warn("cannot change ownership of %s: %s", unix.QuoteName(p), unix.Message(err))
		}
	}
	if err := i.FS.Chmod(p, i.mode); err != nil {
		i.Warn("cannot change permissions of %s: %s", unix.QuoteName(p), unix.Message(err))
	}
}
