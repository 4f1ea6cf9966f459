// Package ui holds the pages and their components, as templ templates over plain data, with the style sheets beside them.
//
// Start from [Layout], the frame of every page. The built style sheet and script are in package static; build.mjs in web makes them.
package ui

import (
	"time"

	"drydock/lessons"
	"drydock/lessons/stack"
	"drydock/store"
)

// Here says which entry of the navigation a page belongs to.
type Here string

const (
	HereCourse   Here = "course"
	HereGlossary Here = "glossary"
	HereAbout    Here = "about"
)

// Page is what the frame needs to know of a page.
type Page struct {
	Title  string
	Path   string
	Here   Here
	Theme  string // "light", "dark" or "" to follow the system
	Wide   bool   // uses the whole width
	Style  string // URLs
	Script string
}

// Link leads to a page.
type Link struct {
	Title string
	URL   string
}

// State is how far a learner is with a lesson or an exercise.
type State string

const (
	Open     State = "open"
	Begun    State = "begun"
	Done     State = "done"     // a lesson
	Mastered State = "mastered" // an exercise
)

// Home is the first page.
type Home struct {
	Course       CourseMap
	Problems     []lessons.Problem
	Taste        *Taste   // for newcomers
	Continue     *MapNode // for others
	NextExercise *MapNode
}

// Newcomer tells whether there is no progress yet.
func (h Home) Newcomer() bool {
	return h.Course.Begun == 0 && h.Course.LessonsDone == 0 && h.Course.ExercisesMastered == 0
}

// Taste is an exercise as found and as solved.
type Taste struct {
	Exercise      Link
	Before, After stack.Stack
}

// CourseMap is the course with a learner's states.
type CourseMap struct {
	Title   string
	Summary string
	Modules []MapModule

	Lessons, LessonsDone         int
	Exercises, ExercisesMastered int
	Begun                        int
}

// Count counts a node of the map.
func (m *CourseMap) Count(state State, exercise bool) {
	if state == Begun {
		m.Begun++
	}
	if exercise {
		m.Exercises++
		if state == Mastered {
			m.ExercisesMastered++
		}
		return
	}
	m.Lessons++
	if state == Done {
		m.LessonsDone++
	}
}

// MapModule is a module on the map.
type MapModule struct {
	ID        string
	Title     string
	Level     string
	Summary   string
	Lessons   []MapNode
	Exercises []MapNode
}

// MapNode is a lesson or an exercise on the map.
type MapNode struct {
	Title   string
	URL     string
	Minutes int
	Summary string
	State   State
	Best    int    // score of an exercise
	After   []Link // what it builds on, beside what stands before it
}

// Lesson is a lesson to read.
type Lesson struct {
	Module    *lessons.Module
	Lesson    *lessons.Lesson
	Done      bool
	Requires  []Link
	Exercises []MapNode
	Previous  *Link
	Next      *Link
	Problems  []lessons.Problem
}

// Workspace is an exercise with the learner's work on it.
type Workspace struct {
	Exercise     *lessons.Exercise
	URL          string
	Files        map[string]string // in the editor
	Revision     int64
	Saved        time.Time
	Changed      bool // the editor differs from the starter
	Kept         []store.Draft
	Answers      []store.AnswerSummary
	Passed       bool
	SolutionSeen bool
	Result       *Result      // of the answer that is looked at
	Starter      *stack.Stack // what the starter builds, shown before there is a result
	Problems     []lessons.Problem
}

// Result is an answer with what its image is measured against.
type Result struct {
	Answer         store.Answer
	StarterBytes   int64 // 0 where unknown
	ReferenceBytes int64
}

// Term is an entry of the glossary.
type Term struct {
	lessons.Term
	Lesson *Link
}

// Failure is what an error page tells.
type Failure struct {
	Status  int
	Message string
	Retry   *Retry
}

// Retry is what a refused form held.
type Retry struct {
	Action string
	Fields map[string]string
}
