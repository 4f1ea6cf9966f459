package golang

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"slices"
	"sort"
	"strings"

	modpath "golang.org/x/mod/module"

	"drydock/grader/report"
	"drydock/grader/tree"
)

// program is what a build of one main package gives.
type program struct {
	pkg    *pkg
	digest string
	size   int64
	facts  map[string]string
}

// loadAll reads packages and all they import, downloads the modules, and reports what is wrong. It returns a status, 0 where all is well.
func (j *job) loadAll(ctx context.Context, pkgs []*pkg, files []string) int {
	l := newLoader(j)
	j.loader = l
	closure("runtime", l.std)
	for _, p := range pkgs {
		if q := l.pkgs[p.path]; q != nil {
			*p = *q
			l.pkgs[p.path] = p
			continue
		}
		l.pkgs[p.path] = p
		l.read(p, files)
	}
	paths := make([]string, 0, len(l.pkgs))
	for p := range l.pkgs {
		paths = append(paths, p)
	}
	sort.Strings(paths)
	bad := false
	for _, p := range paths {
		for _, text := range l.pkgs[p].problem {
			j.Errorf("%s", text)
			bad = true
		}
	}
	if bad || ctx.Err() != nil {
		return 1
	}
	return j.fetchAll(ctx)
}

// fetchAll downloads the modules that imported packages come from.
func (j *job) fetchAll(ctx context.Context) int {
	if j.module == nil || j.module.vendor {
		return 0
	}
	var need []modpath.Version
	for v := range j.loader.mods {
		need = append(need, v)
	}
	for _, r := range j.module.file.Require { // what the dependencies import is not known: all that go.mod calls indirect
		if r.Indirect && len(need) > 0 && !j.loader.mods[r.Mod] && j.module.sums[r.Mod.Path+" "+r.Mod.Version] {
			need = append(need, r.Mod)
			j.loader.use(r.Mod)
		}
	}
	sort.Slice(need, func(i, k int) bool { return need[i].Path < need[k].Path })
	for _, v := range slices.Compact(need) {
		if ctx.Err() != nil {
			return 1
		}
		if err := j.download(v); err != nil {
			j.Errorf("go: %v", err)
			return 1
		}
	}
	return 0
}

// compileAll compiles what the build cache does not hold. It reports compiler errors and returns a status.
func (j *job) compileAll(ctx context.Context) int {
	l := j.loader
	if j.cgo && j.cgoNeeded() {
		closure("runtime/cgo", l.std)
		if cc := j.compiler(); cc != "" {
			j.Errorf("# runtime/cgo\ncgo: C compiler %q not found: exec: %[1]q: executable file not found in $PATH", cc)
			return 1
		}
		if !j.FS.Exists("/usr/include/stdlib.h") && !j.FS.Exists("/usr/include/x86_64-linux-gnu/bits") && j.FS.IsDir("/usr/include") {
			j.Errorf("# runtime/cgo\n_cgo_export.c:3:10: fatal error: stdlib.h: No such file or directory\n    3 | #include <stdlib.h>\n      |          ^~~~~~~~~~\ncompilation terminated.")
			return 1
		}
	}
	units := 0
	base := fmt.Sprintf("%s %s/%s cgo=%v tags=%s race=%v", j.version, j.goos, j.arch, j.cgo, j.opts.tags, j.has("race"))
	for p := range l.std {
		units += j.unit(base+" std "+p, max(std[p].bytes/3, 2000))
	}
	for v := range l.mods {
		f := moduleFacts(v.Path)
		for i := range f.packages {
			units += j.unit(fmt.Sprintf("%s %s@%s %d", base, v.Path, v.Version, i), max(f.linked*2/int64(f.packages), 2000))
		}
	}
	paths := make([]string, 0, len(l.pkgs))
	for p := range l.pkgs {
		paths = append(paths, p)
	}
	sort.Strings(paths)
	failed := false
	for _, path := range paths {
		p := l.pkgs[path]
		if len(p.files) == 0 {
			continue
		}
		if ctx.Err() != nil {
			return 1
		}
		errs := p.broken
		if len(errs) == 0 {
			errs = l.check(p)
		}
		if len(errs) > 0 {
			j.Errorf("# %s\n%s", p.path, strings.Join(errs, "\n"))
			failed = true
			continue
		}
		size := int64(4000)
		for _, s := range p.sources {
			size += int64(len(s)) * 12
		}
		units += j.unit(base+" "+l.digestOf(p, 0), size)
	}
	if units > 0 {
		j.Record(report.Event{Kind: "compile", Tool: "go", Name: or(j.mainPath(), "packages"), Count: units})
	}
	if failed {
		return 1
	}
	return 0
}

