package build_test

import (
	"context"
	"fmt"
	"path"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"drydock/grader/build"
	"drydock/grader/catalogue"
	"drydock/grader/report"
	"drydock/grader/tool"
	"drydock/grader/tree"
)

// toySh stands for a shell that knows "touch FILE", "rm FILE" and "fail N".
func toySh(_ context.Context, c *tool.Call) int {
	for _, cmd := range strings.Split(c.Args[len(c.Args)-1], "&&") {
		f := strings.Fields(cmd)
		switch f[0] {
		case "touch":
			if err := c.FS.WriteFile(f[1], []byte(strings.Join(f[1:], " ")), 0o644); err != nil {
				c.Errorf("touch: %v", err)
				return 1
			}
		case "rm":
			c.FS.Remove(f[1])
		case "fail":
			c.Errorf("failing")
			var n int
			fmt.Sscan(f[1], &n)
			return n
		case "panic":
			panic("toy")
		case "hang":
			<-make(chan int)
		}
	}
	return 0
}

func toyImages(ref, platform string) (*catalogue.Image, error) {
	if !strings.Contains(ref, "toy") {
		return nil, fmt.Errorf("%s: not found", ref)
	}
	root := tree.NewDir(0o755)
	root.PutAt("/bin/sh", tree.NewFile(0o755, tree.Program([]byte("\x7fELF"), map[string]string{"program": "sh", "elf": "static"})))
	root.PutAt("/etc/passwd", tree.NewFile(0o644, tree.Text("root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n")))
	root.PutAt("/etc/group", tree.NewFile(0o644, tree.Text("root:x:0:\napp:x:1000:\n")))
	return &catalogue.Image{
		Ref: "docker.io/library/toy:1", Platform: platform, Digest: "sha256:" + strings.Repeat("a", 64),
		Root: root, Layers: []catalogue.Layer{{CreatedBy: "ADD rootfs", Bytes: root.Totals().Bytes, Compressed: 10}},
		History: []report.Entry{{CreatedBy: "ADD rootfs"}},
		Config:  report.Config{Env: []string{"PATH=/bin"}, Cmd: []string{"sh"}},
	}, nil
}

func folder(files map[string]string) *tree.Node {
	root := tree.NewDir(0o755)
	for p, text := range files {
		root.PutAt(p, tree.NewFile(0o644, tree.Text(text)))
	}
	return root
}

func archive(s string) map[string]string {
	out := map[string]string{}
	for _, f := range txtar.Parse([]byte(s)).Files {
		out[f.Name] = string(f.Data)
	}
	return out
}

