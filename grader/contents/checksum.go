package contents

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"path"
	"sort"
	"strings"

	"github.com/moby/patternmatcher"

	"drydock/grader/tree"
)

// Selection names the part of a tree that a step depends on.
type Selection struct {
	Path             string
	FollowLinks      bool
	Wildcard         bool
	Include, Exclude []string
	Required         []string
}

var errTooManyLinks = errors.New("too many links")

// Checksum sums up the selected part of a tree: names below the path, types, modes, owners, link targets, extended attributes and content; no
// times. A missing path is an error that names it.
func Checksum(root *tree.Node, s Selection) (string, error) {
	p := path.Join("/", s.Path)
	if strings.HasSuffix(s.Path, "/") && p != "/" {
		p += "/"
	}
	if !s.Wildcard && len(s.Include) == 0 && len(s.Exclude) == 0 {
		return whole(root, p, s.FollowLinks)
	}
	prefix, found, err := selected(root, p, s)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	for i := range found {
		f := &found[i]
		if f.follow && f.node.Type == tree.Symlink && !f.header {
			d, err := whole(root, f.path, true)
			if err != nil {
				return "", err
			}
			f.sum = d
		}
	}
	if len(found) == 1 && path.Base(p) == path.Base(found[0].path) {
		return found[0].digest(), nil
	}
	for _, f := range found {
		write(h, strings.TrimPrefix(f.path, prefix))
		write(h, f.digest())
	}
	return sum(h), nil
}

func write(h hash.Hash, s string) {
	var n [8]byte
	binary.LittleEndian.PutUint64(n[:], uint64(len(s)))
	h.Write(n[:])
	h.Write([]byte(s))
}

func sum(h hash.Hash) string { return "sha256:" + hex.EncodeToString(h.Sum(nil)) }

// whole is the checksum of one path with all that is below it.
func whole(root *tree.Node, p string, follow bool) (string, error) {
	clean := path.Join("/", p)
	real := rootPath(root, clean, follow)
	if real == "" {
		return "", errTooManyLinks
	}
	n := root.Lookup(real)
	if n == nil {
		return "", fmt.Errorf("%q: not found", keyPath(clean))
	}
	return n.Digest(), nil
}

// keyPath is how BuildKit's messages name a path: the root has none.
func keyPath(p string) string {
	if p == "/" {
		return ""
	}
	return p
}

// entry is a path that counts: a file, a link, or the header (mode, owner) of a folder.
type entry struct {
	path   string
	node   *tree.Node
	header bool
	follow bool
	in, ex patternmatcher.MatchInfo
	taken  bool
	sum    string
}

func (e *entry) digest() string {
	if e.sum == "" {
		if e.header {
			d := tree.NewDir(e.node.Mode)
			d.Attr = e.node.Attr
			e.sum = d.Digest()
		} else {
			e.sum = e.node.Digest()
		}
	}
	return e.sum
}

// selection walks the part of a tree that patterns choose from.
type selection struct {
	Selection
	want    string // the path as written, with wildcards
	slash   bool   // it ends in one
	include *patternmatcher.PatternMatcher
	exclude *patternmatcher.PatternMatcher
	parents []*entry
	out     []*entry
	matched string // the last folder that the wildcard matched
}

func selected(root *tree.Node, p string, s Selection) (prefix string, found []entry, err error) {
	w := &selection{Selection: s, want: keyPath(path.Join("/", p)), slash: strings.HasSuffix(p, "/")}
	if w.include, err = matcher(s.Include); err != nil {
		return "", nil, fmt.Errorf("invalid includepatterns: %s: %w", s.Include, err)
	}
	if w.exclude, err = matcher(s.Exclude); err != nil {
		return "", nil, fmt.Errorf("invalid excludepatterns: %s: %w", s.Exclude, err)
	}
	written, real := w.want, ""
	if s.Wildcard {
		fixed, wild := splitWildcard(w.want)
		written = keyPath(fixed)
		real = rootPath(root, fixed, wild != "")
	} else {
		real = rootPath(root, w.want, false)
	}
	if real == "" {
		return "", nil, errTooManyLinks
	}
	if n := root.Lookup(real); n != nil {
		if err := w.walk(n, written); err != nil {
			return "", nil, err
		}
	}
	for _, e := range w.out {
		found = append(found, *e)
	}
	for _, r := range s.Required {
		ok := false
		for _, e := range found {
			ok = ok || strings.HasPrefix(e.path, r)
		}
		if !ok {
			return "", nil, fmt.Errorf("%q: not found", r)
		}
	}
	return written, found, nil
}

