package python

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"drydock/grader/report"
	"drydock/grader/tool"
)

// lockFile is uv.lock, poetry.lock or pylock.toml as far as it is read.
type lockFile struct {
	Package []lockedPackage
}

type lockedPackage struct {
	Name    string
	Version string
	Source  map[string]any
	Groups  []string
}

// uv models the uv command.
func uv(ctx context.Context, c *tool.Call) int {
	args := c.Args[1:]
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		if args[0] == "--version" || args[0] == "-V" {
			c.Printf("uv %s\n", or(c.Program.Fact("version"), "0.9.11"))
			return 0
		}
		args = args[1:]
	}
	if c.Name() == "uvx" || len(args) == 0 {
		c.Errorf("An extremely fast Python package manager.\n\nUsage: uv [OPTIONS] <COMMAND>")
		return 2
	}
	in := findPython(c)
	if in == nil {
		c.Errorf("error: No interpreter found in virtual environments, managed installations, or search path")
		return 2
	}
	switch args[0] {
	case "pip":
		return in.uvPip(ctx, args[1:])
	case "venv":
		dir := ".venv"
		if ops := operandsOf(args[1:], "--python", "-p", "--prompt"); len(ops) > 0 {
			dir = ops[0]
		}
		c.Errorf("Using CPython %s interpreter at: %s\nCreating virtual environment at: %s\nActivate with: source %[3]s/bin/activate", in.version, in.exe, dir)
		return in.makeVenv([]string{dir}, true)
	case "sync":
		return in.uvSync(ctx, args[1:])
	case "run":
		return in.uvRun(ctx, args[1:])
	case "lock", "export", "python", "cache", "tool", "init", "add", "remove", "tree", "build", "self":
		if args[0] == "add" || args[0] == "tool" {
			c.Note(report.Note{Kind: "unknown", Text: fmt.Sprintf("Drydock does not model uv %s: it is taken to succeed.", args[0])})
		}
		return 0
	}
	c.Errorf("error: unrecognized subcommand '%s'\n\nUsage: uv [OPTIONS] <COMMAND>\n\nFor more information, try '--help'.", args[0])
	return 2
}

// findPython finds the Python that uv works with: an environment in VIRTUAL_ENV or .venv, else the first on PATH.
func findPython(c *tool.Call) *interp {
	at := func(p string) *interp {
		content, err := c.FS.Content(p)
		if err != nil {
			return nil
		}
		d := *c
		d.Path, d.Program = p, content
		return locate(&d)
	}
	for _, p := range []string{c.Env.Get("VIRTUAL_ENV") + "/bin/python", ".venv/bin/python"} {
		if !strings.HasPrefix(p, "/bin") {
			if in := at(p); in != nil {
				return in
			}
		}
	}
	for _, name := range []string{"python3", "python"} {
		if p, err := tool.Find(c.FS, c.Env, name); err == nil {
			return at(p)
		}
	}
	return nil
}

func (in *interp) uvJob() *pipJob {
	cache := in.Env.Get("UV_CACHE_DIR")
	if cache == "" {
		cache = path.Join(or(in.Env.Get("XDG_CACHE_HOME"), path.Join(in.home(), ".cache")), "uv")
	}
	p := &pipJob{interp: in, name: "uv", cache: cache, noCompile: !truthy(in.Env.Get("UV_COMPILE_BYTECODE"))}
	if truthy(in.Env.Get("UV_NO_CACHE")) {
		p.cache = ""
	}
	return p
}

// uvPip is uv pip install, sync, uninstall, list, freeze.
func (in *interp) uvPip(ctx context.Context, args []string) int {
	if len(args) == 0 {
		return 2
	}
	p := in.uvJob()
	system := truthy(in.Env.Get("UV_SYSTEM_PYTHON"))
	var rest []string
	for _, a := range args[1:] {
		switch a {
		case "--system":
			system = true
		case "--no-cache", "-n":
			p.cache = ""
		case "--compile-bytecode":
			p.noCompile = false
		case "--frozen", "--locked", "--no-progress", "--strict", "--exact", "--native-tls", "--offline":
		default:
			rest = append(rest, a)
		}
	}
	operands, bad := p.options(rest)
	if bad != "" {
		in.Errorf("error: unexpected argument '%s' found\n\nUsage: uv pip %s [OPTIONS]\n\nFor more information, try '--help'.", strings.TrimPrefix(bad, "no such option: "), args[0])
		return 2
	}
	if !in.venv && !system && p.dir == "" && p.prefixDir == "" {
		in.Errorf("error: No virtual environment found; run `uv venv` to create an environment, or pass `--system` to install into a non-virtual environment")
		return 2
	}
	p.breakSystem = p.breakSystem || system && !in.debian
	switch args[0] {
	case "install":
		return p.install(ctx, "install", operands)
	case "sync":
		p.files, p.noDeps = append(p.files, operands...), true
		return p.install(ctx, "install", nil)
	case "uninstall":
		return p.uninstall(operands)
	case "list", "freeze":
		return p.list(args[0], args)
	}
	return 0
}

