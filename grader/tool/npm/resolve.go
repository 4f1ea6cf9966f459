package npm

import (
	"bytes"
	"maps"
	"path"
	"slices"
	"strings"

	catalogue "drydock/grader/catalogue/npm"
	"drydock/grader/report"
)

// splitSpec takes "@scope/name@^1" apart.
func splitSpec(s string) (name, spec string) {
	if i := strings.LastIndex(s, "@"); i > 0 {
		return s[:i], s[i+1:]
	}
	return s, ""
}

// specName is the name of what an argument of npm install asks for.
func specName(s string) string { name, _ := splitSpec(s); return name }

// pick chooses a version of a package for a specification: the newest recorded one that satisfies it, else the lowest that it allows.
func (n *session) pick(name, spec string) string {
	if rest, ok := strings.CutPrefix(spec, "npm:"); ok {
		name, spec = splitSpec(rest)
	}
	r, ok := catalogue.ParseRange(spec)
	if !ok || spec == "" {
		r, _ = catalogue.ParseRange("*")
	}
	for _, version := range n.pinned[name] {
		if v, ok := catalogue.ParseVersion(version); ok && r.Has(v) {
			return version
		}
	}
	versions := n.reg.Versions(name)
	for i := len(versions) - 1; i >= 0; i-- {
		if v, ok := catalogue.ParseVersion(versions[i]); ok && r.Has(v) {
			return versions[i]
		}
	}
	return r.Min().String()
}

// add takes the packages named on the command line into package.json.
func (n *session) add(p *project) error {
	if n.command != "install" {
		return nil
	}
	for _, arg := range n.args {
		if strings.HasPrefix(arg, ".") || strings.HasPrefix(arg, "/") || strings.Contains(arg, "://") {
			n.unknown("npm install " + arg + ": only packages of a registry are modelled; it is taken to be installed already.")
			continue
		}
		name, spec := splitSpec(arg)
		into := &p.Dependencies
		switch {
		case n.cfg.is("save-dev"):
			into = &p.DevDependencies
		case n.cfg.is("save-optional"):
			into = &p.Optional
		case n.cfg.is("save-peer"):
			into = &p.Peer
		case p.DevDependencies[name] != "" && !n.cfg.is("save-prod"):
			into = &p.DevDependencies
		}
		if _, ranged := catalogue.ParseRange(spec); !ranged || spec == "" || len(strings.Split(spec, ".")) == 3 && spec[0] >= '0' && spec[0] <= '9' {
			version := n.pick(name, spec)
			if spec = "^" + version; n.cfg.is("save-exact") {
				spec = version
			}
		}
		for _, m := range []map[string]string{p.Dependencies, p.DevDependencies, p.Optional} {
			delete(m, name)
		}
		if *into == nil {
			*into = map[string]string{}
		}
		(*into)[name] = spec
	}
	return nil
}

// want is a dependency that has to be found from a place in the tree.
type want struct {
	from, name, spec     string
	dev, optional, peers bool
}

// maxPackages bounds what a package.json may ask for.
const maxPackages = 20_000

