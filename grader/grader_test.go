package grader_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"drydock/grader"
	"drydock/grader/build"
	"drydock/grader/report"
	"drydock/grader/tool"
	"drydock/grader/tree"
)

// builder makes reports by hand: a Dockerfile's words say what happens in its build.
type builder struct {
	builds *atomic.Int32
	reqs   *[]build.Request
	closed *atomic.Int32
}

func (b builder) Close() { b.closed.Add(1) }

func (b builder) Build(_ context.Context, req build.Request) (*report.Build, error) {
	b.builds.Add(1)
	*b.reqs = append(*b.reqs, req)
	data, _ := req.Context.Lookup("/Dockerfile").Content.Known()
	text := string(data)
	app, _ := req.Context.Lookup("/app.js").Content.Known()
	edited := strings.Contains(string(app), "edited")
	if strings.Contains(text, "no-image") || edited && strings.Contains(text, "edit-breaks") {
		return &report.Build{Error: "failed to solve: nope: not found", Lines: report.Lines{Start: 1, End: 1}}, nil
	}
	root := tree.NewDir(0o755).PutAt("/bin/serve", tree.NewFile(0o755, tree.Declared(9, "serve", map[string]string{"program": "serve"})))
	base := root
	if strings.Contains(text, "COPY .") {
		root = tree.Begin(root).Commit().Clone()
		root.Put("env", req.Context.Lookup("/.env"))
	}
	out := &report.Build{OK: true, Image: &report.Image{Root: root, Config: report.Config{Cmd: []string{"serve"}}}, Stages: []report.Stage{{Base: "node"}}}
	out.Image.Layers = []report.Layer{{Base: true}, {Line: 2, Changes: func() []tree.Change { return tree.Diff(base, root) }}}
	if strings.Contains(text, "CMD nothing") {
		out.Image.Config.Cmd = []string{"nothing"}
	}
	copied := report.Step{Name: "[2/3] COPY . .", Kind: "copy", Lines: report.Lines{Start: 2}, Ran: true}
	install := report.Step{Name: "[3/3] RUN fetch", Kind: "run", Lines: report.Lines{Start: 3}}
	if edited && strings.Contains(text, "COPY .") {
		install.Ran = true
		install.Events = []report.Event{{Kind: "download", Tool: "fetch", Name: "x", Bytes: 5}}
		install.Cause = &report.Cause{Kind: "parent", Line: 2, Files: []string{"app.js"}}
	}
	out.Steps = []report.Step{copied, install}
	return out, nil
}

type lab struct {
	*grader.Grader
	builds, closed atomic.Int32
	reqs           []build.Request
}

func newLab() *lab {
	l := &lab{}
	l.Grader = grader.New(grader.Options{
		Builder: func() grader.Builder { return builder{&l.builds, &l.reqs, &l.closed} },
		Models: tool.Models{"serve": func(ctx context.Context, c *tool.Call) int {
			return c.Serve(ctx, c, tool.Service{Port: 80, Graceful: true})
		}},
		Now: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC),
	})
	return l
}

func (l *lab) grade(t *testing.T, e *grader.Exercise, dockerfile string) *grader.Grade {
	t.Helper()
	g, err := l.Grade(context.Background(), e, grader.Files{"Dockerfile": dockerfile})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// said writes a grade down in a few words.
func said(g *grader.Grade) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d/%d passed=%v", g.Score, g.Max, g.Passed)
	for _, r := range g.Checks {
		if !r.Passed {
			fmt.Fprintf(&b, "\n%s line %d skipped=%v: %s", r.ID, r.Line, r.Skipped, r.Message)
		}
	}
	return b.String()
}

