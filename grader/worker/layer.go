package worker

import (
	"crypto/sha256"
	"strconv"
	"sync"

	digest "github.com/opencontainers/go-digest"

	"drydock/grader/catalogue"
	"drydock/grader/tree"
)

// Layer is one change of a filesystem. What is computed of it is computed once, since the builds of a grading share most layers.
type Layer struct {
	Lower, Upper *tree.Node
	Vertex       digest.Digest    // that made it; empty for a base image's
	Base         *catalogue.Layer // for a base image's
	Image        *catalogue.Image // that it belongs to, for a base image's

	diff    sync.Once
	changes []tree.Change
	weigh   sync.Once
	bytes   int64
	hash    sync.Once
	digest  string
}

// Changes lists the layer's entries. A base image's layers are not told apart: the first of them lists all.
func (l *Layer) Changes() []tree.Change {
	l.diff.Do(func() { l.changes = tree.Diff(l.Lower, l.Upper) })
	return l.changes
}

// Bytes sums the sizes of the layer's files; further names of a hard-linked file count nothing.
func (l *Layer) Bytes() int64 {
	l.weigh.Do(func() {
		seen := map[uint64]bool{}
		for _, c := range l.Changes() {
			if c.Node == nil || c.Node.Type != tree.File || c.Kind == tree.Parent || seen[c.Node.Inode] {
				continue
			}
			if c.Node.Inode != 0 {
				seen[c.Node.Inode] = true
			}
			l.bytes += c.Node.Size()
		}
	})
	return l.bytes
}

// Digest is equal for layers with the same entries, times included, as the digest of their archive is.
func (l *Layer) Digest() string {
	l.hash.Do(func() {
		h := sha256.New()
		buf := make([]byte, 0, 512)
		for _, c := range l.Changes() {
			buf = append(buf[:0], c.Path...)
			n := c.Node
			if n == nil {
				h.Write(append(buf, "\x00gone\n"...))
				continue
			}
			for _, v := range []int64{int64(n.Type), int64(n.Mode), int64(n.UID), int64(n.GID), n.ModTime / 1e9, n.Size()} {
				buf = strconv.AppendInt(append(buf, 0), v, 10)
			}
			buf = append(append(buf, 0), n.Target...)
			if n.Type == tree.File {
				buf = append(append(buf, 0), n.Content.ID()...)
			}
			h.Write(append(buf, '\n'))
		}
		l.digest = digest.NewDigest(digest.SHA256, h).String()
	})
	return l.digest
}

// Wrote reports whether the layer holds the file at a clean path.
func (l *Layer) Wrote(p string) bool {
	n := l.Upper.Lookup(p)
	return n != nil && n.Type == tree.File && n != l.Lower.Lookup(p)
}
