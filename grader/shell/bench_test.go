package shell_test

import (
	"context"
	"io"
	"strings"
	"testing"

	"drydock/grader/report"
	"drydock/grader/shell"
	"drydock/grader/tool"
)

func BenchmarkRun(b *testing.B) {
	for _, c := range []struct{ name, script string }{
		{"three-commands", "mkdir -p /tmp/a && touch /tmp/a/b && rm /tmp/a/b"},
		{"builtins", "set -eux; X=1; echo \"$X\" > /dev/null; [ -d /tmp ] && cd /tmp"},
		{"pipeline", "echo a | cat | cat > /dev/null"},
		{"substitution", "x=$(echo a); y=$(cat /etc/passwd); : \"$x$y\""},
		{"loop-of-1000", "i=0; while [ $i -lt 1000 ]; do i=$((i+1)); done"},
	} {
		for _, d := range dialects() {
			b.Run(c.name+"/"+d.String(), func(b *testing.B) {
				s := newSandbox()
				run := shell.Model(d)
				host := &tool.Host{Models: programs, Record: func(report.Event) {}, Note: func(report.Note) {}, Arch: "amd64"}
				b.ReportAllocs()
				for b.Loop() {
					call := &tool.Call{
						Args: []string{called(d), "-c", c.script}, Env: s.env, FS: s.fs,
						Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: io.Discard, Host: host,
					}
					if status := run(context.Background(), call); status != 0 {
						b.Fatalf("status %d", status)
					}
				}
			})
		}
	}
}
