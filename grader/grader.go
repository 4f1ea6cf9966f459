// Package grader grades an answer to an exercise: it builds the learner's Dockerfile over the exercise's context, starts the image,
// changes the context as the scenarios say and builds again, and judges what was seen with checks, which are CEL expressions over the reports.
//
// Start from [LoadExercise] and [Grader.Grade]. What a check can see stands in package checks.
package grader

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"drydock/grader/build"
	"drydock/grader/catalogue"
	"drydock/grader/checks"
	"drydock/grader/report"
	"drydock/grader/start"
	"drydock/grader/tool"
	"drydock/grader/tree"
)

// Files is an answer: the files that the learner may write, by path ("Dockerfile", ".dockerignore").
type Files map[string]string

// Grade is the judgement of one answer.
type Grade struct {
	Exercise string   `json:"exercise"`
	Score    int      `json:"score"`
	Max      int      `json:"max"`
	Passed   bool     `json:"passed"` // every must passed and enough points
	Checks   []Result `json:"checks"`
	Error    string   `json:"error"` // of the build, as BuildKit words it; "" if it succeeded

	Build  *report.Build            `json:"build,omitempty"`
	Run    *report.Run              `json:"run,omitempty"`
	After  map[string]*report.Build `json:"after,omitempty"` // by scenario
	Leaks  []report.Leak            `json:"leaks,omitempty"`
	Millis float64                  `json:"millis"` // how long the grading took
}

// Result is one check's outcome.
type Result struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Points  int    `json:"points"` // what it is worth; 0 for a must without points and for advice
	Passed  bool   `json:"passed"`
	Must    bool   `json:"must"`
	Advice  bool   `json:"advice"`            // beyond points
	Message string `json:"message"`           // what happened in the build, and what to think about; "" if passed
	Line    int    `json:"line"`              // the line of the Dockerfile that it is about, 0 for none
	Skipped bool   `json:"skipped,omitempty"` // could not be judged, because the build failed
}

// Builder is one builder with its cache, simulated or real.
type Builder interface {
	Build(ctx context.Context, req build.Request) (*report.Build, error)
	Close()
}

// Options are what a grader works with.
type Options struct {
	Builder func() Builder // makes a builder with an empty cache
	Images  build.Images   // base images, for what is known of an answer's base; nil for nothing
	Models  tool.Models    // for the container that is started
	Now     time.Time      // decides what is supported; zero is the time of the call
}

// Grader grades answers. It may be used by several goroutines at once.
type Grader struct {
	opts Options

	mu       sync.Mutex
	starters map[string]*starter // by the exercise's version
	grades   recent
}

// starter is the build of what an exercise starts from, made once.
type starter struct {
	once   sync.Once
	report *report.Build
	err    error
}

// New returns a grader.
func New(opts Options) *Grader {
	return &Grader{opts: opts, starters: map[string]*starter{}, grades: recent{max: 64}}
}

// Bounds of an answer, its builds and what is kept.
const (
	maxFile     = 128 << 10
	maxStarters = 200
	buildLimit  = 1500 * time.Millisecond // for one build
	gradeLimit  = 1700 * time.Millisecond // for all builds of an answer
)

// ErrFiles is wrapped by errors about an answer that cannot be graded at all.
var ErrFiles = errors.New("not an answer")

// Grade grades an answer. An answer that does not build is graded too; an error means that there is nothing to grade ([ErrFiles]) or that
// the exercise or Drydock itself is at fault. A file that the learner left out is absent from the build. Identical answers are graded once;
// the grade must not be changed.
func (g *Grader) Grade(ctx context.Context, e *Exercise, files Files) (*Grade, error) {
	if err := e.accept(files); err != nil {
		return nil, err
	}
	return g.grades.get(ctx, keyOf(e, files), func() (*Grade, error) { return g.grade(ctx, e, files) })
}

// accept checks that the learner wrote only what a learner writes.
func (e *Exercise) accept(files Files) error {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if !e.Accepts(name) {
			return fmt.Errorf("%w: %s is no file that this exercise lets you write", ErrFiles, name)
		}
		if len(files[name]) > maxFile {
			return fmt.Errorf("%w: %s is larger than %d KiB", ErrFiles, name, maxFile>>10)
		}
	}
	return nil
}

// with lays an answer's files into the exercise's context.
func (e *Exercise) with(files Files) *tree.Node {
	t := tree.Begin(e.Context)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		n := tree.NewFile(0o644, tree.Text(files[name]))
		n.ModTime = contextTime
		t.Set("/"+name, n)
	}
	return t.Commit()
}

