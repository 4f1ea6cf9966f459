package busybox_test

import (
	"context"
	"maps"
	"strings"
	"testing"

	"drydock/grader/tool"
	"drydock/grader/tool/busybox"
	"drydock/grader/tool/tooltest"
)

// models are busybox with a program for each of the applets that the transcripts call.
func models() tool.Models {
	shell := func(_ context.Context, c *tool.Call) int {
		c.Printf("a shell\n")
		return 3
	}
	return busybox.Models(shell, nil)
}

func TestTranscripts(t *testing.T) {
	all := maps.Clone(models())
	out, _, _ := tooltest.NewWorld(all, "busybox").Run("busybox --list")
	for _, name := range strings.Fields(out) {
		all[name] = all["busybox"]
	}
	tooltest.Replay(t, "testdata/*.txtar", all, "busybox", "busybox")
}

func TestShellIsInjected(t *testing.T) {
	w := tooltest.NewWorld(models(), "busybox")
	if out, _, status := w.Run("busybox sh -c x"); out != "a shell\n" || status != 3 {
		t.Errorf("got %q, %d", out, status)
	}
}

func TestLinksChooseTheApplet(t *testing.T) {
	w := tooltest.NewWorld(models(), "busybox")
	if _, _, status := w.Run("busybox --install -s /tmp"); status != 0 {
		t.Fatalf("install: %d", status)
	}
	w.FS.Mkdir("/bin", 0o755)
	w.FS.Symlink("/usr/bin/busybox", "/bin/busybox")
	if out, _, _ := w.Run("/tmp/basename /a/b"); out != "b\n" {
		t.Errorf("basename: %q", out)
	}
}
