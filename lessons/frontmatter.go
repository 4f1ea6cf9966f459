package lessons

import (
	"bytes"
	"fmt"
	"net/url"
	"slices"
)

// levels are what a module, a lesson or an exercise may have as its level, in their order.
var levels = []string{"introduction", "beginner", "intermediate", "advanced", "expert"}

// lessonFront is the front matter of a lesson.
type lessonFront struct {
	Title      string        `yaml:"title"`
	Level      string        `yaml:"level"`
	Minutes    int           `yaml:"minutes"`
	Summary    string        `yaml:"summary"`
	Objectives []string      `yaml:"objectives"`
	Exercises  []located     `yaml:"exercises"`
	Requires   []located     `yaml:"requires"`
	Sources    []sourceFront `yaml:"sources"`
}

type sourceFront struct {
	Title located `yaml:"title"`
	URL   located `yaml:"url"`
	Note  string  `yaml:"note"`
}

// exerciseFront is the front matter of exercise.md.
type exerciseFront struct {
	Title   string `yaml:"title"`
	Level   string `yaml:"level"`
	Minutes int    `yaml:"minutes"`
	Summary string `yaml:"summary"`
	Pass    int    `yaml:"pass"` // read by package grader
}

var fence = []byte("---")

// splitFront parts a file into its front matter and the rest. before is the number of lines before the body, found whether there is
// front matter that is closed.
func splitFront(data []byte) (front, body []byte, before int, found bool) {
	first, rest, _ := bytes.Cut(data, []byte("\n"))
	if !bytes.Equal(bytes.TrimSpace(first), fence) {
		return nil, data, 0, false
	}
	before = 1
	front = rest
	for length := 0; len(rest) > 0; {
		line, after, _ := bytes.Cut(rest, []byte("\n"))
		before++
		if bytes.Equal(bytes.TrimSpace(line), fence) {
			return front[:length], after, before, true
		}
		length += len(rest) - len(after)
		rest = after
	}
	return nil, data, 0, false
}

// common judges what every front matter has.
func (d *document) common(title, level, summary string, minutes int) {
	for _, f := range []struct{ key, value, want string }{
		{"title", title, "a title is wanted"},
		{"summary", summary, "a summary is wanted: one sentence"},
	} {
		if f.value == "" {
			d.complain(d.keyLine(f.key), "%s: %s", f.key, f.want)
		}
	}
	if !slices.Contains(levels, level) {
		d.complain(d.keyLine("level"), "level: %q is none of %v", level, levels)
	}
	if minutes < 1 || minutes > 240 {
		d.complain(d.keyLine("minutes"), "minutes: %d is no time to read or work in, from 1 to 240", minutes)
	}
}

func (d *document) keyLine(key string) int {
	if n := d.keys[key]; n > 0 {
		return n
	}
	return 1
}

// front reads and judges a lesson's front matter.
func (d *document) lessonFront() {
	f := &d.front
	d.common(f.Title, f.Level, f.Summary, f.Minutes)
	if len(f.Objectives) == 0 {
		d.complain(d.keyLine("objectives"), "objectives: say what a reader will be able to do")
	}
	for _, s := range f.Sources {
		if s.Title.value == "" {
			d.complain(d.keyLine("sources"), "sources: a source needs a title")
		}
		if u, err := url.Parse(s.URL.value); s.URL.value != "" && (err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "") {
			d.complain(d.frontLine(s.URL), "sources: %q is no address of a page", s.URL.value)
		}
	}
}

// frontLine is the line of the file on which a value of the front matter stands.
func (d *document) frontLine(t located) int {
	if t.line == 0 {
		return 1
	}
	return t.line + 1 // the opening line of the front matter
}

func (d *document) complain(line int, format string, a ...any) {
	d.problems = append(d.problems, Problem{File: d.file, Line: line, Text: fmt.Sprintf(format, a...)})
}
