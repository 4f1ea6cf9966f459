package lessons

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// starts are the files that New writes, in a folder for each kind. In them NAME, TITLE and LEVEL stand for what their names say.
//
//go:embed all:start
var starts embed.FS

// New writes a commented start of a lesson or an exercise, which passes [Check], into a lessons folder, and returns the files it wrote.
// kind is "lesson" or "exercise". A lesson's name may begin with its module ("beginner/volumes"), by default the last one; a module that is
// missing is begun too, and so is the course. Nothing is written over.
func New(dir, kind, name string) ([]string, error) {
	s := &scaffold{dir: dir, name: name[strings.LastIndex(name, "/")+1:]}
	module, _, inModule := strings.Cut(name, "/")
	switch {
	case kind != "lesson" && kind != "exercise":
		return nil, fmt.Errorf("%s: only a lesson or an exercise can be begun", kind)
	case !isName(s.name) || inModule && kind == "exercise" || strings.Count(name, "/") > 1:
		return nil, fmt.Errorf("%s: a name has lower-case letters, digits and hyphens; a lesson's may have its module before it, as beginner/volumes", name)
	}
	if err := s.course(); err != nil {
		return nil, err
	}
	if kind == "exercise" {
		at := path.Join(s.root, "exercises", s.name)
		if err := s.absent(at); err != nil {
			return nil, err
		}
		if err := s.anyModule(); err != nil {
			return s.written, err
		}
		err := s.write("exercise", at, nil)
		return s.written, err
	}
	if !inModule {
		module = ""
	}
	err := s.lesson(module)
	return s.written, err
}

// scaffold writes starts into a lessons folder.
type scaffold struct {
	dir, name string
	root      string // of the course within dir
	written   []string
}

// course finds the course, or begins one in the folder itself.
func (s *scaffold) course() error {
	var err error
	if s.root, err = courseFolder(os.DirFS(s.dir)); err == nil {
		return nil
	}
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return err
	}
	s.root = "."
	return s.write("course", ".", nil)
}

// modules lists the modules' folders.
func (s *scaffold) modules() []string {
	entries, _ := os.ReadDir(filepath.Join(s.dir, s.root))
	var out []string
	for _, e := range entries {
		if e.IsDir() && number.MatchString(e.Name()) {
			out = append(out, e.Name())
		}
	}
	return out
}

// anyModule begins a module with a lesson where there is none, since a course is made of them.
func (s *scaffold) anyModule() error {
	if len(s.modules()) > 0 {
		return nil
	}
	first := &scaffold{dir: s.dir, root: s.root, name: "first-lesson"}
	err := first.lesson("")
	s.written = append(s.written, first.written...)
	return err
}

func (s *scaffold) lesson(module string) error {
	folder := ""
	all := s.modules()
	for _, m := range all {
		if module == "" || m == module || unnumbered(m) == module {
			folder = m
		}
	}
	level := "beginner"
	if folder == "" {
		if module = unnumbered(module); module == "" {
			module = "beginner"
		}
		if !isName(module) {
			return fmt.Errorf("%s: a module's name has lower-case letters, digits and hyphens", module)
		}
		folder = next(all) + module
		if err := s.write("module", path.Join(s.root, folder), map[string]string{"TITLE": title(module)}); err != nil {
			return err
		}
	} else if data, err := os.ReadFile(filepath.Join(s.dir, s.root, folder, moduleFile)); err == nil {
		var f moduleFront
		if decodeYAML(moduleFile, 0, data, &f); f.Level != "" {
			level = f.Level
		}
	}
	var names []string
	entries, _ := os.ReadDir(filepath.Join(s.dir, s.root, folder))
	for _, e := range entries {
		if unnumbered(e.Name()) == s.name+".md" {
			return fmt.Errorf("there is a lesson %s already", path.Join(s.root, folder, e.Name()))
		}
		names = append(names, e.Name())
	}
	lesson := path.Join(s.root, folder)
	if err := s.write("lesson", lesson, map[string]string{"lesson.md": next(names) + s.name + ".md", "LEVEL": level}); err != nil {
		return err
	}
	files := path.Join(s.root, "contexts", s.name)
	if s.absent(files) != nil { // what there is may hold the same files
		return s.writeMissing("context", files)
	}
	return s.write("context", files, nil)
}

// next is the number, with its hyphen, that comes after those of names.
func next(names []string) string {
	last := 0
	for _, n := range names {
		if digits := number.FindString(n); digits != "" {
			v, _ := strconv.Atoi(strings.TrimSuffix(digits, "-"))
			last = max(last, v)
		}
	}
	return strconv.Itoa((last/10+1)*10) + "-"
}

// title makes a title of a name.
func title(name string) string {
	words := strings.ReplaceAll(name, "-", " ")
	return strings.ToUpper(words[:1]) + words[1:]
}

// absent complains if there is something at a path.
func (s *scaffold) absent(at string) error {
	_, err := os.Lstat(filepath.Join(s.dir, filepath.FromSlash(at)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = fmt.Errorf("there is %s already", at)
	}
	return err
}

// writeMissing writes a start's files that are not there.
func (s *scaffold) writeMissing(kind, to string) error {
	return s.each(kind, to, nil, func(at string, data []byte) error {
		if s.absent(at) != nil {
			return nil
		}
		return s.file(at, data)
	})
}

// write writes a start's files. words say what stands for what, in texts and in file names.
func (s *scaffold) write(kind, to string, words map[string]string) error {
	return s.each(kind, to, words, func(at string, data []byte) error {
		if err := s.absent(at); err != nil {
			return err
		}
		return s.file(at, data)
	})
}

func (s *scaffold) each(kind, to string, words map[string]string, do func(at string, data []byte) error) error {
	pairs := []string{"NAME", s.name}
	for _, word := range []string{"TITLE", "LEVEL"} {
		value := words[word]
		if value == "" && word == "TITLE" && s.name != "" {
			value = title(s.name)
		}
		pairs = append(pairs, word, value)
	}
	replace := strings.NewReplacer(pairs...)
	from := path.Join("start", kind)
	return fs.WalkDir(starts, from, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := starts.ReadFile(p)
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(p, from+"/")
		if other := words[name]; other != "" {
			name = other
		}
		return do(path.Join(to, name), []byte(replace.Replace(string(data))))
	})
}

func (s *scaffold) file(at string, data []byte) error {
	full := filepath.Join(s.dir, filepath.FromSlash(at))
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(full, data, 0o644); err != nil {
		return err
	}
	s.written = append(s.written, full)
	return nil
}
