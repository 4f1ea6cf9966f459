package worker

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/moby/buildkit/solver"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"

	"drydock/grader/container"
	"drydock/grader/report"
	"drydock/grader/tool"
	"drydock/grader/tree"
	"drydock/grader/vfs"
)

// Bounds of one step.
const (
	maxOutput  = 200 << 10 // bytes of output that are kept, as much as BuildKit shows
	maxWritten = 256 << 20 // bytes of known content that may be written
	maxEntries = 1 << 20
)

// execOp runs a command: RUN.
type execOp struct {
	vertex
	op       *pb.ExecOp
	platform *pb.Platform
}

func (e *execOp) CacheMap(context.Context, solver.JobContext, int) (*solver.CacheMap, bool, error) {
	op := e.op.CloneVT()
	for _, h := range op.Meta.ExtraHosts {
		h.IP = ""
	}
	for _, m := range op.Mounts {
		m.Selector = ""
		if m.CacheOpt != nil && !defaultCacheID(m) {
			m.CacheOpt.ID, m.CacheOpt.Sharing = "", 0
		}
	}
	op.Meta.ProxyEnv = nil
	if len(op.Mounts) == 1 && op.Mounts[0].Dest == "/" && !op.Mounts[0].Readonly && op.Mounts[0].MountType == pb.MountType_BIND {
		op.Mounts = nil
	}
	dt, err := json.Marshal(struct {
		Type     string
		Exec     *pb.ExecOp
		Platform *pb.Platform
	}{"exec", op, e.platform})
	if err != nil {
		return nil, false, err
	}
	m := &solver.CacheMap{Digest: digest.FromBytes(dt), Deps: make(deps, e.inputs)}
	selected := map[int][]Selected{}
	byContent := map[int]bool{}
	for _, mt := range e.op.Mounts {
		if mt.MountType == pb.MountType_SECRET || mt.MountType == pb.MountType_SSH || mt.MountType == pb.MountType_TMPFS || mt.Input == -1 {
			continue
		}
		if mt.Input < 0 || int(mt.Input) >= e.inputs {
			return nil, false, fmt.Errorf("invalid mountinput %v", mt)
		}
		i, sel := int(mt.Input), path.Join("/", mt.Selector)
		selected[i] = append(selected[i], Selected{Path: sel, FollowLinks: true})
		// Content decides only where the step cannot hand on what it did not select.
		content := mt.Output == -1 || mt.Readonly || sel == "/"
		switch mt.ContentCache {
		case pb.MountContentCache_OFF:
			content = false
		case pb.MountContentCache_DEFAULT:
			content = content && mt.Dest != "/"
		}
		byContent[i] = content
	}
	for i, sels := range selected {
		var paths []string
		for _, s := range sels {
			paths = append(paths, s.Path)
		}
		m.Deps[i].Selector = digest.FromString(strings.Join(paths, "\x00"))
		if byContent[i] {
			for _, s := range sels {
				if s.Path == "/" {
					sels = nil
					break
				}
			}
			m.Deps[i].ComputeDigestFunc = e.contentHash(i, sels)
		}
	}
	return m, true, nil
}

// defaultCacheID reports whether a cache mount is named after its target, so that the name may count for the key.
func defaultCacheID(m *pb.Mount) bool {
	if m.CacheOpt.Sharing != 0 {
		return false
	}
	_, rest, ok := strings.Cut(m.CacheOpt.ID, "/")
	return m.CacheOpt.ID == m.Dest || ok && rest == m.Dest
}

func (e *execOp) Exec(ctx context.Context, _ solver.JobContext, in []solver.Result) ([]solver.Result, error) {
	e.w.exec.Lock()
	defer e.w.exec.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t := e.w.run.executed(e.digest)
	refs := make([]*Ref, len(in))
	for i, r := range in {
		refs[i] = RefOf(r)
	}
	base := &Ref{Root: emptyRoot}
	for _, m := range e.op.Mounts {
		if m.Dest == "/" && m.Input != -1 {
			base = refs[m.Input]
		}
	}
	txn := tree.Begin(base.Root)
	p := &process{op: e, run: e.w.run, trace: t, refs: refs, txn: txn}
	if err := p.prepare(); err != nil {
		return nil, err
	}
	p.view.SetMerged(func(at string) bool { return merged(base, txn.Root(), at) })
	if err := p.do(ctx); err != nil {
		return nil, fmt.Errorf("process %q did not complete successfully: %w", strings.Join(e.op.Meta.Args, " "), err)
	}
	outs := map[int64]*Ref{}
	for _, m := range e.op.Mounts {
		if m.Output == -1 || m.MountType != pb.MountType_BIND {
			continue
		}
		if m.Dest != "/" {
			outs[m.Output] = p.outputs[m.Dest]
			continue
		}
		root := txn.Commit()
		layer := &Layer{Lower: base.Root, Upper: root, Vertex: e.digest}
		if len(base.Layers) == 0 {
			layer.Lower = nil
		}
		t.Layer = layer
		outs[m.Output] = &Ref{Root: root, Layers: append(slices.Clip(base.Layers), layer)}
	}
	results := make([]solver.Result, 0, len(outs))
	for _, k := range slices.Sorted(maps.Keys(outs)) {
		if outs[k] == nil {
			outs[k] = &Ref{Root: emptyRoot}
		}
		results = append(results, e.w.result(outs[k]))
	}
	t.Done = true
	return results, nil
}

