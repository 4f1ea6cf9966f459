package ui

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"drydock/grader"
	"drydock/grader/report"
	"drydock/lessons/stack"
)

// outcome is the word for a check's mark.
func outcome(r grader.Result) string {
	switch {
	case r.Passed:
		return "passed"
	case r.Skipped:
		return "skipped"
	case r.Advice:
		return "advice"
	}
	return "failed"
}

type checkGroup struct {
	ID      string
	Title   string
	Results []groupedResult
}

type groupedResult struct {
	grader.Result
	First bool // the first that failed, of all
}

// grouped tells checks apart by weight, in the author's order within each group.
func grouped(results []grader.Result) []checkGroup {
	groups := []checkGroup{
		{ID: "essential", Title: "Essential"},
		{ID: "worth", Title: "Worth fixing"},
		{ID: "good", Title: "Good to know"},
		{ID: "well", Title: "Well done"},
		{ID: "unjudged", Title: "Not judged, because the build failed"},
	}
	for _, r := range results {
		g := 1
		switch {
		case r.Passed:
			g = 3
		case r.Skipped:
			g = 4
		case r.Advice:
			g = 2
		case r.Must:
			g = 0
		}
		groups[g].Results = append(groups[g].Results, groupedResult{Result: r})
	}
	groups = slices.DeleteFunc(groups, func(g checkGroup) bool { return len(g.Results) == 0 })
	for _, g := range groups {
		if g.ID == "essential" || g.ID == "worth" {
			g.Results[0].First = true
			break
		}
	}
	return groups
}

func earned(r grader.Result) string {
	if r.Passed {
		return fmt.Sprintf("%d of %d", r.Points, r.Points)
	}
	return fmt.Sprintf("0 of %d", r.Points)
}

// why sums up a grade in a sentence.
func why(g *grader.Grade) string {
	musts, open := 0, 0
	for _, r := range g.Checks {
		switch {
		case r.Passed || r.Skipped:
		case r.Must:
			musts++
		case !r.Advice:
			open++
		}
	}
	switch {
	case g.Error != "":
		return "A build that fails makes no image. The message below is the one a real build gives."
	case musts > 0:
		return fmt.Sprintf("%s to pass.", count(musts, "essential check is left", "essential checks are left"))
	case !g.Passed:
		return "Every essential check passes; some more points are needed."
	case open > 0:
		return fmt.Sprintf("Everything essential holds. %s.", count(open, "check is worth fixing", "checks are worth fixing"))
	}
	return "Every check with points holds."
}

type sizeRow struct {
	ID, Title, Size, Width string
}

// bars are the sizes to compare, largest scale first: without an image of one's own there is nothing to compare.
func (r Result) bars() []sizeRow {
	var rows []sizeRow
	largest := max(r.StarterBytes, r.ReferenceBytes, r.Answer.Bytes)
	if largest == 0 {
		return nil
	}
	for _, row := range []struct {
		id, title string
		bytes     int64
	}{{"starter", "starter", r.StarterBytes}, {"yours", "yours", r.Answer.Bytes}, {"reference", "reference", r.ReferenceBytes}} {
		if row.bytes == 0 {
			continue
		}
		rows = append(rows, sizeRow{row.id, row.title, stack.Size(row.bytes), fmt.Sprintf("%.1f%%", 100*float64(row.bytes)/float64(largest))})
	}
	return rows
}

// stepState is the word for what became of a step.
func stepState(s report.Step) string {
	switch {
	case s.Error != "":
		return "failed"
	case s.Cached:
		return "cached"
	case s.Ran:
		return "ran"
	}
	return "skipped"
}

// digest is what BuildKit adds to the names of images; no reader needs it.
var digest = regexp.MustCompile(`@sha256:[0-9a-f]{64}`)

func stepName(s report.Step) string { return digest.ReplaceAllString(s.Name, "") }

func seconds(s float64) string {
	if s < 0.1 {
		return "0.1 s"
	}
	return fmt.Sprintf("%.1f s", s)
}

// shownOutput is how much of a step's output a page shows.
const shownOutput = 8 << 10

// tail returns the end of a long output, which is where the reason stands.
func tail(output string) string {
	if len(output) <= shownOutput {
		return output
	}
	cut := output[len(output)-shownOutput:]
	if i := strings.IndexByte(cut, '\n'); i >= 0 {
		cut = cut[i+1:]
	}
	return "[…]\n" + strings.ToValidUTF8(cut, "\ufffd")
}

type rerun struct {
	Name  string
	Sum   string
	Build *report.Build
}

func reruns(g *grader.Grade) []rerun {
	var list []rerun
	for _, name := range slices.Sorted(maps.Keys(g.After)) {
		build := g.After[name]
		if build == nil {
			continue
		}
		ran, all := 0, 0
		for _, s := range build.Steps {
			if s.Internal {
				continue
			}
			all++
			if s.Ran {
				ran++
			}
		}
		sum := fmt.Sprintf("%d of %d steps ran again", ran, all)
		if !build.OK {
			sum = "the build fails"
		}
		list = append(list, rerun{Name: strings.ReplaceAll(name, "-", " "), Sum: sum, Build: build})
	}
	return list
}

func noteWord(kind string) string {
	switch kind {
	case "unknown":
		return "not known"
	case "estimate":
		return "estimate"
	}
	return kind
}

// marked are the lines that checks which did not pass, or the error, are about.
func marked(g *grader.Grade) map[int]bool {
	lines := map[int]bool{}
	for _, r := range g.Checks {
		if !r.Passed && !r.Advice && r.Line > 0 {
			lines[r.Line] = true
		}
	}
	if g.Build != nil && !g.Build.OK && g.Build.Lines.Start > 0 {
		for line := g.Build.Lines.Start; line <= min(g.Build.Lines.End, g.Build.Lines.Start+100); line++ {
			lines[line] = true
		}
	}
	return lines
}

func lines(text string) []string {
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

func commandLine(words []string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = word
		if strings.ContainsAny(word, " \t\n\"'") {
			quoted[i] = fmt.Sprintf("%q", word)
		}
	}
	return strings.Join(quoted, " ")
}

func userWord(run *report.Run) string {
	if run.UID == 0 {
		return "root"
	}
	if run.User != "" {
		return "user " + run.User
	}
	return fmt.Sprintf("user %d", run.UID)
}
