package npm

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"drydock/grader/report"
	"drydock/grader/tool"
	"drydock/grader/tree"
)

// script runs a script of package.json with those that go before and after it.
func (n *session) script(name string, args []string) error {
	p, err := n.project()
	if errors.Is(err, fs.ErrNotExist) {
		return n.missingProject()
	}
	if err != nil {
		return err
	}
	roots, err := n.chosenWorkspaces(p)
	if err != nil {
		return err
	}
	for _, w := range roots {
		if err := w.n.runScript(w.p, name, args); err != nil {
			return err
		}
	}
	return nil
}

type workspace struct {
	n *session
	p *project
}

// chosenWorkspaces are the projects that -w and --workspaces name; the project itself without them.
func (n *session) chosenWorkspaces(p *project) ([]workspace, error) {
	names := n.cfg["workspace"]
	if len(names) == 0 && !n.cfg.is("workspaces") {
		return []workspace{{n, p}}, nil
	}
	var out []workspace
	l := &lock{Packages: map[string]*entry{}}
	err := n.addWorkspaces(p, l, func(from string, q *project) {
		if len(names) > 0 && !slices.Contains(names, q.Name) && !slices.Contains(names, from) && !slices.Contains(names, path.Base(from)) {
			return
		}
		at := *n
		at.root = path.Join(n.root, from)
		out = append(out, workspace{&at, q})
	})
	if err == nil && len(out) == 0 {
		return nil, &failure{lines: []string{"No workspaces found:", "  --workspace=" + strings.Join(names, " --workspace=")}}
	}
	return out, err
}

func (n *session) runScript(p *project, name string, args []string) error {
	text, ok := p.Scripts[name]
	if !ok && name == "start" && n.FS.Exists(path.Join(n.root, "server.js")) {
		text, ok = "node server.js", true
	}
	if !ok && name == "restart" {
		for _, s := range []string{"stop", "start"} {
			if p.Scripts[s] != "" {
				if err := n.runScript(p, s, args); err != nil {
					return err
				}
			}
		}
		return nil
	}
	if !ok {
		if n.cfg.is("if-present") {
			return nil
		}
		return &failure{lines: []string{fmt.Sprintf("Missing script: %q", name), "", "To see a list of scripts, run:", "  npm run"}}
	}
	for _, s := range []string{"pre" + name, name, "post" + name} {
		body := p.Scripts[s]
		if s == name {
			body = text
			for _, a := range args {
				body += " " + quote(a)
			}
		} else if body == "" || n.cfg.is("ignore-scripts") {
			continue
		}
		if n.cfg.level() != "silent" {
			n.Printf("\n> %s %s\n> %s\n\n", label(p), s, body)
		}
		if code := n.shell(n.root, s, body); code != 0 {
			return exit(code)
		}
	}
	return nil
}

func label(p *project) string {
	if p.Version == "" {
		return p.Name
	}
	return p.Name + "@" + p.Version
}

