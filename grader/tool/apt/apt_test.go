package apt_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"drydock/grader/catalogue"
	"drydock/grader/report"
	"drydock/grader/tool"
	"drydock/grader/tool/apt"
	"drydock/grader/tool/debianutils"
	"drydock/grader/tree"
	"drydock/grader/vfs"
)

var open = sync.OnceValue(catalogue.Open)

// machine is a container that apt is run in.
type machine struct {
	*testing.T
	txn    *tree.Txn
	fs     *vfs.FS
	events []report.Event
	notes  []report.Note
	host   *tool.Host
	out    bytes.Buffer // of the last command
	step   *tree.Node   // as it was before the last command
}

func newMachine(t *testing.T, image string) *machine {
	t.Helper()
	img, err := open().Resolve(image, "linux/amd64")
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{T: t, txn: tree.Begin(img.Root)}
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC).UnixNano()
	m.fs = vfs.New(m.txn, func() int64 { now += 1e6; return now }, nil)
	models := apt.Models()
	maps.Copy(models, debianutils.Models())
	m.host = &tool.Host{Models: models, Arch: "amd64", Record: func(e report.Event) { m.events = append(m.events, e) }, Note: func(n report.Note) { m.notes = append(m.notes, n) }}
	return m
}

// run runs a command line whose words are separated by spaces and returns its status.
func (m *machine) run(line string) int {
	m.Helper()
	m.step = m.txn.Snapshot()
	m.out.Reset()
	m.events = nil
	c := &tool.Call{Args: strings.Fields(line), Env: tool.Env{"PATH=" + tool.DefaultPath}, FS: m.fs, Stdin: strings.NewReader(""), Stdout: &m.out, Stderr: &m.out, Host: m.host}
	return c.Run(context.Background())
}

// must is run for what has to succeed.
func (m *machine) must(line string) {
	m.Helper()
	if status := m.run(line); status != 0 {
		m.Fatalf("%s: status %d\n%s", line, status, m.out.String())
	}
}

// layer is what the last command changed.
func (m *machine) layer() map[string]tree.Change {
	out := map[string]tree.Change{}
	for _, c := range tree.Diff(m.step, m.txn.Snapshot()) {
		out[c.Path] = c
	}
	return out
}

func (m *machine) bytes() int64 {
	var n int64
	for _, c := range m.layer() {
		if c.Node != nil && c.Node.Type == tree.File {
			n += c.Node.Size()
		}
	}
	return n
}

func (m *machine) content(p string) string {
	m.Helper()
	b, err := m.fs.ReadFile(p)
	if err != nil {
		m.Error(err)
	}
	return string(b)
}

// within reports whether a figure is what a real build showed, give or take ten per cent.
func within(got, want int64) bool { return got*10 >= want*9 && got*10 <= want*11 }

// What the lists weigh, as a real apt-get update left them.
func TestUpdate(t *testing.T) {
	m := newMachine(t, "debian:bookworm-slim")
	m.must("apt-get update")
	if !within(m.bytes(), 19857442) {
		t.Errorf("layer of %d bytes, want 19857442", m.bytes())
	}
	if got := len(m.layer()); got != 13 {
		t.Errorf("%d entries, want 13: %v", got, slices.Sorted(maps.Keys(m.layer())))
	}
	for _, want := range []string{"Get:1 http://deb.debian.org/debian bookworm InRelease [151 kB]\n", "Get:4 http://deb.debian.org/debian bookworm/main amd64 Packages [8790 kB]\n", "Reading package lists...\n"} {
		if !strings.Contains(m.out.String(), want) {
			t.Errorf("no %q in\n%s", want, m.out.String())
		}
	}
	m.must("apt-get update")
	if !strings.Contains(m.out.String(), "Hit:1 http://deb.debian.org/debian bookworm InRelease\n") {
		t.Errorf("second update:\n%s", m.out.String())
	}
}

func TestWithoutLists(t *testing.T) {
	m := newMachine(t, "debian:bookworm-slim")
	status := m.run("apt-get install -y --no-install-recommends jq")
	if want := "Reading package lists...\nBuilding dependency tree...\nE: Unable to locate package jq\n"; status != 100 || m.out.String() != want {
		t.Errorf("status %d\n%s", status, m.out.String())
	}
}

