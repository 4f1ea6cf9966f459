package golang

import (
	"context"
	"fmt"
	"go/format"
	"path"
	"strings"

	modpath "golang.org/x/mod/module"

	"drydock/grader/report"
	"drydock/grader/tool"
	"drydock/grader/tree"
	"drydock/grader/vfs"
)

// prepare loads the module and the packages that operands name. It returns a status other than 0 after an error, which was printed.
func (j *job) prepare(ctx context.Context, operands []string) ([]*pkg, int) {
	files := len(operands) > 0 && strings.HasSuffix(operands[0], ".go")
	if err := j.load(); err != nil {
		if !files || err != errNoModule {
			if err == errNoModule && len(operands) > 0 && strings.HasSuffix(operands[0], "...") {
				j.Errorf("pattern %s: directory prefix . does not contain main module or its selected dependencies", operands[0])
				return nil, 1
			}
			j.Errorf("%v", err)
			return nil, 1
		}
	}
	if files {
		for _, f := range operands {
			if !strings.HasSuffix(f, ".go") {
				j.Errorf("named files must be .go files: %s", f)
				return nil, 1
			}
			if !j.FS.Exists(f) {
				j.Errorf("no required module provides package %s; to add it:\n\tgo get %[1]s", f)
				return nil, 1
			}
		}
		p := &pkg{dir: path.Dir(j.FS.Abs(operands[0])), path: "command-line-arguments"}
		var names []string
		for _, f := range operands {
			names = append(names, j.FS.Abs(f))
		}
		return []*pkg{p}, j.loadAll(ctx, []*pkg{p}, names)
	}
	pkgs, problem := j.dirs(operands)
	if problem != "" {
		j.Errorf("%s", problem)
		return nil, 1
	}
	if len(pkgs) == 0 {
		if len(operands) > 0 && strings.Contains(operands[0], "...") {
			j.Errorf("go: warning: %q matched no packages", operands[0])
		}
		return nil, 0
	}
	return pkgs, j.loadAll(ctx, pkgs, nil)
}

func build(ctx context.Context, j *job, args []string) int {
	operands, ok := j.parse("build", args)
	if !ok {
		return 2
	}
	pkgs, status := j.prepare(ctx, operands)
	if status != 0 {
		return status
	}
	if status := j.compileAll(ctx); status != 0 {
		return status
	}
	var mains []*pkg
	for _, p := range pkgs {
		if p.name == "main" {
			mains = append(mains, p)
		}
	}
	out := j.opts.out
	switch {
	case out == "" && len(pkgs) != 1, out == "" && len(mains) == 0, out == "/dev/null":
		return 0
	case out != "" && (strings.HasSuffix(out, "/") || j.FS.IsDir(out)):
		if len(mains) == 0 {
			j.Errorf("go: no main packages to build")
			return 1
		}
		for _, p := range mains {
			if s := j.write(path.Join(out, j.binaryName(p, operands)), p); s != 0 {
				return s
			}
		}
		return 0
	case len(pkgs) > 1:
		j.Errorf("go: cannot write multiple packages to non-directory %s", out)
		return 1
	case len(mains) == 0:
		j.FS.MkdirAll(path.Dir(out), 0o777)
		return j.put(out, tree.Declared(20_000, "goarchive:"+j.loader.digestOf(pkgs[0], 0), map[string]string{"kind": "go archive"}), 0o666)
	}
	if out == "" {
		out = j.binaryName(mains[0], operands)
		if j.FS.IsDir(out) {
			j.Errorf("go: build output %q already exists and is a directory", out)
			return 1
		}
	}
	return j.write(out, mains[0])
}

// binaryName is what a main package's binary is called: the last element of its import path, a major version left out.
func (j *job) binaryName(p *pkg, operands []string) string {
	name := p.path
	if name == "command-line-arguments" && len(operands) > 0 {
		name = strings.TrimSuffix(path.Base(operands[0]), ".go")
	}
	base := path.Base(name)
	if len(base) > 1 && base[0] == 'v' && strings.Trim(base[1:], "0123456789") == "" && path.Dir(name) != "." {
		base = path.Base(path.Dir(name))
	}
	if j.goos == "windows" {
		base += ".exe"
	}
	return base
}

