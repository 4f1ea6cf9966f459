package tree

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"sync"
)

// ChangeKind says what a layer does to a path.
type ChangeKind uint8

// The kinds of changes.
const (
	Added ChangeKind = iota
	Modified
	Removed // a whiteout in the layer
	Parent  // a folder that a layer lists because something below it changed
)

// Change is one entry of a layer.
type Change struct {
	Path   string
	Kind   ChangeKind
	Node   *Node // nil for Removed
	Before *Node // nil for Added
}

// Diff lists what makes b of a, sorted by path, as the layer of a copy-on-write filesystem holds it: changed entries with
// their parent folders, and removals. A file whose time alone changed counts as modified, a folder's time does not count, as in
// BuildKit's overlay differ (util/overlay).
// Subtrees shared by both are not walked.
func Diff(a, b *Node) []Change {
	var out []Change
	diff(&out, "/", a, b)
	return out
}

func diff(out *[]Change, p string, a, b *Node) (changed bool) {
	if a == b {
		return false
	}
	switch {
	case a == nil:
		b.Walk(p, func(p string, n *Node) bool {
			if p != "/" {
				*out = append(*out, Change{Path: p, Kind: Added, Node: n})
			}
			return true
		})
		return true
	case b == nil:
		*out = append(*out, Change{Path: p, Kind: Removed, Before: a})
		return true
	case a.Type != Dir || b.Type != Dir:
		if sameFile(a, b) {
			return false
		}
		start := len(*out)
		b.Walk(p, func(p string, n *Node) bool {
			*out = append(*out, Change{Path: p, Kind: Added, Node: n})
			return true
		})
		(*out)[start].Kind, (*out)[start].Before = Modified, a
		return true
	}
	at := len(*out)
	*out = append(*out, Change{Path: p, Kind: Parent, Node: b, Before: a})
	for _, name := range sortedUnion(a, b) {
		if diff(out, join(p, name), a.Child(name), b.Child(name)) {
			changed = true
		}
	}
	if !equalAttr(a, b) {
		(*out)[at].Kind = Modified
		changed = true
	}
	if p == "/" || !changed {
		if !changed {
			*out = (*out)[:at]
		} else {
			*out = slices.Delete(*out, at, at+1)
		}
	}
	return changed
}

func sameFile(a, b *Node) bool {
	return equalAttr(a, b) && a.ModTime == b.ModTime && (a.Content == b.Content || a.Content.ID() == b.Content.ID())
}

// Apply lays what b holds over a and returns the result: folders merge, everything else replaces. It is how a merge (COPY --link)
// stacks a layer.
func Apply(a *Node, changes []Change) *Node {
	t := Begin(a)
	for _, c := range changes {
		switch c.Kind {
		case Removed:
			t.Remove(c.Path)
		case Parent, Modified, Added:
			if c.Node.Type == Dir {
				if old := t.Lookup(c.Path); old.IsDir() {
					if c.Kind != Parent {
						t.Edit(c.Path, func(n *Node) { n.Attr = c.Node.Attr })
					}
					continue
				}
				d := NewDir(c.Node.Mode)
				d.Attr = c.Node.Attr
				t.Set(c.Path, d)
				continue
			}
			t.Set(c.Path, c.Node)
		}
	}
	return t.Commit()
}

type memo struct {
	once sync.Once
	sum  [32]byte
}

// Digest identifies the node and all below it by type, mode, owner, link target, extended attributes, names and content. Times do not
// count, as in BuildKit's content checksums.
func (n *Node) Digest() string {
	s := n.digest()
	return "sha256:" + hex.EncodeToString(s[:])
}

func (n *Node) digest() [32]byte {
	if n.owner != nil {
		return n.sumUp()
	}
	n.hash.once.Do(func() { n.hash.sum = n.sumUp() })
	return n.hash.sum
}

func (n *Node) sumUp() [32]byte {
	h := sha256.New()
	var b [8]byte
	num := func(v int64) { binary.LittleEndian.PutUint64(b[:], uint64(v)); h.Write(b[:]) }
	str := func(s string) { num(int64(len(s))); h.Write([]byte(s)) }
	num(int64(n.Type))
	num(int64(n.Mode))
	num(int64(n.UID))
	num(int64(n.GID))
	str(n.Target)
	keys := make([]string, 0, len(n.Xattrs))
	for k := range n.Xattrs {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		str(k)
		str(n.Xattrs[k])
	}
	if n.Type == File {
		num(n.Content.Size())
		str(n.Content.ID())
	}
	for _, name := range n.Names() {
		str(name)
		s := n.children[name].digest()
		h.Write(s[:])
	}
	var out [32]byte
	h.Sum(out[:0])
	return out
}
