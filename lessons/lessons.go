package lessons

import (
	"fmt"
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
	HTML       template.HTML // headings from h2; empty until the lesson is loaded, see [Lesson.Load]
	Contents   []Heading
	Text       string // plain text, for search
	Previous   *Lesson
	Next       *Lesson

	page *page
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

// Exercise is a problem to solve. Its HTML and builds are empty until it is loaded, see [Exercise.Load].
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

	problem, thinking *page
	desk              *desk
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
	File string // path within the lessons folder
	Line int    // 0 where none can be named
	Text string
}

// String is the problem on a line, as compilers write theirs.
func (p Problem) String() string {
	if p.Line == 0 {
		return p.File + ": " + p.Text
	}
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Text)
}
