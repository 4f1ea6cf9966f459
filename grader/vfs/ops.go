package vfs

import (
	"path"
	"strings"
	"syscall"

	"drydock/grader/tree"
)

// Stat returns what is at p, links followed. The node must not be changed.
func (f *FS) Stat(p string) (*tree.Node, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, err := f.need("stat", p, true)
	return s.node, err
}

// Lstat returns what is at p; a link at its end is not followed.
func (f *FS) Lstat(p string) (*tree.Node, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, err := f.need("lstat", p, false)
	return s.node, err
}

// Exists reports whether something is at p, links followed.
func (f *FS) Exists(p string) bool { _, err := f.Stat(p); return err == nil }

// IsDir reports whether a folder is at p, links followed.
func (f *FS) IsDir(p string) bool { n, err := f.Stat(p); return err == nil && n.IsDir() }

// Abs returns p as an absolute clean path, links not followed.
func (f *FS) Abs(p string) string {
	if strings.HasPrefix(p, "/") {
		return path.Clean(p)
	}
	return path.Join(f.Dir, p)
}

// Real returns p as an absolute path without links, as realpath -m does for its last element: that may be missing.
func (f *FS) Real(p string) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, err := f.find("realpath", p, true)
	return s.abs, err
}

// MountAt returns the mount that p lies in, and nil for the root filesystem.
func (f *FS) MountAt(p string) *Mount {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, err := f.find("stat", p, true)
	if err != nil || s.m.At == "/" {
		return nil
	}
	return s.m
}

// Access reports whether the process may read (4), write (2) or execute/search (1) what is at p.
func (f *FS) Access(p string, bits uint32) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, err := f.need("access", p, true)
	switch {
	case err != nil:
		return err
	case bits&2 != 0 && s.m.ReadOnly:
		return fail("access", p, syscall.EROFS)
	case !f.Cred.may(s.node, bits):
		return fail("access", p, syscall.EACCES)
	}
	return nil
}

// Readlink returns a link's target.
func (f *FS) Readlink(p string) (string, error) {
	n, err := f.Lstat(p)
	switch {
	case err != nil:
		return "", err
	case n.Type != tree.Symlink:
		return "", fail("readlink", p, syscall.EINVAL)
	}
	return n.Target, nil
}

// ReadDir returns the names in a folder, sorted bytewise.
func (f *FS) ReadDir(p string) ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, err := f.need("open", p, true)
	switch {
	case err != nil:
		return nil, err
	case s.node.Type != tree.Dir:
		return nil, fail("readdir", p, syscall.ENOTDIR)
	case !f.Cred.may(s.node, 4):
		return nil, fail("open", p, syscall.EACCES)
	}
	names := s.node.Names()
	for _, m := range f.mounts[1:] { // mount points show even where the image has no stub for them
		if m.At != "/" && path.Dir(m.At) == s.abs && s.node.Child(path.Base(m.At)) == nil {
			names = insert(names, path.Base(m.At))
		}
	}
	return names, nil
}

func insert(names []string, name string) []string {
	out := make([]string, 0, len(names)+1)
	done := false
	for _, n := range names {
		if n == name {
			return names
		}
		if !done && n > name {
			out, done = append(out, name), true
		}
		out = append(out, n)
	}
	if !done {
		out = append(out, name)
	}
	return out
}

// Content returns what a file holds.
func (f *FS) Content(p string) (*tree.Content, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, err := f.need("open", p, true)
	switch {
	case err != nil:
		return nil, err
	case !f.Cred.may(s.node, 4):
		return nil, fail("open", p, syscall.EACCES)
	case s.node.Type == tree.Dir:
		return nil, fail("read", p, syscall.EISDIR)
	case s.node.Type == tree.CharDevice && (s.node.Target == "zero" || s.node.Target == "urandom"):
		return tree.Declared(1<<62, "device:"+s.node.Target, nil), nil
	}
	return s.node.Content, nil
}

// Mkdir makes a folder; mode is subject to the umask.
func (f *FS) Mkdir(p string, mode uint32) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.mkdir(p, mode)
}

func (f *FS) mkdir(p string, mode uint32) error {
	s, err := f.find("mkdir", strings.TrimRight(p, "/")+strings.Repeat("/", b2i(strings.Trim(p, "/") == "")), false)
	if err != nil {
		return err
	}
	if s.node != nil || f.isMountPoint(s.abs) {
		return fail("mkdir", p, syscall.EEXIST)
	}
	return f.create("mkdir", p, s, tree.NewDir(mode&^f.Umask))
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (f *FS) isMountPoint(abs string) bool {
	for _, m := range f.mounts {
		if m.At == abs {
			return true
		}
	}
	return false
}

// MkdirAll makes a folder and its missing parents. An existing folder is no error.
func (f *FS) MkdirAll(p string, mode uint32) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s, err := f.need("mkdir", p, true); err == nil {
		if s.node.Type == tree.Dir {
			return nil
		}
		return fail("mkdir", p, syscall.EEXIST)
	}
	prefix := ""
	if strings.HasPrefix(p, "/") {
		prefix = "/"
	}
	for _, part := range strings.Split(strings.Trim(p, "/"), "/") {
		prefix = path.Join(prefix, part)
		s, err := f.find("mkdir", prefix, true)
		if err != nil {
			return err
		}
		if s.node != nil {
			if s.node.Type != tree.Dir {
				return fail("mkdir", p, syscall.ENOTDIR)
			}
			continue
		}
		if err := f.create("mkdir", p, s, tree.NewDir(mode&^f.Umask)); err != nil {
			return err
		}
	}
	return nil
}

