package grader_test

import (
	"io/fs"
	"os"
	"testing"
	"testing/fstest"

	"drydock/grader"
)

// FuzzLoadExercise reads any definition with any front matter: what is wrong in them is an error, never a panic. Seeds are the course's own.
func FuzzLoadExercise(f *testing.F) {
	fsys := os.DirFS(course)
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		f.Fatal(err)
	}
	for _, e := range entries {
		yaml, yerr := fs.ReadFile(fsys, e.Name()+"/exercise.yaml")
		text, terr := fs.ReadFile(fsys, e.Name()+"/exercise.md")
		if yerr != nil || terr != nil {
			f.Fatal(yerr, terr)
		}
		f.Add(yaml, text)
	}
	const check = "checks:\n  - id: a\n    title: A\n    points: 100\n    expr: "
	front := []byte("---\npass: 60\n---\n")
	for _, expr := range []string{"build.ok", "after[\"x\"].ok", "image.has(\"/a\")", "[1,2].map(x, [1,2].map(y, x*y)).size() > 0", "\"a\".matches(\"(a+)+\")"} {
		f.Add([]byte(check+expr+"\n"), front)
	}
	f.Add([]byte("files:\n  - path: a/../b\n    size: 99999999999999999\n"), front)
	f.Add([]byte("a: &a [*a]\n"), front)
	f.Fuzz(func(t *testing.T, yaml, text []byte) {
		fsys := fstest.MapFS{
			"exercise.yaml": {Data: yaml}, "exercise.md": {Data: text}, "context/server.js": {Data: []byte("x\n")},
			"starter/Dockerfile": {Data: []byte("FROM scratch\n")}, "references/one/Dockerfile": {Data: []byte("FROM scratch\n")},
		}
		if e, err := grader.LoadExercise(fsys, "fuzzed"); err == nil && e.Max() != 100 {
			t.Errorf("accepted an exercise of %d points", e.Max())
		}
	})
}
