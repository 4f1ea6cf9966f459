package python

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"sort"
	"strconv"
	"strings"
	"syscall"

	"drydock/grader/catalogue/pypi"
	"drydock/grader/report"
	"drydock/grader/tool"
	"drydock/grader/vfs"
)

//go:embed needs.txt
var needsText string

// providers maps a file that is wanted to the distribution's packages that bring it.
var providers = readProviders()

func readProviders() map[string][]string {
	out := map[string][]string{}
	for _, line := range strings.Split(needsText, "\n") {
		if w := strings.Fields(line); len(w) > 1 && w[0] != "#" {
			out[w[0]] = w[1:]
		}
	}
	return out
}

// pipJob is one run of pip.
type pipJob struct {
	*interp
	name        string // of the tool in events: "pip" or "uv"
	constraints []requirement
	files       []string // -r
	links       []string // --find-links
	noIndex     bool
	needHashes  bool
	noDeps      bool
	upgrade     bool
	force       bool
	user        bool
	breakSystem bool
	noCompile   bool
	dry         bool
	quiet       int
	cache       string // "" for none
	dir         string // -t, -d, -w
	prefixDir   string
	root        string
	onlyBinary  bool
	noBinary    []string
	rootWarning bool
}

// dist is a distribution that was chosen.
type dist struct {
	name    string
	version string
	pkg     *pypi.Package
	req     requirement
	local   string // a folder or file it comes from
	by      string // what required it, "" for the command line
}

func (in *interp) pip(ctx context.Context, args []string) int {
	p := &pipJob{interp: in, name: "pip", rootWarning: true}
	p.cache = in.Env.Get("PIP_CACHE_DIR")
	if p.cache == "" {
		p.cache = path.Join(or(in.Env.Get("XDG_CACHE_HOME"), path.Join(in.home(), ".cache")), "pip")
	}
	if v, ok := in.Env.Lookup("PIP_NO_CACHE_DIR"); ok && v != "" && v != "0" && v != "false" && v != "off" {
		p.cache = ""
	}
	p.breakSystem = truthy(in.Env.Get("PIP_BREAK_SYSTEM_PACKAGES"))
	p.noIndex = truthy(in.Env.Get("PIP_NO_INDEX"))
	p.links = strings.Fields(in.Env.Get("PIP_FIND_LINKS"))
	if in.Env.Get("PIP_ROOT_USER_ACTION") == "ignore" {
		p.rootWarning = false
	}
	operands, bad := p.options(args)
	if bad != "" {
		in.Errorf("\nUsage:   \n  pip <command> [options]\n\n%s", bad)
		return 2
	}
	if len(operands) == 0 {
		in.Printf("\nUsage:   \n  pip <command> [options]\n\n")
		return 0
	}
	cmd, operands := operands[0], operands[1:]
	switch cmd {
	case "--version":
		in.Printf("pip %s from %s/pip (python 3.%d)\n", or(in.distVersion("pip"), bundledPip(in.minor)), in.purelib(), in.minor)
		return 0
	case "install", "wheel", "download":
		return p.install(ctx, cmd, operands)
	case "uninstall":
		return p.uninstall(operands)
	case "list", "freeze":
		return p.list(cmd, args)
	case "show":
		return p.show(operands)
	case "check":
		in.Printf("No broken requirements found.\n")
		return 0
	case "cache":
		return p.cacheCommand(operands)
	case "config", "debug", "index", "inspect", "hash", "completion", "help", "search":
		return 0
	}
	in.Errorf("ERROR: unknown command \"%s\"", cmd)
	return 1
}

func truthy(v string) bool { return v == "1" || v == "true" || v == "yes" || v == "on" }

