package checks_test

import (
	"errors"
	"strings"
	"testing"

	"cel.dev/cel-go/cel"

	"drydock/grader/checks"
	"drydock/grader/report"
	"drydock/grader/tree"
)

const lock = `{"lockfileVersion": 3, "packages": {
	"": {"name": "app"},
	"node_modules/express": {"version": "5.1.0"},
	"node_modules/debug": {"version": "4.4.0"},
	"node_modules/jest": {"version": "29.7.0", "dev": true},
	"node_modules/@types/node": {"version": "22.1.0", "dev": true},
	"node_modules/jest/node_modules/debug": {"version": "4.4.0", "dev": true}}}`

func npmFile(pkg string) *tree.Node {
	return tree.NewFile(0o644, tree.Declared(100, pkg, map[string]string{"package": "npm:" + pkg}))
}

// sample is an image with a base that has a shell and node, a layer with packages and an .env, and a layer that removes the .env again.
func sample(t *testing.T) *checks.View {
	t.Helper()
	base := tree.NewDir(0o755).
		PutAt("/bin/sh", tree.NewFile(0o755, tree.Declared(10, "dash", map[string]string{"program": "dash"}))).
		PutAt("/usr/local/bin/node", tree.NewFile(0o755, tree.Declared(90_000_000, "node", map[string]string{"program": "node", "version": "18.20.8"})))
	tx := tree.Begin(base)
	tx.Set("/app", tree.NewDir(0o755).PutAt("node_modules/express/index.js", npmFile("express@5.1.0")).
		PutAt("node_modules/jest/index.js", npmFile("jest@29.7.0")).
		PutAt(".env", tree.NewFile(0o600, tree.Text("KEY=1"))).
		PutAt("server.js", tree.NewFile(0o644, tree.Text("require('express')"))))
	middle := tx.Commit()
	tx = tree.Begin(middle)
	tx.Remove("/app/.env")
	top := tx.Commit()
	changes := func(a, b *tree.Node) func() []tree.Change { return func() []tree.Change { return tree.Diff(a, b) } }
	rb := &report.Build{OK: true, Steps: []report.Step{
		{Name: "[1/4] FROM node:18", Kind: "source"},
		{Name: "[3/4] COPY . .", Kind: "copy", Ran: true, Lines: report.Lines{Start: 3, End: 3}},
		{Name: "[4/4] RUN npm install", Kind: "run", Ran: true, Lines: report.Lines{Start: 4, End: 4},
			Events: []report.Event{{Kind: "download", Tool: "npm", Name: "express", Version: "5.1.0", Bytes: 2_500_000}},
			Cause:  &report.Cause{Kind: "files", Line: 3, Files: []string{"server.js"}}},
	}, Image: &report.Image{Bytes: 90_000_510, BaseBytes: 90_000_010, Root: top, Config: report.Config{User: "node"}, Layers: []report.Layer{
		{Base: true, Changes: changes(nil, base), Digest: "sha256:a"},
		{Line: 3, Changes: changes(base, middle), Digest: "sha256:b", Bytes: 500},
		{Line: 5, Changes: changes(middle, top), Digest: "sha256:c"},
	}}}
	context := tree.NewDir(0o755).Put("package-lock.json", tree.NewFile(0o644, tree.Text(lock))).
		Put("secret", tree.NewFile(0o644, tree.Text("KEY=1")))
	first := &report.Build{Image: &report.Image{Layers: []report.Layer{{Digest: "sha256:a"}}}}
	v := checks.NewBuild(rb, context, first)
	return &checks.View{
		Build: v, After: map[string]*checks.Build{"edit": v}, Starter: v, Base: &checks.Base{}, Lines: &checks.Lines{Command: 9},
		Run: checks.NewRun(&report.Run{OK: true, UID: 1000, Loaded: []string{"/app/server.js"}}),
	}
}

