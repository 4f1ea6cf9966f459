package grader

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
)

// expectFile is answers/NAME/expect.yaml.
type expectFile struct {
	About  string   `yaml:"about"`
	Passed *bool    `yaml:"passed"`
	Score  *int     `yaml:"score"`
	Fails  []string `yaml:"fails"`
	Advice []string `yaml:"advice"`
	Error  string   `yaml:"error"`
}

// referenceFile is references/NAME/reference.yaml.
type referenceFile struct {
	Title string `yaml:"title"`
}

// answers reads the starter, the references and the other answers.
func (l *loader) answers() error {
	var err error
	if l.ex.Starter, err = l.files("starter"); err != nil {
		return err
	}
	fmt.Fprintln(l.sum, l.ex.Starter)
	for _, name := range l.folders("references") {
		a := Answer{Name: name, Title: name, Want: Expectation{Passed: true, Score: 100}}
		dir := path.Join("references", name)
		if a.Files, err = l.files(dir); err != nil {
			return err
		}
		var f referenceFile
		if err := l.optional(path.Join(dir, "reference.yaml"), &f); err != nil {
			return err
		}
		if f.Title != "" {
			a.Title = f.Title
		}
		l.ex.References = append(l.ex.References, a)
	}
	for _, name := range l.folders("answers") {
		a := Answer{Name: name, Title: name}
		dir := path.Join("answers", name)
		if a.Files, err = l.files(dir); err != nil {
			return err
		}
		var f expectFile
		if err := l.optional(path.Join(dir, "expect.yaml"), &f); err != nil {
			return err
		}
		a.Want = l.expectation(path.Join(dir, "expect.yaml"), &f)
		if f.About != "" {
			a.Title = f.About
		}
		l.ex.Answers = append(l.ex.Answers, a)
	}
	return nil
}

func (l *loader) expectation(file string, f *expectFile) Expectation {
	w := Expectation{Score: -1, Fails: f.Fails, Advice: f.Advice, Error: f.Error}
	if f.Passed == nil {
		l.complain(file, 0, "says not whether the answer must pass (passed: true or false)")
	} else {
		w.Passed = *f.Passed
	}
	if f.Score != nil {
		w.Score = *f.Score
	}
	for _, id := range slices.Concat(f.Fails, f.Advice) {
		if !slices.ContainsFunc(l.ex.Checks, func(c *Check) bool { return c.ID == id }) {
			l.complain(file, 0, "there is no check %s", id)
		}
	}
	return w
}

// optional decodes a file that need not be there.
func (l *loader) optional(name string, out any) error {
	data, err := fs.ReadFile(l.fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return &FileError{File: name, Text: "cannot be read: " + reason(err)}
	}
	return decode(name, data, out)
}

// folders lists the folders in dir, none where it is missing.
func (l *loader) folders(dir string) []string {
	entries, _ := fs.ReadDir(l.fsys, dir)
	var out []string
	for _, e := range entries {
		if e.IsDir() {
			out = append(out, e.Name())
		}
	}
	return out
}

// files reads what a learner could have written from a folder.
func (l *loader) files(dir string) (Files, error) {
	out := Files{}
	for _, name := range append(slices.Clone(l.ex.Editable), "Dockerfile.dockerignore") {
		data, err := fs.ReadFile(l.fsys, path.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) || !l.ex.Accepts(name) {
			continue
		}
		if err != nil {
			return nil, &FileError{File: path.Join(dir, name), Text: "cannot be read: " + reason(err)}
		}
		out[name] = string(data)
	}
	if len(out) == 0 {
		return nil, &FileError{File: dir, Text: "holds no Dockerfile"}
	}
	return out, nil
}