// pipSwitches and pipValued are pip's options, without and with a value.
var pipSwitches = strings.Fields("--no-cache-dir -U --upgrade --user --no-deps --no-index --pre --force-reinstall --require-hashes --no-compile --compile --break-system-packages " +
	"-q --quiet -qq -qqq -v --verbose -vv -vvv --disable-pip-version-check --no-input --prefer-binary --ignore-installed -I --no-build-isolation --dry-run --no-warn-script-location -y --yes " +
	"--version -V --no-clean --use-pep517 --no-python-version-warning --no-color --isolated --exists-action --outdated -o --local -l --all --no-warn-conflicts --only-final -h --help --require-virtualenv --check-build-dependencies --debug --uptodate")
var pipValued = strings.Fields("-r --requirement -c --constraint -e --editable -t --target --prefix --root -f --find-links -i --index-url --extra-index-url --trusted-host -d --dest -w --wheel-dir " +
	"--only-binary --no-binary --platform --python-version --implementation --abi --timeout --retries --cache-dir --progress-bar --root-user-action --upgrade-strategy --global-option --config-settings " +
	"-C --format --path --exclude --log --proxy --cert --client-cert --python --report --src --use-feature --resume-retries --group --build-option --no-deps-for --exists-action")

func (p *pipJob) options(args []string) (operands []string, bad string) {
	for i := 0; i < len(args); i++ {
		a := args[i]
		if !strings.HasPrefix(a, "-") || a == "-" {
			operands = append(operands, a)
			continue
		}
		name, value, given := strings.Cut(a, "=")
		if !strings.HasPrefix(a, "--") {
			name, value, given = a, "", false
			if len(a) > 2 && slices.Contains(pipValued, a[:2]) {
				name, value, given = a[:2], a[2:], true
			}
		}
		switch {
		case slices.Contains(pipValued, name):
			if !given {
				if i+1 >= len(args) {
					return nil, name + " option requires 1 argument"
				}
				i++
				value = args[i]
			}
			p.valued(name, value)
		case slices.Contains(pipSwitches, name):
			if name == "--version" || name == "-V" {
				operands = append([]string{"--version"}, operands...)
			}
			p.set(name)
		default:
			return nil, "no such option: " + name
		}
		if name == "-e" || name == "--editable" {
			operands = append(operands, "-e\x00"+value)
		}
	}
	return operands, ""
}

func (p *pipJob) set(name string) {
	switch name {
	case "--no-cache-dir":
		p.cache = ""
	case "-U", "--upgrade":
		p.upgrade = true
	case "--force-reinstall", "-I", "--ignore-installed":
		p.force = true
	case "--user":
		p.user = true
	case "--no-deps":
		p.noDeps = true
	case "--no-index":
		p.noIndex = true
	case "--require-hashes":
		p.needHashes = true
	case "--no-compile":
		p.noCompile = true
	case "--break-system-packages":
		p.breakSystem = true
	case "--dry-run":
		p.dry = true
	case "-q", "--quiet", "-qq", "-qqq":
		p.quiet++
	}
}

func (p *pipJob) valued(name, value string) {
	switch name {
	case "-r", "--requirement":
		p.files = append(p.files, value)
	case "-c", "--constraint":
		p.constraints = append(p.constraints, requirement{url: value})
	case "-t", "--target", "-d", "--dest", "-w", "--wheel-dir":
		p.dir = value
	case "--prefix":
		p.prefixDir = value
	case "--root":
		p.root = value
	case "-f", "--find-links":
		p.links = append(p.links, value)
	case "--cache-dir":
		p.cache = value
	case "--only-binary":
		p.onlyBinary = true
	case "--no-binary":
		p.noBinary = append(p.noBinary, strings.Split(value, ",")...)
	case "--root-user-action":
		p.rootWarning = value != "ignore"
	}
}

func (p *pipJob) say(format string, a ...any) {
	if p.quiet == 0 && p.name == "pip" {
		p.Printf(format+"\n", a...)
	}
}

func errText(err error) string { return vfs.Message(err) }

