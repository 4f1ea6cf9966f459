package lessons

import (
	"path"
	"slices"
)

// check follows everything in a draft that leads from one file to another.
func (d *draft) check() {
	docs, owners := map[string]*document{}, map[string]string{}
	exercises := map[string]bool{}
	for _, m := range d.modules {
		if len(m.lessons) == 0 {
			d.problems = append(d.problems, Problem{File: path.Join(m.dir, moduleFile), Text: "the module has no lessons"})
		}
		for _, l := range m.lessons {
			docs[l.file] = l.page.doc
			id := lessonID(l.file)
			if other := owners[id]; other != "" {
				l.problems = append(l.problems, Problem{l.file, 1, "has the same address as " + other + ": numbers are no part of it"})
			}
			owners[id] = l.file
		}
	}
	for _, e := range d.exercises {
		exercises[e.id] = true
	}
	for _, m := range d.modules {
		for _, l := range m.lessons {
			l.problems = append(l.problems, follow(l.page.doc, docs, exercises)...)
			l.problems = append(l.problems, l.page.doc.relations(docs, exercises)...)
		}
	}
	for _, e := range d.exercises {
		for _, p := range e.pages() {
			e.problems = append(e.problems, follow(p.doc, docs, exercises)...)
		}
	}
	for _, t := range d.terms {
		file := path.Join(d.id, t.Lesson.value)
		if t.Lesson.value != "" && docs[file] == nil {
			d.problems = append(d.problems, Problem{path.Join(d.id, glossaryFile), t.Lesson.line, t.Term.value + ": there is no lesson " + t.Lesson.value})
		}
	}
}

// follow looks where a document's links lead.
func follow(d *document, docs map[string]*document, exercises map[string]bool) []Problem {
	var problems []Problem
	for _, l := range d.links {
		text := ""
		switch {
		case l.exercise != "":
			if !exercises[l.exercise] {
				text = "link exercise:" + l.exercise + ": there is no such exercise"
			}
		case l.file == d.file:
			if l.anchor != "" && !d.anchors[l.anchor] {
				text = "link #" + l.anchor + ": there is no such heading here"
			}
		case docs[l.file] == nil:
			text = "link: there is no lesson " + l.file
		case l.anchor != "" && !docs[l.file].anchors[l.anchor]:
			text = "link: lesson " + l.file + " has no heading #" + l.anchor
		}
		if text != "" {
			problems = append(problems, Problem{d.file, l.line, text})
		}
	}
	return problems
}

// relations judges what the front matter says of other files.
func (d *document) relations(docs map[string]*document, exercises map[string]bool) []Problem {
	var problems []Problem
	for _, e := range d.front.Exercises {
		if !exercises[e.value] {
			problems = append(problems, Problem{d.file, d.frontLine(e), "exercises: there is no exercise " + e.value})
		}
	}
	for i, r := range d.front.Requires {
		file := d.relative(r)
		switch {
		case docs[file] == nil:
			problems = append(problems, Problem{d.file, d.frontLine(r), "requires: there is no lesson " + file})
		case file >= d.file:
			problems = append(problems, Problem{d.file, d.frontLine(r), "requires: " + file + " does not come before this lesson"})
		case slices.ContainsFunc(d.front.Requires[:i], func(o located) bool { return d.relative(o) == file }):
			problems = append(problems, Problem{d.file, d.frontLine(r), "requires: " + file + " is there twice"})
		}
	}
	return problems
}

// relative is a file that the front matter names.
func (d *document) relative(t located) string { return path.Join(path.Dir(d.file), t.value) }
