package lessons

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/yuin/goldmark/parser"
)

const (
	courseFile   = "course.yaml"
	moduleFile   = "module.yaml"
	glossaryFile = "glossary.yaml"
)

// draft is a course as its files are, good or not.
type draft struct {
	id        string
	course    courseFront
	modules   []*moduleDraft
	exercises []*exerciseDraft
	terms     []termFront
	problems  []Problem // of files that are neither lesson nor exercise
}

type courseFront struct {
	Title   string `yaml:"title"`
	Summary string `yaml:"summary"`
}

type moduleDraft struct {
	dir     string // within the lessons folder
	front   moduleFront
	lessons []*lessonDraft
}

type moduleFront struct {
	Title   string `yaml:"title"`
	Level   string `yaml:"level"`
	Summary string `yaml:"summary"`
}

// lessonDraft is a lesson as its file is.
type lessonDraft struct {
	file     string
	sum      [sha256.Size]byte // of the file
	page     *page
	problems []Problem // links among them, which lead to other files
}

type termFront struct {
	Term    located  `yaml:"term"`
	Aliases []string `yaml:"aliases"`
	Short   string   `yaml:"short"`
	Lesson  located  `yaml:"lesson"`
}

// reader reads a course; what has not changed it takes from what was read before.
type reader struct {
	fsys   fs.FS
	root   string // of the course
	parser parser.Parser
	shop   *workshop
	before *kept
	ctxs   *contexts
}

// read reads all files. It fails only where there is no course to speak of.
func (r *reader) read() (*draft, error) {
	root, err := courseFolder(r.fsys)
	if err != nil {
		return nil, err
	}
	r.root = root
	r.ctxs = &contexts{fsys: r.fsys, dir: path.Join(root, "contexts")}
	d := &draft{id: root}
	d.problems = append(d.problems, r.yaml(path.Join(root, courseFile), &d.course, &r.before.course)...)
	entries, err := fs.ReadDir(r.fsys, root)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		switch name := e.Name(); {
		case name == "contexts":
		case name == "exercises":
			r.exercises(d, path.Join(root, name))
		case number.MatchString(name):
			r.module(d, path.Join(root, name))
		case !strings.HasPrefix(name, "."):
			d.problems = append(d.problems, Problem{File: path.Join(root, name), Text: "a module's folder begins with a number (20-beginner); else there are contexts and exercises"})
		}
	}
	r.glossary(d)
	r.unusedContexts(d)
	d.check()
	return d, nil
}

// yaml reads a file of keys. A broken one leaves what it was before.
func (r *reader) yaml(file string, out, before any) []Problem {
	data, err := fs.ReadFile(r.fsys, file)
	if err != nil {
		return []Problem{{File: file, Text: "cannot be read: " + reason(err)}}
	}
	problems := decodeYAML(file, 0, data, out)
	lines := keyLines(0, data)
	missing := func(key, value string) {
		if value == "" {
			problems = append(problems, Problem{file, max(lines[key], 1), key + " is missing"})
		}
	}
	switch f := out.(type) {
	case *courseFront:
		missing("title", f.Title)
		missing("summary", f.Summary)
		keep(f, before.(*courseFront), problems)
	case *moduleFront:
		missing("title", f.Title)
		missing("summary", f.Summary)
		if !slices.Contains(levels, f.Level) {
			problems = append(problems, Problem{file, max(lines["level"], 1), fmt.Sprintf("level: %q is none of %v", f.Level, levels)})
		}
		keep(f, before.(*moduleFront), problems)
	}
	return problems
}

// keep remembers a good value, or puts the remembered one in the place of a broken one.
func keep[T any](now, before *T, problems []Problem) {
	var zero T
	switch {
	case len(problems) == 0:
		*before = *now
	case any(*before) != any(zero):
		*now = *before
	}
}

func (r *reader) module(d *draft, dir string) {
	m := &moduleDraft{dir: dir}
	d.problems = append(d.problems, r.yaml(path.Join(dir, moduleFile), &m.front, r.before.module(dir))...)
	if m.front.Title == "" {
		m.front.Title = unnumbered(path.Base(dir))
	}
	entries, err := fs.ReadDir(r.fsys, dir)
	if err != nil {
		d.problems = append(d.problems, Problem{File: dir, Text: "cannot be read: " + reason(err)})
	}
	for _, e := range entries {
		file := path.Join(dir, e.Name())
		switch {
		case path.Ext(file) == ".md" && !e.IsDir():
			m.lessons = append(m.lessons, r.lesson(file))
		case e.Name() != moduleFile && !strings.HasPrefix(e.Name(), ".") && !strings.HasSuffix(e.Name(), "~"):
			d.problems = append(d.problems, Problem{File: file, Text: "a module's folder holds module.yaml and lessons (.md), nothing else"})
		}
	}
	d.modules = append(d.modules, m)
}

func (r *reader) lesson(file string) *lessonDraft {
	l := &lessonDraft{file: file}
	data, err := fs.ReadFile(r.fsys, file)
	if err != nil {
		l.problems = append(l.problems, Problem{File: file, Text: "cannot be read: " + reason(err)})
	}
	doc := parseDocument(r.parser, file, data, nil, func(d *document) any { return &d.front })
	doc.attach(r.ctxs)
	l.sum = sha256.Sum256([]byte(string(data) + "\x00" + doc.contextKey()))
	if had := r.before.drafts[file]; had != nil && had.sum == l.sum {
		l.page = had.page
	} else {
		doc.lessonFront()
		if !isName(unnumbered(strings.TrimSuffix(path.Base(file), ".md"))) {
			doc.complain(1, "the file's name is the page's address: lower-case letters, digits and hyphens, as 10-layers.md")
		}
		if doc.front.Title == "" {
			doc.front.Title = unnumbered(strings.TrimSuffix(path.Base(file), ".md"))
		}
		l.page = newPage(doc, r.shop)
	}
	l.problems = append(l.problems, l.page.doc.problems...)
	return l
}

func (r *reader) glossary(d *draft) {
	file := path.Join(r.root, glossaryFile)
	data, err := fs.ReadFile(r.fsys, file)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	var terms []termFront
	problems := decodeYAML(file, 0, data, &terms)
	seen := map[string]bool{}
	for _, t := range terms {
		switch name := strings.ToLower(t.Term.value); {
		case name == "" || t.Short == "":
			problems = append(problems, Problem{file, max(t.Term.line, 1), "an entry needs a term and a short explanation"})
		case seen[name]:
			problems = append(problems, Problem{file, t.Term.line, t.Term.value + " is there twice"})
		default:
			seen[name] = true
		}
	}
	if len(problems) == 0 {
		r.before.terms = terms
	}
	d.terms = r.before.terms
	if d.terms == nil {
		d.terms = terms
	}
	d.problems = append(d.problems, problems...)
}

// unusedContexts reads what no listing was built in, so that its mistakes are found too.
func (r *reader) unusedContexts(d *draft) {
	for _, name := range r.ctxs.names() {
		if c := r.ctxs.get(name); c != nil {
			d.problems = append(d.problems, c.problems...)
		} else {
			d.problems = append(d.problems, Problem{File: path.Join(r.ctxs.dir, name), Text: "a context's name has lower-case letters, digits and hyphens"})
		}
	}
}
