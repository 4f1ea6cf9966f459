package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"drydock/grader"
	"drydock/store/internal/query"
)

// Answer is a graded answer.
type Answer struct {
	AnswerSummary
	Files map[string]string
	Grade *grader.Grade
}

// AnswerSummary is an answer without its files and its grade's details.
type AnswerSummary struct {
	Exercise string
	Number   int64 // from 1, for each learner and exercise
	Score    int
	Max      int
	Passed   bool
	Bytes    int64 // of the image, 0 if there is none
	Created  time.Time
}

// Result sums up a learner's answers to an exercise.
type Result struct {
	Exercise string
	Answers  int
	Best     int // score
	Passed   bool
	Last     time.Time
}

// AddAnswer saves a graded answer, and the draft with it, and returns the answer's number. base is as for SaveDraft; an answer is saved
// in any case, and a draft of another tab that it writes over is kept.
func (s *Store) AddAnswer(ctx context.Context, learner string, files map[string]string, grade *grader.Grade, base int64) (number int64, err error) {
	encoded, err := encodeFiles(files)
	if err != nil {
		return 0, err
	}
	compressed, err := s.codec.encode(grade)
	if err != nil {
		return 0, err
	}
	params := query.AddAnswerParams{
		Learner: learner, Exercise: grade.Exercise, Files: encoded,
		Score: int64(grade.Score), Max: int64(grade.Max), Passed: grade.Passed,
		Bytes: imageBytes(grade), Grade: compressed, CreatedAt: millis(s.now()),
	}
	err = s.write(ctx, learner, func(ctx context.Context, q *query.Queries) error {
		_, err := saveDraft(ctx, q, learner, grade.Exercise, files, base, params.CreatedAt)
		if errors.Is(err, ErrStale) {
			_, err = saveDraft(ctx, q, learner, grade.Exercise, files, AnyRevision, params.CreatedAt)
		}
		if err != nil {
			return err
		}
		number, err = q.AddAnswer(ctx, params)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("save answer to %s: %w", grade.Exercise, err)
	}
	return number, nil
}

// Answer returns a learner's answer with its grade, or ErrNotFound.
func (s *Store) Answer(ctx context.Context, learner, exercise string, number int64) (Answer, error) {
	row, err := s.read.Answer(ctx, learner, exercise, number)
	if err != nil {
		return Answer{}, found(err, "read answer %d to %s", number, exercise)
	}
	files, err := decodeFiles(row.Files)
	if err != nil {
		return Answer{}, err
	}
	grade, err := s.codec.decode(row.Grade)
	if err != nil {
		return Answer{}, fmt.Errorf("read answer %d to %s: %w", number, exercise, err)
	}
	return Answer{
		AnswerSummary: AnswerSummary{
			Exercise: exercise, Number: row.Number, Score: int(row.Score), Max: int(row.Max), Passed: row.Passed,
			Bytes: row.Bytes, Created: fromMillis(row.CreatedAt),
		},
		Files: files, Grade: grade,
	}, nil
}

// Answers returns a learner's answers to an exercise, the latest first.
func (s *Store) Answers(ctx context.Context, learner, exercise string) ([]AnswerSummary, error) {
	rows, err := s.read.Answers(ctx, learner, exercise)
	if err != nil {
		return nil, fmt.Errorf("read answers to %s: %w", exercise, err)
	}
	answers := make([]AnswerSummary, len(rows))
	for i, row := range rows {
		answers[i] = AnswerSummary{
			Exercise: exercise, Number: row.Number, Score: int(row.Score), Max: int(row.Max), Passed: row.Passed,
			Bytes: row.Bytes, Created: fromMillis(row.CreatedAt),
		}
	}
	return answers, nil
}

// Results sums up all of a learner's answers, by exercise.
func (s *Store) Results(ctx context.Context, learner string) (map[string]Result, error) {
	rows, err := s.read.Results(ctx, learner)
	if err != nil {
		return nil, fmt.Errorf("read results: %w", err)
	}
	results := make(map[string]Result, len(rows))
	for _, row := range rows {
		results[row.Exercise] = Result{
			Exercise: row.Exercise, Answers: int(row.Answers), Best: int(row.Best), Passed: row.Passes > 0, Last: fromMillis(row.LastAt),
		}
	}
	return results, nil
}

func imageBytes(grade *grader.Grade) int64 {
	if grade.Build == nil || grade.Build.Image == nil {
		return 0
	}
	return grade.Build.Image.Bytes
}
