package debian

import (
	"fmt"
	"strconv"
	"strings"
)

// Package is one version of a package as Debian's index has it.
type Package struct {
	Name       string
	Version    string
	All        bool   // for any architecture
	Pocket     string // "" for the release itself, "updates", "security"
	Size       int64  // of the .deb
	Installed  int64  // KiB
	Essential  bool
	Priority   string
	Section    string
	Depends    string // the fields as written, without ":any"
	PreDepends string
	Recommends string
	Provides   string
	Conflicts  string
	Source     string
}

// AppendTo writes p as a line of the embedded index.
func (p *Package) AppendTo(dst []byte) []byte {
	flags := ""
	if p.All {
		flags += "a"
	}
	if p.Essential {
		flags += "e"
	}
	if p.Pocket != "" {
		flags += p.Pocket[:1]
	}
	return fmt.Appendf(dst, "%s\t%s\t%s\t%d\t%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", p.Name, p.Version, flags, p.Size, p.Installed, p.Priority, p.Section, p.Depends, p.PreDepends, p.Recommends,
		p.Provides, p.Conflicts, p.Source)
}

func parsePackage(line string) (Package, error) {
	f := strings.Split(line, "\t")
	if len(f) != 13 {
		return Package{}, fmt.Errorf("debian: bad index line %.60q", line)
	}
	p := Package{Name: f[0], Version: f[1], Priority: f[5], Section: f[6], Depends: f[7], PreDepends: f[8], Recommends: f[9], Provides: f[10], Conflicts: f[11], Source: f[12]}
	for _, c := range f[2] {
		switch c {
		case 'a':
			p.All = true
		case 'e':
			p.Essential = true
		case 'u':
			p.Pocket = "updates"
		case 's':
			p.Pocket = "security"
		}
	}
	var err error
	if p.Size, err = strconv.ParseInt(f[3], 10, 64); err != nil {
		return p, err
	}
	p.Installed, err = strconv.ParseInt(f[4], 10, 64)
	return p, err
}

// Arch is the architecture the package is named with: "all", or that of the machine.
func (p *Package) Arch(machine string) string {
	if p.All {
		return "all"
	}
	return machine
}

// Relation is one alternative of a dependency: "libc6 (>= 2.34)".
type Relation struct {
	Name    string
	Op      string // "", "<<", "<=", "=", ">=", ">>"
	Version string
}

// Relations reads a dependency field: a list of groups, each satisfied by any of its alternatives.
func Relations(field string) [][]Relation {
	if field == "" {
		return nil
	}
	var out [][]Relation
	for group := range strings.SplitSeq(field, ",") {
		var alts []Relation
		for alt := range strings.SplitSeq(group, "|") {
			alt = strings.TrimSpace(alt)
			if i := strings.IndexByte(alt, '['); i >= 0 {
				alt = strings.TrimSpace(alt[:i])
			}
			name, cond, ok := strings.Cut(alt, "(")
			r := Relation{Name: strings.TrimSpace(name)}
			r.Name, _, _ = strings.Cut(r.Name, ":")
			if ok {
				cond = strings.TrimSuffix(strings.TrimSpace(cond), ")")
				i := strings.IndexFunc(cond, func(c rune) bool { return c != '<' && c != '>' && c != '=' })
				if i >= 0 {
					r.Op, r.Version = cond[:i], strings.TrimSpace(cond[i:])
				}
			}
			if r.Name != "" {
				alts = append(alts, r)
			}
		}
		if len(alts) > 0 {
			out = append(out, alts)
		}
	}
	return out
}

// Holds reports whether a version satisfies the relation.
func (r Relation) Holds(version string) bool {
	if r.Op == "" {
		return true
	}
	c := CompareVersions(version, r.Version)
	switch r.Op {
	case "<<", "<":
		return c < 0
	case "<=":
		return c <= 0
	case "=":
		return c == 0
	case ">=":
		return c >= 0
	case ">>", ">":
		return c > 0
	}
	return true
}

// CompareVersions orders versions as dpkg does: epoch, upstream version, revision.
func CompareVersions(a, b string) int {
	ae, au, ar := splitVersion(a)
	be, bu, br := splitVersion(b)
	if ae != be {
		return ae - be
	}
	if c := comparePart(au, bu); c != 0 {
		return c
	}
	return comparePart(ar, br)
}

func splitVersion(v string) (epoch int, upstream, revision string) {
	if e, rest, ok := strings.Cut(v, ":"); ok {
		n, err := strconv.Atoi(e)
		if err == nil {
			epoch, v = n, rest
		}
	}
	if i := strings.LastIndexByte(v, '-'); i >= 0 {
		return epoch, v[:i], v[i+1:]
	}
	return epoch, v, ""
}

// comparePart is dpkg's verrevcmp: runs of non-digits, in which ~ sorts before everything and letters before the rest, and runs of digits.
func comparePart(a, b string) int {
	order := func(s string, i int) int {
		switch {
		case i >= len(s):
			return 0
		case s[i] >= '0' && s[i] <= '9':
			return 0
		case s[i] >= 'a' && s[i] <= 'z' || s[i] >= 'A' && s[i] <= 'Z':
			return int(s[i])
		case s[i] == '~':
			return -1
		}
		return int(s[i]) + 256
	}
	digit := func(s string, i int) bool { return i < len(s) && s[i] >= '0' && s[i] <= '9' }
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		for i < len(a) && !digit(a, i) || j < len(b) && !digit(b, j) {
			if x, y := order(a, i), order(b, j); x != y {
				return x - y
			}
			i++
			j++
		}
		for i < len(a) && a[i] == '0' {
			i++
		}
		for j < len(b) && b[j] == '0' {
			j++
		}
		first := 0
		for digit(a, i) && digit(b, j) {
			if first == 0 {
				first = int(a[i]) - int(b[j])
			}
			i++
			j++
		}
		if digit(a, i) {
			return 1
		}
		if digit(b, j) {
			return -1
		}
		if first != 0 {
			return first
		}
	}
	return 0
}
