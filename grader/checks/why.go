package checks

import (
	"fmt"
	"path"
	"strings"
)

// culprit is the step that a sentence about a rebuild is about: the first that fetched something, else the first RUN that ran again.
func (b *Build) culprit() *Step {
	var ran *Step
	for _, s := range b.Steps {
		switch {
		case s.Downloaded > 0:
			return s
		case ran == nil && s.Ran && s.Kind == "run":
			ran = s
		}
	}
	return ran
}

// why says which step ran again and what made it: "Line 7 (RUN npm install) ran again because line 5, COPY . ., now brings a
// different server.js." It is "" where nothing ran.
func (b *Build) why() string {
	s := b.culprit()
	if s == nil {
		return ""
	}
	head := fmt.Sprintf("Line %d, %s, ran again", s.Line, instruction(s.Name))
	c := s.Cause
	from := b.stepAt(c.Line)
	switch {
	case c.Kind == "" || c.Kind == "first" && c.Line == 0:
		return head + "."
	case len(c.Files) > 0 && c.Line == s.Line:
		return fmt.Sprintf("%s because it now sees a different %s.", head, files(c.Files))
	case len(c.Files) > 0:
		return fmt.Sprintf("%s because line %d%s, now brings a different %s.", head, c.Line, from, files(c.Files))
	case c.Text != "":
		return head + ": " + strings.TrimSuffix(lowerFirst(c.Text), ".") + "."
	case c.Line != 0 && c.Line != s.Line:
		return fmt.Sprintf("%s because line %d%s, changed.", head, c.Line, from)
	}
	return head + "."
}

func (b *Build) whyLine() int {
	if s := b.culprit(); s != nil {
		if s.Cause.Line != 0 {
			return s.Cause.Line
		}
		return s.Line
	}
	return 0
}

func (b *Build) stepAt(line int) string {
	for _, s := range b.Steps {
		if s.Line == line && line != 0 {
			return ", " + instruction(s.Name)
		}
	}
	return ""
}

// instruction is a step's name without its place in the build, and not too long.
func instruction(name string) string {
	if _, rest, ok := strings.Cut(name, "] "); ok && strings.HasPrefix(name, "[") {
		name = rest
	}
	name = strings.Join(strings.Fields(name), " ")
	if r := []rune(name); len(r) > 60 {
		name = string(r[:57]) + "…"
	}
	return name
}

// files names at most three changed files by their last element, or by their path where that says more.
func files(paths []string) string {
	short := make([]string, len(paths))
	for i, p := range paths {
		short[i] = strings.TrimPrefix(path.Clean("/"+p), "/")
	}
	return names(short)
}

// names lists at most three things.
func names(list []string) string {
	switch n := len(list); {
	case n == 0:
		return "nothing"
	case n == 1:
		return list[0]
	case n <= 3:
		return strings.Join(list[:n-1], ", ") + " and " + list[n-1]
	default:
		return fmt.Sprintf("%s and %d more", strings.Join(list[:3], ", "), n-3)
	}
}

func lowerFirst(s string) string {
	if len(s) > 1 && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'a' && s[1] <= 'z' {
		return strings.ToLower(s[:1]) + s[1:]
	}
	return s
}
