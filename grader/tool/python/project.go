package python

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/BurntSushi/toml"

	"drydock/grader/catalogue/pypi"
	"drydock/grader/report"
	"drydock/grader/tree"
)

// project is what a pyproject.toml or setup.py says.
type project struct {
	Project struct {
		Name         string
		Version      string
		Dependencies []string
		Optional     map[string][]string `toml:"optional-dependencies"`
		Scripts      map[string]string
	}
	Groups map[string][]any `toml:"dependency-groups"`
	Tool   struct {
		Poetry struct {
			Name         string
			Version      string
			Dependencies map[string]any
			Scripts      map[string]any
			Group        map[string]struct{ Dependencies map[string]any }
		}
		UV struct {
			Dev []string `toml:"dev-dependencies"`
		}
	}
}

var (
	setupName    = regexp.MustCompile(`\bname\s*=\s*['"]([^'"]+)['"]`)
	setupVersion = regexp.MustCompile(`\bversion\s*=\s*['"]([^'"]+)['"]`)
	setupNeeds   = regexp.MustCompile(`(?s)install_requires\s*=\s*\[(.*?)\]`)
	quotedRE     = regexp.MustCompile(`['"]([^'"]+)['"]`)
)

// readProject reads the project in a folder. The error's text is pip's.
func (in *interp) readProject(dir string) (*project, error) {
	p := &project{}
	if data, err := in.FS.ReadFile(path.Join(dir, "pyproject.toml")); err == nil {
		if err := toml.Unmarshal(data, p); err != nil {
			return nil, fmt.Errorf("ERROR: Exception: failed to parse %s: %v", path.Join(dir, "pyproject.toml"), err)
		}
		poetry := p.Tool.Poetry
		if p.Project.Name == "" && poetry.Name != "" {
			p.Project.Name, p.Project.Version = poetry.Name, poetry.Version
		}
		if len(p.Project.Dependencies) == 0 {
			p.Project.Dependencies = poetryDependencies(poetry.Dependencies)
		}
	} else if data, err := in.FS.ReadFile(path.Join(dir, "setup.py")); err == nil {
		text := string(data)
		if m := setupName.FindStringSubmatch(text); m != nil {
			p.Project.Name = m[1]
		}
		if m := setupVersion.FindStringSubmatch(text); m != nil {
			p.Project.Version = m[1]
		}
		if m := setupNeeds.FindStringSubmatch(text); m != nil {
			for _, q := range quotedRE.FindAllStringSubmatch(m[1], -1) {
				p.Project.Dependencies = append(p.Project.Dependencies, q[1])
			}
		}
	} else {
		return nil, fmt.Errorf("ERROR: Directory '%s' is not installable. Neither 'setup.py' nor 'pyproject.toml' found.", dir)
	}
	if p.Project.Name == "" {
		p.Project.Name = "UNKNOWN"
	}
	if p.Project.Version == "" {
		p.Project.Version = "0.0.0"
	}
	return p, nil
}

// poetryDependencies turns poetry's table into requirement lines.
func poetryDependencies(table map[string]any) (out []string) {
	for name, v := range table {
		if name == "python" {
			continue
		}
		text, _ := v.(string)
		if m, ok := v.(map[string]any); ok {
			text, _ = m["version"].(string)
		}
		switch {
		case text == "" || text == "*":
			out = append(out, name)
		case strings.HasPrefix(text, "^"), strings.HasPrefix(text, "~"):
			out = append(out, name+">="+strings.TrimLeft(text, "^~"))
		case text[0] >= '0' && text[0] <= '9':
			out = append(out, name+"=="+text)
		default:
			out = append(out, name+text)
		}
	}
	return out
}

// local reads what a path or address of a requirement stands for.
func (p *pipJob) local(r requirement) (dist, []requirement, int) {
	if strings.Contains(r.url, "://") {
		return p.remote(r)
	}
	if w, ok := parseWheelName(path.Base(r.url)); ok {
		if !p.FS.Exists(r.url) {
			p.Errorf("WARNING: Requirement '%s' looks like a filename, but the file does not exist\nERROR: Could not install packages due to an OSError: [Errno 2] No such file or directory: '%s'\n", r.url, p.FS.Abs(r.url))
			return dist{}, nil, 1
		}
		if !p.compatible(w) {
			p.Errorf("ERROR: %s is not a supported wheel on this platform.", path.Base(r.url))
			return dist{}, nil, 1
		}
		p.say("Processing %s", r.url)
		pkg := known(w.name)
		d := dist{name: displayName(strings.ReplaceAll(w.name, "_", "-"), pkg), version: w.version, pkg: pkg, local: r.url}
		var deps []requirement
		if !p.noDeps {
			var by []string
			p.enqueue(&deps, &by, r, pkg, w.version)
		}
		return d, deps, 0
	}
	if !p.FS.IsDir(r.url) {
		p.Errorf("ERROR: Invalid requirement: '%s': Expected package name at the start of dependency specifier\n    %[1]s\n    ^\nHint: It looks like a path. File '%[1]s' does not exist.", r.text)
		return dist{}, nil, 1
	}
	proj, err := p.readProject(r.url)
	if err != nil {
		p.Errorf("%s", err)
		return dist{}, nil, 1
	}
	p.say("Processing %s", p.FS.Abs(r.url))
	lines := proj.Project.Dependencies
	if _, extras, ok := strings.Cut(r.text, "["); ok {
		for _, x := range strings.Split(strings.TrimSuffix(extras, "]"), ",") {
			lines = append(lines, proj.Project.Optional[strings.TrimSpace(x)]...)
		}
	}
	var deps []requirement
	if !p.noDeps {
		for _, line := range lines {
			if d, ok, err := p.parseRequirement(line); err == nil && ok {
				deps = append(deps, d)
			}
		}
	}
	pkg := &pypi.Package{Name: proj.Project.Name, Versions: []string{proj.Project.Version}, Kind: pypi.Pure, Wheel: 10_000, Modules: []string{strings.ReplaceAll(proj.Project.Name, "-", "_")}}
	return dist{name: proj.Project.Name, version: proj.Project.Version, pkg: pkg, local: p.FS.Abs(r.url), req: r}, deps, 0
}

