package debian

import (
	"fmt"
	"slices"
	"strings"
)

// Installed is what dpkg's status says of a package that is there.
type Installed struct {
	Version    string
	Arch       string
	Depends    string
	PreDepends string
	Recommends string
	Provides   string
	Essential  bool
	Size       int64 // KiB
	Hold       bool
}

// State is what is installed, by name.
type State map[string]*Installed

// has reports whether a relation is satisfied by what is installed or about to be.
func (s State) has(rel Relation) bool {
	if p := s[rel.Name]; p != nil && rel.Holds(p.Version) {
		return true
	}
	for _, p := range s {
		if provides(p.Provides, rel) {
			return true
		}
	}
	return false
}

// provides reports whether a Provides field satisfies a relation.
func provides(field string, rel Relation) bool {
	if field == "" || !strings.Contains(field, rel.Name) {
		return false
	}
	for _, alts := range Relations(field) {
		for _, v := range alts {
			if v.Name == rel.Name && (rel.Op == "" || v.Version != "" && rel.Holds(v.Version)) {
				return true
			}
		}
	}
	return false
}

// Plan is what an installation comes to.
type Plan struct {
	Install []*Package // new ones, in the order in which they are unpacked: what is needed first comes first
	Upgrade []*Package
	Remove  []string        // by conflict
	Asked   map[string]bool // names that were asked for, all others come with them
	Broken  []Unmet
}

// Unmet is a dependency that cannot be satisfied.
type Unmet struct {
	Package string
	Kind    string // "Depends", "PreDepends"
	Want    string // "foo (>= 2)"
	Why     string // "but it is not installable"
}

// Request is one package to install.
type Request struct {
	Name    string
	Version string // "" for the newest
}

// planner works a plan out.
type planner struct {
	r          *Release
	state      State // what will be there
	recommends bool
	plan       *Plan
	marked     map[string]*Package
	order      []*Package
	depth      int
}

// Plan works out what has to be installed for the requests, whose names must exist. state is not changed.
func (r *Release) Plan(state State, requests []*Package, recommends bool) *Plan {
	pl := &planner{r: r, state: State{}, recommends: recommends, plan: &Plan{Asked: map[string]bool{}}, marked: map[string]*Package{}}
	for k, v := range state {
		pl.state[k] = v
	}
	for _, p := range requests { // all that was asked for is chosen before anything is chosen for it
		pl.plan.Asked[p.Name] = true
		if have := state[p.Name]; have == nil || have.Version != p.Version {
			pl.mark(p)
		}
	}
	for _, p := range requests {
		if pl.marked[p.Name] != nil {
			pl.follow(p)
		}
	}
	for _, p := range sortUnpack(pl.order, pl.marked) {
		if state[p.Name] != nil {
			pl.plan.Upgrade = append(pl.plan.Upgrade, p)
		} else {
			pl.plan.Install = append(pl.plan.Install, p)
		}
	}
	return pl.plan
}

func (pl *planner) mark(p *Package) {
	pl.marked[p.Name] = p
	pl.order = append(pl.order, p)
	pl.state[p.Name] = &Installed{Version: p.Version, Provides: p.Provides, Essential: p.Essential, Size: p.Installed}
	for _, alts := range Relations(p.Conflicts) {
		for _, c := range alts {
			for name, have := range pl.state {
				if name == p.Name || have.Essential || pl.plan.Asked[name] {
					continue
				}
				if name == c.Name && c.Holds(have.Version) && pl.marked[name] == nil && !slices.Contains(pl.plan.Remove, name) {
					pl.plan.Remove = append(pl.plan.Remove, name)
					delete(pl.state, name)
				}
			}
		}
	}
}

