package grader_test

import (
	"io/fs"
	"os"
	"path"
	"testing"

	"drydock/grader"
)

const course = "../lessons/docker-images/exercises"

// shipped loads every exercise of the course.
func shipped(t testing.TB) []*grader.Exercise {
	t.Helper()
	fsys := os.DirFS(course)
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		t.Fatal(err)
	}
	var out []*grader.Exercise
	for _, e := range entries {
		sub, err := fs.Sub(fsys, e.Name())
		if err != nil {
			t.Fatal(err)
		}
		ex, err := grader.LoadExercise(sub, e.Name())
		if err != nil {
			t.Errorf("%s: %v", path.Join(course, e.Name()), err)
			continue
		}
		out = append(out, ex)
	}
	return out
}

// Every exercise has enough answers to show that it judges what is done and not how it is written.
func TestShippedExercisesHaveAnswers(t *testing.T) {
	for _, e := range shipped(t) {
		right, wrong := len(e.References), 0
		for _, a := range e.Answers {
			if a.Want.Passed {
				right++
			} else {
				wrong++
			}
		}
		if len(e.References) == 0 || right < 12 || wrong < 18 {
			t.Errorf("%s: %d references, %d right and %d wrong answers", e.ID, len(e.References), right, wrong)
		}
	}
}
