package python

import (
	"path"
	"strings"

	"drydock/grader/tree"
)

// frame is a line of a traceback.
type frame struct {
	file string
	line int
	in   string
	text string
}

// raised is an exception on its way up.
type raised struct {
	kind   string // "ModuleNotFoundError"
	text   string
	frames []frame
}

func (e *raised) at(f frame) *raised {
	e.frames = append([]frame{f}, e.frames...)
	return e
}

// print writes the traceback.
func (in *interp) print(e *raised) int {
	in.Errorf("Traceback (most recent call last):")
	for _, f := range e.frames {
		in.Errorf("  File \"%s\", line %d, in %s", f.file, f.line, f.in)
		if f.text != "" {
			in.Errorf("    %s", f.text)
		}
	}
	if e.text == "" {
		in.Errorf("%s", e.kind)
	} else {
		in.Errorf("%s: %s", e.kind, e.text)
	}
	return 1
}

const maxModules = 1000

// importModule imports a dotted module. nil means that it worked.
func (in *interp) importModule(name string) *raised {
	if in.modules[name] || len(in.modules) > maxModules {
		return nil
	}
	top, _, _ := strings.Cut(name, ".")
	if in.path0 == "" || !in.shadows(top) {
		if in.inStdlib(top) {
			in.modules[name] = true
			return nil
		}
	}
	parts := strings.Split(name, ".")
	dirs := in.search()
	for i, part := range parts {
		full := strings.Join(parts[:i+1], ".")
		file, sub := in.find(dirs, part)
		if file == "" && sub == "" {
			text := "No module named '" + full + "'"
			if i > 0 && in.plainModule(strings.Join(parts[:i], "."), dirs) {
				text += "; '" + strings.Join(parts[:i], ".") + "' is not a package"
			}
			return &raised{kind: "ModuleNotFoundError", text: text}
		}
		if !in.modules[full] {
			in.modules[full] = true
			if file != "" {
				if e := in.execute(file, full); e != nil {
					return e
				}
			}
		}
		if sub == "" {
			if i < len(parts)-1 {
				if in.declared(file) {
					return nil
				}
				return &raised{kind: "ModuleNotFoundError", text: "No module named '" + strings.Join(parts[:i+2], ".") + "'; '" + full + "' is not a package"}
			}
			return nil
		}
		dirs = []string{sub}
		if file != "" && in.declared(file) && i < len(parts)-1 {
			next, nextDir := in.find(dirs, parts[i+1])
			if next == "" && nextDir == "" {
				return nil
			}
		}
	}
	return nil
}

// shadows reports whether the program's own folder has a module of that name.
func (in *interp) shadows(top string) bool {
	file, _ := in.find([]string{in.path0}, top)
	return file != ""
}

// find looks for a module in folders: the file that is executed, and the folder of a package.
func (in *interp) find(dirs []string, name string) (file, sub string) {
	namespace := ""
	for _, d := range dirs {
		p := path.Join(d, name)
		if in.FS.IsDir(p) {
			if init := p + "/__init__.py"; in.FS.Exists(init) {
				return init, p
			}
			if namespace == "" {
				namespace = p
			}
		}
		if f := p + "." + in.tag() + ".so"; in.FS.Exists(f) {
			return f, ""
		}
		if f := p + ".abi3.so"; in.FS.Exists(f) {
			return f, ""
		}
		if in.FS.Exists(p + ".py") {
			return p + ".py", ""
		}
	}
	return "", namespace
}

func (in *interp) plainModule(name string, dirs []string) bool {
	file, sub := in.find(dirs, path.Base(strings.ReplaceAll(name, ".", "/")))
	return file != "" && sub == ""
}

// declared reports whether a file's text is not known.
func (in *interp) declared(file string) bool {
	c, err := in.FS.Content(file)
	if err != nil {
		return false
	}
	_, ok := c.Known()
	return !ok
}

// execute runs a module's file: its own imports, or what its facts say of them.
func (in *interp) execute(file, name string) *raised {
	if in.depth++; in.depth > 60 {
		in.depth--
		return nil
	}
	defer func() { in.depth-- }()
	c, err := in.FS.Content(file)
	if err != nil {
		return &raised{kind: "PermissionError", text: "[Errno 13] Permission denied: '" + file + "'"}
	}
	if len(in.loaded) < 500 {
		in.loaded = append(in.loaded, file)
	}
	if strings.HasSuffix(file, ".so") {
		return in.shared(c)
	}
	data, ok := c.Known()
	if !ok || c.Fact("py.dist") != "" {
		return in.declaredImports(c, file)
	}
	list, _ := statements(string(data))
	pkg := name
	if !strings.HasSuffix(file, "/__init__.py") {
		pkg, _, _ = cutLast(name, ".")
	}
	var failed *raised
	p := &program{interp: in, file: file, vars: map[string]value{"__file__": {file, true}, "__name__": {name, true}}}
	reached(list, false, func(s statement, soft bool) int {
		e := in.statementImports(s, pkg)
		if e == nil {
			e, _ = p.statement(s.text, soft)
		}
		if e != nil && !soft {
			failed = e.at(frame{file, s.line, "<module>", s.text})
			return 1
		}
		return 0
	})
	return failed
}

