package python

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"

	"drydock/grader/catalogue/pypi"
	"drydock/grader/tool"
	"drydock/grader/tree"
)

// target is where a distribution is installed.
type target struct {
	site    string
	bin     string
	shebang string
	compile bool
	fresh   bool // what is there already does not count
}

// wheelName is the name of the wheel that a distribution is, or is built into.
func (in *interp) wheelName(d dist) string {
	name := strings.NewReplacer("-", "_", ".", "_").Replace(d.name)
	if d.pkg.Kind == pypi.Pure || d.pkg.Kind == pypi.Sdist {
		return fmt.Sprintf("%s-%s-py3-none-any.whl", name, d.version)
	}
	cpu := "x86_64"
	if in.Arch == "arm64" {
		cpu = "aarch64"
	}
	platform := "manylinux_2_17_" + cpu
	if in.musl {
		platform = "musllinux_1_2_" + cpu
	}
	if d.pkg.Kind == pypi.Build {
		platform = "linux_" + cpu
	}
	return fmt.Sprintf("%s-%s-cp3%d-cp3%[3]d-%s.whl", name, d.version, in.minor, platform)
}

// fileName is the name of the file that the index has.
func (in *interp) fileName(d dist) string {
	needsBuild := d.pkg.MaxMinor > 0 && in.minor > d.pkg.MaxMinor
	if d.pkg.Kind == pypi.Build || d.pkg.Kind == pypi.Sdist || needsBuild {
		return fmt.Sprintf("%s-%s.tar.gz", strings.ReplaceAll(d.name, "-", "_"), d.version)
	}
	return in.wheelName(d)
}

// wheelContent is what a wheel file of a distribution is here.
func (in *interp) wheelContent(d dist) *tree.Content {
	return tree.Declared(d.pkg.Wheel, "wheel:"+in.wheelName(d)+map[bool]string{true: "#musl"}[in.musl && d.pkg.Kind != pypi.Pure],
		map[string]string{"kind": "wheel", "py.wheel": d.name + "==" + d.version, "py.musl": strconv.FormatBool(in.musl)})
}

// wheel is a wheel's name taken apart.
type wheel struct{ name, version, python, abi, platform string }

func parseWheelName(file string) (wheel, bool) {
	base, ok := strings.CutSuffix(file, ".whl")
	w := strings.Split(base, "-")
	if !ok || len(w) < 5 {
		return wheel{}, false
	}
	n := len(w)
	return wheel{w[0], w[1], w[n-3], w[n-2], w[n-1]}, true
}

// compatible reports whether the interpreter can use a wheel.
func (in *interp) compatible(w wheel) bool {
	cp := "cp3" + strconv.Itoa(in.minor)
	pyOK := slices.ContainsFunc(strings.Split(w.python, "."), func(t string) bool {
		return t == "py3" || t == cp || t == "py2" || w.abi == "abi3" && strings.HasPrefix(t, "cp3") || t == "py3"+strconv.Itoa(in.minor)
	})
	if w.platform == "any" {
		return pyOK
	}
	libc := "manylinux"
	if in.musl {
		libc = "musllinux"
	}
	cpu := "x86_64"
	if in.Arch == "arm64" {
		cpu = "aarch64"
	}
	return pyOK && strings.HasSuffix(w.platform, cpu) && (strings.Contains(w.platform, libc) || strings.HasPrefix(w.platform, "linux_"))
}

// put installs a distribution.
func (in *interp) put(d dist, t target) error {
	if d.local != "" && strings.HasSuffix(d.local, ".whl") {
		c, err := in.FS.Content(d.local)
		if err != nil {
			return err
		}
		if data, ok := c.Known(); ok {
			return in.unpackWheel(data, d, t)
		}
	}
	if err := in.FS.MkdirAll(t.site, 0o777); err != nil {
		return err
	}
	if d.local != "" && !strings.HasSuffix(d.local, ".whl") {
		if err := in.putProject(d, t); err != nil {
			return err
		}
	} else {
		root := in.distTree(d, t.compile)
		for _, name := range root.Names() {
			if err := in.FS.Graft(path.Join(t.site, name), root.Child(name)); err != nil {
				return err
			}
		}
	}
	if t.bin == "" || len(d.pkg.Scripts) == 0 {
		return nil
	}
	if err := in.FS.MkdirAll(t.bin, 0o777); err != nil {
		return err
	}
	for _, s := range d.pkg.Scripts {
		if err := in.putScript(s, d, t); err != nil {
			return err
		}
	}
	if pypi.Normalize(d.name) == "pip" {
		return in.putScript("pip3."+strconv.Itoa(in.minor), d, t)
	}
	return nil
}

