package grader

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"cel.dev/cel-go/cel"

	"drydock/grader/checks"
	"drydock/grader/tree"
)

// contextTime is when the files of every context were last changed.
var contextTime = time.Date(2026, time.November, 2, 8, 30, 0, 0, time.UTC).UnixNano()

// environment is shared: it never changes, and making it takes most of the time that loading an exercise does.
var environment = sync.OnceValues(checks.New)

// exerciseFile is exercise.yaml.
type exerciseFile struct {
	Editable  []string          `yaml:"editable"`
	Files     []fileEntry       `yaml:"files"`
	Markers   []markerEntry     `yaml:"markers"`
	Args      map[string]string `yaml:"args"`
	Secrets   map[string]string `yaml:"secrets"`
	Scenarios []scenarioEntry   `yaml:"scenarios"`
	Checks    []checkEntry      `yaml:"checks"`
}

type fileEntry struct {
	Path  located           `yaml:"path"`
	Size  int64             `yaml:"size"`
	Text  string            `yaml:"text"`
	Mode  uint32            `yaml:"mode"`
	About string            `yaml:"about"`
	Facts map[string]string `yaml:"facts"`
}

type markerEntry struct {
	Name string `yaml:"name"`
	Text string `yaml:"text"`
}

type scenarioEntry struct {
	Name     located            `yaml:"name"`
	Title    string             `yaml:"title"`
	Edit     oneOrMore          `yaml:"edit"`
	Write    map[string]located `yaml:"write"` // path → a file of the exercise's folder
	Rm       oneOrMore          `yaml:"rm"`
	Touch    oneOrMore          `yaml:"touch"`
	Chmod    map[string]uint32  `yaml:"chmod"`
	Args     map[string]string  `yaml:"args"`
	Secrets  map[string]*string `yaml:"secrets"`
	Base     bool               `yaml:"base-moved"`
	Index    bool               `yaml:"index-moved"`
	Fresh    bool               `yaml:"fresh-builder"`
	Start    bool               `yaml:"start"`
	Platform string             `yaml:"platform"`
	Target   string             `yaml:"target"`
}

type checkEntry struct {
	ID      located `yaml:"id"`
	Title   string  `yaml:"title"`
	Points  int     `yaml:"points"`
	Must    bool    `yaml:"must"`
	Advice  bool    `yaml:"advice"`
	Expr    located `yaml:"expr"`
	Line    located `yaml:"line"`
	Failed  located `yaml:"failed"`
	Explain located `yaml:"explain"`
}

// LoadExercise reads an exercise from its folder: exercise.yaml, exercise.md (of which only "pass" in the front matter matters here),
// context/, starter/, references/, answers/ and what the scenarios write. Errors are [FileError]s, joined where there are several; their
// paths are within the folder.
func LoadExercise(fsys fs.FS, id string) (*Exercise, error) {
	l := &loader{fsys: fsys, ex: &Exercise{ID: id}, sum: sha256.New()}
	if err := l.load(); err != nil {
		return nil, err
	}
	if err := errors.Join(l.errs...); err != nil {
		return nil, err
	}
	l.ex.version = fmt.Sprintf("%s %x", id, l.sum.Sum(nil))
	return l.ex, nil
}

type loader struct {
	fsys fs.FS
	ex   *Exercise
	env  *checks.Env
	errs []error
	sum  hash.Hash // of all that grading depends on
}

const yamlName = "exercise.yaml"

func (l *loader) complain(file string, line int, format string, a ...any) {
	l.errs = append(l.errs, &FileError{File: file, Line: line, Text: fmt.Sprintf(format, a...)})
}

