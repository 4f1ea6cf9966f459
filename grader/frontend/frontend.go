// Package frontend runs BuildKit's own Dockerfile frontend in this process: it turns a Dockerfile into a build graph by asking a
// [Solver] for files of the context and facts about base images, as the frontend of a real build asks its daemon.
//
// Parsing, stages, arguments, heredocs, .dockerignore, named contexts, lint rules and error messages are all BuildKit's. Start from [Build].
package frontend

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/exporter/containerimage/exptypes"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerui"
	"github.com/moby/buildkit/frontend/gateway/client"
	gwpb "github.com/moby/buildkit/frontend/gateway/pb"
	"github.com/moby/buildkit/frontend/subrequests/lint"
	"github.com/moby/buildkit/frontend/subrequests/outline"
	"github.com/moby/buildkit/frontend/subrequests/targets"
	"github.com/moby/buildkit/solver"
	"github.com/moby/buildkit/solver/errdefs"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"drydock/grader/report"
	"drydock/grader/tree"
)

// Solver is the daemon's side: it solves edges and knows base images.
type Solver interface {
	// Solve evaluates an edge and returns its filesystem; an edge without a vertex is an empty one.
	Solve(ctx context.Context, e solver.Edge) (*tree.Node, error)
	// ImageConfig returns an image's digest and configuration (JSON) for a platform.
	ImageConfig(ctx context.Context, ref, platform string) (digest.Digest, []byte, error)
}

// Options of a build.
type Options struct {
	SessionID string            // different for every build
	Opts      map[string]string // the frontend's: "target", "build-arg:NAME", "platform", "filename", …
	Platform  ocispecs.Platform // of the (virtual) machine
}

// Output is the graph of one build with what belongs to it.
type Output struct {
	Images    []Image // one a platform, in the order asked for
	Warnings  []report.Warning
	Vertices  map[digest.Digest]*Vertex
	Locations map[digest.Digest][]*pb.Location
	Filename  string // of the Dockerfile
	Source    []byte // the Dockerfile as read
	Lint      *lint.LintResults
}

// Image is the result for one platform.
type Image struct {
	Platform string // "linux/amd64"
	Edge     solver.Edge
	Config   []byte // the image's configuration, as the frontend made it
	Base     []byte // that of the last stage's base image; nil for scratch
}

// Build runs the frontend. Output is never nil: what was found before an error is in it. With solve set, each image is also solved.
func Build(ctx context.Context, s Solver, o Options) (*Output, error) {
	g := &gateway{ctx: ctx, solver: s, opts: o, out: &Output{
		Vertices: map[digest.Digest]*Vertex{}, Locations: map[digest.Digest][]*pb.Location{},
	}}
	err := g.build(ctx)
	return g.out, err
}

func (g *gateway) build(ctx context.Context) (err error) {
	bc, err := dockerui.NewClient(g)
	if err != nil {
		return err
	}
	src, err := bc.ReadEntrypoint(ctx, "Dockerfile")
	if err != nil {
		return err
	}
	g.out.Filename, g.out.Source = src.Filename, src.Data
	if err := bounded(src.Data); err != nil {
		return err
	}
	defer func() {
		var le *parser.LocationError
		if errors.As(err, &le) {
			for _, l := range le.Locations {
				err = withSource(err, src.SourceMap, l)
			}
		}
	}()
	opt := dockerfile2llb.ConvertOpt{
		Config: bc.Config, Client: bc, SourceMap: src.SourceMap, MetaResolver: g,
		Warn: func(rule, description, url, msg string, ranges []parser.Range) {
			g.mu.Lock()
			defer g.mu.Unlock()
			g.out.Warnings = append(g.out.Warnings, report.Warning{
				Rule: rule, Description: description, URL: url, Message: msg, Ranges: lines(ranges),
			})
		},
	}
	if _, ok, err := bc.HandleSubrequest(ctx, dockerui.RequestHandler{
		Outline: func(ctx context.Context) (*outline.Outline, error) {
			return dockerfile2llb.Dockerfile2Outline(ctx, src.Data, opt)
		},
		ListTargets: func(ctx context.Context) (*targets.List, error) { return dockerfile2llb.ListTargets(ctx, src.Data) },
		Lint: func(ctx context.Context) (*lint.LintResults, error) {
			res, err := dockerfile2llb.DockerfileLint(ctx, src.Data, opt)
			g.out.Lint = res
			return res, err
		},
	}); err != nil || ok {
		return err
	}
	rb, err := bc.Build(ctx, func(ctx context.Context, platform *ocispecs.Platform, i int) (*dockerui.BuildResult, error) {
		opt := opt
		opt.BuildArgs = maps.Clone(opt.BuildArgs)
		opt.TargetPlatform = platform
		if i != 0 {
			opt.Warn = nil
		}
		res, err := dockerfile2llb.Dockerfile2LLB(ctx, src.Data, opt)
		if err != nil {
			return nil, err
		}
		def, err := res.State.Marshal(ctx)
		if err != nil {
			return nil, fmt.Errorf("failed to marshal LLB definition: %w", err)
		}
		r, err := g.Solve(ctx, client.SolveRequest{Definition: def.ToPB(), CacheImports: bc.CacheImports})
		if err != nil {
			return nil, err
		}
		ref, err := r.SingleRef()
		if err != nil {
			return nil, err
		}
		return &dockerui.BuildResult{Reference: ref, Image: res.Image, BaseImage: res.BaseImage, Epoch: res.Epoch}, nil
	})
	if err != nil {
		return err
	}
	res, err := rb.Finalize()
	if err != nil {
		return err
	}
	return g.collect(res)
}

