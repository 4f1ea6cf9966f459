package contents

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"

	"github.com/moby/patternmatcher"
	mode "github.com/tonistiigi/dchapes-mode"

	"drydock/grader/tree"
)

// CopyOptions says how to copy; its fields are those of BuildKit's FileActionCopy.
type CopyOptions struct {
	Src, Dest           string
	Owner               *Owner // nil keeps the source's
	Mode                int    // -1 keeps the source's
	ModeStr             string // symbolic, overrides Mode
	FollowLinks         bool
	DirContents         bool
	CreateDest          bool
	Wildcard            bool
	AllowEmptyWildcard  bool
	Unpack              bool // extract what turns out to be an archive, as ADD does
	Include, Exclude    []string
	ReplaceExisting     bool
	Timestamp           int64 // nanoseconds, -1 keeps the source's
	Now                 int64 // for folders that are made on the way
	MaxArchive          int64 // bytes that unpacking may yield
	RequiredDestination bool
}

// Copy copies from src into dst. Errors are worded as BuildKit's, with paths inside the trees.
func Copy(ctx context.Context, src *tree.Node, dst *tree.Txn, o CopyOptions) error {
	srcPath, destPath := cleanPath(o.Src), cleanPath(o.Dest)
	if _, err := resolved(dst.Root(), destPath, true); err != nil {
		return err
	}
	if !o.CreateDest {
		p := rootPath(dst.Root(), path.Join("/", o.Dest), true)
		if dst.Lookup(path.Dir(p)) == nil {
			return fmt.Errorf("failed to stat %s: %w", o.Dest, notExist("lstat", path.Dir(p)))
		}
	}
	matches := []string{srcPath}
	if o.Wildcard {
		var err error
		if matches, err = resolveWildcards(src, srcPath, o.FollowLinks); err != nil {
			return err
		}
		if len(matches) == 0 {
			if o.AllowEmptyWildcard {
				return nil
			}
			return fmt.Errorf("%s not found", srcPath)
		}
	}
	for _, m := range matches {
		if o.Unpack {
			done, err := unpack(ctx, src, m, dst, destPath, o)
			if err != nil {
				return err
			}
			if done {
				continue
			}
		}
		if err := copyOne(ctx, src, m, dst, destPath, o); err != nil {
			return err
		}
	}
	return nil
}

func notExist(op, p string) error { return &fs.PathError{Op: op, Path: p, Err: syscall.ENOENT} }

func resolveWildcards(src *tree.Node, p string, follow bool) ([]string, error) {
	fixed, wild := splitWildcard(p)
	if wild == "" {
		return []string{p}, nil
	}
	start, err := resolved(src, fixed, follow)
	if err != nil {
		return nil, err
	}
	n := src.Lookup(start)
	if n == nil {
		return nil, notExist("lstat", start)
	}
	var out []string
	n.Walk("", func(rel string, n *tree.Node) bool {
		if rel == "" {
			return true
		}
		if ok, _ := path.Match(wild, rel); !ok {
			return true
		}
		out = append(out, path.Join(start, rel))
		return false
	})
	return out, nil
}

type copier struct {
	ctx     context.Context
	src     *tree.Node
	dst     *tree.Txn
	o       CopyOptions
	include *patternmatcher.PatternMatcher
	exclude *patternmatcher.PatternMatcher
	modeSet *mode.Set
	parents []pending
	inodes  map[uint64]uint64 // of the source's hard links, and what they are in the copy
}

// pending is a folder of the source that is made only once something below it is copied.
type pending struct {
	node *tree.Node
	dst  string
	made bool
}

