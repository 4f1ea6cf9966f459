package archive_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"strings"
	"testing"

	"drydock/grader/tool/archive"
	"drydock/grader/tool/trial"
	"drydock/grader/tree"
	"drydock/grader/vfs"
)

const programs = "tar gzip gunzip zcat xz bzip2 zip unzip"

func machine(t *testing.T, files map[string]string) *trial.Machine {
	return trial.New(t, archive.Models(), programs, files)
}

func TestTarRoundTrip(t *testing.T) {
	for _, how := range []string{"", "z", "J", "j"} {
		m := machine(t, map[string]string{"/src/a.txt": "alpha", "/src/sub/b.txt": "beta", "/etc/passwd": "root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n", "/etc/group": "root:x:0:\napp:x:1000:\n"})
		m.FS.Chown("/src/a.txt", 1000, 1000, true)
		m.FS.Chmod("/src/a.txt", 0o750)
		m.OK("tar c" + how + "f /tmp/x.tar -C /src .")
		if got := m.OK("tar tf /tmp/x.tar"); got != "./\n./a.txt\n./sub/\n./sub/b.txt\n" {
			t.Errorf("%q: list: %q", how, got)
		}
		m.FS.Mkdir("/dst", 0o755)
		m.OK("tar -x" + how + "f /tmp/x.tar -C /dst")
		n, err := m.FS.Stat("/dst/a.txt")
		if err != nil || n.UID != 1000 || n.Mode != 0o750 {
			t.Fatalf("%q: a.txt: %v %+v", how, err, n)
		}
		if data, _ := m.FS.ReadFile("/dst/sub/b.txt"); string(data) != "beta" {
			t.Errorf("%q: b.txt holds %q", how, data)
		}
	}
}

func TestTarOfDeclaredFilesGivesThemBack(t *testing.T) {
	m := machine(t, map[string]string{"/src/README": "read me"})
	big := tree.Declared(50_000_000, "npm:big@1/index.js", map[string]string{"program": "big"})
	m.FS.MkdirAll("/src/bin", 0o755)
	m.FS.WriteContent("/src/bin/big", big, 0o755)
	m.OK("tar czf /tmp/x.tgz -C / src")
	n, _ := m.FS.Stat("/tmp/x.tgz")
	if n.Size() < 1_000_000 || n.Size() > 50_000_000 {
		t.Errorf("size of the archive: %d", n.Size())
	}
	m.FS.Mkdir("/dst", 0o755)
	m.OK("tar xf /tmp/x.tgz -C /dst --strip-components=1")
	c, err := m.FS.Content("/dst/bin/big")
	if err != nil || c.ID() != big.ID() || c.Fact("program") != "big" {
		t.Errorf("unpacked: %v %v", c, err)
	}
	m.OK("gunzip /tmp/x.tgz")
	if got := m.OK("tar tf /tmp/x.tar"); !strings.Contains(got, "src/bin/big\n") {
		t.Errorf("list: %s", got)
	}
	root, err := archive.Extract(must(m.FS.Content("/tmp/x.tar")))
	if err != nil || root.Lookup("/src/README") == nil {
		t.Errorf("Extract: %v", err)
	}
}

func TestTarThroughPipeKeepsDeclaredFiles(t *testing.T) {
	m := machine(t, nil)
	m.FS.MkdirAll("/src", 0o755)
	m.FS.WriteContent("/src/lib.so", tree.Declared(9_000_000, "x:lib.so", nil), 0o644)
	m.Stdin = m.OK("tar cz -C /src .")
	if len(m.Stdin) > 4096 {
		t.Errorf("%d bytes in the pipe", len(m.Stdin))
	}
	m.FS.Mkdir("/dst", 0o755)
	m.OK("tar xz -C /dst")
	if n, err := m.FS.Stat("/dst/lib.so"); err != nil || n.Size() != 9_000_000 {
		t.Errorf("lib.so: %v", err)
	}
}

func TestTarDownload(t *testing.T) {
	m := machine(t, nil)
	url := "https://nodejs.org/dist/v22.12.0/node-v22.12.0-linux-x64.tar.xz"
	c := tree.Declared(30_000_000, "url:"+url, map[string]string{"url": url})
	m.FS.WriteContent("/tmp/node.tar.xz", c, 0o644)
	m.FS.MkdirAll("/usr/local", 0o755)
	m.OK("tar -xJf /tmp/node.tar.xz -C /usr/local --strip-components=1 --no-same-owner")
	if n, err := m.FS.Content("/usr/local/bin/node"); err != nil || n.Fact("version") != "22.12.0" {
		t.Errorf("node: %v %v", n, err)
	}
	m.Stdin = string(archive.Marker(c))
	m.FS.Mkdir("/opt", 0o755)
	m.OK("tar xJ -C /opt")
	if !m.FS.Exists("/opt/node-v22.12.0-linux-x64/bin/node") {
		t.Error("not unpacked from a pipe")
	}
}