// follow chooses what p needs.
func (pl *planner) follow(p *Package) {
	if pl.depth++; pl.depth > 2000 {
		pl.depth--
		return
	}
	defer func() { pl.depth-- }()
	for _, f := range []struct {
		kind, field string
		must        bool
	}{{"PreDepends", p.PreDepends, true}, {"Depends", p.Depends, true}, {"Recommends", p.Recommends, false}} {
		if f.kind == "Recommends" && !pl.recommends {
			continue
		}
		for _, group := range Relations(f.field) {
			if slices.ContainsFunc(group, pl.state.has) {
				continue
			}
			q := pl.pick(group)
			if q == nil {
				if f.must {
					pl.plan.Broken = append(pl.plan.Broken, Unmet{Package: p.Name, Kind: f.kind, Want: group[0].String(), Why: pl.why(group[0])})
				}
				continue
			}
			pl.mark(q)
			pl.follow(q)
		}
	}
}

// String writes a relation as control files do.
func (r Relation) String() string {
	if r.Op == "" {
		return r.Name
	}
	return fmt.Sprintf("%s (%s %s)", r.Name, r.Op, r.Version)
}

func (pl *planner) why(rel Relation) string {
	if p := pl.r.Package(rel.Name); p != nil {
		return "but " + p.Version + " is to be installed"
	}
	return "but it is not installable"
}

// pick returns what to install for a group: the first alternative that exists, or the most important package that provides it.
func (pl *planner) pick(group []Relation) *Package {
	for _, rel := range group {
		for _, v := range pl.r.Versions(rel.Name) {
			if rel.Holds(v.Version) {
				return &v
			}
		}
		var best *Package
		for _, name := range pl.r.Providers(rel.Name) {
			q := pl.r.Package(name)
			if q == nil || rel.Op != "" && !provides(q.Provides, rel) {
				continue
			}
			if best == nil || priority(q.Priority) < priority(best.Priority) {
				best = q
			}
		}
		if best != nil {
			return best
		}
	}
	return nil
}

func priority(p string) int {
	return slices.Index([]string{"required", "important", "standard", "optional", "extra"}, p)
}

// sortUnpack orders packages so that what a package needs comes before it.
func sortUnpack(order []*Package, marked map[string]*Package) []*Package {
	out := make([]*Package, 0, len(order))
	done := map[string]bool{}
	var visit func(p *Package, depth int)
	visit = func(p *Package, depth int) {
		if done[p.Name] || depth > 2000 {
			return
		}
		done[p.Name] = true
		for _, group := range Relations(p.PreDepends + ", " + p.Depends) {
			for _, rel := range group {
				if q := marked[rel.Name]; q != nil {
					visit(q, depth+1)
				}
			}
		}
		out = append(out, p)
	}
	for _, p := range order {
		visit(p, 0)
	}
	return out
}

// Unneeded returns the packages that were installed for others and that nothing installed needs any more: what apt-get autoremove
// takes away. auto says which ones apt marked as such; recommended packages count as needed.
func (s State) Unneeded(auto map[string]bool) []string {
	needed := map[string]bool{}
	var visit func(name string)
	visit = func(name string) {
		p := s[name]
		if p == nil || needed[name] {
			return
		}
		needed[name] = true
		for _, group := range Relations(p.PreDepends + ", " + p.Depends + ", " + p.Recommends) {
			for _, rel := range group {
				if s[rel.Name] != nil {
					visit(rel.Name)
					continue
				}
				for other, q := range s {
					if provides(q.Provides, rel) {
						visit(other)
					}
				}
			}
		}
	}
	for name, p := range s {
		if !auto[name] || p.Essential {
			visit(name)
		}
	}
	var out []string
	for name := range s {
		if !needed[name] {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// Dependents returns the installed packages that cannot stay without those in gone, gone included.
func (s State) Dependents(gone []string) []string {
	left := State{}
	for k, v := range s {
		left[k] = v
	}
	out := map[string]bool{}
	for _, g := range gone {
		delete(left, g)
		out[g] = true
	}
	for changed := true; changed; {
		changed = false
		for name, p := range left {
			for _, group := range Relations(p.PreDepends + ", " + p.Depends) {
				was := slices.ContainsFunc(group, s.has)
				if was && !slices.ContainsFunc(group, left.has) {
					delete(left, name)
					out[name], changed = true, true
					break
				}
			}
		}
	}
	names := make([]string, 0, len(out))
	for n := range out {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}
