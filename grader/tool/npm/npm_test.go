package npm_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path"
	"strings"
	"testing"

	"drydock/grader/report"
	"drydock/grader/tool"
	"drydock/grader/tool/npm"
	"drydock/grader/tree"
	"drydock/grader/vfs"
)

// image is a small system with Node.js and npm, and a shell whose only command is to run a program with arguments.
type image struct {
	t      *testing.T
	fs     *vfs.FS
	root   *tree.Txn
	models tool.Models
	env    tool.Env
	events []report.Event
	notes  []report.Note
	out    bytes.Buffer
	off    bool
}

func newImage(t *testing.T) *image {
	t.Helper()
	root := tree.NewDir(0o755)
	program := func(p, name, version string) {
		root.PutAt(p, tree.NewFile(0o755, tree.Declared(1000, p, map[string]string{"program": name, "version": version, "elf": "static"})))
	}
	program("/usr/local/bin/node", "node", "20.20.2")
	program("/usr/local/bin/npm", "npm", "10.8.2")
	program("/usr/local/bin/npx", "npx", "10.8.2")
	program("/usr/local/bin/yarn", "yarn", "1.22.22")
	program("/usr/local/bin/pnpm", "pnpm", "9.15.9")
	program("/bin/sh", "sh", "")
	root.PutAt("/usr/bin/env", tree.NewFile(0o755, tree.Declared(1000, "env", map[string]string{"program": "env"})))
	for _, d := range []string{"/root", "/app", "/home/node", "/tmp"} {
		root.PutAt(d, tree.NewDir(0o755))
	}
	root.Lookup("/home/node").UID = 1000
	txn := tree.Begin(root)
	now := int64(1_700_000_000_000_000_000)
	i := &image{t: t, root: txn, models: npm.Models(), env: tool.Env{"PATH=" + tool.DefaultPath, "HOME=/root"}}
	i.fs = vfs.New(txn, func() int64 { now += 1e6; return now }, nil).In("/app")
	i.models["node"] = func(_ context.Context, c *tool.Call) int {
		c.Printf("node ran %s\n", strings.Join(c.Args[1:], " "))
		return 0
	}
	i.models["sh"] = func(ctx context.Context, c *tool.Call) int {
		for line := range strings.SplitSeq(c.Args[2], " && ") {
			if code := c.Child(strings.Fields(line)...).Run(ctx); code != 0 {
				return code
			}
		}
		return 0
	}
	return i
}

func (i *image) write(p, text string) *image {
	i.t.Helper()
	if err := i.fs.MkdirAll(path.Dir(p), 0o755); err != nil {
		i.t.Fatal(err)
	}
	if err := i.fs.WriteFile(p, []byte(text), 0o644); err != nil {
		i.t.Fatal(err)
	}
	return i
}

func (i *image) copyIn(dir string) *image {
	i.t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		i.t.Fatal(err)
	}
	for _, f := range files {
		data, err := os.ReadFile(path.Join(dir, f.Name()))
		if err != nil {
			i.t.Fatal(err)
		}
		i.write("/app/"+f.Name(), string(data))
	}
	return i
}

// run runs a command line and returns its status; what it printed and recorded replaces what was before.
func (i *image) run(line string) int {
	i.t.Helper()
	i.events, i.notes = nil, nil
	i.out.Reset()
	c := &tool.Call{Args: strings.Fields(line), Env: i.env, FS: i.fs, Stdin: strings.NewReader(""), Stdout: &i.out, Stderr: &i.out, Host: &tool.Host{
		Models: i.models, Arch: "amd64", Offline: i.off,
		Record: func(e report.Event) { i.events = append(i.events, e) },
		Note:   func(n report.Note) { i.notes = append(i.notes, n) },
		Serve: func(_ context.Context, _ *tool.Call, s tool.Service) int {
			fmt.Fprintf(&i.out, "serving on %d\n", s.Port)
			return 0
		},
	}}
	code, err := c.Exec(context.Background())
	if err != nil {
		i.t.Fatalf("%s: %v", line, err)
	}
	return code
}

func (i *image) must(line string) *image {
	i.t.Helper()
	if code := i.run(line); code != 0 {
		i.t.Fatalf("%s: status %d\n%s", line, code, i.out.String())
	}
	return i
}

func (i *image) count(kind string) (n int, bytes int64) {
	for _, e := range i.events {
		if e.Kind == kind {
			n++
			bytes += e.Bytes
		}
	}
	return n, bytes
}

func (i *image) has(p string, want bool) {
	i.t.Helper()
	if i.root.Root().Lookup(p) != nil != want {
		i.t.Errorf("%s: present is %v, want %v", p, !want, want)
	}
}

func within(t *testing.T, what string, got, want, percent int64) {
	t.Helper()
	if d := got - want; d*100 > want*percent || -d*100 > want*percent {
		t.Errorf("%s: %d, recorded %d", what, got, want)
	}
}