// quote makes a word of the shell of an argument.
func quote(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=@,+%") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// shell runs the text of a script in a folder with the programs of its packages at hand.
func (n *session) shell(dir, event, body string) int {
	sh := "/bin/sh"
	if s := n.cfg.get("script-shell"); s != "" {
		sh = s
	}
	c := n.Child(sh, "-c", body)
	c.FS = n.FS.In(dir)
	c.Env = n.scriptEnv(dir).With("npm_lifecycle_event", event).With("npm_lifecycle_script", body)
	code, err := c.Exec(n.ctx)
	if err != nil {
		n.errorLine("code ENOENT")
		n.errorLine("syscall spawn " + sh)
		n.errorLine("path " + dir)
		n.errorLine("errno -2")
		n.errorLine("enoent spawn " + sh + " ENOENT")
		n.errorLine("enoent This is related to npm not being able to find a file.")
		n.errorLine("enoent")
		return 254
	}
	return code
}

// scriptEnv is the environment of a script: the .bin folders of all node_modules upwards lead PATH.
func (n *session) scriptEnv(dir string) tool.Env {
	var dirs []string
	for d := dir; ; d = path.Dir(d) {
		if path.Base(d) != "node_modules" {
			dirs = append(dirs, path.Join(d, "node_modules/.bin"))
		}
		if d == "/" {
			break
		}
	}
	old, ok := n.Env.Lookup("PATH")
	if !ok {
		old = tool.DefaultPath
	}
	env := n.Env.With("PATH", strings.Join(append(dirs, old), ":")).With("INIT_CWD", n.FS.Dir).With("npm_command", n.command)
	if dev, _, _ := n.omits(); dev && env.Get("NODE_ENV") == "" {
		env = env.With("NODE_ENV", "production")
	}
	return env
}

// scripts lists the scripts, as npm run alone does.
func (n *session) scripts() error {
	p, err := n.project()
	if errors.Is(err, fs.ErrNotExist) {
		return n.missingProject()
	}
	if err != nil {
		return err
	}
	lifecycle := []string{"start", "test", "stop", "restart", "prepare", "install", "preinstall", "postinstall"}
	show := func(title string, match bool) {
		first := true
		for _, k := range slices.Sorted(maps.Keys(p.Scripts)) {
			if slices.Contains(lifecycle, k) != match {
				continue
			}
			if first {
				n.Printf("%s\n", title)
				first = false
			}
			n.Printf("  %s\n    %s\n", k, p.Scripts[k])
		}
	}
	show("Lifecycle scripts included in "+label(p)+":", true)
	show("available via `npm run`:", false)
	return nil
}

// lifecycle runs the project's own scripts after its dependencies are in place.
func (n *session) lifecycle(p *project) error {
	if n.cfg.is("ignore-scripts") {
		return nil
	}
	for _, s := range []string{"preinstall", "install", "postinstall", "prepublish", "preprepare", "prepare", "postprepare"} {
		body := p.Scripts[s]
		if body == "" {
			continue
		}
		if n.cfg.level() != "silent" {
			n.Printf("\n> %s %s\n> %s\n\n", label(p), s, body)
		}
		if code := n.shell(n.root, s, body); code != 0 {
			return &failure{code: fmt.Sprint(code), status: code, lines: []string{"path " + n.root, "command failed", "command sh -c " + body}}
		}
	}
	return nil
}

// packageScripts stands for a package's own install scripts. Those that compile need a compiler and Python; others fetch or
// check something and are taken to succeed.
func (n *session) packageScripts(q planned) error {
	m := n.manifest(q.name, q.entry)
	script := m.Scripts["install"]
	if script == "" && m.Gyp && m.Scripts["preinstall"] == "" {
		script = "node-gyp rebuild"
	}
	switch {
	case script == "":
		return nil
	case !strings.Contains(script, "node-gyp rebuild"):
		if strings.Contains(script, "node-pre-gyp") || strings.Contains(script, "prebuild-install") {
			return n.addon(q, "prebuilt")
		}
		return nil
	}
	for _, need := range []string{"python3", "make", "g++"} {
		if _, err := tool.Find(n.FS, n.Env, need); err == nil {
			continue
		}
		if q.Optional {
			return nil
		}
		dir := path.Join(n.root, q.path)
		lines := []string{"path " + dir, "command failed", "command sh -c " + script}
		if need == "python3" {
			lines = append(lines, "gyp info it worked if it ends with ok", "gyp ERR! find Python", "gyp ERR! find Python Python is not set from command line or npm configuration",
				"gyp ERR! find Python checking if \"python3\" can be used", "gyp ERR! find Python - executable path is \"\"", "gyp ERR! configure error",
				"gyp ERR! stack Error: Could not find any Python installation to use", "gyp ERR! cwd "+dir, "gyp ERR! not ok")
		} else {
			lines = append(lines, "gyp ERR! build error", "gyp ERR! stack Error: not found: "+need, "gyp ERR! cwd "+dir, "gyp ERR! not ok")
		}
		return &failure{code: "1", lines: lines}
	}
	n.Record(report.Event{Kind: "compile", Tool: "node-gyp", Name: q.name, Version: q.Version, Count: 1})
	return n.addon(q, "compiled")
}

// addonSize is that of a middling compiled addon; it is an estimate, as a note says.
const addonSize = 180_000

// addon leaves a package's compiled part in place.
func (n *session) addon(q planned, how string) error {
	_, _, libc := n.platform()
	base := path.Base(q.name)
	facts := map[string]string{"package": "npm:" + q.name + "@" + q.Version, "kind": "addon", "arch": n.Arch, "libc": libc}
	at := path.Join(n.root, q.path, "build/Release")
	if err := n.FS.MkdirAll(at, 0o755); err != nil {
		return n.filesystem(err)
	}
	c := tree.Declared(addonSize, fmt.Sprintf("npm:%s@%s/%s-%s-%s.node", q.name, q.Version, how, n.Arch, libc), facts)
	if err := n.FS.WriteContent(path.Join(at, base+".node"), c, 0o755); err != nil {
		return n.filesystem(err)
	}
	n.note("estimate", fmt.Sprintf("The size of what %s compiles or fetches when it is installed is an estimate.", q.name))
	return nil
}