// write links a main package and puts its binary at out.
func (j *job) write(out string, p *pkg) int {
	prog := j.link(p)
	if err := j.FS.MkdirAll(path.Dir(j.FS.Abs(out)), 0o777); err != nil {
		j.Errorf("go: failed to create directory %s: %s", path.Dir(out), vfs.Message(err))
		return 1
	}
	return j.put(out, tree.Declared(prog.size, "gobinary:"+prog.digest, prog.facts), 0o777)
}

func (j *job) put(out string, c *tree.Content, perm uint32) int {
	if n, err := j.FS.Stat(out); err == nil && !n.IsDir() {
		j.FS.Remove(out)
	}
	if err := j.FS.WriteContent(out, c, perm); err != nil {
		j.Errorf("go: open %s: %s", out, strings.ToLower(vfs.Message(err)))
		return 1
	}
	return 0
}

func install(ctx context.Context, j *job, args []string) int {
	operands, ok := j.parse("install", args)
	if !ok {
		return 2
	}
	dir := j.bin
	if j.goos != "linux" || j.arch != or(j.Arch, "amd64") {
		dir = path.Join(dir, j.goos+"_"+j.arch)
	}
	if len(operands) > 0 && strings.Contains(operands[0], "@") {
		for _, o := range operands {
			if s := j.installRemote(dir, o); s != 0 {
				return s
			}
		}
		return 0
	}
	pkgs, status := j.prepare(ctx, operands)
	if status != 0 {
		return status
	}
	if status := j.compileAll(ctx); status != 0 {
		return status
	}
	for _, p := range pkgs {
		if p.name == "main" {
			if s := j.write(path.Join(dir, j.binaryName(p, operands)), p); s != 0 {
				return s
			}
		}
	}
	return 0
}

// installRemote is go install of a program at a version: nothing is known of it but its module's name.
func (j *job) installRemote(dir, what string) int {
	p, v, _ := strings.Cut(what, "@")
	mod := p
	if i := strings.Index(p, "/cmd/"); i > 0 {
		mod = p[:i]
	}
	facts := moduleFacts(mod)
	if v == "latest" || v == "" {
		v = facts.latest
	}
	if err := modpath.CheckPath(p); err != nil {
		j.Errorf("go: %s: %v", what, err)
		return 1
	}
	if err := j.fetch(modpath.Version{Path: mod, Version: v}); err != nil {
		j.Errorf("go: %v", err)
		return 1
	}
	if err := j.FS.MkdirAll(dir, 0o777); err != nil {
		j.Errorf("go: mkdir %s: permission denied", dir)
		return 1
	}
	j.Record(report.Event{Kind: "compile", Tool: "go", Name: p, Version: v, Count: 150})
	j.Note(report.Note{Kind: "unknown", Text: fmt.Sprintf("Drydock does not know what %s does or depends on: its binary is a stand-in.", p)})
	name := path.Base(p)
	if len(name) > 1 && name[0] == 'v' && strings.Trim(name[1:], "0123456789") == "" {
		name = path.Base(path.Dir(p))
	}
	id := fmt.Sprintf("gobinary:%s@%s %s %s", p, v, j.version, j.arch)
	return j.put(path.Join(dir, name), tree.Declared(8_000_000, id, map[string]string{"program": "go-tool", "elf": "static", "arch": j.arch, "package": "go:" + p + "@" + v}), 0o777)
}

