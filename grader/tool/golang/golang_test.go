package golang_test

import (
	"strings"
	"testing"

	"drydock/grader/tool"
	"drydock/grader/tool/golang"
	"drydock/grader/tool/trial"
	"drydock/grader/tree"
)

const server = `package main

import (
	"log"
	"net/http"
	"os"
	"time"

	"github.com/gorilla/mux"
)

func main() {
	port := os.Getenv("PORT")
	if port == "" {
		port = "8080"
	}
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		log.Fatal(err)
	}
	r := mux.NewRouter()
	r.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		f, _ := os.CreateTemp("", "x")
		defer f.Close()
		http.Get("https://api.github.com/zen")
		w.Write([]byte(time.Now().In(berlin).String()))
	})
	log.Fatal(http.ListenAndServe(":"+port, r))
}
`

var project = map[string]string{
	"/src/go.mod":                        "module example.com/app\n\ngo 1.26\n\nrequire github.com/gorilla/mux v1.8.1\n",
	"/src/go.sum":                        "github.com/gorilla/mux v1.8.1 h1:x=\ngithub.com/gorilla/mux v1.8.1/go.mod h1:y=\n",
	"/src/main.go":                       server,
	"/etc/ssl/certs/ca-certificates.crt": "-----BEGIN CERTIFICATE-----",
}

func machine(t *testing.T, files map[string]string) *trial.Machine {
	t.Helper()
	m := trial.New(t, golang.Models(), "gofmt", files)
	goBin := tree.NewFile(0o755, tree.Declared(14_000_000, "go1.26.8", map[string]string{"program": "go", "version": "1.26.8", "elf": "static"}))
	m.FS.MkdirAll("/usr/local/go/bin", 0o755)
	m.FS.Graft("/usr/local/go/bin/go", goBin)
	m.Env = m.Env.With("PATH", "/go/bin:/usr/local/go/bin:"+tool.DefaultPath).With("GOPATH", "/go").With("GOTOOLCHAIN", "local")
	if m.FS.IsDir("/src") {
		m.FS = m.FS.In("/src")
	}
	return m
}

func TestBuildUsesCaches(t *testing.T) {
	m := machine(t, project)
	m.OK("go mod download")
	if m.Bytes("download") == 0 {
		t.Error("nothing downloaded")
	}
	m.Forget()
	m.OK("go build -o /app .")
	if m.Bytes("download") != 0 || m.Count("compile") < 150 {
		t.Errorf("first build: %d downloaded, %d compiled", m.Bytes("download"), m.Count("compile"))
	}
	first, _ := m.FS.Content("/app")
	if n := first.Size(); n < 6_000_000 || n > 12_000_000 {
		t.Errorf("size %d", n)
	}
	m.Forget()
	m.OK("go build -o /app .")
	if m.Count("compile") != 0 {
		t.Errorf("unchanged build compiled %d", m.Count("compile"))
	}
	m.FS.WriteFile("main.go", []byte(server+"\nvar version = \"2\"\n"), 0o644)
	m.OK("go build -o /app .")
	if m.Count("compile") != 1 {
		t.Errorf("edit compiled %d", m.Count("compile"))
	}
	if second, _ := m.FS.Content("/app"); second.ID() == first.ID() {
		t.Error("an edit leaves the binary the same")
	}
	m.OK("go build -ldflags '-s -w' -o /small .")
	if small, _ := m.FS.Content("/small"); small.Size() >= first.Size() {
		t.Errorf("stripped: %d", small.Size())
	}
}

