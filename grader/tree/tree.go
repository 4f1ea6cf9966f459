// Package tree is a persistent filesystem tree: what an image, a layer or a build context holds.
//
// A [Node] is a file, folder or link with owner, mode, size and, where it matters, content. Nodes that have
// been frozen are shared freely between trees, builds and gradings and never change again; a [Txn] copies only the folders on
// the way to what it changes. Folder totals, content digests and differences are memoised per node, so that a
// node_modules of 50,000 entries is copied, counted and compared without being walked twice.
//
// Paths here are clean, absolute and free of links ("/", "/usr/bin"): following links, permissions and mounts is the
// business of package vfs.
package tree

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
)

// Type tells what a node is.
type Type uint8

// The kinds of nodes.
const (
	File Type = iota
	Dir
	Symlink
	Fifo
	CharDevice
	BlockDevice
	Socket
)

var inodes atomic.Uint64

// NewInode returns a number for a hard-linked file that no other file of this process has.
func NewInode() uint64 { return inodes.Add(1) }

// Attr holds what every node carries besides its content.
type Attr struct {
	Mode    uint32 // permission bits with setuid (04000), setgid (02000) and sticky (01000)
	UID     int
	GID     int
	ModTime int64             // nanoseconds since 1970
	Xattrs  map[string]string // never changed in place
}

// Node is an entry of a tree. The zero Node is an empty file; make folders with [NewDir].
type Node struct {
	Type Type
	Attr
	Target  string   // of a symbolic link
	Content *Content // of a file; nil means empty
	// Inode is shared by hard links: nodes with the same non-zero Inode are one file. It has no meaning across layers.
	Inode uint64

	owner    *Txn // the transaction that may still change this node; nil once frozen
	children map[string]*Node

	once  sync.Once
	names []string
	sum   Totals
	hash  memo
}

// Totals counts what a node holds, itself included.
type Totals struct {
	Bytes   int64 // sizes of the files
	Entries int   // files, folders, links
	Linked  int   // files that are hard links
}

// NewFile returns a file owned by root.
func NewFile(mode uint32, c *Content) *Node {
	return &Node{Type: File, Attr: Attr{Mode: mode}, Content: c}
}

// NewDir returns an empty folder owned by root. Fill it with [Node.Put] before it is shared.
func NewDir(mode uint32) *Node {
	return &Node{Type: Dir, Attr: Attr{Mode: mode}, children: map[string]*Node{}}
}

// NewSymlink returns a symbolic link owned by root.
func NewSymlink(target string) *Node {
	return &Node{Type: Symlink, Attr: Attr{Mode: 0o777}, Target: target}
}

// IsDir reports whether n is a folder.
func (n *Node) IsDir() bool { return n != nil && n.Type == Dir }

// Size returns a file's size in bytes, for a link the length of its target, and 0 for all else.
func (n *Node) Size() int64 {
	switch n.Type {
	case File:
		return n.Content.Size()
	case Symlink:
		return int64(len(n.Target))
	}
	return 0
}

// Child returns the entry of that name, or nil.
func (n *Node) Child(name string) *Node {
	if n == nil {
		return nil
	}
	return n.children[name]
}

// Len returns the number of entries in a folder.
func (n *Node) Len() int { return len(n.children) }

// Names returns the entries of a folder, sorted bytewise. Callers must not change the slice.
func (n *Node) Names() []string {
	if n == nil || n.Type != Dir {
		return nil
	}
	if n.owner != nil {
		return slices.Sorted(maps.Keys(n.children))
	}
	n.once.Do(n.settle)
	return n.names
}

// Put sets an entry of a folder that is still being made by hand (not yet part of a transaction or shared) and returns n.
func (n *Node) Put(name string, c *Node) *Node {
	n.children[name] = c
	return n
}

// PutAt is [Node.Put] for a path below n, making missing folders 0755 root.
func (n *Node) PutAt(p string, c *Node) *Node {
	dir, rest := n, strings.Trim(p, "/")
	for {
		head, tail, more := strings.Cut(rest, "/")
		if !more {
			dir.Put(head, c)
			return n
		}
		next := dir.children[head]
		if next == nil {
			next = NewDir(0o755)
			next.ModTime = c.ModTime
			dir.Put(head, next)
		}
		dir, rest = next, tail
	}
}

