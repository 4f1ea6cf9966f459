// Package vfs is what one process of a build sees of the filesystem: a tree with mounts over it, a working directory, a user with
// permissions, and the error a Linux kernel would give.
//
// Start from [New], add mounts with [FS.Mount], and hand each process a view of its own with [FS.As] and [FS.In]: views share the
// tree. All methods take paths as the process writes them (relative to its directory, through links). Errors are *fs.PathError
// over a syscall.Errno; [Message] words one as the C library does. Nothing here touches the host. Methods may be called by several
// goroutines at once.
package vfs

import (
	"errors"
	"io/fs"
	"path"
	"strings"
	"sync"
	"syscall"

	"drydock/grader/tree"
)

// Cred is who a process is.
type Cred struct {
	UID, GID int
	Groups   []int // supplementary
}

// Mount lays (part of) another tree over a path.
type Mount struct {
	At       string    // clean absolute path
	Tree     *tree.Txn // may be shared with other mounts and views
	Source   string    // path inside Tree; "" is its root
	ReadOnly bool
	Kind     string // "bind", "cache", "tmpfs", "secret", "ssh", "dev", "proc", "sys"
}

// Budget bounds what a grading may write, so that endless output ends as on a full disk (ENOSPC). It is shared by all views.
type Budget struct {
	Bytes   int64 // of known content that may still be written
	Entries int64 // that may still be made
}

// FS is one process's view.
type FS struct {
	Dir   string // working directory, clean and absolute
	Cred  Cred
	Umask uint32
	*shared
}

type shared struct {
	mu     sync.Mutex
	mounts []Mount // the root first
	now    func() int64
	budget *Budget
	open   map[string]*handle // files being written, by mount and path
	closed bool
	born   uint64 // hard links of a lower number were there before
	merged func(string) bool
}

// New returns root's view of a tree. now gives the time of each change in nanoseconds since 1970; budget may be nil for none.
func New(root *tree.Txn, now func() int64, budget *Budget) *FS {
	if budget == nil {
		budget = &Budget{Bytes: 1 << 40, Entries: 1 << 40}
	}
	return &FS{Dir: "/", Umask: 0o022, shared: &shared{
		mounts: []Mount{{At: "/", Tree: root}}, now: now, budget: budget, open: map[string]*handle{}, born: tree.NewInode(),
	}}
}

// Mount adds a mount; a later one hides an earlier one at the same path or below. Commands may be running meanwhile.
func (f *FS) Mount(m Mount) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mounts = append(f.mounts, m)
}

// SetMerged says which folders of the root filesystem several layers share.
func (f *FS) SetMerged(merged func(string) bool) { f.merged = merged }

// Merged reports whether what is at p is a folder that several layers share. overlayfs counts one link of such a folder, however many
// folders are in it.
func (f *FS) Merged(p string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.merged == nil {
		return false
	}
	s, err := f.find("stat", p, false)
	return err == nil && s.m.At == "/" && f.merged(s.p)
}

// Mounts returns the mounts over the root.
func (f *FS) Mounts() []Mount {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.mounts[1:]
}

// As returns a view with another identity.
func (f *FS) As(c Cred) *FS { g := *f; g.Cred = c; return &g }

// In returns a view with another working directory, which is not looked at.
func (f *FS) In(dir string) *FS { g := *f; g.Dir = path.Clean(dir); return &g }

// Close ends all views: later calls fail with EIO. What background commands still try to write is refused.
func (f *FS) Close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, h := range f.open {
		h.flush()
	}
	f.closed = true
}

// Now returns the time that a change made now would carry.
func (f *FS) Now() int64 { return f.now() }

// spot is a resolved place: a path inside a mount's tree.
type spot struct {
	m    *Mount
	p    string // inside m.Tree
	abs  string // as the process would see it
	node *tree.Node
}

const maxLinks = 40

func fail(op, p string, err error) error { return &fs.PathError{Op: op, Path: p, Err: err} }

