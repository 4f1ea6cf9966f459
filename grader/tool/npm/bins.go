package npm

import (
	"context"
	"encoding/json"
	"path"
	"regexp"
	"strings"

	"drydock/grader/report"
	"drydock/grader/tool"
	"drydock/grader/tree"
)

// launch runs the script that a program such as nodemon starts with Node.js.
func launch(ctx context.Context, c *tool.Call, name string) int {
	args := c.Args[1:]
	env := c.Env
	for len(args) > 0 {
		if name == "cross-env" {
			if k, v, ok := strings.Cut(args[0], "="); ok {
				env, args = env.With(k, v), args[1:]
				continue
			}
			break
		}
		if !strings.HasPrefix(args[0], "-") {
			break
		}
		if strings.HasPrefix(args[0], "--") && !strings.Contains(args[0], "=") || len(args[0]) == 2 {
			if len(args) > 1 && takesValue(args[0]) {
				args = args[1:]
			}
		}
		args = args[1:]
	}
	if name == "tsx" && len(args) > 0 && args[0] == "watch" {
		args = args[1:]
	}
	if len(args) == 0 {
		if name != "nodemon" {
			return 0
		}
		var p project
		data, _ := c.FS.ReadFile("package.json")
		_ = json.Unmarshal(data, &p)
		if p.Main == "" {
			p.Main = "index.js"
		}
		args = []string{p.Main}
	}
	if name != "cross-env" && args[0] != "node" {
		args = append([]string{"node"}, args...)
	}
	if len(args) > 1 && strings.HasSuffix(args[1], ".ts") { // these programs strip the types themselves
		args = append([]string{"node", "--experimental-strip-types"}, args[1:]...)
	}
	d := c.Child(args...)
	d.Env = env
	return d.Run(ctx)
}

func takesValue(flag string) bool {
	switch flag {
	case "-w", "--watch", "-e", "--ext", "-i", "--ignore", "-x", "--exec", "--delay", "-P", "--project", "-r", "--require", "--signal":
		return true
	}
	return false
}

var jsonComment = regexp.MustCompile(`(?m)^\s*//.*$|/\*[^*]*\*/|,(\s*[}\]])`)

// compileTypeScript is tsc: a script for every source, of about its size, and known text where the source is.
func compileTypeScript(c *tool.Call) int {
	var cfg struct {
		CompilerOptions struct {
			OutDir, RootDir string
			NoEmit, Declaration,
			SourceMap bool
		}
	}
	file, noEmit, outDir := "tsconfig.json", false, ""
	for i, a := range c.Args {
		switch {
		case (a == "-p" || a == "--project") && i+1 < len(c.Args):
			file = c.Args[i+1]
		case a == "--noEmit":
			noEmit = true
		case a == "--outDir" && i+1 < len(c.Args):
			outDir = c.Args[i+1]
		}
	}
	if c.FS.IsDir(file) {
		file = path.Join(file, "tsconfig.json")
	}
	data, err := c.FS.ReadFile(file)
	if err != nil {
		if file != "tsconfig.json" {
			c.Printf("error TS5058: The specified path does not exist: '%s'.\n", file)
			return 1
		}
		c.Printf("Version %s\ntsc: The TypeScript Compiler - Version %s\n", c.Program.Fact("package"), c.Program.Fact("package"))
		return 1
	}
	_ = json.Unmarshal(jsonComment.ReplaceAll(data, []byte("$1")), &cfg)
	dir := path.Dir(c.FS.Abs(file))
	if outDir == "" {
		outDir = cfg.CompilerOptions.OutDir
	}
	if noEmit || cfg.CompilerOptions.NoEmit {
		return 0
	}
	root := cfg.CompilerOptions.RootDir
	if root == "" && c.FS.IsDir(path.Join(dir, "src")) && outDir != "" {
		root = "src"
	}
	from, to := path.Join(dir, root), path.Join(dir, outDir)
	count := 0
	var failed error
	c.FS.Walk(from, func(p string, n *tree.Node, err error) bool {
		base := path.Base(p)
		if err != nil || base == "node_modules" || p == to && to != from || failed != nil || count > 20_000 {
			return false
		}
		ext := path.Ext(p)
		if n.Type != tree.File || ext != ".ts" && ext != ".tsx" || strings.HasSuffix(p, ".d.ts") {
			return true
		}
		out := strings.TrimSuffix(path.Join(to, strings.TrimPrefix(p, from)), ext) + ".js"
		if failed = c.FS.MkdirAll(path.Dir(out), 0o755); failed == nil {
			if text, ok := n.Content.Known(); ok {
				failed = c.FS.WriteFile(out, text, 0o644)
			} else {
				failed = c.FS.WriteContent(out, tree.Declared(n.Size(), "tsc:"+n.Content.ID(), nil), 0o644)
			}
		}
		count++
		return true
	})
	if failed != nil {
		c.Printf("error TS5033: Could not write file: %v.\n", failed)
		return 1
	}
	if count == 0 {
		c.Printf("error TS18003: No inputs were found in config file '%s'.\n", c.FS.Abs(file))
		return 2
	}
	c.Record(report.Event{Kind: "compile", Tool: "tsc", Name: path.Base(dir), Count: count})
	return 0
}

// outputs are the folders that bundlers write by default.
var outputs = map[string]string{"next": ".next", "react-scripts": "build"}

// bundle stands for a bundler's build: a folder of output whose size follows the sources. Starting a server with one is left to Node.js.
func bundle(ctx context.Context, c *tool.Call, name string) int {
	sub := ""
	if len(c.Args) > 1 && !strings.HasPrefix(c.Args[1], "-") {
		sub = c.Args[1]
	}
	if sub == "start" || sub == "dev" || sub == "preview" || sub == "serve" {
		port := map[string]int{"vite": 5173, "next": 3000, "webpack": 8080, "react-scripts": 3000, "nest": 3000}[name]
		if port == 0 {
			port = 3000
		}
		return c.Serve(ctx, c, tool.Service{Port: port, Runtime: "node", Graceful: true})
	}
	out := "dist"
	if o := outputs[name]; o != "" {
		out = o
	}
	var size int64
	id := "bundle:" + name
	count := 0
	c.FS.Walk(c.FS.Dir, func(p string, n *tree.Node, err error) bool {
		if err != nil || path.Base(p) == "node_modules" || path.Base(p) == out || strings.HasPrefix(path.Base(p), ".git") {
			return false
		}
		if n.Type == tree.File {
			size += n.Size()
			id += " " + n.Content.ID()
			count++
		}
		return count < 20_000
	})
	if err := c.FS.MkdirAll(out, 0o755); err != nil {
		c.Errorf("%v", err)
		return 1
	}
	if err := c.FS.WriteContent(path.Join(out, "main.js"), tree.Declared(size/2+150_000, id, nil), 0o644); err != nil {
		c.Errorf("%v", err)
		return 1
	}
	c.Record(report.Event{Kind: "compile", Tool: name, Name: path.Base(c.FS.Dir), Count: count})
	if c.Note != nil {
		c.Note(report.Note{Kind: "estimate", Text: "The output of " + name + " is an estimate: one file in " + out + "."})
	}
	return 0
}