// install is pip install, wheel and download.
func (p *pipJob) install(ctx context.Context, cmd string, operands []string) int {
	var want []requirement
	named := p.constraints
	p.constraints = nil
	for _, c := range named {
		more, err := p.readRequirements(c.url, true, 0)
		if err != nil {
			p.Errorf("ERROR: %s", strings.Replace(err.Error(), "requirements file", "constraints file", 1))
			return 1
		}
		p.constraints = append(p.constraints, more...)
	}
	for _, f := range p.files {
		more, err := p.readRequirements(f, false, 0)
		if err != nil {
			p.Errorf("ERROR: %s", err)
			return 1
		}
		want = append(want, more...)
	}
	for _, o := range operands {
		edited, isEdit := strings.CutPrefix(o, "-e\x00")
		r, ok, err := p.operand(edited)
		if err != nil {
			p.Errorf("ERROR: %s", err)
			if strings.HasSuffix(o, ".txt") {
				p.Errorf("Hint: It looks like a path. File '%s' does not exist.", o)
			}
			return 1
		}
		r.edit = isEdit
		if ok {
			want = append(want, r)
		}
	}
	if len(want) == 0 {
		if len(p.files) > 0 {
			p.say("WARNING: Requirements file [%s] contains nothing.", strings.Join(p.files, ", "))
			return 0
		}
		p.Errorf("ERROR: You must give at least one requirement to %s (see \"pip help %[1]s\")", cmd)
		return 1
	}
	if p.cache != "" && !p.ownCache() {
		p.Errorf("WARNING: The directory '%s' or its parent directory is not owned or is not writable by the current user. The cache has been disabled. Check the permissions and owner of that directory. If executing pip with sudo, you should use sudo's -H flag.", p.cache)
		p.cache = ""
	}
	t, status := p.target(cmd)
	if status != 0 {
		return status
	}
	if p.needsHashes(want) {
		for _, r := range want {
			if r.hashes == 0 && r.url == "" {
				p.Errorf("ERROR: Hashes are required in --require-hashes mode, but they are missing from some requirements. Here is a list of those requirements along with the hashes their downloaded archives actually had. Add lines like these to your requirements files to prevent tampering. (If you did not enable --require-hashes manually, note that it turns on automatically when any package has a hash.)\n    %s --hash=sha256:%s", r.text, fakeHash(r.text))
				return 1
			}
		}
	}
	chosen, status := p.resolve(ctx, want, t, cmd)
	if status != 0 {
		return status
	}
	for i := range chosen {
		if ctx.Err() != nil {
			return 1
		}
		if s := p.obtain(&chosen[i], cmd); s != 0 {
			return s
		}
	}
	if cmd != "install" {
		return p.collect(cmd, chosen)
	}
	if p.dry {
		return 0
	}
	return p.putAll(chosen, t)
}

func (p *pipJob) needsHashes(want []requirement) bool {
	return p.needHashes || slices.ContainsFunc(want, func(r requirement) bool { return r.hashes > 0 })
}

// ownCache reports whether the cache folder, or the nearest parent that exists, belongs to the user and is writable.
func (p *pipJob) ownCache() bool {
	for dir := p.FS.Abs(p.cache); ; dir = path.Dir(dir) {
		n, err := p.FS.Stat(dir)
		if err == nil {
			if p.FS.Cred.UID == 0 {
				return n.UID == 0 || dir != p.FS.Abs(p.cache)
			}
			return p.FS.Access(dir, 2) == nil
		}
		if !errors.Is(err, fs.ErrNotExist) || dir == "/" {
			return false
		}
	}
}