// Symlink makes a symbolic link at p.
func (f *FS) Symlink(target, p string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, err := f.find("symlink", p, false)
	switch {
	case err != nil:
		return err
	case s.node != nil:
		return fail("symlink", p, syscall.EEXIST)
	}
	return f.create("symlink", p, s, tree.NewSymlink(target))
}

// Link makes p a hard link to the file at old.
func (f *FS) Link(old, p string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	from, err := f.need("link", old, false)
	if err != nil {
		return err
	}
	to, err := f.find("link", p, false)
	switch {
	case err != nil:
		return err
	case from.node.Type == tree.Dir:
		return fail("link", old, syscall.EPERM)
	case to.node != nil:
		return fail("link", p, syscall.EEXIST)
	case from.m != to.m:
		return fail("link", p, syscall.EXDEV)
	}
	if err := f.parentWritable("link", p, to); err != nil {
		return err
	}
	if from.node.Inode == 0 || f.lower(from) {
		inode := tree.NewInode()
		from.m.Tree.Edit(from.p, func(n *tree.Node) { n.Inode = inode })
	}
	to.m.Tree.Set(to.p, from.m.Tree.Lookup(from.p).Clone())
	f.touchParent(to)
	return nil
}

// Mknod makes a fifo or device.
func (f *FS) Mknod(p string, t tree.Type, mode uint32) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, err := f.find("mknod", p, false)
	switch {
	case err != nil:
		return err
	case s.node != nil:
		return fail("mknod", p, syscall.EEXIST)
	}
	return f.create("mknod", p, s, &tree.Node{Type: t, Attr: tree.Attr{Mode: mode &^ f.Umask}})
}

// Remove takes away a file, link or empty folder.
func (f *FS) Remove(p string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, err := f.need("unlink", strings.TrimRight(p, "/")+strings.Repeat("/", b2i(strings.Trim(p, "/") == "")), false)
	switch {
	case err != nil:
		return err
	case s.abs == "/":
		return fail("unlink", p, syscall.EBUSY)
	case s.node.Type == tree.Dir && s.node.Len() > 0:
		return fail("rmdir", p, syscall.ENOTEMPTY)
	}
	if err := f.removable("unlink", p, s); err != nil {
		return err
	}
	return f.drop(s)
}

func (f *FS) drop(s spot) error {
	delete(f.open, s.key())
	s.m.Tree.Remove(s.p)
	f.touchParent(s)
	return nil
}

// RemoveAll takes away p and all below it. A missing p is no error. It stops at the first entry that may not be removed.
func (f *FS) RemoveAll(p string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, err := f.find("unlink", p, false)
	if err != nil || s.node == nil {
		if Is(err, syscall.ENOENT) {
			return nil
		}
		return err
	}
	return f.removeAll(s)
}

func (f *FS) removeAll(s spot) error {
	inner := false
	for _, m := range f.mounts[1:] {
		if strings.HasPrefix(m.At, s.abs+"/") {
			inner = true
		}
	}
	if s.node.Type == tree.Dir && (f.Cred.UID != 0 || inner || f.isMountPoint(s.abs)) {
		if s.node.Len() > 0 && !f.Cred.may(s.node, 7) {
			return fail("unlink", s.abs, syscall.EACCES)
		}
		var first error
		for _, name := range s.node.Names() {
			if err := f.removeAll(f.at(path.Join(s.abs, name))); err != nil && first == nil {
				first = err
			}
		}
		if first != nil {
			return first
		}
	}
	if err := f.removable("unlink", s.abs, s); err != nil {
		return err
	}
	return f.drop(s)
}

// Rename moves old to p, replacing a file there, or an empty folder by a folder.
func (f *FS) Rename(old, p string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	from, err := f.need("rename", strings.TrimRight(old, "/"), false)
	if err != nil {
		return err
	}
	to, err := f.find("rename", strings.TrimRight(p, "/"), false)
	switch {
	case err != nil:
		return err
	case from.m != to.m:
		return fail("rename", p, syscall.EXDEV)
	case from.abs == to.abs:
		return nil
	case strings.HasPrefix(to.abs, from.abs+"/"):
		return fail("rename", p, syscall.EINVAL)
	}
	if to.node != nil {
		switch {
		case to.node.Type == tree.Dir && from.node.Type != tree.Dir:
			return fail("rename", p, syscall.EISDIR)
		case to.node.Type != tree.Dir && from.node.Type == tree.Dir:
			return fail("rename", p, syscall.ENOTDIR)
		case to.node.Type == tree.Dir && to.node.Len() > 0:
			return fail("rename", p, syscall.ENOTEMPTY)
		}
		if err := f.removable("rename", p, to); err != nil {
			return err
		}
	}
	if err := f.removable("rename", old, from); err != nil {
		return err
	}
	if err := f.parentWritable("rename", p, to); err != nil {
		return err
	}
	for k, h := range f.open {
		if k == from.key() || strings.HasPrefix(k, from.key()+"/") {
			h.flush()
			delete(f.open, k)
		}
	}
	if f.lower(from) {
		from.m.Tree.Edit(from.p, func(n *tree.Node) { n.Inode = 0 })
	}
	n := from.m.Tree.Lookup(from.p)
	from.m.Tree.Remove(from.p)
	f.touchParent(from)
	to.m.Tree.Set(to.p, n)
	f.touchParent(to)
	return nil
}

