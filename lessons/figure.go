package lessons

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"regexp"
	"strings"

	"drydock/grader/report"
	"drydock/lessons/stack"
)

//go:embed figures.gohtml
var figuresText string

var figures = template.Must(template.New("").Parse(figuresText))

// listingView is a listing as its template shows it.
type listingView struct {
	Name, Title, Context, Edit string
	Code                       template.HTML
	Error                      string
	Stack                      template.HTML
	Steps                      []stepView
	Notes                      []report.Note
}

type stepView struct {
	Line       int
	Name       string
	Size, Time string
	Again      string // "cached", "runs again", or "" where it is not known
	Cause      string
}

// writeListing writes a Dockerfile with the stack of layers that it makes.
func (w *writer) writeListing(out io.Writer, l *listing) error {
	v := listingView{Name: l.name, Title: l.title, Context: l.context, Edit: l.edit, Code: highlight("dockerfile", l.dockerfile, l.name)}
	if b := w.results[order{l, l.edit}]; b != nil {
		v.Notes = b.first.Notes
		if b.first.OK {
			v.Stack = stack.HTML(stack.Of("", b.first))
			v.Steps = stepViews(b)
		} else {
			v.Error = b.first.Error
		}
	}
	return figures.ExecuteTemplate(out, "listing", v)
}

// digest is what BuildKit adds to the names of images.
var digest = regexp.MustCompile(`@sha256:[0-9a-f]{64}`)

// stepViews lists what a build did, and which of it is done again.
func stepViews(b *built) []stepView {
	again := map[string]report.Step{}
	if b.again != nil {
		for _, s := range b.again.Steps {
			again[s.Name] = s
		}
	}
	var out []stepView
	for _, s := range b.first.Steps {
		if s.Internal {
			continue
		}
		v := stepView{Line: s.Lines.Start, Name: digest.ReplaceAllString(s.Name, ""), Time: seconds(s.Seconds)}
		if s.Bytes > 0 {
			v.Size = stack.Size(s.Bytes)
		}
		if a, ok := again[s.Name]; ok {
			v.Again = "cached"
			if a.Ran {
				v.Again = "runs again"
			}
			if a.Ran && a.Cause != nil {
				v.Cause = a.Cause.Text
			}
		}
		out = append(out, v)
	}
	return out
}

// seconds writes an estimated time.
func seconds(s float64) string {
	switch {
	case s <= 0:
		return ""
	case s < 9.95:
		return fmt.Sprintf("%.1f\u00a0s", s)
	}
	return fmt.Sprintf("%.0f\u00a0s", s)
}

// comparisonView is a comparison as its template shows it.
type comparisonView struct {
	Title  string
	Stacks []template.HTML
	Words  []string
}

// writeComparison writes the stacks of builds on one scale, and how they differ in words.
func (w *writer) writeComparison(out io.Writer, c *comparison) error {
	v := comparisonView{Title: c.title}
	var stacks []*stack.Stack
	var contenders []contender
	for _, l := range c.of {
		b := w.results[order{l, c.edit}]
		if b == nil || b.first.Image == nil {
			continue
		}
		s := stack.Of(l.title, b.first)
		stacks = append(stacks, &s)
		contenders = append(contenders, contender{title: l.title, built: b})
	}
	stack.SameScale(stacks...)
	for _, s := range stacks {
		v.Stacks = append(v.Stacks, stack.HTML(*s))
	}
	v.Words = differences(contenders, c.edit)
	return figures.ExecuteTemplate(out, "compare", v)
}

// quote names a build in a sentence.
func quote(title string) string { return "“" + strings.TrimSpace(title) + "”" }