// putScript writes a console script.
func (in *interp) putScript(name string, d dist, t target) error {
	module := d.pkg.Modules[0]
	script := name
	if pypi.Normalize(d.name) == "pip" {
		script = "pip"
	}
	p := path.Join(t.bin, name)
	in.FS.Remove(p)
	if binaryScript[d.name] {
		version := d.version
		return in.FS.WriteContent(p, tree.Declared(d.pkg.Installed*9/10, "pybin:"+d.name+"@"+version+"/"+name, map[string]string{"elf": "static", "program": name, "version": version, "arch": in.Arch}), 0o777)
	}
	text := "#!" + t.shebang + "\n# -*- coding: utf-8 -*-\nimport re\nimport sys\nfrom " + module + " import main\nif __name__ == '__main__':\n    sys.exit(main())\n"
	return in.FS.WriteContent(p, tree.Program([]byte(text), map[string]string{"py.script": script, "py.module": module}), 0o777)
}

// binaryScript holds the packages whose programs are executables of their own.
var binaryScript = map[string]bool{"uv": true, "ruff": true}

// distTrees remembers the trees of distributions, so that equal installs share nodes.
var distTrees = struct {
	sync.Mutex
	m map[string]*tree.Node
}{m: map[string]*tree.Node{}}

const maxDistTrees = 1024

// distTree is what a wheel puts into site-packages.
func (in *interp) distTree(d dist, compile bool) *tree.Node {
	key := fmt.Sprintf("%s==%s %s %s %d:%d %o %v %v", d.name, d.version, in.tag(), d.pkg.Kind, in.FS.Cred.UID, in.FS.Cred.GID, in.FS.Umask, compile, in.name(d))
	distTrees.Lock()
	defer distTrees.Unlock()
	if n := distTrees.m[key]; n != nil {
		return n
	}
	n := in.makeDist(d, compile)
	if len(distTrees.m) >= maxDistTrees {
		clear(distTrees.m)
	}
	distTrees.m[key] = n
	return n
}

func (in *interp) name(d dist) string { return strings.NewReplacer("-", "_", ".", "_").Replace(d.name) }

func (in *interp) makeDist(d dist, compile bool) *tree.Node {
	pkg := d.pkg
	root := tree.NewDir(0o755)
	id := "pypi:" + d.name + "@" + d.version
	mark := map[string]string{"py.dist": d.name + "==" + d.version, "package": "pypi:" + d.name + "@" + d.version}
	size, files := pkg.Installed, max(pkg.Files-6, 2)
	if !compile {
		size, files = size*62/100, max(files*55/100, 2)
	}
	for i, module := range pkg.Modules {
		facts := map[string]string{}
		for k, v := range mark {
			facts[k] = v
		}
		if i == 0 {
			facts["py.module"] = module
			facts["py.imports"] = strings.Join(importsOfDist(pkg), " ")
			if pkg.Ext == "" && len(pkg.Libs) > 0 {
				facts["py.dlopen"] = strings.Join(pkg.Libs, " ")
			}
			if pkg.Ext != "" {
				facts["py.ext"] = pkg.Ext
			}
		}
		share := size / int64(len(pkg.Modules))
		root.PutAt(module+"/__init__.py", in.fileNode(0o644, tree.Declared(min(share/4+1, 4000), id+"/"+module+"/__init__.py", facts)))
		n := max(files/len(pkg.Modules)-1, 1)
		rest := max(share-4000, int64(n))
		if pkg.Ext != "" && i == 0 {
			rest = max(rest*6/10, int64(n))
		}
		dir := root.Child(module)
		if compile {
			dir.PutAt("__pycache__/__init__.cpython-3"+strconv.Itoa(in.minor)+".pyc", in.fileNode(0o644, tree.Declared(min(share/8+1, 3000), fmt.Sprintf("%s/%s/__init__.pyc/%d", id, module, in.minor), nil)))
		}
		for k := range n {
			name := fmt.Sprintf("part%04d.py", k/2)
			if k%2 == 1 && compile {
				name = fmt.Sprintf("__pycache__/part%04d.cpython-3%d.pyc", k/2, in.minor)
			} else if k%2 == 1 {
				name = fmt.Sprintf("data%04d.txt", k/2)
			}
			dir.PutAt(name, in.fileNode(0o644, tree.Declared(rest/int64(n), fmt.Sprintf("%s/%s/%s", id, module, name), mark)))
		}
	}
	if pkg.Ext != "" {
		libs := strings.Join(pkg.Libs, " ")
		libc := "libc.so.6"
		if in.musl {
			libc = "libc.musl-x86_64.so.1"
			if in.Arch == "arm64" {
				libc = "libc.musl-aarch64.so.1"
			}
		}
		p := strings.ReplaceAll(pkg.Ext, ".", "/") + "." + in.tag() + ".so"
		root.PutAt(p, in.fileNode(0o755, tree.Declared(max(pkg.Installed*35/100, 20_000), id+"/"+p, map[string]string{"elf": "dynamic", "arch": in.Arch, "needs": strings.TrimSpace(libs + " " + libc), "kind": "addon", "py.dist": mark["py.dist"]})))
	}
	info := strings.NewReplacer("-", "_", ".", "_").Replace(d.name) + "-" + d.version + ".dist-info"
	meta := "Metadata-Version: 2.4\nName: " + d.name + "\nVersion: " + d.version + "\n"
	for _, r := range pkg.Requires {
		meta += "Requires-Dist: " + r + "\n"
	}
	var entries string
	for _, s := range pkg.Scripts {
		entries += s + " = " + pkg.Modules[0] + ":main\n"
	}
	for name, text := range map[string]string{"METADATA": meta, "INSTALLER": "pip\n", "WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n", "top_level.txt": strings.Join(pkg.Modules, "\n") + "\n", "REQUESTED": ""} {
		root.PutAt(info+"/"+name, in.fileNode(0o644, tree.Text(text)))
	}
	if entries != "" {
		root.PutAt(info+"/entry_points.txt", in.fileNode(0o644, tree.Text("[console_scripts]\n"+entries)))
	}
	root.PutAt(info+"/RECORD", in.fileNode(0o644, tree.Declared(int64(files)*80, fmt.Sprintf("%s/RECORD/%d/%v", id, in.minor, compile), nil)))
	in.own(root)
	return root
}