func env(t *testing.T) *checks.Env {
	t.Helper()
	e, err := checks.New()
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestExpressions(t *testing.T) {
	e, v := env(t), sample(t)
	for _, expr := range []string{
		`build.ok && run.ok && run.uid == 1000`,
		`after["edit"].downloaded == 2500000`,
		`after.edit.ran == 1`,
		`build.downloads("npm").map(d, d.name) == ["express"]`,
		`build.downloads("maven").size() == 0`,
		`build.pushed == 500`,
		`image.size == 90000510 && image.added == 500`,
		`image.size <= starter.image.size`,
		`image.config.user == "node"`,
		`image.has("/app/server.js") && !image.has("/app/.env")`,
		`image.added("**/.env").size() == 1 && image.added("**/.env")[0].hidden && image.added("**/.env")[0].line == 3`,
		`image.added("/app/node_modules/*/index.js").size() == 2`,
		`total(image.added("/app/node_modules/**")) == 200 && total(image.find("**/*.x")) == 0`,
		`total(image.added("**").filter(f, f.kind == "jar")) == 0`,
		`image.find("/app/**").size() == 6`,
		`image.find("**/node").exists(f, f.facts["version"] == "18.20.8")`,
		`image.file("/app/server.js").text.contains("express") && image.file("/app/server.js").line == 3`,
		`!image.file("/nowhere").exists && image.file("/nowhere").line == 0`,
		`image.programs("node npm").map(f, f.path) == ["/usr/local/bin/node"]`,
		`image.packages("npm") == ["express@5.1.0", "jest@29.7.0"]`,
		`bare(["b@1", "@a/b@2", "b@3", "c"]) == ["@a/b", "b", "c"]`,
		`image.package_line("npm:jest") == 3 && image.package_line("npm:jes") == 0`,
		`image.copied("secret").map(f, f.path) == ["/app/.env"] && image.copied("*.json").size() == 0`,
		`common(image.packages("npm"), context.npm_lock(".").dev) == ["jest@29.7.0"]`,
		`without(image.packages("npm"), context.npm_lock(".").prod) == ["jest@29.7.0"]`,
		`context.npm_lock(".").dev == ["@types/node@22.1.0", "jest@29.7.0"]`,
		`context.has("package-lock.json") && !context.has("x")`,
		`build.steps.filter(s, s.ran).map(s, s.line) == [3, 4]`,
		`leaks.size() == 0`,
		`lines.command == 9`,
	} {
		p, err := e.Compile(expr, cel.BoolType, []string{"edit"})
		if err != nil {
			t.Errorf("%s: %v", expr, err)
			continue
		}
		if ok, err := p.Bool(v); !ok || err != nil {
			t.Errorf("%s: %v, %v", expr, ok, err)
		}
	}
}

func TestTemplates(t *testing.T) {
	e, v := env(t), sample(t)
	for text, want := range map[string]string{
		"{build.why()}": "Line 4, RUN npm install, ran again because line 3, COPY . ., now brings a different server.js.",
		"It fetched {mb(build.downloaded)}\n  on line {build.why_line()}.": "It fetched 2.5 MB on line 3.",
		"{{plain}}": "{plain}",
		`{names(image.packages("npm"))} of {image.size > 5 ? "a}b" : ""}`: "express@5.1.0 and jest@29.7.0 of a}b",
	} {
		tpl, err := e.CompileTemplate(text, nil)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got, err := tpl.Fill(v); got != want || err != nil {
			t.Errorf("%s: %q, %v; want %q", text, got, err, want)
		}
	}
}

func TestCompileErrors(t *testing.T) {
	e := env(t)
	for _, c := range []struct {
		expr string
		line int
		text string
	}{
		{`build.okay`, 1, "undefined field 'okay'"},
		{"build.ok &&\n  after['edti'].ok", 2, `there is no scenario "edti"; there are: edit`},
		{`image.size`, 1, "gives int where bool is wanted"},
		{`image.has(3)`, 1, "found no matching overload for 'has'"},
		{`build.ok &&`, 1, "Syntax error"},
	} {
		_, err := e.Compile(c.expr, cel.BoolType, []string{"edit"})
		var ce *checks.Error
		if !errors.As(err, &ce) || ce.Line != c.line || !strings.Contains(ce.Text, c.text) {
			t.Errorf("%s: %#v; want line %d, %s", c.expr, err, c.line, c.text)
		}
	}
	for _, text := range []string{"{build.nope}", "{open"} {
		if _, err := e.CompileTemplate(text, nil); err == nil {
			t.Errorf("%s: compiles", text)
		}
	}
}

func TestScenariosAreRead(t *testing.T) {
	p, err := env(t).Compile(`after["a"].downloaded == 0 && after["b"].ok`, cel.BoolType, []string{"a", "b"})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Join(p.Scenarios, " ") != "a b" || strings.Join(p.Guarded, " ") != "b" {
		t.Errorf("scenarios %v, guarded %v", p.Scenarios, p.Guarded)
	}
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		if _, err := checks.New(); err != nil {
			b.Fatal(err)
		}
	}
}