// target decides where packages go.
func (p *pipJob) target(cmd string) (target, int) {
	t := target{compile: !p.noCompile, shebang: p.exe}
	if cmd != "install" {
		t.site = p.purelib()
		return t, 0
	}
	switch {
	case p.dir != "":
		t.site, t.bin, t.fresh = p.FS.Abs(p.dir), path.Join(p.FS.Abs(p.dir), "bin"), true
		return t, 0
	case p.prefixDir != "":
		prefix := p.FS.Abs(p.prefixDir)
		t.site, t.bin, t.fresh = p.lib(prefix)+"/site-packages", path.Join(prefix, "bin"), true
		return t, 0
	}
	if !p.venv && !p.breakSystem && p.managed() {
		p.externallyManaged()
		return t, 1
	}
	if p.user {
		if p.venv && !p.system {
			p.Errorf("ERROR: Can not perform a '--user' install. User site-packages are not visible in this virtualenv.")
			return t, 1
		}
		t.site, t.bin = p.lib(p.userBase())+"/site-packages", path.Join(p.userBase(), "bin")
		return t, 0
	}
	t.site, t.bin = path.Join("/", p.root, p.purelib()), path.Join("/", p.root, p.scripts())
	if !p.writable(t.site) {
		if p.venv || p.name != "pip" {
			p.Errorf("ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied: '%s'\nCheck the permissions.\n", t.site)
			return t, 1
		}
		p.say("Defaulting to user installation because normal site-packages is not writeable")
		t.site, t.bin = p.lib(p.userBase())+"/site-packages", path.Join(p.userBase(), "bin")
		if !p.writable(t.site) {
			p.Errorf("ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied: '%s'\nCheck the permissions.\n", p.firstMissing(t.site))
			return t, 1
		}
	}
	return t, 0
}

// writable reports whether dir, or the nearest parent that exists, may be written.
func (p *pipJob) writable(dir string) bool {
	return p.FS.Access(path.Dir(p.firstMissing(dir)), 2) == nil && (!p.FS.Exists(dir) || p.FS.Access(dir, 2) == nil)
}

// firstMissing returns the uppermost folder of dir that does not exist, or a name below dir.
func (p *pipJob) firstMissing(dir string) string {
	missing := path.Join(dir, "x")
	for d := dir; d != "/" && !p.FS.Exists(d); d = path.Dir(d) {
		missing = d
	}
	return missing
}

// managed reports whether the distribution keeps pip away from this Python (PEP 668).
func (p *pipJob) managed() bool {
	return p.FS.Exists(p.lib(p.base)+"/EXTERNALLY-MANAGED") || p.debian && p.minor >= 11
}

func (p *pipJob) externallyManaged() {
	p.Errorf("error: externally-managed-environment\n\n× This environment is externally managed")
	if p.debian {
		p.Errorf("╰─> To install Python packages system-wide, try apt install\n    python3-xyz, where xyz is the package you are trying to\n    install.\n    \n" +
			"    If you wish to install a non-Debian-packaged Python package,\n    create a virtual environment using python3 -m venv path/to/venv.\n    Then use path/to/venv/bin/python and path/to/venv/bin/pip. Make\n    sure you have python3-full installed.\n    \n" +
			"    If you wish to install a non-Debian packaged Python application,\n    it may be easiest to use pipx install xyz, which will manage a\n    virtual environment for you. Make sure you have pipx installed.\n    \n" +
			"    See /usr/share/doc/python3." + strconv.Itoa(p.minor) + "/README.venv for more information.\n")
	} else {
		p.Errorf("╰─> \n    The system-wide python installation should be maintained using the system\n    package manager (apk) only.\n    \n    If the package in question is not packaged already (and hence installable via\n    \"apk add py3-somepackage\"), please consider installing it inside a virtual\n    environment, e.g.:\n    \n" +
			"    python3 -m venv /path/to/venv\n    . /path/to/venv/bin/activate\n    pip install mypackage\n    \n    To exit the virtual environment, run:\n    \n    deactivate\n    \n    The virtual environment is not deleted, and can be re-entered by re-sourcing\n    the activate file.\n    \n    To automatically manage virtual environments, consider using pipx (from the\n    pipx package).\n")
	}
	p.Errorf("note: If you believe this is a mistake, please contact your Python installation or OS distribution provider. You can override this, at the risk of breaking your Python installation or OS, by passing --break-system-packages.\nhint: See PEP 668 for the detailed specification.")
}

