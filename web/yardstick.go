package web

import (
	"context"
	"sync"
	"time"

	"drydock/grader"
	"drydock/grader/report"
	"drydock/lessons"
)

// yardsticks knows what each exercise's starter and reference build to, which answers are measured against. They are built once, when
// first asked for.
type yardsticks struct {
	grade func(context.Context, *lessons.Exercise, grader.Files) (*grader.Grade, error)

	mu    sync.Mutex
	known map[string]*measuring // by exercise ID
}

// yardstick is an image to begin with and one to arrive at; either is nil where it could not be built.
type yardstick struct {
	starter   *report.Build
	reference *report.Build
}

type measuring struct {
	exercise *lessons.Exercise // of the version of the course that it was built from
	ready    chan struct{}
	result   yardstick
}

func newYardsticks(grade func(context.Context, *lessons.Exercise, grader.Files) (*grader.Grade, error)) *yardsticks {
	return &yardsticks{grade: grade, known: map[string]*measuring{}}
}

// measureTime bounds the builds of a yardstick.
const measureTime = 30 * time.Second

// of returns an exercise's yardstick, or an empty one if it is not there before ctx ends. The exercise is one of the course's own, not
// one that [lessons.Exercise.Load] returned.
func (y *yardsticks) of(ctx context.Context, exercise *lessons.Exercise) yardstick {
	y.mu.Lock()
	m, ok := y.known[exercise.ID]
	if !ok || m.exercise != exercise {
		m = &measuring{exercise: exercise, ready: make(chan struct{})}
		y.known[exercise.ID] = m
		go y.measure(m)
	}
	y.mu.Unlock()
	select {
	case <-m.ready:
		return m.result
	case <-ctx.Done():
		return yardstick{}
	}
}

func (y *yardsticks) measure(m *measuring) {
	defer close(m.ready)
	ctx, cancel := context.WithTimeout(context.Background(), measureTime)
	defer cancel()
	grade, err := y.grade(ctx, m.exercise, m.exercise.Starter)
	if err == nil {
		m.result.starter = built(grade.Build)
	}
	loaded, failed := m.exercise.Load(ctx)
	if failed == nil && len(loaded.Solution) > 0 {
		m.result.reference = built(loaded.Solution[0].Build)
	}
	if err != nil || failed != nil {
		y.mu.Lock()
		defer y.mu.Unlock()
		if y.known[m.exercise.ID] == m {
			delete(y.known, m.exercise.ID) // so that the next one asks again
		}
	}
}

// built returns a build that made an image, or nil.
func built(build *report.Build) *report.Build {
	if build == nil || build.Image == nil {
		return nil
	}
	return build
}
