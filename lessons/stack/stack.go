// Package stack draws an image as the stack of its layers: plates, the top layer first, as high as they weigh, in the colour of what made them,
// hatched where later layers hide what they hold. It is the one picture of Drydock, the same beside a listing and in a result.
//
// Start from [Of] and [HTML]; on pages made with templ, use the component [Figure]. The markup needs no inline style. Its classes are
// stack, stack-caption, layer, layer-name, layer-size, layer-note, plate, plate-waste, and layer-KIND for each [Kind]; the site's style
// sheet has their looks.
package stack

import (
	"context"
	"html/template"
	"math"
	"strings"

	"drydock/grader/report"
)

// Stack is an image ready to be drawn.
type Stack struct {
	Title  string // above the picture, may be empty
	Bytes  int64
	Wasted int64
	Plates []Plate // bottom first
	Scale  int64   // the size of the highest plate that is drawn beside it; 0 is its own highest
}

// Plate is a layer, or all the layers of the base image.
type Plate struct {
	Kind     Kind
	Name     string // the instruction, or the base image
	Bytes    int64
	Wasted   int64
	Files    int
	Layers   int // more than one for a base image
	Line     int
	Estimate bool
}

// Of makes the stack of a build's image. A build that failed has an empty stack.
func Of(title string, build *report.Build) Stack {
	if build == nil || build.Image == nil {
		return Stack{Title: title}
	}
	image := build.Image
	s := Stack{Title: title, Bytes: image.Bytes, Wasted: image.Wasted}
	kinds := classifier(build)
	for _, layer := range image.Layers {
		if n := len(s.Plates); layer.Base && n > 0 && s.Plates[n-1].Kind == Base {
			base := &s.Plates[n-1]
			base.Bytes += layer.Bytes
			base.Wasted += layer.Wasted
			base.Files += layer.Files
			base.Layers++
			base.Estimate = base.Estimate || layer.Estimate
			continue
		}
		plate := Plate{
			Kind: kinds.of(layer), Name: Instruction(layer.CreatedBy), Bytes: layer.Bytes, Wasted: layer.Wasted,
			Files: layer.Files, Layers: 1, Line: layer.Line, Estimate: layer.Estimate,
		}
		if layer.Base {
			plate.Name, plate.Line = baseName(build), 0
		}
		s.Plates = append(s.Plates, plate)
	}
	return s
}

// SameScale sets one scale for stacks that are drawn beside each other.
func SameScale(stacks ...*Stack) {
	var highest int64
	for _, s := range stacks {
		highest = max(highest, s.highest())
	}
	for _, s := range stacks {
		s.Scale = highest
	}
}

// HTML draws the stack.
func HTML(s Stack) template.HTML {
	var b strings.Builder
	if err := Figure(s).Render(context.Background(), &b); err != nil {
		panic("stack: a strings.Builder failed: " + err.Error()) // it never does
	}
	return template.HTML(b.String()) //nolint:gosec // escaped by the component
}

func (s Stack) highest() int64 {
	var highest int64
	for _, p := range s.Plates {
		highest = max(highest, p.Bytes)
	}
	return highest
}

// fromTop returns the plates as they are read, the top layer first.
func (s Stack) fromTop() []Plate {
	plates := make([]Plate, 0, len(s.Plates))
	for i := len(s.Plates) - 1; i >= 0; i-- {
		plates = append(plates, s.Plates[i])
	}
	return plates
}

const (
	thinPlate = 30  // px, of a layer without content
	leastRise = 46  // px, room for two lines of text
	mostRise  = 150 // px, what the highest plate has above that
)

// height is how high a plate is drawn, in pixels. The square root keeps small layers in view beside a large base.
func (s Stack) height(p Plate) int {
	if p.Bytes == 0 {
		return thinPlate
	}
	scale := max(s.Scale, s.highest())
	return leastRise + int(math.Round(mostRise*math.Sqrt(float64(p.Bytes)/float64(scale))))
}

// baseName is the image that the target stage starts from, through the stages between.
func baseName(build *report.Build) string {
	if len(build.Stages) == 0 {
		return "base image"
	}
	stage := build.Stages[len(build.Stages)-1]
	for _, s := range build.Stages {
		if build.Target != "" && strings.EqualFold(s.Name, build.Target) {
			stage = s
		}
	}
	for range build.Stages {
		parent, ok := stageNamed(build.Stages, stage.Base)
		if !ok {
			break
		}
		stage = parent
	}
	return stage.Base
}

func stageNamed(stages []report.Stage, name string) (report.Stage, bool) {
	for _, s := range stages {
		if s.Name != "" && strings.EqualFold(s.Name, name) {
			return s, true
		}
	}
	return report.Stage{}, false
}