func mustBuild(t *testing.T, s *build.Session, req build.Request) *report.Build {
	t.Helper()
	b, err := s.Build(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func cached(b *report.Build) string {
	var out []string
	for _, s := range b.Steps {
		if s.Internal {
			continue
		}
		word := "ran"
		if s.Cached {
			word = "cached"
		}
		out = append(out, s.Name+": "+word)
	}
	return strings.Join(out, "\n")
}

const manifestFirst = `
-- Dockerfile --
FROM toy:1
WORKDIR /app
COPY package.json .
RUN touch installed
COPY . .
RUN touch built
-- package.json --
{}
-- server.js --
1
`

func TestRebuildTellsWhatRanAndWhy(t *testing.T) {
	s := build.NewSession(toyImages, tool.Models{"sh": toySh})
	defer s.Close()
	files := archive(manifestFirst)
	first := mustBuild(t, s, build.Request{Context: folder(files)})
	if !first.OK {
		t.Fatal(first.Error)
	}
	files["server.js"] = "2\n"
	again := mustBuild(t, s, build.Request{Context: folder(files)})
	want := `[1/6] FROM docker.io/library/toy:1@sha256:` + strings.Repeat("a", 64) + `: cached
[2/6] WORKDIR /app: cached
[3/6] COPY package.json .: cached
[4/6] RUN touch installed: cached
[5/6] COPY . .: ran
[6/6] RUN touch built: ran`
	got := cached(again)
	for _, line := range strings.Split(want, "\n") {
		if !strings.Contains(got, line) {
			t.Errorf("missing %q in\n%s", line, got)
		}
	}
	last := again.Steps[len(again.Steps)-1]
	for _, st := range again.Steps {
		if strings.HasPrefix(st.Name, "[6/6]") {
			last = st
		}
	}
	if last.Cause == nil || last.Cause.Line != 5 || !strings.Contains(last.Cause.Text, "line 5, COPY . ., now brings a different server.js") {
		t.Errorf("cause of the last step: %+v", last.Cause)
	}
}

func TestErrors(t *testing.T) {
	for name, c := range map[string]struct {
		dockerfile string
		want       string
		line       int
	}{
		"exit status":   {"FROM toy:1\nRUN fail 3\n", `failed to solve: process "/bin/sh -c fail 3" did not complete successfully: exit code: 3`, 2},
		"missing file":  {"FROM toy:1\nCOPY nope /\n", `"/nope": not found`, 2},
		"no such image": {"FROM other:1\n", `failed to solve: other:1: failed to resolve source metadata for docker.io/library/other:1: docker.io/library/other:1: not found`, 1},
		"syntax":        {"FROM toy:1\nFOO bar\n", "failed to solve: dockerfile parse error on line 2: unknown instruction: FOO", 2},
		"empty":         {"", "failed to solve: the Dockerfile cannot be empty", 0},
		"panic":         {"FROM toy:1\nRUN panic now\n", "this is a fault of Drydock", 2},
	} {
		t.Run(name, func(t *testing.T) {
			s := build.NewSession(toyImages, tool.Models{"sh": toySh})
			defer s.Close()
			b := mustBuild(t, s, build.Request{Context: folder(map[string]string{"Dockerfile": c.dockerfile})})
			if b.OK || !strings.Contains(b.Error, c.want) {
				t.Errorf("error %q, want %q", b.Error, c.want)
			}
			if c.line != 0 && b.Lines.Start != c.line {
				t.Errorf("line %d, want %d", b.Lines.Start, c.line)
			}
		})
	}
}

func TestLayersAndWaste(t *testing.T) {
	s := build.NewSession(toyImages, tool.Models{"sh": toySh})
	defer s.Close()
	b := mustBuild(t, s, build.Request{Context: folder(map[string]string{
		"Dockerfile": "FROM toy:1\nRUN touch /big && touch /kept\nRUN rm /big\nENV A=1\nCOPY --link --chown=app x /x\nUSER app\n",
		"x":          "12345",
	})})
	if b.OK {
		t.Fatal("names cannot be resolved with --link, yet it built")
	}
	b = mustBuild(t, s, build.Request{Context: folder(map[string]string{
		"Dockerfile": "FROM toy:1\nRUN touch /big && touch /kept\nRUN rm /big\nENV A=1\nCOPY --link --chown=1000:1000 x /x\nUSER app\n",
		"x":          "12345",
	})})
	if !b.OK {
		t.Fatal(b.Error)
	}
	if got := len(b.Image.Layers); got != 4 {
		t.Fatalf("%d layers, want base, two RUN and one COPY", got)
	}
	if b.Image.Wasted != 4 || b.Image.Layers[1].Wasted != 4 {
		t.Errorf("wasted %d, want the 4 bytes of /big in the first RUN", b.Image.Wasted)
	}
	if n := b.Image.Root.Lookup("/x"); n == nil || n.UID != 1000 {
		t.Errorf("/x: %+v", n)
	}
	if l := b.Image.Layers[3]; l.Bytes != 5 || l.Line != 5 || !strings.HasPrefix(l.CreatedBy, "COPY") {
		t.Errorf("last layer %+v", l)
	}
	if b.Image.Config.User != "app" {
		t.Errorf("user %q", b.Image.Config.User)
	}
}

func TestMountStubsDoNotStay(t *testing.T) {
	s := build.NewSession(toyImages, tool.Models{"sh": toySh})
	defer s.Close()
	df := "FROM toy:1\nRUN --mount=type=cache,target=/var/cache/x touch /var/cache/x/f && touch /done\nRUN --mount=type=cache,target=/var/cache/x touch /again\n"
	b := mustBuild(t, s, build.Request{Context: folder(map[string]string{"Dockerfile": df})})
	if !b.OK {
		t.Fatal(b.Error)
	}
	for _, p := range []string{"/var", "/proc", "/dev", "/etc/hosts"} {
		if b.Image.Root.Lookup(p) != nil {
			t.Errorf("%s is in the image", path.Clean(p))
		}
	}
}