func TestMessages(t *testing.T) {
	tests := []struct {
		line   string
		status int
		text   string
	}{
		{"tar xf /x.tar", 2, "tar: /x.tar: Cannot open: No such file or directory\ntar: Error is not recoverable: exiting now\n"},
		{"tar xzf /plain", 2, "\ngzip: stdin: not in gzip format\ntar: Child returned status 1\ntar: Error is not recoverable: exiting now\n"},
		{"tar xf /plain", 2, "tar: This does not look like a tar archive\n"},
		{"tar cf /tmp/a.tar nosuch", 2, "tar: nosuch: Cannot stat: No such file or directory\ntar: Exiting with failure status due to previous errors\n"},
		{"tar cf /tmp/a.tar", 2, "tar: Cowardly refusing to create an empty archive\n"},
		{"tar xf /tmp/ok.tar -C /nowhere", 2, "tar: /nowhere: Cannot open: No such file or directory\ntar: Error is not recoverable: exiting now\n"},
		{"tar xf /tmp/ok.tar nothere", 2, "tar: nothere: Not found in archive\ntar: Exiting with failure status due to previous errors\n"},
		{"tar -v", 2, "tar: You must specify one of the '-Acdtrux', '--delete' or '--test-label' options\n"},
		{"gzip nosuch", 1, "gzip: nosuch: No such file or directory\n"},
		{"gunzip /plain", 2, "gzip: /plain: unknown suffix -- ignored\n"},
		{"unzip /nosuch.zip", 9, "unzip:  cannot find or open /nosuch.zip, /nosuch.zip.zip or /nosuch.zip.ZIP.\n"},
		{"unzip /plain", 9, "End-of-central-directory signature not found."},
	}
	m := machine(t, map[string]string{"/plain": strings.Repeat("just text ", 100)})
	m.OK("tar cf /tmp/ok.tar -C / plain")
	for _, tt := range tests {
		m.Fails(tt.line, tt.status, tt.text)
	}
}

func TestTarWithoutDecompressor(t *testing.T) {
	m := machine(t, map[string]string{"/a": "a"})
	m.OK("tar cJf /tmp/a.tar.xz -C / a")
	m.FS.Remove("/usr/bin/xz")
	m.Fails("tar xf /tmp/a.tar.xz", 2, "tar (child): xz: Cannot exec: No such file or directory\n"+
		"tar (child): Error is not recoverable: exiting now\ntar: Child returned status 2\ntar: Error is not recoverable: exiting now\n")
}

func TestTarAsUser(t *testing.T) {
	m := machine(t, map[string]string{"/src/a": "a"})
	m.OK("tar cf /tmp/a.tar -C /src .")
	m.FS = m.FS.As(vfs.Cred{UID: 1000, GID: 1000})
	m.Fails("tar xf /tmp/a.tar -C /src", 2, "tar: ./a: Cannot open: Permission denied")
	m.FS.Mkdir("/tmp/mine", 0o755)
	m.OK("tar xf /tmp/a.tar -C /tmp/mine")
	if n, _ := m.FS.Stat("/tmp/mine/a"); n == nil || n.UID != 1000 {
		t.Errorf("owner: %+v", n)
	}
}

func TestExcludeAndEscape(t *testing.T) {
	m := machine(t, map[string]string{"/src/a.txt": "a", "/src/.git/HEAD": "ref", "/src/node_modules/x/index.js": "x"})
	m.OK("tar cf /tmp/a.tar --exclude=.git --exclude=node_modules -C /src .")
	if got := m.OK("tar tf /tmp/a.tar"); got != "./\n./a.txt\n" {
		t.Errorf("list: %q", got)
	}
	var b bytes.Buffer
	tw := tar.NewWriter(&b)
	tw.WriteHeader(&tar.Header{Name: "../../etc/evil", Typeflag: tar.TypeReg, Mode: 0o644})
	tw.Close()
	m.FS.WriteFile("/tmp/evil.tar", b.Bytes(), 0o644)
	m.Fails("tar xf /tmp/evil.tar -C /tmp", 2, "tar: ../../etc/evil: Member name contains '..'\n")
}

func TestZip(t *testing.T) {
	m := machine(t, map[string]string{"/src/a.txt": "alpha", "/src/sub/b.sh": "#!/bin/sh\n"})
	m.FS.Chmod("/src/sub/b.sh", 0o755)
	m.OK("zip -qr /tmp/x.zip /src")
	m.OK("unzip -q /tmp/x.zip -d /dst")
	if n, err := m.FS.Stat("/dst/src/sub/b.sh"); err != nil || n.Mode != 0o755 {
		t.Errorf("b.sh: %v %v", err, n)
	}
	m.Fails("unzip /tmp/x.zip nosuch -d /dst", 11, "caution: filename not matched:  nosuch")
}

func TestBombEnds(t *testing.T) {
	var b bytes.Buffer
	zw := gzip.NewWriter(&b)
	tw := tar.NewWriter(zw)
	tw.WriteHeader(&tar.Header{Name: "zeros", Typeflag: tar.TypeReg, Mode: 0o644, Size: archive.MaxBytes + 1})
	chunk := make([]byte, 1<<20)
	for range archive.MaxBytes >> 20 {
		tw.Write(chunk)
	}
	tw.Write(chunk[:1])
	tw.Close()
	zw.Close()
	if _, err := archive.Extract(tree.Bytes(b.Bytes())); !errors.Is(err, archive.ErrTooLarge) {
		t.Errorf("Extract: %v", err)
	}
}

func FuzzExtract(f *testing.F) {
	f.Add([]byte("PK\x03\x04"))
	f.Add([]byte("\x1f\x8b\x08"))
	f.Fuzz(func(t *testing.T, data []byte) {
		archive.Extract(tree.Bytes(data))
	})
}

func must(c *tree.Content, err error) *tree.Content {
	if err != nil {
		panic(err)
	}
	return c
}
