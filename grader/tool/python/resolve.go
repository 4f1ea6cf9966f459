package python

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"slices"
	"strings"

	"drydock/grader/catalogue/pypi"
	"drydock/grader/report"
	"drydock/grader/tool"
	"drydock/grader/tree"
)

// maxDists bounds how many distributions one run may install.
const maxDists = 2000

func known(name string) *pypi.Package {
	if p, ok := pypi.Lookup(name); ok {
		return p
	}
	return pypi.Guess(name)
}

func fakeHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// resolve chooses versions of what is wanted and of what that requires. What is already installed and fits is left.
func (p *pipJob) resolve(ctx context.Context, want []requirement, t target, cmd string) ([]dist, int) {
	var out []dist
	seen := map[string]string{} // name → version
	specs := map[string][]spec{}
	asked := map[string]requirement{}
	for _, r := range want {
		if r.url == "" {
			n := pypi.Normalize(r.name)
			if old, ok := asked[n]; ok && len(old.specs) > 0 && len(r.specs) > 0 && old.specs[0] != r.specs[0] && old.specs[0].op == "==" && r.specs[0].op == "==" {
				p.Errorf("ERROR: Cannot install %s and %s because these package versions have conflicting dependencies.\n\nThe conflict is caused by:\n    The user requested %[1]s\n    The user requested %[2]s\n\n"+
					"To fix this you could try to:\n1. loosen the range of package versions you've specified\n2. remove package versions to allow pip to attempt to solve the dependency conflict\n\nERROR: ResolutionImpossible: for help visit https://pip.pypa.io/en/latest/topics/dependency-resolution/#dealing-with-dependency-conflicts", old.text, r.text)
				return nil, 1
			}
			asked[n] = r
			specs[n] = append(specs[n], r.specs...)
		}
	}
	for _, c := range p.constraints {
		n := pypi.Normalize(c.name)
		specs[n] = append(specs[n], c.specs...)
	}
	queue := slices.Clone(want)
	by := make([]string, len(queue))
	for len(queue) > 0 {
		if ctx.Err() != nil || len(seen) > maxDists {
			return nil, 1
		}
		r, from := queue[0], by[0]
		queue, by = queue[1:], by[1:]
		if r.url != "" {
			d, deps, status := p.local(r)
			if status != 0 {
				return nil, status
			}
			if _, ok := seen[pypi.Normalize(d.name)]; ok {
				continue
			}
			seen[pypi.Normalize(d.name)] = d.version
			out = append(out, d)
			for _, dep := range deps {
				queue, by = append(queue, dep), append(by, d.name)
			}
			continue
		}
		n := pypi.Normalize(r.name)
		pkg := known(r.name)
		if _, ok := seen[n]; ok {
			continue
		}
		if cmd == "install" && !t.fresh && !p.force {
			if v, site := p.installed(r.name, t.site); v != "" && holdAll(append(specs[n], r.specs...), v) && !(p.upgrade && from == "" && holdAll(specs[n], pkg.Versions[0]) && compare(v, pkg.Versions[0]) < 0 && !pkg.Guessed) {
				seen[n] = v
				extra := strings.Join(r.extras, ",")
				if extra != "" {
					extra = "[" + extra + "]"
				}
				p.say("Requirement already satisfied: %s in %s %s(%s)", r.text, site, r.from+map[bool]string{true: " "}[r.from != ""], v)
				if !p.noDeps {
					p.enqueue(&queue, &by, r, pkg, v)
				}
				continue
			}
		}
		version, status := p.choose(r, pkg, append(specs[n], r.specs...), from)
		if status != 0 {
			return nil, status
		}
		seen[n] = version
		d := dist{name: displayName(r.name, pkg), version: version, pkg: pkg, req: r, by: from}
		label := r.text
		if r.from != "" {
			label += " " + r.from
		} else if from != "" {
			label += " (from " + from + ")"
		}
		p.say("Collecting %s", label)
		out = append(out, d)
		if p.noDeps {
			continue
		}
		p.enqueue(&queue, &by, r, pkg, version)
	}
	return out, 0
}

// enqueue adds what a package requires; ranges count only for the version they are known for, the newest.
func (p *pipJob) enqueue(queue *[]requirement, by *[]string, r requirement, pkg *pypi.Package, version string) {
	list := slices.Clone(pkg.Requires)
	for _, x := range r.extras {
		list = append(list, pkg.Extras[x]...)
	}
	for _, line := range list {
		dep, ok, err := p.parseRequirement(line)
		if err != nil || !ok {
			continue
		}
		if version != pkg.Versions[0] {
			dep.specs, dep.text = nil, dep.name
		}
		*queue, *by = append(*queue, dep), append(*by, r.name)
	}
}