func (l *loader) load() error {
	env, err := environment()
	if err != nil {
		return err
	}
	l.env = env
	data, err := fs.ReadFile(l.fsys, yamlName)
	if err != nil {
		return &FileError{File: yamlName, Text: "cannot be read: " + reason(err)}
	}
	l.sum.Write(data)
	var f exerciseFile
	if err := decode(yamlName, data, &f); err != nil {
		return err
	}
	e := l.ex
	e.args, e.secrets, e.Editable = f.Args, f.Secrets, f.Editable
	if len(e.Editable) == 0 {
		e.Editable = []string{"Dockerfile", ".dockerignore"}
	}
	for _, m := range f.Markers {
		e.Markers = append(e.Markers, Marker(m))
	}
	if err := l.context(f.Files); err != nil {
		return err
	}
	for i := range f.Scenarios {
		l.scenario(&f.Scenarios[i])
	}
	for i := range f.Checks {
		l.check(&f.Checks[i])
	}
	if sum := e.Max(); sum != 100 && len(l.errs) == 0 {
		l.complain(yamlName, 0, "the checks' points add up to %d, not to 100", sum)
	}
	if err := l.pass(); err != nil {
		return err
	}
	return l.answers()
}

// reason is an error without the path that a FileError already names.
func reason(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}

// pass reads the points to pass from exercise.md.
func (l *loader) pass() error {
	const name = "exercise.md"
	data, err := fs.ReadFile(l.fsys, name)
	if err != nil {
		return &FileError{File: name, Text: "cannot be read: " + reason(err)}
	}
	_, rest, found := bytes.Cut(data, []byte("---\n"))
	front, _, closed := bytes.Cut(rest, []byte("\n---"))
	if !found || !closed {
		return &FileError{File: name, Line: 1, Text: "does not begin with front matter between lines of ---"}
	}
	var f struct {
		Pass int            `yaml:"pass"`
		Rest map[string]any `yaml:",inline"`
	}
	if err := decode(name, append([]byte("\n"), front...), &f); err != nil {
		return err
	}
	if f.Pass < 1 || f.Pass > 100 {
		l.complain(name, 1, "pass is %d: how many points are needed to pass, of 100?", f.Pass)
	}
	l.ex.Pass = f.Pass
	fmt.Fprintln(l.sum, f.Pass)
	return nil
}

// context builds the tree that the learner finds.
func (l *loader) context(declared []fileEntry) error {
	t := tree.Begin(nil)
	err := fs.WalkDir(l.fsys, "context", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(l.fsys, p)
		if err != nil {
			return err
		}
		n := tree.NewFile(0o644, tree.Bytes(data))
		if info, err := d.Info(); err == nil && info.Mode()&0o111 != 0 || bytes.HasPrefix(data, []byte("#!")) {
			n.Mode = 0o755
		}
		n.ModTime = contextTime
		put(t, "/"+strings.TrimPrefix(p, "context/"), n)
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return &FileError{File: "context", Text: "cannot be read: " + reason(err)}
	}
	for _, f := range declared {
		l.declare(t, f)
	}
	l.ex.Context = t.Commit()
	fmt.Fprintln(l.sum, l.ex.Context.Digest())
	return nil
}

func (l *loader) declare(t *tree.Txn, f fileEntry) {
	switch {
	case f.Path.Text == "" || path.IsAbs(f.Path.Text) || !fs.ValidPath(f.Path.Text):
		l.complain(yamlName, f.Path.Line, "files: %q is no path within the context", f.Path.Text)
		return
	case f.Size < 0 || f.Size > 0 && f.Text != "":
		l.complain(yamlName, f.Path.Line, "files: %s has either a size or a text", f.Path.Text)
		return
	case t.Lookup("/"+f.Path.Text) != nil:
		l.complain(yamlName, f.Path.Line, "files: %s is in context/ as well", f.Path.Text)
		return
	}
	content := tree.Program([]byte(f.Text), f.Facts)
	if f.Size > 0 {
		content = tree.Declared(f.Size, "context:"+l.ex.ID+"/"+f.Path.Text, f.Facts)
	}
	n := tree.NewFile(f.Mode, content)
	if f.Mode == 0 {
		n.Mode = 0o644
	}
	n.ModTime = contextTime
	put(t, "/"+f.Path.Text, n)
	l.ex.Declared = append(l.ex.Declared, DeclaredFile{Path: f.Path.Text, Size: content.Size(), About: f.About, Text: f.Text})
}

