package golang

import (
	"context"
	"go/token"
	"path"
	"slices"
	"strings"

	"drydock/grader/tool"
)

// job is one run of the go command.
type job struct {
	*tool.Call
	version    string // of the toolchain, "1.26.8"
	goos, arch string
	cgo        bool // whether C may be used
	cgoAsked   bool // CGO_ENABLED=1 was said
	root       string
	modCache   string
	cache      string
	bin        string
	proxyOff   bool
	module     *module
	fset       *token.FileSet
	loader     *loader
	opts       options
}

// options are the build flags.
type options struct {
	out, ldflags, tags, mod string
	trimpath, verbose       bool
	other                   []string
}

func newJob(c *tool.Call) *job {
	j := &job{Call: c, version: c.Program.Fact("version"), fset: token.NewFileSet()}
	j.version = strings.TrimPrefix(or(j.version, "1.26.8"), "go")
	j.root = "/usr/local/go"
	if real, err := c.FS.Real(c.Path); err == nil && path.Base(path.Dir(real)) == "bin" && path.Dir(path.Dir(real)) != "/usr" {
		j.root = path.Dir(path.Dir(real))
	}
	j.root = or(c.Env.Get("GOROOT"), j.root)
	gopath := or(c.Env.Get("GOPATH"), path.Join(or(c.Env.Get("HOME"), "/root"), "go"))
	gopath, _, _ = strings.Cut(gopath, ":")
	j.modCache = or(c.Env.Get("GOMODCACHE"), gopath+"/pkg/mod")
	j.cache = or(c.Env.Get("GOCACHE"), or(c.Env.Get("XDG_CACHE_HOME"), path.Join(or(c.Env.Get("HOME"), "/root"), ".cache"))+"/go-build")
	j.bin = or(c.Env.Get("GOBIN"), gopath+"/bin")
	j.goos, j.arch = or(c.Env.Get("GOOS"), "linux"), or(c.Env.Get("GOARCH"), or(c.Arch, "amd64"))
	j.proxyOff = c.Env.Get("GOPROXY") == "off"
	switch v := c.Env.Get("CGO_ENABLED"); {
	case v == "1":
		j.cgo, j.cgoAsked = true, true
	case v == "0":
	case j.goos == "linux" && j.arch == or(c.Arch, "amd64"):
		j.cgo = j.compiler() == ""
	}
	for _, f := range strings.Fields(c.Env.Get("GOFLAGS")) {
		j.flag(strings.TrimLeft(f, "-"), nil)
	}
	return j
}

// compiler returns "" if the C compiler is there, and else its name.
func (j *job) compiler() string {
	cc, _, _ := strings.Cut(or(j.Env.Get("CC"), "gcc"), " ")
	if _, err := tool.Find(j.FS, j.Env, cc); err != nil {
		return cc
	}
	return ""
}