// putAll installs what was obtained.
func (p *pipJob) putAll(chosen []dist, t target) int {
	if len(chosen) == 0 {
		return p.done()
	}
	sort.SliceStable(chosen, func(i, k int) bool { return chosen[i].by != "" && chosen[k].by == "" })
	var names, full []string
	for _, d := range chosen {
		names = append(names, d.name)
	}
	p.say("Installing collected packages: %s", strings.Join(names, ", "))
	for _, d := range chosen {
		if old := p.distVersionIn(t.site, d.name); old != "" && !t.fresh {
			p.removeDist(t.site, d.name)
		}
		if err := p.put(d, t); err != nil {
			p.Errorf("ERROR: Could not install packages due to an OSError: [Errno %d] %s: '%s'\n", errno(err), errText(err), pathOf(err, t.site))
			return 1
		}
		p.Record(report.Event{Kind: "install", Tool: p.name, Name: d.name, Version: d.version})
		full = append(full, d.name+"-"+d.version)
	}
	sort.Strings(full)
	if !p.onPath(t.bin) && t.bin != "" && p.quiet == 0 && p.name == "pip" && !t.fresh {
		for _, d := range chosen {
			if len(d.pkg.Scripts) > 0 {
				noun := "script " + d.pkg.Scripts[0] + " is"
				p.Errorf("  WARNING: The %s installed in '%s' which is not on PATH.\n  Consider adding this directory to PATH or, if you prefer to suppress this warning, use --no-warn-script-location.", noun, t.bin)
			}
		}
	}
	p.say("Successfully installed %s", strings.Join(full, " "))
	return p.done()
}

func (p *pipJob) done() int {
	if p.FS.Cred.UID == 0 && !p.venv && p.rootWarning && p.quiet < 2 && p.name == "pip" && p.dir == "" && p.prefixDir == "" {
		p.Errorf("WARNING: Running pip as the 'root' user can result in broken permissions and conflicting behaviour with the system package manager, possibly rendering your system unusable. It is recommended to use a virtual environment instead: https://pip.pypa.io/warnings/venv. Use the --root-user-action option if you know what you are doing and want to suppress this warning.")
	}
	return 0
}

func pathOf(err error, or string) string {
	var e *fs.PathError
	if errors.As(err, &e) && e.Path != "" {
		return e.Path
	}
	return or
}

func (p *pipJob) onPath(dir string) bool {
	return slices.Contains(strings.Split(or(p.Env.Get("PATH"), tool.DefaultPath), ":"), dir)
}

// cacheCommand is pip cache.
func (p *pipJob) cacheCommand(args []string) int {
	if len(args) == 0 {
		return 1
	}
	switch args[0] {
	case "dir":
		p.Printf("%s\n", p.cache)
	case "purge":
		n := 0
		if p.cache != "" {
			if node, err := p.FS.Stat(p.cache); err == nil {
				n = node.Totals().Entries
			}
			for _, d := range []string{"http-v2", "wheels", "http"} {
				p.FS.RemoveAll(path.Join(p.cache, d))
			}
		}
		p.Printf("Files removed: %d\n", n)
	}
	return 0
}

// noEntry reports a missing file.
func noEntry(err error) bool { return vfs.Is(err, syscall.ENOENT) }

// human words a size as pip does.
func human(n int64) string {
	switch {
	case n >= 1_000_000:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	case n >= 10_000:
		return fmt.Sprintf("%d kB", n/1000)
	case n >= 1000:
		return fmt.Sprintf("%.1f kB", float64(n)/1000)
	}
	return fmt.Sprintf("%d bytes", n)
}
