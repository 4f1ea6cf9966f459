package lessons

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"unicode/utf8"

	"drydock/grader"
	"drydock/grader/tree"
)

const (
	problemFile  = "exercise.md"
	thinkingFile = "thinking.md"
)

// exerciseDraft is an exercise as its folder is. It cannot be shown without a definition.
type exerciseDraft struct {
	id, dir  string
	sum      [sha256.Size]byte // of all its files and all contexts
	exercise *Exercise         // nil where the definition is broken
	own      []Problem         // found in its files alone
	problems []Problem         // those, and of what leads to other files
}

func (e *exerciseDraft) pages() []*page {
	if e.exercise == nil {
		return nil
	}
	return []*page{e.exercise.problem, e.exercise.thinking}
}

func (r *reader) exercises(d *draft, dir string) {
	entries, err := fs.ReadDir(r.fsys, dir)
	if err != nil {
		d.problems = append(d.problems, Problem{File: dir, Text: "cannot be read: " + reason(err)})
	}
	for _, e := range entries {
		switch {
		case e.IsDir():
			d.exercises = append(d.exercises, r.exercise(e.Name(), path.Join(dir, e.Name())))
		default:
			d.problems = append(d.problems, Problem{File: path.Join(dir, e.Name()), Text: "an exercise is a folder"})
		}
	}
}

func (r *reader) exercise(id, dir string) *exerciseDraft {
	e := &exerciseDraft{id: id, dir: dir}
	if err := r.readExercise(e); err != nil {
		e.own = append(e.own, Problem{File: dir, Text: "cannot be read: " + reason(err)})
	}
	e.problems = slices.Clone(e.own)
	return e
}

func (r *reader) readExercise(e *exerciseDraft) error {
	sub, err := fs.Sub(r.fsys, e.dir)
	if err != nil {
		return err
	}
	if e.sum, err = digestFolder(sub, r.ctxs.digest()); err != nil {
		return err
	}
	if had := r.before.exercises[e.dir]; had != nil && had.sum == e.sum {
		e.exercise, e.own = had.exercise, had.own
		return nil
	}
	if !isName(e.id) {
		e.own = append(e.own, Problem{e.dir, 0, "an exercise's folder is its address: lower-case letters, digits and hyphens"})
	}
	def, err := grader.LoadExercise(sub, e.id)
	e.own = append(e.own, exerciseProblems(e.dir, err)...)
	if def != nil {
		e.exercise = r.makeExercise(e, def, sub)
	}
	return nil
}

// makeExercise fills in what a learner sees of an exercise.
func (r *reader) makeExercise(e *exerciseDraft, def *grader.Exercise, sub fs.FS) *Exercise {
	ex := &Exercise{
		ID: e.id, File: path.Join(e.dir, problemFile), Starter: def.Starter, Editable: def.Editable, Def: def, desk: newDesk(r.shop),
		Context: exerciseFiles(def),
	}
	outer := []*listing{exerciseListing(def, "starter", "The starter", def.Starter)}
	for _, a := range def.References {
		ex.Solution = append(ex.Solution, Reference{Name: a.Name, Title: a.Title, Files: a.Files})
		l := exerciseListing(def, a.Name, a.Title, a.Files)
		ex.desk.references = append(ex.desk.references, l)
		outer = append(outer, l)
	}
	if len(ex.Solution) == 0 {
		e.own = append(e.own, Problem{e.dir, 0, "there is no solution: references/NAME/Dockerfile"})
	}
	parse := func(name string, front func(*document) any) *page {
		data, err := fs.ReadFile(sub, name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) || err != nil && name == thinkingFile {
			e.own = append(e.own, Problem{path.Join(e.dir, name), 0, "cannot be read: " + reason(err)})
		}
		doc := parseDocument(r.parser, path.Join(e.dir, name), data, outer, front)
		doc.attach(r.ctxs)
		return newPage(doc, r.shop)
	}
	ex.problem = parse(problemFile, func(d *document) any { return &d.exercise })
	ex.thinking = parse(thinkingFile, func(*document) any { return nil })
	doc := ex.problem.doc
	f := doc.exercise
	doc.common(f.Title, f.Level, f.Summary, f.Minutes)
	if ex.Title, ex.Level, ex.Minutes, ex.Summary = f.Title, f.Level, f.Minutes, f.Summary; ex.Title == "" {
		ex.Title = e.id
	}
	e.own = append(e.own, doc.problems...)
	e.own = append(e.own, ex.thinking.doc.problems...)
	return ex
}

// exerciseListing makes a build of an exercise's own one that its texts can speak of.
func exerciseListing(def *grader.Exercise, name, title string, files grader.Files) *listing {
	return &listing{name: name, title: title, dockerfile: files["Dockerfile"], request: def.Request(files)}
}

// exerciseFiles lists the files that a learner finds.
func exerciseFiles(def *grader.Exercise) []ContextFile {
	const longest = 512 << 10
	about := map[string]grader.DeclaredFile{}
	for _, f := range def.Declared {
		about[f.Path] = f
	}
	var out []ContextFile
	def.Context.Walk("/", func(p string, n *tree.Node) bool {
		p = p[1:]
		if n.Type != tree.File || def.Accepts(p) {
			return true
		}
		data, known := n.Content.Known()
		f := ContextFile{Path: p, Bytes: n.Size(), Declared: !known, About: about[p].About}
		if known && len(data) <= longest && utf8.Valid(data) {
			f.Text = string(data)
		}
		out = append(out, f)
		return true
	})
	return out
}

// exerciseProblems makes problems of the errors that loading an exercise gives.
func exerciseProblems(dir string, err error) []Problem {
	if err == nil {
		return nil
	}
	var fe *grader.FileError
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		var out []Problem
		for _, e := range several.Unwrap() {
			out = append(out, exerciseProblems(dir, e)...)
		}
		return out
	}
	if errors.As(err, &fe) {
		return []Problem{{path.Join(dir, fe.File), fe.Line, fe.Text}}
	}
	return []Problem{{dir, 0, err.Error()}}
}

// digestFolder sums up all files of a folder, and the salt.
func digestFolder(fsys fs.FS, salt string) (sum [sha256.Size]byte, err error) {
	h := sha256.New()
	h.Write([]byte(salt))
	err = fs.WalkDir(fsys, ".", func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := fs.ReadFile(fsys, p)
		fmt.Fprintf(h, "%s %d\n", p, len(data))
		h.Write(data)
		return err
	})
	return [sha256.Size]byte(h.Sum(nil)), err
}
