package tree

import (
	"maps"
	"path"
	"strings"
)

// Txn changes a tree. What it was begun with stays as it was; [Txn.Commit] freezes and returns the result. A Txn is not safe for
// use by several goroutines at once.
type Txn struct {
	root *Node
	base *Node
	done bool
}

// Begin starts a transaction over root, which is frozen by it. A nil root is an empty folder.
func Begin(root *Node) *Txn {
	if root == nil {
		root = NewDir(0o755)
	}
	return &Txn{root: root, base: root}
}

// Root returns the tree as changed so far. It must be read only, and not be kept beyond the next change.
func (t *Txn) Root() *Node { return t.root }

// Base returns the tree the transaction was begun with.
func (t *Txn) Base() *Node { return t.base }

// Lookup returns the node at a clean path, or nil. It must not be changed: see [Txn.Edit].
func (t *Txn) Lookup(p string) *Node { return t.root.Lookup(p) }

// own returns n if this transaction may change it, or a copy that it may.
func (t *Txn) own(n *Node) *Node {
	if n.owner == t {
		return n
	}
	c := n.Clone()
	c.owner = t
	return c
}

// dir returns the folder at p, owned by t, or nil where there is none.
func (t *Txn) dir(p string) *Node {
	if t.done {
		panic("tree: transaction used after Commit")
	}
	t.root = t.own(t.root)
	n := t.root
	for rest := strings.Trim(p, "/"); rest != ""; {
		var head string
		head, rest, _ = strings.Cut(rest, "/")
		c := n.children[head]
		if c == nil || c.Type != Dir {
			return nil
		}
		if c.owner != t {
			c = t.own(c)
			n.children[head] = c
		}
		n = c
	}
	return n
}

// Set puts n at p, whose parent must be a folder (it reports whether it was). n and all below it are frozen from then on
// and may be shared. Whatever was at p is replaced.
func (t *Txn) Set(p string, n *Node) bool {
	p = path.Clean("/" + p)
	if p == "/" {
		t.root = n
		return n.Type == Dir
	}
	d := t.dir(path.Dir(p))
	if d == nil {
		return false
	}
	d.children[path.Base(p)] = n
	return true
}

// Remove takes away what is at p; it reports whether there was anything.
func (t *Txn) Remove(p string) bool {
	p = path.Clean("/" + p)
	if p == "/" || t.root.Lookup(p) == nil {
		return false
	}
	d := t.dir(path.Dir(p))
	delete(d.children, path.Base(p))
	return true
}

// Edit gives fn a node at p that it may change: Attr, Content, Target, Inode, but not its children. It reports whether there was one.
func (t *Txn) Edit(p string, fn func(*Node)) bool {
	p = path.Clean("/" + p)
	if p == "/" {
		t.root = t.own(t.root)
		fn(t.root)
		return true
	}
	old := t.root.Lookup(p)
	if old == nil {
		return false
	}
	n := t.own(old)
	if n != old {
		t.dir(path.Dir(p)).children[path.Base(p)] = n
	}
	fn(n)
	return true
}

// Commit freezes and returns the tree. The transaction cannot be used afterwards.
func (t *Txn) Commit() *Node {
	t.done = true
	freeze(t.root, t)
	return t.root
}

// Snapshot freezes and returns the tree as it is now; the transaction goes on.
func (t *Txn) Snapshot() *Node {
	freeze(t.root, t)
	return t.root
}

func freeze(n *Node, t *Txn) {
	if n.owner != t {
		return
	}
	n.owner = nil
	for _, c := range n.children {
		freeze(c, t)
	}
}

// equalAttr compares what a layer records of a node, apart from times.
func equalAttr(a, b *Node) bool {
	return a.Type == b.Type && a.Mode == b.Mode && a.UID == b.UID && a.GID == b.GID && a.Target == b.Target &&
		maps.Equal(a.Xattrs, b.Xattrs)
}
