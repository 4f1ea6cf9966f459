package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"drydock/store/internal/query"
)

// Draft is what stands in a learner's editor for an exercise.
type Draft struct {
	Exercise string
	Revision int64 // rises with every save
	Files    map[string]string
	Updated  time.Time
}

// AnyRevision lets a draft be saved over whatever is there; what is written over is kept.
const AnyRevision = -1

// Draft returns the draft for an exercise, or ErrNotFound.
func (s *Store) Draft(ctx context.Context, learner, exercise string) (Draft, error) {
	row, err := s.read.Draft(ctx, learner, exercise)
	if err != nil {
		return Draft{}, found(err, "read draft of %s", exercise)
	}
	files, err := decodeFiles(row.Files)
	return Draft{Exercise: exercise, Revision: row.Revision, Files: files, Updated: fromMillis(row.UpdatedAt)}, err
}

// SaveDraft saves a draft and returns its new revision. base is the revision that the editor started from, 0 if there was no draft yet;
// if another tab has saved since, nothing is written and the error is ErrStale.
func (s *Store) SaveDraft(ctx context.Context, learner, exercise string, files map[string]string, base int64) (revision int64, err error) {
	err = s.write(ctx, learner, func(ctx context.Context, q *query.Queries) error {
		revision, err = saveDraft(ctx, q, learner, exercise, files, base, millis(s.now()))
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("save draft of %s: %w", exercise, err)
	}
	return revision, nil
}

// ReplaceDraft puts other files into the editor, the starter's or an earlier answer's. What stood there is kept.
func (s *Store) ReplaceDraft(ctx context.Context, learner, exercise string, files map[string]string) error {
	err := s.write(ctx, learner, func(ctx context.Context, q *query.Queries) error {
		now := millis(s.now())
		if err := q.KeepDraft(ctx, learner, exercise, now); err != nil {
			return err
		}
		encoded, err := encodeFiles(files)
		if err != nil {
			return err
		}
		_, err = q.SaveDraft(ctx, learner, exercise, encoded, now)
		return err
	})
	if err != nil {
		return fmt.Errorf("replace draft of %s: %w", exercise, err)
	}
	return nil
}

// KeptDrafts returns what stood in the editor before resets, the latest first.
func (s *Store) KeptDrafts(ctx context.Context, learner, exercise string) ([]Draft, error) {
	rows, err := s.read.KeptDrafts(ctx, learner, exercise)
	if err != nil {
		return nil, fmt.Errorf("read kept drafts of %s: %w", exercise, err)
	}
	drafts := make([]Draft, 0, len(rows))
	for _, row := range rows {
		draft, err := keptDraft(row)
		if err != nil {
			return nil, err
		}
		drafts = append(drafts, draft)
	}
	return drafts, nil
}

// KeptDraft returns one of the kept drafts, or ErrNotFound.
func (s *Store) KeptDraft(ctx context.Context, learner, exercise string, revision int64) (Draft, error) {
	row, err := s.read.KeptDraft(ctx, learner, exercise, revision)
	if err != nil {
		return Draft{}, found(err, "read kept draft %d of %s", revision, exercise)
	}
	return keptDraft(row)
}

func keptDraft(row query.KeptDraft) (Draft, error) {
	files, err := decodeFiles(row.Files)
	return Draft{Exercise: row.Exercise, Revision: row.Revision, Files: files, Updated: fromMillis(row.KeptAt)}, err
}

// saveDraft saves a draft within a transaction, and keeps what it writes over if that came from elsewhere.
func saveDraft(ctx context.Context, q *query.Queries, learner, exercise string, files map[string]string, base, now int64) (int64, error) {
	current, err := q.Draft(ctx, learner, exercise)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		// The first draft can be behind nothing.
	case err != nil:
		return 0, err
	default:
		standing, err := decodeFiles(current.Files)
		if err != nil {
			return 0, err
		}
		if maps.Equal(standing, files) {
			return current.Revision, nil
		}
		if base != AnyRevision && base != current.Revision {
			return 0, ErrStale
		}
		if base == AnyRevision {
			if err := q.KeepDraft(ctx, learner, exercise, now); err != nil {
				return 0, err
			}
		}
	}
	encoded, err := encodeFiles(files)
	if err != nil {
		return 0, err
	}
	return q.SaveDraft(ctx, learner, exercise, encoded, now)
}

func encodeFiles(files map[string]string) (string, error) {
	data, err := json.Marshal(files)
	if err != nil {
		return "", fmt.Errorf("encode files: %w", err)
	}
	return string(data), nil
}

func decodeFiles(data string) (map[string]string, error) {
	var files map[string]string
	if err := json.Unmarshal([]byte(data), &files); err != nil {
		return nil, fmt.Errorf("decode files: %w", err)
	}
	return files, nil
}
