package coreutils_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"

	"drydock/grader/tool"
	"drydock/grader/tool/coreutils"
	"drydock/grader/tool/tooltest"
	"drydock/grader/tree"
	"drydock/grader/vfs"
)

func run(t *testing.T, w *tooltest.World, line string) {
	t.Helper()
	if _, stderr, status := w.Run(line); status != 0 {
		t.Fatalf("%s: %d, %s", line, status, stderr)
	}
}

// Copies share what is only declared, with all that is known of it.
func TestDeclaredContentsAreCarried(t *testing.T) {
	w := tooltest.NewWorld(coreutils.Models(), "gnu")
	jar := tree.Declared(50<<20, "app.jar", map[string]string{"kind": "jar"})
	w.FS.WriteContent("app.jar", jar, 0o644)
	run(t, w, "mkdir d")
	run(t, w, "cp app.jar d/x.jar")
	run(t, w, "cp -r d e")
	run(t, w, "mv e f")
	run(t, w, "install -D f/x.jar g/h/y.jar")
	for _, p := range []string{"d/x.jar", "f/x.jar", "g/h/y.jar"} {
		if c, err := w.FS.Content(p); c != jar || err != nil {
			t.Errorf("%s: not the same content (%v)", p, err)
		}
	}
	if out, _, _ := w.Run("wc -c f/x.jar"); out != "52428800 f/x.jar\n" {
		t.Errorf("wc: %q", out)
	}
}

// What is right already is not touched, so that no layer grows by it.
func TestOwnerThatIsRightStaysUntouched(t *testing.T) {
	w := tooltest.NewWorld(coreutils.Models(), "gnu")
	run(t, w, "mkdir -p d/e")
	run(t, w, "touch d/f d/e/g")
	before, _ := w.FS.Stat("d")
	when := before.ModTime
	run(t, w, "chown -R root:root d")
	run(t, w, "chown -R daemon d")
	if out, _, _ := w.Run("stat -c %U:%G d d/f d/e/g"); out != "daemon:root\ndaemon:root\ndaemon:root\n" {
		t.Errorf("owners: %q", out)
	}
	if n, _ := w.FS.Stat("d"); n.ModTime != when {
		t.Errorf("time of d changed")
	}
}

func TestUsersWithoutRights(t *testing.T) {
	w := tooltest.NewWorld(coreutils.Models(), "gnu")
	run(t, w, "mkdir -m 700 secret")
	run(t, w, "touch secret/x")
	run(t, w, "mkdir -m 755 open")
	run(t, w, "touch open/y")
	w.FS = w.FS.As(vfs.Cred{UID: 33, GID: 33})
	tests := []struct{ line, want string }{
		{"ls secret", "ls: cannot open directory 'secret': Permission denied\n"},
		{"cat secret/x", "cat: secret/x: Permission denied\n"},
		{"mkdir open/z", "mkdir: cannot create directory 'open/z': Permission denied\n"},
		{"touch open/z", "touch: cannot touch 'open/z': Permission denied\n"},
		{"rm -rf open", "rm: cannot remove 'open/y': Permission denied\n"},
		{"chmod 777 open/y", "chmod: changing permissions of 'open/y': Operation not permitted\n"},
		{"chown www-data open/y", "chown: changing ownership of 'open/y': Operation not permitted\n"},
		{"cp open/y open/z", "cp: cannot create regular file 'open/z': Permission denied\n"},
		{"mv open/y open/z", "mv: cannot move 'open/y' to 'open/z': Permission denied\n"},
	}
	for _, tt := range tests {
		if _, stderr, status := w.Run(tt.line); stderr != tt.want || status == 0 {
			t.Errorf("%s: got %q, %d", tt.line, stderr, status)
		}
	}
}

type closedPipe struct{}

func (closedPipe) Write([]byte) (int, error) { return 0, syscall.EPIPE }

func TestClosedPipeEndsWriters(t *testing.T) {
	w := tooltest.NewWorld(coreutils.Models(), "gnu")
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	status, err := w.Call(strings.NewReader(""), closedPipe{}, &bytes.Buffer{}, "yes").Exec(ctx)
	if status != 141 || err != nil || errors.Is(ctx.Err(), context.DeadlineExceeded) {
		t.Errorf("yes: %d, %v", status, err)
	}
}

func TestLongSleepKeepsAContainerUp(t *testing.T) {
	w := tooltest.NewWorld(coreutils.Models(), "gnu")
	served := 0
	w.Host.Running = true
	w.Host.Serve = func(context.Context, *tool.Call, tool.Service) int { served++; return 0 }
	w.Run("sleep infinity")
	w.Run("sleep 1")
	w.Run("tail -f /dev/null")
	run(t, w, "touch log")
	w.Run("tail -f log")
	if served != 2 {
		t.Errorf("served %d times, want 2", served)
	}
}

func BenchmarkCopyLargeFolder(b *testing.B) {
	w := tooltest.NewWorld(coreutils.Models(), "gnu")
	modules := tree.NewDir(0o755)
	for i := range 20000 {
		modules.PutAt("/"+string(rune('a'+i%26))+"/"+string(rune('a'+i/26%26))+"/f"+string(rune('0'+i%10)), tree.NewFile(0o644, tree.Text("x")))
	}
	w.FS.Graft("m", modules)
	for b.Loop() {
		w.Run("cp -a m n")
		w.Run("rm -rf n")
	}
}