func displayName(written string, pkg *pypi.Package) string {
	if pkg.Guessed {
		return written
	}
	return pkg.Name
}

func holdAll(specs []spec, v string) bool {
	for _, s := range specs {
		if !s.holds(v) {
			return false
		}
	}
	return true
}

// choose picks a version, or says that there is none.
func (p *pipJob) choose(r requirement, pkg *pypi.Package, specs []spec, from string) (string, int) {
	versions := pkg.Versions
	if p.noIndex || len(p.links) > 0 {
		linked := p.linked(r.name)
		if p.noIndex {
			versions = linked
		} else {
			versions = append(slices.Clone(linked), versions...)
		}
	}
	none := func(list []string) (string, int) {
		label := r.text
		if from != "" {
			label += " (from " + from + ")"
		}
		shown := slices.Clone(list)
		slices.Reverse(shown)
		p.Errorf("ERROR: Could not find a version that satisfies the requirement %s (from versions: %s)\nERROR: No matching distribution found for %s", label, or(strings.Join(shown, ", "), "none"), r.text)
		return "", 1
	}
	if !p.noIndex && p.Offline {
		p.Errorf("WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) after connection broken by 'NewConnectionError('Failed to establish a new connection: [Errno -3] Temporary failure in name resolution')': /simple/%s/", pypi.Normalize(r.name))
		return none(nil)
	}
	if p.noIndex && len(versions) == 0 {
		return none(nil)
	}
	if !p.noIndex && !pypi.Exists(r.name) {
		if s := pypi.Similar(r.name); s != "" {
			p.Note(report.Note{Kind: "advice", Text: fmt.Sprintf("There is no Python package %s that Drydock knows of; did you mean %s?", r.name, s)})
		}
		return none(nil)
	}
	if !p.noIndex && !p.hasFile(pkg) {
		return none(nil)
	}
	for _, v := range versions {
		if holdAll(specs, v) && (!pre(v) || len(specs) > 0) {
			if pkg.Guessed && !p.noIndex {
				p.Note(report.Note{Kind: "estimate", Text: fmt.Sprintf("Drydock does not know the Python package %s: its size and what it requires are estimates.", r.name)})
			}
			return v, 0
		}
	}
	if p.noIndex {
		return none(versions)
	}
	for _, s := range specs { // a version that the data lack
		if s.op != "==" && s.op != "===" && s.op != "~=" && s.op != ">=" && s.op != "<" && s.op != "<=" {
			continue
		}
		v := strings.TrimSuffix(s.version, ".*")
		if s.op == "<" {
			continue
		}
		if pkg.Guessed || numbers(v) != nil && numbers(pkg.Versions[0]) != nil && numbers(v)[0] <= numbers(pkg.Versions[0])[0] && (compare(v, pkg.Versions[0]) < 0 || s.op == "==" && numbers(v)[0] == numbers(pkg.Versions[0])[0]) {
			if pkg.Guessed || s.op == "==" || s.op == "===" || s.op == "~=" || s.op == "<=" {
				return v, 0
			}
		}
	}
	for _, s := range specs {
		if s.op == "<" && compare(s.version, pkg.Versions[len(pkg.Versions)-1]) <= 0 {
			if n := numbers(s.version); len(n) > 0 && n[0] > 0 {
				return fmt.Sprintf("%d.0.0", n[0]-1), 0
			}
		}
	}
	return none(versions)
}

// hasFile reports whether the index has a file of the package that this interpreter can use.
func (p *pipJob) hasFile(pkg *pypi.Package) bool {
	if pkg.Kind == pypi.Glibc && (p.musl || pkg.MaxMinor > 0 && p.minor > pkg.MaxMinor) {
		return false
	}
	return !(p.onlyBinary && (pkg.Kind == pypi.Build || pkg.Kind == pypi.Sdist))
}

// linked lists the versions of a package among the files of --find-links, newest first.
func (p *pipJob) linked(name string) []string {
	var out []string
	for _, dir := range p.links {
		names, err := p.FS.ReadDir(strings.TrimPrefix(dir, "file://"))
		if err != nil {
			continue
		}
		for _, n := range names {
			if w, ok := parseWheelName(n); ok && pypi.Normalize(w.name) == pypi.Normalize(name) && p.compatible(w) {
				out = append(out, w.version)
			}
		}
	}
	slices.SortFunc(out, func(a, b string) int { return compare(b, a) })
	return out
}

