package grader

import (
	"fmt"
	"slices"
	"strings"
)

// Difference is where a grade is not what was said of an answer.
type Difference struct {
	Key  string // of expect.yaml: "passed", "score", "fails", "advice", "error"
	Text string
}

// Differences tells where a grade is not as expected.
func (w Expectation) Differences(g *Grade) []Difference {
	var out []Difference
	differ := func(key, format string, a ...any) { out = append(out, Difference{key, fmt.Sprintf(format, a...)}) }
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
	if w.Error == "" && g.Error != "" || !strings.Contains(g.Error, w.Error) {
		differ("error", "the build says %q; expected is %q", g.Error, w.Error)
	}
	if g.Passed != w.Passed {
		differ("passed", "passed is %v; expected is %v", g.Passed, w.Passed)
	}
	if w.Score >= 0 && g.Score != w.Score {
		differ("score", "it earns %d points; expected are %d", g.Score, w.Score)
	}
	slices.Sort(fails)
	if !slices.Equal(fails, slices.Sorted(slices.Values(w.Fails))) {
		differ("fails", "it fails %v; expected is %v", fails, w.Fails)
	}
	for _, id := range w.Advice {
		if !slices.Contains(advice, id) {
			differ("advice", "it is given advice on %v; expected is %s", advice, id)
		}
	}
	return out
}