// resolve computes the tree that package.json asks for, as a lock: what old holds and still fits stays, the rest is chosen from the recorded
// registry. It also returns the documents that npm has to ask for.
func (n *session) resolve(p *project, old *lock) (*lock, []item, error) {
	l := &lock{Version: 3, Packages: map[string]*entry{"": {Name: p.Name, Version: p.Version}}}
	if old != nil {
		l.File = old.File
	}
	var asked []item
	known := map[string]bool{}
	var queue []want
	push := func(from string, deps map[string]string, w want) {
		for _, name := range slices.Sorted(maps.Keys(deps)) {
			w.from, w.name, w.spec = from, name, deps[name]
			queue = append(queue, w)
		}
	}
	prod := maps.Clone(p.Dependencies)
	maps.DeleteFunc(prod, func(k, _ string) bool { return p.Optional[k] != "" })
	push("", prod, want{})
	push("", p.Optional, want{optional: true})
	push("", p.DevDependencies, want{dev: true})
	push("", p.Peer, want{peers: true})
	if err := n.addWorkspaces(p, l, func(from string, q *project) {
		push(from, q.Dependencies, want{})
		push(from, q.Optional, want{optional: true})
		push(from, q.DevDependencies, want{dev: true})
	}); err != nil {
		return nil, nil, err
	}
	if old != nil && n.command != "update" {
		for q, e := range old.Packages {
			if l.Packages[q] == nil {
				c := *e
				l.Packages[q] = &c
			}
		}
	}
	reached := map[string]bool{}
	for len(queue) > 0 && len(l.Packages) < maxPackages {
		if n.ctx.Err() != nil {
			return nil, nil, n.ctx.Err()
		}
		w := queue[0]
		queue = queue[1:]
		at, ok := l.find(w.from, w.name)
		if ok {
			e := l.Packages[at]
			ok = e.Link || satisfies(e.Version, w.spec)
		}
		if !ok {
			var e *entry
			if e, at = n.choose(l, w); e == nil {
				continue
			}
			l.Packages[at] = e
			delete(reached, at)
			if !known[w.name] && !e.Link {
				known[w.name] = true
				asked = append(asked, n.packument(w.name))
			}
		}
		e := l.Packages[at]
		if reached[at] {
			continue
		}
		reached[at] = true
		if e.Link {
			reached[e.Resolved] = true
			continue
		}
		m := n.manifest(w.name, e)
		deps := maps.Clone(m.Dependencies)
		maps.DeleteFunc(deps, func(k, _ string) bool { return m.OptionalDependencies[k] != "" })
		push(at, deps, want{})
		push(at, m.OptionalDependencies, want{optional: true})
		peers := maps.Clone(m.PeerDependencies)
		maps.DeleteFunc(peers, func(k, _ string) bool { return m.PeerMeta[k].Optional })
		if !n.cfg.is("legacy-peer-deps") {
			push(parentOf(at), peers, want{peers: true})
		}
	}
	maps.DeleteFunc(l.Packages, func(q string, _ *entry) bool {
		return strings.Contains(q, "node_modules/") && !reached[q] && !l.Packages[q].Link
	})
	l.mark(p)
	return l, asked, nil
}

// parentOf is the package, or "", in whose node_modules a path lies.
func parentOf(p string) string {
	i := strings.LastIndex(p, "node_modules/")
	if i <= 0 {
		return ""
	}
	return strings.TrimSuffix(p[:i], "/")
}

// choose picks a package for a want, and the highest place that it can stand in.
func (n *session) choose(l *lock, w want) (*entry, string) {
	at := path.Join(w.from, "node_modules", w.name)
	for from := w.from; ; from = parentOf(from) {
		p := path.Join(from, "node_modules", w.name)
		if l.Packages[p] != nil {
			break
		}
		at = p
		if from == "" {
			break
		}
		if !strings.Contains(from, "node_modules/") { // a workspace: the project is above it
			if p := path.Join("node_modules", w.name); l.Packages[p] == nil {
				at = p
			}
			break
		}
	}
	if strings.HasPrefix(w.spec, "file:") || strings.HasPrefix(w.spec, "link:") || strings.HasPrefix(w.spec, "workspace:") {
		_, target, _ := strings.Cut(w.spec, ":")
		return &entry{Resolved: path.Join(w.from, target), Link: true}, at
	}
	name := w.name
	if rest, ok := strings.CutPrefix(w.spec, "npm:"); ok {
		name, _ = splitSpec(rest)
	}
	version := n.pick(w.name, w.spec)
	if p := n.reg.Package(name, version); p != nil {
		m := p.Manifest()
		e := &entry{Version: version, Resolved: n.registryURL() + name + "/-/" + path.Base(name) + "-" + version + ".tgz", Integrity: p.Integrity,
			Bin: m.Bin, Dependencies: m.Dependencies, Optionals: m.OptionalDependencies, Peers: m.PeerDependencies, Engines: m.Engines, OS: m.OS, CPU: m.CPU, Libc: m.Libc,
			Install: len(m.Scripts) > 0 || m.Gyp}
		if bytes.HasPrefix(m.License, []byte(`"`)) {
			e.License = m.License
		}
		if name != w.name {
			e.Name = name
		}
		return e, at
	}
	if w.optional {
		return nil, ""
	}
	if len(n.reg.Versions(name)) == 0 {
		n.note("unknown", "Nothing is known about the package "+name+": it is taken to exist, to be of middling size and to need nothing.")
	}
	return &entry{Version: version, Resolved: n.registryURL() + name + "/-/" + path.Base(name) + "-" + version + ".tgz"}, at
}

