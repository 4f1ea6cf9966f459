package npm

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"strings"

	"drydock/grader/report"
	"drydock/grader/tool"
	"drydock/grader/vfs"
)

// npx is npx, which is npm exec by another name.
func (s *shelf) npx(ctx context.Context, c *tool.Call) int {
	n, err := s.session(ctx, c)
	if err != nil {
		c.Errorf("npx: %v", err)
		return 1
	}
	args, rest, err := n.configure(c.Args[1:])
	if err != nil {
		return n.fail(err)
	}
	if n.cfg.is("version") && len(args) == 0 {
		c.Printf("%s\n", n.version)
		return 0
	}
	if !n.hasNode() {
		return 127
	}
	n.command = "exec"
	return n.logRun(n.fail(n.exec(append(args, rest...))))
}

// exec runs a package's program: of this project, on PATH, or fetched for the occasion.
func (n *session) exec(args []string) error {
	if body := n.cfg.get("call"); body != "" {
		return status(n.shell(n.FS.Dir, "npx", body))
	}
	if len(args) == 0 {
		return &failure{code: "EUSAGE", lines: []string{"", "Run a command from a local or remote npm package"}}
	}
	name, spec := splitSpec(args[0])
	program := path.Base(name)
	env := n.scriptEnv(n.FS.Dir)
	c := n.Child(append([]string{program}, args[1:]...)...)
	c.Env = env
	if spec == "" && n.cfg.get("package") == "" {
		if _, err := tool.Find(n.FS, env, program); err == nil {
			return n.start(c)
		}
	}
	want := args[0]
	if p := n.cfg.get("package"); p != "" {
		want = p
		program = args[0]
		c.Args[0] = program
	}
	dir := path.Join(n.cacheDir(), "_npx", sumOf("", "npx:"+want)[:16])
	at := *n
	at.root, at.command, at.args = dir, "install", nil
	at.cfg = config{"loglevel": {"silent"}, "cache": {n.cacheDir()}}
	if !n.FS.Exists(path.Join(dir, "package.json")) {
		if err := n.FS.MkdirAll(dir, 0o755); err != nil {
			return n.cacheDenied(err)
		}
		pkg, spec := splitSpec(want)
		if spec == "" {
			spec = "^" + n.pick(pkg, "")
		}
		text := "{\n  \"dependencies\": {\n    \"" + pkg + "\": \"" + spec + "\"\n  }\n}\n"
		if err := n.FS.WriteFile(path.Join(dir, "package.json"), []byte(text), 0o644); err != nil {
			return n.filesystem(err)
		}
		if err := at.install(); err != nil {
			return err
		}
	}
	old, _ := env.Lookup("PATH")
	c.Env = env.With("PATH", path.Join(dir, "node_modules/.bin")+":"+old)
	if _, err := tool.Find(n.FS, c.Env, program); err != nil {
		if bins, _ := n.FS.ReadDir(path.Join(dir, "node_modules/.bin")); len(bins) > 0 && n.cfg.get("package") == "" {
			c.Args[0] = bins[0]
			if i := strings.Index(strings.Join(bins, "\x00"), program); i >= 0 {
				for _, b := range bins {
					if strings.Contains(b, program) {
						c.Args[0] = b
						break
					}
				}
			}
		} else {
			return &failure{lines: []string{"could not determine executable to run"}}
		}
	}
	return n.start(c)
}

func (n *session) start(c *tool.Call) error {
	code, err := c.Exec(n.ctx)
	if err != nil {
		n.Errorf("sh: 1: %s: %s", c.Args[0], strings.ToLower(vfs.Message(err)))
		if errors.Is(err, fs.ErrNotExist) {
			return exit(127)
		}
		return exit(126)
	}
	return status(code)
}

// packageBin stands for a program that a package brought. Those that only start Node.js do so; compilers and bundlers leave what
// they would have written; test runners and linters are taken to pass.
func (s *shelf) packageBin(ctx context.Context, c *tool.Call) int {
	name := c.Program.Fact("bin")
	switch name {
	case "yarn", "yarnpkg":
		return s.yarn(ctx, c)
	case "pnpm", "pnpx":
		return s.pnpm(ctx, c)
	case "npm":
		return s.npm(ctx, c)
	}
	version := strings.TrimPrefix(c.Program.Fact("package"), "npm:")
	version = version[strings.LastIndex(version, "@")+1:]
	if len(c.Args) == 2 && (c.Args[1] == "--version" || c.Args[1] == "-v") {
		c.Printf("%s\n", version)
		return 0
	}
	switch name {
	case "nodemon", "ts-node", "tsx", "ts-node-dev", "node-dev", "pm2-runtime", "pm2-docker", "cross-env", "dotenv":
		return launch(ctx, c, name)
	case "tsc":
		return compileTypeScript(c)
	case "next", "vite", "webpack", "nest", "ng", "rollup", "esbuild", "parcel", "react-scripts", "babel", "swc", "tsup":
		return bundle(ctx, c, name)
	}
	if c.Note != nil {
		c.Note(report.Note{Kind: "unknown", Text: name + " is not run: it is taken to succeed and to change nothing."})
	}
	return 0
}
