package golang

import (
	"errors"
	"fmt"
	goversion "go/version"
	"path"
	"strings"

	"golang.org/x/mod/modfile"
	modpath "golang.org/x/mod/module"

	"drydock/grader/report"
	"drydock/grader/tree"
)

// module is the main module.
type module struct {
	dir    string
	file   *modfile.File
	sums   map[string]bool // "path version" and "path version/go.mod" of go.sum
	vendor bool
}

// path returns the module's path.
func (m *module) path() string {
	if m.file.Module == nil {
		return ""
	}
	return m.file.Module.Mod.Path
}

var errNoModule = errors.New("go: go.mod file not found in current directory or any parent directory; see 'go help modules'")

// findModule reads the main module. The error's text is what go prints.
func findModule(j *job) (*module, error) {
	for dir := j.FS.Abs("."); ; dir = path.Dir(dir) {
		p := path.Join(dir, "go.mod")
		if j.FS.Exists(p) {
			return readModule(j, dir)
		}
		if dir == "/" {
			return nil, errNoModule
		}
	}
}

func readModule(j *job, dir string) (*module, error) {
	shown := "go.mod"
	if dir != j.FS.Abs(".") {
		shown = path.Join(dir, "go.mod")
	}
	data, err := j.FS.ReadFile(path.Join(dir, "go.mod"))
	if err != nil {
		return nil, fmt.Errorf("go: open %s: permission denied", path.Join(dir, "go.mod"))
	}
	f, err := modfile.Parse(shown, data, nil)
	if err != nil {
		return nil, fmt.Errorf("go: errors parsing %s:\n%s", shown, err)
	}
	if f.Module == nil {
		return nil, fmt.Errorf("go: error reading go.mod: missing module declaration. To specify the module path:\n\tgo mod edit -module=example.com/mod")
	}
	m := &module{dir: dir, file: f, sums: map[string]bool{}}
	if sum, err := j.FS.ReadFile(path.Join(dir, "go.sum")); err == nil {
		for _, line := range strings.Split(string(sum), "\n") {
			if w := strings.Fields(line); len(w) == 3 {
				m.sums[w[0]+" "+w[1]] = true
			}
		}
	}
	m.vendor = j.opts.mod == "vendor" || j.opts.mod == "" && j.FS.Exists(path.Join(dir, "vendor/modules.txt"))
	return m, nil
}

// load finds the main module and a toolchain that is new enough for it.
func (j *job) load() error {
	m, err := findModule(j)
	if err != nil {
		return err
	}
	j.module = m
	if m.file.Go == nil {
		return nil
	}
	want := m.file.Go.Version
	if goversion.Compare("go"+want, "go"+j.version) <= 0 {
		return nil
	}
	if j.Env.Get("GOTOOLCHAIN") == "local" {
		return fmt.Errorf("go: go.mod requires go >= %s (running go %s; GOTOOLCHAIN=local)", want, j.version)
	}
	if strings.Count(want, ".") == 1 {
		want += ".0"
	}
	return j.toolchain(want)
}

// toolchain downloads another version of Go into the module cache, or finds it there.
func (j *job) toolchain(v string) error {
	name := fmt.Sprintf("golang.org/toolchain@v0.0.1-go%s.linux-%s", v, or(j.Arch, "amd64"))
	dir := path.Join(j.modCache, name)
	if j.FS.Exists(dir) {
		j.Record(report.Event{Kind: "cache-hit", Tool: "go", Name: "go", Version: v})
	} else {
		if err := j.reach("golang.org/toolchain@v0.0.1-go" + v + ".linux-" + or(j.Arch, "amd64")); err != nil {
			return fmt.Errorf("go: download go%s: %w", v, err)
		}
		j.Errorf("go: downloading go%s (linux/%s)", v, or(j.Arch, "amd64"))
		j.Record(report.Event{Kind: "download", Tool: "go", Name: "go", Version: v, Bytes: 80_000_000})
		if err := j.FS.MkdirAll(dir+"/bin", 0o777); err == nil {
			j.FS.WriteContent(dir+"/bin/go", tree.Declared(14_000_000, "go:toolchain/"+v+"/go", map[string]string{"program": "go", "version": v, "elf": "static"}), 0o755)
			j.FS.WriteContent(dir+"/rest", tree.Declared(220_000_000, "go:toolchain/"+v, nil), 0o644)
		}
	}
	j.version = v
	return nil
}

// reach reports why a module cannot be fetched.
func (j *job) reach(what string) error {
	switch {
	case j.proxyOff:
		return errors.New("module lookup disabled by GOPROXY=off")
	case j.Offline:
		p, v, _ := strings.Cut(what, "@")
		return fmt.Errorf(`Get "https://proxy.golang.org/%s/@v/%s.zip": dial tcp: lookup proxy.golang.org: no such host`, p, v)
	case !j.trusted():
		p, v, _ := strings.Cut(what, "@")
		return fmt.Errorf(`Get "https://proxy.golang.org/%s/@v/%s.zip": tls: failed to verify certificate: x509: certificate signed by unknown authority`, p, v)
	}
	return nil
}