func copyOne(ctx context.Context, src *tree.Node, srcPath string, dst *tree.Txn, destPath string, o CopyOptions) error {
	c := &copier{ctx: ctx, src: src, dst: dst, o: o}
	ensure := destPath
	if d, f := path.Split(destPath); f != "" && f != "." {
		ensure = d
	}
	if ensure != "" {
		p := rootPath(dst.Root(), ensure, true)
		if err := c.mkdirAll(p); err != nil {
			return err
		}
	}
	var err error
	if o.ModeStr != "" {
		set, err := mode.ParseWithUmask(o.ModeStr, 0)
		if err != nil {
			return err
		}
		c.modeSet = &set
	}
	if c.include, err = matcher(o.Include); err != nil {
		return fmt.Errorf("invalid includepatterns: %s: %w", o.Include, err)
	}
	if c.exclude, err = matcher(o.Exclude); err != nil {
		return fmt.Errorf("invalid excludepatterns: %s: %w", o.Exclude, err)
	}
	target := rootPath(dst.Root(), destPath, true)
	from, err := resolved(src, srcPath, o.FollowLinks)
	if err != nil {
		return err
	}
	n := src.Lookup(from)
	if n == nil {
		return notExist("lstat", from)
	}
	// What a link at the destination leads to decides whether the source goes into it.
	there := dst.Lookup(rootPath(dst.Root(), target, true))
	if !o.DirContents && n.IsDir() && there != nil || !n.IsDir() && there.IsDir() {
		target = path.Join(target, path.Base(srcPath))
	}
	parent := path.Dir(target)
	if o.DirContents && n.IsDir() && there == nil {
		parent = target
	}
	if err := c.mkdirAll(parent); err != nil {
		return err
	}
	return c.copy(n, "", target, false, patternmatcher.MatchInfo{}, patternmatcher.MatchInfo{})
}

func matcher(patterns []string) (*patternmatcher.PatternMatcher, error) {
	if len(patterns) == 0 {
		return nil, nil
	}
	return patternmatcher.New(patterns)
}

// mkdirAll makes a folder and its missing parents with the copy's owner and mode.
func (c *copier) mkdirAll(p string) error {
	perm := uint32(0o755)
	if c.o.Mode >= 0 && c.o.ModeStr == "" {
		perm = uint32(c.o.Mode)
	}
	return mkdirAll(c.dst, p, perm, c.o.Owner, c.stamp())
}

func (c *copier) stamp() int64 {
	if c.o.Timestamp >= 0 {
		return c.o.Timestamp
	}
	return c.o.Now
}

func mkdirAll(dst *tree.Txn, p string, perm uint32, owner *Owner, stamp int64) error {
	if len(p) > maxPath {
		return &fs.PathError{Op: "mkdir", Path: p, Err: syscall.ENAMETOOLONG}
	}
	if n := dst.Lookup(rootPath(dst.Root(), p, true)); n != nil {
		if n.IsDir() {
			return nil
		}
		return &fs.PathError{Op: "mkdir", Path: p, Err: syscall.ENOTDIR}
	}
	if err := mkdirAll(dst, path.Dir(p), perm, owner, stamp); err != nil {
		return err
	}
	real := path.Join(rootPath(dst.Root(), path.Dir(p), true), path.Base(p))
	if n := dst.Lookup(real); n != nil {
		if n.IsDir() {
			return nil
		}
		return &fs.PathError{Op: "mkdir", Path: p, Err: syscall.EEXIST}
	}
	d := tree.NewDir(perm & 0o777) // mkdir takes no more of a mode given as a number
	d.ModTime = stamp
	if owner != nil {
		d.UID, d.GID = owner.UID, owner.GID
	}
	dst.Set(real, d)
	return nil
}

func (c *copier) copy(n *tree.Node, rel, target string, overwrite bool, inParent, exParent patternmatcher.MatchInfo) error {
	if err := c.ctx.Err(); err != nil {
		return err
	}
	include, excluded := true, false
	var inInfo, exInfo patternmatcher.MatchInfo
	if rel != "" {
		var err error
		if c.include != nil {
			if include, inInfo, err = c.include.MatchesUsingParentResults(rel, inParent); err != nil {
				return fmt.Errorf("failed to match includepatterns: %w", err)
			}
		}
		if c.exclude != nil {
			if excluded, exInfo, err = c.exclude.MatchesUsingParentResults(rel, exParent); err != nil {
				return fmt.Errorf("failed to match excludepatterns: %w", err)
			}
			if excluded {
				include = false
			}
		}
	}
	if !include && !n.IsDir() {
		return nil
	}
	if include {
		if c.o.ReplaceExisting {
			if old := c.dst.Lookup(target); old != nil && !(n.IsDir() && old.IsDir()) {
				c.dst.Remove(target)
			}
		}
		if err := c.makeParents(overwrite); err != nil {
			return err
		}
	}
	if n.IsDir() {
		return c.copyDir(n, rel, target, overwrite, include, excluded, inInfo, exInfo)
	}
	if old := c.dst.Lookup(target); old.IsDir() {
		return fmt.Errorf("cannot replace to directory %s with file", target)
	}
	if c.plain() && n.Inode == 0 {
		c.dst.Set(target, n)
		return nil
	}
	d := n.Clone()
	d.Inode = c.inode(n)
	c.dress(d, n)
	c.dst.Set(target, d)
	return nil
}

