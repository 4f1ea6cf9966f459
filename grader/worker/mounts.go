package worker

import (
	"fmt"
	"path"
	"strings"

	"github.com/moby/buildkit/solver/pb"

	"drydock/grader/container"
	"drydock/grader/tool"
	"drydock/grader/tree"
	"drydock/grader/vfs"
)

// hostname is what BuildKit calls its containers.
const hostname = "buildkitsandbox"

// mounts lays what a step mounts over its root filesystem, and returns the environment with what secrets add.
func (p *process) mounts(view *vfs.FS, env tool.Env) (tool.Env, error) {
	container.MountBuild(view, hostname)
	p.outputs = map[string]*Ref{}
	for _, m := range p.op.op.Mounts {
		dest := path.Clean(m.Dest)
		if !path.IsAbs(dest) {
			dest = path.Join("/", p.op.op.Meta.Cwd, dest)
		}
		if dest == "/" {
			continue
		}
		mount := vfs.Mount{At: dest, ReadOnly: m.Readonly, Kind: strings.ToLower(m.MountType.String())}
		isFile := false
		switch m.MountType {
		case pb.MountType_BIND:
			root := emptyRoot
			if m.Input != -1 {
				root = p.refs[m.Input].Root
			}
			source := path.Join("/", m.Selector)
			n, real := root.Resolve(source)
			if n == nil {
				return nil, fmt.Errorf("failed to mount %s: no such file or directory", source)
			}
			mount.Tree, mount.Source, isFile = tree.Begin(root), real, !n.IsDir()
		case pb.MountType_CACHE:
			mount.Tree = p.cache(m)
		case pb.MountType_TMPFS:
			d := tree.NewDir(0o1777)
			mount.Tree = tree.Begin(d)
		case pb.MountType_SECRET:
			data, ok := p.run.Secrets[m.SecretOpt.ID]
			if !ok {
				if m.SecretOpt.Optional {
					continue
				}
				return nil, fmt.Errorf("secret %s: not found", m.SecretOpt.ID)
			}
			n := tree.NewFile(m.SecretOpt.Mode&0o777, tree.Bytes(append([]byte(nil), data...)))
			n.UID, n.GID = int(m.SecretOpt.Uid), int(m.SecretOpt.Gid)
			mount.Tree, mount.Source = tree.Begin(tree.NewDir(0o755).Put("secret", n)), "/secret"
			mount.ReadOnly, isFile = true, true
		case pb.MountType_SSH:
			if !p.run.SSH[m.SSHOpt.ID] {
				if m.SSHOpt.Optional {
					continue
				}
				return nil, fmt.Errorf("no SSH key %q forwarded from the client", m.SSHOpt.ID)
			}
			n := &tree.Node{Type: tree.Socket, Attr: tree.Attr{Mode: m.SSHOpt.Mode & 0o777, UID: int(m.SSHOpt.Uid), GID: int(m.SSHOpt.Gid)}}
			mount.Tree, mount.Source = tree.Begin(tree.NewDir(0o755).Put("agent", n)), "/agent"
			isFile = true
			if _, ok := env.Lookup("SSH_AUTH_SOCK"); !ok {
				env = append(env, "SSH_AUTH_SOCK="+dest)
			}
		}
		p.stub(view, dest, isFile)
		if real, err := view.Real(dest); err == nil {
			mount.At = real
		}
		view.Mount(mount)
	}
	for _, s := range p.op.op.Secretenv {
		data, ok := p.run.Secrets[s.ID]
		if !ok {
			if s.Optional {
				continue
			}
			return nil, fmt.Errorf("secret %s: not found", s.ID)
		}
		env = env.With(s.Name, string(data))
	}
	return env, nil
}

// cache returns the folder behind a cache mount, made (from its seed, if it has one) when it is first used.
func (p *process) cache(m *pb.Mount) *tree.Txn {
	w := p.op.w
	w.mu.Lock()
	defer w.mu.Unlock()
	id := m.CacheOpt.ID
	if t := w.caches[id]; t != nil && !p.op.ignoreCache {
		return t
	}
	root := tree.NewDir(0o755)
	if m.Input != -1 {
		if n, _ := p.refs[m.Input].Root.Resolve(path.Join("/", m.Selector)); n.IsDir() {
			root = n
		}
	}
	t := tree.Begin(root)
	if w.caches != nil {
		w.caches[id] = t
	}
	return t
}

// stub makes the mount point where the image has none. What is still empty when the step ends is taken away again, as BuildKit does
// (RemoveMountStubsRecursive).
func (p *process) stub(view *vfs.FS, dest string, isFile bool) {
	parts := strings.Split(strings.Trim(dest, "/"), "/")
	for i := range parts {
		q := "/" + strings.Join(parts[:i+1], "/")
		if view.Exists(q) {
			continue
		}
		if isFile && i == len(parts)-1 {
			view.WriteFile(q, nil, 0o644)
		} else {
			view.Mkdir(q, 0o755)
		}
		p.stubs = append(p.stubs, q)
	}
}

// removeStubs takes away the mount points that were made and are still empty, deepest first.
func (p *process) removeStubs() {
	for i := len(p.stubs) - 1; i >= 0; i-- {
		n, at := p.txn.Root().Resolve(p.stubs[i])
		if n != nil && n.Len() == 0 && n.Size() == 0 {
			p.txn.Remove(at)
		}
	}
}
