package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"drydock/grader/sandbox"
)

// TestWorkerOpensNothing follows a worker's system calls while it grades what wants to get out: once it has confined itself, it opens no file,
// starts no program and talks to nobody. BuildKit's frontend tries to: it asks the host of a Git repository for its SSH keys.
func TestWorkerOpensNothing(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace is not installed")
	}
	x, command := hostileCourse(t)
	log := filepath.Join(t.TempDir(), "calls")
	pool := sandbox.NewPool(sandbox.Options{
		Command: append([]string{strace, "-f", "-qq", "-o", log, "-e", "trace=%file,%network,seccomp"}, command...),
		Size:    1, Timeout: 30 * time.Second,
	})
	t.Cleanup(pool.Close)
	grade := remote(pool)
	graded := 0
	for _, h := range append(written(t), made()...) {
		if !regexp.MustCompile(`^(escape|add/(escape|zip|urls)|frontend/(syntax|ports)|npm/lock-links|java/entities|go/replacements|link)`).MatchString(h.name) {
			continue
		}
		if _, err := grade(t.Context(), x, h.files); err != nil {
			t.Errorf("%s: %v", h.name, err)
		}
		graded++
	}
	calls, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	before, after, confined := strings.Cut(string(calls), "seccomp(SECCOMP_SET_MODE_FILTER")
	if !confined {
		t.Skip("there is no seccomp, or no leave to trace, here")
	}
	if strings.Count(before, "openat(") == 0 {
		t.Error("no file was seen opened before: is anything traced?")
	}
	_, after, _ = strings.Cut(after, "\n")
	call := regexp.MustCompile(`^\d+ +(open|creat|exec|socket|connect|bind|send|unlink|mkdir|rename|link|symlink|readlink|l?stat|newfstatat|f?access)`)
	refused := regexp.MustCompile(`= -1 (EPERM|EACCES) `)
	for line := range strings.Lines(after) {
		if call.MatchString(line) && !refused.MatchString(line) {
			t.Errorf("after it was confined: %s", strings.TrimSpace(line))
		}
	}
	t.Logf("%d answers", graded)
}