// inode keeps hard links among the files that one source brings; to what is elsewhere, copies are not linked.
func (c *copier) inode(n *tree.Node) uint64 {
	if n.Inode == 0 {
		return 0
	}
	if c.inodes == nil {
		c.inodes = map[uint64]uint64{}
	}
	if c.inodes[n.Inode] == 0 {
		c.inodes[n.Inode] = tree.NewInode()
	}
	return c.inodes[n.Inode]
}

// plain reports whether entries keep owner, mode and time, so that they can be shared.
func (c *copier) plain() bool {
	return c.o.Owner == nil && c.modeSet == nil && c.o.Mode < 0 && c.o.Timestamp < 0
}

// dress gives d the metadata that a copy of n gets.
func (c *copier) dress(d, n *tree.Node) {
	d.Attr = n.Attr
	if c.o.Owner != nil {
		d.UID, d.GID = c.o.Owner.UID, c.o.Owner.GID
		if n.Type == tree.File && n.Mode&0o111 != 0 {
			d.Mode &^= 0o6000 // as chown does; restored by the chmod that follows where the mode is kept
		}
		d.Mode = n.Mode
	}
	if n.Type != tree.Symlink {
		switch {
		case c.modeSet != nil:
			d.Mode = fromFileMode(c.modeSet.Apply(toFileMode(n)))
		case c.o.Mode >= 0:
			d.Mode = uint32(c.o.Mode) & 0o7777
		}
	}
	if c.o.Timestamp >= 0 {
		d.ModTime = c.o.Timestamp
	}
}

func toFileMode(n *tree.Node) os.FileMode {
	m := os.FileMode(n.Mode & 0o777)
	if n.IsDir() {
		m |= os.ModeDir
	}
	for bit, flag := range map[uint32]os.FileMode{0o4000: os.ModeSetuid, 0o2000: os.ModeSetgid, 0o1000: os.ModeSticky} {
		if n.Mode&bit != 0 {
			m |= flag
		}
	}
	return m
}

func fromFileMode(m os.FileMode) uint32 {
	out := uint32(m.Perm())
	for bit, flag := range map[uint32]os.FileMode{0o4000: os.ModeSetuid, 0o2000: os.ModeSetgid, 0o1000: os.ModeSticky} {
		if m&flag != 0 {
			out |= bit
		}
	}
	return out
}

func (c *copier) makeParents(overwrite bool) error {
	for i, p := range c.parents {
		if p.made {
			continue
		}
		if err := c.makeDir(p.node, p.dst, overwrite, nil); err != nil {
			return err
		}
		c.parents[i].made = true
	}
	return nil
}

// makeDir makes the folder target after n, or merges with the one that is there.
func (c *copier) makeDir(n *tree.Node, target string, overwrite bool, created *bool) error {
	old := c.dst.Lookup(target)
	switch {
	case old == nil:
		d := tree.NewDir(n.Mode)
		c.dress(d, n)
		c.dst.Set(target, d)
		if created != nil {
			*created = true
		}
	case !old.IsDir():
		return fmt.Errorf("cannot copy to non-directory: %s", target)
	case overwrite:
		c.dst.Edit(target, func(d *tree.Node) { c.dress(d, n) })
	}
	return nil
}

func (c *copier) copyDir(n *tree.Node, rel, target string, overwrite, include, excluded bool, inInfo, exInfo patternmatcher.MatchInfo) error {
	if include && c.include == nil && c.exclude == nil && c.plain() && n.Totals().Linked == 0 && c.dst.Lookup(target) == nil {
		c.dst.Set(target, n) // nothing to merge with and nothing to change: share the folder
		return nil
	}
	if include {
		if err := c.makeDir(n, target, overwrite, nil); err != nil {
			return err
		}
	}
	c.parents = append(c.parents, pending{node: n, dst: target, made: include})
	defer func() { c.parents = c.parents[:len(c.parents)-1] }()
	if excluded && (c.exclude == nil || !c.exclude.Exclusions()) {
		return nil
	}
	for _, name := range n.Names() {
		if err := c.copy(n.Child(name), path.Join(rel, name), path.Join(target, name), true, inInfo, exInfo); err != nil {
			return err
		}
	}
	return nil
}

// trimSlash removes trailing slashes, but not from the root.
func trimSlash(p string) string {
	if t := strings.TrimRight(p, "/"); t != "" {
		return t
	}
	return "/"
}
