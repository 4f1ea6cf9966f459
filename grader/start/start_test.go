package start_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"drydock/grader/report"
	"drydock/grader/start"
	"drydock/grader/tool"
	"drydock/grader/tree"
)

// models are toys: a server that listens, a shell that runs one command in its place or below it, programs that fail, end and hang.
func models() tool.Models {
	return tool.Models{
		"server": func(ctx context.Context, c *tool.Call) int {
			if len(c.Args) > 1 && !c.FS.Exists(c.Args[1]) {
				c.Errorf("node:internal/modules/cjs/loader:1215\n  throw err;\n  ^\n\nError: Cannot find module '%s'\n    at x\n\nNode.js v18", c.Args[1])
				return 1
			}
			return c.Serve(ctx, c, tool.Service{Port: 3000, Runtime: "node 18.20.8", Graceful: true, Loaded: c.Args[1:]})
		},
		"dash": func(ctx context.Context, c *tool.Call) int { return shell(ctx, c, false) },
		"bash": func(ctx context.Context, c *tool.Call) int { return shell(ctx, c, true) },
		"tini": func(ctx context.Context, c *tool.Call) int { return c.Child(c.Args[2:]...).Run(ctx) },
		"id": func(_ context.Context, c *tool.Call) int {
			c.Printf("%d %d %v %s %s\n", c.FS.Cred.UID, c.FS.Cred.GID, c.FS.Cred.Groups, c.Env.Get("HOME"), c.FS.Dir)
			return 0
		},
		"false":  func(context.Context, *tool.Call) int { return 1 },
		"writer": func(_ context.Context, c *tool.Call) int { c.FS.WriteFile("/data/x", []byte("x"), 0o644); return 0 },
		"loop":   func(ctx context.Context, _ *tool.Call) int { <-ctx.Done(); return 1 },
		"flood": func(ctx context.Context, c *tool.Call) int {
			for ctx.Err() == nil {
				c.Printf("%s", strings.Repeat("x", 4096))
			}
			return 1
		},
	}
}

func shell(ctx context.Context, c *tool.Call, inPlace bool) int {
	words := strings.Fields(c.Args[2])
	if words[0] == "exec" {
		words, inPlace = words[1:], true
	}
	if inPlace {
		ctx = tool.InPlace(ctx)
	}
	return c.Child(words...).Run(ctx)
}

func image(c report.Config) *report.Image {
	root := tree.NewDir(0o755)
	program := func(at, name string, more ...string) {
		facts := map[string]string{"program": name}
		for i := 0; i+1 < len(more); i += 2 {
			facts[more[i]] = more[i+1]
		}
		root.PutAt(at, tree.NewFile(0o755, tree.Declared(100, at, facts)))
	}
	program("/bin/sh", "dash")
	program("/bin/bash", "bash")
	program("/usr/local/bin/node", "server")
	program("/sbin/tini", "tini")
	for _, name := range []string{"id", "false", "loop", "flood", "writer"} {
		program("/bin/"+name, name)
	}
	program("/app/glibc", "server", "elf", "dynamic", "interp", "/lib64/ld-linux-x86-64.so.2")
	program("/app/arm", "server", "elf", "static", "arch", "arm64")
	root.PutAt("/app/server.js", tree.NewFile(0o644, tree.Text("x")))
	root.PutAt("/app/crlf.sh", tree.NewFile(0o755, tree.Text("#!/bin/sh\r\nnode\r\n")))
	root.PutAt("/app/bare.sh", tree.NewFile(0o755, tree.Text("echo no shebang\n")))
	root.PutAt("/etc/passwd", tree.NewFile(0o644, tree.Text("root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1001::/home/node:/bin/sh\n")))
	root.PutAt("/etc/group", tree.NewFile(0o644, tree.Text("root:x:0:\nstaff:x:50:node\nnode:x:1001:\n")))
	root.PutAt("/closed", tree.NewDir(0o700)).PutAt("/data", tree.NewDir(0o755))
	return &report.Image{Root: root, Config: c}
}

func run(t *testing.T, c report.Config) *report.Run {
	t.Helper()
	return start.Run(context.Background(), image(c), start.Options{
		Models: models(), Timeout: 50 * time.Millisecond, Now: time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC),
	})
}