// uvSync is uv sync: the project's environment as uv.lock has it.
func (in *interp) uvSync(ctx context.Context, args []string) int {
	dir := "."
	if d := option(args, "--project"); d != "" {
		dir = d
	}
	proj, err := in.readProject(dir)
	if err != nil {
		in.Errorf("error: No `pyproject.toml` found in current directory or any parent directory")
		return 2
	}
	frozen := slices.Contains(args, "--frozen")
	locked := slices.Contains(args, "--locked")
	lock := &lockFile{}
	data, err := in.FS.ReadFile(path.Join(dir, "uv.lock"))
	switch {
	case err != nil && frozen:
		in.Errorf("error: Unable to find lockfile at `uv.lock`. To create a lockfile, run `uv lock` or `uv sync`.")
		return 2
	case err != nil && locked:
		in.Errorf("error: Unable to find lockfile at `uv.lock`. To create a lockfile, run `uv lock` or `uv sync`.")
		return 2
	case err == nil:
		if err := toml.Unmarshal(data, lock); err != nil {
			in.Errorf("error: Failed to parse `uv.lock`\n  Caused by: %v", err)
			return 2
		}
		if locked && !lock.covers(proj.Project.Dependencies, in) {
			in.Errorf("error: The lockfile at `uv.lock` needs to be updated, but `--locked` was provided. To update the lockfile, run `uv lock`.")
			return 1
		}
	}
	env := or(in.Env.Get("UV_PROJECT_ENVIRONMENT"), path.Join(dir, ".venv"))
	if !in.FS.Exists(path.Join(env, "bin/python")) {
		in.Errorf("Using CPython %s interpreter at: %s\nCreating virtual environment at: %s", in.version, in.exe, env)
		if s := in.oneVenv(in.FS.Abs(env), true, false); s != 0 {
			return 2
		}
	}
	py := path.Join(env, "bin/python")
	c := *in.Call
	content, cerr := in.FS.Content(py)
	if cerr != nil {
		in.Errorf("error: Failed to inspect Python interpreter from active virtual environment at `%s`", py)
		return 2
	}
	c.Path, c.Program = py, content
	venv := locate(&c)
	p := venv.uvJob()
	p.noDeps = len(lock.Package) > 0
	if slices.Contains(args, "--compile-bytecode") {
		p.noCompile = false
	}
	if slices.Contains(args, "--no-cache") {
		p.cache = ""
	}
	skip := lock.dev(slices.Contains(args, "--no-dev") || truthy(in.Env.Get("UV_NO_DEV")), proj)
	var operands []string
	for _, q := range lock.Package {
		if _, virtual := q.Source["virtual"]; virtual || q.Name == proj.Project.Name || skip[q.Name] {
			continue
		}
		operands = append(operands, q.Name+"=="+q.Version)
	}
	if len(lock.Package) == 0 {
		operands = proj.Project.Dependencies
	}
	if len(operands) > 0 {
		if s := p.install(ctx, "install", operands); s != 0 {
			return s
		}
	}
	packaged := false
	for _, q := range lock.Package {
		if _, ok := q.Source["editable"]; ok && q.Name == proj.Project.Name {
			packaged = true
		}
	}
	if packaged && !slices.Contains(args, "--no-install-project") {
		return p.install(ctx, "install", []string{"-e\x00" + or(map[bool]string{true: "."}[dir == "."], dir)})
	}
	return 0
}

// covers reports whether every dependency stands in the lock file with a version that fits.
func (l *lockFile) covers(lines []string, in *interp) bool {
	for _, line := range lines {
		r, ok, err := in.parseRequirement(line)
		if err != nil || !ok {
			continue
		}
		if !slices.ContainsFunc(l.Package, func(q lockedPackage) bool {
			return strings.EqualFold(strings.ReplaceAll(q.Name, "_", "-"), strings.ReplaceAll(r.name, "_", "-")) && holdAll(r.specs, q.Version)
		}) {
			return false
		}
	}
	return true
}