func (l *loader) scenario(f *scenarioEntry) {
	at := f.Name.Line
	if f.Name.Text == "" || f.Title == "" {
		l.complain(yamlName, at, "a scenario needs a name and a title")
	}
	if slices.Contains(l.names(), f.Name.Text) {
		l.complain(yamlName, at, "there are two scenarios %s", f.Name.Text)
	}
	s := &Scenario{
		Name: f.Name.Text, Title: f.Title, args: f.Args, secrets: f.Secrets, base: f.Base, index: f.Index, fresh: f.Fresh, start: f.Start,
		target: f.Target, system: f.Platform,
	}
	for kind, paths := range map[string][]string{"edit": f.Edit, "rm": f.Rm, "touch": f.Touch} {
		for _, p := range paths {
			s.changes = append(s.changes, change{kind: kind, path: p})
		}
	}
	for p, mode := range f.Chmod {
		s.changes = append(s.changes, change{kind: "chmod", path: p, mode: mode})
	}
	for p, from := range f.Write {
		data, err := fs.ReadFile(l.fsys, from.Text)
		if err != nil {
			l.complain(yamlName, from.Line, "scenario %s writes %s: %s", s.Name, from.Text, reason(err))
			continue
		}
		l.sum.Write(data)
		s.changes = append(s.changes, change{kind: "write", path: p, text: tree.Bytes(data)})
	}
	slices.SortFunc(s.changes, func(a, b change) int { return strings.Compare(a.kind+a.path, b.kind+b.path) })
	if _, err := s.apply(l.ex.Context); err != nil {
		l.complain(yamlName, at, "%s", err)
	}
	l.ex.Scenarios = append(l.ex.Scenarios, s)
}

// names lists the scenarios so far.
func (l *loader) names() []string {
	var out []string
	for _, s := range l.ex.Scenarios {
		out = append(out, s.Name)
	}
	return out
}

func (l *loader) check(f *checkEntry) {
	at := f.ID.Line
	switch {
	case f.ID.Text == "" || f.Title == "" || f.Expr.Text == "":
		l.complain(yamlName, at, "a check needs an id, a title and an expr")
		return
	case slices.ContainsFunc(l.ex.Checks, func(c *Check) bool { return c.ID == f.ID.Text }):
		l.complain(yamlName, at, "there are two checks %s", f.ID.Text)
	case f.Advice && (f.Must || f.Points != 0):
		l.complain(yamlName, at, "check %s is advice, and so neither a must nor worth points", f.ID.Text)
	case !f.Advice && !f.Must && f.Points <= 0:
		l.complain(yamlName, at, "check %s is worth no points and is neither a must nor advice", f.ID.Text)
	}
	c := &Check{ID: f.ID.Text, Title: f.Title, Points: f.Points, Must: f.Must, Advice: f.Advice, Explain: f.Explain.Text}
	c.expr = l.compile(f.Expr, cel.BoolType)
	if f.Line.Text != "" {
		c.line = l.compile(f.Line, cel.IntType)
	}
	c.failed, c.explain = l.template(f.Failed), l.template(f.Explain)
	l.ex.Checks = append(l.ex.Checks, c)
}

func (l *loader) compile(src located, want *cel.Type) *checks.Program {
	p, err := l.env.Compile(src.Text, want, l.names())
	l.complainAt(src, err)
	return p
}

func (l *loader) template(src located) *checks.Template {
	t, err := l.env.CompileTemplate(src.Text, l.names())
	l.complainAt(src, err)
	return t
}

func (l *loader) complainAt(src located, err error) {
	var ce *checks.Error
	switch {
	case err == nil:
	case errors.As(err, &ce):
		l.complain(yamlName, src.Line+ce.Line-1, "%s", ce.Text)
	default:
		l.complain(yamlName, src.Line, "%s", err)
	}
}
