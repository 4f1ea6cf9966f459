package lessons

import (
	"fmt"
	"math"

	"drydock/grader/report"
	"drydock/lessons/stack"
)

// contender is one build of a comparison.
type contender struct {
	title string
	*built
}

// differences says in words how builds differ from the first of them: in size, in layers, in what an edit makes them do again.
func differences(of []contender, edit string) []string {
	if len(of) < 2 {
		return nil
	}
	var out []string
	first := of[0]
	for _, c := range of[1:] {
		out = append(out, sizeDifference(first, c))
	}
	if edit == "" {
		return out
	}
	for _, c := range of {
		if c.again == nil {
			continue
		}
		out = append(out, fmt.Sprintf("After an edit of %s, %s runs %s of its %s again, downloads %s and makes %s of new layers.",
			edit, quote(c.title), numeral(rerun(c.again)), plural(len(working(c.first)), "step"), amount(downloaded(c.again)), amount(pushed(c.built))))
	}
	return out
}

func sizeDifference(a, b contender) string {
	bytes := b.first.Image.Bytes - a.first.Image.Bytes
	layers := len(b.first.Image.Layers) - len(a.first.Image.Layers)
	text := fmt.Sprintf("%s weighs as much as %s", quote(b.title), quote(a.title))
	if bytes != 0 {
		than, share := "more", float64(bytes)/float64(max(a.first.Image.Bytes, 1))
		if bytes < 0 {
			than = "less"
		}
		text = fmt.Sprintf("%s weighs %s %s than %s", quote(b.title), stack.Size(max(bytes, -bytes)), than, quote(a.title))
		if percent := math.Round(100 * math.Abs(share)); percent >= 1 && percent < 1000 {
			text += fmt.Sprintf(" (%.0f\u00a0%% %s)", percent, than)
		}
	}
	switch {
	case layers > 0:
		text += fmt.Sprintf(" and has %s more.", plural(layers, "layer"))
	case layers < 0:
		text += fmt.Sprintf(" and has %s fewer.", plural(-layers, "layer"))
	default:
		text += fmt.Sprintf("; both have %s.", plural(len(b.first.Image.Layers), "layer"))
	}
	return text
}

// working are the steps that can run again: all but those of the builder itself and the base images.
func working(b *report.Build) []report.Step {
	var out []report.Step
	for _, s := range b.Steps {
		if !s.Internal && s.Kind != "source" && s.Kind != "internal" {
			out = append(out, s)
		}
	}
	return out
}

// rerun counts the steps that ran.
func rerun(b *report.Build) int {
	n := 0
	for _, s := range working(b) {
		if s.Ran {
			n++
		}
	}
	return n
}

// downloaded sums what a build's steps fetched.
func downloaded(b *report.Build) int64 {
	var sum int64
	for _, s := range b.Steps {
		for _, e := range s.Events {
			if s.Ran && e.Kind == "download" {
				sum += e.Bytes
			}
		}
	}
	return sum
}

// pushed sums the layers that the image has after the edit and had not before.
func pushed(b *built) int64 {
	known := map[string]bool{}
	if b.first.Image != nil {
		for _, l := range b.first.Image.Layers {
			known[l.Digest] = true
		}
	}
	var sum int64
	if b.again.Image != nil {
		for _, l := range b.again.Image.Layers {
			if !known[l.Digest] {
				sum += l.Bytes
			}
		}
	}
	return sum
}

func amount(bytes int64) string {
	if bytes == 0 {
		return "nothing"
	}
	return stack.Size(bytes)
}

func numeral(n int) string {
	if n == 0 {
		return "none"
	}
	return fmt.Sprint(n)
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1\u00a0" + noun
	}
	return fmt.Sprintf("%d\u00a0%ss", n, noun)
}