// The layer of a small installation against that of a real one: sizes of files that apt and dpkg write, in bytes.
func TestInstallJq(t *testing.T) {
	m := newMachine(t, "debian:bookworm-slim")
	m.must("apt-get update")
	m.must("apt-get install -y --no-install-recommends jq")
	layer := m.layer()
	for p, want := range map[string]int64{
		"/etc/ld.so.cache": 4639, "/usr/bin/jq": 30800, "/usr/lib/x86_64-linux-gnu/libjq.so.1.0.4": 321632, "/usr/lib/x86_64-linux-gnu/libonig.so.5.3.0": 614016, "/usr/share/doc/jq/copyright": 20973,
		"/var/cache/ldconfig/aux-cache": 4679, "/var/lib/apt/extended_states": 112, "/var/lib/dpkg/info/jq.list": 287, "/var/lib/dpkg/info/jq.md5sums": 422, "/var/lib/dpkg/info/libjq1:amd64.list": 278,
		"/var/lib/dpkg/info/libjq1:amd64.shlibs": 24, "/var/lib/dpkg/info/libjq1:amd64.symbols": 4417, "/var/lib/dpkg/info/libjq1:amd64.triggers": 68, "/var/lib/dpkg/info/libonig5:amd64.symbols": 12469,
		"/var/lib/dpkg/status": 79288, "/var/log/apt/history.log": 240, "/var/log/apt/term.log": 1318, "/var/log/dpkg.log": 1712, "/var/log/apt/eipp.log.xz": 4556,
		"/var/cache/apt/archives/lock": 0, "/var/lib/dpkg/lock": 0, "/var/lib/dpkg/triggers/Lock": 0,
	} {
		c, ok := layer[p]
		if !ok {
			t.Errorf("%s is not in the layer", p)
			continue
		}
		if !within(c.Node.Size(), want) {
			t.Errorf("%s: %d bytes, want %d", p, c.Node.Size(), want)
		}
	}
	if len(layer) < 50 || len(layer) > 60 {
		t.Errorf("%d entries: %v", len(layer), slices.Sorted(maps.Keys(layer)))
	}
	for p := range layer {
		if strings.HasSuffix(p, ".deb") || strings.Contains(p, "/man/") {
			t.Errorf("%s is in the layer", p)
		}
	}
}

func TestInstallCurl(t *testing.T) {
	m := newMachine(t, "debian:bookworm-slim")
	m.must("apt-get update")
	m.must("apt-get install -y --no-install-recommends curl ca-certificates")
	if !within(m.bytes(), 14425410) {
		t.Errorf("layer of %d bytes, want 14425410", m.bytes())
	}
	if n := len(m.layer()); !within(int64(n), 694) {
		t.Errorf("%d entries, want 694", n)
	}
	if n, err := m.fs.Stat("/usr/bin/curl"); err != nil || n.Content.Fact("program") != "curl" {
		t.Errorf("curl: %v %v", n, err)
	}
	if n, err := m.fs.Stat("/etc/ssl/certs/ca-certificates.crt"); err != nil || !within(n.Size(), 215000) {
		t.Errorf("certificates: %v %v", n, err)
	}
	if !strings.Contains(m.out.String(), "148 added, 0 removed; done.") {
		t.Errorf("no certificates added:\n%s", m.out.String())
	}
}

func TestErrors(t *testing.T) {
	m := newMachine(t, "debian:bookworm-slim")
	m.must("apt-get update")
	for _, tc := range []struct {
		line, part string
		status     int
	}{
		{"apt-get install -y curll", "E: Unable to locate package curll\n", 100},
		{"apt-get install curl", "Do you want to continue? [Y/n] Abort.\n", 1},
		{"apt-get install -y jq=9.9", "E: Version '9.9' for 'jq' was not found\n", 100},
		{"apt-get frobnicate", "E: Invalid operation frobnicate\n", 100},
		{"apt-get --frob install jq", "E: Command line option --frob is not understood in combination with the other options\n", 100},
		{"apt-get remove -y jq", "Package 'jq' is not installed, so not removed\n", 0},
		{"apt-get distclean", "E: Invalid operation distclean\n", 100},
		{"apt-get install -y mail-transport-agent", "E: Package 'mail-transport-agent' has no installation candidate\n", 100},
		{"apt-get install -y bash", "bash is already the newest version (", 0},
		{"dpkg -r libgnutls30", "dpkg: dependency problems prevent removal of libgnutls30:", 1},
		{"dpkg -r perl-base", "this is an essential package; it should not be removed", 1},
		{"dpkg -i nothing.deb", "dpkg: error: cannot access archive 'nothing.deb': No such file or directory\n", 2},
	} {
		if status := m.run(tc.line); status != tc.status || !strings.Contains(m.out.String(), tc.part) {
			t.Errorf("%s: status %d, want %d and %q\n%s", tc.line, status, tc.status, tc.part, m.out.String())
		}
	}
	user := *m
	user.fs = m.fs.As(vfs.Cred{UID: 1000, GID: 1000})
	if status := user.run("apt-get install -y jq"); status != 100 || !strings.Contains(user.out.String(), "are you root?") {
		t.Errorf("as a user: status %d\n%s", status, user.out.String())
	}
}

