package worker

import (
	"fmt"
	"path"
	"strings"

	"github.com/moby/buildkit/solver/pb"

	"drydock/grader/tool"
	"drydock/grader/tree"
	"drydock/grader/vfs"
)

// mounts lays what a step mounts over its root filesystem, and returns the environment with what secrets add.
func (p *process) mounts(view *vfs.FS, env tool.Env) (tool.Env, error) {
	p.system(view)
	p.outputs = map[string]*Ref{}
	for _, m := range p.op.op.Mounts {
		dest := path.Clean("/" + m.Dest)
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

// system mounts what every container has: /proc, /dev, /sys, and the files that the runtime provides.
func (p *process) system(view *vfs.FS) {
	for _, m := range systemMounts {
		p.stub(view, m.at, !m.root.IsDir())
		view.Mount(vfs.Mount{At: m.at, Tree: tree.Begin(systemTree(m)), Source: m.source(), ReadOnly: m.readOnly, Kind: m.kind})
	}
}

type systemMount struct {
	at, kind string
	root     *tree.Node
	readOnly bool
}

func (m systemMount) source() string {
	if m.root.IsDir() {
		return ""
	}
	return "/file"
}

func systemTree(m systemMount) *tree.Node {
	if m.root.IsDir() {
		return m.root
	}
	return tree.NewDir(0o755).Put("file", m.root)
}

// systemMounts follow the default mounts of BuildKit's containers.
var systemMounts = []systemMount{
	{at: "/proc", kind: "proc", root: procTree(), readOnly: true},
	{at: "/dev", kind: "dev", root: devTree()},
	{at: "/sys", kind: "sys", root: tree.NewDir(0o555), readOnly: true},
	{at: "/etc/resolv.conf", kind: "bind", root: tree.NewFile(0o644, tree.Text("nameserver 10.0.0.2\n")), readOnly: true},
	{at: "/etc/hosts", kind: "bind", root: tree.NewFile(0o644, tree.Text("127.0.0.1\tlocalhost buildkitsandbox\n::1\tlocalhost ip6-localhost ip6-loopback\n")), readOnly: true},
}

func procTree() *tree.Node {
	text := func(s string) *tree.Node { return tree.NewFile(0o444, tree.Text(s)) }
	self := tree.NewDir(0o555).Put("cmdline", text("sh\x00")).Put("comm", text("sh\n")).Put("fd", tree.NewDir(0o500)).
		Put("mounts", text("overlay / overlay rw,relatime 0 0\nproc /proc proc rw,nosuid,nodev,noexec,relatime 0 0\n")).
		Put("status", text("Name:\tsh\nPid:\t1\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n")).
		Put("environ", text("")).Put("cgroup", text("0::/\n"))
	return tree.NewDir(0o555).Put("1", self).Put("self", tree.NewSymlink("1")).
		Put("cpuinfo", text("processor\t: 0\nmodel name\t: virtual\n\nprocessor\t: 1\nmodel name\t: virtual\n\n")).
		Put("meminfo", text("MemTotal:        8000000 kB\nMemFree:         6000000 kB\nMemAvailable:    7000000 kB\n")).
		Put("mounts", tree.NewSymlink("self/mounts")).
		Put("version", text("Linux version 6.1.0 (drydock)\n")).
		Put("loadavg", text("0.00 0.00 0.00 1/1 1\n")).
		Put("uptime", text("100.00 100.00\n"))
}

func devTree() *tree.Node {
	char := func(name string, mode uint32) *tree.Node {
		return &tree.Node{Type: tree.CharDevice, Attr: tree.Attr{Mode: mode}, Target: name}
	}
	d := tree.NewDir(0o755)
	for _, name := range []string{"null", "zero", "full", "random", "urandom", "tty"} {
		d.Put(name, char(name, 0o666))
	}
	return d.Put("stdin", tree.NewSymlink("/proc/self/fd/0")).Put("stdout", tree.NewSymlink("/proc/self/fd/1")).
		Put("stderr", tree.NewSymlink("/proc/self/fd/2")).Put("fd", tree.NewSymlink("/proc/self/fd")).
		Put("core", tree.NewSymlink("/proc/kcore")).Put("ptmx", tree.NewSymlink("pts/ptmx")).
		Put("pts", tree.NewDir(0o755)).Put("shm", tree.NewDir(0o1777)).Put("mqueue", tree.NewDir(0o1777))
}
