package node_test

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"drydock/grader/report"
	"drydock/grader/tool"
	"drydock/grader/tool/node"
	"drydock/grader/tree"
	"drydock/grader/vfs"
)

// TestScripts walks testdata: each archive holds the files of /app (or absolute ones) and, as its comment, command lines with what is expected of each:
//
//	$ node server.js      a command line, in /app
//	env PORT=80           set before the next command line
//	version 18.20.8       of Node.js, from here on
//	status 1              expected; 0 where it is not said
//	> text                a line that the output holds
//	! text                a text that it does not hold
//	serves 3000 [graceful]
func TestScripts(t *testing.T) {
	cases, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(cases) == 0 {
		t.Fatal("no cases", err)
	}
	for _, file := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			root := tree.NewDir(0o755)
			root.PutAt("/app", tree.NewDir(0o755))
			for _, f := range a.Files {
				name, facts := f.Name, map[string]string(nil)
				if p, rest, ok := strings.Cut(name, " "); ok { // path fact=value …
					name, facts = p, map[string]string{}
					for kv := range strings.FieldsSeq(rest) {
						k, v, _ := strings.Cut(kv, "=")
						facts[k] = v
					}
				}
				if !strings.HasPrefix(name, "/") {
					name = "/app/" + name
				}
				c := tree.Program(f.Data, facts)
				if facts["declared"] != "" {
					c = tree.Declared(int64(len(f.Data)), "declared:"+name, facts)
				}
				root.PutAt(name, tree.NewFile(0o644, c))
			}
			run(t, root, string(a.Comment))
		})
	}
}

func run(t *testing.T, root *tree.Node, script string) {
	t.Helper()
	models := node.Models()
	version := "20.20.2"
	env := tool.Env{"PATH=/bin"}
	var out, served string
	status, want := 0, 0
	line := ""
	finish := func() {
		if line != "" && status != want {
			t.Errorf("%s: status %d, want %d\n%s", line, status, want, out)
		}
	}
	for l := range strings.Lines(script) {
		l = strings.TrimRight(l, "\n")
		word, rest, _ := strings.Cut(l, " ")
		switch word {
		case "env":
			k, v, _ := strings.Cut(rest, "=")
			env = env.With(k, v)
		case "version":
			version = rest
		case "$":
			finish()
			line, want, served = rest, 0, ""
			tr := root.Clone()
			tr.PutAt("/bin/node", tree.NewFile(0o755, tree.Declared(1, "node", map[string]string{"program": "node", "version": version, "elf": "static"})))
			var buf bytes.Buffer
			c := &tool.Call{Args: split(rest), Env: env, FS: vfs.New(tree.Begin(tr), func() int64 { return 0 }, nil).In("/app"), Stdout: &buf, Stderr: &buf,
				Host: &tool.Host{Models: models, Arch: "amd64", Record: func(report.Event) {}, Note: func(n report.Note) { fmt.Fprintf(&buf, "note %s: %s\n", n.Kind, n.Text) },
					Serve: func(_ context.Context, _ *tool.Call, s tool.Service) int {
						served = strconv.Itoa(s.Port)
						if s.Graceful {
							served += " graceful"
						}
						return 0
					}}}
			var err error
			if status, err = c.Exec(context.Background()); err != nil {
				t.Fatal(err)
			}
			out = buf.String()
		case "status":
			want, _ = strconv.Atoi(rest)
		case ">":
			if !strings.Contains("\n"+out, "\n"+rest+"\n") {
				t.Errorf("%s: no line %q in\n%s", line, rest, out)
			}
		case "!":
			if strings.Contains(out, rest) {
				t.Errorf("%s: %q in\n%s", line, rest, out)
			}
		case "serves":
			if served != rest {
				t.Errorf("%s: serves %q, want %q\n%s", line, served, rest, out)
			}
		}
	}
	finish()
}

// TestCorepack enables the package managers, as root and as somebody who may not write beside node.
func TestCorepack(t *testing.T) {
	for _, c := range []struct {
		line   string
		uid    int
		status int
		pnpm   bool
	}{{"corepack enable", 0, 0, true}, {"corepack enable pnpm", 0, 0, true}, {"corepack enable yarn", 0, 0, false}, {"corepack enable", 1000, 1, false}} {
		root := tree.NewDir(0o755)
		root.PutAt("/bin/corepack", tree.NewFile(0o755, tree.Declared(1, "corepack", map[string]string{"program": "corepack", "elf": "static"})))
		txn := tree.Begin(root)
		call := &tool.Call{Args: strings.Fields(c.line), Env: tool.Env{"PATH=/bin"}, FS: vfs.New(txn, func() int64 { return 0 }, nil).As(vfs.Cred{UID: c.uid, GID: c.uid}),
			Stdout: &bytes.Buffer{}, Stderr: &bytes.Buffer{}, Host: &tool.Host{Models: node.Models(), Arch: "amd64"}}
		status, err := call.Exec(context.Background())
		if err != nil || status != c.status {
			t.Errorf("%s as %d: status %d, error %v", c.line, c.uid, status, err)
		}
		n := txn.Lookup("/bin/pnpm")
		if (n != nil && n.Content.Fact("program") == "pnpm") != c.pnpm {
			t.Errorf("%s as %d: pnpm is %v", c.line, c.uid, n)
		}
	}
}

// split splits at blanks, except inside double quotes.
func split(s string) []string {
	var out []string
	for i, part := range strings.Split(s, `"`) {
		if i%2 == 1 {
			out = append(out, part)
		} else {
			out = append(out, strings.Fields(part)...)
		}
	}
	return out
}

func FuzzScript(f *testing.F) {
	f.Add("require('x'); app.listen(3000)")
	f.Add("import a from \"b\"; `x${`y`}` /re/")
	f.Add("export * from 'z'; const {a} = {port: process.env.PORT || 8080}")
	f.Fuzz(func(t *testing.T, src string) {
		root := tree.NewDir(0o755)
		root.PutAt("/bin/node", tree.NewFile(0o755, tree.Declared(1, "node", map[string]string{"program": "node", "elf": "static"})))
		root.PutAt("/app/x.js", tree.NewFile(0o644, tree.Text(src)))
		c := &tool.Call{Args: []string{"node", "x.js"}, Env: tool.Env{"PATH=/bin"}, FS: vfs.New(tree.Begin(root), func() int64 { return 0 }, nil).In("/app"),
			Stdout: &bytes.Buffer{}, Stderr: &bytes.Buffer{}, Host: &tool.Host{Models: node.Models(), Arch: "amd64", Serve: func(context.Context, *tool.Call, tool.Service) int { return 0 }}}
		if _, err := c.Exec(context.Background()); err != nil {
			t.Fatal(err)
		}
	})
}
