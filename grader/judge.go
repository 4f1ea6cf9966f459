package grader

import (
	"fmt"
	"slices"
	"strings"

	"drydock/grader/checks"
	"drydock/grader/report"
)

// judge evaluates the checks over what was seen.
func (r *grading) judge(starter *report.Build) *Grade {
	e := r.exercise
	g := &Grade{Exercise: e.ID, Max: e.Max(), Error: r.first.Error, Build: r.first, Run: r.run, After: r.after}
	g.Leaks = leaks(e.Markers, r.first)
	view := r.view(starter, g.Leaks)
	g.Passed = true
	for _, c := range e.Checks {
		res := r.check(c, view)
		g.Checks = append(g.Checks, res)
		if res.Passed {
			g.Score += res.Points
		} else if c.Must {
			g.Passed = false
		}
	}
	if g.Score < e.Pass {
		g.Passed = false
	}
	return g
}

func (r *grading) view(starter *report.Build, found []report.Leak) *checks.View {
	v := &checks.View{
		Build:   checks.NewBuild(r.first, r.context, nil),
		Run:     checks.NewRun(r.run),
		After:   map[string]*checks.Build{},
		Starter: checks.NewBuild(starter, r.context, nil),
		Base:    r.grader.base(r.first),
		Lines:   checks.NewLines(r.files["Dockerfile"]),
	}
	v.Build.Run = v.Run
	for name, b := range r.after {
		after := checks.NewBuild(b, r.contexts[name], r.first)
		after.Run = checks.NewRun(r.runs[name])
		v.After[name] = after
	}
	for _, l := range found {
		v.Leaks = append(v.Leaks, &checks.Leak{Marker: l.Marker, Where: l.Where, Line: l.Line})
	}
	return v
}

// check judges one check. What cannot be judged, because a build it looks at failed, counts as not passed.
func (r *grading) check(c *Check, v *checks.View) Result {
	res := Result{ID: c.ID, Title: c.Title, Points: c.Points, Must: c.Must, Advice: c.Advice}
	if !r.first.OK && !c.expr.AsksBuild {
		res.Skipped = true
		res.Message = "This could not be judged, because the build failed."
		return res
	}
	for _, name := range c.expr.Scenarios {
		b := r.after[name]
		if b != nil && !b.OK && !slices.Contains(c.expr.Guarded, name) {
			res.Line = b.Lines.Start
			res.Message = fmt.Sprintf("%s, the build fails: %s", r.exercise.title(name), sentence(b.Error))
			return res
		}
	}
	passed, err := c.expr.Bool(v)
	if err != nil {
		res.Skipped = true
		res.Message = "This could not be judged: " + err.Error()
		return res
	}
	if res.Passed = passed; passed {
		return res
	}
	var texts []string
	for _, t := range []*checks.Template{c.failed, c.explain} {
		text, err := t.Fill(v)
		if err != nil {
			text = ""
		}
		if text != "" {
			texts = append(texts, sentence(text))
		}
	}
	res.Message = strings.Join(texts, " ")
	if c.line != nil {
		if line, err := c.line.Int(v); err == nil {
			res.Line = line
		}
	}
	return res
}

// title is how the learner reads of a scenario.
func (e *Exercise) title(scenario string) string {
	for _, s := range e.Scenarios {
		if s.Name == scenario {
			return s.Title
		}
	}
	return scenario
}

// sentence ends a text with a full stop where it has no end.
func sentence(s string) string {
	s = strings.TrimSpace(s)
	if s == "" || strings.ContainsAny(s[len(s)-1:], ".?!)") {
		return s
	}
	return s + "."
}
