package grader_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"drydock/grader"
	"drydock/grader/build"
	"drydock/grader/catalogue"
	"drydock/grader/models"
	"drydock/grader/report"
	"drydock/grader/tool"
)

// simulator is a grader over the simulated build, as the product has it.
var simulator = sync.OnceValue(func() *grader.Grader { return newSimulator(models.All()) })

func newSimulator(all tool.Models) *grader.Grader {
	images := catalogue.Open()
	return grader.New(grader.Options{
		Builder: func() grader.Builder { return build.NewSession(images.Resolve, all) },
		Images:  images.Resolve,
		Models:  all,
		Now:     time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC),
	})
}

// Every answer that an exercise ships leads to what is said of it, and every reference to full marks.
func TestShippedAnswers(t *testing.T) {
	for _, e := range shipped(t) {
		t.Run(e.ID, func(t *testing.T) {
			t.Run("starter", func(t *testing.T) {
				if g := gradeShipped(t, e, e.Starter); g.Passed {
					t.Errorf("the starter passes:\n%s", said(g))
				}
			})
			for _, a := range e.References {
				t.Run(a.Name, func(t *testing.T) {
					if g := gradeShipped(t, e, a.Files); !g.Passed || g.Score != g.Max {
						t.Errorf("%s", said(g))
					}
				})
			}
			for _, a := range e.Answers {
				t.Run(a.Name, func(t *testing.T) { compare(t, a.Want, gradeShipped(t, e, a.Files)) })
			}
		})
	}
}

func gradeShipped(t *testing.T, e *grader.Exercise, files grader.Files) *grader.Grade {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	g, err := simulator().Grade(ctx, e, files)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range g.Checks {
		if !r.Passed && (r.Message == "" || strings.Contains(r.Message, "could not be judged: ")) {
			t.Errorf("check %s says %q", r.ID, r.Message)
		}
		if lines := strings.Count(files["Dockerfile"], "\n") + 1; r.Line > lines {
			t.Errorf("check %s points at line %d of %d", r.ID, r.Line, lines)
		}
	}
	return g
}

func compare(t *testing.T, want grader.Expectation, g *grader.Grade) {
	t.Helper()
	var fails, advice []string
	for _, r := range g.Checks {
		switch {
		case r.Passed || r.Skipped:
		case r.Advice:
			advice = append(advice, r.ID)
		default:
			fails = append(fails, r.ID)
		}
	}
	slices.Sort(fails)
	if !slices.Equal(fails, slices.Sorted(slices.Values(want.Fails))) {
		t.Errorf("fails %v; want %v", fails, want.Fails)
	}
	for _, id := range want.Advice {
		if !slices.Contains(advice, id) {
			t.Errorf("gives advice on %v; want %s", advice, id)
		}
	}
	if g.Passed != want.Passed || want.Score >= 0 && g.Score != want.Score {
		t.Errorf("passed %v with %d points; want %v with %d", g.Passed, g.Score, want.Passed, want.Score)
	}
	if want.Error == "" && g.Error != "" || !strings.Contains(g.Error, want.Error) {
		t.Errorf("error %q; want %q", g.Error, want.Error)
	}
	if t.Failed() {
		t.Log(said(g))
		if g.Error != "" {
			for _, s := range g.Build.Steps {
				if s.Error != "" {
					t.Logf("%s\n%s", s.Name, tail(s))
				}
			}
		}
		if g.Run != nil && !g.Run.OK {
			t.Logf("%s\n%s", g.Run.Error, g.Run.Output)
		}
	}
}

func tail(s report.Step) string {
	if len(s.Output) > 2000 {
		return s.Output[len(s.Output)-2000:]
	}
	return s.Output
}
