package web

import (
	"context"
	"sync"
	"time"

	"drydock/grader"
	"drydock/grader/report"
	"drydock/lessons"
)

// starters knows what each exercise's starter builds to, which results are measured against. An exercise is built once, when first asked for.
type starters struct {
	grade func(context.Context, *lessons.Exercise, grader.Files) (*grader.Grade, error)

	mu    sync.Mutex
	known map[string]*starter // by exercise ID
}

type starter struct {
	exercise *lessons.Exercise // of the version of the course that it was built from
	ready    chan struct{}
	build    *report.Build
}

func newStarters(grade func(context.Context, *lessons.Exercise, grader.Files) (*grader.Grade, error)) *starters {
	return &starters{grade: grade, known: map[string]*starter{}}
}

// starterTime bounds the build of a starter.
const starterTime = 20 * time.Second

// build returns the starter's build, or nil if it is not there before ctx ends or could not be graded.
func (s *starters) build(ctx context.Context, exercise *lessons.Exercise) *report.Build {
	s.mu.Lock()
	known, ok := s.known[exercise.ID]
	if !ok || known.exercise != exercise {
		known = &starter{exercise: exercise, ready: make(chan struct{})}
		s.known[exercise.ID] = known
		go s.run(known)
	}
	s.mu.Unlock()
	select {
	case <-known.ready:
		return known.build
	case <-ctx.Done():
		return nil
	}
}

func (s *starters) run(known *starter) {
	defer close(known.ready)
	ctx, cancel := context.WithTimeout(context.Background(), starterTime)
	defer cancel()
	grade, err := s.grade(ctx, known.exercise, known.exercise.Starter)
	if err != nil {
		s.mu.Lock()
		delete(s.known, known.exercise.ID) // so that the next one asks again
		s.mu.Unlock()
		return
	}
	known.build = grade.Build
}
