package build_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"drydock/grader/build"
	"drydock/grader/catalogue"
	"drydock/grader/models"
)

// FuzzBuild builds any Dockerfile with any .dockerignore and lock file over a small context: a fault of Drydock's own, a panic and a build that
// goes on for long fail. Seeds are the Dockerfiles of the fidelity cases.
func FuzzBuild(f *testing.F) {
	paths, _ := filepath.Glob("../fidelity/testdata/cases/*.txtar")
	for _, p := range paths {
		if a, err := txtar.ParseFile(p); err == nil {
			files := map[string]string{}
			for _, x := range a.Files {
				files[strings.TrimPrefix(x.Name, "context/")] = string(x.Data)
			}
			f.Add(files["Dockerfile"], files[".dockerignore"], files["package-lock.json"])
		}
	}
	f.Add("FROM debian:bookworm-slim\nRUN echo x > /f\nCOPY . /x\n", "*.md\n!a/*.md\n", "")
	f.Add("FROM node:20\nCOPY . .\nRUN npm ci && npm start\n", "node_modules\n", `{"lockfileVersion":3,"packages":{"":{"dependencies":{"ms":"*"}},"node_modules/ms":{"version":"2.1.3"}}}`)
	f.Add("FROM alpine AS a\nONBUILD RUN true\nFROM a\nADD --chown=1:1 a* /x/\n", "**/a\n", "")
	cat := catalogue.Open()
	f.Fuzz(func(t *testing.T, dockerfile, ignore, lock string) {
		s := build.NewSession(cat.Resolve, models.All())
		defer s.Close()
		req := build.Request{Timeout: 200 * time.Millisecond, Context: folder(map[string]string{
			"Dockerfile": dockerfile, ".dockerignore": ignore, "package-lock.json": lock,
			"package.json": `{"name":"a","version":"1.0.0","dependencies":{"ms":"*"}}`, "a/b/c.md": "c", "a/x": "x", "main.go": "package main\n",
		})}
		start := time.Now()
		for range 2 {
			b, err := s.Build(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(b.Error, "fault of Drydock") {
				t.Error(b.Error)
			}
			for _, step := range b.Steps {
				if strings.Contains(step.Output, ": internal error\n") && !strings.Contains(dockerfile, "internal error") {
					t.Errorf("the shell panicked: %s", step.Output)
				}
			}
		}
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("took %v", took)
		}
	})
}
