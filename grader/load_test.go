package grader_test

import (
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/tools/txtar"

	"drydock/grader"
	"drydock/grader/tree"
)

// folder reads testdata/pages.txtar and replaces text in its files, each pair being what and by what.
func folder(t *testing.T, replace ...string) fs.FS {
	t.Helper()
	data, err := os.ReadFile("testdata/pages.txtar")
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	for i := 0; i+1 < len(replace); i += 2 {
		if !strings.Contains(text, replace[i]) {
			t.Fatalf("there is no %q to replace", replace[i])
		}
		text = strings.ReplaceAll(text, replace[i], replace[i+1])
	}
	out := fstest.MapFS{}
	for _, f := range txtar.Parse([]byte(text)).Files {
		out[f.Name] = &fstest.MapFile{Data: f.Data, Mode: 0o644}
	}
	return out
}

func load(t *testing.T, replace ...string) *grader.Exercise {
	t.Helper()
	e, err := grader.LoadExercise(folder(t, replace...), "pages")
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestLoadExercise(t *testing.T) {
	e := load(t)
	if e.ID != "pages" || e.Pass != 60 || e.Max() != 100 || len(e.Checks) != 6 || len(e.Scenarios) != 2 {
		t.Errorf("%+v", e)
	}
	var paths []string
	e.Context.Walk("/", func(p string, n *tree.Node) bool {
		if !n.IsDir() {
			paths = append(paths, strings.TrimPrefix(p, "/"))
		}
		return true
	})
	if got, want := strings.Join(paths, " "), ".env .git/objects/pack/pack-1.pack app.js data/big.bin page.html run.sh"; got != want {
		t.Errorf("context %s; want %s", got, want)
	}
	if n := e.Context.Lookup("/data/big.bin"); n.Mode != 0o600 || n.Size() != 1000 || n.Content.Fact("kind") != "tar" {
		t.Errorf("big.bin: %o, %d bytes, %v", n.Mode, n.Size(), n.Content.Facts())
	}
	if n := e.Context.Lookup("/run.sh"); n.Mode != 0o755 {
		t.Errorf("run.sh has mode %o", n.Mode)
	}
	if e.Starter["Dockerfile"] != "FROM node\n" || e.References[0].Files[".dockerignore"] != ".env\n" || e.References[0].Title != "As one would today" {
		t.Errorf("starter %v, references %v", e.Starter, e.References)
	}
	if a := e.Answers[0]; a.Title != "No such image" || a.Want.Passed || a.Want.Error != "not found" || a.Want.Score != -1 {
		t.Errorf("answer %+v", a)
	}
	if !e.Accepts("Dockerfile") || !e.Accepts("Dockerfile.dockerignore") || e.Accepts("app.js") {
		t.Error("which files are accepted is wrong")
	}
}

func TestLoadErrors(t *testing.T) {
	for _, c := range []struct{ name, what, by, want string }{
		{"unknown field", "mode: 0600", "mood: 0600", "exercise.yaml:10: there is no field mood here"},
		{"wrong type", "size: 1000", "size: big", "exercise.yaml:9: cannot unmarshal !!str `big` into int64"},
		{"unknown name in a check", "run.ok && run.serves", "run.okay", "exercise.yaml:40: undefined field 'okay'"},
		{"second line of an expression", `after["edit"].downloaded == 0`, `after["edti"].downloaded == 0`, `exercise.yaml:49: there is no scenario "edti"`},
		{"wrong type of a line", "line: lines.command", "line: run.error", "exercise.yaml:41: gives string where int is wanted"},
		{"a message's expression", "{run.error}.", "{run.eror}.", "exercise.yaml:42: undefined field 'eror'"},
		{"a missing file", "data/big.bin]", "nope]", "exercise.yaml:20: scenario other: rm nope: there is no such file in the context"},
		{"a missing file to write", "{page.html: scenarios/page.html,", "{page.html: scenarios/nope,", "exercise.yaml:22: scenario other writes scenarios/nope"},
		{"points", "points: 40", "points: 41", "exercise.yaml: the checks' points add up to 101, not to 100"},
		{"advice with points", "advice: true", "advice: true\n    points: 3", "check user is advice"},
		{"two of one id", "id: clean", "id: cached", "exercise.yaml:52: there are two checks cached"},
		{"an expectation of nothing", "fails: [builds]", "fails: [build]", "answers/bad/expect.yaml: there is no check build"},
		{"no front matter", "pass: 60", "pass: 0", "exercise.md:1: pass is 0"},
		{"a field of an answer", "about: No", "abuot: No", "answers/bad/expect.yaml:1: there is no field abuot here"},
		{"outside the context", "path: .env", "path: ../.env", `exercise.yaml:2: files: "../.env" is no path within the context`},
	} {
		_, err := grader.LoadExercise(folder(t, c.what, c.by), "pages")
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %s", c.name, err, c.want)
		}
	}
	if _, err := grader.LoadExercise(fstest.MapFS{}, "none"); err == nil || err.Error() != "exercise.yaml: cannot be read: file does not exist" {
		t.Errorf("an empty folder: %v", err)
	}
}

func TestEdit(t *testing.T) {
	for name, want := range map[string]string{
		"a.js": "x\n// edited\n", "App.java": "x\n// edited\n", "a.py": "x\n# edited\n", "pom.xml": "x\n<!-- edited -->\n", "data.json": "x\n", "LICENSE": "x\n",
	} {
		got, _ := grader.Edit(name, tree.Text("x")).Known()
		if string(got) != want {
			t.Errorf("%s: %q; want %q", name, got, want)
		}
	}
}
