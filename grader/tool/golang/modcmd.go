package golang

import (
	"context"
	"fmt"
	"path"
	"sort"
	"strings"

	"golang.org/x/mod/modfile"
	modpath "golang.org/x/mod/module"

	"drydock/grader/tree"
)

// mod is go mod.
func mod(ctx context.Context, j *job, args []string) int {
	if len(args) == 0 {
		j.Errorf("Go mod provides access to operations on modules.\n\nUsage:\n\n\tgo mod <command> [arguments]\n")
		return 2
	}
	cmd := args[0]
	if cmd == "init" {
		return modInit(j, args[1:])
	}
	operands, ok := j.parse("mod "+cmd, args[1:])
	if !ok {
		return 2
	}
	switch cmd {
	case "download", "tidy", "verify", "vendor", "graph", "why", "edit":
	default:
		j.Errorf("go mod %s: unknown command\nRun 'go help mod' for usage.", cmd)
		return 2
	}
	if err := j.load(); err != nil {
		if err == errNoModule && cmd == "download" {
			j.Errorf("go: no modules specified (see 'go help mod download')")
			return 1
		}
		j.Errorf("%v", err)
		return 1
	}
	switch cmd {
	case "download":
		return modDownload(ctx, j, operands)
	case "tidy":
		return modTidy(ctx, j)
	case "verify":
		j.Printf("all modules verified\n")
	case "vendor":
		return modVendor(ctx, j)
	case "graph":
		for _, r := range j.module.file.Require {
			j.Printf("%s %s@%s\n", j.module.path(), r.Mod.Path, r.Mod.Version)
		}
	case "edit":
		for _, f := range j.opts.other {
			name, value, _ := strings.Cut(f, "=")
			switch name {
			case "go":
				j.module.file.AddGoStmt(value)
			case "require":
				if p, v, ok := strings.Cut(value, "@"); ok {
					j.module.file.AddRequire(p, v)
				}
			case "replace":
				if old, repl, ok := strings.Cut(value, "="); ok {
					op, ov, _ := strings.Cut(old, "@")
					np, nv, _ := strings.Cut(repl, "@")
					j.module.file.AddReplace(op, ov, np, nv)
				}
			}
		}
		return j.saveModule()
	}
	return 0
}

func modInit(j *job, args []string) int {
	p := path.Join(j.FS.Abs("."), "go.mod")
	if j.FS.Exists(p) {
		j.Errorf("go: %s already exists", p)
		return 1
	}
	if len(args) == 0 {
		j.Errorf("go: cannot determine module path for source directory %s (outside GOPATH, module path must be specified)\n\nExample usage:\n"+
			"\t'go mod init example.com/m' to initialize a v0 or v1 module\n\t'go mod init example.com/m/v2' to initialize a v2 module\n\n"+
			"Run 'go help mod init' for more information.", j.FS.Abs("."))
		return 1
	}
	if err := modpath.CheckImportPath(args[0]); err != nil {
		j.Errorf("go: %v", err)
		return 1
	}
	line := j.version
	if strings.Count(line, ".") > 1 {
		line = line[:strings.LastIndexByte(line, '.')]
	}
	if err := j.FS.WriteFile(p, []byte("module "+args[0]+"\n\ngo "+line+"\n"), 0o666); err != nil {
		j.Errorf("go: open %s: permission denied", p)
		return 1
	}
	j.Errorf("go: creating new go.mod: module %s", args[0])
	return 0
}

func modDownload(ctx context.Context, j *job, operands []string) int {
	var want []modpath.Version
	for _, o := range operands {
		if p, v, ok := strings.Cut(o, "@"); ok {
			if v == "latest" {
				v = moduleFacts(p).latest
			}
			want = append(want, modpath.Version{Path: p, Version: v})
		}
	}
	if len(operands) == 0 || operands[0] == "all" {
		for _, r := range j.module.file.Require {
			want = append(want, r.Mod)
		}
		if len(want) == 0 {
			j.Errorf("go: no module dependencies to download")
			return 0
		}
	}
	for _, v := range want {
		if ctx.Err() != nil {
			return 1
		}
		if err := j.download(v); err != nil {
			j.Errorf("go: %v", err)
			return 1
		}
	}
	return j.sum(want)
}

// sum adds what is missing in go.sum.
func (j *job) sum(want []modpath.Version) int {
	var add []string
	for _, v := range want {
		local, w := j.module.replaced(v)
		if local != "" || j.module.sums[w.Path+" "+w.Version] {
			continue
		}
		add = append(add, fmt.Sprintf("%s %s h1:%s=\n%[1]s %[2]s/go.mod h1:%[4]s=\n", w.Path, w.Version, hash(w.String()), hash(w.String()+".mod")))
		j.module.sums[w.Path+" "+w.Version] = true
	}
	if len(add) == 0 {
		return 0
	}
	sort.Strings(add)
	if err := j.FS.Append(path.Join(j.module.dir, "go.sum"), []byte(strings.Join(add, "")), 0o666); err != nil {
		j.Errorf("go: updating go.sum: open %s: permission denied", path.Join(j.module.dir, "go.sum"))
		return 1
	}
	return 0
}

// modTidy requires what is imported and drops nothing: whether an unused requirement is another module's is not known.
func modTidy(ctx context.Context, j *job) int {
	j.opts.mod = "mod"
	pkgs, problem := j.dirs([]string{"./..."})
	if problem != "" {
		j.Errorf("%s", problem)
		return 1
	}
	if len(pkgs) == 0 {
		j.Errorf("go: warning: \"all\" matched no packages")
		return 0
	}
	if s := j.loadAll(ctx, pkgs, nil); s != 0 {
		return s
	}
	var want []modpath.Version
	for v := range j.loader.mods {
		if _, ok := j.module.requirement(v.Path); !ok {
			j.Errorf("go: finding module for package %s\ngo: found %[1]s in %[1]s %s", v.Path, v.Version)
			j.module.file.AddRequire(v.Path, v.Version)
		}
		want = append(want, v)
	}
	for _, r := range j.module.file.Require {
		want = append(want, r.Mod)
	}
	if s := j.saveModule(); s != 0 {
		return s
	}
	return j.sum(want)
}

func modVendor(ctx context.Context, j *job) int {
	var text strings.Builder
	for _, r := range j.module.file.Require {
		if err := j.download(r.Mod); err != nil {
			j.Errorf("go: %v", err)
			return 1
		}
		facts := moduleFacts(r.Mod.Path)
		p := path.Join(j.module.dir, "vendor", r.Mod.Path)
		j.FS.MkdirAll(p, 0o777)
		j.FS.WriteContent(path.Join(p, "source.go"), tree.Declared(facts.zip*3, "gomod:"+r.Mod.Path+"@"+r.Mod.Version+"/vendored", nil), 0o644)
		fmt.Fprintf(&text, "# %s %s\n## explicit\n%[1]s\n", r.Mod.Path, r.Mod.Version)
	}
	if text.Len() == 0 {
		j.Errorf("go: no dependencies to vendor")
		return 0
	}
	j.FS.WriteFile(path.Join(j.module.dir, "vendor/modules.txt"), []byte(text.String()), 0o644)
	return 0
}

// saveModule writes go.mod back.
func (j *job) saveModule() int {
	j.module.file.Cleanup()
	p := path.Join(j.module.dir, "go.mod")
	if err := j.FS.WriteFile(p, modfile.Format(j.module.file.Syntax), 0o666); err != nil {
		j.Errorf("go: updating go.mod: open %s: permission denied", p)
		return 1
	}
	return 0
}