// musl reports whether the builder's C library is musl.
func (j *job) musl() bool {
	return (j.FS.Exists("/lib/ld-musl-x86_64.so.1") || j.FS.Exists("/lib/ld-musl-aarch64.so.1")) && !j.FS.Exists("/lib64/ld-linux-x86-64.so.2")
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// valued are the flags that take a value.
var valued = strings.Fields("o ldflags tags mod gcflags asmflags gccgoflags p modfile overlay pkgdir toolexec buildmode buildvcs installsuffix pgo compiler " +
	"run timeout count bench coverprofile coverpkg covermode cpu parallel skip shuffle benchtime vet f exec C modcacherw- json- go require replace")

var switches = strings.Fields("a n x v race msan asan cover work trimpath linkshared modcacherw json short failfast c i u t d e m s w deps test export find versions fix diff " +
	"cache modcache testcache fuzzcache benchmem fullpath artifacts compat print r reuse dropreplace droprequire")

// flag reads a flag without its dash; rest is what follows. It returns how many words of rest it used, or -1 for an unknown flag.
func (j *job) flag(word string, rest []string) int {
	name, value, given := strings.Cut(word, "=")
	used := 0
	if slices.Contains(valued, name) {
		if !given && len(rest) > 0 {
			value, used = rest[0], 1
		}
	} else if !slices.Contains(switches, name) {
		return -1
	}
	switch name {
	case "o":
		j.opts.out = value
	case "ldflags":
		j.opts.ldflags = value
	case "tags":
		j.opts.tags = value
	case "mod":
		j.opts.mod = value
	case "trimpath":
		j.opts.trimpath = value != "false"
	case "v", "x":
		j.opts.verbose = true
	}
	j.opts.other = append(j.opts.other, name+"="+value)
	return used
}

// has reports whether a flag was given.
func (j *job) has(name string) bool {
	return slices.ContainsFunc(j.opts.other, func(f string) bool { return strings.HasPrefix(f, name+"=") })
}

// value returns a flag's value.
func (j *job) value(name string) string {
	for _, f := range slices.Backward(j.opts.other) {
		if v, ok := strings.CutPrefix(f, name+"="); ok {
			return v
		}
	}
	return ""
}

// parse reads flags up to the first operand and returns the rest; ok is false after an unknown flag, which was reported.
func (j *job) parse(cmd string, args []string) (operands []string, ok bool) {
	for len(args) > 0 && strings.HasPrefix(args[0], "-") && args[0] != "-" {
		if args[0] == "--" {
			return args[1:], true
		}
		used := j.flag(strings.TrimLeft(args[0], "-"), args[1:])
		if used < 0 {
			name, _, _ := strings.Cut(strings.TrimLeft(args[0], "-"), "=")
			j.Errorf("flag provided but not defined: -%s\nusage: go %s [build flags] [packages]\nRun 'go help %[2]s' for details.", name, cmd)
			return nil, false
		}
		args = args[1+used:]
	}
	return args, true
}

func version(_ context.Context, j *job, args []string) int {
	j.Printf("go version go%s %s/%s\n", j.version, j.goos, or(j.Arch, "amd64"))
	return 0
}

func env(_ context.Context, j *job, args []string) int {
	j.module, _ = findModule(j)
	gomod := "/dev/null"
	if j.module != nil {
		gomod = path.Join(j.module.dir, "go.mod")
	}
	cgo := "0"
	if j.cgo {
		cgo = "1"
	}
	known := []string{"CGO_ENABLED", cgo, "GOARCH", j.arch, "GOBIN", j.Env.Get("GOBIN"), "GOCACHE", j.cache, "GOFLAGS", j.Env.Get("GOFLAGS"),
		"GOHOSTARCH", or(j.Arch, "amd64"), "GOHOSTOS", "linux", "GOMOD", gomod, "GOMODCACHE", j.modCache, "GOOS", j.goos,
		"GOPATH", or(j.Env.Get("GOPATH"), path.Join(or(j.Env.Get("HOME"), "/root"), "go")), "GOPROXY", or(j.Env.Get("GOPROXY"), "https://proxy.golang.org,direct"),
		"GOROOT", j.root, "GOTOOLCHAIN", or(j.Env.Get("GOTOOLCHAIN"), "auto"), "GOVERSION", "go" + j.version, "CC", or(j.Env.Get("CC"), "gcc")}
	get := func(name string) string {
		for i := 0; i < len(known); i += 2 {
			if known[i] == name {
				return known[i+1]
			}
		}
		return j.Env.Get(name)
	}
	if len(args) > 0 && args[0] == "-w" {
		return 0
	}
	names := slices.DeleteFunc(slices.Clone(args), func(a string) bool { return strings.HasPrefix(a, "-") })
	if len(names) == 0 {
		for i := 0; i < len(known); i += 2 {
			j.Printf("%s='%s'\n", known[i], known[i+1])
		}
		return 0
	}
	for _, n := range names {
		j.Printf("%s\n", get(n))
	}
	return 0
}
