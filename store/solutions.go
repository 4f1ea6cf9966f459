package store

import (
	"context"
	"fmt"
	"time"

	"drydock/store/internal/query"
)

// SolutionView says when a learner was first shown an exercise's solution.
type SolutionView struct {
	Exercise string
	Passed   bool // the exercise was passed by then
	Viewed   time.Time
}

// ViewSolution records that a learner asked for a solution. Only the first time counts.
func (s *Store) ViewSolution(ctx context.Context, learner, exercise string, passed bool) error {
	err := s.write(ctx, learner, func(ctx context.Context, q *query.Queries) error {
		return q.AddSolutionView(ctx, learner, exercise, passed, millis(s.now()))
	})
	if err != nil {
		return fmt.Errorf("record that the solution of %s was shown: %w", exercise, err)
	}
	return nil
}

// SolutionView returns when a learner was first shown a solution, or ErrNotFound.
func (s *Store) SolutionView(ctx context.Context, learner, exercise string) (SolutionView, error) {
	row, err := s.read.SolutionView(ctx, learner, exercise)
	if err != nil {
		return SolutionView{}, found(err, "read whether the solution of %s was shown", exercise)
	}
	return SolutionView{Exercise: exercise, Passed: row.Passed, Viewed: fromMillis(row.ViewedAt)}, nil
}
