// Package trial runs the models of commands in tests: a small image, a command line, and what came of it.
//
// Start from [New].
package trial

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"drydock/grader/report"
	"drydock/grader/tool"
	"drydock/grader/tree"
	"drydock/grader/vfs"
)

// Machine is a root filesystem with the programs of some models in /usr/bin.
type Machine struct {
	T       *testing.T
	FS      *vfs.FS
	Env     tool.Env
	Events  []report.Event
	Notes   []report.Note
	Served  []tool.Service
	Stdin   string
	Offline bool
	Running bool // servers return at once

	models tool.Models
}

// Now is the time of all changes: 2026-11-24.
const Now = int64(1_795_500_000_000_000_000)

// New returns a machine with a file for each of programs in /usr/bin, and files (path to text).
func New(t *testing.T, models tool.Models, programs string, files map[string]string) *Machine {
	t.Helper()
	root := tree.NewDir(0o755)
	root.PutAt("/tmp", tree.NewDir(0o1777))
	root.PutAt("/root", tree.NewDir(0o700))
	for _, p := range strings.Fields(programs) {
		root.PutAt("/usr/bin/"+p, tree.NewFile(0o755, tree.Declared(1000, "test:"+p, map[string]string{"program": p, "elf": "static"})))
	}
	for p, text := range files {
		root.PutAt(p, tree.NewFile(0o644, tree.Text(text)))
	}
	return &Machine{T: t, FS: vfs.New(tree.Begin(root), func() int64 { return Now }, &vfs.Budget{Bytes: 512 << 20, Entries: 500_000}),
		Env: tool.Env{"PATH=" + tool.DefaultPath, "HOME=/root"}, models: models}
}

// Result is what a command printed and its status.
type Result struct {
	Out, Err string
	Status   int
}

// Run runs a command line of words separated by blanks; single quotes hold a word together.
func (m *Machine) Run(line string) Result {
	m.T.Helper()
	var out, errb bytes.Buffer
	c := &tool.Call{Args: words(line), Env: m.Env, FS: m.FS, Stdin: strings.NewReader(m.Stdin), Stdout: &out, Stderr: &errb, Host: &tool.Host{
		Models:  m.models,
		Record:  func(e report.Event) { m.Events = append(m.Events, e) },
		Note:    func(n report.Note) { m.Notes = append(m.Notes, n) },
		Arch:    "amd64",
		Offline: m.Offline,
		Running: m.Running,
		Serve: func(_ context.Context, _ *tool.Call, s tool.Service) int {
			m.Served = append(m.Served, s)
			return 0
		},
		Stale: func(string) bool { return false },
	}}
	status := c.Run(context.Background())
	return Result{out.String(), errb.String(), status}
}

// OK is [Machine.Run] of what must succeed.
func (m *Machine) OK(line string) string {
	m.T.Helper()
	r := m.Run(line)
	if r.Status != 0 {
		m.T.Fatalf("%s: status %d\nstdout: %s\nstderr: %s", line, r.Status, r.Out, r.Err)
	}
	return r.Out
}

// Fails is [Machine.Run] of what must fail with a status and print text.
func (m *Machine) Fails(line string, status int, text string) {
	m.T.Helper()
	r := m.Run(line)
	if r.Status != status || !strings.Contains(r.Out+r.Err, text) {
		m.T.Errorf("%s: status %d, want %d with %q\nstdout: %s\nstderr: %s", line, r.Status, status, text, r.Out, r.Err)
	}
}

// Bytes sums the events of a kind.
func (m *Machine) Bytes(kind string) (n int64) {
	for _, e := range m.Events {
		if e.Kind == kind {
			n += e.Bytes
		}
	}
	return n
}

// Count sums the events of a kind: their Count, or one each.
func (m *Machine) Count(kind string) (n int) {
	for _, e := range m.Events {
		if e.Kind == kind {
			n += max(e.Count, 1)
		}
	}
	return n
}

// Forget drops the events and notes so far.
func (m *Machine) Forget() { m.Events, m.Notes, m.Served = nil, nil, nil }

func words(line string) []string {
	var out []string
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			out = append(out, part)
		} else {
			out = append(out, strings.Fields(part)...)
		}
	}
	return out
}