// merged reports whether a folder stands in several layers below or in one of them and in that which is being made.
func merged(base *Ref, now *tree.Node, at string) bool {
	layers := 0
	check := func(lower, upper *tree.Node) {
		if n := upper.Lookup(at); n.IsDir() && (lower == nil || lower.Lookup(at) != n) {
			layers++
		}
	}
	image := false
	for _, l := range base.Layers {
		switch {
		case l.Base == nil:
			check(l.Lower, l.Upper)
		case !image: // whose layers are not told apart
			check(nil, l.Upper)
			image = true
		}
	}
	check(base.Root, now)
	return layers > 1
}

// process is one command on its way.
type process struct {
	op      *execOp
	run     *Run
	trace   *Trace
	refs    []*Ref
	txn     *tree.Txn
	view    *vfs.FS
	env     tool.Env
	outputs map[string]*Ref
	stubs   []string
}

// tracing is what BuildKit tells every process of where traces go (util/tracing/exec); the trace and span are made up.
var tracing = []string{
	"TRACEPARENT=00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
	"OTEL_TRACES_EXPORTER=otlp",
	"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=unix:///dev/otel-grpc.sock",
	"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=grpc",
}

// proxies are the variables that tell a process of its proxies, in both spellings.
func proxies(p *pb.ProxyEnv) []string {
	var out []string
	add := func(name, value string) {
		if value != "" {
			out = append(out, name+"="+value, strings.ToLower(name)+"="+value)
		}
	}
	add("HTTP_PROXY", p.GetHttpProxy())
	add("HTTPS_PROXY", p.GetHttpsProxy())
	add("FTP_PROXY", p.GetFtpProxy())
	add("NO_PROXY", p.GetNoProxy())
	add("ALL_PROXY", p.GetAllProxy())
	return out
}

// prepare mounts what the step mounts. What fails here is not the process's failure.
func (p *process) prepare() (err error) {
	p.view = vfs.New(p.txn, p.op.w.now, &vfs.Budget{Bytes: maxWritten, Entries: maxEntries})
	p.env = tool.Env(slices.Concat(p.op.op.Meta.Env, proxies(p.op.op.Meta.ProxyEnv)))
	if _, ok := p.env.Lookup("PATH"); !ok {
		p.env = append(p.env, "PATH="+tool.DefaultPath)
	}
	p.env = append(p.env, tracing...)
	p.env, err = p.mounts(p.view, p.env)
	return err
}

// startFailure is what BuildKit's runtime says before the reason.
const startFailure = "runc run failed: unable to start container process: "

// ExitError is a command's exit status other than 0.
type ExitError struct{ Code int }

func (e *ExitError) Error() string { return fmt.Sprintf("exit code: %d", e.Code) }

func (p *process) do(ctx context.Context) error {
	meta := p.op.op.Meta
	view, env := p.view, p.env
	defer view.Close()
	who, err := container.FindUser(p.txn.Root(), meta.User)
	if err != nil {
		return err
	}
	if _, ok := env.Lookup("HOME"); !ok {
		env = append(env, "HOME="+who.Home)
	}
	cwd := path.Join("/", meta.Cwd)
	if !view.Exists(cwd) {
		if err := view.MkdirAll(cwd, 0o755); err != nil {
			return err
		}
		view.Chown(cwd, who.UID, who.GID, true)
	}
	if real, err := view.Real(cwd); err == nil {
		cwd = real
	}
	out := &output{}
	arch := "amd64"
	if p.op.platform != nil && p.op.platform.Architecture != "" {
		arch = p.op.platform.Architecture
	}
	var mu sync.Mutex
	host := &tool.Host{
		Models: p.op.w.models, Arch: arch,
		Record: func(ev report.Event) { mu.Lock(); p.trace.Events = append(p.trace.Events, ev); mu.Unlock() },
		Note: func(n report.Note) {
			mu.Lock()
			defer mu.Unlock()
			if len(p.trace.Notes) < 100 && !slices.Contains(p.trace.Notes, n) {
				p.trace.Notes = append(p.trace.Notes, n)
			}
		},
		Offline:  p.op.op.Network == pb.NetMode_NONE,
		Emulated: arch != "amd64",
		Serve: func(ctx context.Context, c *tool.Call, s tool.Service) int {
			<-ctx.Done() // a build waits for a server that never ends
			return 137
		},
		Stale: func(string) bool { return false },
	}
	call := &tool.Call{
		Args: meta.Args, Env: env, FS: view.As(who.Cred).In(cwd),
		Stdin: bytes.NewReader(nil), Stdout: out, Stderr: out, Host: host,
	}
	status, err := call.Exec(ctx)
	if err != nil {
		reason := container.StartError(meta.Args[0], err)
		if strings.HasPrefix(reason, "exec: ") { // what the kernel refuses is told by the container itself
			reason = startFailure + reason
		}
		fmt.Fprintln(out, reason)
		status = 1
	}
	p.trace.Output = out.bytes()
	view.Close()
	if err := ctx.Err(); err != nil {
		return err
	}
	if status != 0 {
		return &ExitError{status}
	}
	p.removeStubs()
	return nil
}

// output collects what a step prints.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if room := maxOutput - o.buf.Len(); room > 0 {
		o.buf.Write(b[:min(room, len(b))])
	}
	return len(b), nil
}

func (o *output) bytes() []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	return bytes.Clone(o.buf.Bytes())
}