// walk visits n and what is below it; p is its path as the step wrote it, links not replaced.
func (w *selection) walk(n *tree.Node, p string) error {
	if !n.IsDir() {
		e := &entry{path: p, node: n, follow: len(w.parents) == 0 && w.FollowLinks}
		ok, err := w.chosen(e)
		if err == nil && ok {
			w.take(e)
		}
		return err
	}
	if w.slash && p == w.want { // a source that ends in a slash: its own mode and owner do not count
		if w.Wildcard {
			w.matched = p
		}
		return w.below(n, p)
	}
	e := &entry{path: p, node: n, header: true, follow: len(w.parents) == 0 && w.FollowLinks}
	if w.Wildcard && w.want != "" && !w.inside(p) && !w.matches(p) {
		return w.below(n, p) // not matched itself: only what is further down may be
	}
	ok, err := w.chosen(e)
	if err != nil {
		return err
	}
	if ok {
		w.take(e)
	}
	w.parents = append(w.parents, e)
	defer func() { w.parents = w.parents[:len(w.parents)-1] }()
	return w.below(n, p)
}

func (w *selection) below(n *tree.Node, p string) error {
	for _, name := range n.Names() {
		if err := w.walk(n.Child(name), p+"/"+name); err != nil {
			return err
		}
	}
	return nil
}

func (w *selection) inside(p string) bool {
	return w.matched != "" && strings.HasPrefix(p, w.matched+"/")
}

func (w *selection) matches(p string) bool {
	ok, _ := path.Match(w.want, p)
	return ok
}

// chosen decides whether an entry counts.
func (w *selection) chosen(e *entry) (bool, error) {
	base := w.want
	if w.Wildcard {
		if w.want != "" && !w.inside(e.path) {
			if _, err := path.Match(w.want, ""); err != nil {
				return false, err
			}
			if !w.matches(e.path) {
				return false, nil
			}
			w.matched = e.path
		}
		base = w.matched
	}
	rel := strings.TrimSuffix(strings.TrimPrefix(e.path+"/", base+"/"), "/")
	var parent entry
	if len(w.parents) > 0 {
		parent = *w.parents[len(w.parents)-1]
	}
	var err error
	ok := true
	if w.include != nil {
		if ok, e.in, err = w.include.MatchesUsingParentResults(rel, parent.in); err != nil {
			return false, fmt.Errorf("failed to match includepatterns: %w", err)
		}
		if !ok {
			return false, nil
		}
	}
	if w.exclude != nil {
		if ok, e.ex, err = w.exclude.MatchesUsingParentResults(rel, parent.ex); err != nil {
			return false, fmt.Errorf("failed to match excludepatterns: %w", err)
		}
		return !ok, nil
	}
	return true, nil
}

// take records an entry, preceded by the folders that it lies in.
func (w *selection) take(e *entry) {
	for _, p := range w.parents {
		if !p.taken {
			p.taken = true
			w.out = append(w.out, p)
		}
	}
	e.taken = true
	w.out = append(w.out, e)
}

// Combine joins the checksums of several selections, in the order of their paths.
func Combine(root *tree.Node, sels []Selection) (string, error) {
	if len(sels) == 0 {
		sels = []Selection{{}}
	}
	sels = append([]Selection(nil), sels...)
	sort.SliceStable(sels, func(i, j int) bool { return sels[i].Path < sels[j].Path })
	h := sha256.New()
	for _, s := range sels {
		d, err := Checksum(root, s)
		if err != nil {
			return "", err
		}
		write(h, d)
	}
	return sum(h), nil
}