func (j *job) mainPath() string {
	if j.module == nil {
		return ""
	}
	return j.module.path()
}

// cgoNeeded reports whether C code takes part: through import "C", or the resolver's and the accounts' C versions.
func (j *job) cgoNeeded() bool {
	l := j.loader
	for _, p := range l.pkgs {
		if p.cgo {
			return true
		}
	}
	for v := range l.mods {
		if v.Path == "github.com/mattn/go-sqlite3" {
			return true
		}
	}
	return l.std["net"] && !l.tags["netgo"] || l.std["os/user"] && !l.tags["osusergo"]
}

// unit returns 0 if the build cache holds the compiled form of what key identifies, and else puts it there and returns 1.
func (j *job) unit(key string, size int64) int {
	sum := sha256.Sum256([]byte(key))
	name := hex.EncodeToString(sum[:])
	p := path.Join(j.cache, name[:2], name+"-d")
	if j.FS.Exists(p) {
		return 0
	}
	if err := j.FS.MkdirAll(path.Dir(p), 0o777); err == nil {
		j.FS.WriteContent(p, tree.Declared(size, "gocache:"+name, nil), 0o666)
	}
	return 1
}

// digestOf identifies all that goes into a package.
func (l *loader) digestOf(p *pkg, depth int) string {
	if p.digest != "" || depth > 200 {
		return p.digest
	}
	p.digest = "cycle"
	h := sha256.New()
	fmt.Fprintf(h, "%s\n", p.path)
	if !l.opts.trimpath {
		fmt.Fprintf(h, "%s\n", p.dir)
	}
	for i, s := range p.sources {
		fmt.Fprintf(h, "%s %d\n", path.Base(p.names[i]), len(s))
		h.Write(s)
	}
	for _, e := range p.embeds {
		fmt.Fprintf(h, "%s %s\n", e.path, e.content.ID())
	}
	for _, imp := range p.imports {
		if q := l.pkgs[imp]; q != nil {
			fmt.Fprintf(h, "%s\n", l.digestOf(q, depth+1))
		} else if l.module != nil {
			if v, ok := l.module.requirement(imp); ok {
				fmt.Fprintf(h, "%s %s\n", v.Path, v.Version)
			}
		}
	}
	p.digest = hex.EncodeToString(h.Sum(nil))
	return p.digest
}

