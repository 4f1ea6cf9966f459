// Package dnf models the package managers of Fedora and its kin: dnf, microdnf and yum, in outline, and rpm -q.
//
// Its packages are a short list with sizes that are estimates. A name that is not on it is refused, as dnf refuses one that no repository
// has. What is installed is kept in a text file beside rpm's database, which is declared only.
//
// Start from [Models].
package dnf

import (
	"context"
	_ "embed"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"

	"drydock/grader/report"
	"drydock/grader/tool"
	"drydock/grader/tree"
)

// Models returns the programs of this package by the name in their file's facts.
func Models() tool.Models {
	return tool.Models{"dnf": dnf, "dnf5": dnf, "microdnf": dnf, "yum": dnf, "rpm": rpm}
}

//go:embed data/packages.txt
var data string

type pkg struct {
	name, version string
	installed     int64
	download      int64
	needs         []string
	bins          [][2]string
}

var packages = sync.OnceValue(func() map[string]*pkg {
	m := map[string]*pkg{}
	for line := range strings.Lines(data) {
		f := strings.Fields(line)
		if len(f) < 4 || f[0] == "#" || strings.Contains(f[0], "=") || strings.HasPrefix(line, "#") {
			continue
		}
		p := &pkg{name: f[0], version: f[1], installed: kilobytes(f[2]), download: kilobytes(f[3])}
		for _, kv := range f[4:] {
			k, v, _ := strings.Cut(kv, "=")
			for item := range strings.SplitSeq(v, ",") {
				if k == "needs" {
					p.needs = append(p.needs, item)
				} else if at, program, ok := strings.Cut(item, ":"); ok {
					p.bins = append(p.bins, [2]string{at, program})
				}
			}
		}
		m[p.name] = p
	}
	return m
})

func kilobytes(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		panic("dnf: bad size " + s)
	}
	return n << 10
}

// installedFile lists what was installed here: NAME VERSION FILES… a line.
const installedFile = "/var/lib/rpm/.installed"

// cacheBytes is what the repositories' metadata take up in /var/cache/dnf.
const cacheBytes = 75 << 20

type run struct {
	*tool.Call
	installed map[string]string // name → its line
}

func (r *run) attempt(err error) {
	if err != nil {
		r.Errorf("Error: %v", err)
	}
}

func open(c *tool.Call) *run {
	r := &run{Call: c, installed: map[string]string{}}
	b, err := c.FS.ReadFile(installedFile)
	if err != nil {
		return r
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) > 1 {
			r.installed[f[0]] = strings.TrimSpace(line)
		}
	}
	return r
}

func (r *run) save() {
	var lines []string
	for _, l := range r.installed {
		lines = append(lines, l)
	}
	slices.Sort(lines)
	r.attempt(r.FS.WriteFile(installedFile, []byte(strings.Join(lines, "\n")+"\n"), 0o644))
	size := int64(9_000_000 + 60_000*len(lines))
	r.attempt(r.FS.WriteContent("/var/lib/rpm/rpmdb.sqlite", tree.Declared(size, fmt.Sprintf("rpmdb:%v", lines), nil), 0o644))
}

func dnf(_ context.Context, c *tool.Call) int {
	command, yes, no := "", false, false
	var operands []string
	for i := 1; i < len(c.Args); i++ {
		switch a := c.Args[i]; {
		case a == "-y" || a == "--assumeyes":
			yes = true
		case a == "--assumeno":
			no = true
		case a == "--setopt" || a == "--enablerepo" || a == "--disablerepo" || a == "--installroot" || a == "-c":
			i++
		case strings.HasPrefix(a, "-"):
		case command == "":
			command = a
		default:
			operands = append(operands, a)
		}
	}
	r := open(c)
	if c.FS.Cred.UID != 0 && command != "" && command != "list" && command != "info" && command != "search" && command != "repolist" {
		c.Errorf("Error: This command has to be run with superuser privileges (under the root user on most systems).")
		return 1
	}
	switch command {
	case "install", "reinstall", "groupinstall", "localinstall":
		return r.install(operands, yes || c.Name() == "microdnf", no)
	case "remove", "erase", "autoremove":
		return r.remove(operands)
	case "clean":
		r.attempt(c.FS.RemoveAll(r.cache()))
		r.attempt(c.FS.MkdirAll(r.cache(), 0o755))
		c.Printf("19 files removed\n")
		return 0
	case "update", "upgrade", "upgrade-minimal", "check-update", "makecache", "distro-sync":
		if !r.metadata() {
			return 1
		}
		if command == "makecache" {
			c.Printf("Metadata cache created.\n")
		} else {
			c.Printf("Dependencies resolved.\nNothing to do.\nComplete!\n")
		}
		return 0
	case "module", "config-manager", "repolist", "list", "info", "search", "group", "copr", "history":
		return 0
	case "":
		c.Errorf("usage: %s [options] COMMAND", c.Name())
		return 1
	}
	c.Errorf("No such command: %s. Please use /usr/bin/%s --help", command, c.Name())
	return 1
}