// Asked for alone, a package that needs nothing is installed without a question.
func TestNoQuestion(t *testing.T) {
	m := newMachine(t, "debian:bookworm-slim")
	m.must("apt-get update")
	m.must("apt-get install tini")
	if !m.fs.Exists("/usr/bin/tini") {
		t.Error("no tini")
	}
}

func TestPurgeAndAutoremove(t *testing.T) {
	m := newMachine(t, "debian:bookworm-slim")
	before := m.fs.Exists("/usr/lib/x86_64-linux-gnu/libjq.so.1")
	m.must("apt-get update")
	m.must("apt-get install -y --no-install-recommends jq")
	m.must("apt-get purge -y jq")
	if m.fs.Exists("/usr/bin/jq") || !m.fs.Exists("/usr/lib/x86_64-linux-gnu/libjq.so.1") || before {
		t.Error("purge took the wrong things away")
	}
	m.must("apt-get autoremove -y")
	if m.fs.Exists("/usr/lib/x86_64-linux-gnu/libjq.so.1") {
		t.Errorf("autoremove left the library:\n%s", m.out.String())
	}
	if strings.Contains(m.content("/var/lib/dpkg/status"), "Package: jq\n") {
		t.Error("jq is still in the status")
	}
}

// Build tools removed in the step that installed them leave next to nothing.
func TestPurgeAutoRemove(t *testing.T) {
	m := newMachine(t, "debian:bookworm-slim")
	m.must("apt-get update")
	start := m.txn.Snapshot()
	m.must("apt-get install -y --no-install-recommends build-essential")
	if _, err := m.fs.Stat("/usr/bin/gcc"); err != nil {
		t.Error(err)
	}
	m.must("apt-get purge -y --auto-remove build-essential")
	left := int64(0)
	for _, c := range tree.Diff(start, m.txn.Snapshot()) {
		if c.Node != nil && c.Node.Type == tree.File {
			left += c.Node.Size()
		}
	}
	if m.fs.Exists("/usr/bin/gcc") || left > 12e6 {
		t.Errorf("gcc is there: %v, %d bytes left", m.fs.Exists("/usr/bin/gcc"), left)
	}
}

// With a cache mount and docker-clean out of the way, the second installation downloads nothing.
func TestKeptArchives(t *testing.T) {
	m := newMachine(t, "debian:bookworm-slim")
	m.must("apt-get update")
	if err := m.fs.Remove("/etc/apt/apt.conf.d/docker-clean"); err != nil {
		t.Fatal(err)
	}
	m.must("apt-get install -y jq")
	if !m.fs.Exists("/var/cache/apt/archives/jq_1.6-2.1+deb12u1_amd64.deb") && !strings.Contains(fmt.Sprint(slices.Sorted(maps.Keys(m.layer()))), "/var/cache/apt/archives/jq_1.6") {
		t.Errorf("no archive kept: %v", slices.Sorted(maps.Keys(m.layer())))
	}
	m.must("apt-get purge -y --auto-remove jq")
	m.must("apt-get install -y jq")
	for _, e := range m.events {
		if e.Kind == "download" {
			t.Errorf("downloaded again: %v", e)
		}
	}
	m.must("apt-get clean")
	if names, err := m.fs.ReadDir("/var/cache/apt/archives"); err != nil || !slices.Equal(names, []string{"lock", "partial"}) {
		t.Errorf("after clean: %v %v", names, err)
	}
}