func cutLast(s, sep string) (before, after string, ok bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return "", s, false
}

// statementImports imports what a statement asks for; pkg is the package that it stands in.
func (in *interp) statementImports(s statement, pkg string) *raised {
	for _, i := range importsOf(s.text) {
		name := i.module
		if i.dots > 0 {
			if pkg == "" {
				return &raised{kind: "ImportError", text: "attempted relative import with no known parent package"}
			}
			base := pkg
			for range i.dots - 1 {
				base, _, _ = cutLast(base, ".")
			}
			name = strings.Trim(base+"."+i.module, ".")
		}
		if name == "" {
			continue
		}
		if e := in.importModule(name); e != nil {
			return e
		}
		for _, n := range i.names { // a name may be a module of the package
			if n != "*" && in.hasSubmodule(name, n) {
				if e := in.importModule(name + "." + n); e != nil {
					return e
				}
			}
		}
	}
	return nil
}

// hasSubmodule reports whether a package that was imported has a module of that name as a file.
func (in *interp) hasSubmodule(pkg, name string) bool {
	top, _, _ := strings.Cut(pkg, ".")
	if in.inStdlib(top) {
		return false
	}
	dirs := in.search()
	for _, part := range strings.Split(pkg, ".") {
		_, sub := in.find(dirs, part)
		if sub == "" {
			return false
		}
		dirs = []string{sub}
	}
	file, sub := in.find(dirs, name)
	return file != "" || sub != ""
}

// declaredImports imports what an installed package is known to import.
func (in *interp) declaredImports(c *tree.Content, file string) *raised {
	if ext := c.Fact("py.ext"); ext != "" {
		site := file
		for range strings.Count(strings.SplitN(c.Fact("py.module"), "/", 2)[0], ".") + 2 {
			site = path.Dir(site)
		}
		p := path.Join(site, strings.ReplaceAll(ext, ".", "/"))
		so := ""
		for _, f := range []string{p + "." + in.tag() + ".so", p + ".abi3.so"} {
			if in.FS.Exists(f) {
				so = f
			}
		}
		if so == "" {
			return (&raised{kind: "ModuleNotFoundError", text: "No module named '" + ext + "'"}).at(frame{file, 1, "<module>", "from " + strings.Join(strings.Split(ext, ".")[:max(strings.Count(ext, "."), 1)], ".") + " import " + ext[strings.LastIndexByte(ext, '.')+1:]})
		}
		content, err := in.FS.Content(so)
		if err == nil {
			if e := in.shared(content); e != nil {
				return e.at(frame{file, 1, "<module>", "from " + strings.TrimSuffix(ext, ext[strings.LastIndexByte(ext, '.'):]) + " import " + ext[strings.LastIndexByte(ext, '.')+1:]})
			}
		}
		if len(in.loaded) < 500 {
			in.loaded = append(in.loaded, so)
		}
	}
	for _, lib := range strings.Fields(c.Fact("py.dlopen")) {
		if !in.libraryThere(lib) && !in.installedAny("psycopg_binary", "psycopg_c") {
			return (&raised{kind: "ImportError", text: "no pq wrapper available.\nAttempts made:\n- couldn't import psycopg 'c' implementation: No module named 'psycopg_c'\n" +
				"- couldn't import psycopg 'binary' implementation: No module named 'psycopg_binary'\n- couldn't import psycopg 'python' implementation: libpq library not found"}).at(frame{file, 9, "<module>", "from . import pq  # noqa: F401 import early to stabilize side effects"})
		}
	}
	for _, m := range strings.Fields(c.Fact("py.imports")) {
		if e := in.importModule(m); e != nil {
			return e.at(frame{file, 1, "<module>", "import " + m})
		}
	}
	return nil
}

// installedAny reports whether one of some modules is found.
func (in *interp) installedAny(names ...string) bool {
	for _, n := range names {
		if _, sub := in.find(in.search(), n); sub != "" {
			return true
		}
	}
	return false
}

// shared loads a shared object.
func (in *interp) shared(c *tree.Content) *raised {
	if a := c.Fact("arch"); a != "" && in.Arch != "" && a != in.Arch {
		return &raised{kind: "ImportError", text: "cannot open shared object file: wrong ELF class or machine"}
	}
	for _, lib := range strings.Fields(c.Fact("needs")) {
		if !in.libraryThere(lib) {
			if in.musl {
				return &raised{kind: "ImportError", text: "Error loading shared library " + lib + ": No such file or directory"}
			}
			return &raised{kind: "ImportError", text: lib + ": cannot open shared object file: No such file or directory"}
		}
	}
	return nil
}
