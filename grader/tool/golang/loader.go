package golang

import (
	"fmt"
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/scanner"
	"go/token"
	"path"
	"slices"
	"sort"
	"strconv"
	"strings"

	modpath "golang.org/x/mod/module"

	"drydock/grader/tree"
)

// maxPackages bounds how many packages of its own a program may have here.
const maxPackages = 2000

// pkg is a package of the main module.
type pkg struct {
	path    string // import path
	dir     string // absolute
	name    string
	files   []*ast.File
	names   []string // of files
	sources [][]byte
	tests   []string // test files
	imports []string // unique, sorted
	cgo     bool
	embeds  []embedded
	broken  []string // syntax errors, as the compiler prints them
	digest  string
	problem []string // what keeps it from being loaded
}

// embedded is a file that a //go:embed names.
type embedded struct {
	path    string
	content *tree.Content
}

// loader reads packages and what they import.
type loader struct {
	*job
	pkgs    map[string]*pkg
	std     map[string]bool
	mods    map[modpath.Version]bool // that provide imported packages
	errs    []string
	tags    map[string]bool
	withTst bool
}

func newLoader(j *job) *loader {
	l := &loader{job: j, pkgs: map[string]*pkg{}, std: map[string]bool{}, mods: map[modpath.Version]bool{}, tags: map[string]bool{}}
	for _, t := range strings.FieldsFunc(j.opts.tags, func(r rune) bool { return r == ',' || r == ' ' }) {
		l.tags[t] = true
	}
	return l
}

// dirs expands patterns to the packages they name: import paths of the main module and their folders.
func (j *job) dirs(patterns []string) (out []*pkg, err string) {
	if len(patterns) == 0 {
		patterns = []string{"."}
	}
	add := func(dir string) {
		for _, p := range out {
			if p.dir == dir {
				return
			}
		}
		out = append(out, &pkg{dir: dir, path: j.importPath(dir)})
	}
	for _, pat := range patterns {
		base, all := strings.CutSuffix(pat, "...")
		dir := path.Clean(j.FS.Abs(base))
		if j.module != nil && !strings.HasPrefix(pat, ".") && !strings.HasPrefix(pat, "/") {
			rest, own := strings.CutPrefix(strings.TrimSuffix(base, "/"), j.module.path())
			if !own || rest != "" && rest[0] != '/' {
				if _, ok := std[pat]; ok {
					continue
				}
				if !strings.Contains(strings.SplitN(pat, "/", 2)[0], ".") {
					return nil, fmt.Sprintf("package %s is not in std (%s/src/%[1]s)", pat, j.root)
				}
				if _, ok := j.module.requirement(pat); ok {
					continue
				}
				return nil, fmt.Sprintf("no required module provides package %s; to add it:\n\tgo get %[1]s", pat)
			}
			dir = path.Join(j.module.dir, rest)
		}
		if !all {
			if !j.FS.IsDir(dir) {
				if j.FS.Exists(dir) {
					return nil, fmt.Sprintf("package %s is not a directory", pat)
				}
				return nil, fmt.Sprintf("stat %s: directory not found", dir)
			}
			add(dir)
			continue
		}
		if !j.FS.IsDir(dir) {
			return nil, fmt.Sprintf("pattern %s: lstat %s: no such file or directory", pat, base)
		}
		j.FS.Walk(dir, func(p string, n *tree.Node, err error) bool {
			if err != nil || len(out) > maxPackages {
				return false
			}
			if !n.IsDir() {
				return false
			}
			name := path.Base(p)
			if p != dir && (name == "vendor" || name == "testdata" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || j.FS.Exists(p+"/go.mod")) {
				return false
			}
			for _, child := range n.Names() {
				if strings.HasSuffix(child, ".go") {
					add(p)
					break
				}
			}
			return true
		})
	}
	return out, ""
}

// importPath returns the import path of a folder of the main module.
func (j *job) importPath(dir string) string {
	if j.module == nil {
		return "command-line-arguments"
	}
	return path.Join(j.module.path(), strings.TrimPrefix(strings.TrimPrefix(dir, j.module.dir), "/"))
}

