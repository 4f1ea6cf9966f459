package lessons

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"runtime"
	"strings"
	"sync"

	"drydock/grader"
)

// Grader grades an answer.
type Grader func(ctx context.Context, e *grader.Exercise, files grader.Files) (*grader.Grade, error)

// Check finds everything that is wrong with a course: its front matter, links and listings, all of which are built, and its exercises,
// where the starter must not pass, references must earn full marks, and every answer must fare as its expect.yaml says. An error means
// that there is no course, or that ctx ended.
func Check(ctx context.Context, o Options, grade Grader) ([]Problem, error) {
	l, err := Open(o)
	if err != nil {
		return nil, err
	}
	if err := l.Render(ctx); err != nil {
		return nil, err
	}
	problems := l.Problems()
	c := &checker{fsys: l.reader.fsys, grade: grade, slots: make(chan struct{}, runtime.GOMAXPROCS(0))}
	for _, e := range l.reader.before.exercises {
		if e.exercise != nil {
			c.exercise(ctx, e)
		}
	}
	c.wait.Wait()
	problems = append(problems, c.problems...)
	sortProblems(problems)
	return problems, ctx.Err()
}

// checker grades what exercises ship, a few at a time.
type checker struct {
	fsys  fs.FS
	grade Grader
	slots chan struct{}
	wait  sync.WaitGroup

	mu       sync.Mutex
	problems []Problem
}

func (c *checker) complain(file string, line int, format string, a ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.problems = append(c.problems, Problem{File: file, Line: line, Text: fmt.Sprintf(format, a...)})
}

func (c *checker) exercise(ctx context.Context, e *exerciseDraft) {
	def := e.exercise.Def
	starter := path.Join(e.dir, "starter", "Dockerfile")
	c.answer(ctx, e, starter, def.Starter, func(g *grader.Grade) {
		if g.Passed {
			c.complain(starter, 1, "the starter passes already, with %d of %d points", g.Score, g.Max)
		}
	})
	for _, a := range def.References {
		file := path.Join(e.dir, "references", a.Name, "Dockerfile")
		c.answer(ctx, e, file, a.Files, func(g *grader.Grade) { c.reference(file, g) })
	}
	for _, a := range def.Answers {
		dir := path.Join(e.dir, "answers", a.Name)
		c.answer(ctx, e, path.Join(dir, "Dockerfile"), a.Files, func(g *grader.Grade) {
			differences := a.Want.Differences(g)
			if len(differences) == 0 {
				return
			}
			file := path.Join(dir, "expect.yaml")
			data, _ := fs.ReadFile(c.fsys, file)
			lines := keyLines(0, data)
			if differences[0].Key == "error" {
				differences = differences[:1] // the rest follows from it
			}
			for _, d := range differences {
				c.complain(file, max(lines[d.Key], 1), "answer %s: %s", a.Name, d.Text)
			}
		})
	}
}

// answer grades files in the background and judges the grade.
func (c *checker) answer(ctx context.Context, e *exerciseDraft, file string, files grader.Files, judge func(*grader.Grade)) {
	c.wait.Go(func() {
		c.slots <- struct{}{}
		defer func() { <-c.slots }()
		if ctx.Err() != nil {
			return
		}
		g, err := c.grade(ctx, e.exercise.Def, files)
		if err != nil {
			c.complain(file, 0, "cannot be graded: %s", err)
			return
		}
		for _, r := range g.Checks {
			if _, why, ok := strings.Cut(r.Message, "could not be judged: "); ok {
				c.complain(path.Join(e.dir, "exercise.yaml"), 0, "check %s could not be judged for %s: %s", r.ID, path.Base(path.Dir(file)), why)
			}
		}
		judge(g)
	})
}

// reference judges the grade of a reference.
func (c *checker) reference(file string, g *grader.Grade) {
	if g.Error != "" {
		line := 1
		if g.Build != nil {
			line = max(line, g.Build.Lines.Start)
		}
		c.complain(file, line, "the reference does not build: %s", g.Error)
		return
	}
	if g.Passed && g.Score == g.Max {
		return
	}
	for _, r := range g.Checks {
		if !r.Passed && !r.Advice {
			c.complain(file, max(r.Line, 1), "the reference earns %d of %d points; it fails %s: %s", g.Score, g.Max, r.ID, r.Message)
		}
	}
}
