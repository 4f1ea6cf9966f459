// Package lessons is the course: markdown lessons and exercises as files, loaded, checked and rendered.
//
// Start from [Open]. A [Library] holds the last good version of a course and what is wrong with the files as they are now.
package lessons

import (
	"html/template"

	"drydock/grader"
	"drydock/grader/report"
)

// Course is a whole course as loaded.
type Course struct {
	ID        string // folder name: "docker-images"
	Title     string
	Summary   string
	Modules   []*Module
	Exercises []*Exercise // in the order of their level, then name
	Glossary  []Term
}

// Module is a folder of lessons.
type Module struct {
	ID      string // folder name without its number: "beginner"
	Title   string
	Level   string // introduction, beginner, intermediate, advanced, expert
	Summary string
	Lessons []*Lesson
}

// Lesson is one markdown file, rendered.
type Lesson struct {
	ID         string // "beginner/layers": module and file name without numbers and extension; the page is /lessons/ID
	File       string // path within the lessons folder, for messages
	Title      string
	Level      string
	Minutes    int
	Summary    string
	Objectives []string
	Exercises  []string // IDs
	Requires   []string // lesson IDs it builds on
	Sources    []Source
	HTML       template.HTML // headings from h2
	Contents   []Heading
	Text       string // plain text, for search
	Previous   *Lesson
	Next       *Lesson
}

// Source is where a lesson's facts come from.
type Source struct {
	Title string
	URL   string
	Note  string
}

// Heading is an entry of a lesson's table of contents.
type Heading struct {
	Level int // 2 or 3
	ID    string
	Title string
}

// Term is a glossary entry.
type Term struct {
	Term    string
	Aliases []string
	Short   string
	Lesson  string // ID, may be empty
}

// Exercise is a problem to solve.
type Exercise struct {
	ID       string
	File     string
	Title    string
	Level    string
	Minutes  int
	Summary  string
	Problem  template.HTML
	Thinking template.HTML
	Starter  grader.Files
	Editable []string // "Dockerfile", ".dockerignore"
	Context  []ContextFile
	Solution []Reference // the first is shown after passing
	Def      *grader.Exercise
}

// ContextFile is a file that the learner finds beside the Dockerfile.
type ContextFile struct {
	Path     string
	Bytes    int64
	Declared bool   // only its size is known
	About    string // what it holds, for a declared file
	Text     string // "" for what is declared or no text
}

// Reference is a solution that earns full marks.
type Reference struct {
	Name  string
	Title string
	Files grader.Files
	Build *report.Build
}

// Problem is something wrong with the course's files.
type Problem struct {
	File string
	Line int // 0 where none can be named
	Text string
}
