package npm

import (
	"path"
	"strings"

	catalogue "drydock/grader/catalogue/npm"
	"drydock/grader/tool"
)

// planned is a package that an installation puts in place.
type planned struct {
	path string // "node_modules/a/node_modules/b"
	name string
	*entry
}

// plan chooses what of a lock is installed here: kinds left out and optional packages for other platforms fall away.
func (n *session) plan(l *lock) ([]planned, error) {
	dev, optional, peer := n.omits()
	var out []planned
	var skipped []string
	for _, p := range l.paths() {
		e := l.Packages[p]
		switch {
		case !strings.Contains("/"+p, "/node_modules/"): // a workspace's own entry
			continue
		case dev && (e.Dev || e.DevOptional && optional), optional && (e.Optional || e.DevOptional && dev), peer && e.Peer && !e.Dev:
			continue
		case under(p, skipped):
			continue
		}
		name := l.nameOf(p)
		m := n.manifest(name, e)
		if !n.fits(m) {
			if e.Optional || e.DevOptional {
				skipped = append(skipped, p)
				continue
			}
			if !n.cfg.is("force") {
				return nil, n.badPlatform(name, e.Version, m)
			}
		}
		out = append(out, planned{path: p, name: name, entry: e})
	}
	return out, nil
}

func under(p string, dirs []string) bool {
	for _, d := range dirs {
		if strings.HasPrefix(p, d+"/") {
			return true
		}
	}
	return false
}

// manifest is what is known of a package's package.json: as recorded, or what the lock says.
func (n *session) manifest(name string, e *entry) *catalogue.Manifest {
	if p := n.reg.Package(name, e.Version); p != nil {
		return p.Manifest()
	}
	return &catalogue.Manifest{Name: name, Version: e.Version, Bin: e.Bin, Dependencies: e.Dependencies, OptionalDependencies: e.Optionals,
		PeerDependencies: e.Peers, Engines: e.Engines, OS: e.OS, CPU: e.CPU, Libc: e.Libc}
}

// fits reports whether a package is for this platform.
func (n *session) fits(m *catalogue.Manifest) bool {
	os, cpu, libc := n.platform()
	return listed(m.OS, os) && listed(m.CPU, cpu) && (len(m.Libc) == 0 || listed(m.Libc, libc))
}

// platform names the platform as Node.js does.
func (n *session) platform() (os, cpu, libc string) {
	os, cpu, libc = "linux", "x64", "glibc"
	switch n.Arch {
	case "arm64", "arm", "s390x", "riscv64":
		cpu = n.Arch
	case "ppc64le":
		cpu = "ppc64"
	case "386":
		cpu = "ia32"
	}
	if musl(n.Call) {
		libc = "musl"
	}
	if v := n.cfg.get("os"); v != "" {
		os = v
	}
	if v := n.cfg.get("cpu"); v != "" {
		cpu = v
	}
	if v := n.cfg.get("libc"); v != "" {
		libc = v
	}
	return os, cpu, libc
}

// musl reports whether the system's C library is musl, by the loader in /lib.
func musl(c *tool.Call) bool {
	names, _ := c.FS.ReadDir("/lib")
	for _, f := range names {
		if strings.HasPrefix(f, "ld-musl-") {
			return true
		}
	}
	return false
}

// listed checks a platform against a list such as ["linux", "!win32"].
func listed(list catalogue.List, v string) bool {
	if len(list) == 0 {
		return true
	}
	ok, onlyNot := false, true
	for _, l := range list {
		if not, is := strings.CutPrefix(l, "!"); is {
			if not == v {
				return false
			}
			continue
		}
		onlyNot = false
		ok = ok || l == v || l == "any"
	}
	return ok || onlyNot
}

func (n *session) badPlatform(name, version string, m *catalogue.Manifest) error {
	os, cpu, libc := n.platform()
	want, have := []string{}, []string{}
	for _, f := range []struct {
		name, have string
		want       catalogue.List
	}{{"os", os, m.OS}, {"cpu", cpu, m.CPU}, {"libc", libc, m.Libc}} {
		if len(f.want) > 0 {
			want = append(want, `"`+f.name+`":"`+strings.Join(f.want, ",")+`"`)
			have = append(have, `"`+f.name+`":"`+f.have+`"`)
		}
	}
	wanted, actual := "{"+strings.Join(want, ",")+"}", "{"+strings.Join(have, ",")+"}"
	return &failure{code: "EBADPLATFORM", lines: []string{
		"notsup Unsupported platform for " + name + "@" + version + ": wanted " + wanted + " (current: " + actual + ")",
		"notsup Valid os:   " + strings.Join(m.OS, ","), "notsup Actual os:  " + os,
		"notsup Valid cpu:  " + strings.Join(m.CPU, ","), "notsup Actual cpu: " + cpu,
	}}
}

// nodeVersion is the version of the Node.js that runs npm, or "".
func (n *session) nodeVersion() string {
	p, err := tool.Find(n.FS, n.Env, "node")
	if err != nil {
		return ""
	}
	c, err := n.FS.Content(p)
	if err != nil {
		return ""
	}
	return c.Fact("version")
}

// engines warns of packages that ask for another Node.js.
func (n *session) engines(plan []planned) error {
	have := n.nodeVersion()
	if have == "" {
		return nil
	}
	for _, p := range plan {
		want := n.manifest(p.name, p.entry).Engine("node")
		if want == "" || catalogue.Satisfies(have, want) {
			continue
		}
		id := p.name + "@" + p.Version
		if n.cfg.is("engine-strict") {
			return &failure{code: "EBADENGINE", lines: []string{
				"engine Unsupported engine", "engine Not compatible with your version of node/npm: " + id,
				"notsup Not compatible with your version of node/npm: " + id,
				`notsup Required: {"node":"` + want + `"}`, `notsup Actual:   {"npm":"` + n.version + `","node":"v` + have + `"}`,
			}}
		}
		n.warn("EBADENGINE Unsupported engine {")
		n.warn("EBADENGINE   package: '" + id + "',")
		n.warn("EBADENGINE   required: { node: '" + want + "' },")
		n.warn("EBADENGINE   current: { node: 'v" + have + "', npm: '" + n.version + "' }")
		n.warn("EBADENGINE }")
	}
	return nil
}

// direct reports whether a path is a direct child of the project's node_modules.
func direct(p string) bool {
	return strings.Count(p, "node_modules/") == 1 && !strings.HasPrefix(path.Base(p), ".")
}
