package lessons_test

import (
	"context"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"

	"drydock/grader"
	"drydock/grader/build"
	"drydock/grader/catalogue"
	"drydock/grader/models"
	"drydock/lessons"
)

var facts = sync.OnceValue(catalogue.Open)

// simulated are options with the real simulator.
func simulated(fsys fs.FS) lessons.Options {
	images := facts().Resolve
	return lessons.Options{FS: fsys, Build: lessons.Simulator(images, models.All()), Images: images}
}

var graderOnce = sync.OnceValue(func() *grader.Grader {
	images := facts().Resolve
	return grader.New(grader.Options{
		Builder: func() grader.Builder { return build.NewSession(images, models.All()) }, Images: images, Models: models.All(),
	})
})

func grade(ctx context.Context, e *grader.Exercise, files grader.Files) (*grader.Grade, error) {
	return graderOnce().Grade(ctx, e, files)
}

// course reads base.txtar and lays a case over it. A file that is empty in the case is taken away.
func course(t testing.TB, over ...txtar.File) fstest.MapFS {
	t.Helper()
	base, err := txtar.ParseFile("testdata/base.txtar")
	if err != nil {
		t.Fatal(err)
	}
	fsys := fstest.MapFS{}
	for _, f := range append(base.Files, over...) {
		fsys[f.Name] = &fstest.MapFile{Data: f.Data}
		if len(f.Data) == 0 {
			delete(fsys, f.Name)
		}
	}
	return fsys
}

func cases(t *testing.T, dir string, run func(*testing.T, *txtar.Archive)) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join("testdata", dir, "*.txtar"))
	if err != nil || len(names) == 0 {
		t.Fatal("no cases", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			run(t, a)
		})
	}
}

// ofRef is the random name that BuildKit gives what it looks for a file in.
var ofRef = regexp.MustCompile(`of ref [a-z0-9]+`)

func lines(problems []lessons.Problem) []string {
	var out []string
	for _, p := range problems {
		out = append(out, ofRef.ReplaceAllString(p.String(), "of ref X"))
	}
	return out
}

func findLesson(c *lessons.Course, id string) *lessons.Lesson {
	for _, m := range c.Modules {
		for _, l := range m.Lessons {
			if l.ID == id {
				return l
			}
		}
	}
	return nil
}

// Pages hold what their case wants, in that order.
func TestPages(t *testing.T) {
	cases(t, "pages", func(t *testing.T, a *txtar.Archive) {
		wants := map[string]string{}
		var over []txtar.File
		for _, f := range a.Files {
			if id, ok := strings.CutPrefix(f.Name, "want/"); ok {
				wants[id] = string(f.Data)
			} else {
				over = append(over, f)
			}
		}
		l, err := lessons.Open(simulated(course(t, over...)))
		if err != nil {
			t.Fatal(err)
		}
		for id, want := range wants {
			lesson, err := findLesson(l.Course(), id).Load(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			rest := strings.ReplaceAll(string(lesson.HTML), "\u00a0", " ")
			for line := range strings.Lines(want) {
				line = strings.TrimSpace(line)
				_, after, ok := strings.Cut(rest, line)
				if !ok {
					t.Fatalf("%s: no\n%s\nin\n%s", id, line, rest)
				}
				rest = after
			}
			if strings.Contains(string(lesson.HTML), "style=") {
				t.Error("there is an inline style, which the pages' policy forbids")
			}
		}
		if err := l.Render(t.Context()); err != nil {
			t.Fatal(err)
		}
		if ps := l.Problems(); len(ps) > 0 {
			t.Error(strings.Join(lines(ps), "\n"))
		}
	})
}

// Each case's problems are found, with their lines, and no others.
func TestCheckFindsProblems(t *testing.T) {
	cases(t, "problems", func(t *testing.T, a *txtar.Archive) {
		var want []string
		var over []txtar.File
		for _, f := range a.Files {
			if f.Name == "problems" {
				want = strings.Split(strings.TrimSpace(string(f.Data)), "\n")
			} else {
				over = append(over, f)
			}
		}
		got, err := lessons.Check(t.Context(), simulated(course(t, over...)), grade)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(lines(got), want) {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(lines(got), "\n"), strings.Join(want, "\n"))
		}
	})
}

func TestNothingIsWrongWithTheBase(t *testing.T) {
	got, err := lessons.Check(t.Context(), simulated(course(t)), grade)
	if err != nil || len(got) > 0 {
		t.Errorf("%v\n%s", err, strings.Join(lines(got), "\n"))
	}
}