// The words are those of runc 1.1 and 1.2, without what the engine puts before them.
func TestWhatCannotStart(t *testing.T) {
	for _, c := range []struct {
		name   string
		config report.Config
		want   string
	}{
		{"nothing to start", report.Config{}, "no command specified"},
		{"not in the path", report.Config{Cmd: []string{"nodejs"}}, `exec: "nodejs": executable file not found in $PATH`},
		{"path from the image", report.Config{Cmd: []string{"node"}, Env: []string{"PATH=/bin"}}, `exec: "node": executable file not found in $PATH`},
		{"absent file", report.Config{Cmd: []string{"/run.sh"}}, `exec: "/run.sh": stat /run.sh: no such file or directory`},
		{"no x bit", report.Config{Cmd: []string{"/app/server.js"}}, `exec: "/app/server.js": permission denied`},
		{"a folder", report.Config{Cmd: []string{"/app"}}, `exec: "/app": permission denied`},
		{"carriage returns", report.Config{Cmd: []string{"/app/crlf.sh"}}, `exec /app/crlf.sh: no such file or directory`},
		{"no loader", report.Config{Cmd: []string{"/app/glibc"}}, `exec /app/glibc: no such file or directory`},
		{"other architecture", report.Config{Cmd: []string{"/app/arm"}}, `exec /app/arm: exec format error`},
		{"no shebang", report.Config{Cmd: []string{"/app/bare.sh"}}, `exec /app/bare.sh: exec format error`},
		{"one word of two", report.Config{Cmd: []string{"node server.js"}}, `exec: "node server.js": executable file not found in $PATH`},
		{"unknown user", report.Config{Cmd: []string{"id"}, User: "nonroot"}, "unable to find user nonroot: no matching entries in passwd file"},
		{"unknown group", report.Config{Cmd: []string{"id"}, User: "node:web"}, "unable to find group web: no matching entries in group file"},
		{"closed folder", report.Config{Cmd: []string{"id"}, User: "node", WorkingDir: "/closed"},
			`chdir to cwd ("/closed") set in config.json failed: permission denied`},
		{"missing module", report.Config{Cmd: []string{"node", "/app/index.js"}}, "Error: Cannot find module '/app/index.js'"},
		{"a failing program", report.Config{Cmd: []string{"false"}}, "ended with status 1 and without a word"},
	} {
		r := run(t, c.config)
		if r.OK || r.Error != c.want {
			t.Errorf("%s: ok %v, error %q; want %q", c.name, r.OK, r.Error, c.want)
		}
	}
}

func TestWhoRuns(t *testing.T) {
	for spec, want := range map[string]string{
		"":           "0 0 [] /root /app",
		"node":       "1000 1001 [50] /home/node /app",
		"1000":       "1000 1001 [50] /home/node /app",
		"node:staff": "1000 50 [] /home/node /app",
		"4711":       "4711 0 [] / /app",
		"4711:12":    "4711 12 [] / /app",
	} {
		r := run(t, report.Config{Cmd: []string{"id"}, User: spec, WorkingDir: "/app"})
		if got := strings.TrimSpace(r.Output); !r.OK || got != want {
			t.Errorf("user %q: %q (%s); want %q", spec, got, r.Error, want)
		}
	}
}

func TestStopping(t *testing.T) {
	for _, c := range []struct {
		name     string
		config   report.Config
		pid1     string
		graceful bool
	}{
		{"exec form", report.Config{Cmd: []string{"node", "/app/server.js"}}, "server", true},
		{"dash stays", report.Config{Cmd: []string{"/bin/sh", "-c", "node /app/server.js"}}, "dash", false},
		{"dash goes", report.Config{Cmd: []string{"/bin/sh", "-c", "exec node /app/server.js"}}, "server", true},
		{"bash goes", report.Config{Cmd: []string{"/bin/bash", "-c", "node /app/server.js"}}, "server", true},
		{"below tini", report.Config{Entrypoint: []string{"tini", "--"}, Cmd: []string{"node", "/app/server.js"}}, "tini", true},
		{"dash below tini", report.Config{Entrypoint: []string{"tini", "--"}, Cmd: []string{"/bin/sh", "-c", "exec node /app/server.js"}}, "tini", true},
	} {
		r := run(t, c.config)
		if !r.OK || !r.Serves || r.PID1 != c.pid1 || r.Graceful != c.graceful {
			t.Errorf("%s: ok %v, serves %v, process 1 %s, graceful %v (%s)", c.name, r.OK, r.Serves, r.PID1, r.Graceful, r.Error)
		}
		if !slices.Equal(r.Ports, []int{3000}) || !slices.Equal(r.Loaded, []string{"/app/server.js"}) {
			t.Errorf("%s: ports %v, loaded %v", c.name, r.Ports, r.Loaded)
		}
	}
}

func TestWhatNeverEnds(t *testing.T) {
	for _, name := range []string{"loop", "flood"} {
		r := run(t, report.Config{Cmd: []string{name}})
		if !r.OK || r.Serves || len(r.Output) > 64<<10 {
			t.Errorf("%s: ok %v, serves %v, %d bytes of output", name, r.OK, r.Serves, len(r.Output))
		}
	}
}

func TestWrites(t *testing.T) {
	if r := run(t, report.Config{Cmd: []string{"writer"}}); !slices.Equal(r.WritesTo, []string{"/data"}) {
		t.Errorf("writes to %v", r.WritesTo)
	}
}

func TestHealth(t *testing.T) {
	for _, c := range []struct {
		test  []string
		shell []string
		want  string
	}{
		{nil, nil, ""},
		{[]string{"NONE"}, nil, ""},
		{[]string{"CMD", "node", "check.js"}, nil, "ok"},
		{[]string{"CMD", "curl"}, nil, `exec: "curl": executable file not found in $PATH`},
		{[]string{"CMD-SHELL", "curl -f http://localhost || exit 1"}, nil, `exec: "curl": executable file not found in $PATH`},
		{[]string{"CMD-SHELL", "[ -e /x ] || node check.js"}, nil, "ok"},
		{[]string{"CMD-SHELL", "id | grep x"}, nil, `exec: "grep": executable file not found in $PATH`},
		{[]string{"CMD-SHELL", "id"}, []string{"/bin/zsh", "-c"}, `exec: "/bin/zsh": stat /bin/zsh: no such file or directory`},
	} {
		r := run(t, report.Config{Cmd: []string{"node", "/app/server.js"}, Healthcheck: &report.Healthcheck{Test: c.test}, Shell: c.shell})
		if r.Health != c.want {
			t.Errorf("%v: %q; want %q", c.test, r.Health, c.want)
		}
	}
}
