package initd_test

import (
	"context"
	"testing"

	"drydock/grader/tool"
	"drydock/grader/tool/initd"
	"drydock/grader/tool/trial"
	"drydock/grader/vfs"
)

func machine(t *testing.T) *trial.Machine {
	models := initd.Models()
	models["seven"] = func(_ context.Context, c *tool.Call) int {
		c.Printf("%q\n", c.Args)
		return 7
	}
	return trial.New(t, models, "tini dumb-init catatonit setcap getcap seven", map[string]string{"/app/plain": "text", "/app/bin": "program"})
}

func TestInitRunsItsProgram(t *testing.T) {
	tests := []struct {
		line   string
		status int
		text   string
	}{
		{"tini -- seven a -b", 7, `["seven" "a" "-b"]`},
		{"tini -g -p SIGTERM seven", 7, `["seven"]`},
		{"tini -- nosuch", 127, "[FATAL tini (7)] exec nosuch failed: No such file or directory\n"},
		{"tini -- /app/plain", 126, "[FATAL tini (7)] exec /app/plain failed: Permission denied\n"},
		{"tini", 1, "Usage: tini [OPTIONS] PROGRAM -- [ARGS] | --version\n"},
		{"dumb-init --rewrite 15:3 -- seven", 7, `["seven"]`},
		{"dumb-init -r 15:3 seven", 7, `["seven"]`},
		{"dumb-init nosuch", 2, "[dumb-init] nosuch: No such file or directory\n"},
		{"catatonit -g -- seven", 7, `["seven"]`},
	}
	m := machine(t)
	for _, tt := range tests {
		m.Fails(tt.line, tt.status, tt.text)
	}
}

func TestCapabilities(t *testing.T) {
	m := machine(t)
	m.OK("setcap cap_net_bind_service=+ep /app/bin")
	m.OK("setcap cap_net_bind_service+ep /app/bin")
	if n, _ := m.FS.Stat("/app/bin"); n.Xattrs["security.capability"] == "" {
		t.Error("no attribute")
	}
	if got := m.OK("getcap -r /app"); got != "/app/bin cap_net_bind_service=ep\n" {
		t.Errorf("getcap: %q", got)
	}
	m.OK("setcap -r /app/bin")
	if got := m.OK("getcap /app/bin"); got != "" {
		t.Errorf("after -r: %q", got)
	}
	m.Fails("setcap cap_net_bind_service=+ep /nosuch", 1, "Failed to set capabilities on file '/nosuch': No such file or directory\n")
	m.Fails("setcap nonsense /app/bin", 1, "fatal error: Invalid argument\n")
	m.FS = m.FS.As(vfs.Cred{UID: 1000, GID: 1000})
	m.Fails("setcap cap_net_raw+ep /app/bin", 1, "unable to set CAP_SETFCAP effective capability: Operation not permitted\n")
}
