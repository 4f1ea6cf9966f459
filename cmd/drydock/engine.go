package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"

	"drydock/grader"
	"drydock/grader/build"
	"drydock/grader/catalogue"
	"drydock/grader/models"
	"drydock/grader/sandbox"
	"drydock/lessons"
)

// engine is what builds and grades in this process.
type engine struct {
	catalogue atomic.Pointer[catalogue.Catalogue]
	grader    *grader.Grader
}

func newEngine() *engine {
	e := &engine{}
	e.catalogue.Store(catalogue.Open())
	e.grader = grader.New(grader.Options{
		Builder: func() grader.Builder { return build.NewSession(e.images, models.All()) },
		Images:  e.images, Models: models.All(),
	})
	return e
}

func (e *engine) images(ref, platform string) (*catalogue.Image, error) {
	return e.catalogue.Load().Resolve(ref, platform)
}

// lingering is how long BuildKit's solver holds on to a job that is done, and with it to its trees.
const lingering = 11 * time.Second

// forget gives back the base images that were composed so far.
func (e *engine) forget() {
	e.catalogue.Store(catalogue.Open())
	debug.FreeOSMemory()
	time.AfterFunc(lingering, debug.FreeOSMemory)
}

// library opens the embedded course, or the folder dir instead.
func (e *engine) library(o lessons.Options) (*lessons.Library, error) {
	o.Build = lessons.Simulator(e.images, models.All())
	o.Images = e.images
	return lessons.Open(o)
}

// exercise finds an exercise of a course by its ID.
func exercise(ctx context.Context, c *lessons.Course, id string) (*lessons.Exercise, error) {
	for _, x := range c.Exercises {
		if x.ID == id {
			return x.Load(ctx)
		}
	}
	var known []string
	for _, x := range c.Exercises {
		known = append(known, x.ID)
	}
	return nil, fmt.Errorf("no exercise %q; there are %v", id, known)
}

// job is what the server asks of a worker process, outcome what that answers.
type job struct {
	Exercise string       `json:"exercise"`
	Files    grader.Files `json:"files"`
}

type outcome struct {
	Grade  *grader.Grade `json:"grade,omitempty"`
	Refuse string        `json:"refuse,omitempty"` // why there is nothing to grade
	Error  string        `json:"error,omitempty"`
}

// remote grades in the processes of a pool.
func remote(pool *sandbox.Pool) func(context.Context, *lessons.Exercise, grader.Files) (*grader.Grade, error) {
	return func(ctx context.Context, x *lessons.Exercise, files grader.Files) (*grader.Grade, error) {
		work, err := json.Marshal(job{x.ID, files})
		if err != nil {
			return nil, err
		}
		data, err := pool.Do(ctx, work)
		if errors.Is(err, sandbox.ErrDied) {
			return died(x, err), nil
		}
		if err != nil {
			return nil, err
		}
		var out outcome
		if err := json.Unmarshal(data, &out); err != nil {
			return nil, fmt.Errorf("read the worker's answer: %w", err)
		}
		switch {
		case out.Refuse != "":
			return nil, fmt.Errorf("%w: %s", grader.ErrFiles, out.Refuse)
		case out.Error != "":
			return nil, errors.New(out.Error)
		}
		return out.Grade, nil
	}
}

// died is the grade of an answer that ended the process it was graded in.
func died(x *lessons.Exercise, err error) *grader.Grade {
	const text = "The build was stopped: it needed more memory or time than a build here may have. " +
		"Look for a loop that does not end, and for an output, a file or a variable that grows without bound."
	g := &grader.Grade{Exercise: x.ID, Error: text}
	if x.Def == nil {
		return g
	}
	g.Max = x.Def.Max()
	for _, c := range x.Def.Checks {
		g.Checks = append(g.Checks, grader.Result{ID: c.ID, Title: c.Title, Points: c.Points, Must: c.Must, Advice: c.Advice, Message: text, Skipped: true})
	}
	return g
}

// answer is a worker's part of remote.
func answer(e *engine, c *lessons.Course) func(context.Context, []byte) []byte {
	return func(ctx context.Context, work []byte) []byte {
		var j job
		var out outcome
		if err := json.Unmarshal(work, &j); err != nil {
			out.Error = err.Error()
		} else {
			x, err := exercise(ctx, c, j.Exercise)
			if err == nil {
				out.Grade, err = e.grader.Grade(ctx, x.Def, j.Files)
			}
			switch {
			case errors.Is(err, grader.ErrFiles):
				out.Refuse = err.Error()
			case err != nil:
				out.Error = err.Error()
			default:
				out.Grade = compact(out.Grade)
			}
		}
		data, err := json.Marshal(out)
		if err != nil {
			data, _ = json.Marshal(outcome{Error: err.Error()})
		}
		return data
	}
}
