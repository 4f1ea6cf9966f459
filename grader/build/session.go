package build

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"time"

	"github.com/containerd/platforms"
	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/identity"
	"github.com/moby/buildkit/solver"
	"github.com/moby/buildkit/util/bklog"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/sirupsen/logrus"

	"drydock/grader/catalogue"
	"drydock/grader/frontend"
	"drydock/grader/report"
	"drydock/grader/tool"
	"drydock/grader/tree"
	"drydock/grader/worker"
)

func init() { // BuildKit logs through logrus; what matters of it is in the report
	logrus.SetOutput(io.Discard)
	bklog.L = logrus.NewEntry(&logrus.Logger{Out: io.Discard, Formatter: &logrus.TextFormatter{}, Level: logrus.PanicLevel})
}

// Images finds a base image for a platform.
type Images func(ref, platform string) (*catalogue.Image, error)

// Session is one builder: its builds, done one after the other, share a cache.
type Session struct {
	images Images
	worker *worker.Worker
	solver *solver.Solver
	first  map[string]*memory // what each step was in the first build
}

// epoch is when a session's first build takes place; a fixed day makes gradings repeatable.
var epoch = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)

// DefaultTimeout is how long a build may take.
const DefaultTimeout = 2 * time.Second

// NewSession returns a builder with an empty cache. Close it.
func NewSession(images Images, models tool.Models) *Session {
	w := worker.New(images, models, epoch)
	s := &Session{images: images, worker: w}
	s.solver = solver.NewSolver(solver.SolverOpt{
		ResolveOpFunc: w.ResolveOp,
		DefaultCache:  solver.NewCacheManager(context.Background(), "drydock", solver.NewInMemoryCacheStorage(), w.Storage()),
	})
	return s
}

// Close gives back what the session holds.
func (s *Session) Close() {
	s.solver.Close()
	s.worker.Release()
}

// Build builds for one platform. The error is only of Drydock's own making; what is wrong with the Dockerfile stands in the report.
func (s *Session) Build(ctx context.Context, req Request) (*report.Build, error) {
	all, err := s.BuildAll(ctx, req)
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// BuildAll builds for each platform asked for, at least one.
func (s *Session) BuildAll(ctx context.Context, req Request) ([]*report.Build, error) {
	timeout := req.Timeout
	if timeout == 0 {
		timeout = DefaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	run := &worker.Run{Locals: map[string]*tree.Node{"context": req.Context, "dockerfile": req.Context}, Secrets: req.Secrets, SSH: map[string]bool{}, Indexes: req.Indexes, Moved: req.BaseMoved}
	for _, id := range req.SSH {
		run.SSH[id] = true
	}
	for name, n := range req.Contexts {
		run.Locals["context:"+name] = n
	}
	s.worker.Begin(run)
	job, err := s.solver.NewJob(identity.NewID())
	if err != nil {
		return nil, err
	}
	watch := watch(job)
	d := &daemon{session: s, job: job, req: req, images: map[string]*catalogue.Image{}}
	out, buildErr := frontend.Build(ctx, d, frontend.Options{SessionID: identity.NewID(), Opts: options(req), Platform: machine})
	var refs []*worker.Ref
	if buildErr == nil {
		for _, img := range out.Images {
			var ref *worker.Ref
			if ref, buildErr = d.solve(ctx, img.Edge); buildErr != nil {
				break
			}
			refs = append(refs, ref)
		}
	}
	if buildErr != nil && ctx.Err() != nil {
		buildErr = &StoppedError{After: timeout, Cause: buildErr}
	}
	statuses := watch.end()
	if err := job.Discard(); err != nil && buildErr == nil {
		return nil, err
	}
	a := &assembly{session: s, req: req, out: out, run: run, statuses: statuses, err: buildErr, refs: refs, images: d.images}
	return a.reports(), nil
}

// StoppedError says that a build took longer than it may.
type StoppedError struct {
	After time.Duration
	Cause error
}

func (e *StoppedError) Error() string {
	text := e.Cause.Error()
	if i := strings.Index(text, " did not complete successfully"); i >= 0 {
		text = text[:i] + " did not complete"
	} else {
		text = "the build did not complete"
	}
	return fmt.Sprintf("%s: it was still running after %v and was stopped", text, e.After)
}

func (e *StoppedError) Unwrap() error { return e.Cause }

var machine = ocispecs.Platform{OS: "linux", Architecture: "amd64"}

// options writes a request as the frontend's options.
func options(req Request) map[string]string {
	o := map[string]string{}
	for k, v := range req.Args {
		o["build-arg:"+k] = v
	}
	if req.Filename != "" {
		o["filename"] = req.Filename
	}
	if req.Target != "" {
		o["target"] = req.Target
	}
	if len(req.Platforms) > 0 {
		o["platform"] = strings.Join(req.Platforms, ",")
	}
	if req.NoCache {
		o["no-cache"] = ""
	}
	for name := range req.Contexts {
		o["context:"+name] = "local:context:" + name
	}
	for name := range req.NamedBases {
		o["context:"+name] = "docker-image://" + name
	}
	return o
}

// daemon answers the frontend.
type daemon struct {
	session *Session
	job     *solver.Job
	req     Request
	images  map[string]*catalogue.Image
}

func (d *daemon) solve(ctx context.Context, e solver.Edge) (*worker.Ref, error) {
	if e.Vertex == nil {
		return worker.RefOf(nil), nil
	}
	r, err := d.job.Build(ctx, e)
	if err != nil {
		return nil, err
	}
	return worker.RefOf(r), nil
}

func (d *daemon) Solve(ctx context.Context, e solver.Edge) (*tree.Node, error) {
	ref, err := d.solve(ctx, e)
	if err != nil {
		return nil, err
	}
	return ref.Root, nil
}

func (d *daemon) ImageConfig(_ context.Context, ref, platform string) (digest.Digest, []byte, error) {
	img, err := d.session.images(ref, platform)
	if err != nil {
		return "", nil, err
	}
	dt, err := configOf(img)
	return digest.Digest(img.Digest), dt, err
}

// status is what the client learns of a vertex.
type status struct {
	vertex client.Vertex
	order  int
}

type watcher struct {
	job  *solver.Job
	done chan struct{}
	all  map[digest.Digest]*status
}

// watch follows a job's progress.
func watch(job *solver.Job) *watcher {
	w := &watcher{job: job, done: make(chan struct{}), all: map[digest.Digest]*status{}}
	ch := make(chan *client.SolveStatus)
	go job.Status(context.Background(), ch)
	go func() {
		defer close(w.done)
		for s := range ch {
			for _, v := range s.Vertexes {
				if old := w.all[v.Digest]; old != nil {
					cached := old.vertex.Cached || v.Cached
					old.vertex = *v
					old.vertex.Cached = cached
					continue
				}
				w.all[v.Digest] = &status{vertex: *v, order: len(w.all)}
			}
		}
	}()
	return w
}

// end closes the job's progress and returns what was reported.
func (w *watcher) end() map[digest.Digest]*status {
	w.job.CloseProgress()
	<-w.done
	return maps.Clone(w.all)
}

// Platforms checks the names of platforms.
func Platforms(names []string) error {
	var errs []error
	for _, n := range names {
		if _, err := platforms.Parse(n); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
