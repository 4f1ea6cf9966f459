package python

import (
	_ "embed"
	"path"
	"strconv"
	"strings"

	"drydock/grader/tool"
	"drydock/grader/tree"
)

//go:embed stdlib.txt
var stdlibText string

// stdlib maps a module of the standard library to the minor versions that have it: [from, to).
var stdlib = readStdlib()

func readStdlib() map[string][2]int {
	out := map[string][2]int{}
	for _, line := range strings.Split(stdlibText, "\n") {
		w := strings.Fields(line)
		if len(w) == 0 || w[0] == "#" {
			continue
		}
		span := [2]int{0, 99}
		for _, x := range w[1:] {
			n, _ := strconv.Atoi(x[1:])
			if x[0] == '<' {
				span[1] = n
			} else {
				span[0] = n
			}
		}
		out[w[0]] = span
	}
	return out
}

// interp is an interpreter as it was found.
type interp struct {
	*tool.Call
	exe      string // sys.executable
	version  string // "3.13.9"
	minor    int    // 13
	prefix   string // sys.prefix
	base     string // sys.base_prefix
	venv     bool
	system   bool // a virtual environment that sees the base's packages
	debian   bool // Debian's own, with dist-packages
	musl     bool
	isolated bool
	path0    string   // sys.path[0]
	loaded   []string // files that were read
	modules  map[string]bool
	depth    int
}

// locate finds out which Python a call runs.
func locate(c *tool.Call) *interp {
	in := &interp{Call: c, exe: c.FS.Abs(c.Path), version: c.Program.Fact("version"), modules: map[string]bool{}}
	real, err := c.FS.Real(c.Path)
	if err != nil {
		real = in.exe
	}
	if in.version == "" || !strings.HasPrefix(in.version, "3.") {
		in.version = "3.13.0"
		if v, ok := strings.CutPrefix(path.Base(real), "python3."); ok {
			in.version = "3." + v + ".0"
		}
	}
	in.minor, _ = strconv.Atoi(strings.SplitN(in.version, ".", 3)[1])
	in.base = path.Dir(path.Dir(real))
	in.prefix = in.base
	in.musl = strings.Contains(c.Program.Fact("interp"), "musl") || c.Program.Fact("interp") == "" && c.FS.Exists("/lib/ld-musl-x86_64.so.1")
	in.debian = in.base == "/usr" && (c.FS.Exists("/etc/debian_version") || c.FS.Exists("/usr/lib/python3/dist-packages"))
	home := path.Dir(path.Dir(in.exe))
	if data, err := c.FS.ReadFile(path.Join(home, "pyvenv.cfg")); err == nil {
		in.prefix, in.venv = home, true
		for _, line := range strings.Split(string(data), "\n") {
			k, v, _ := strings.Cut(line, "=")
			if strings.TrimSpace(k) == "include-system-site-packages" {
				in.system = strings.TrimSpace(v) == "true"
			}
		}
	}
	return in
}

// lib is the folder of this version below a prefix.
func (in *interp) lib(prefix string) string {
	return path.Join(prefix, "lib/python3."+strconv.Itoa(in.minor))
}

// purelib is where pip puts packages.
func (in *interp) purelib() string {
	if in.debian && !in.venv {
		return "/usr/local/lib/python3." + strconv.Itoa(in.minor) + "/dist-packages"
	}
	return in.lib(in.prefix) + "/site-packages"
}

// scripts is where pip puts console scripts.
func (in *interp) scripts() string {
	if in.debian && !in.venv {
		return "/usr/local/bin"
	}
	return path.Join(in.prefix, "bin")
}

// userBase is where pip install --user puts packages.
func (in *interp) userBase() string {
	if b := in.Env.Get("PYTHONUSERBASE"); b != "" {
		return b
	}
	return path.Join(in.home(), ".local")
}

// home is the user's home directory.
func (in *interp) home() string {
	if h := in.Env.Get("HOME"); h != "" {
		return h
	}
	if data, err := in.FS.ReadFile("/etc/passwd"); err == nil {
		for _, line := range strings.Split(string(data), "\n") {
			if w := strings.Split(line, ":"); len(w) > 5 && w[2] == strconv.Itoa(in.FS.Cred.UID) {
				return w[5]
			}
		}
	}
	return "/"
}

// site lists the folders of installed packages.
func (in *interp) site() []string {
	var out []string
	if !in.venv || in.system {
		if !in.isolated && in.Env.Get("PYTHONNOUSERSITE") == "" {
			out = append(out, in.lib(in.userBase())+"/site-packages")
		}
	}
	if in.venv {
		out = append([]string{in.lib(in.prefix) + "/site-packages"}, out...)
	}
	if !in.venv || in.system {
		if in.debian {
			out = append(out, "/usr/local/lib/python3."+strconv.Itoa(in.minor)+"/dist-packages", "/usr/lib/python3/dist-packages")
		} else {
			out = append(out, in.lib(in.base)+"/site-packages")
		}
	}
	return out
}

// search is sys.path.
func (in *interp) search() []string {
	var out []string
	if in.path0 != "" {
		out = append(out, in.path0)
	}
	if !in.isolated {
		for _, p := range strings.Split(in.Env.Get("PYTHONPATH"), ":") {
			if p != "" {
				out = append(out, in.FS.Abs(p))
			}
		}
	}
	out = append(out, in.lib(in.base), in.lib(in.base)+"/lib-dynload")
	for _, dir := range in.site() {
		out = append(out, dir)
		out = append(out, in.pth(dir)...)
	}
	return out
}

// pth lists the folders that .pth files name, as editable installs use them.
func (in *interp) pth(dir string) []string {
	names, err := in.FS.ReadDir(dir)
	if err != nil {
		return nil
	}
	var out []string
	for _, n := range names {
		if !strings.HasSuffix(n, ".pth") {
			continue
		}
		data, _ := in.FS.ReadFile(path.Join(dir, n))
		for _, line := range strings.Split(string(data), "\n") {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "import") && !strings.HasPrefix(line, "#") {
				out = append(out, path.Join(dir, line))
			}
		}
	}
	return out
}

// tag is what the names of extension modules carry.
func (in *interp) tag() string { return extTag(in.minor, in.Arch, in.musl) }

func extTag(minor int, arch string, musl bool) string {
	cpu := "x86_64"
	if arch == "arm64" {
		cpu = "aarch64"
	}
	libc := "gnu"
	if musl {
		libc = "musl"
	}
	return "cpython-3" + strconv.Itoa(minor) + "-" + cpu + "-linux-" + libc
}

// inStdlib reports whether the standard library has a module.
func (in *interp) inStdlib(name string) bool {
	span, ok := stdlib[name]
	return ok && in.minor >= span[0] && in.minor < span[1]
}

// runtime is how reports name the interpreter.
func (in *interp) runtime() string { return "python " + in.version }

func (in *interp) usage(text string) int {
	in.Errorf("%s", text)
	in.Errorf("usage: %s [option] ... [-c cmd | -m mod | file | -] [arg] ...\nTry `python -h' for more information.", in.Args[0])
	return 2
}

// isDir reports whether a Stat found a folder.
func isDir(n *tree.Node, err error) bool { return err == nil && n.IsDir() }
