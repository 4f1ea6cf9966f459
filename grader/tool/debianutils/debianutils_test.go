package debianutils_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"drydock/grader/catalogue"
	"drydock/grader/report"
	"drydock/grader/tool"
	"drydock/grader/tool/debianutils"
	"drydock/grader/tree"
	"drydock/grader/vfs"
)

func TestPrograms(t *testing.T) {
	img, err := catalogue.Open().Resolve("debian:bookworm-slim", "")
	if err != nil {
		t.Fatal(err)
	}
	f := vfs.New(tree.Begin(img.Root), func() int64 { return 1 }, nil)
	for _, tc := range []struct {
		line   string
		status int
		part   string
	}{
		{"ldd /bin/ls", 0, "libselinux.so.1 => /lib/x86_64-linux-gnu/libselinux.so.1 ("},
		{"ldd /etc/passwd", 1, "not a dynamic executable\n"},
		{"ldd /nothing", 1, "ldd: /nothing: No such file or directory\n"},
		{"ldconfig -p", 0, "72 libs found in cache `/etc/ld.so.cache'\n"},
		{"update-alternatives --install /usr/bin/editor editor /usr/bin/ed 10", 2, "update-alternatives: error: alternative path /usr/bin/ed doesn't exist\n"},
		{"update-alternatives --install /usr/bin/shell shell /usr/bin/dash 10", 0, "update-alternatives: using /usr/bin/dash to provide /usr/bin/shell (shell) in auto mode\n"},
		{"update-alternatives --set shell /usr/bin/bash", 0, ""},
		{"update-alternatives --set nothing /usr/bin/bash", 2, "update-alternatives: error: no alternatives for nothing\n"},
		{"dpkg-reconfigure -f noninteractive tzdata", 0, "Current default time zone: 'Etc/UTC'\n"},
	} {
		var out bytes.Buffer
		c := &tool.Call{Args: strings.Fields(tc.line), FS: f, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out,
			Host: &tool.Host{Models: debianutils.Models(), Arch: "amd64", Record: func(report.Event) {}, Note: func(report.Note) {}}}
		if status := c.Run(context.Background()); status != tc.status || !strings.Contains(out.String(), tc.part) {
			t.Errorf("%s: status %d\n%s", tc.line, status, out.String())
		}
	}
	if to, err := f.Readlink("/etc/alternatives/shell"); err != nil || to != "/usr/bin/bash" {
		t.Errorf("shell is %q %v", to, err)
	}
}
