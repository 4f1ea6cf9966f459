package lessons

import (
	"cmp"
	"path"
	"path/filepath"
	"slices"
)

// compose makes the course that is shown of a draft: of each file the draft where it is good, the last good version where it is not, and
// the draft as far as it goes where there never was a good one.
func (l *Library) compose(d *draft, late []Problem) *shelf {
	s := &shelf{course: &Course{ID: d.id, Title: d.course.Title, Summary: d.course.Summary}}
	if d.id == "." {
		s.course.ID = "course"
		if l.options.Dir != "" {
			if abs, err := filepath.Abs(l.options.Dir); err == nil {
				s.course.ID = filepath.Base(abs)
			}
		}
	}
	s.problems = append(slices.Clone(d.problems), late...)
	var last *Lesson
	for _, m := range d.modules {
		module := &Module{ID: unnumbered(path.Base(m.dir)), Title: m.front.Title, Level: m.front.Level, Summary: m.front.Summary}
		for _, draft := range m.lessons {
			lesson := l.lesson(s, draft)
			if last != nil {
				last.Next, lesson.Previous = lesson, last
			}
			last = lesson
			module.Lessons = append(module.Lessons, lesson)
		}
		s.course.Modules = append(s.course.Modules, module)
	}
	for _, draft := range d.exercises {
		if e := l.exercise(s, draft); e != nil {
			s.course.Exercises = append(s.course.Exercises, e)
		}
	}
	slices.SortStableFunc(s.course.Exercises, func(a, b *Exercise) int {
		return cmp.Or(cmp.Compare(slices.Index(levels, a.Level), slices.Index(levels, b.Level)), cmp.Compare(a.ID, b.ID))
	})
	for _, t := range d.terms {
		term := Term{Term: t.Term.value, Aliases: t.Aliases, Short: t.Short}
		if t.Lesson.value != "" {
			term.Lesson = lessonID(t.Lesson.value)
		}
		s.course.Glossary = append(s.course.Glossary, term)
	}
	sortProblems(s.problems)
	s.problems = slices.Compact(s.problems)
	return s
}

// lesson makes what is shown of a lesson.
func (l *Library) lesson(s *shelf, draft *lessonDraft) *Lesson {
	p, kept := draft.page, l.reader.before
	problems := slices.Clone(draft.problems)
	r := p.now()
	if r != nil {
		problems = append(problems, r.problems...)
	}
	s.problems = append(s.problems, problems...)
	switch {
	case len(problems) == 0 && r != nil:
		kept.pages[draft.file] = p
	case len(problems) > 0 && kept.pages[draft.file] != nil:
		p = kept.pages[draft.file]
	}
	f := p.doc.front
	lesson := &Lesson{
		ID: lessonID(draft.file), File: draft.file, Title: f.Title, Level: f.Level, Minutes: f.Minutes, Summary: f.Summary,
		Objectives: f.Objectives, Contents: p.doc.contents, Text: p.doc.text, page: p,
	}
	for _, e := range f.Exercises {
		lesson.Exercises = append(lesson.Exercises, e.value)
	}
	for _, r := range f.Requires {
		lesson.Requires = append(lesson.Requires, lessonID(p.doc.relative(r)))
	}
	for _, src := range f.Sources {
		lesson.Sources = append(lesson.Sources, Source{Title: src.Title.value, URL: src.URL.value, Note: src.Note})
	}
	if r := p.now(); r != nil {
		lesson.HTML = r.html
	}
	return lesson
}

// exercise makes what is shown of an exercise; nil where there was never one that can be graded.
func (l *Library) exercise(s *shelf, draft *exerciseDraft) *Exercise {
	e, kept := draft.exercise, l.reader.before
	problems := slices.Clone(draft.problems)
	for _, p := range draft.pages() {
		if r := p.now(); r != nil {
			problems = append(problems, r.problems...)
		}
	}
	s.problems = append(s.problems, problems...)
	switch {
	case len(problems) == 0:
		kept.good[draft.dir] = e
	case kept.good[draft.dir] != nil:
		e = kept.good[draft.dir]
	}
	if e == nil {
		return nil
	}
	if loaded := e.desk.now(); loaded != nil {
		return loaded
	}
	return e
}