func (j *job) trusted() bool { return bundle(j.Call) != "" }

// requirement returns the module of go.mod that provides an import path: the longest that is a prefix of it.
func (m *module) requirement(importPath string) (modpath.Version, bool) {
	var best modpath.Version
	for _, r := range m.file.Require {
		if p := r.Mod.Path; (p == importPath || strings.HasPrefix(importPath, p+"/")) && len(p) > len(best.Path) {
			best = r.Mod
		}
	}
	return best, best.Path != ""
}

// replaced returns the local folder that a replace directive names for a module, or "".
func (m *module) replaced(v modpath.Version) (local string, with modpath.Version) {
	for _, r := range m.file.Replace {
		if r.Old.Path == v.Path && (r.Old.Version == "" || r.Old.Version == v.Version) {
			if r.New.Version == "" {
				if path.IsAbs(r.New.Path) {
					return r.New.Path, v
				}
				return path.Join(m.dir, r.New.Path), v
			}
			return "", r.New
		}
	}
	return "", v
}

// download fetches a module into the cache unless it is there; quiet leaves out the line that says so.
func (j *job) download(v modpath.Version) error {
	local, v := j.module.replaced(v)
	if local != "" {
		if !j.FS.Exists(path.Join(local, "go.mod")) {
			return fmt.Errorf("%s@%s (replaced by %s): reading %s: open %[4]s: no such file or directory", v.Path, v.Version, local, path.Join(local, "go.mod"))
		}
		return nil
	}
	return j.fetch(v)
}

func (j *job) fetch(v modpath.Version) error {
	escaped, err := modpath.EscapePath(v.Path)
	if err != nil {
		return fmt.Errorf("%s@%s: %w", v.Path, v.Version, err)
	}
	dir := path.Join(j.modCache, escaped+"@"+v.Version)
	zip := path.Join(j.modCache, "cache/download", escaped, "@v", v.Version+".zip")
	facts := moduleFacts(v.Path)
	if j.FS.Exists(zip) {
		j.Record(report.Event{Kind: "cache-hit", Tool: "go", Name: v.Path, Version: v.Version})
		if !j.FS.Exists(dir) {
			j.unpack(dir, v, facts)
		}
		return nil
	}
	if err := j.reach(v.Path + "@" + v.Version); err != nil {
		return fmt.Errorf("%s@%s: %w", v.Path, v.Version, err)
	}
	j.Errorf("go: downloading %s %s", v.Path, v.Version)
	j.Record(report.Event{Kind: "download", Tool: "go", Name: v.Path, Version: v.Version, Bytes: facts.zip})
	if facts.guessed {
		j.Note(report.Note{Kind: "estimate", Text: fmt.Sprintf("Drydock does not know the Go module %s: its size is an estimate.", v.Path)})
	}
	at := path.Dir(zip)
	if err := j.FS.MkdirAll(at, 0o777); err != nil {
		return fmt.Errorf("%s@%s: mkdir %s: permission denied", v.Path, v.Version, at)
	}
	id := "gomod:" + v.Path + "@" + v.Version
	j.FS.WriteContent(zip, tree.Declared(facts.zip, id+".zip", nil), 0o644)
	j.FS.WriteContent(path.Join(at, v.Version+".mod"), tree.Declared(300, id+".mod", nil), 0o644)
	j.FS.WriteContent(path.Join(at, v.Version+".info"), tree.Declared(60, id+".info", nil), 0o644)
	j.FS.WriteContent(path.Join(at, v.Version+".ziphash"), tree.Declared(47, id+".ziphash", nil), 0o644)
	j.FS.WriteContent(path.Join(at, v.Version+".lock"), nil, 0o644)
	j.unpack(dir, v, facts)
	return nil
}

// unpack puts a module's sources into the module cache, read-only as there.
func (j *job) unpack(dir string, v modpath.Version, facts moduleFact) {
	j.FS.MkdirAll(path.Dir(dir), 0o777)
	n := tree.NewDir(0o555)
	id := "gomod:" + v.Path + "@" + v.Version
	put := func(name string, size int64) {
		f := tree.NewFile(0o444, tree.Declared(size, id+"/"+name, nil))
		f.UID, f.GID, f.ModTime = j.FS.Cred.UID, j.FS.Cred.GID, j.FS.Now()
		n.Put(name, f)
	}
	n.UID, n.GID, n.ModTime = j.FS.Cred.UID, j.FS.Cred.GID, j.FS.Now()
	put("LICENSE", 1100)
	put("go.mod", 300)
	each := max(facts.zip*4/int64(facts.files), 1)
	for i := range facts.files {
		put(fmt.Sprintf("source%03d.go", i), each)
	}
	j.FS.Graft(dir, n)
}
