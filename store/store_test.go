package store_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"drydock/grader"
	"drydock/grader/report"
	"drydock/store"
)

func openStore(t testing.TB, path string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func newStore(t testing.TB) *store.Store {
	t.Helper()
	return openStore(t, filepath.Join(t.TempDir(), "a name with spaces & a %.db"))
}

func files(dockerfile string) map[string]string { return map[string]string{"Dockerfile": dockerfile} }

func grade(exercise string, score int, passed bool) *grader.Grade {
	return &grader.Grade{
		Exercise: exercise, Score: score, Max: 100, Passed: passed,
		Checks: []grader.Result{{ID: "builds", Title: "It builds", Must: true, Passed: true}},
		Build:  &report.Build{OK: true, Image: &report.Image{Bytes: 41_000_000}},
	}
}

func TestAnswers(t *testing.T) {
	ctx, s, learner := t.Context(), newStore(t), store.NewID()

	if _, err := s.Answer(ctx, learner, "node", 1); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("answer before there is one: %v, want ErrNotFound", err)
	}
	for i, score := range []int{30, 80, 60} {
		number, err := s.AddAnswer(ctx, learner, files(fmt.Sprint("FROM ", i)), grade("node", score, score >= 70), store.AnyRevision)
		if err != nil {
			t.Fatal(err)
		}
		if number != int64(i+1) {
			t.Errorf("answer %d got number %d", i+1, number)
		}
	}
	if number, err := s.AddAnswer(ctx, learner, files("FROM x"), grade("java", 10, false), store.AnyRevision); err != nil || number != 1 {
		t.Errorf("first answer to another exercise: number %d, %v", number, err)
	}

	answer, err := s.Answer(ctx, learner, "node", 2)
	if err != nil {
		t.Fatal(err)
	}
	if answer.Files["Dockerfile"] != "FROM 1" || answer.Score != 80 || !answer.Passed || answer.Bytes != 41_000_000 {
		t.Errorf("answer 2 = %+v", answer)
	}
	if answer.Grade.Checks[0].Title != "It builds" || answer.Grade.Build.Image.Bytes != 41_000_000 {
		t.Errorf("grade of answer 2 = %+v", answer.Grade)
	}
	if answer.Created.IsZero() {
		t.Error("answer 2 has no time")
	}

	answers, err := s.Answers(ctx, learner, "node")
	if err != nil {
		t.Fatal(err)
	}
	if len(answers) != 3 || answers[0].Number != 3 || answers[2].Score != 30 {
		t.Errorf("answers = %+v, want the latest first", answers)
	}

	results, err := s.Results(ctx, learner)
	if err != nil {
		t.Fatal(err)
	}
	if r := results["node"]; r.Answers != 3 || r.Best != 80 || !r.Passed {
		t.Errorf("result of node = %+v", r)
	}
	if r := results["java"]; r.Answers != 1 || r.Passed {
		t.Errorf("result of java = %+v", r)
	}
	if other, err := s.Results(ctx, store.NewID()); err != nil || len(other) != 0 {
		t.Errorf("another learner's results = %v, %v", other, err)
	}
}

func TestDrafts(t *testing.T) {
	ctx, s, learner := t.Context(), newStore(t), store.NewID()

	if _, err := s.Draft(ctx, learner, "node"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("no draft yet: %v", err)
	}
	first, err := s.SaveDraft(ctx, learner, "node", files("FROM a"), 0)
	if err != nil {
		t.Fatal(err)
	}
	second, err := s.SaveDraft(ctx, learner, "node", files("FROM b"), first)
	if err != nil || second <= first {
		t.Fatalf("second revision %d after %d, %v", second, first, err)
	}
	if again, err := s.SaveDraft(ctx, learner, "node", files("FROM b"), first); err != nil || again != second {
		t.Errorf("saving the same text again: revision %d, %v, want %d", again, err, second)
	}
	if _, err := s.SaveDraft(ctx, learner, "node", files("FROM other tab"), first); !errors.Is(err, store.ErrStale) {
		t.Errorf("save over a newer revision: %v, want ErrStale", err)
	}
	if draft, err := s.Draft(ctx, learner, "node"); err != nil || draft.Files["Dockerfile"] != "FROM b" {
		t.Errorf("draft after a stale save = %+v, %v", draft, err)
	}

	if _, err := s.AddAnswer(ctx, learner, files("FROM other tab"), grade("node", 1, false), first); err != nil {
		t.Fatal(err)
	}
	if err := s.ReplaceDraft(ctx, learner, "node", files("FROM starter")); err != nil {
		t.Fatal(err)
	}
	kept, err := s.KeptDrafts(ctx, learner, "node")
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, draft := range kept {
		texts = append(texts, draft.Files["Dockerfile"])
	}
	if got := strings.Join(texts, ", "); got != "FROM other tab, FROM b" {
		t.Errorf("kept drafts = %s", got)
	}
	one, err := s.KeptDraft(ctx, learner, "node", kept[1].Revision)
	if err != nil || !maps.Equal(one.Files, files("FROM b")) {
		t.Errorf("kept draft = %+v, %v", one, err)
	}
}