func (r *run) cache() string {
	if r.Name() == "microdnf" || r.Name() == "yum" {
		return "/var/cache/yum"
	}
	return "/var/cache/dnf"
}

// metadata fetches what the repositories hold, and keeps it.
func (r *run) metadata() bool {
	p := r.cache() + "/metadata.solv"
	if r.FS.Exists(p) && !(r.Stale != nil && r.Stale("dnf")) {
		return true
	}
	if r.Offline {
		r.Errorf("Error: Failed to download metadata for repo 'baseos': Cannot prepare internal mirrorlist: Curl error (6): Couldn't resolve host name")
		return false
	}
	r.attempt(r.FS.MkdirAll(r.cache(), 0o755))
	r.attempt(r.FS.WriteContent(p, tree.Declared(cacheBytes, "dnf-metadata", nil), 0o644))
	r.Record(report.Event{Kind: "download", Tool: "dnf", Name: "repository metadata", Bytes: 30 << 20})
	return true
}

func (r *run) install(operands []string, yes, no bool) int {
	if !r.metadata() {
		return 1
	}
	var missing, asked []string
	for _, op := range operands {
		switch {
		case packages()[op] != nil:
			asked = append(asked, op)
		case strings.HasPrefix(op, "@") || strings.HasPrefix(op, "http") || strings.HasSuffix(op, ".rpm"):
			r.Note(report.Note{Kind: "unknown", Text: "Drydock does not know what " + op + " holds: nothing is installed for it."})
		default:
			missing = append(missing, op)
		}
	}
	if len(missing) > 0 {
		for _, m := range missing {
			if r.Name() == "microdnf" {
				r.Errorf("error: No package matches '%s'", m)
				return 1
			}
			r.Errorf("No match for argument: %s", m)
		}
		r.Errorf("Error: Unable to find a match: %s", strings.Join(missing, " "))
		return 1
	}
	r.Note(report.Note{Kind: "estimate", Text: "Sizes and versions of RPM packages are estimates."})
	var todo []*pkg
	seen := map[string]bool{}
	var visit func(string)
	visit = func(name string) {
		p := packages()[name]
		if p == nil || seen[name] || r.installed[name] != "" {
			return
		}
		seen[name] = true
		for _, n := range p.needs {
			visit(n)
		}
		todo = append(todo, p)
	}
	for _, a := range asked {
		visit(a)
	}
	if len(todo) == 0 {
		r.Printf("Dependencies resolved.\nNothing to do.\nComplete!\n")
		return 0
	}
	var download, size int64
	r.Printf("Dependencies resolved.\n================================================================================\n Package                 Architecture   Version              Repository     Size\n" +
		"================================================================================\nInstalling:\n")
	for _, p := range todo {
		r.Printf(" %-23s %-14s %-20s %-10s %6d k\n", p.name, "x86_64", p.version, "baseos", p.download>>10)
		download, size = download+p.download, size+p.installed
	}
	r.Printf("\nTransaction Summary\n================================================================================\nInstall  %d Packages\n\nTotal download size: %d k\nInstalled size: %d k\n", len(todo), download>>10, size>>10)
	if no || !yes && !r.agreed() {
		r.Printf("Operation aborted.\n")
		return 1
	}
	for _, p := range todo {
		r.Record(report.Event{Kind: "download", Tool: "dnf", Name: p.name, Version: p.version, Bytes: p.download})
		r.Record(report.Event{Kind: "install", Tool: "dnf", Name: p.name, Version: p.version})
		r.unpack(p)
	}
	r.save()
	r.Printf("\nInstalled:\n")
	for _, p := range todo {
		r.Printf("  %s-%s.x86_64\n", p.name, p.version)
	}
	r.Printf("\nComplete!\n")
	return 0
}

