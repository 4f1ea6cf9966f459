package apk_test

import (
	"bytes"
	"context"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"drydock/grader/catalogue"
	"drydock/grader/report"
	"drydock/grader/tool"
	"drydock/grader/tool/apk"
	"drydock/grader/tool/debianutils"
	"drydock/grader/tree"
	"drydock/grader/vfs"
)

var open = sync.OnceValue(catalogue.Open)

type machine struct {
	*testing.T
	txn    *tree.Txn
	fs     *vfs.FS
	events []report.Event
	out    bytes.Buffer
}

func newMachine(t *testing.T, image string) *machine {
	t.Helper()
	img, err := open().Resolve(image, "")
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{T: t, txn: tree.Begin(img.Root)}
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC).UnixNano()
	m.fs = vfs.New(m.txn, func() int64 { return now }, nil)
	return m
}

func (m *machine) run(line string) int {
	m.Helper()
	m.out.Reset()
	m.events = nil
	models := apk.Models()
	maps.Copy(models, debianutils.Models())
	c := &tool.Call{Args: strings.Fields(line), FS: m.fs, Stdin: strings.NewReader(""), Stdout: &m.out, Stderr: &m.out,
		Host: &tool.Host{Models: models, Arch: "amd64", Record: func(e report.Event) { m.events = append(m.events, e) }, Note: func(report.Note) {}}}
	return c.Run(context.Background())
}

func (m *machine) must(line string) {
	m.Helper()
	if status := m.run(line); status != 0 {
		m.Fatalf("%s: status %d\n%s", line, status, m.out.String())
	}
}

func TestAdd(t *testing.T) {
	m := newMachine(t, "alpine:3.22")
	m.must("apk add --no-cache curl")
	n, err := m.fs.Stat("/usr/bin/curl")
	if err != nil || n.Content.Fact("program") != "curl" {
		t.Fatalf("curl: %v %v", n, err)
	}
	if !strings.HasPrefix(m.out.String(), "fetch https://dl-cdn.alpinelinux.org/alpine/v3.22/main/x86_64/APKINDEX.tar.gz\n") || !strings.Contains(m.out.String(), "Installing curl (") {
		t.Errorf("output:\n%s", m.out.String())
	}
	if names, err := m.fs.ReadDir("/var/cache/apk"); err != nil || len(names) > 0 {
		t.Errorf("cache: %v %v", names, err)
	}
	if b, err := m.fs.ReadFile("/etc/apk/world"); err != nil || !strings.Contains(string(b), "\ncurl\n") {
		t.Errorf("world: %q %v", b, err)
	}
}

// Without --no-cache the indexes stay in the layer.
func TestIndexStays(t *testing.T) {
	m := newMachine(t, "alpine:3.22")
	m.must("apk add tini")
	names, err := m.fs.ReadDir("/var/cache/apk")
	if err != nil || len(names) != 2 {
		t.Errorf("cache: %v %v", names, err)
	}
	m.must("apk add tini dumb-init")
	if strings.Contains(m.out.String(), "fetch") {
		t.Errorf("fetched again:\n%s", m.out.String())
	}
}

func TestMissing(t *testing.T) {
	m := newMachine(t, "alpine:3.22")
	status := m.run("apk add --no-cache curll")
	if want := "ERROR: unable to select packages:\n  curll (no such package):\n    required by: world[curll]\n"; status != 1 || !strings.HasSuffix(m.out.String(), want) {
		t.Errorf("status %d\n%s", status, m.out.String())
	}
}

func TestVirtual(t *testing.T) {
	m := newMachine(t, "node:22-alpine")
	before := m.txn.Snapshot().Totals().Bytes
	m.must("apk add --no-cache --virtual .build-deps build-base python3")
	if !m.fs.Exists("/usr/bin/gcc") || m.txn.Snapshot().Totals().Bytes < before+200e6 {
		t.Error("no compiler")
	}
	m.must("apk del .build-deps")
	if after := m.txn.Snapshot().Totals().Bytes; m.fs.Exists("/usr/bin/gcc") || after > before+100e3 {
		t.Errorf("%d bytes are left", after-before)
	}
	if !m.fs.Exists("/usr/local/bin/node") || !m.fs.Exists("/usr/lib/libstdc++.so.6") {
		t.Error("the base lost files")
	}
}

func TestJava(t *testing.T) {
	m := newMachine(t, "alpine:3.24")
	m.must("apk add --no-cache openjdk17-jre")
	n, err := m.fs.Stat("/usr/bin/java")
	if err != nil || n.Content.Fact("program") != "java" || n.Content.Fact("kind") != "jre" {
		t.Errorf("java: %v %v", n, err)
	}
}

func TestAsUser(t *testing.T) {
	m := newMachine(t, "alpine:3.22")
	m.fs = m.fs.As(vfs.Cred{UID: 1000, GID: 1000})
	if status := m.run("apk add curl"); status != 99 || m.out.String() != "ERROR: Unable to lock database: Permission denied\nERROR: Failed to open apk database: Permission denied\n" {
		t.Errorf("status %d\n%s", status, m.out.String())
	}
}

// Every package that another needs is on the list, and what a program needs comes with it.
func TestListIsWhole(t *testing.T) {
	for _, name := range apk.Names() {
		m := newMachine(t, "alpine:3.22")
		m.must("apk add --no-cache " + name)
	}
}
