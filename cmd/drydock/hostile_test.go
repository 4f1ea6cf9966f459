package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"drydock/grader"
	"drydock/grader/sandbox"
	"drydock/lessons"
)

// TestMain lets the test binary be its own worker, as the program is.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "worker" {
		os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
	}
	flag.Parse()
	os.Exit(m.Run())
}

// An answer is to be judged within 2 seconds on an idle machine. The bound leaves room for a busy one.
const (
	answerWithin = 6 * time.Second
	memoryLimit  = 1 << 30
)

// all has every hostile answer graded: several minutes. Else it is every tenth.
var all = flag.Bool("all", false, "grade every hostile answer")

// hostile is an answer that means harm.
type hostile struct {
	name  string
	files grader.Files
	want  string // a pattern of the error; "" for any outcome
}

// TestHostileAnswers grades each hostile answer as the server does and asks whether the worker bore it.
func TestHostileAnswers(t *testing.T) {
	x, pool := hostileExercise(t)
	grade := remote(pool)
	cases := append(written(t), made()...)
	if !*all {
		var some []hostile
		for i := 0; i < len(cases); i += 10 {
			some = append(some, cases[i])
		}
		cases = some
	}
	var slowest, largest struct {
		name string
		took time.Duration
		rss  int64
	}
	for _, h := range cases {
		t.Run(h.name, func(t *testing.T) {
			peak := watchPeak(t)
			start := time.Now()
			g, err := grade(t.Context(), x, h.files)
			took, rss := time.Since(start), peak()
			text := ""
			switch {
			case err != nil:
				text = err.Error()
			default:
				text = g.Error
			}
			t.Logf("%7d ms %5d MiB  %s", took.Milliseconds(), rss>>20, short(text))
			if took > answerWithin {
				t.Errorf("took %v", took)
			}
			if rss > memoryLimit {
				t.Errorf("the worker held %d MiB", rss>>20)
			}
			if len(text) > 20<<10 {
				t.Errorf("the message has %d bytes", len(text))
			}
			if bad := regexp.MustCompile(`internal error|fault of Drydock|panic|goroutine \d|frame of \d`).FindString(text); bad != "" {
				t.Errorf("the message says %q", bad)
			}
			if h.want != "" && !regexp.MustCompile(h.want).MatchString(text) {
				t.Errorf("the message does not say %q: %s", h.want, short(text))
			}
			if took > slowest.took {
				slowest.name, slowest.took = h.name, took
			}
			if rss > largest.rss {
				largest.name, largest.rss = h.name, rss
			}
		})
		g, err := grade(t.Context(), x, grader.Files{"Dockerfile": "FROM debian:bookworm-slim\nRUN echo " + h.name + "\n"})
		if err != nil || g.Error != "" {
			t.Errorf("after %s the pool does not grade: %v %+v", h.name, err, g)
		}
	}
	t.Logf("%d answers; slowest %s: %v; largest %s: %d MiB", len(cases), slowest.name, slowest.took.Round(time.Millisecond), largest.name, largest.rss>>20)
}

func short(s string) string {
	if len(s) > 300 {
		return s[:200] + " … " + s[len(s)-90:]
	}
	return s
}

// written reads the answers that stand in testdata.
func written(t *testing.T) []hostile {
	t.Helper()
	a, err := txtar.ParseFile("testdata/hostile.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var out []hostile
	for _, f := range a.Files {
		out = append(out, hostile{name: f.Name, files: grader.Files{"Dockerfile": string(f.Data)}})
	}
	return out
}

// hostileExercise is hostileCourse's exercise with a pool of one worker that grades it.
func hostileExercise(t testing.TB) (*lessons.Exercise, *sandbox.Pool) {
	t.Helper()
	x, command := hostileCourse(t)
	pool := sandbox.NewPool(sandbox.Options{Command: command, Size: 1, Memory: memoryLimit})
	t.Cleanup(pool.Close)
	pool.Warm()
	return x, pool
}

// hostileCourse begins a course with one exercise that has archives in its context and lets manifests be written. It returns the exercise and
// the command of a worker that knows it.
func hostileCourse(t testing.TB) (*lessons.Exercise, []string) {
	t.Helper()
	dir := t.TempDir()
	if _, err := lessons.New(dir, "exercise", "hostile"); err != nil {
		t.Fatal(err)
	}
	at := filepath.Join(dir, "exercises", "hostile")
	for name, data := range archives(t) {
		if err := os.WriteFile(filepath.Join(at, "context", name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	definition := filepath.Join(at, "exercise.yaml")
	data, err := os.ReadFile(definition)
	if err != nil {
		t.Fatal(err)
	}
	editable := fmt.Sprintf("editable: [%s]\n", strings.Join(editable, ", "))
	if err := os.WriteFile(definition, append([]byte(editable), data...), 0o644); err != nil {
		t.Fatal(err)
	}
	lib, err := lessons.Open(lessons.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	x, err := exercise(t.Context(), lib.Course(), "hostile")
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return x, []string{self, "worker", "--lessons", dir}
}

var editable = []string{
	"Dockerfile", ".dockerignore", "package.json", "package-lock.json", "yarn.lock", "pnpm-lock.yaml", "requirements.txt", "pyproject.toml",
	"pom.xml", "build.gradle", "go.mod", "go.sum", "main.go", "main.py", "server.js", "Main.java",
}