// at finds which mount an absolute, link-free path lies in.
func (f *FS) at(abs string) spot {
	for i := len(f.mounts) - 1; i >= 0; i-- {
		m := &f.mounts[i]
		if !m.holds(abs) {
			continue
		}
		p := abs
		if m.At != "/" || m.Source != "" {
			p = path.Join("/", m.Source, strings.TrimPrefix(abs, m.At))
		}
		return spot{m: m, p: p, abs: abs, node: m.Tree.Lookup(p)}
	}
	panic("vfs: no root")
}

// holds reports whether abs is the mount point or below it.
func (m *Mount) holds(abs string) bool {
	n := len(m.At)
	return n == 1 || strings.HasPrefix(abs, m.At) && (len(abs) == n || abs[n] == '/')
}

// child is [FS.at] for an entry of a folder that was found already.
func (f *FS) child(dir spot, name string) spot {
	abs := join(dir.abs, name)
	for i := len(f.mounts) - 1; i > 0; i-- {
		if f.mounts[i].At == abs {
			return f.at(abs)
		}
	}
	next := spot{m: dir.m, abs: abs, p: abs, node: dir.node.Child(name)}
	if dir.p != dir.abs {
		next.p = join(dir.p, name)
	}
	return next
}

// join adds a name to a clean path.
func join(dir, name string) string {
	if dir == "/" {
		return "/" + name
	}
	return dir + "/" + name
}

// within reports whether a clean absolute path is a folder or lies below it.
func within(abs, dir string) bool {
	return dir == "/" || strings.HasPrefix(abs, dir) && (len(abs) == len(dir) || abs[len(dir)] == '/')
}

// find resolves a path. The last element is followed through links only if follow; it may be missing (node == nil), its parent may not.
func (f *FS) find(op, p string, follow bool) (spot, error) {
	if f.closed {
		return spot{}, fail(op, p, syscall.EIO)
	}
	if p == "" {
		return spot{}, fail(op, p, syscall.ENOENT)
	}
	if len(p) > 4096 {
		return spot{}, fail(op, p, syscall.ENAMETOOLONG)
	}
	abs := p
	if !strings.HasPrefix(p, "/") {
		abs = f.Dir + "/" + p
	}
	mustDir := strings.HasSuffix(p, "/") || strings.HasSuffix(p, "/.")
	todo := strings.Split(abs, "/")
	cur := f.at("/")
	links := 0
	for len(todo) > 0 {
		part := todo[0]
		todo = todo[1:]
		if part == "" || part == "." {
			if cur.node != nil && cur.node.Type != tree.Dir && len(todo) == 0 && mustDir {
				return spot{}, fail(op, p, syscall.ENOTDIR)
			}
			continue
		}
		if cur.node == nil {
			return spot{}, fail(op, p, syscall.ENOENT)
		}
		if cur.node.Type != tree.Dir {
			return spot{}, fail(op, p, syscall.ENOTDIR)
		}
		if !f.Cred.may(cur.node, 1) {
			return spot{}, fail(op, p, syscall.EACCES)
		}
		if part == ".." {
			cur = f.at(path.Dir(cur.abs))
			continue
		}
		if len(part) > 255 {
			return spot{}, fail(op, p, syscall.ENAMETOOLONG)
		}
		next := f.child(cur, part)
		last := true
		for _, t := range todo {
			if t != "" && t != "." {
				last = false
			}
		}
		if next.node != nil && next.node.Type == tree.Symlink && (!last || follow || mustDir) {
			if links++; links > maxLinks {
				return spot{}, fail(op, p, syscall.ELOOP)
			}
			to := strings.Split(next.node.Target, "/")
			if strings.HasPrefix(next.node.Target, "/") {
				cur = f.at("/")
			}
			todo = append(to, todo...)
			continue
		}
		cur = next
	}
	if cur.node != nil {
		if h := f.open[cur.key()]; h != nil && h.dirty {
			h.flush()
			cur.node = cur.m.Tree.Lookup(cur.p)
		}
	}
	return cur, nil
}