// link makes the program of a main package.
func (j *job) link(p *pkg) program {
	l := j.loader
	seen, mods := map[string]bool{}, map[modpath.Version]bool{}
	closure("runtime", seen)
	own := map[string]*pkg{}
	var visit func(q *pkg)
	var source, embedded int64
	visit = func(q *pkg) {
		if own[q.path] != nil {
			return
		}
		own[q.path] = q
		for _, s := range q.sources {
			source += int64(len(s))
		}
		for _, e := range q.embeds {
			embedded += e.content.Size()
		}
		for _, imp := range q.imports {
			closure(imp, seen)
			if r := l.pkgs[imp]; r != nil {
				visit(r)
			} else if l.module != nil {
				if v, ok := l.module.requirement(imp); ok {
					mods[v] = true
				}
			}
		}
	}
	visit(p)
	for v := range l.mods {
		if mods[v] || len(mods) > 0 && l.indirect(v) {
			for _, s := range moduleFacts(v.Path).std {
				closure(s, seen)
			}
			mods[v] = true
		}
	}
	size := binarySize(seen, mods, source) + embedded
	stripped := strings.Contains(j.opts.ldflags, "-s")
	if stripped {
		size = (size-embedded)*69/100 + embedded
	}
	if l.tags["timetzdata"] || seen["time/tzdata"] {
		size += 450_000
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s %s %s/%s cgo=%v ldflags=%s tags=%s trim=%v musl=%v\n", l.digestOf(p, 0), j.version, j.goos, j.arch, j.cgo, j.opts.ldflags, j.opts.tags, j.opts.trimpath, j.cgo && j.musl())
	for _, v := range sortedVersions(mods) {
		fmt.Fprintf(h, "%s@%s\n", v.Path, v.Version)
	}
	facts := map[string]string{"program": "go-binary", "elf": "static", "arch": j.arch, "go.version": j.version, "go.module": p.path, "package": "go:" + p.path}
	if j.goos != "linux" {
		delete(facts, "elf")
		delete(facts, "program")
		facts["kind"] = j.goos + " executable"
	} else if j.dynamic(own, seen, mods) {
		facts["elf"], facts["interp"], facts["needs"] = "dynamic", "/lib64/ld-linux-x86-64.so.2", "libc.so.6"
		if j.arch == "arm64" {
			facts["interp"] = "/lib/ld-linux-aarch64.so.1"
		}
		if j.musl() {
			cpu := map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[j.arch]
			facts["interp"], facts["needs"] = "/lib/ld-musl-"+cpu+".so.1", "libc.musl-"+cpu+".so.1"
		}
		size += 60_000
	}
	scan(own, p, l, facts)
	if l.tags["timetzdata"] || seen["time/tzdata"] {
		facts["go.tzdata"] = "yes"
	}
	return program{pkg: p, digest: hex.EncodeToString(h.Sum(nil)), size: size, facts: facts}
}

func (l *loader) indirect(v modpath.Version) bool {
	for _, r := range l.module.file.Require {
		if r.Mod == v {
			return r.Indirect
		}
	}
	return true
}

// dynamic reports whether the linker makes a dynamic executable: C takes part and is not linked statically.
func (j *job) dynamic(own map[string]*pkg, seen map[string]bool, mods map[modpath.Version]bool) bool {
	if !j.cgo || strings.Contains(j.opts.ldflags, "-static") {
		return false
	}
	for _, p := range own {
		if p.cgo {
			return true
		}
	}
	for v := range mods {
		if v.Path == "github.com/mattn/go-sqlite3" {
			return true
		}
	}
	tags := j.loader.tags
	return seen["net"] && !tags["netgo"] || seen["os/user"] && !tags["osusergo"] || j.has("race") || j.value("buildmode") == "pie" && j.cgo
}

// binarySize estimates a binary with its symbols. Fitted to programs built with Go 1.26.8 for linux/amd64: an empty main 1.8 MB, fmt 2.4, encoding/json
// 2.8, net/http 8.3, net/http with html/template 12.7; what uses reflection to find methods keeps all of them.
func binarySize(seen map[string]bool, mods map[modpath.Version]bool, source int64) int64 {
	var archives int64
	for p := range seen {
		archives += std[p].bytes
	}
	size := 1_250_000 + archives*35/1000 + source*2
	if seen["crypto/tls"] {
		size += 4_100_000
	}
	if seen["text/template"] {
		size += archives * 45 / 1000
	}
	for v := range mods {
		size += moduleFacts(v.Path).linked
	}
	return size
}

func sortedVersions(mods map[modpath.Version]bool) []modpath.Version {
	var out []modpath.Version
	for v := range mods {
		out = append(out, v)
	}
	sort.Slice(out, func(i, k int) bool { return out[i].Path < out[k].Path })
	return out
}