// TestRecordedInstall compares npm ci with one recorded with the real npm (170 packages; testdata/orders).
func TestRecordedInstall(t *testing.T) {
	i := newImage(t).copyIn("testdata/orders").must("npm ci")
	root := i.root.Root()
	modules := root.Lookup("/app/node_modules").Totals()
	within(t, "entries of node_modules", int64(modules.Entries), 3016, 1)
	within(t, "bytes of node_modules", modules.Bytes, 62546819-27572284-70690, 1)
	cache := root.Lookup("/root/.npm/_cacache").Totals()
	within(t, "entries of the cache", int64(cache.Entries), 2041, 5)
	within(t, "bytes of the cache", cache.Bytes, 27572284, 5)
	within(t, "bytes of the log", root.Lookup("/root/.npm/_logs").Totals().Bytes, 70690, 10)
	if ts := root.Lookup("/app/node_modules/typescript").Totals(); ts.Entries != 148 || ts.Bytes != 23625066 {
		t.Errorf("typescript: %+v", ts)
	}
	if hidden := root.Lookup("/app/node_modules/.package-lock.json").Size(); hidden != 59227 {
		t.Errorf(".package-lock.json: %d bytes, recorded 59227", hidden)
	}
	if n, _ := i.count("install"); n != 170 {
		t.Errorf("%d packages installed, recorded 170", n)
	}
	if !strings.HasPrefix(i.out.String(), "\nadded 170 packages") {
		t.Errorf("output %q", i.out.String())
	}
	if link := root.Lookup("/app/node_modules/.bin/mocha"); link == nil || link.Target != "../mocha/bin/mocha.js" {
		t.Errorf(".bin/mocha: %+v", link)
	}
}

func TestOmitDev(t *testing.T) {
	for _, line := range []string{"npm ci --omit=dev", "npm ci --only=production", "npm ci --production", "npm install --omit dev", "npm i --omit=dev --no-audit"} {
		t.Run(line, func(t *testing.T) {
			i := newImage(t).copyIn("testdata/orders").must(line)
			i.has("/app/node_modules/express/package.json", true)
			i.has("/app/node_modules/mocha", false)
			if n, _ := i.count("install"); n != 86 { // what npm itself adds
				t.Errorf("%d packages", n)
			}
		})
	}
	t.Run("NODE_ENV", func(t *testing.T) {
		i := newImage(t).copyIn("testdata/orders")
		i.env = i.env.With("NODE_ENV", "production")
		i.must("npm ci")
		i.has("/app/node_modules/mocha", false)
		i.must("npm ci --include=dev")
		i.has("/app/node_modules/mocha", true)
	})
	t.Run("prune", func(t *testing.T) {
		i := newImage(t).copyIn("testdata/orders").must("npm ci").must("npm prune --omit=dev")
		i.has("/app/node_modules/mocha", false)
		i.has("/app/node_modules/.bin/mocha", false)
		i.has("/app/node_modules/express", true)
		if n, _ := i.count("download"); n != 0 {
			t.Errorf("%d downloads", n)
		}
	})
}

func TestCache(t *testing.T) {
	i := newImage(t).copyIn("testdata/orders").must("npm ci")
	if _, bytes := i.count("download"); bytes < 10_000_000 {
		t.Errorf("downloaded %d", bytes)
	}
	i.must("npm ci")
	if n, _ := i.count("download"); n != 0 {
		t.Errorf("%d downloads with a full cache", n)
	}
	if n, _ := i.count("cache-hit"); n < 150 {
		t.Errorf("%d found in the cache", n)
	}
	i.must("npm cache clean --force").must("npm install left-pad")
	if n, _ := i.count("install"); n != 1 {
		t.Errorf("%d packages installed beside those that were there: %v", n, i.events)
	}
}