// read reads the files of a package. files is nil for all of its folder.
func (l *loader) read(p *pkg, files []string) {
	all := files
	if all == nil {
		names, err := l.FS.ReadDir(p.dir)
		if err != nil {
			p.problem = append(p.problem, fmt.Sprintf("no required module provides package %s; to add it:\n\tgo get %[1]s", p.path))
			return
		}
		all = names
	}
	imports := map[string]token.Pos{}
	found, skipped := false, false
	for _, name := range all {
		if !strings.HasSuffix(name, ".go") || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") {
			continue
		}
		full := name
		if !path.IsAbs(name) {
			full = path.Join(p.dir, name)
		}
		data, err := l.FS.ReadFile(full)
		if err != nil {
			continue
		}
		found = true
		if strings.HasSuffix(name, "_test.go") {
			if l.fits(path.Base(name), data) {
				p.tests = append(p.tests, full)
			}
			continue
		}
		if files == nil && !l.fits(name, data) {
			skipped = true
			continue
		}
		shown := l.shown(full)
		f, err := parser.ParseFile(l.fset, shown, data, parser.ParseComments|parser.SkipObjectResolution)
		if f == nil || f.Name == nil || strings.Contains(firstError(err), "expected 'package'") {
			p.problem = append(p.problem, firstError(err))
			continue
		}
		if err != nil {
			p.broken = append(p.broken, compilerErrors(err)...)
		}
		usesC := false
		for _, spec := range f.Imports {
			if v, err := strconv.Unquote(spec.Path.Value); err == nil {
				if v == "C" {
					usesC = true
					continue
				}
				if _, ok := imports[v]; !ok {
					imports[v] = spec.Pos()
				}
			}
		}
		if usesC {
			if !l.cgo {
				skipped = true
				continue
			}
			p.cgo = true
		}
		if p.name != "" && p.name != f.Name.Name && !l.isDocs(f.Name.Name) {
			p.problem = append(p.problem, fmt.Sprintf("found packages %s (%s) and %s (%s) in %s", p.name, path.Base(p.names[0]), f.Name.Name, name, p.dir))
		}
		p.name = f.Name.Name
		p.files, p.names, p.sources = append(p.files, f), append(p.names, shown), append(p.sources, data)
		l.embedsOf(p, f)
	}
	if len(p.files) == 0 && len(p.problem) == 0 && len(p.tests) == 0 {
		if found && skipped {
			p.problem = append(p.problem, fmt.Sprintf("package %s: build constraints exclude all Go files in %s", p.path, p.dir))
		} else {
			p.problem = append(p.problem, "no Go files in "+p.dir)
		}
	}
	for i := range imports {
		p.imports = append(p.imports, i)
	}
	sort.Strings(p.imports)
	for _, f := range p.files {
		for _, spec := range f.Imports {
			if v, err := strconv.Unquote(spec.Path.Value); err == nil && imports[v] == spec.Pos() {
				l.resolve(p, v, l.fset.Position(spec.Pos()).String())
			}
		}
	}
}

func (l *loader) isDocs(name string) bool { return name == "documentation" }

// shown is a file's name in messages: relative to the working directory where it is below it.
func (l *loader) shown(full string) string {
	dir := l.FS.Abs(".")
	if rest, ok := strings.CutPrefix(full, strings.TrimSuffix(dir, "/")+"/"); ok {
		return rest
	}
	return full
}