// collect gathers the images of all platforms.
func (g *gateway) collect(res *client.Result) error {
	var ps exptypes.Platforms
	if err := json.Unmarshal(res.Metadata[exptypes.ExporterPlatformsKey], &ps); err != nil {
		return err
	}
	for _, p := range ps.Platforms {
		suffix := ""
		r := res.Ref
		if len(res.Refs) > 0 {
			suffix, r = "/"+p.ID, res.Refs[p.ID]
		}
		img := Image{
			Platform: p.ID,
			Config:   res.Metadata[exptypes.ExporterImageConfigKey+suffix],
			Base:     res.Metadata[exptypes.ExporterImageBaseConfigKey+suffix],
		}
		if r, ok := r.(*reference); ok && r != nil {
			img.Edge = r.edge
		}
		g.out.Images = append(g.out.Images, img)
	}
	return nil
}

func lines(ranges []parser.Range) []report.Lines {
	out := make([]report.Lines, 0, len(ranges))
	for _, r := range ranges {
		out = append(out, report.Lines{Start: r.Start.Line, End: max(r.End.Line, r.Start.Line)})
	}
	return out
}

func withSource(err error, sm *llb.SourceMap, ranges []parser.Range) error {
	s := &errdefs.Source{Info: &pb.SourceInfo{Data: sm.Data, Filename: sm.Filename, Language: sm.Language}}
	for _, r := range ranges {
		s.Ranges = append(s.Ranges, &pb.Range{
			Start: &pb.Position{Line: int32(r.Start.Line), Character: int32(r.Start.Character)},
			End:   &pb.Position{Line: int32(r.End.Line), Character: int32(r.End.Character)},
		})
	}
	return errdefs.WithSource(err, s)
}

// gateway is the client that the frontend talks to.
type gateway struct {
	ctx    context.Context
	solver Solver
	opts   Options
	out    *Output
	mu     sync.Mutex
}

func (g *gateway) BuildOpts() client.BuildOpts {
	return client.BuildOpts{
		Opts: maps.Clone(g.opts.Opts), SessionID: g.opts.SessionID,
		Workers: []client.WorkerInfo{{ID: "drydock", Platforms: []ocispecs.Platform{g.opts.Platform}}},
		Product: "drydock",
		LLBCaps: pb.Caps.CapSet(pb.Caps.All()),
		Caps:    gwpb.Caps.CapSet(gwpb.Caps.All()),
	}
}

func (g *gateway) Solve(ctx context.Context, req client.SolveRequest) (*client.Result, error) {
	if req.Frontend != "" {
		return nil, errors.New("frontends from images are not supported: the one built into BuildKit is used")
	}
	g.mu.Lock()
	edge, err := Load(req.Definition, g.out.Vertices)
	locations(req.Definition, g.out.Locations)
	g.mu.Unlock()
	if err != nil {
		return nil, err
	}
	res := client.NewResult()
	res.SetRef(&reference{g: g, edge: edge})
	return res, nil
}

func (g *gateway) ResolveSourceMetadata(ctx context.Context, op *pb.SourceOp, opt sourceresolver.Opt) (*sourceresolver.MetaResponse, error) {
	scheme, ref, _ := strings.Cut(op.Identifier, "://")
	if scheme != "docker-image" && scheme != "oci-layout" {
		return &sourceresolver.MetaResponse{Op: op}, nil
	}
	platform := g.opts.Platform
	if opt.ImageOpt != nil && opt.ImageOpt.Platform != nil {
		platform = *opt.ImageOpt.Platform
	}
	d, config, err := g.solver.ImageConfig(ctx, ref, PlatformName(platform))
	if err != nil {
		return nil, err
	}
	return &sourceresolver.MetaResponse{Op: op, Image: &sourceresolver.ResolveImageResponse{Digest: d, Config: config}}, nil
}

func (g *gateway) ResolveImageConfig(ctx context.Context, ref string, opt sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	return sourceresolver.NewImageMetaResolver(g).ResolveImageConfig(ctx, ref, opt)
}

func (g *gateway) Inputs(context.Context) (map[string]llb.State, error) { return nil, nil }

func (g *gateway) NewContainer(context.Context, client.NewContainerRequest) (client.Container, error) {
	return nil, errors.New("containers are not supported")
}

func (g *gateway) Warn(context.Context, digest.Digest, string, client.WarnOpts) error { return nil }