func (n *session) note(kind, text string) {
	if n.Note != nil {
		n.Note(report.Note{Kind: kind, Text: text})
	}
}

// addWorkspaces links the project's workspaces into the tree and hands each to fn.
func (n *session) addWorkspaces(p *project, l *lock, fn func(from string, q *project)) error {
	for _, pattern := range p.Workspaces {
		pattern = strings.TrimPrefix(path.Clean("/"+pattern), "/")
		dirs := []string{pattern}
		if base, ok := strings.CutSuffix(pattern, "/*"); ok {
			names, _ := n.FS.ReadDir(path.Join(n.root, base))
			dirs = nil
			for _, name := range names {
				dirs = append(dirs, path.Join(base, name))
			}
		}
		for _, dir := range dirs {
			at := *n
			at.root = path.Join(n.root, dir)
			if !n.FS.Exists(path.Join(at.root, "package.json")) {
				continue
			}
			q, err := at.project()
			if err != nil {
				return err
			}
			name := q.Name
			if name == "" {
				name = path.Base(dir)
			}
			l.Packages[dir] = &entry{Name: name, Version: q.Version, Dependencies: q.Dependencies}
			l.Packages["node_modules/"+name] = &entry{Resolved: dir, Link: true}
			fn(dir, q)
		}
	}
	return nil
}

// mark works out which packages only development, optional or peer dependencies lead to.
func (l *lock) mark(p *project) {
	reach := func(roots map[string]string, optional bool, follow func(e *entry) []map[string]string) map[string]bool {
		seen := map[string]bool{}
		var visit func(from string, deps map[string]string)
		visit = func(from string, deps map[string]string) {
			for name := range deps {
				at, ok := l.find(from, name)
				if !ok || seen[at] {
					continue
				}
				seen[at] = true
				e := l.Packages[at]
				if e.Link {
					at = e.Resolved
					if e = l.Packages[at]; e == nil {
						continue
					}
				}
				for _, m := range follow(e) {
					visit(at, m)
				}
			}
		}
		visit("", roots)
		return seen
	}
	all := func(e *entry) []map[string]string { return []map[string]string{e.Dependencies, e.Optionals, e.Peers} }
	firm := func(e *entry) []map[string]string {
		d := maps.Clone(e.Dependencies)
		maps.DeleteFunc(d, func(k, _ string) bool { return e.Optionals[k] != "" })
		return []map[string]string{d, e.Peers}
	}
	roots := maps.Clone(p.Dependencies)
	if roots == nil {
		roots = map[string]string{}
	}
	maps.Copy(roots, p.Peer)
	for q, e := range l.Packages {
		if e.Link {
			roots[nameAt(q)] = ""
		}
	}
	required := maps.Clone(roots)
	maps.DeleteFunc(required, func(k, _ string) bool { return p.Optional[k] != "" })
	maps.Copy(roots, p.Optional)
	prod := reach(roots, true, all)
	needed := reach(required, false, firm)
	dev := reach(p.DevDependencies, false, firm)
	for q, e := range l.Packages {
		if q == "" || e.Link {
			continue
		}
		isDev := !prod[q]
		isOptional := !needed[q] && !dev[q]
		devOptional := prod[q] && !needed[q] && dev[q]
		if e.Dev != isDev || e.Optional != isOptional || e.DevOptional != devOptional {
			e.Dev, e.Optional, e.DevOptional, e.raw = isDev, isOptional, devOptional, nil
		}
	}
}
