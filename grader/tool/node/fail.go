package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"drydock/grader/tree"
)

// loadError is a module that was not found.
type loadError struct {
	notFound
	esm  bool
	main bool // the script itself
	// stack is who required it, the nearest first; line and col are where.
	stack     []string
	line, col int
}

// readError is a file that could not be read.
type readError struct {
	path, file string
	line       int
	err        error
}

func (e *readError) Error() string { return "read " + e.path }

// syntaxError is a script that Node.js does not take.
type syntaxError struct {
	file, text string
	line       int
	content    *tree.Content
	esm, warn  bool
}

func (e *syntaxError) Error() string { return e.text }

// addonError is a compiled part of a package that this system cannot load.
type addonError struct{ text string }

func (e *addonError) Error() string { return e.text }

// fail prints an uncaught error as Node.js does and returns the exit status.
func (p *process) fail(err error) int {
	switch e := err.(type) {
	case *loadError:
		p.failLoad(e)
	case *syntaxError:
		if e.warn {
			p.Errorf("(node:1) Warning: To load an ES module, set \"type\": \"module\" in the package.json or use the .mjs extension.\n(Use `node --trace-warnings ...` to show where the warning was created)")
		}
		where := e.file
		if e.esm {
			where = "file://" + e.file
		}
		p.Errorf("%s:%d\n%s\n^\n\n%s", where, e.line, lineOf(e.content, e.line), e.text)
		if e.esm {
			p.Errorf("    at %s:%d:1\n    at ModuleJob.run (node:internal/modules/esm/module_job:325:25)", where, e.line)
		} else {
			p.Errorf("    at wrapSafe (node:internal/modules/cjs/loader:1464:18)\n    at Module._compile (node:internal/modules/cjs/loader:1495:20)\n" +
				"    at node:internal/main/run_main_module:28:49")
		}
	case *readError:
		code, message, no := "ENOENT", "no such file or directory", -2
		if errors.Is(e.err, fs.ErrPermission) {
			code, message, no = "EACCES", "permission denied", -13
		}
		p.Errorf("node:fs:573\n  return binding.open(\n                 ^\n\nError: %s: %s, open '%s'\n    at Object.openSync (node:fs:573:18)\n    at Object.readFileSync (node:fs:452:35)", code, message, e.path)
		if e.file != "" {
			p.Errorf("    at Object.<anonymous> (%s:%d:1)", e.file, e.line)
		}
		p.Errorf("    at Module._compile (node:internal/modules/cjs/loader:1521:14) {\n  errno: %d,\n  code: '%s',\n  syscall: 'open',\n  path: '%s'\n}", no, code, e.path)
	case *addonError:
		p.Errorf("node:internal/modules/cjs/loader:1661\n  return process.dlopen(module, path.toNamespacedPath(filename));\n                 ^\n\nError: %s\n"+
			"    at Module._extensions..node (node:internal/modules/cjs/loader:1661:18)\n    at Module.load (node:internal/modules/cjs/loader:1266:32) {\n  code: 'ERR_DLOPEN_FAILED'\n}", e.text)
	default:
		p.Errorf("%v", err)
	}
	p.Errorf("\nNode.js v%s", p.version)
	return 1
}

func lineOf(c *tree.Content, n int) string {
	data, _ := c.Known()
	lines := strings.SplitN(string(data), "\n", n+1)
	if n >= 1 && n <= len(lines) {
		return strings.TrimRight(lines[n-1], "\r")
	}
	return ""
}

func (p *process) failLoad(e *loadError) {
	if e.esm && (e.kind == "module" || e.kind == "package" || e.kind == "directory") {
		p.failImport(e)
		return
	}
	switch e.kind {
	case "exports":
		what := fmt.Sprintf("Package subpath '%s' is not defined by \"exports\" in %s", e.what, e.inside)
		if e.what == "." {
			what = "No \"exports\" main defined in " + e.inside
		}
		p.Errorf("node:internal/modules/cjs/loader:645\n      throw e;\n      ^\n\nError [ERR_PACKAGE_PATH_NOT_EXPORTED]: %s\n"+
			"    at exportsNotFound (node:internal/modules/esm/resolve:322:10)\n    at packageExportsResolve (node:internal/modules/esm/resolve:670:9) {\n  code: 'ERR_PACKAGE_PATH_NOT_EXPORTED'\n}", what)
		return
	case "main":
		p.Errorf("node:internal/modules/cjs/loader:499\n      throw err;\n      ^\n\nError: Cannot find module '%s'. Please verify that the package.json has a valid \"main\" entry\n"+
			"    at tryPackage (node:internal/modules/cjs/loader:491:19)\n    at Module._findPath (node:internal/modules/cjs/loader:758:18) {\n  code: 'MODULE_NOT_FOUND',\n  path: '%s'\n}", e.what, e.inside)
		return
	}
	p.Errorf("node:internal/modules/cjs/loader:1210\n  throw err;\n  ^\n\nError: Cannot find module '%s'", e.what)
	if len(e.stack) > 0 {
		p.Errorf("Require stack:")
		for _, s := range e.stack {
			p.Errorf("- %s", s)
		}
	}
	p.Errorf("    at Module._resolveFilename (node:internal/modules/cjs/loader:1207:15)\n    at Module._load (node:internal/modules/cjs/loader:1038:27)")
	if e.main || len(e.stack) == 0 {
		p.Errorf("    at Function.executeUserEntryPoint [as runMain] (node:internal/modules/run_main:164:12)\n    at node:internal/main/run_main_module:28:49 {\n  code: 'MODULE_NOT_FOUND',\n  requireStack: []\n}")
		return
	}
	p.Errorf("    at Module.require (node:internal/modules/cjs/loader:1289:19)\n    at require (node:internal/modules/helpers:182:18)")
	if strings.HasPrefix(e.stack[0], "/") {
		p.Errorf("    at Object.<anonymous> (%s:%d:%d)", e.stack[0], e.line, e.col)
	}
	quoted := make([]string, len(e.stack))
	for i, s := range e.stack {
		quoted[i] = "'" + s + "'"
	}
	list := "[ " + strings.Join(quoted, ", ") + " ]"
	if len(list) > 60 && len(quoted) > 1 {
		list = "[\n    " + strings.Join(quoted, ",\n    ") + "\n  ]"
	}
	p.Errorf("    at Module._compile (node:internal/modules/cjs/loader:1521:14) {\n  code: 'MODULE_NOT_FOUND',\n  requireStack: %s\n}", list)
}

