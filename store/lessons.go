package store

import (
	"context"
	"fmt"
	"time"

	"drydock/store/internal/query"
)

// LessonProgress is how far a learner is with a lesson.
type LessonProgress struct {
	Lesson string
	Opened time.Time // last
	Done   time.Time // zero while it is not done
}

// OpenLesson records that a learner reads a lesson.
func (s *Store) OpenLesson(ctx context.Context, learner, lesson string) error {
	err := s.write(ctx, learner, func(ctx context.Context, q *query.Queries) error {
		return q.OpenLesson(ctx, learner, lesson, millis(s.now()))
	})
	if err != nil {
		return fmt.Errorf("record that %s was opened: %w", lesson, err)
	}
	return nil
}

// FinishLesson records that a learner is done with a lesson, or no longer.
func (s *Store) FinishLesson(ctx context.Context, learner, lesson string, done bool) error {
	err := s.write(ctx, learner, func(ctx context.Context, q *query.Queries) error {
		now := millis(s.now())
		if !done {
			return q.FinishLesson(ctx, learner, lesson, now, 0)
		}
		return q.FinishLesson(ctx, learner, lesson, now, now)
	})
	if err != nil {
		return fmt.Errorf("record that %s is done: %w", lesson, err)
	}
	return nil
}

// LessonProgress returns how far a learner is, by lesson.
func (s *Store) LessonProgress(ctx context.Context, learner string) (map[string]LessonProgress, error) {
	rows, err := s.read.LessonProgress(ctx, learner)
	if err != nil {
		return nil, fmt.Errorf("read progress: %w", err)
	}
	progress := make(map[string]LessonProgress, len(rows))
	for _, row := range rows {
		progress[row.Lesson] = LessonProgress{Lesson: row.Lesson, Opened: fromMillis(row.OpenedAt), Done: fromMillis(row.DoneAt)}
	}
	return progress, nil
}