func TestCourse(t *testing.T) {
	l, err := lessons.Open(simulated(course(t)))
	if err != nil {
		t.Fatal(err)
	}
	c := l.Course()
	if c.ID != "c" || c.Title != "Boats" || len(c.Modules) != 1 || c.Modules[0].ID != "beginner" || c.Modules[0].Level != "beginner" {
		t.Errorf("course %+v", c)
	}
	wood, tar := findLesson(c, "beginner/wood"), findLesson(c, "beginner/tar")
	if wood.Next != tar || tar.Previous != wood || wood.Previous != nil || tar.Next != nil {
		t.Error("lessons do not follow each other")
	}
	if wood.HTML != "" {
		t.Error("rendered before it was wanted")
	}
	if !slices.Equal(wood.Contents, []lessons.Heading{{Level: 2, ID: "oak", Title: "Oak"}}) || wood.Text != "It floats.\nOak\nHeavy." {
		t.Errorf("contents %v, text %q", wood.Contents, wood.Text)
	}
	if !slices.Equal(tar.Requires, []string{"beginner/wood"}) || !slices.Equal(tar.Exercises, []string{"caulk"}) {
		t.Errorf("requires %v, exercises %v", tar.Requires, tar.Exercises)
	}
	if g := c.Glossary; len(g) != 1 || g[0].Lesson != "beginner/tar" || g[0].Short != "A black liquid." {
		t.Errorf("glossary %+v", g)
	}
	e, err := c.Exercises[0].Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if e.ID != "caulk" || e.File != "c/exercises/caulk/exercise.md" || e.Minutes != 10 || len(e.Context) != 2 || e.Context[0].Text != "plank\n" {
		t.Errorf("exercise %+v", e)
	}
	if want := `<data class="fact" value="28">28`; !strings.Contains(string(e.Problem), want) { // "plank\n" and "water, and more of it\n"
		t.Errorf("problem %s", e.Problem)
	}
	if want := `<data class="fact" value="6">6`; !strings.Contains(string(e.Thinking), want) {
		t.Errorf("thinking %s", e.Thinking)
	}
	if s := e.Solution; len(s) != 1 || s[0].Name != "1-plank" || s[0].Build == nil || s[0].Build.Image.Bytes != 6 {
		t.Errorf("solution %+v", s)
	}
	if again, _ := c.Exercises[0].Load(t.Context()); again != e {
		t.Error("loaded twice")
	}
	if err := l.Render(t.Context()); err != nil {
		t.Fatal(err)
	}
	if l.Course().Exercises[0] != e || findLesson(l.Course(), "beginner/wood").HTML == "" {
		t.Error("what was rendered is not published")
	}
}

func TestOpenWithoutCourse(t *testing.T) {
	if _, err := lessons.Open(lessons.Options{FS: fstest.MapFS{"readme.txt": {}}}); err == nil {
		t.Error("no error")
	}
	l, err := lessons.Open(lessons.Options{FS: sub(t, course(t), "c")}) // the folder is the course
	if err != nil || l.Course().Title != "Boats" {
		t.Error(err)
	}
}

func sub(t *testing.T, fsys fs.FS, dir string) fs.FS {
	t.Helper()
	s, err := fs.Sub(fsys, dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEmbedSuffix(t *testing.T) {
	files := course(t, txtar.File{Name: "c/contexts/go/go.mod.embed", Data: []byte("module x\n")}, txtar.File{
		Name: "c/10-beginner/10-wood.md",
		Data: []byte("---\ntitle: W\nlevel: beginner\nminutes: 5\nsummary: S.\nobjectives: [O]\n---\n\n## Oak\n\n```dockerfile build=go name=g\nFROM scratch\nCOPY go.mod /\n```\n"),
	})
	l, err := lessons.Open(simulated(files))
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Render(t.Context()); err != nil || len(l.Problems()) > 0 {
		t.Error(err, lines(l.Problems()))
	}
}

// The course that is built in has nothing wrong with it.
func TestEmbeddedCourse(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds and grades everything")
	}
	got, err := lessons.Check(t.Context(), simulated(nil), grade)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range got {
		t.Error(p)
	}
}

func FuzzLesson(f *testing.F) {
	for _, name := range []string{"listing", "markdown"} {
		a, err := txtar.ParseFile("testdata/pages/" + name + ".txtar")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(a.Files[0].Data))
	}
	f.Add("---\ntitle: x\n---\n> [!NOTE]\n\n```compare\nbuilds: [a,\n```\n{{image x size}} {{ }}")
	f.Fuzz(func(t *testing.T, text string) {
		files := course(t, txtar.File{Name: "c/10-beginner/10-wood.md", Data: []byte(text)})
		maps.DeleteFunc(files, func(name string, _ *fstest.MapFile) bool { return strings.HasPrefix(name, "c/exercises/") }) // they take long
		l, err := lessons.Open(lessons.Options{FS: files})
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Render(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, p := range l.Problems() {
			if p.File == "c/10-beginner/10-wood.md" && (p.Line < 0 || p.Line > strings.Count(text, "\n")+2) {
				t.Errorf("line %d: %s", p.Line, p)
			}
		}
	})
}

func ExampleOpen() {
	library, err := lessons.Open(lessons.Options{})
	if err != nil {
		panic(err)
	}
	os.Stdout.WriteString(library.Course().Title)
	// Output: Docker Images
}