func (g *Grader) grade(ctx context.Context, e *Exercise, files Files) (*Grade, error) {
	began := time.Now()
	run := &grading{grader: g, exercise: e, files: files, context: e.with(files)}
	defer run.close()
	first, err := g.starter(ctx, e)
	if err != nil {
		return nil, err
	}
	if err := run.build(ctx); err != nil {
		return nil, err
	}
	grade := run.judge(first)
	light(grade.Build)
	for _, b := range grade.After {
		light(b)
	}
	grade.Millis = float64(time.Since(began).Microseconds()) / 1000
	return grade, nil
}

// light takes the trees from a report that has been judged: grades are kept, and trees are large.
func light(b *report.Build) {
	if b == nil || b.Image == nil {
		return
	}
	b.Image.Root = nil
	for i := range b.Image.Layers {
		b.Image.Layers[i].Changes = nil
	}
}

// starter returns the report of the build that the exercise starts from.
func (g *Grader) starter(ctx context.Context, e *Exercise) (*report.Build, error) {
	g.mu.Lock()
	s := g.starters[e.version]
	if s == nil {
		if len(g.starters) >= maxStarters { // exercises that were edited leave old ones behind
			clear(g.starters)
		}
		s = &starter{}
		g.starters[e.version] = s
	}
	g.mu.Unlock()
	s.once.Do(func() {
		b := g.opts.Builder()
		defer b.Close()
		req := e.request(e.with(e.Starter))
		req.Timeout = 2 * build.DefaultTimeout
		s.report, s.err = b.Build(context.WithoutCancel(ctx), req)
		if s.err == nil && !s.report.OK {
			s.err = fmt.Errorf("exercise %s: the starter does not build: %s", e.ID, s.report.Error)
		}
	})
	return s.report, s.err
}

// grading is one answer on its way.
type grading struct {
	grader   *Grader
	exercise *Exercise
	files    Files
	context  *tree.Node
	builders []Builder

	first    *report.Build
	run      *report.Run
	after    map[string]*report.Build
	contexts map[string]*tree.Node
	runs     map[string]*report.Run
}

func (r *grading) builder() Builder {
	b := r.grader.opts.Builder()
	r.builders = append(r.builders, b)
	return b
}

func (r *grading) close() {
	for _, b := range r.builders {
		b.Close()
	}
}

// build makes the first build, starts its image and goes through the scenarios. A build that fails ends it.
func (r *grading) build(ctx context.Context) error {
	b := r.builder()
	req := r.exercise.request(r.context)
	began := time.Now()
	left := func() time.Duration {
		return max(min(buildLimit, gradeLimit-time.Since(began)), time.Millisecond).Round(time.Millisecond)
	}
	req.Timeout = left()
	var err error
	if r.first, err = b.Build(ctx, req); err != nil {
		return fmt.Errorf("grade %s: %w", r.exercise.ID, err)
	}
	if !r.first.OK {
		return ctx.Err()
	}
	r.run = r.start(ctx, r.first)
	r.after, r.contexts, r.runs = map[string]*report.Build{}, map[string]*tree.Node{}, map[string]*report.Run{}
	for _, s := range r.exercise.Scenarios {
		req, err := s.request(r.exercise, r.context)
		if err != nil {
			return fmt.Errorf("grade %s: %w", r.exercise.ID, err)
		}
		req.Timeout = left()
		on := b
		if s.fresh {
			on = r.builder()
		}
		after, err := on.Build(ctx, req)
		if err != nil {
			return fmt.Errorf("grade %s: scenario %s: %w", r.exercise.ID, s.Name, err)
		}
		r.after[s.Name], r.contexts[s.Name] = after, req.Context
		if s.start && after.OK {
			r.runs[s.Name] = r.start(ctx, after)
		}
	}
	return ctx.Err()
}

func (r *grading) start(ctx context.Context, b *report.Build) *report.Run {
	return start.Run(ctx, b.Image, start.Options{Models: r.grader.opts.Models, Now: r.grader.now()})
}

func (g *Grader) now() time.Time {
	if g.opts.Now.IsZero() {
		return time.Now()
	}
	return g.opts.Now
}

// base looks up what the answer's last stage stands on.
func (g *Grader) base(b *report.Build) *checks.Base {
	ref, line := checks.BaseOf(b)
	var img *catalogue.Image
	if ref != "" && g.opts.Images != nil {
		img, _ = g.opts.Images(ref, b.Platform)
	}
	return checks.NewBase(ref, line, img, g.now())
}