// resolve finds what an import stands for, and reads it if it is the module's own.
func (l *loader) resolve(p *pkg, imp, pos string) {
	miss := func(format string, a ...any) { p.problem = append(p.problem, pos+": "+fmt.Sprintf(format, a...)) }
	if _, ok := std[imp]; ok {
		closure(imp, l.std)
		return
	}
	first, _, _ := strings.Cut(imp, "/")
	if l.module == nil {
		if !strings.Contains(first, ".") {
			miss("package %s is not in std (%s/src/%[1]s)", imp, l.root)
		} else {
			miss("no required module provides package %s: %s", imp, strings.TrimPrefix(errNoModule.Error(), "go: "))
		}
		return
	}
	own := l.module.path()
	if imp == own || strings.HasPrefix(imp, own+"/") {
		if l.pkgs[imp] != nil || len(l.pkgs) > maxPackages {
			return
		}
		dir := path.Join(l.module.dir, strings.TrimPrefix(imp, own))
		q := &pkg{path: imp, dir: dir}
		if !l.FS.IsDir(dir) {
			if strings.Contains(first, ".") {
				miss("no required module provides package %s; to add it:\n\tgo get %[1]s", imp)
			} else {
				miss("package %s is not in std (%s/src/%[1]s)", imp, l.root)
			}
			return
		}
		l.pkgs[imp] = q
		l.read(q, nil)
		return
	}
	if l.module.vendor {
		if !l.FS.IsDir(path.Join(l.module.dir, "vendor", imp)) {
			miss("cannot find module providing package %s: import lookup disabled by -mod=vendor\n\t(Go version in go.mod is at least 1.14 and vendor directory exists.)", imp)
			return
		}
		if v, ok := l.module.requirement(imp); ok {
			l.use(v)
		}
		return
	}
	v, ok := l.module.requirement(imp)
	switch {
	case !ok && !strings.Contains(first, "."):
		miss("package %s is not in std (%s/src/%[1]s)", imp, l.root)
		return
	case !ok:
		if l.opts.mod == "mod" {
			l.use(modpath.Version{Path: imp, Version: moduleFacts(imp).latest})
			return
		}
		miss("no required module provides package %s; to add it:\n\tgo get %[1]s", imp)
		return
	}
	local, with := l.module.replaced(v)
	if local == "" && !l.module.sums[with.Path+" "+with.Version] && l.opts.mod != "mod" {
		miss("missing go.sum entry for module providing package %s (imported by %s); to add:\n\tgo get %[2]s", imp, p.path)
		return
	}
	if local != "" {
		l.local(v, local, imp)
		return
	}
	l.use(v)
}

// use marks a module as needed, with the standard packages it is known to need.
func (l *loader) use(v modpath.Version) {
	if l.mods[v] {
		return
	}
	l.mods[v] = true
	f := moduleFacts(v.Path)
	for _, s := range f.std {
		closure(s, l.std)
	}
	for _, r := range f.requires { // through what it requires, as far as go.mod lists it
		for _, q := range l.module.file.Require {
			if q.Mod.Path == r {
				l.use(q.Mod)
			}
		}
	}
}

// local reads a package of a module that is replaced by a folder.
func (l *loader) local(v modpath.Version, dir, imp string) {
	if l.pkgs[imp] != nil {
		return
	}
	q := &pkg{path: imp, dir: path.Join(dir, strings.TrimPrefix(imp, v.Path))}
	l.pkgs[imp] = q
	l.read(q, nil)
}

// fits reports whether a file is built for this platform, by its name and its //go:build line.
func (l *loader) fits(name string, data []byte) bool {
	base := strings.TrimSuffix(strings.TrimSuffix(name, ".go"), "_test")
	parts := strings.Split(base, "_")
	for i := len(parts) - 1; i > 0 && i >= len(parts)-2; i-- {
		if slices.Contains(knownOS, parts[i]) && !l.tag(parts[i]) || slices.Contains(knownArch, parts[i]) && parts[i] != l.arch {
			return false
		}
	}
	for _, line := range strings.Split(string(data), "\n") {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "package ") {
			break
		}
		if constraint.IsGoBuild(line) {
			if expr, err := constraint.Parse(line); err == nil && !expr.Eval(l.tag) {
				return false
			}
		}
	}
	return true
}

var knownOS = strings.Fields("aix android darwin dragonfly freebsd illumos ios js linux netbsd openbsd plan9 solaris wasip1 windows")
var knownArch = strings.Fields("386 amd64 arm arm64 loong64 mips mips64 mips64le mipsle ppc64 ppc64le riscv64 s390x wasm")