func TestMessages(t *testing.T) {
	with := func(more ...string) map[string]string {
		out := map[string]string{}
		for k, v := range project {
			out[k] = v
		}
		for i := 0; i < len(more); i += 2 {
			if more[i+1] == "" {
				delete(out, more[i])
			} else {
				out[more[i]] = more[i+1]
			}
		}
		return out
	}
	tests := []struct {
		name   string
		files  map[string]string
		line   string
		status int
		text   string
	}{
		{"no module", with("/src/go.mod", ""), "go build .", 1, "go: go.mod file not found in current directory or any parent directory; see 'go help modules'\n"},
		{"no module, download", with("/src/go.mod", ""), "go mod download", 1, "go: no modules specified (see 'go help mod download')\n"},
		{"no module, all", with("/src/go.mod", ""), "go build ./...", 1, "pattern ./...: directory prefix . does not contain main module or its selected dependencies\n"},
		{"not required", with("/src/go.mod", "module example.com/app\n\ngo 1.26\n"), "go build .", 1,
			"main.go:9:2: no required module provides package github.com/gorilla/mux; to add it:\n\tgo get github.com/gorilla/mux\n"},
		{"no sum", with("/src/go.sum", ""), "go build .", 1,
			"main.go:9:2: missing go.sum entry for module providing package github.com/gorilla/mux (imported by example.com/app); to add:\n\tgo get example.com/app\n"},
		{"newer go", with("/src/go.mod", "module example.com/app\n\ngo 1.27\n"), "go mod download", 1,
			"go: go.mod requires go >= 1.27 (running go 1.26.8; GOTOOLCHAIN=local)\n"},
		{"no folder", project, "go build ./cmd/x", 1, "stat /src/cmd/x: directory not found\n"},
		{"no folders", project, "go build ./cmd/...", 1, "pattern ./cmd/...: lstat ./cmd/: no such file or directory\n"},
		{"no files", with("/src/empty/x.txt", "x"), "go build ./empty", 1, "no Go files in /src/empty\n"},
		{"not std", with("/src/main.go", "package main\n\nimport \"foo/bar\"\n\nfunc main() { bar.X() }\n"), "go build .", 1,
			"main.go:3:8: package foo/bar is not in std (/usr/local/go/src/foo/bar)\n"},
		{"own package missing", with("/src/main.go", "package main\n\nimport _ \"example.com/app/nope\"\n\nfunc main() {}\n"), "go build .", 1,
			"main.go:3:8: no required module provides package example.com/app/nope; to add it:\n\tgo get example.com/app/nope\n"},
		{"unused and undefined", with("/src/main.go", "package main\n\nimport (\n\t\"fmt\"\n\t\"os\"\n)\n\nfunc main() {\n\tx := 1\n\tfmt.Println(undefinedThing)\n}\n"), "go build .", 1,
			"# example.com/app\n./main.go:5:2: \"os\" imported and not used\n./main.go:9:2: declared and not used: x\n./main.go:10:14: undefined: undefinedThing\n"},
		{"syntax", with("/src/main.go", "package main\n\nimport \"fmt\"\n\nfunc main() {\n\tfmt.Println(1\n}\n"), "go build .", 1,
			"# example.com/app\n./main.go:6:15: syntax error: unexpected newline in argument list; possibly missing comma or )\n"},
		{"empty file", with("/src/main.go", "\n"), "go build .", 1, "main.go:1:2: expected 'package', found 'EOF'\n"},
		{"unknown command", project, "go foo", 2, "go foo: unknown command\nRun 'go help' for usage.\n"},
		{"unknown flag", project, "go build -bogus .", 2, "flag provided but not defined: -bogus\n"},
		{"library to folder", with("/src/lib/l.go", "package lib\n"), "go build -o /out/ ./lib", 1, "go: no main packages to build\n"},
		{"run library", with("/src/lib/l.go", "package lib\n"), "go run ./lib", 1, "package example.com/app/lib is not a main package\n"},
		{"init twice", project, "go mod init x", 1, "go: /src/go.mod already exists\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			machine(t, tt.files).Fails(tt.line, tt.status, tt.text)
		})
	}
}

func TestDynamicOnlyWithCompiler(t *testing.T) {
	tests := []struct {
		name, env, args string
		gcc             bool
		elf             string
	}{
		{"no compiler", "", "", false, "static"},
		{"compiler", "", "", true, "dynamic"},
		{"cgo off", "0", "", true, "static"},
		{"tags", "", "-tags netgo,osusergo", true, "static"},
		{"linked statically", "", "-ldflags '-linkmode external -extldflags -static'", true, "static"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := machine(t, project)
			if tt.gcc {
				m.FS.Graft("/usr/bin/gcc", tree.NewFile(0o755, tree.Declared(1, "gcc", map[string]string{"program": "gcc", "elf": "static"})))
			}
			if tt.env != "" {
				m.Env = m.Env.With("CGO_ENABLED", tt.env)
			}
			m.OK("go build " + tt.args + " -o /app .")
			c, _ := m.FS.Content("/app")
			if c.Fact("elf") != tt.elf {
				t.Errorf("elf %s, want %s", c.Fact("elf"), tt.elf)
			}
			if tt.elf == "dynamic" && c.Fact("interp") != "/lib64/ld-linux-x86-64.so.2" {
				t.Errorf("interp %s", c.Fact("interp"))
			}
		})
	}
	t.Run("asked for without compiler", func(t *testing.T) {
		m := machine(t, project)
		m.Env = m.Env.With("CGO_ENABLED", "1")
		m.Fails("go build .", 1, "# runtime/cgo\ncgo: C compiler \"gcc\" not found: exec: \"gcc\": executable file not found in $PATH\n")
	})
	t.Run("other platform", func(t *testing.T) {
		m := machine(t, project)
		m.Env = m.Env.With("GOARCH", "arm64")
		m.OK("go build -o /app .")
		if c, _ := m.FS.Content("/app"); c.Fact("arch") != "arm64" || c.Fact("elf") != "static" {
			t.Errorf("facts %v", c.Facts())
		}
	})
}

