package worker

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/containerd/platforms"
	"github.com/moby/buildkit/solver"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/tonistiigi/fsutil"

	"drydock/grader/catalogue"
	"drydock/grader/report"
	"drydock/grader/tree"
)

// sourceOp brings in a base image, a folder of the client, or a file from the network.
type sourceOp struct {
	vertex
	op       *pb.SourceOp
	platform *pb.Platform
}

func (s *sourceOp) CacheMap(context.Context, solver.JobContext, int) (*solver.CacheMap, bool, error) {
	kind, _, _ := strings.Cut(s.op.Identifier, "://")
	key := struct {
		Type, Identifier, Platform string
		Attrs                      []string
	}{Type: "source", Identifier: s.op.Identifier}
	if kind == "docker-image" || kind == "oci-layout" {
		key.Platform = s.platformName()
	} else {
		for _, k := range slices.Sorted(maps.Keys(s.op.Attrs)) {
			key.Attrs = append(key.Attrs, k+"="+s.op.Attrs[k])
		}
	}
	dt, err := json.Marshal(key)
	if err != nil {
		return nil, false, err
	}
	if kind == "http" || kind == "https" {
		if u, err := url.Parse(s.op.Identifier); err == nil && u.Host == "" {
			return nil, false, fmt.Errorf("Get %q: http: no Host in request URL", strings.TrimSuffix(s.op.Identifier, "//"))
		}
	}
	d := digest.FromBytes(dt)
	if kind == "local" { // never the same twice: what is copied from it is what counts
		d = digest.Digest("random:" + d.Encoded())
	}
	return &solver.CacheMap{Digest: d}, true, nil
}

func (s *sourceOp) platformName() string {
	if s.platform == nil {
		return "linux/amd64"
	}
	return platforms.Format(platforms.Normalize(ocispecs.Platform{OS: s.platform.OS, Architecture: s.platform.Architecture, Variant: s.platform.Variant}))
}

func (s *sourceOp) Exec(ctx context.Context, _ solver.JobContext, _ []solver.Result) ([]solver.Result, error) {
	t := s.w.run.executed(s.digest)
	kind, rest, _ := strings.Cut(s.op.Identifier, "://")
	var ref *Ref
	var err error
	switch kind {
	case "docker-image", "oci-layout":
		var img *catalogue.Image
		if img, err = s.w.images(rest, s.platformName()); err == nil {
			t.Image = img
			ref = baseRef(img)
		}
	case "local":
		ref, err = s.local(ctx, rest, t)
	case "http", "https":
		ref, err = s.http(ctx, s.op.Identifier, t)
	case "git":
		ref, err = s.git(rest, t)
	default:
		err = fmt.Errorf("no support for source %s", kind)
	}
	if err != nil {
		return nil, err
	}
	t.Done = true
	return []solver.Result{s.w.result(ref)}, nil
}

// baseRef gives a base image's layers. Their files are not told apart, so the first holds the change from nothing to all.
func baseRef(img *catalogue.Image) *Ref {
	ref := &Ref{Root: img.Root}
	for i := range img.Layers {
		l := &Layer{Base: &img.Layers[i], Image: img, Lower: img.Root, Upper: img.Root}
		if i == 0 {
			l.Lower = nil
		}
		ref.Layers = append(ref.Layers, l)
	}
	return ref
}

func (s *sourceOp) local(ctx context.Context, name string, t *Trace) (*Ref, error) {
	root, ok := s.w.run.Locals[name]
	if !ok {
		return nil, fmt.Errorf("local %s: no such folder", name)
	}
	opt := &fsutil.FilterOpt{}
	for attr, into := range map[string]*[]string{
		pb.AttrIncludePatterns: &opt.IncludePatterns, pb.AttrExcludePatterns: &opt.ExcludePatterns, pb.AttrFollowPaths: &opt.FollowPaths,
	} {
		if v := s.op.Attrs[attr]; v != "" {
			if err := json.Unmarshal([]byte(v), into); err != nil {
				return nil, err
			}
		}
	}
	out, err := filter(ctx, root, opt)
	if err != nil {
		return nil, err
	}
	t.Sent = out
	return &Ref{Root: out, Layers: []*Layer{{Upper: out, Vertex: s.digest}}}, nil
}

// http stands for a download: the bytes are declared, since there is no network.
func (s *sourceOp) http(_ context.Context, address string, t *Trace) (*Ref, error) {
	name := s.op.Attrs[pb.AttrHTTPFilename]
	if name == "" {
		name = address[strings.LastIndexByte(address, '/')+1:]
		name, _, _ = strings.Cut(name, "?")
	}
	if name == "" {
		name = "download"
	}
	const guess = 5_000_000
	n := tree.NewFile(0o600, tree.Declared(guess, "url:"+address+"@"+s.op.Attrs[pb.AttrHTTPChecksum], nil))
	n.ModTime = s.w.now()
	t.Events = append(t.Events, report.Event{Kind: "download", Tool: "add", Name: address, Bytes: guess})
	t.Notes = append(t.Notes, report.Note{Kind: "unknown", Text: fmt.Sprintf("%s was not fetched: there is no network here. A file of 5 MB stands for it.", address)})
	root := tree.NewDir(0o755).Put(name, n)
	return &Ref{Root: root, Layers: []*Layer{{Upper: root, Vertex: s.digest}}}, nil
}

func (s *sourceOp) git(address string, t *Trace) (*Ref, error) {
	const guess = 2_000_000
	root := tree.NewDir(0o755)
	root.Put("README.md", tree.NewFile(0o644, tree.Declared(guess, "git:"+address, nil)))
	t.Events = append(t.Events, report.Event{Kind: "download", Tool: "git", Name: address, Bytes: guess})
	t.Notes = append(t.Notes, report.Note{Kind: "unknown", Text: fmt.Sprintf("The repository %s was not fetched: there is no network here. One file of 2 MB stands for it.", address)})
	return &Ref{Root: root, Layers: []*Layer{{Upper: root, Vertex: s.digest}}}, nil
}
