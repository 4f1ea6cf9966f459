package python

import (
	"path"
	"strconv"
	"strings"

	"drydock/grader/tool"
	"drydock/grader/tree"
	"drydock/grader/vfs"
)

// with returns a call of another program by the same process.
func (in *interp) with(name string, args []string) *tool.Call {
	return in.Child(append([]string{name}, args...)...)
}

// makeVenv is python -m venv, or uv venv, which installs no pip.
func (in *interp) makeVenv(args []string, bare bool) int {
	var dirs []string
	clear, system := false, false
	for i := 0; i < len(args); i++ {
		switch a := args[i]; {
		case a == "--without-pip":
			bare = true
		case a == "--clear":
			clear = true
		case a == "--system-site-packages":
			system = true
		case a == "--prompt":
			i++
		case !strings.HasPrefix(a, "-"):
			dirs = append(dirs, a)
		}
	}
	if len(dirs) == 0 {
		in.Errorf("usage: venv [-h] [--system-site-packages] [--symlinks | --copies] [--clear]\n            [--upgrade] [--without-pip] [--prompt PROMPT] [--upgrade-deps]\n            [--without-scm-ignore-files]\n            ENV_DIR [ENV_DIR ...]\n" +
			"venv: error: the following arguments are required: ENV_DIR")
		return 2
	}
	if in.debian && !bare && !in.distroHas("python3."+strconv.Itoa(in.minor)+"-venv", "python3-venv", "python3-full") && !in.FS.Exists(in.lib(in.base)+"/ensurepip/__init__.py") {
		in.Printf("The virtual environment was not created successfully because ensurepip is not\navailable.  On Debian/Ubuntu systems, you need to install the python3-venv\npackage using the following command.\n\n"+
			"    apt install python3.%d-venv\n\nYou may need to use sudo with that command.  After installing the python3-venv\npackage, recreate your virtual environment.\n\nFailing command: %s\n\n", in.minor, path.Join(in.FS.Abs(dirs[0]), "bin/python3"))
		return 1
	}
	for _, d := range dirs {
		if clear {
			in.FS.RemoveAll(d)
		}
		if s := in.oneVenv(in.FS.Abs(d), bare, system); s != 0 {
			return s
		}
	}
	return 0
}

func (in *interp) oneVenv(dir string, bare, system bool) int {
	minor := strconv.Itoa(in.minor)
	lib := path.Join(dir, "lib/python3."+minor+"/site-packages")
	for _, d := range []string{path.Join(dir, "bin"), lib, path.Join(dir, "include/python3."+minor)} {
		if err := in.FS.MkdirAll(d, 0o777); err != nil {
			in.Errorf("Error: [Errno %d] %s: '%s'", errno(err), vfs.Message(err), dir)
			return 1
		}
	}
	base := path.Join(in.base, "bin")
	link := func(target, name string) {
		in.FS.Remove(path.Join(dir, "bin", name))
		in.FS.Symlink(target, path.Join(dir, "bin", name))
	}
	name := path.Base(in.exe)
	link(path.Join(base, name), name)
	for _, n := range []string{"python", "python3", "python3." + minor} {
		if n != name {
			link(name, n)
		}
	}
	in.FS.WriteFile(path.Join(dir, "pyvenv.cfg"), []byte("home = "+base+"\ninclude-system-site-packages = "+strconv.FormatBool(system)+"\nversion = "+in.version+"\nexecutable = "+path.Join(base, "python3."+minor)+"\ncommand = "+path.Join(base, name)+" -m venv "+dir+"\n"), 0o666)
	for _, a := range []string{"activate", "activate.csh", "activate.fish", "Activate.ps1"} {
		text := "# This file must be used with \"source bin/activate\"\nVIRTUAL_ENV=\"" + dir + "\"\nexport VIRTUAL_ENV\nPATH=\"$VIRTUAL_ENV/bin:$PATH\"\nexport PATH\nunset PYTHONHOME\ndeactivate () { :; }\n"
		in.FS.WriteFile(path.Join(dir, "bin", a), []byte(text), 0o666)
	}
	in.FS.Symlink("lib", path.Join(dir, "lib64"))
	if !bare {
		in.installPip(dir)
	}
	return 0
}