func run(ctx context.Context, j *job, args []string) int {
	operands, ok := j.parse("run", args)
	if !ok {
		return 2
	}
	if len(operands) == 0 {
		j.Errorf("go: no go files listed")
		return 1
	}
	n := 1
	if strings.HasSuffix(operands[0], ".go") {
		for n < len(operands) && strings.HasSuffix(operands[n], ".go") {
			n++
		}
	}
	pkgs, status := j.prepare(ctx, operands[:n])
	if status != 0 {
		return status
	}
	if len(pkgs) != 1 || pkgs[0].name != "main" {
		if len(pkgs) == 1 {
			j.Errorf("package %s is not a main package", pkgs[0].path)
		} else {
			j.Errorf("go: go run: no go files listed")
		}
		return 1
	}
	if status := j.compileAll(ctx); status != 0 {
		return status
	}
	dir := or(j.Env.Get("TMPDIR"), "/tmp")
	if !j.FS.IsDir(dir) || j.FS.Access(dir, 2) != nil {
		j.Errorf("go: creating work dir: stat %s: no such file or directory", dir)
		return 1
	}
	exe := path.Join(dir, "go-build", "b001", "exe", j.binaryName(pkgs[0], operands[:n]))
	if s := j.write(exe, pkgs[0]); s != 0 {
		return s
	}
	defer j.FS.RemoveAll(path.Join(dir, "go-build"))
	child := j.Child(append([]string{exe}, operands[n:]...)...)
	host := *j.Host
	if serve := host.Serve; serve != nil { // go run passes no signal on
		host.Serve = func(ctx context.Context, c *tool.Call, s tool.Service) int {
			s.Graceful = false
			return serve(ctx, c, s)
		}
	}
	child.Host = &host
	status = child.Run(ctx)
	if status != 0 {
		j.Errorf("exit status %d", status)
		return 1
	}
	return 0
}

func vet(ctx context.Context, j *job, args []string) int {
	operands, ok := j.parse("vet", args)
	if !ok {
		return 2
	}
	pkgs, status := j.prepare(ctx, operands)
	if status != 0 {
		return status
	}
	for _, p := range pkgs {
		errs := p.broken
		if len(errs) == 0 {
			errs = j.loader.check(p)
		}
		if len(errs) > 0 {
			j.Errorf("# %s\n# [%[1]s]\nvet: %s", p.path, errs[0])
			status = 1
		}
	}
	if status != 0 {
		return status
	}
	return j.compileAll(ctx)
}

func test(ctx context.Context, j *job, args []string) int {
	operands, ok := j.parse("test", args)
	if !ok {
		return 2
	}
	pkgs, status := j.prepare(ctx, operands)
	if status != 0 {
		j.Printf("FAIL\n")
		return status
	}
	if status := j.compileAll(ctx); status != 0 {
		for _, p := range pkgs {
			j.Printf("FAIL\t%s [build failed]\n", p.path)
		}
		j.Printf("FAIL\n")
		return 1
	}
	ran := false
	for _, p := range pkgs {
		if len(p.tests) == 0 {
			j.Printf("?   \t%s\t[no test files]\n", p.path)
			continue
		}
		ran = true
		j.Printf("ok  \t%s\t0.004s\n", p.path)
	}
	if ran {
		j.Record(report.Event{Kind: "test", Tool: "go", Name: j.mainPath()})
		j.Note(report.Note{Kind: "unknown", Text: "Drydock does not run tests: they are taken to pass."})
	}
	return 0
}

func generate(ctx context.Context, j *job, args []string) int {
	operands, ok := j.parse("generate", args)
	if !ok {
		return 2
	}
	pkgs, status := j.prepare(ctx, operands)
	if status != 0 {
		return status
	}
	for _, p := range pkgs {
		for i, src := range p.sources {
			for n, line := range strings.Split(string(src), "\n") {
				command, ok := strings.CutPrefix(line, "//go:generate ")
				if !ok {
					continue
				}
				child := j.Child(strings.Fields(command)...)
				child.FS = j.FS.In(p.dir)
				if len(child.Args) == 0 {
					continue
				}
				status, err := child.Exec(ctx)
				if err != nil {
					j.Errorf("%s:%d: running %q: exec: %[3]q: executable file not found in $PATH", p.names[i], n+1, child.Args[0])
					return 1
				}
				if status != 0 {
					j.Errorf("%s:%d: running %q: exit status %d", p.names[i], n+1, child.Args[0], status)
					return 1
				}
			}
		}
	}
	return 0
}

