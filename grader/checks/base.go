package checks

import (
	"regexp"
	"strings"
	"time"

	"github.com/distribution/reference"

	"drydock/grader/catalogue"
	"drydock/grader/report"
)

// BaseOf returns the image that the last stage of a build stands on, through the stages it begins with, and the line that names it.
func BaseOf(b *report.Build) (ref string, line int) {
	if len(b.Stages) == 0 {
		return "", 0
	}
	at := len(b.Stages) - 1
	if b.Target != "" {
		for i, s := range b.Stages {
			if strings.EqualFold(s.Name, b.Target) {
				at = i
			}
		}
	}
	for {
		s := b.Stages[at]
		up := -1
		for i := range at {
			if s.Base != "" && strings.EqualFold(b.Stages[i].Name, s.Base) {
				up = i
			}
		}
		if up < 0 {
			return s.Base, s.Lines.Start
		}
		at = up
	}
}

var digit = regexp.MustCompile(`\d`)

// NewBase says what is known of a base image; img is nil where the catalogue has nothing.
func NewBase(ref string, line int, img *catalogue.Image, now time.Time) *Base {
	b := &Base{Ref: ref, Line: line}
	if named, err := reference.ParseNormalizedNamed(ref); err == nil {
		b.Name = reference.FamiliarName(named)
		if t, ok := named.(reference.Tagged); ok {
			b.Tag = t.Tag()
		}
		_, b.Digest = named.(reference.Digested)
	}
	b.Pinned = b.Digest || digit.MatchString(b.Tag) || ref == "scratch"
	b.Published, b.Supported = true, true
	if img == nil {
		return b
	}
	b.EndOfLife, b.Retired = img.EndOfLife, img.Retired
	today := now.Format(time.DateOnly)
	b.Published = !img.Unknown
	b.Supported = (b.EndOfLife == "" || today <= b.EndOfLife) && b.Retired == ""
	return b
}