func TestInstallWithoutLock(t *testing.T) {
	i := newImage(t).write("/app/package.json", `{"name":"a","version":"1.0.0","dependencies":{"express":"^4.18.0"},"devDependencies":{"mocha":"^10.0.0"}}`).must("npm install")
	i.has("/app/node_modules/express/package.json", true)
	i.has("/app/node_modules/mocha/package.json", true)
	i.has("/app/package-lock.json", true)
	first := i.root.Root().Lookup("/app/node_modules").Totals()
	i.must("npm ci") // what the lock that was written gives again
	if again := i.root.Root().Lookup("/app/node_modules").Totals(); again.Entries != first.Entries {
		t.Errorf("npm ci gives %d entries, npm install gave %d", again.Entries, first.Entries)
	}
	i.must("npm install")
	if n, _ := i.count("install"); n != 0 || !strings.HasPrefix(i.out.String(), "\nup to date") {
		t.Errorf("again: %d packages, %q", n, i.out.String())
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		name  string
		files map[string]string
		env   string
		uid   int
		off   bool
		line  string
		code  int
		want  []string
	}{
		{name: "ci without lock", files: map[string]string{"package.json": "{}"}, line: "npm ci", code: 1, want: []string{
			"npm error code EUSAGE", "The `npm ci` command can only install with an existing package-lock.json or"}},
		{name: "ci without anything", line: "npm ci", code: 1, want: []string{"npm error code EUSAGE"}},
		{name: "install without package.json", line: "npm install", code: 254, want: []string{
			"npm error code ENOENT", "npm error enoent Could not read package.json: Error: ENOENT: no such file or directory, open '/app/package.json'"}},
		{name: "bad json", files: map[string]string{"package.json": "{ bad"}, line: "npm install", code: 1, want: []string{"npm error code EJSONPARSE"}},
		{name: "out of sync", files: map[string]string{
			"package.json":      `{"dependencies":{"left-pad":"^1.3.0","uuid":"^11.0.0"}}`,
			"package-lock.json": `{"lockfileVersion":3,"packages":{"":{"dependencies":{"uuid":"^10.0.0"}},"node_modules/uuid":{"version":"10.0.0"}}}`,
		}, line: "npm ci", code: 1, want: []string{"are in sync", "npm error Missing: left-pad@1.3.0 from lock file", "npm error Invalid: lock file's uuid@10.0.0 does not satisfy uuid@11."}},
		{name: "missing script", files: map[string]string{"package.json": "{}"}, line: "npm run build", code: 1, want: []string{
			`npm error Missing script: "build"`, "npm error To see a list of scripts, run:", "npm error   npm run"}},
		{name: "unknown command", line: "npm instal1", code: 1, want: []string{`Unknown command: "instal1"`}},
		{name: "root's folder", files: map[string]string{
			"package.json":      `{"dependencies":{"uuid":"^10.0.0"}}`,
			"package-lock.json": `{"lockfileVersion":3,"packages":{"":{},"node_modules/uuid":{"version":"10.0.0"}}}`,
		}, uid: 1000, line: "npm ci", code: 243, want: []string{"npm error code EACCES", "npm error Error: EACCES: permission denied, mkdir '/app/node_modules'"}},
		{name: "no network", files: map[string]string{
			"package.json":      `{"dependencies":{"uuid":"^10.0.0"}}`,
			"package-lock.json": `{"lockfileVersion":3,"packages":{"":{},"node_modules/uuid":{"version":"10.0.0"}}}`,
		}, off: true, line: "npm ci", code: 1, want: []string{"npm error code EAI_AGAIN"}},
		{name: "wrong platform", files: map[string]string{
			"package.json":      `{"dependencies":{"fsevents":"^2.3.3"}}`,
			"package-lock.json": `{"lockfileVersion":3,"packages":{"":{},"node_modules/fsevents":{"version":"2.3.3","os":["darwin"]}}}`,
		}, line: "npm ci", code: 1, want: []string{"npm error code EBADPLATFORM", `wanted {"os":"darwin"} (current: {"os":"linux"})`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			i := newImage(t)
			for p, text := range c.files {
				i.write("/app/"+p, text)
			}
			i.off = c.off
			if c.uid != 0 {
				i.fs = i.fs.As(vfs.Cred{UID: c.uid, GID: c.uid})
				i.env = i.env.With("HOME", "/home/node")
			}
			if code := i.run(c.line); code != c.code {
				t.Errorf("status %d, want %d", code, c.code)
			}
			for _, w := range c.want {
				if !strings.Contains(i.out.String(), w) {
					t.Errorf("output lacks %q:\n%s", w, i.out.String())
				}
			}
		})
	}
}

func TestScripts(t *testing.T) {
	i := newImage(t).write("/app/package.json", `{"name":"a","version":"1.2.3","scripts":{"start":"node server.js","prebuild":"node pre.js","build":"node build.js"}}`)
	i.must("npm start")
	if want := "\n> a@1.2.3 start\n> node server.js\n\nnode ran server.js\n"; i.out.String() != want {
		t.Errorf("output %q", i.out.String())
	}
	i.must("npm run build --silent -- --fast")
	if want := "node ran pre.js\nnode ran build.js --fast\n"; i.out.String() != want {
		t.Errorf("output %q", i.out.String())
	}
}

func TestOptionalForThisPlatform(t *testing.T) {
	i := newImage(t).write("/app/package.json", `{"name":"a","dependencies":{"sharp":"*"}}`).must("npm install")
	i.has("/app/node_modules/@img/sharp-linux-x64", true)
	i.has("/app/node_modules/@img/sharp-linuxmusl-x64", false)
	i = newImage(t).write("/lib/ld-musl-x86_64.so.1", "").write("/app/package.json", `{"name":"a","dependencies":{"sharp":"*"}}`).must("npm install")
	i.has("/app/node_modules/@img/sharp-linuxmusl-x64", true)
	i.has("/app/node_modules/@img/sharp-linux-x64", false)
}