// dev lists the packages that only development needs, where those are left out: the ones named there and nowhere else.
func (l *lockFile) dev(leaveOut bool, proj *project) map[string]bool {
	out := map[string]bool{}
	if !leaveOut {
		return out
	}
	add := func(line string) {
		name := strings.FieldsFunc(line, func(c rune) bool { return strings.ContainsRune("<>=!~[; ", c) })
		if len(name) > 0 {
			out[name[0]] = true
			for _, r := range requirementNames(known(name[0])) {
				out[r] = true
			}
		}
	}
	for _, x := range proj.Groups["dev"] {
		if s, ok := x.(string); ok {
			add(s)
		}
	}
	for _, s := range proj.Tool.UV.Dev {
		add(s)
	}
	var keep func(line string, depth int)
	keep = func(line string, depth int) {
		name := strings.FieldsFunc(line, func(c rune) bool { return strings.ContainsRune("<>=!~[; ", c) })
		if len(name) == 0 || depth > 20 {
			return
		}
		delete(out, name[0])
		for _, r := range requirementNames(known(name[0])) {
			keep(r, depth+1)
		}
	}
	for _, line := range proj.Project.Dependencies {
		keep(line, 0)
	}
	return out
}

// uvRun is uv run: a command with the project's environment first on PATH.
func (in *interp) uvRun(ctx context.Context, args []string) int {
	sync := true
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		if args[0] == "--no-sync" {
			sync = false
		}
		if args[0] == "--" {
			args = args[1:]
			break
		}
		args = args[1:]
	}
	if len(args) == 0 {
		return 2
	}
	if sync && in.FS.Exists("pyproject.toml") {
		if s := in.uvSync(ctx, nil); s != 0 {
			return s
		}
	}
	child := in.Child(args...)
	env := or(in.Env.Get("UV_PROJECT_ENVIRONMENT"), in.FS.Abs(".venv"))
	if in.FS.IsDir(env) {
		child.Env = in.Env.With("VIRTUAL_ENV", env).With("PATH", path.Join(env, "bin")+":"+in.Env.Get("PATH"))
	}
	if strings.HasSuffix(args[0], ".py") {
		child.Args = append([]string{"python"}, args...)
	}
	status, err := child.Exec(ctx)
	if err != nil {
		in.Errorf("error: Failed to spawn: `%s`\n  Caused by: No such file or directory (os error 2)", args[0])
		return 2
	}
	return status
}

// poetry models poetry install, run and the commands that only write files.
func poetry(ctx context.Context, c *tool.Call) int {
	args := operandsOf(c.Args[1:], "--directory", "-C", "--with", "--without", "--only", "-E", "--extras")
	if len(args) == 0 || slices.Contains(c.Args, "--version") {
		c.Printf("Poetry (version %s)\n", or(c.Program.Fact("version"), "2.2.1"))
		return 0
	}
	in := findPython(c)
	if in == nil {
		c.Errorf("No Python found")
		return 1
	}
	switch args[0] {
	case "install", "sync":
		return in.poetryInstall(ctx, c.Args[1:])
	case "run":
		return in.uvRun(ctx, append([]string{"--no-sync", "--"}, args[1:]...))
	case "config", "lock", "check", "build", "version", "env", "export", "self", "cache":
		return 0
	}
	c.Errorf("\nThe command \"%s\" does not exist.", args[0])
	return 1
}

func (in *interp) poetryInstall(ctx context.Context, args []string) int {
	proj, err := in.readProject(".")
	if err != nil {
		in.Errorf("\nPoetry could not find a pyproject.toml file in %s or its parents", in.FS.Abs("."))
		return 1
	}
	p := in.uvJob()
	p.name, p.cache = "poetry", path.Join(in.home(), ".cache/pypoetry")
	if inProject := in.Env.Get("POETRY_VIRTUALENVS_CREATE"); inProject != "false" && !in.venv {
		env := path.Join(in.home(), ".cache/pypoetry/virtualenvs/"+proj.Project.Name+"-py3")
		if truthy(in.Env.Get("POETRY_VIRTUALENVS_IN_PROJECT")) {
			env = in.FS.Abs(".venv")
		}
		if s := in.oneVenv(env, true, false); s != 0 {
			return 1
		}
		p.dir = path.Join(env, "lib", "python"+strings.Join(strings.Split(in.version, ".")[:2], "."), "site-packages")
	}
	p.breakSystem = true
	operands := proj.Project.Dependencies
	lock := &lockFile{}
	if data, err := in.FS.ReadFile("poetry.lock"); err == nil && toml.Unmarshal(data, lock) == nil && len(lock.Package) > 0 {
		operands, p.noDeps = nil, true
		onlyMain := slices.Contains(args, "--no-dev") || option(args, "--only") == "main" || strings.Contains(option(args, "--without"), "dev")
		for _, q := range lock.Package {
			if onlyMain && len(q.Groups) > 0 && !slices.Contains(q.Groups, "main") {
				continue
			}
			operands = append(operands, q.Name+"=="+q.Version)
		}
	}
	in.Printf("Installing dependencies from lock file\n")
	if len(operands) > 0 {
		if s := p.install(ctx, "install", operands); s != 0 {
			return s
		}
	}
	return 0
}
