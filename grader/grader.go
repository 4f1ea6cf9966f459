// Package grader grades an answer to an exercise: it builds the learner's Dockerfile over the exercise's context, starts the image,
// changes the context as the scenarios say and builds again, and judges what was seen with checks, which are CEL expressions over the reports.
//
// Start from [LoadExercise] and [Grader.Grade]. What a check can see stands in checks.go.
package grader

import "drydock/grader/report"

// Files is an answer: the files that the learner may write, by path ("Dockerfile", ".dockerignore").
type Files map[string]string

// Grade is the judgement of one answer.
type Grade struct {
	Exercise string   `json:"exercise"`
	Score    int      `json:"score"`
	Max      int      `json:"max"`
	Passed   bool     `json:"passed"` // every must passed and enough points
	Checks   []Result `json:"checks"`
	Error    string   `json:"error"` // of the build, as BuildKit words it; "" if it succeeded

	Build  *report.Build            `json:"build,omitempty"`
	Run    *report.Run              `json:"run,omitempty"`
	After  map[string]*report.Build `json:"after,omitempty"` // by scenario
	Leaks  []report.Leak            `json:"leaks,omitempty"`
	Millis float64                  `json:"millis"` // how long the grading took
}

// Result is one check's outcome.
type Result struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Points  int    `json:"points"` // what it is worth; 0 for a must without points and for advice
	Passed  bool   `json:"passed"`
	Must    bool   `json:"must"`
	Advice  bool   `json:"advice"`            // beyond points
	Message string `json:"message"`           // what happened in the build, and what to think about; "" if passed
	Line    int    `json:"line"`              // the line of the Dockerfile that it is about, 0 for none
	Skipped bool   `json:"skipped,omitempty"` // could not be judged, because the build failed
}
