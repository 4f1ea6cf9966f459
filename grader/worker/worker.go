// Package worker does the work of a build on trees: it is the [solver.Op] of each kind of vertex (source, file, exec, merge, diff) that
// BuildKit's solver schedules and caches.
//
// A [Worker] lives as long as a grading: base images, results and cache mounts are kept between its builds. What a build
// brings along (context, secrets) and what it did are in a [Run]. Cache keys are made as BuildKit's own operations make them (solver/llbsolver/ops).
package worker

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/moby/buildkit/identity"
	"github.com/moby/buildkit/session"
	"github.com/moby/buildkit/solver"
	"github.com/moby/buildkit/solver/pb"
	"github.com/moby/buildkit/util/compression"
	digest "github.com/opencontainers/go-digest"

	"drydock/grader/catalogue"
	"drydock/grader/report"
	"drydock/grader/tool"
	"drydock/grader/tree"
)

// Worker executes vertices.
type Worker struct {
	images func(ref, platform string) (*catalogue.Image, error)
	models tool.Models

	exec    sync.Mutex // one step at a time: they share cache mounts
	mu      sync.Mutex
	results map[string]*Ref
	caches  map[string]*tree.Txn
	run     *Run
	clock   int64
}

// New returns a worker that takes base images from images and commands from models. now is the time of the first build.
func New(images func(ref, platform string) (*catalogue.Image, error), models tool.Models, now time.Time) *Worker {
	return &Worker{images: images, models: models, results: map[string]*Ref{}, caches: map[string]*tree.Txn{}, clock: now.UnixNano()}
}

// Run is one build.
type Run struct {
	Locals  map[string]*tree.Node // folders of the client by name
	Secrets map[string][]byte
	SSH     map[string]bool
	Indexes int // how often package indexes have moved on
	Moved   bool

	mu    sync.Mutex
	Trace map[digest.Digest]*Trace
}

// Trace is what a vertex did in a build.
type Trace struct {
	Executed bool
	Done     bool // executed without an error
	Output   []byte
	Events   []report.Event
	Notes    []report.Note
	Layer    *Layer // that it made, if any
	Inputs   map[int]Used
	Image    *catalogue.Image // of an image source
	Sent     *tree.Node       // what a local source sent
	Order    int
}

// Used is what a step looked at in one of its inputs: its cache key counts these files.
type Used struct {
	Root *tree.Node
	Sel  []Selected
}

// Begin makes run the current build: a minute later than the one before.
func (w *Worker) Begin(run *Run) {
	w.mu.Lock()
	defer w.mu.Unlock()
	run.Trace = map[digest.Digest]*Trace{}
	w.run = run
	w.clock += int64(time.Minute)
}

// now gives each change a time of its own.
func (w *Worker) now() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock += 1000_003
	return w.clock
}

// trace returns the record of a vertex in the current build.
func (r *Run) trace(d digest.Digest) *Trace {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.Trace[d]
	if t == nil {
		t = &Trace{Inputs: map[int]Used{}}
		r.Trace[d] = t
	}
	return t
}

func (r *Run) executed(d digest.Digest) *Trace {
	t := r.trace(d)
	r.mu.Lock()
	defer r.mu.Unlock()
	t.Executed = true
	t.Order = len(r.Trace)
	return t
}

func (r *Run) used(d digest.Digest, input int, u Used) {
	t := r.trace(d)
	r.mu.Lock()
	defer r.mu.Unlock()
	t.Inputs[input] = u
}

// Release forgets results and cache mounts. The solver holds on to a finished job, and so to its results, for ten more seconds: what
// they hold is taken from them.
func (w *Worker) Release() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, ref := range w.results {
		ref.Root, ref.Layers = nil, nil
	}
	w.results, w.caches, w.run = nil, nil, nil
}

// FreshCaches empties all cache mounts, as on another machine.
func (w *Worker) FreshCaches() {
	w.mu.Lock()
	defer w.mu.Unlock()
	clear(w.caches)
}

// Ref is the filesystem that a vertex yields, with the layers it is made of.
type Ref struct {
	Root   *tree.Node
	Layers []*Layer
}

type result struct {
	id  string
	ref *Ref
}

func (r *result) ID() string                    { return r.id }
func (r *result) Release(context.Context) error { return nil }
func (r *result) Sys() any                      { return r.ref }
func (r *result) Clone() solver.Result          { return &result{r.id, r.ref} }