func TestStaleLists(t *testing.T) {
	m := newMachine(t, "debian:bookworm-slim")
	m.must("apt-get update")
	m.host.Stale = func(string) bool { return true }
	if status := m.run("apt-get install -y jq"); status != 100 || !strings.Contains(m.out.String(), "404  Not Found") {
		t.Errorf("status %d\n%s", status, m.out.String())
	}
	m.must("apt-get update")
	m.must("apt-get install -y jq")
}

func TestOffline(t *testing.T) {
	m := newMachine(t, "debian:bookworm-slim")
	m.host.Offline = true
	m.must("apt-get update")
	if !strings.Contains(m.out.String(), "Temporary failure resolving 'deb.debian.org'") {
		t.Errorf("%s", m.out.String())
	}
	m.host.Offline = false
	m.must("apt-get update")
	m.host.Offline = true
	if status := m.run("apt-get install -y jq"); status != 100 {
		t.Errorf("status %d\n%s", status, m.out.String())
	}
}

// Programs of well-known packages are there and can be loaded.
func TestPopular(t *testing.T) {
	for _, tc := range []struct{ image, install, path, program string }{
		{"debian:bookworm-slim", "git", "/usr/bin/git", "git"},
		{"debian:bookworm-slim", "python3 python3-pip python3-venv", "/usr/bin/pip3", "pip"},
		{"debian:bookworm-slim", "default-jre-headless", "/usr/bin/java", "java"},
		{"debian:bookworm-slim", "openjdk-17-jdk-headless maven", "/usr/bin/mvn", "mvn"},
		{"debian:bookworm-slim", "nodejs npm", "/usr/bin/npm", "npm"},
		{"debian:trixie-slim", "gcc make libpq-dev", "/usr/bin/cc", "gcc"},
		{"debian:trixie-slim", "nginx-light", "/usr/sbin/nginx", "nginx"},
		{"python:3.13-slim", "build-essential", "/usr/bin/g++", "g++"},
		{"node:22-slim", "procps tini", "/usr/bin/ps", "ps"},
		{"debian:bookworm-slim", "vim-tiny", "/usr/bin/vi", "vim"},
		{"debian:bookworm-slim", "netcat-openbsd iputils-ping", "/usr/bin/nc", "nc"},
		{"ubuntu:24.04", "curl", "/usr/bin/curl", "curl"},
	} {
		m := newMachine(t, tc.image)
		m.must("apt-get update")
		m.must("apt-get install -y " + tc.install)
		n, err := m.fs.Stat(tc.path)
		if err != nil {
			t.Errorf("%s in %s: %v", tc.install, tc.image, err)
			continue
		}
		if n.Content.Fact("program") != tc.program {
			t.Errorf("%s is not %s: %v", tc.path, tc.program, n.Content.Facts())
		}
	}
}

func TestQueries(t *testing.T) {
	m := newMachine(t, "debian:bookworm-slim")
	for line, want := range map[string]string{
		"dpkg --print-architecture": "amd64\n", "dpkg -S /usr/bin/apt-get": "apt: /usr/bin/apt-get\n", "dpkg-query -W -f=${Package} bash": "bash", "dpkg --compare-versions 1.10 gt 1.9": "",
	} {
		m.must(line)
		if m.out.String() != want {
			t.Errorf("%s: %q", line, m.out.String())
		}
	}
	if status := m.run("dpkg -s curl"); status != 1 {
		t.Errorf("dpkg -s curl: status %d", status)
	}
	m.must("apt-get update")
	m.must("apt-cache policy jq")
	if !strings.HasPrefix(m.out.String(), "jq:\n  Installed: (none)\n  Candidate: 1.6-2.1") {
		t.Errorf("policy:\n%s", m.out.String())
	}
}

func BenchmarkInstallCurl(b *testing.B) {
	img, err := open().Resolve("debian:bookworm-slim", "")
	if err != nil {
		b.Fatal(err)
	}
	models := apt.Models()
	maps.Copy(models, debianutils.Models())
	host := &tool.Host{Models: models, Arch: "amd64", Record: func(report.Event) {}, Note: func(report.Note) {}}
	for b.Loop() {
		f := vfs.New(tree.Begin(img.Root), func() int64 { return 1 }, nil)
		for _, line := range []string{"apt-get update", "apt-get install -y --no-install-recommends curl ca-certificates"} {
			c := &tool.Call{Args: strings.Fields(line), FS: f, Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: io.Discard, Host: host}
			if c.Run(context.Background()) != 0 {
				b.Fatal(line)
			}
		}
	}
}
