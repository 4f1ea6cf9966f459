package grader

import (
	"slices"

	"drydock/grader/checks"
	"drydock/grader/tree"
)

// Exercise is what grading needs of an exercise: its context, scenarios and checks. It does not change once loaded.
type Exercise struct {
	ID       string
	Pass     int      // points to pass, of the checks' sum
	Editable []string // the files that the learner writes
	Declared []DeclaredFile

	Starter    Files
	References []Answer // solutions that must earn full marks
	Answers    []Answer // others, with what each must pass and fail

	Context   *tree.Node // as the learner finds it, without the files that the learner writes
	Scenarios []*Scenario
	Checks    []*Check
	Markers   []Marker

	version string            // changes with what grading depends on
	args    map[string]string // of every build
	secrets map[string]string
}

// Max is the sum of the checks' points.
func (e *Exercise) Max() int {
	sum := 0
	for _, c := range e.Checks {
		sum += c.Points
	}
	return sum
}

// Accepts reports whether a learner may write that file. A Dockerfile may always come with an ignore file of its own.
func (e *Exercise) Accepts(name string) bool {
	return slices.Contains(e.Editable, name) || name == "Dockerfile.dockerignore" && slices.Contains(e.Editable, "Dockerfile")
}

// DeclaredFile is a file of the context that is not stored as it is: a large one of which only the size is known, or one that a
// repository of exercises cannot hold, such as .git/config or .env.
type DeclaredFile struct {
	Path  string
	Size  int64
	About string
	Text  string // "" where the bytes are not known
}

// Marker is a secret planted in the context, a build argument or a secret of the build, to see whether the image gives it away.
type Marker struct {
	Name string // as the learner reads it
	Text string
}

// Check is one thing that is wanted of an answer's behaviour.
type Check struct {
	ID      string
	Title   string
	Points  int
	Must    bool // without it the answer does not pass
	Advice  bool // beyond points
	Explain string

	expr    *checks.Program
	line    *checks.Program  // what it is tied to; nil for nothing
	failed  *checks.Template // what happened in the build
	explain *checks.Template // what to think about
}

// Answer is a solution that an exercise ships.
type Answer struct {
	Name  string
	Title string
	Files Files
	Want  Expectation
}

// Expectation is what an answer that an exercise ships must lead to.
type Expectation struct {
	Passed bool
	Score  int      // -1 where it does not matter
	Fails  []string // the checks that must fail, and no other; advice is looked at only where it is named
	Advice []string // advice that must be given
	Error  string   // part of the build's error; "" where the build must succeed
}