// TestBinaryStarts runs what was built, in an image with and without what it needs.
func TestBinaryStarts(t *testing.T) {
	m := machine(t, project)
	m.OK("go build -o /app .")
	app, _ := m.FS.Content("/app")

	bare := trial.New(t, golang.Models(), "", nil)
	bare.FS.RemoveAll("/tmp")
	bare.FS.Graft("/app", tree.NewFile(0o755, app))
	bare.Fails("/app", 1, "unknown time zone Europe/Berlin\n")

	full := trial.New(t, golang.Models(), "", map[string]string{"/usr/share/zoneinfo/Europe/Berlin": "TZif2"})
	full.FS.Graft("/app", tree.NewFile(0o755, app))
	full.Env = full.Env.With("PORT", "9000")
	full.OK("/app")
	if len(full.Served) != 1 || full.Served[0].Port != 9000 || full.Served[0].Runtime != "go 1.26.8" || !full.Served[0].Graceful {
		t.Errorf("served: %+v", full.Served)
	}
	got := map[string]string{}
	for _, e := range full.Events {
		got[e.Kind] = e.Version
	}
	if !strings.Contains(got["connect"], "x509: certificate signed by unknown authority") || got["timezone"] != "" || got["tempfile"] != "" {
		t.Errorf("events: %v", full.Events)
	}
	full.Env = full.Env.With("PORT", "")
	full.Forget()
	full.OK("/app")
	if full.Served[0].Port != 8080 {
		t.Errorf("default port: %+v", full.Served)
	}
}

func TestRunInstallAndSmall(t *testing.T) {
	m := machine(t, map[string]string{
		"/src/go.mod": "module example.com/hello\n\ngo 1.26\n", "/src/main.go": "package main\n\nimport \"fmt\"\n\nfunc main() {\n\tfmt.Println(\"hello\", \"there\")\n}\n",
		"/src/ugly.go": "package main\nfunc  x( ) {}\n", "/etc/ssl/certs/ca-certificates.crt": "x",
	})
	if got := m.OK("go run ."); got != "hello there\n" {
		t.Errorf("run: %q", got)
	}
	if got := m.OK("go version"); got != "go version go1.26.8 linux/amd64\n" {
		t.Errorf("version: %q", got)
	}
	if got := m.OK("go env GOMODCACHE GOCACHE"); got != "/go/pkg/mod\n/root/.cache/go-build\n" {
		t.Errorf("env: %q", got)
	}
	m.OK("go install .")
	if got := m.OK("hello"); got != "hello there\n" {
		t.Errorf("installed: %q", got)
	}
	if got := m.OK("gofmt -l ."); got != "./ugly.go\n" {
		t.Errorf("gofmt: %q", got)
	}
	m.OK("go install github.com/pressly/goose/v3/cmd/goose@latest")
	if !m.FS.Exists("/go/bin/goose") {
		t.Error("goose not installed")
	}
}

func TestToolchainDownload(t *testing.T) {
	m := machine(t, map[string]string{"/src/go.mod": "module x.example/a\n\ngo 1.27\n", "/src/main.go": "package main\n\nfunc main() {}\n", "/etc/ssl/certs/ca-certificates.crt": "x"})
	m.Env = m.Env.With("GOTOOLCHAIN", "auto")
	m.OK("go build -o /app .")
	if m.Bytes("download") < 50_000_000 {
		t.Errorf("downloaded %d", m.Bytes("download"))
	}
	m.Forget()
	m.OK("go build -o /app .")
	if m.Bytes("download") != 0 {
		t.Error("toolchain downloaded again")
	}
}