// obtain gets a distribution's wheel: from a folder, from the cache, or from the index, compiling it where that takes it.
func (p *pipJob) obtain(d *dist, cmd string) int {
	if d.local != "" {
		return 0
	}
	for _, dir := range p.links {
		names, _ := p.FS.ReadDir(strings.TrimPrefix(dir, "file://"))
		for _, n := range names {
			if w, ok := parseWheelName(n); ok && pypi.Normalize(w.name) == pypi.Normalize(d.name) && w.version == d.version && p.compatible(w) {
				d.local = path.Join(strings.TrimPrefix(dir, "file://"), n)
				p.say("Looking in links: %s\nProcessing %s", dir, d.local)
				return 0
			}
		}
	}
	file := p.fileName(*d)
	source := strings.HasSuffix(file, ".tar.gz")
	if source && p.cachedBuild(*d) {
		p.say("  Using cached %s", p.wheelName(*d))
		p.Record(report.Event{Kind: "cache-hit", Tool: p.name, Name: d.name, Version: d.version})
		return 0
	}
	key := p.cacheKey("http-v2", file)
	if p.cache != "" && p.FS.Exists(key) {
		p.say("  Using cached %s (%s)", file, human(d.pkg.Wheel))
		p.Record(report.Event{Kind: "cache-hit", Tool: p.name, Name: d.name, Version: d.version})
	} else {
		p.say("  Downloading %s (%s)", file, human(d.pkg.Wheel))
		p.Record(report.Event{Kind: "download", Tool: p.name, Name: d.name, Version: d.version, Bytes: d.pkg.Wheel})
		if p.cache != "" {
			p.FS.MkdirAll(path.Dir(key), 0o700)
			p.FS.WriteContent(key, tree.Declared(d.pkg.Wheel, "pypi:"+file, nil), 0o600)
			p.FS.WriteContent(strings.TrimSuffix(key, ".body"), tree.Declared(1800, "pypi:"+file+"#headers", nil), 0o600)
		}
	}
	if source {
		return p.build(*d)
	}
	return 0
}

// cacheKey is where pip keeps a file of that name.
func (p *pipJob) cacheKey(kind, file string) string {
	h := fakeHash(file)
	return path.Join(p.cache, kind, h[0:1], h[1:2], h[2:3], h[3:4], h[4:5], h[:56]+".body")
}

func (p *pipJob) builtWheel(d dist) string {
	h := fakeHash("built " + p.wheelName(d))
	return path.Join(p.cache, "wheels", h[:2], h[2:4], h[4:6], h[6:], p.wheelName(d))
}

func (p *pipJob) cachedBuild(d dist) bool { return p.cache != "" && p.FS.Exists(p.builtWheel(d)) }

// build makes a wheel of a source.
func (p *pipJob) build(d dist) int {
	p.say("  Preparing metadata (pyproject.toml): started")
	for _, t := range d.pkg.Tools {
		if t != "gcc" && !p.has(t) {
			p.buildFailed(d, t)
			return 1
		}
	}
	p.say("  Preparing metadata (pyproject.toml): finished with status 'done'\nBuilding wheels for collected packages: %s\n  Building wheel for %[1]s (pyproject.toml): started", d.name)
	tools := d.pkg.Tools
	if d.pkg.Kind == pypi.Both || d.pkg.Kind == pypi.Glibc {
		tools = []string{"gcc"}
	}
	if slices.Contains(tools, "gcc") && !p.has("gcc") {
		p.say("  Building wheel for %s (pyproject.toml): finished with status 'error'", d.name)
		p.subprocess("Building wheel for "+d.name+" (pyproject.toml)", 1, "running bdist_wheel\nrunning build\nrunning build_ext\nbuilding '"+or(d.pkg.Ext, d.name)+"' extension\nerror: command 'gcc' failed: No such file or directory")
		p.Errorf("  ERROR: Failed building wheel for %s\nFailed to build %[1]s\nERROR: Failed to build installable wheels for some pyproject.toml based projects (%[1]s)", d.name)
		return 1
	}
	for _, h := range d.pkg.Headers {
		if !p.has(h) {
			p.say("  Building wheel for %s (pyproject.toml): finished with status 'error'", d.name)
			p.subprocess("Building wheel for "+d.name+" (pyproject.toml)", 1, "      fatal error: "+h+": No such file or directory\ncompilation terminated.\nerror: command '/usr/bin/gcc' failed with exit code 1")
			p.Errorf("  ERROR: Failed building wheel for %s\nFailed to build %[1]s\nERROR: Failed to build installable wheels for some pyproject.toml based projects (%[1]s)", d.name)
			return 1
		}
	}
	p.say("  Building wheel for %s (pyproject.toml): finished with status 'done'\n  Created wheel for %[1]s: filename=%s size=%d sha256=%s", d.name, p.wheelName(d), d.pkg.Wheel, fakeHash(p.wheelName(d)))
	if d.pkg.Kind != pypi.Sdist {
		p.Record(report.Event{Kind: "compile", Tool: p.name, Name: d.name, Version: d.version, Count: 1})
	}
	if p.cache != "" {
		w := p.builtWheel(d)
		p.say("  Stored in directory: %s", path.Dir(w))
		p.FS.MkdirAll(path.Dir(w), 0o700)
		p.FS.WriteContent(w, p.wheelContent(d), 0o600)
	}
	p.say("Successfully built %s", d.name)
	return 0
}

