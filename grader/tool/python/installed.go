package python

import (
	"path"
	"sort"
	"strings"

	"drydock/grader/catalogue/pypi"
)

// distInfo splits the name of a .dist-info folder.
func distInfo(name string) (dist, version string, ok bool) {
	base, ok := strings.CutSuffix(name, ".dist-info")
	if !ok {
		return "", "", false
	}
	dist, version, ok = cutLast(base, "-")
	return dist, version, ok
}

// distVersionIn returns the installed version of a distribution in one folder, or "".
func (in *interp) distVersionIn(site, name string) string {
	names, err := in.FS.ReadDir(site)
	if err != nil {
		return ""
	}
	want := pypi.Normalize(name)
	for _, n := range names {
		if d, v, ok := distInfo(n); ok && pypi.Normalize(d) == want {
			return v
		}
	}
	return ""
}

// distVersion returns the version of a distribution that the interpreter sees, or "".
func (in *interp) distVersion(name string) string {
	for _, dir := range in.site() {
		if v := in.distVersionIn(dir, name); v != "" {
			return v
		}
	}
	return ""
}

// installed returns the version and folder of a distribution that pip would count as there.
func (p *pipJob) installed(name, site string) (version, dir string) {
	dirs := p.site()
	found := false
	for _, d := range dirs {
		found = found || d == site
	}
	if !found {
		dirs = append([]string{site}, dirs...)
	}
	for _, d := range dirs {
		if v := p.distVersionIn(d, name); v != "" {
			return v, d
		}
	}
	return "", ""
}

// removeDist takes a distribution away: the modules that its top_level.txt names, its folder of metadata, its scripts.
func (p *pipJob) removeDist(site, name string) bool {
	names, _ := p.FS.ReadDir(site)
	for _, n := range names {
		d, _, ok := distInfo(n)
		if !ok || pypi.Normalize(d) != pypi.Normalize(name) {
			continue
		}
		if data, err := p.FS.ReadFile(path.Join(site, n, "top_level.txt")); err == nil {
			for _, m := range strings.Fields(string(data)) {
				if m = path.Base(m); m != "." && m != ".." && m != "/" {
					p.FS.RemoveAll(path.Join(site, m))
					p.FS.RemoveAll(path.Join(site, m+".py"))
				}
			}
		}
		if data, err := p.FS.ReadFile(path.Join(site, n, "entry_points.txt")); err == nil {
			for _, line := range strings.Split(string(data), "\n") {
				if script, _, ok := strings.Cut(line, " = "); ok {
					p.FS.Remove(path.Join(p.scripts(), path.Base(script)))
				}
			}
		}
		return p.FS.RemoveAll(path.Join(site, n)) == nil
	}
	return false
}

func (p *pipJob) uninstall(operands []string) int {
	for _, f := range p.files {
		more, err := p.readRequirements(f, false, 0)
		if err != nil {
			p.Errorf("ERROR: %s", err)
			return 1
		}
		for _, r := range more {
			operands = append(operands, r.name)
		}
	}
	if len(operands) == 0 {
		p.Errorf("ERROR: You must give at least one requirement to uninstall (see \"pip help uninstall\")")
		return 1
	}
	for _, name := range operands {
		v, site := p.installed(name, p.purelib())
		if v == "" {
			p.Errorf("WARNING: Skipping %s as it is not installed.", name)
			continue
		}
		p.say("Found existing installation: %s %s\nUninstalling %[1]s-%[2]s:", name, v)
		if !p.removeDist(site, name) {
			p.Errorf("ERROR: Exception:\nPermissionError: [Errno 13] Permission denied: '%s'", site)
			return 2
		}
		p.say("  Successfully uninstalled %s-%s", name, v)
	}
	return p.done()
}

// list is pip list and pip freeze.
func (p *pipJob) list(cmd string, args []string) int {
	type row struct{ name, version string }
	var rows []row
	seen := map[string]bool{}
	for _, dir := range p.site() {
		names, _ := p.FS.ReadDir(dir)
		for _, n := range names {
			d, v, ok := distInfo(n)
			if !ok || seen[pypi.Normalize(d)] {
				continue
			}
			seen[pypi.Normalize(d)] = true
			if data, err := p.FS.ReadFile(path.Join(dir, n, "METADATA")); err == nil {
				for _, line := range strings.Split(string(data), "\n") {
					if name, ok := strings.CutPrefix(line, "Name: "); ok {
						d = strings.TrimSpace(name)
						break
					}
				}
			}
			rows = append(rows, row{d, v})
		}
	}
	sort.Slice(rows, func(i, k int) bool { return pypi.Normalize(rows[i].name) < pypi.Normalize(rows[k].name) })
	if cmd == "freeze" || option(args, "--format") == "freeze" {
		for _, r := range rows {
			if cmd == "freeze" && (r.name == "pip" || r.name == "setuptools" || r.name == "wheel") {
				continue
			}
			p.Printf("%s==%s\n", r.name, r.version)
		}
		return 0
	}
	wide, wideV := len("Package"), len("Version")
	for _, r := range rows {
		wide, wideV = max(wide, len(r.name)), max(wideV, len(r.version))
	}
	p.Printf("%-*s Version\n%s %s\n", wide, "Package", strings.Repeat("-", wide), strings.Repeat("-", wideV))
	for _, r := range rows {
		p.Printf("%-*s %s\n", wide, r.name, r.version)
	}
	return 0
}

func (p *pipJob) show(operands []string) int {
	found := false
	for _, name := range operands {
		v, site := p.installed(name, p.purelib())
		if v == "" {
			p.Errorf("WARNING: Package(s) not found: %s", name)
			continue
		}
		found = true
		pkg := known(name)
		p.Printf("Name: %s\nVersion: %s\nLocation: %s\nRequires: %s\n", displayName(name, pkg), v, site, strings.Join(requirementNames(pkg), ", "))
	}
	if !found {
		return 1
	}
	return 0
}

func requirementNames(pkg *pypi.Package) (out []string) {
	for _, r := range pkg.Requires {
		out = append(out, strings.FieldsFunc(r, func(c rune) bool { return strings.ContainsRune("<>=!~[; ", c) })[0])
	}
	return out
}
