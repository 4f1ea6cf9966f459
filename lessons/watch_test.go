package lessons_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"drydock/grader/build"
	"drydock/grader/report"
	"drydock/lessons"
)

// spy counts the builds of each Dockerfile.
type spy struct {
	lessons.Builder
	mu    sync.Mutex
	built map[string]int
}

func (s *spy) build(ctx context.Context, rs ...build.Request) ([]*report.Build, error) {
	data, _ := rs[0].Context.Lookup("/Dockerfile").Content.Known()
	s.mu.Lock()
	s.built[string(data)]++
	s.mu.Unlock()
	return s.Builder(ctx, rs...)
}

type buffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.String()
}

const listed = "\n```dockerfile build=yard name=boat\nFROM scratch\nCOPY plank.txt /\n```\n"

// A folder is read again as its files change: what broke is told and the last good version stays.
func TestWatch(t *testing.T) {
	dir := t.TempDir()
	for name, f := range course(t) {
		write(t, dir, name, string(f.Data))
	}
	wood := string(course(t)["c/10-beginner/10-wood.md"].Data)
	write(t, dir, "c/10-beginner/10-wood.md", wood+listed)

	options, log := simulated(nil), &buffer{}
	s := &spy{Builder: options.Build, built: map[string]int{}}
	options.Dir, options.Build, options.Log = dir, s.build, slog.New(slog.NewTextHandler(log, nil))
	l, err := lessons.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- l.Watch(ctx) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	page := func() string { return string(findLesson(l.Course(), "beginner/wood").HTML) }
	await(t, "rendered", func() bool { return strings.Contains(page(), `id="boat"`) })

	write(t, dir, "c/10-beginner/10-wood.md", wood+listed+"\n[gone](30-rope.md)\n")
	await(t, "broken link", func() bool {
		return slices.Equal(lines(l.Problems()), []string{"c/10-beginner/10-wood.md:21: link: there is no lesson c/10-beginner/30-rope.md"})
	})
	if strings.Contains(page(), "gone") || !strings.Contains(page(), `id="boat"`) {
		t.Errorf("the last good version is gone:\n%s", page())
	}
	if want := filepath.Join(dir, "c/10-beginner/10-wood.md:21"); !strings.Contains(log.String(), want) {
		t.Errorf("the log says not %s:\n%s", want, log)
	}

	write(t, dir, "c/10-beginner/30-rope.md", strings.ReplaceAll(wood, "Wood", "Rope")) // a new lesson mends the link
	await(t, "mended", func() bool { return len(l.Problems()) == 0 && strings.Contains(page(), "gone") })
	if l := findLesson(l.Course(), "beginner/rope"); l == nil || l.Title != "Rope" || l.HTML == "" {
		t.Errorf("new lesson: %+v", l)
	}

	write(t, dir, "c/10-beginner/10-wood.md", wood+strings.Replace(listed, "plank", "sail", 1))
	await(t, "failing build", func() bool { ps := l.Problems(); return len(ps) == 1 && ps[0].Line == 18 })
	if !strings.Contains(page(), "gone") {
		t.Error("the last good version is gone")
	}
	s.mu.Lock()
	if n := s.built["FROM scratch\nCOPY plank.txt /\n"]; n != 2 { // the lesson's listing, and the reference, which reads the same
		t.Errorf("unchanged listings were built %d times", n)
	}
	s.mu.Unlock()

	write(t, dir, "c/exercises/caulk/exercise.yaml", "checks: [\n")
	await(t, "broken exercise", func() bool { return len(l.Problems()) > 1 })
	if c := l.Course(); len(c.Exercises) != 1 || c.Exercises[0].Problem == "" {
		t.Error("the exercise is gone")
	}
	write(t, dir, "c/course.yaml", "title: [\n")
	await(t, "broken course", func() bool {
		return slices.ContainsFunc(l.Problems(), func(p lessons.Problem) bool { return p.File == "c/course.yaml" })
	})
	if l.Course().Title != "Boats" {
		t.Error("the course has lost its title")
	}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	at := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not in time", what)
		}
	}
}
