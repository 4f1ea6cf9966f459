package store

import (
	"context"
	"crypto/rand"
	"time"

	"drydock/store/internal/query"
)

// Learner is someone who has saved something.
type Learner struct {
	ID      string
	Name    string
	Theme   string // "", "light" or "dark"; "" follows the system
	Created time.Time
	Seen    time.Time
}

// NewID returns a fresh learner id, impossible to guess. It is written to the database with the first thing saved under it.
func NewID() string { return rand.Text() }

// Learner returns a learner, or ErrNotFound if nothing was saved under the id.
func (s *Store) Learner(ctx context.Context, id string) (Learner, error) {
	row, err := s.read.Learner(ctx, id)
	if err != nil {
		return Learner{}, found(err, "read learner")
	}
	return Learner{
		ID: row.ID, Name: row.Name, Theme: row.Theme, Created: fromMillis(row.CreatedAt), Seen: fromMillis(row.SeenAt),
	}, nil
}

// SetTheme saves which theme a learner wants.
func (s *Store) SetTheme(ctx context.Context, learner, theme string) error {
	return s.write(ctx, learner, func(ctx context.Context, q *query.Queries) error {
		return q.SetTheme(ctx, learner, theme)
	})
}

// SetName saves how a learner wants to be called.
func (s *Store) SetName(ctx context.Context, learner, name string) error {
	return s.write(ctx, learner, func(ctx context.Context, q *query.Queries) error {
		return q.SetName(ctx, learner, name)
	})
}

// DeleteLearner removes a learner and everything saved for them.
func (s *Store) DeleteLearner(ctx context.Context, id string) error {
	return s.writer.do(ctx, func(ctx context.Context, q *query.Queries) error { return q.DeleteLearner(ctx, id) })
}

// write applies a write for a learner, who comes into being with it.
func (s *Store) write(ctx context.Context, learner string, apply func(context.Context, *query.Queries) error) error {
	now := millis(s.now())
	return s.writer.do(ctx, func(ctx context.Context, q *query.Queries) error {
		if err := q.TouchLearner(ctx, learner, now); err != nil {
			return err
		}
		return apply(ctx, q)
	})
}
