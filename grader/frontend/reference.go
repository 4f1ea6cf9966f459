package frontend

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"

	"github.com/containerd/platforms"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	fstypes "github.com/tonistiigi/fsutil/types"

	"drydock/grader/tree"
)

// PlatformName writes a platform as "linux/arm64" or "linux/arm/v7".
func PlatformName(p ocispecs.Platform) string { return platforms.Format(platforms.Normalize(p)) }

// reference is a result that is solved when it is first looked at.
type reference struct {
	g    *gateway
	edge solver.Edge
}

func (r *reference) ToState() (llb.State, error) {
	return llb.State{}, errors.New("results cannot be turned back into states")
}

func (r *reference) Evaluate(ctx context.Context) error {
	_, err := r.root(ctx)
	return err
}

func (r *reference) root(ctx context.Context) (*tree.Node, error) {
	if r.edge.Vertex == nil {
		return tree.NewDir(0o755), nil
	}
	return r.g.solver.Solve(ctx, r.edge)
}

func (r *reference) find(ctx context.Context, op, name string) (*tree.Node, error) {
	root, err := r.root(ctx)
	if err != nil {
		return nil, err
	}
	n, _ := root.Resolve(name)
	if n == nil {
		return nil, &fs.PathError{Op: op, Path: strings.TrimPrefix(path.Join("/", name), "/"), Err: syscall.ENOENT}
	}
	return n, nil
}

func (r *reference) ReadFile(ctx context.Context, req client.ReadRequest) ([]byte, error) {
	n, err := r.find(ctx, "open", req.Filename)
	if err != nil {
		return nil, err
	}
	if n.IsDir() {
		return nil, &fs.PathError{Op: "read", Path: strings.TrimPrefix(req.Filename, "/"), Err: syscall.EISDIR}
	}
	data, known := n.Content.Known()
	if !known {
		return nil, &fs.PathError{Op: "read", Path: req.Filename, Err: syscall.EFBIG}
	}
	if rg := req.Range; rg != nil {
		data = data[min(rg.Offset, len(data)):]
		data = data[:min(rg.Length, len(data))]
	}
	return data, nil
}

func (r *reference) StatFile(ctx context.Context, req client.StatRequest) (*fstypes.Stat, error) {
	n, err := r.find(ctx, "lstat", req.Path)
	if err != nil {
		return nil, err
	}
	return Stat(path.Base(req.Path), n), nil
}

func (r *reference) ReadDir(ctx context.Context, req client.ReadDirRequest) ([]*fstypes.Stat, error) {
	n, err := r.find(ctx, "open", req.Path)
	if err != nil {
		return nil, err
	}
	var out []*fstypes.Stat
	for _, name := range n.Names() {
		if req.IncludePattern != "" {
			if ok, err := path.Match(req.IncludePattern, name); err != nil || !ok {
				continue
			}
		}
		out = append(out, Stat(name, n.Child(name)))
	}
	return out, nil
}

// Stat describes a node as fsutil does.
func Stat(p string, n *tree.Node) *fstypes.Stat {
	m := os.FileMode(n.Mode & 0o777)
	for bit, flag := range map[uint32]os.FileMode{0o4000: os.ModeSetuid, 0o2000: os.ModeSetgid, 0o1000: os.ModeSticky} {
		if n.Mode&bit != 0 {
			m |= flag
		}
	}
	s := &fstypes.Stat{Path: p, Uid: uint32(n.UID), Gid: uint32(n.GID), ModTime: n.ModTime}
	switch n.Type {
	case tree.File:
		s.Size = n.Size()
	case tree.Dir:
		m |= os.ModeDir
	case tree.Symlink:
		m |= os.ModeSymlink
		s.Linkname = n.Target
	case tree.Fifo:
		m |= os.ModeNamedPipe
	case tree.CharDevice:
		m |= os.ModeDevice | os.ModeCharDevice
	case tree.BlockDevice:
		m |= os.ModeDevice
	case tree.Socket:
		m |= os.ModeSocket
	}
	s.Mode = uint32(m)
	return s
}