func (p *process) failImport(e *loadError) {
	from := ""
	if len(e.stack) > 0 {
		from = e.stack[0]
	}
	if e.kind == "package" {
		p.Errorf("node:internal/modules/esm/resolve:873\n  throw new ERR_MODULE_NOT_FOUND(packageName, fileURLToPath(base), null);\n        ^\n\n"+
			"Error [ERR_MODULE_NOT_FOUND]: Cannot find package '%s' imported from %s\n    at packageResolve (node:internal/modules/esm/resolve:873:9)\n"+
			"    at moduleResolve (node:internal/modules/esm/resolve:946:18)\n    at defaultResolve (node:internal/modules/esm/resolve:1188:11) {\n  code: 'ERR_MODULE_NOT_FOUND'\n}", e.what, from)
		return
	}
	if e.kind == "directory" {
		p.Errorf("Error [ERR_UNSUPPORTED_DIR_IMPORT]: Directory import '%s' is not supported resolving ES modules imported from %s\n"+
			"    at finalizeResolution (node:internal/modules/esm/resolve:262:11) {\n  code: 'ERR_UNSUPPORTED_DIR_IMPORT',\n  url: 'file://%s'\n}", e.what, from, e.what)
		return
	}
	p.Errorf("node:internal/modules/esm/resolve:283\n    throw new ERR_MODULE_NOT_FOUND(\n          ^\n\nError [ERR_MODULE_NOT_FOUND]: Cannot find module '%s' imported from %s\n"+
		"    at finalizeResolution (node:internal/modules/esm/resolve:283:11)\n    at moduleResolve (node:internal/modules/esm/resolve:952:10)\n"+
		"    at defaultResolve (node:internal/modules/esm/resolve:1188:11) {\n  code: 'ERR_MODULE_NOT_FOUND',\n  url: 'file://%s'\n}", e.what, from, e.what)
}

// libc names the C library of the system.
func (p *process) libc() string {
	names, _ := p.FS.ReadDir("/lib")
	for _, n := range names {
		if strings.HasPrefix(n, "ld-musl-") {
			return "musl"
		}
	}
	return "glibc"
}

// addon loads a compiled part of a package.
func (p *process) addon(file string, c *tree.Content) error {
	arch, libc := c.Fact("arch"), c.Fact("libc")
	switch {
	case c.Fact("os") != "" && c.Fact("os") != "linux":
		return &addonError{file + ": invalid ELF header"}
	case arch != "" && p.Arch != "" && arch != p.Arch:
		return &addonError{file + ": cannot open shared object file: No such file or directory"}
	case libc == "glibc" && p.libc() == "musl":
		return &addonError{"Error loading shared library ld-linux-x86-64.so.2: No such file or directory (needed by " + file + ")"}
	case libc == "musl" && p.libc() == "glibc":
		return &addonError{"libc.musl-x86_64.so.1: cannot open shared object file: No such file or directory"}
	}
	return nil
}

// addons loads the compiled parts that lie where a package leaves them, and checks that one of its platform packages is for this system.
func (p *process) addons(dir string, m *manifest) error {
	for _, sub := range []string{"build/Release", "."} {
		at := path.Join(dir, sub)
		names, _ := p.FS.ReadDir(at)
		for _, name := range names {
			if strings.HasSuffix(name, ".node") {
				c, err := p.FS.Content(path.Join(at, name))
				if err != nil {
					continue
				}
				if err := p.addon(path.Join(at, name), c); err != nil {
					return err
				}
			}
		}
	}
	var foreign string
	for name := range m.OptionalDependencies {
		at := p.find(name, dir)
		if at == "" {
			continue
		}
		q := p.resolve.manifestAt(at)
		if q == nil || len(q.CPU) == 0 {
			continue
		}
		if p.fits(q) {
			return nil
		}
		foreign = name
	}
	if foreign != "" {
		system := "linux-" + map[string]string{"amd64": "x64"}[p.Arch]
		if p.Arch != "amd64" {
			system = "linux-" + p.Arch
		}
		if p.libc() == "musl" {
			system = "linuxmusl-" + strings.TrimPrefix(system, "linux-")
		}
		return &addonError{fmt.Sprintf("Could not load the %q module using the %s runtime: it was installed for another platform (%s)", m.Name, system, foreign)}
	}
	return nil
}

func (p *process) fits(m *manifest) bool {
	cpu := p.Arch
	if cpu == "amd64" {
		cpu = "x64"
	}
	has := func(raw json.RawMessage, v string) bool {
		return len(raw) == 0 || strings.Contains(string(raw), `"`+v+`"`)
	}
	return has(m.CPU, cpu) && has(m.OS, "linux") && has(m.Libc, p.libc())
}