func TestProgressAndSolutions(t *testing.T) {
	ctx, s, learner := t.Context(), newStore(t), store.NewID()
	for _, step := range []error{
		s.OpenLesson(ctx, learner, "beginner/layers"),
		s.FinishLesson(ctx, learner, "beginner/layers", true),
		s.OpenLesson(ctx, learner, "beginner/layers"),
		s.FinishLesson(ctx, learner, "beginner/copy", true),
		s.FinishLesson(ctx, learner, "beginner/copy", false),
		s.ViewSolution(ctx, learner, "node", false),
		s.ViewSolution(ctx, learner, "node", true),
		s.SetTheme(ctx, learner, "dark"),
		s.SetName(ctx, learner, "Ada"),
	} {
		if step != nil {
			t.Fatal(step)
		}
	}
	progress, err := s.LessonProgress(ctx, learner)
	if err != nil {
		t.Fatal(err)
	}
	if progress["beginner/layers"].Done.IsZero() || !progress["beginner/copy"].Done.IsZero() {
		t.Errorf("progress = %+v", progress)
	}
	if view, err := s.SolutionView(ctx, learner, "node"); err != nil || view.Passed {
		t.Errorf("view = %+v, %v: the first asking counts", view, err)
	}
	if l, err := s.Learner(ctx, learner); err != nil || l.Theme != "dark" || l.Name != "Ada" {
		t.Errorf("learner = %+v, %v", l, err)
	}

	if err := s.DeleteLearner(ctx, learner); err != nil {
		t.Fatal(err)
	}
	if progress, err := s.LessonProgress(ctx, learner); err != nil || len(progress) != 0 {
		t.Errorf("after deletion: %v, %v", progress, err)
	}
}

func TestManyWritersAtOnce(t *testing.T) {
	ctx, s := t.Context(), newStore(t)
	const writers, each = 32, 8
	var group sync.WaitGroup
	for range writers {
		group.Go(func() {
			learner := store.NewID()
			for i := range each {
				number, err := s.AddAnswer(ctx, learner, files("FROM scratch"), grade("node", 10, false), store.AnyRevision)
				if err != nil || number != int64(i+1) {
					t.Errorf("answer %d: number %d, %v", i+1, number, err)
				}
			}
		})
	}
	group.Wait()
}

func TestOneFailureTakesNoOtherAlong(t *testing.T) {
	ctx, s, learner := t.Context(), newStore(t), store.NewID()
	if _, err := s.SaveDraft(ctx, learner, "node", files("FROM a"), 0); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			if _, err := s.SaveDraft(ctx, learner, "node", files(fmt.Sprint("FROM ", i)), 1000); !errors.Is(err, store.ErrStale) {
				t.Errorf("stale save: %v", err)
			}
		})
		group.Go(func() {
			if err := s.FinishLesson(ctx, learner, fmt.Sprint("lesson/", i), true); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if progress, err := s.LessonProgress(ctx, learner); err != nil || len(progress) != 20 {
		t.Errorf("%d lessons done, want 20, %v", len(progress), err)
	}
}

func TestClosedStoreRefuses(t *testing.T) {
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "d.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.OpenLesson(t.Context(), store.NewID(), "x"); err == nil {
		t.Error("a closed store accepted a write")
	}
}

// TestKilledProcessLosesNothing kills a process in the middle of its writes and looks for every answer that it had been told was saved.
func TestKilledProcessLosesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "d.db")
	if os.Getenv("DRYDOCK_TEST_WRITE_TO") != "" {
		writeForever(t, os.Getenv("DRYDOCK_TEST_WRITE_TO"))
		return
	}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilledProcessLosesNothing$")
	child.Env = append(os.Environ(), "DRYDOCK_TEST_WRITE_TO="+path)
	output, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var saved []string
	lines := bufio.NewScanner(output)
	for len(saved) < 60 && lines.Scan() {
		if learner, ok := strings.CutPrefix(lines.Text(), "saved "); ok {
			saved = append(saved, learner)
		}
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() {
		if learner, ok := strings.CutPrefix(lines.Text(), "saved "); ok {
			saved = append(saved, learner)
		}
	}
	_ = child.Wait() // killed
	if len(saved) < 60 {
		t.Fatalf("the child saved only %d answers", len(saved))
	}

	s := openStore(t, path)
	for _, learner := range saved {
		if _, err := s.Answer(t.Context(), learner, "node", 1); err != nil {
			t.Errorf("lost: %v", err)
		}
	}
}

func writeForever(t *testing.T, path string) {
	s := openStore(t, path)
	var out sync.Mutex
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 5000 {
				learner := store.NewID()
				if _, err := s.AddAnswer(t.Context(), learner, files("FROM scratch"), grade("node", 10, false), 0); err != nil {
					return
				}
				out.Lock()
				fmt.Printf("saved %s\n", learner)
				out.Unlock()
			}
		})
	}
	group.Wait()
}

// BenchmarkAddAnswer measures durable answers, many learners at once.
func BenchmarkAddAnswer(b *testing.B) {
	s := newStore(b)
	g := grade("node", 80, true)
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := s.AddAnswer(context.Background(), store.NewID(), files("FROM scratch"), g, 0); err != nil {
				b.Error(err)
			}
		}
	})
}
