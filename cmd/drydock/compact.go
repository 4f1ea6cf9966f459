package main

import (
	"drydock/grader"
	"drydock/grader/report"
)

// compact returns a grade whose steps sum up their events by kind and tool: an installation has hundreds, and of those pages and learners see the
// sums. The grade itself is shared and stays as it is.
func compact(g *grader.Grade) *grader.Grade {
	out := *g
	out.Build = compactBuild(g.Build)
	out.After = make(map[string]*report.Build, len(g.After))
	for name, b := range g.After {
		out.After[name] = compactBuild(b)
	}
	if g.Run != nil {
		run := *g.Run
		run.Events = summed(run.Events)
		out.Run = &run
	}
	return &out
}

func compactBuild(b *report.Build) *report.Build {
	if b == nil {
		return nil
	}
	out := *b
	out.Steps = make([]report.Step, len(b.Steps))
	for i, s := range b.Steps {
		s.Events = summed(s.Events)
		out.Steps[i] = s
	}
	return &out
}

// summed joins events of one kind and tool; Count says how many there were, or how many units they had.
func summed(events []report.Event) []report.Event {
	type key struct {
		kind, tool string
		dev        bool
	}
	at := map[key]int{}
	var out []report.Event
	for _, e := range events {
		k := key{e.Kind, e.Tool, e.Dev}
		i, ok := at[k]
		if !ok {
			i = len(out)
			at[k] = i
			out = append(out, report.Event{Kind: e.Kind, Tool: e.Tool, Dev: e.Dev})
		}
		out[i].Bytes += e.Bytes
		out[i].Count += max(e.Count, 1)
	}
	return out
}