func TestUnknownPackageIsNoted(t *testing.T) {
	i := newImage(t).write("/app/package.json", `{"name":"a","dependencies":{"no-such-thing-here":"^3.1.0"}}`).must("npm install")
	i.has("/app/node_modules/no-such-thing-here/package.json", true)
	kinds := map[string]bool{}
	for _, n := range i.notes {
		kinds[n.Kind] = kinds[n.Kind] || strings.Contains(n.Text, "no-such-thing-here")
	}
	if !kinds["estimate"] || !kinds["unknown"] {
		t.Errorf("notes %+v", i.notes)
	}
}

func TestGlobal(t *testing.T) {
	i := newImage(t).must("npm install -g nodemon")
	i.has("/usr/local/lib/node_modules/nodemon/node_modules/chokidar/package.json", true)
	i.write("/app/server.js", "")
	i.must("nodemon server.js")
	if got := i.out.String(); got != "node ran server.js\n" {
		t.Errorf("output %q", got)
	}
}

func TestOtherManagers(t *testing.T) {
	const yarnLock = "# yarn lockfile v1\n\n\nms@2.1.3, ms@^2.1.1:\n  version \"2.1.3\"\n  resolved \"x\"\n"
	for _, c := range []struct{ lock, text, line string }{
		{"yarn.lock", yarnLock, "yarn install --frozen-lockfile --production"},
		{"yarn.lock", yarnLock, "yarn --prod"},
		{"pnpm-lock.yaml", "lockfileVersion: '9.0'\n\npackages:\n\n  ms@2.1.3:\n    resolution: {integrity: x}\n", "pnpm install --frozen-lockfile --prod"},
	} {
		i := newImage(t).write("/app/package.json", `{"name":"a","dependencies":{"ms":"^2.1.1"},"devDependencies":{"left-pad":"*"}}`).write("/app/"+c.lock, c.text)
		if strings.Contains(c.line, "frozen") { // what is pinned has to cover all that is asked for
			if code := i.run(c.line); code != 1 {
				t.Errorf("%s: status %d with a lock that lacks a package", c.line, code)
			}
			i.write("/app/package.json", `{"name":"a","dependencies":{"ms":"^2.1.1"}}`)
		}
		i.must(c.line)
		i.has("/app/node_modules/ms/package.json", true)
		i.has("/app/node_modules/left-pad", false)
	}
	i := newImage(t).write("/app/package.json", `{"name":"a","scripts":{"start":"node server.js"}}`).must("yarn start")
	if !strings.Contains(i.out.String(), "node ran server.js") {
		t.Errorf("output %q", i.out.String())
	}
	if code := i.run("pnpm install --frozen-lockfile"); code != 1 || !strings.Contains(i.out.String(), `ERR_PNPM_NO_LOCKFILE  Cannot install with "frozen-lockfile" because pnpm-lock.yaml is absent`) {
		t.Errorf("status %d, output %q", code, i.out.String())
	}
}

// BenchmarkCI installs 170 packages, over and over in fresh images.
func BenchmarkCI(b *testing.B) {
	manifest, err := os.ReadFile("testdata/orders/package.json")
	if err != nil {
		b.Fatal(err)
	}
	lock, err := os.ReadFile("testdata/orders/package-lock.json")
	if err != nil {
		b.Fatal(err)
	}
	root := tree.NewDir(0o755)
	root.PutAt("/bin/npm", tree.NewFile(0o755, tree.Declared(1, "npm", map[string]string{"program": "npm", "elf": "static"})))
	root.PutAt("/bin/node", tree.NewFile(0o755, tree.Declared(1, "node", map[string]string{"program": "node", "elf": "static"})))
	root.PutAt("/app/package.json", tree.NewFile(0o644, tree.Bytes(manifest)))
	root.PutAt("/app/package-lock.json", tree.NewFile(0o644, tree.Bytes(lock)))
	root.PutAt("/root", tree.NewDir(0o755))
	models := npm.Models()
	for b.Loop() {
		fs := vfs.New(tree.Begin(root), func() int64 { return 1 }, nil).In("/app")
		c := &tool.Call{Args: []string{"npm", "ci"}, Env: tool.Env{"PATH=/bin", "HOME=/root"}, FS: fs, Stdout: &bytes.Buffer{}, Stderr: &bytes.Buffer{},
			Host: &tool.Host{Models: models, Arch: "amd64", Record: func(report.Event) {}, Note: func(report.Note) {}}}
		if code, err := c.Exec(context.Background()); code != 0 || err != nil {
			b.Fatal(code, err)
		}
	}
}