func (l *loader) tag(t string) bool {
	switch t {
	case l.goos, l.arch, "gc":
		return true
	case "unix":
		return l.goos != "windows" && l.goos != "js"
	case "cgo":
		return l.cgo
	}
	if minor, ok := strings.CutPrefix(t, "go1."); ok {
		n, err := strconv.Atoi(minor)
		have, _ := strconv.Atoi(strings.SplitN(strings.TrimPrefix(l.version, "1."), ".", 2)[0])
		return err == nil && n <= have
	}
	return l.tags[t]
}

// embedsOf reads the files that //go:embed lines name.
func (l *loader) embedsOf(p *pkg, f *ast.File) {
	for _, group := range f.Comments {
		for _, c := range group.List {
			patterns, ok := strings.CutPrefix(c.Text, "//go:embed ")
			if !ok {
				continue
			}
			for _, pat := range strings.Fields(patterns) {
				pat = strings.TrimPrefix(strings.Trim(pat, "\"`"), "all:")
				n := l.glob(p, pat)
				if n == 0 {
					pos := l.fset.Position(c.Pos())
					p.problem = append(p.problem, fmt.Sprintf("%s:%d:%d: pattern %s: no matching files found", pos.Filename, pos.Line, pos.Column+len("//go:embed "), pat))
				}
			}
		}
	}
}

func (l *loader) glob(p *pkg, pat string) int {
	found := 0
	base := path.Dir(pat)
	names, err := l.FS.ReadDir(path.Join(p.dir, base))
	if err != nil {
		return 0
	}
	for _, name := range names {
		if ok, err := path.Match(path.Base(pat), name); err != nil || !ok {
			continue
		}
		l.FS.Walk(path.Join(p.dir, base, name), func(q string, n *tree.Node, err error) bool {
			if err == nil && n.Type == tree.File && len(p.embeds) < 10_000 {
				p.embeds = append(p.embeds, embedded{q, n.Content})
				found++
			}
			return err == nil
		})
	}
	return found
}

// firstError is the first error of a list, as the loader prints it.
func firstError(err error) string {
	if err == nil {
		return ""
	}
	if list, ok := err.(scanner.ErrorList); ok && len(list) > 0 {
		return list[0].Error()
	}
	return fmt.Sprint(err)
}

// compilerErrors words syntax errors as the compiler does, ten at most.
func compilerErrors(err error) []string {
	list, ok := err.(scanner.ErrorList)
	if !ok {
		return []string{err.Error()}
	}
	var out []string
	lines := map[int]bool{}
	for _, e := range list {
		if lines[e.Pos.Line] || len(out) == 10 {
			continue
		}
		lines[e.Pos.Line] = true
		out = append(out, fmt.Sprintf("%s:%d:%d: syntax error: %s", dotted(e.Pos.Filename), e.Pos.Line, e.Pos.Column, syntaxText(e.Msg)))
	}
	return out
}

// syntaxText turns the parser's wording into the compiler's where the two are known to agree.
func syntaxText(msg string) string {
	if want, found, ok := strings.Cut(strings.TrimPrefix(msg, "expected "), ", found "); ok {
		found = strings.Trim(found, "'")
		switch found {
		case "EOF", "newline":
		default:
			if strings.HasPrefix(found, "IDENT ") || strings.HasPrefix(found, "INT ") {
				_, found, _ = strings.Cut(found, " ")
				found = "name " + found
			}
		}
		return "unexpected " + found + ", expected " + strings.Trim(want, "'")
	}
	if strings.HasPrefix(msg, "missing ',' before newline in argument list") {
		return "unexpected newline in argument list; possibly missing comma or )"
	}
	if strings.HasPrefix(msg, "missing ',' before newline in composite literal") {
		return "unexpected newline in composite literal; possibly missing comma or }"
	}
	return msg
}

func dotted(name string) string {
	if path.IsAbs(name) || strings.HasPrefix(name, "../") {
		return name
	}
	return "./" + name
}