func list(ctx context.Context, j *job, args []string) int {
	operands, ok := j.parse("list", args)
	if !ok {
		return 2
	}
	if err := j.load(); err != nil {
		j.Errorf("%v", err)
		return 1
	}
	if j.has("m") {
		j.Printf("%s\n", j.module.path())
		if len(operands) > 0 && operands[0] == "all" {
			for _, r := range j.module.file.Require {
				j.Printf("%s %s\n", r.Mod.Path, r.Mod.Version)
			}
		}
		return 0
	}
	pkgs, problem := j.dirs(operands)
	if problem != "" {
		j.Errorf("%s", problem)
		return 1
	}
	for _, p := range pkgs {
		switch j.value("f") {
		case "{{.Dir}}":
			j.Printf("%s\n", p.dir)
		default:
			j.Printf("%s\n", p.path)
		}
	}
	return 0
}

func clean(_ context.Context, j *job, args []string) int {
	if _, ok := j.parse("clean", args); !ok {
		return 2
	}
	if j.has("cache") {
		j.FS.RemoveAll(j.cache)
	}
	if j.has("modcache") {
		j.FS.RemoveAll(j.modCache)
	}
	return 0
}

func get(ctx context.Context, j *job, args []string) int {
	operands, ok := j.parse("get", args)
	if !ok {
		return 2
	}
	if err := j.load(); err != nil {
		if err == errNoModule && len(operands) > 0 {
			j.Errorf("go: go.mod file not found in current directory or any parent directory.\n\t'go get' is no longer supported outside a module.\n" +
				"\tTo build and install a command, use 'go install' with a version,\n\tlike 'go install example.com/cmd@latest'\n" +
				"\tFor more information, see https://golang.org/doc/go-get-install-deprecation\n\tor run 'go help get' or 'go help install'.")
			return 1
		}
		j.Errorf("%v", err)
		return 1
	}
	for _, o := range operands {
		if strings.HasPrefix(o, ".") || o == "all" {
			continue
		}
		p, v, _ := strings.Cut(o, "@")
		if p == "go" || p == "toolchain" {
			continue
		}
		facts := moduleFacts(p)
		if v == "" || v == "latest" || v == "upgrade" {
			v = facts.latest
		}
		if v == "none" {
			j.module.file.DropRequire(p)
			continue
		}
		if err := j.fetch(modpath.Version{Path: p, Version: v}); err != nil {
			j.Errorf("go: %v", err)
			return 1
		}
		j.Errorf("go: added %s %s", p, v)
		j.module.file.AddRequire(p, v)
	}
	return j.saveModule()
}

// gofmt lists, prints or rewrites files.
func gofmt(ctx context.Context, c *tool.Call) int {
	listOnly, write, status := false, false, 0
	var files []string
	for _, a := range c.Args[1:] {
		switch {
		case a == "-l":
			listOnly = true
		case a == "-w":
			write = true
		case !strings.HasPrefix(a, "-"):
			files = append(files, a)
		}
	}
	for _, f := range files {
		c.FS.Walk(f, func(p string, n *tree.Node, err error) bool {
			if err != nil {
				c.Errorf("lstat %s: no such file or directory", p)
				status = 2
				return false
			}
			if n.Type != tree.File || !strings.HasSuffix(p, ".go") {
				return true
			}
			data, err := c.FS.ReadFile(p)
			if err != nil {
				return true
			}
			out, err := format.Source(data)
			if err != nil {
				c.Errorf("%s:%v", p, err)
				status = 2
				return true
			}
			if same := string(out) == string(data); !same && listOnly {
				c.Printf("%s\n", p)
			} else if !listOnly && !write {
				c.Printf("%s", out)
			}
			if write && string(out) != string(data) {
				c.FS.WriteFile(p, out, 0o644)
			}
			return true
		})
	}
	return status
}
