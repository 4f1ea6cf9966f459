package shell_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"drydock/grader/shell"

	"github.com/rogpeppe/go-internal/txtar"
)

// FuzzRun runs any text as a script: the shell must neither panic nor hang. Seeds are the recorded scripts.
func FuzzRun(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.txtar")
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for i, a := range archive.Files {
			if strings.HasSuffix(a.Name, ".sh") {
				f.Add(string(a.Data), uint8(i%3))
			}
		}
	}
	f.Fuzz(func(t *testing.T, script string, dialect uint8) {
		d := shell.Dialect(dialect % 3)
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		start := time.Now()
		_, errs, _ := newSandbox().run(ctx, d, "some\ninput\n", called(d), "-c", script)
		if strings.Contains(errs, ": internal error\n") && !strings.Contains(script, "internal error") {
			t.Errorf("the shell panicked")
		}
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("took %v", took)
		}
	})
}