func (in *interp) fileNode(mode uint32, c *tree.Content) *tree.Node {
	return tree.NewFile(mode&^in.FS.Umask, c)
}

// own gives all of a tree that is being made to the user.
func (in *interp) own(n *tree.Node) {
	n.UID, n.GID, n.ModTime = in.FS.Cred.UID, in.FS.Cred.GID, in.FS.Now()/1e9*1e9
	if n.Type != tree.Dir {
		return
	}
	for _, name := range n.Names() {
		in.own(n.Child(name))
	}
}

// importsOfDist lists the modules of what a package requires: it is taken to import them.
func importsOfDist(pkg *pypi.Package) []string {
	var out []string
	for _, r := range pkg.Requires {
		name := strings.FieldsFunc(r, func(c rune) bool { return strings.ContainsRune("<>=!~[; ", c) })[0]
		if dep, ok := pypi.Lookup(name); ok && name != "tzdata" && name != "greenlet" && name != "triton" && !strings.HasPrefix(name, "nvidia") {
			out = append(out, dep.Modules[0])
		}
	}
	return out
}

// unpackWheel installs a wheel whose bytes are known.
func (in *interp) unpackWheel(data []byte, d dist, t target) error {
	zr, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil || len(zr.File) > 20_000 {
		return fmt.Errorf("%s is not a valid wheel", d.local)
	}
	left := int64(64 << 20)
	for _, f := range zr.File {
		if strings.HasSuffix(f.Name, "/") {
			continue
		}
		rc, err := f.Open()
		if err != nil {
			return err
		}
		body, err := io.ReadAll(io.LimitReader(rc, left+1))
		rc.Close()
		if left -= int64(len(body)); err != nil || left < 0 {
			return fmt.Errorf("%s cannot be unpacked", d.local)
		}
		name := strings.TrimPrefix(path.Clean("/"+f.Name), "/")
		p := path.Join(t.site, name)
		if err := in.FS.MkdirAll(path.Dir(p), 0o777); err != nil {
			return err
		}
		if err := in.FS.WriteFile(p, body, 0o666); err != nil {
			return err
		}
		if strings.HasSuffix(name, ".dist-info/entry_points.txt") && t.bin != "" {
			if err := in.entryPoints(string(body), t); err != nil {
				return err
			}
		}
		if strings.HasSuffix(name, ".py") && t.compile {
			cached := path.Join(path.Dir(p), "__pycache__", strings.TrimSuffix(path.Base(p), ".py")+".cpython-3"+strconv.Itoa(in.minor)+".pyc")
			in.FS.MkdirAll(path.Dir(cached), 0o777)
			in.FS.WriteContent(cached, tree.Declared(int64(len(body))+200, "pyc:"+tree.Bytes(body).ID(), nil), 0o666)
		}
	}
	return nil
}

// entryPoints writes the console scripts of an entry_points.txt.
func (in *interp) entryPoints(text string, t target) error {
	inScripts := false
	for _, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			inScripts = line == "[console_scripts]"
			continue
		}
		name, to, ok := strings.Cut(line, "=")
		if !ok || !inScripts {
			continue
		}
		module, fn, _ := strings.Cut(strings.TrimSpace(to), ":")
		if err := in.FS.MkdirAll(t.bin, 0o777); err != nil {
			return err
		}
		script := "#!" + t.shebang + "\n# -*- coding: utf-8 -*-\nimport sys\nfrom " + module + " import " + or(fn, "main") + "\nif __name__ == '__main__':\n    sys.exit(" + or(fn, "main") + "())\n"
		if err := in.FS.WriteFile(path.Join(t.bin, path.Base(strings.TrimSpace(name))), []byte(script), 0o777); err != nil {
			return err
		}
	}
	return nil
}

// libraryThere reports whether a library, or the distribution's package that has it, is there.
func (in *interp) libraryThere(lib string) bool {
	return tool.HasLibrary(in.FS, lib) || in.distroHas(providers[lib]...)
}