func (w *Worker) result(ref *Ref) solver.Result {
	id := identity.NewID()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.results != nil {
		w.results[id] = ref
	}
	return &result{id, ref}
}

// RefOf returns the filesystem behind a solver's result.
func RefOf(r solver.Result) *Ref {
	if r == nil {
		return &Ref{Root: emptyRoot}
	}
	ref, _ := r.Sys().(*Ref)
	if ref == nil {
		return &Ref{Root: emptyRoot}
	}
	return ref
}

var emptyRoot = tree.NewDir(0o755)

// Storage keeps results for the solver's cache.
func (w *Worker) Storage() solver.CacheResultStorage { return storage{w} }

type storage struct{ w *Worker }

func (s storage) Save(r solver.Result, at time.Time) (solver.CacheResult, error) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	if s.w.results != nil {
		s.w.results[r.ID()], _ = r.Sys().(*Ref)
	}
	return solver.CacheResult{ID: r.ID(), CreatedAt: at}, nil
}

func (s storage) Load(_ context.Context, r solver.CacheResult) (solver.Result, error) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	ref, ok := s.w.results[r.ID]
	if !ok {
		return nil, fmt.Errorf("no result %s", r.ID)
	}
	return &result{r.ID, ref}, nil
}

func (s storage) LoadRemotes(context.Context, solver.CacheResult, *compression.Config, session.Group) ([]*solver.Remote, error) {
	return nil, nil
}

func (s storage) Exists(_ context.Context, id string) bool {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	_, ok := s.w.results[id]
	return ok
}

// ResolveOp finds the operation for a vertex; it is what the solver is made with.
func (w *Worker) ResolveOp(v solver.Vertex, _ solver.Builder) (solver.Op, error) {
	op, ok := v.Sys().(*pb.Op)
	if !ok {
		return nil, fmt.Errorf("invalid vertex of type %T", v.Sys())
	}
	base := vertex{w: w, digest: v.Digest(), inputs: len(v.Inputs()), ignoreCache: v.Options().IgnoreCache}
	switch o := op.Op.(type) {
	case *pb.Op_Source:
		return guard{&sourceOp{vertex: base, op: o.Source, platform: op.Platform}}, nil
	case *pb.Op_File:
		return guard{&fileOp{vertex: base, op: o.File}}, nil
	case *pb.Op_Exec:
		return guard{&execOp{vertex: base, op: o.Exec, platform: op.Platform}}, nil
	case *pb.Op_Merge:
		return guard{&mergeOp{vertex: base, op: o.Merge}}, nil
	case *pb.Op_Diff:
		return guard{&diffOp{vertex: base, op: o.Diff}}, nil
	}
	return nil, fmt.Errorf("operation %T is not supported", op.Op)
}

// vertex is what all operations know of themselves.
type vertex struct {
	w           *Worker
	digest      digest.Digest
	inputs      int
	ignoreCache bool
}

func (vertex) Acquire(context.Context) (solver.ReleaseFunc, error) { return func() {}, nil }

// guard turns a panic of an operation, which runs on a goroutine of the solver's, into an error.
type guard struct{ solver.Op }

func (g guard) CacheMap(ctx context.Context, jc solver.JobContext, i int) (m *solver.CacheMap, ok bool, err error) {
	defer recovered(&err)
	return g.Op.CacheMap(ctx, jc, i)
}

func (g guard) Exec(ctx context.Context, jc solver.JobContext, in []solver.Result) (out []solver.Result, err error) {
	defer recovered(&err)
	return g.Op.Exec(ctx, jc, in)
}

// PanicError is a fault of the simulation itself.
type PanicError struct {
	Value any
	Stack []byte
}

func (e *PanicError) Error() string {
	return fmt.Sprintf("the simulation failed at this step (%v): this is a fault of Drydock, not of the Dockerfile", e.Value)
}

func recovered(err *error) {
	if r := recover(); r != nil {
		*err = &PanicError{Value: r, Stack: debug.Stack()}
	}
}

// deps is the type of solver.CacheMap.Deps.
type deps = []struct {
	Selector          digest.Digest
	ComputeDigestFunc solver.ResultBasedCacheFunc
	PreprocessFunc    solver.PreprocessFunc
}