func (s spot) key() string {
	if s.m.At == "/" {
		return s.p
	}
	return s.m.At + "\x00" + s.p
}

// need is find for something that must be there.
func (f *FS) need(op, p string, follow bool) (spot, error) {
	s, err := f.find(op, p, follow)
	if err == nil && s.node == nil {
		err = fail(op, p, syscall.ENOENT)
	}
	return s, err
}

// may reports whether the user has the permission bits (4 read, 2 write, 1 execute or search) on n.
func (c Cred) may(n *tree.Node, bits uint32) bool {
	if c.UID == 0 {
		return bits&1 == 0 || n.Type == tree.Dir || n.Mode&0o111 != 0
	}
	mode := n.Mode
	switch {
	case n.UID == c.UID:
		mode >>= 6
	case c.in(n.GID):
		mode >>= 3
	}
	return mode&bits == bits
}

func (c Cred) in(gid int) bool {
	if c.GID == gid {
		return true
	}
	for _, g := range c.Groups {
		if g == gid {
			return true
		}
	}
	return false
}

// parentWritable checks that an entry may be made or removed at s.
func (f *FS) parentWritable(op, p string, s spot) error {
	parent := f.at(path.Dir(s.abs))
	switch {
	case parent.node == nil:
		return fail(op, p, syscall.ENOENT)
	case parent.node.Type != tree.Dir:
		return fail(op, p, syscall.ENOTDIR)
	case s.m.ReadOnly:
		return fail(op, p, syscall.EROFS)
	case !f.Cred.may(parent.node, 3):
		return fail(op, p, syscall.EACCES)
	}
	return nil
}

// removable is parentWritable with what the sticky bit and mount points forbid.
func (f *FS) removable(op, p string, s spot) error {
	if err := f.parentWritable(op, p, s); err != nil {
		return err
	}
	for _, m := range f.mounts {
		if m.At == s.abs || strings.HasPrefix(m.At, s.abs+"/") {
			return fail(op, p, syscall.EBUSY)
		}
	}
	parent := f.at(path.Dir(s.abs)).node
	if parent.Mode&0o1000 != 0 && f.Cred.UID != 0 && f.Cred.UID != s.node.UID && f.Cred.UID != parent.UID {
		return fail(op, p, syscall.EPERM)
	}
	return nil
}

// touchParent records the time of a change in the folder that holds s.
func (f *FS) touchParent(s spot) {
	dir := path.Dir(s.p)
	if s.m.Tree.Lookup(dir) != nil {
		now := f.now()
		s.m.Tree.Edit(dir, func(n *tree.Node) { n.ModTime = now })
	}
}

func (f *FS) spend(bytes, entries int64) error {
	f.budget.Bytes -= bytes
	f.budget.Entries -= entries
	if f.budget.Bytes < 0 || f.budget.Entries < 0 {
		return syscall.ENOSPC
	}
	return nil
}

// create puts a new node at s with the process as owner.
func (f *FS) create(op, p string, s spot, n *tree.Node) error {
	if err := f.parentWritable(op, p, s); err != nil {
		return err
	}
	if err := f.spend(0, 1); err != nil {
		return fail(op, p, err)
	}
	parent := f.at(path.Dir(s.abs)).node
	n.UID, n.GID, n.ModTime = f.Cred.UID, f.Cred.GID, f.now()
	if parent.Mode&0o2000 != 0 {
		n.GID = parent.GID
		if n.Type == tree.Dir {
			n.Mode |= 0o2000
		}
	}
	s.m.Tree.Set(s.p, n)
	f.touchParent(s)
	return nil
}

// Message words an error as the C library's strerror does ("No such file or directory"). Other errors give their own text.
func Message(err error) string {
	var e syscall.Errno
	if !errors.As(err, &e) {
		return err.Error()
	}
	s := e.Error()
	return strings.ToUpper(s[:1]) + s[1:]
}

// Is reports whether err is that errno.
func Is(err error, e syscall.Errno) bool { return errors.Is(err, e) }