func TestGrade(t *testing.T) {
	e := load(t)
	for _, c := range []struct{ name, dockerfile, want string }{
		{"all right", "FROM node", "100/100 passed=true\nuser line 0 skipped=false: "},
		{"leaks, and downloads after an edit", "FROM node\nCOPY . .\nRUN fetch", `40/100 passed=false
cached line 2 skipped=false: Line 3, RUN fetch, ran again because line 2, COPY . ., now brings a different app.js.
clean line 2 skipped=false: the token in .env is in layer 2: /env.
user line 0 skipped=false: `},
		{"does not start", "FROM node\nCMD nothing", `70/100 passed=false
starts line 2 skipped=false: exec: "nothing": executable file not found in $PATH. What does line 2 start?
other-starts line 0 skipped=false: 
user line 0 skipped=false: `},
		{"does not build", "FROM no-image", `0/100 passed=false
builds line 1 skipped=false: The build stops: failed to solve: nope: not found.
starts line 0 skipped=true: This could not be judged, because the build failed.
cached line 0 skipped=true: This could not be judged, because the build failed.
clean line 0 skipped=true: This could not be judged, because the build failed.
other-starts line 0 skipped=true: This could not be judged, because the build failed.
user line 0 skipped=true: This could not be judged, because the build failed.`},
		{"a scenario does not build", "FROM node\n# edit-breaks", "60/100 passed=true\ncached line 0 skipped=false: \nuser line 0 skipped=false: "},
	} {
		if got := said(newLab().grade(t, e, c.dockerfile)); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}

// A check that does not ask whether a scenario's build succeeded fails when that build does.
func TestScenarioThatFails(t *testing.T) {
	e := load(t, "after[\"edit\"].ok &&\n", "true &&\n")
	g := newLab().grade(t, e, "FROM node\n# edit-breaks")
	want := "cached line 1 skipped=false: After an edit of app.js, the build fails: failed to solve: nope: not found."
	if !strings.Contains(said(g), want) {
		t.Errorf("%s\nwant %s", said(g), want)
	}
}

func TestScenariosChangeTheRequest(t *testing.T) {
	l := newLab()
	l.grade(t, load(t), "FROM node")
	if n := l.builds.Load(); n != 4 || l.closed.Load() != 2 {
		t.Fatalf("%d builds, %d builders closed; want starter, first and two scenarios, and two builders", n, l.closed.Load())
	}
	first, edit, other := l.reqs[1], l.reqs[2], l.reqs[3]
	text := func(r build.Request, p string) string {
		n := r.Context.Lookup(p)
		if n == nil {
			return "(none)"
		}
		data, _ := n.Content.Known()
		return string(data)
	}
	for what, got := range map[string][2]string{
		"first app.js":   {text(first, "/app.js"), "serve()\n"},
		"first SHA":      {first.Args["SHA"], "abc"},
		"first key":      {string(first.Secrets["key"]), "s3cret"},
		"edit app.js":    {text(edit, "/app.js"), "serve()\n\n// edited\n"},
		"other app.js":   {text(other, "/app.js"), "serve()\n"},
		"other mode":     {fmt.Sprintf("%o", other.Context.Lookup("/app.js").Mode), "755"},
		"other page":     {text(other, "/page.html"), "<p>two</p>\n"},
		"other new file": {text(other, "/new/deep.txt"), "<p>two</p>\n"},
		"other big.bin":  {text(other, "/data/big.bin"), "(none)"},
		"other SHA":      {other.Args["SHA"], "def"},
		"other key":      {string(other.Secrets["key"]), ""},
	} {
		if got[0] != got[1] {
			t.Errorf("%s: %q; want %q", what, got[0], got[1])
		}
	}
}

func TestIdenticalAnswersAreGradedOnce(t *testing.T) {
	l, e := newLab(), load(t)
	l.grade(t, e, "FROM node")
	before := l.builds.Load()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { l.grade(t, e, "FROM node") })
	}
	wg.Wait()
	if n := l.builds.Load(); n != before {
		t.Errorf("%d builds more", n-before)
	}
	l.grade(t, load(t, "points: 40", "points: 35", "points: 20", "points: 25"), "FROM node")
	if n := l.builds.Load(); n != before+4 {
		t.Errorf("an exercise that changed took %d builds; want 4", n-before)
	}
}

func TestWhatIsNoAnswer(t *testing.T) {
	l, e := newLab(), load(t)
	for name, files := range map[string]grader.Files{
		"another file": {"Dockerfile": "FROM node", "app.js": "x"},
		"outside":      {"../Dockerfile": "x"},
		"too large":    {"Dockerfile": strings.Repeat("#", 200<<10)},
	} {
		if _, err := l.Grade(context.Background(), e, files); !errors.Is(err, grader.ErrFiles) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestStarterMustBuild(t *testing.T) {
	e := load(t, "-- starter/Dockerfile --\nFROM node", "-- starter/Dockerfile --\nFROM no-image")
	if _, err := newLab().Grade(context.Background(), e, grader.Files{"Dockerfile": "FROM node"}); err == nil || !strings.Contains(err.Error(), "the starter does not build") {
		t.Errorf("%v", err)
	}
}