// installPip puts the pip that comes with the interpreter into an environment.
func (in *interp) installPip(prefix string) {
	d := *in
	if prefix != in.prefix {
		d.prefix, d.venv, d.exe = prefix, true, path.Join(prefix, "bin/python")
		d.exe = path.Join(prefix, "bin", path.Base(in.exe))
	}
	t := target{site: d.lib(prefix) + "/site-packages", bin: path.Join(prefix, "bin"), shebang: d.exe, compile: true}
	d.put(dist{name: "pip", version: bundledPip(in.minor), pkg: known("pip")}, t)
}

// bundledPip is the version of pip in ensurepip of a Python.
func bundledPip(minor int) string {
	switch {
	case minor >= 14:
		return "25.2"
	case minor == 13:
		return "25.2"
	case minor == 12:
		return "25.0.1"
	}
	return "24.0"
}

// ownPip reports whether the interpreter has a pip that the catalogue put there as a program.
func (in *interp) ownPip() bool {
	for _, n := range []string{"pip", "pip3"} {
		if c, err := in.FS.Content(path.Join(in.prefix, "bin", n)); err == nil && (c.Fact("program") != "" || c.Fact("py.script") != "") {
			return true
		}
	}
	return false
}

// distroHas reports whether one of some packages of the distribution is installed.
func (in *interp) distroHas(names ...string) bool {
	status, _ := in.FS.ReadFile("/var/lib/dpkg/status")
	apk, _ := in.FS.ReadFile("/lib/apk/db/installed")
	if apk == nil {
		apk, _ = in.FS.ReadFile("/usr/lib/apk/db/installed")
	}
	for _, n := range names {
		if _, after, ok := strings.Cut("\n"+string(status), "\nPackage: "+n+"\n"); ok {
			stanza, _, _ := strings.Cut(after, "\n\n")
			if strings.Contains(stanza, "Status: install ok installed") {
				return true
			}
		}
		if strings.Contains("\n"+string(apk), "\nP:"+n+"\n") {
			return true
		}
	}
	return false
}

// compileAll is python -m compileall.
func (in *interp) compileAll(args []string) int {
	quiet := false
	for _, a := range args {
		quiet = quiet || strings.HasPrefix(a, "-q")
	}
	status := 0
	for _, dir := range operandsOf(args, "-d", "-s", "-p", "-x", "-i", "-j", "-r", "-o", "--invalidation-mode") {
		if !in.FS.Exists(dir) {
			in.Printf("Listing '%s'...\nCan't list '%[1]s'\n", dir)
			status = 1
			continue
		}
		in.FS.Walk(dir, func(p string, n *tree.Node, err error) bool {
			if err != nil || n.IsDir() && path.Base(p) == "__pycache__" {
				return false
			}
			if n.IsDir() && !quiet {
				in.Printf("Listing '%s'...\n", p)
			}
			if n.Type != tree.File || !strings.HasSuffix(p, ".py") {
				return true
			}
			cached := path.Join(path.Dir(p), "__pycache__", strings.TrimSuffix(path.Base(p), ".py")+".cpython-3"+strconv.Itoa(in.minor)+".pyc")
			if in.FS.Exists(cached) {
				return true
			}
			if !quiet {
				in.Printf("Compiling '%s'...\n", p)
			}
			if in.FS.MkdirAll(path.Dir(cached), 0o777) != nil || in.FS.WriteContent(cached, tree.Declared(n.Size()+200, "pyc:"+strconv.Itoa(in.minor)+":"+strconv.FormatInt(n.ModTime/1e9, 10)+":"+n.Content.ID(), nil), 0o666) != nil {
				status = 1
			}
			return true
		})
	}
	return status
}
