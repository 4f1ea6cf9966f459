package dnf_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"drydock/grader/catalogue"
	"drydock/grader/report"
	"drydock/grader/tool"
	"drydock/grader/tool/dnf"
	"drydock/grader/tree"
	"drydock/grader/vfs"
)

func TestDnf(t *testing.T) {
	img, err := catalogue.Open().Resolve("fedora:43", "")
	if err != nil {
		t.Fatal(err)
	}
	f := vfs.New(tree.Begin(img.Root), func() int64 { return 1 }, nil)
	for _, tc := range []struct {
		line   string
		status int
		part   string
		file   string
	}{
		{"dnf install -y git", 0, "Complete!\n", "/usr/bin/git"},
		{"dnf install nodejs", 1, "Is this ok [y/N]: Operation aborted.\n", ""},
		{"dnf install -y gitt", 1, "Error: Unable to find a match: gitt\n", ""},
		{"dnf remove -y git", 0, "Complete!\n", ""},
		{"rpm -q git", 1, "package git is not installed\n", ""},
		{"dnf clean all", 0, "files removed\n", ""},
	} {
		var out bytes.Buffer
		c := &tool.Call{Args: strings.Fields(tc.line), FS: f, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out,
			Host: &tool.Host{Models: dnf.Models(), Arch: "amd64", Record: func(report.Event) {}, Note: func(report.Note) {}}}
		status := c.Run(context.Background())
		if status != tc.status || !strings.Contains(out.String(), tc.part) {
			t.Errorf("%s: status %d\n%s", tc.line, status, out.String())
		}
		if tc.file != "" && !f.Exists(tc.file) {
			t.Errorf("%s: no %s", tc.line, tc.file)
		}
	}
	if n, err := f.ReadDir("/var/cache/dnf"); err != nil || len(n) > 0 {
		t.Errorf("cache: %v %v", n, err)
	}
}