// Clone returns a copy of n that shares its children and is not yet shared itself.
func (n *Node) Clone() *Node {
	c := &Node{Type: n.Type, Attr: n.Attr, Target: n.Target, Content: n.Content, Inode: n.Inode}
	if n.Type == Dir {
		c.children = maps.Clone(n.children)
		if c.children == nil {
			c.children = map[string]*Node{}
		}
	}
	return c
}

// Totals returns bytes and entries of n and all below it. On a frozen node it is computed once.
func (n *Node) Totals() Totals {
	if n.owner != nil {
		return n.count()
	}
	n.once.Do(n.settle)
	return n.sum
}

func (n *Node) settle() {
	if n.Type == Dir {
		n.names = slices.Sorted(maps.Keys(n.children))
	}
	n.sum = n.count()
}

func (n *Node) count() Totals {
	t := Totals{Entries: 1}
	if n.Type == File {
		t.Bytes = n.Content.Size()
		if n.Inode != 0 {
			t.Linked = 1
		}
	}
	for _, c := range n.children {
		s := c.Totals()
		t.Bytes += s.Bytes
		t.Entries += s.Entries
		t.Linked += s.Linked
	}
	return t
}

// Lookup returns the node at a clean path below n, or nil. Links are not followed.
func (n *Node) Lookup(p string) *Node {
	for rest := strings.Trim(p, "/"); rest != "" && n != nil; {
		var head string
		head, rest, _ = strings.Cut(rest, "/")
		n = n.Child(head)
	}
	return n
}

// Walk calls fn for n (as root) and everything below it in sorted order, parents first. If fn returns false for a folder,
// its entries are passed over.
func (n *Node) Walk(root string, fn func(p string, n *Node) bool) {
	if n == nil || !fn(root, n) || n.Type != Dir {
		return
	}
	for _, name := range n.Names() {
		n.children[name].Walk(join(root, name), fn)
	}
}

// join is path.Join of a clean path and a name, without looking at either again.
func join(dir, name string) string {
	switch dir {
	case "/":
		return "/" + name
	case ".", "":
		return name
	}
	return dir + "/" + name
}

// Resolve follows links from the root n and returns the node at p with the path it was found at. It knows no
// permissions; use it for judging a finished image. It returns nil where nothing is or links loop.
func (n *Node) Resolve(p string) (*Node, string) {
	return n.resolve(p, 40)
}

func (n *Node) resolve(p string, hops int) (*Node, string) {
	cur, at := n, "/"
	parts := strings.Split(strings.Trim(path.Clean("/"+p), "/"), "/")
	for i, part := range parts {
		if part == "" {
			continue
		}
		cur = cur.Child(part)
		if cur == nil {
			return nil, ""
		}
		if cur.Type == Symlink {
			if hops == 0 {
				return nil, ""
			}
			to := cur.Target
			if !strings.HasPrefix(to, "/") {
				to = path.Join(at, to)
			}
			return n.resolve(path.Join(to, strings.Join(parts[i+1:], "/")), hops-1)
		}
		at = path.Join(at, part)
	}
	return cur, at
}

// String is for debugging: a listing of the tree, one entry a line.
func (n *Node) String() string {
	var b strings.Builder
	n.Walk("/", func(p string, n *Node) bool {
		fmt.Fprintf(&b, "%s %04o %d:%d %d %s\n", p, n.Mode, n.UID, n.GID, n.Size(), n.Target)
		return true
	})
	return b.String()
}

// sortedUnion returns the names in either folder, sorted.
func sortedUnion(a, b *Node) []string {
	an, bn := a.Names(), b.Names()
	out := make([]string, 0, max(len(an), len(bn)))
	i, j := 0, 0
	for i < len(an) || j < len(bn) {
		switch {
		case j == len(bn) || i < len(an) && an[i] < bn[j]:
			out = append(out, an[i])
			i++
		case i == len(an) || bn[j] < an[i]:
			out = append(out, bn[j])
			j++
		default:
			out = append(out, an[i])
			i, j = i+1, j+1
		}
	}
	sort.Strings(out)
	return out
}
