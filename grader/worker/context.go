package worker

import (
	"context"
	"errors"
	"io"
	gofs "io/fs"
	"path"
	"strings"
	"syscall"

	"github.com/tonistiigi/fsutil"

	"drydock/grader/frontend"
	"drydock/grader/tree"
)

// clientFS shows a tree to fsutil, so that .dockerignore and the choice of what to send are BuildKit's own.
type clientFS struct{ root *tree.Node }

func (c clientFS) Open(p string) (io.ReadCloser, error) {
	n := c.root.Lookup(p)
	if n == nil {
		return nil, &gofs.PathError{Op: "open", Path: p, Err: syscall.ENOENT}
	}
	return io.NopCloser(n.Content.Reader()), nil
}

func (c clientFS) Walk(ctx context.Context, target string, fn gofs.WalkDirFunc) error {
	target = strings.Trim(path.Clean("/"+target), "/")
	n := c.root.Lookup(target)
	if n == nil {
		err := fn(target, nil, &gofs.PathError{Op: "lstat", Path: target, Err: syscall.ENOENT})
		if errors.Is(err, gofs.ErrNotExist) || errors.Is(err, gofs.SkipDir) || errors.Is(err, gofs.SkipAll) {
			return nil
		}
		return err
	}
	err := walk(ctx, target, n, fn)
	if errors.Is(err, gofs.SkipDir) || errors.Is(err, gofs.SkipAll) {
		return nil
	}
	return err
}

func walk(ctx context.Context, p string, n *tree.Node, fn gofs.WalkDirFunc) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if p != "" {
		err := fn(p, &fsutil.DirEntryInfo{Stat: frontend.Stat(p, n)}, nil)
		if errors.Is(err, gofs.SkipDir) && n.IsDir() {
			return nil
		}
		if err != nil {
			return err
		}
	}
	for _, name := range n.Names() {
		q := name
		if p != "" {
			q = p + "/" + name
		}
		if err := walk(ctx, q, n.Child(name), fn); err != nil {
			if errors.Is(err, gofs.SkipDir) {
				return nil // a file asked to skip the rest of its folder
			}
			return err
		}
	}
	return nil
}

// filter returns the part of a client's folder that the patterns leave.
func filter(ctx context.Context, root *tree.Node, opt *fsutil.FilterOpt) (*tree.Node, error) {
	if len(opt.IncludePatterns) == 0 && len(opt.ExcludePatterns) == 0 && len(opt.FollowPaths) == 0 {
		return root, nil
	}
	fs, err := fsutil.NewFilterFS(clientFS{root}, opt)
	if err != nil {
		return nil, err
	}
	out := tree.NewDir(root.Mode)
	out.Attr = root.Attr
	dirs := map[string]*tree.Node{"": out}
	err = fs.Walk(ctx, "", func(p string, _ gofs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		n := root.Lookup(p)
		dir, name := path.Split(p)
		parent := dirs[strings.TrimSuffix(dir, "/")]
		if n == nil || parent == nil {
			return nil
		}
		if n.IsDir() {
			d := tree.NewDir(n.Mode)
			d.Attr = n.Attr
			dirs[p] = d
			n = d
		}
		parent.Put(name, n)
		return nil
	})
	return out, err
}