// agreed asks, and takes the end of input for no.
func (r *run) agreed() bool {
	r.Printf("Is this ok [y/N]: ")
	b := make([]byte, 1)
	if r.Stdin == nil {
		return false
	}
	n, err := r.Stdin.Read(b)
	return n > 0 && (err == nil || n == 1) && (b[0] == 'y' || b[0] == 'Y')
}

// unpack puts a package's files.
func (r *run) unpack(p *pkg) {
	rest := p.installed
	line := []string{p.name, p.version}
	put := func(at string, n *tree.Node) {
		r.attempt(r.FS.MkdirAll(path.Dir(at), 0o755))
		n.ModTime = r.FS.Now()
		if err := r.FS.Graft(at, n); err != nil {
			r.attempt(err)
			return
		}
		line = append(line, at)
	}
	interp := "/lib64/ld-linux-x86-64.so.2"
	if r.Arch == "arm64" {
		interp = "/lib/ld-linux-aarch64.so.1"
	}
	for _, b := range p.bins {
		size := min(rest/int64(len(p.bins)+1), 80<<20)
		rest -= size
		facts := map[string]string{"program": b[1], "version": p.version, "package": "rpm:" + p.name}
		if shebang := scripts[b[1]]; shebang != "" {
			put(b[0], tree.NewFile(0o755, tree.Program([]byte("#!"+shebang+"\n"), facts)))
			continue
		}
		if b[1] == "java" {
			facts["kind"] = "jre"
		}
		if b[1] == "javac" {
			facts["kind"] = "jdk"
		}
		facts["elf"], facts["arch"], facts["interp"], facts["needs"] = "dynamic", r.Arch, interp, "libc.so.6"
		put(b[0], tree.NewFile(0o755, tree.Declared(size, "rpm:"+p.name+"-"+p.version+b[0], facts)))
	}
	put("/usr/share/"+p.name+"/files.bundle", tree.NewFile(0o644, tree.Declared(rest, "rpm:"+p.name+"-"+p.version+"/rest", nil)))
	r.installed[p.name] = strings.Join(line, " ")
}

// scripts are programs that are texts for an interpreter.
var scripts = map[string]string{"npm": "/usr/bin/env node", "npx": "/usr/bin/env node", "pip": "/usr/bin/python3", "mvn": "/bin/sh"}

func (r *run) remove(operands []string) int {
	gone := 0
	for _, op := range operands {
		f := strings.Fields(r.installed[op])
		if len(f) == 0 {
			r.Printf("No match for argument: %s\n", op)
			continue
		}
		for _, p := range f[2:] {
			r.attempt(r.FS.RemoveAll(p))
		}
		r.Record(report.Event{Kind: "remove", Tool: "dnf", Name: op, Version: f[1]})
		delete(r.installed, op)
		gone++
	}
	if gone > 0 {
		r.save()
		r.Printf("Complete!\n")
		return 0
	}
	r.Printf("No packages marked for removal.\nDependencies resolved.\nNothing to do.\nComplete!\n")
	return 0
}

// rpm answers rpm -q.
func rpm(_ context.Context, c *tool.Call) int {
	r := open(c)
	status := 0
	for _, a := range c.Args[1:] {
		if strings.HasPrefix(a, "-") || strings.Contains(a, "://") || strings.HasSuffix(a, ".rpm") {
			continue
		}
		if f := strings.Fields(r.installed[a]); len(f) > 1 {
			c.Printf("%s-%s.x86_64\n", f[0], f[1])
		} else {
			c.Printf("package %s is not installed\n", a)
			status = 1
		}
	}
	return status
}