// has reports whether a program or header that compiling takes is there.
func (p *pipJob) has(what string) bool {
	if strings.HasSuffix(what, ".h") {
		if what == "Python.h" && (p.base != "/usr" || p.FS.Exists(fmt.Sprintf("/usr/include/python3.%d/Python.h", p.minor))) {
			return true
		}
		for _, dir := range []string{"/usr/include", "/usr/local/include", "/usr/include/postgresql"} {
			if p.FS.Exists(path.Join(dir, what)) {
				return true
			}
		}
	} else if _, err := tool.Find(p.FS, p.Env, what); err == nil {
		return true
	}
	return p.distroHas(providers[what]...)
}

// buildFailed reports a source whose metadata cannot be made.
func (p *pipJob) buildFailed(d dist, missing string) {
	p.say("  Preparing metadata (pyproject.toml): finished with status 'error'")
	text := "Exception: Can not find valid pkg-config name.\nSpecify MYSQLCLIENT_CFLAGS and MYSQLCLIENT_LDFLAGS env vars manually"
	if missing == "pg_config" {
		text = "running egg_info\nwriting psycopg2.egg-info/PKG-INFO\n\nError: pg_config executable not found.\n\npg_config is required to build psycopg2 from source.  Please add the directory\ncontaining pg_config to the $PATH or specify the full executable path with the\noption:\n\n" +
			"    python setup.py build_ext --pg-config /path/to/pg_config build ...\n\nor with the pg_config option in 'setup.cfg'.\n\nIf you prefer to avoid building psycopg2 from source, please install the PyPI\n'psycopg2-binary' package instead."
	}
	p.subprocess("Getting requirements to build wheel", 1, text)
	p.Errorf("ERROR: Failed to build '%s' when getting requirements to build wheel", d.name)
}

// subprocess prints the output of a build that failed, framed as pip does.
func (p *pipJob) subprocess(what string, code int, output string) {
	lines := strings.Split(output, "\n")
	p.Errorf("  error: subprocess-exited-with-error\n  \n  × %s did not run successfully.\n  │ exit code: %d\n  ╰─> [%d lines of output]", what, code, len(lines))
	for _, l := range lines {
		p.Errorf("      %s", l)
	}
	p.Errorf("      [end of output]\n  \n  note: This error originates from a subprocess, and is likely not a problem with pip.")
}

// collect is the end of pip wheel and pip download: the files go into a folder.
func (p *pipJob) collect(cmd string, chosen []dist) int {
	dir := or(p.dir, ".")
	if err := p.FS.MkdirAll(dir, 0o777); err != nil {
		p.Errorf("ERROR: Could not install packages due to an OSError: [Errno %d] %s: '%s'\n", errno(err), errText(err), dir)
		return 1
	}
	for _, d := range chosen {
		if d.local != "" && strings.HasSuffix(d.local, ".whl") {
			if c, err := p.FS.Content(d.local); err == nil {
				p.FS.WriteContent(path.Join(dir, path.Base(d.local)), c, 0o666)
			}
			continue
		}
		name := p.wheelName(d)
		content := p.wheelContent(d)
		if cmd == "download" {
			name = p.fileName(d)
		}
		if err := p.FS.WriteContent(path.Join(dir, name), content, 0o666); err != nil {
			p.Errorf("ERROR: Could not install packages due to an OSError: [Errno %d] %s: '%s'\n", errno(err), errText(err), path.Join(dir, name))
			return 1
		}
		p.say("Saved %s", path.Join(dir, name))
	}
	return 0
}
