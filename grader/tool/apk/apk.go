// Package apk models Alpine's package manager: add, del, update, upgrade, info, fetch, list, search and cache.
//
// Its packages are a list of those that Dockerfiles ask for most, with sizes that are estimates and marked as such; a name that is not on
// it is refused as apk refuses a package that does not exist. What is installed is kept as apk keeps it: in /etc/apk/world and
// /lib/apk/db/installed.
//
// Start from [Models].
package apk

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"drydock/grader/report"
	"drydock/grader/tool"
)

// Models returns the program by the name in its file's facts.
func Models() tool.Models { return tool.Models{"apk": apk} }

//go:embed data/packages.txt
var data string

// pkg is a line of the list.
type pkg struct {
	name, version string
	installed     int64 // bytes
	download      int64
	needs         []string
	bins          [][2]string // path, program
	libs          []string
	links         [][2]string // path, target
}

var packages = sync.OnceValue(func() map[string]*pkg {
	m := map[string]*pkg{}
	for line := range strings.Lines(data) {
		f := strings.Fields(line)
		if len(f) < 4 || f[0] == "#" {
			continue
		}
		p := &pkg{name: f[0], version: f[1], installed: kilobytes(f[2]), download: kilobytes(f[3])}
		for _, kv := range f[4:] {
			k, v, _ := strings.Cut(kv, "=")
			items := strings.Split(v, ",")
			switch k {
			case "needs":
				p.needs = items
			case "lib":
				p.libs = items
			case "bin", "links":
				for _, it := range items {
					a, b, _ := strings.Cut(it, ":")
					if k == "bin" {
						p.bins = append(p.bins, [2]string{a, b})
					} else {
						p.links = append(p.links, [2]string{a, b})
					}
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
		panic("apk: bad size " + s)
	}
	return n << 10
}

// run is one execution.
type run struct {
	*tool.Call
	ctx     context.Context
	world   []string
	db      []entry
	noCache bool
	update  bool
	virtual string
	quiet   bool
	dry     bool
	root    string
}

// options that take a value, by letter and name.
var valued = map[string]bool{"-t": true, "--virtual": true, "-X": true, "--repository": true, "-p": true, "--root": true, "--arch": true, "--cache-dir": true, "--keys-dir": true, "--repositories-file": true, "--wait": true,
	"--cache-max-age": true, "--timeout": true, "-o": true, "--output": true}

func apk(ctx context.Context, c *tool.Call) int {
	r := &run{Call: c, ctx: ctx}
	command := ""
	var operands, options []string
	for i := 1; i < len(c.Args); i++ {
		a := c.Args[i]
		name, value, given := strings.Cut(a, "=")
		if strings.HasPrefix(a, "-") && valued[name] {
			if !given && i+1 < len(c.Args) {
				i++
				value = c.Args[i]
			}
			switch name {
			case "-t", "--virtual":
				r.virtual = value
			case "-p", "--root":
				r.root = strings.TrimRight(value, "/")
			}
			continue
		}
		switch {
		case a == "--no-cache":
			r.noCache = true
		case a == "-U" || a == "--update-cache" || a == "--update" || a == "-u" && command == "":
			r.update = true
		case a == "-q" || a == "--quiet":
			r.quiet = true
		case a == "-s" || a == "--simulate":
			r.dry = true
		case strings.HasPrefix(a, "-") && len(a) > 1:
			options = append(options, a)
		case command == "":
			command = a
		default:
			operands = append(operands, a)
		}
	}
	if slices.Contains(options, "-V") || slices.Contains(options, "--version") || command == "--version" {
		c.Printf("apk-tools %s, compiled for %s.\n", c.Program.Fact("version"), uname(c.Arch))
		return 0
	}
	if command == "" {
		c.Printf("apk-tools %s, compiled for %s.\n\nusage: apk [<OPTIONS>...] COMMAND [<ARGUMENTS>...]\n", c.Program.Fact("version"), uname(c.Arch))
		return 1
	}
	if c.FS.Cred.UID != 0 && slices.Contains([]string{"add", "del", "update", "upgrade", "fix", "cache"}, command) {
		c.Errorf("ERROR: Unable to lock database: Permission denied\nERROR: Failed to open apk database: Permission denied")
		return 99
	}
	r.read()
	switch command {
	case "add":
		return r.add(operands)
	case "del":
		return r.del(operands)
	case "update":
		if !r.index(true) {
			return 2
		}
		c.Printf("OK: %d distinct packages available\n", 25600)
		return 0
	case "upgrade", "fix":
		if !r.index(r.update) {
			return 1
		}
		r.ok()
		return 0
	case "info", "list", "search", "policy":
		return r.info(command, operands, options)
	case "cache":
		if len(operands) > 0 && operands[0] == "clean" {
			r.cleanCache()
		}
		return 0
	case "fetch", "version", "stats", "verify", "audit", "dot":
		return 0
	}
	c.Errorf("ERROR: '%s' is not an apk command. See 'apk --help'.", command)
	return 1
}

func uname(arch string) string {
	if arch == "arm64" {
		return "aarch64"
	}
	return "x86_64"
}

// add installs packages and all that they need.
func (r *run) add(operands []string) int {
	if !r.index(r.update) {
		return 1
	}
	var missing, names []string
	for _, op := range operands {
		name := bare(op)
		if packages()[name] == nil && r.has(name) == nil && !strings.HasPrefix(op, "so:") {
			missing = append(missing, name)
			continue
		}
		names = append(names, name)
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		by := "world[%s]"
		if r.virtual != "" {
			by = r.virtual + "-" + r.stamp() + "[%s]"
		}
		r.Errorf("ERROR: unable to select packages:")
		for _, m := range missing {
			r.Errorf("  %s (no such package):\n    required by: "+by, m, m)
		}
		return len(missing)
	}
	r.note()
	var install []*pkg
	seen := map[string]bool{}
	var visit func(name string)
	visit = func(name string) {
		if seen[name] || r.has(name) != nil {
			return
		}
		seen[name] = true
		p := packages()[name]
		if p == nil {
			return
		}
		for _, n := range p.needs {
			visit(n)
		}
		install = append(install, p)
	}
	for _, n := range names {
		visit(n)
	}
	total := len(install)
	if r.virtual != "" {
		total++
	}
	for i, p := range install {
		r.progress(i, total, "Installing %s (%s)", p.name, p.version)
		if !r.dry {
			r.unpack(p)
		}
	}
	if r.dry {
		r.ok()
		return 0
	}
	if r.virtual != "" {
		r.progress(total-1, total, "Installing %s (%s)", r.virtual, r.stamp())
		r.db = append(r.db, entry{name: r.virtual, version: r.stamp(), needs: names})
		r.want(r.virtual + "=" + r.stamp())
	} else {
		for _, op := range operands {
			r.want(op)
		}
	}
	r.triggers(install)
	r.write()
	r.ok()
	return 0
}

// del removes what world asked for, and all that nothing asks for any more.
func (r *run) del(operands []string) int {
	if len(operands) == 0 {
		r.ok()
		return 0
	}
	for _, op := range operands {
		name := bare(op)
		at := slices.IndexFunc(r.world, func(w string) bool { return bare(w) == name })
		if at < 0 {
			if r.has(name) != nil {
				r.Printf("World updated, but the following packages are not removed due to:\n  %s: %s\n\n", name, r.because(name))
			}
			continue
		}
		r.world = slices.Delete(r.world, at, at+1)
	}
	gone := r.orphans()
	for i, e := range gone {
		r.progress(i, len(gone), "Purging %s (%s)", e.name, e.version)
		r.erase(e)
	}
	if len(gone) > 0 {
		r.triggers(nil)
	}
	r.write()
	r.ok()
	return 0
}

// because names what still needs a package.
func (r *run) because(name string) string {
	for _, e := range r.db {
		if slices.Contains(e.needs, name) {
			return e.name
		}
	}
	return name
}

// progress prints a step: apk 3 pads the number.
func (r *run) progress(i, n int, format string, a ...any) {
	if r.quiet {
		return
	}
	width := 1
	if r.Program.Fact("flavour") == "apk3" {
		width = len(strconv.Itoa(n))
	}
	r.Printf("(%*d/%d) %s\n", width, i+1, n, fmt.Sprintf(format, a...))
}

// ok prints the last line: how much is installed.
func (r *run) ok() {
	if r.quiet {
		return
	}
	var size int64
	for _, e := range r.db {
		size += e.size
	}
	if r.Program.Fact("flavour") == "apk3" {
		r.Printf("OK: %.1f MiB in %d packages\n", float64(size)/(1<<20), len(r.db))
		return
	}
	r.Printf("OK: %d MiB in %d packages\n", size>>20, len(r.db))
}

// triggers says which packages' triggers are run: busybox's always, those that came with what was installed.
func (r *run) triggers(install []*pkg) {
	if e := r.has("busybox"); e != nil && !r.quiet {
		r.Printf("Executing busybox-%s.trigger\n", e.version)
	}
	for _, p := range install {
		switch p.name {
		case "ca-certificates":
			r.Printf("Executing ca-certificates-%s.trigger\n", p.version)
		case "java-common":
			r.Printf("Executing java-common-%s.trigger\n", p.version)
		}
	}
}

func (r *run) note() {
	r.Note(report.Note{Kind: "estimate", Text: "Sizes and versions of Alpine packages are estimates."})
}

// bare is a name without version, repository and conflict mark: "nodejs=22.1.0-r0", "nodejs~22", "!curl", "foo@edge".
func bare(s string) string {
	s = strings.TrimPrefix(s, "!")
	if i := strings.IndexAny(s, "=<>~@"); i > 0 {
		s = s[:i]
	}
	return s
}

func (r *run) info(command string, operands, options []string) int {
	if command == "search" {
		for _, name := range Names() {
			if len(operands) == 0 || strings.Contains(name, strings.Trim(operands[0], "*")) {
				r.Printf("%s-%s\n", name, packages()[name].version)
			}
		}
		return 0
	}
	if len(operands) == 0 {
		var names []string
		for _, e := range r.db {
			names = append(names, e.name)
		}
		slices.Sort(names)
		for _, n := range names {
			r.Printf("%s\n", n)
		}
		return 0
	}
	status := 0
	for _, op := range operands {
		switch e := r.has(op); {
		case e == nil:
			status = 1
		case slices.Contains(options, "-e") || slices.Contains(options, "--installed"):
			r.Printf("%s\n", op)
		default:
			r.Printf("%s-%s installed size:\n%d KiB\n\n", e.name, e.version, e.size>>10)
		}
	}
	return status
}

// Names returns the packages that are known, sorted.
func Names() []string {
	var out []string
	for n := range packages() {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}