// remote is a requirement by address: of its name a guess, of its content nothing is known.
func (p *pipJob) remote(r requirement) (dist, []requirement, int) {
	if strings.HasPrefix(r.url, "git+") {
		if !p.has("git") {
			p.Errorf("ERROR: Error [Errno 2] No such file or directory: 'git' while executing command git version\nERROR: Cannot find command 'git' - do you have 'git' installed and in your PATH?")
			return dist{}, nil, 1
		}
	}
	name := r.name
	if name == "" {
		base := strings.TrimSuffix(path.Base(strings.SplitN(strings.SplitN(r.url, "#", 2)[0], "@", 2)[0]), ".git")
		if w, ok := parseWheelName(base); ok {
			base = w.name
		}
		name = strings.SplitN(base, "-", 2)[0]
	}
	if !pypi.Valid(name) {
		p.Errorf("ERROR: Invalid requirement: '%s'", r.text)
		return dist{}, nil, 1
	}
	pkg := known(name)
	p.Note(report.Note{Kind: "estimate", Text: fmt.Sprintf("Drydock does not know what %s holds: its size is an estimate.", r.url)})
	return dist{name: displayName(name, pkg), version: pkg.Versions[0], pkg: pkg, req: requirement{name: name, text: r.text}}, nil, 0
}

// putProject installs a project's own folder: its packages, or for an editable one a pointer to it.
func (in *interp) putProject(d dist, t target) error {
	src := d.local
	if in.FS.IsDir(path.Join(src, "src")) {
		src = path.Join(src, "src")
	}
	info := path.Join(t.site, strings.ReplaceAll(d.name, "-", "_")+"-"+d.version+".dist-info")
	if err := in.FS.MkdirAll(info, 0o777); err != nil {
		return err
	}
	var modules []string
	if d.req.edit {
		if err := in.FS.WriteFile(path.Join(t.site, "__editable__."+strings.ReplaceAll(d.name, "-", "_")+"-"+d.version+".pth"), []byte(src+"\n"), 0o666); err != nil {
			return err
		}
	} else {
		names, _ := in.FS.ReadDir(src)
		for _, n := range names {
			p := path.Join(src, n)
			switch {
			case in.FS.Exists(path.Join(p, "__init__.py")) && n != "tests" && n != "test":
				node, err := in.FS.Stat(p)
				if err != nil {
					return err
				}
				copied := cloneOwned(node, in.FS.Cred.UID, in.FS.Cred.GID, in.FS.Umask)
				if err := in.FS.Graft(path.Join(t.site, n), copied); err != nil {
					return err
				}
				modules = append(modules, n)
			case strings.HasSuffix(n, ".py") && n != "setup.py" && n != "conftest.py" && !in.FS.IsDir(path.Join(src, strings.ReplaceAll(d.name, "-", "_"))):
				c, err := in.FS.Content(p)
				if err == nil {
					in.FS.WriteContent(path.Join(t.site, n), c, 0o666)
					modules = append(modules, strings.TrimSuffix(n, ".py"))
				}
			}
		}
	}
	in.FS.WriteFile(path.Join(info, "METADATA"), []byte("Metadata-Version: 2.4\nName: "+d.name+"\nVersion: "+d.version+"\n"), 0o666)
	in.FS.WriteFile(path.Join(info, "top_level.txt"), []byte(strings.Join(modules, "\n")+"\n"), 0o666)
	in.FS.WriteFile(path.Join(info, "RECORD"), nil, 0o666)
	proj, err := in.readProject(d.local)
	if err != nil || t.bin == "" {
		return nil
	}
	text := "[console_scripts]\n"
	for name, to := range proj.Project.Scripts {
		text += name + " = " + to + "\n"
	}
	for name, to := range proj.Tool.Poetry.Scripts {
		if s, ok := to.(string); ok {
			text += name + " = " + s + "\n"
		}
	}
	return in.entryPoints(text, t)
}

// cloneOwned copies a tree for another owner.
func cloneOwned(n *tree.Node, uid, gid int, umask uint32) *tree.Node {
	c := n.Clone()
	c.UID, c.GID, c.Mode = uid, gid, c.Mode&^umask
	if n.IsDir() {
		for _, name := range n.Names() {
			c.Put(name, cloneOwned(n.Child(name), uid, gid, umask))
		}
	}
	return c
}