// Chmod sets permission bits, links followed.
func (f *FS) Chmod(p string, mode uint32) error {
	return f.edit("chmod", p, true, func(n *tree.Node) { n.Mode = mode & 0o7777 })
}

// Chown sets the owner; -1 leaves one as it is. follow says whether a link at the end is followed. Only root may change owners.
func (f *FS) Chown(p string, uid, gid int, follow bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, err := f.need("chown", p, follow)
	switch {
	case err != nil:
		return err
	case s.m.ReadOnly:
		return fail("chown", p, syscall.EROFS)
	case uid < 0:
		uid = s.node.UID
	}
	if gid < 0 {
		gid = s.node.GID
	}
	if f.Cred.UID != 0 && (uid != s.node.UID || f.Cred.UID != s.node.UID || gid != s.node.GID && !f.Cred.in(gid)) {
		return fail("chown", p, syscall.EPERM)
	}
	if uid == s.node.UID && gid == s.node.GID {
		return nil
	}
	f.change(s, func(n *tree.Node) {
		n.UID, n.GID = uid, gid
		if n.Type == tree.File && n.Mode&0o111 != 0 {
			n.Mode &^= 0o6000
		}
	})
	return nil
}

// Chtimes sets the modification time in nanoseconds since 1970.
func (f *FS) Chtimes(p string, t int64) error {
	return f.edit("utimensat", p, true, func(n *tree.Node) { n.ModTime = t })
}

// Setxattr sets an extended attribute such as security.capability.
func (f *FS) Setxattr(p, name, value string) error {
	return f.edit("setxattr", p, true, func(n *tree.Node) {
		x := map[string]string{name: value}
		for k, v := range n.Xattrs {
			if k != name {
				x[k] = v
			}
		}
		n.Xattrs = x
	})
}

// edit changes what only the owner or root may change.
func (f *FS) edit(op, p string, follow bool, fn func(*tree.Node)) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, err := f.need(op, p, follow)
	switch {
	case err != nil:
		return err
	case s.m.ReadOnly:
		return fail(op, p, syscall.EROFS)
	case f.Cred.UID != 0 && f.Cred.UID != s.node.UID:
		return fail(op, p, syscall.EPERM)
	}
	f.change(s, fn)
	return nil
}

// lower reports whether s is a hard link of a layer below. The first change copies such a file up and so parts it from its other names, as
// overlayfs does; a cache is no overlay.
func (f *FS) lower(s spot) bool {
	n := s.m.Tree.Lookup(s.p)
	return n != nil && n.Inode != 0 && n.Inode < f.born && s.m.Kind != "cache"
}

// change applies a change to a file under all its names.
func (f *FS) change(s spot, fn func(*tree.Node)) bool {
	parted := f.lower(s)
	n := s.m.Tree.Lookup(s.p)
	done := s.m.Tree.Edit(s.p, func(n *tree.Node) {
		if parted {
			n.Inode = 0
		}
		fn(n)
	})
	if parted || n == nil || n.Inode == 0 {
		return done
	}
	var others []string
	s.m.Tree.Root().Walk("/", func(p string, o *tree.Node) bool {
		if o.Inode == n.Inode && p != s.p {
			others = append(others, p)
		}
		return true
	})
	for _, p := range others {
		s.m.Tree.Edit(p, fn)
	}
	return done
}

// Graft puts a ready-made node (shared, frozen) at p, replacing what is there, as a program that unpacks an archive would. The parent must exist and be
// writable. Owners and modes are the node's own.
func (f *FS) Graft(p string, n *tree.Node) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, err := f.find("open", p, false)
	if err != nil {
		return err
	}
	if err := f.parentWritable("open", p, s); err != nil {
		return err
	}
	s.m.Tree.Set(s.p, n)
	f.touchParent(s)
	return nil
}

// Walk calls fn for what is at p and everything below it, mounts included, in sorted order, parents first; links are not followed. If fn
// returns false for a folder its entries are passed over. A folder that may not be read is reported with an error.
func (f *FS) Walk(p string, fn func(p string, n *tree.Node, err error) bool) {
	n, err := f.Lstat(p)
	if !fn(p, n, err) || err != nil || n.Type != tree.Dir {
		return
	}
	names, err := f.ReadDir(p)
	if err != nil {
		fn(p, n, err)
		return
	}
	for _, name := range names {
		f.Walk(strings.TrimRight(p, "/")+"/"+name, fn)
	}
}
