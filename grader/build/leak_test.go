package build_test

import (
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"drydock/grader/build"
	"drydock/grader/catalogue"
	"drydock/grader/models"
)

// TestSessionsLeaveNothing makes many builds and asks that neither goroutines nor memory grow with them. BuildKit's solver keeps a finished
// job for ten seconds with a goroutine that waits; in a bubble of time they pass at once, and a goroutine that never ends fails the test.
func TestSessionsLeaveNothing(t *testing.T) {
	cat, programs := catalogue.Open(), models.All()
	round := func(n int) int64 {
		synctest.Test(t, func(t *testing.T) {
			for i := range n {
				builds(t, build.NewSession(cat.Resolve, programs), i)
			}
			time.Sleep(11 * time.Second)
		})
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := round(100)
	goroutines := runtime.NumGoroutine()
	after := round(600)
	t.Logf("goroutines %d, then %d; heap %d KiB, then %d KiB", goroutines, runtime.NumGoroutine(), before>>10, after>>10)
	if n := runtime.NumGoroutine(); n > goroutines {
		t.Errorf("%d goroutines after 600 more sessions, %d before", n, goroutines)
	}
	if after > before+1<<20 {
		t.Errorf("600 sessions leave %d KiB", (after-before)>>10)
	}
}

// builds builds twice, now and then with a step that fails, one that is stopped and one that works in the background.
func builds(t *testing.T, s *build.Session, i int) {
	t.Helper()
	defer s.Close()
	text := fmt.Sprintf("FROM debian:bookworm-slim\nCOPY . /app\nRUN head -c 20000 /dev/zero > /f; echo %d | cat\n", i)
	switch {
	case i%5 == 0:
		text += "RUN false\n"
	case i%50 == 1:
		text += "RUN sleep infinity & cat\nRUN yes | sleep infinity\n"
	}
	for range 2 {
		if _, err := s.Build(t.Context(), build.Request{Context: folder(map[string]string{"Dockerfile": text, "a": "a"})}); err != nil {
			t.Fatal(err)
		}
	}
}
