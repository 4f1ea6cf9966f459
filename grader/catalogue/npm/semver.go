package npm

import (
	"cmp"
	"strconv"
	"strings"
)

// Version is a version as the semantic versioning specification orders it.
type Version struct {
	Major, Minor, Patch int
	Pre                 string // after the hyphen: "beta.1"
}

// ParseVersion reads "1.2.3-pre+build", a leading v or = allowed.
func ParseVersion(s string) (Version, bool) {
	v, parts, ok := partial(s)
	return v, ok && parts == 3
}

// String writes the version without build metadata.
func (v Version) String() string {
	s := strconv.Itoa(v.Major) + "." + strconv.Itoa(v.Minor) + "." + strconv.Itoa(v.Patch)
	if v.Pre != "" {
		s += "-" + v.Pre
	}
	return s
}

// Compare orders versions.
func (v Version) Compare(w Version) int {
	return cmp.Or(cmp.Compare(v.Major, w.Major), cmp.Compare(v.Minor, w.Minor), cmp.Compare(v.Patch, w.Patch), comparePre(v.Pre, w.Pre))
}

// CompareVersions orders versions given as text; what is no version comes first.
func CompareVersions(a, b string) int {
	v, okA := ParseVersion(a)
	w, okB := ParseVersion(b)
	if !okA || !okB {
		return cmp.Or(cmp.Compare(b2i(okA), b2i(okB)), cmp.Compare(a, b))
	}
	return v.Compare(w)
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func comparePre(a, b string) int {
	switch {
	case a == b:
		return 0
	case a == "":
		return 1
	case b == "":
		return -1
	}
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	for i := 0; i < len(as) && i < len(bs); i++ {
		x, errX := strconv.Atoi(as[i])
		y, errY := strconv.Atoi(bs[i])
		var c int
		switch {
		case errX == nil && errY == nil:
			c = cmp.Compare(x, y)
		case errX == nil:
			c = -1
		case errY == nil:
			c = 1
		default:
			c = cmp.Compare(as[i], bs[i])
		}
		if c != 0 {
			return c
		}
	}
	return cmp.Compare(len(as), len(bs))
}

// partial reads a version of which minor and patch may be missing or x; parts tells how many numbers stood there.
func partial(s string) (v Version, parts int, ok bool) {
	s = strings.TrimLeft(s, "v= ")
	s, _, _ = strings.Cut(s, "+")
	s, pre, hasPre := strings.Cut(s, "-")
	for i, n := range strings.Split(s, ".") {
		if i > 2 {
			return v, parts, false
		}
		if n == "x" || n == "X" || n == "*" || n == "" && i == 0 {
			return v, parts, true
		}
		num, err := strconv.Atoi(n)
		if err != nil || num < 0 {
			return v, parts, false
		}
		*[]*int{&v.Major, &v.Minor, &v.Patch}[i] = num
		parts++
	}
	if hasPre {
		v.Pre = pre
	}
	return v, parts, true
}

// Range is a set of versions as package.json files write it: "^1.2.0", ">=1 <3 || 5.x".
type Range struct {
	sets [][]bound
}

type bound struct {
	op string // "<", "<=", ">", ">=", "="
	v  Version
}

// ParseRange reads a range; it reports false for what is none (a tag, an address).
func ParseRange(s string) (Range, bool) {
	var r Range
	for alt := range strings.SplitSeq(s, "||") {
		set, ok := parseSet(strings.TrimSpace(alt))
		if !ok {
			return Range{}, false
		}
		r.sets = append(r.sets, set)
	}
	return r, true
}

func parseSet(s string) ([]bound, bool) {
	if from, to, ok := strings.Cut(s, " - "); ok {
		lo, _, ok1 := partial(from)
		hi, n, ok2 := partial(strings.TrimSpace(to))
		if !ok1 || !ok2 {
			return nil, false
		}
		set := []bound{{">=", lo}}
		if n == 3 {
			return append(set, bound{"<=", hi}), true
		}
		if n == 0 {
			return set, true
		}
		return append(set, bound{"<", next(hi, n)}), true
	}
	var set []bound
	op := ""
	for field := range strings.FieldsSeq(s) {
		rest := strings.TrimLeft(field, "<>=^~")
		op += field[:len(field)-len(rest)]
		if rest == "" {
			continue
		}
		bounds, ok := parseBound(op, rest)
		if !ok {
			return nil, false
		}
		set, op = append(set, bounds...), ""
	}
	return set, op == ""
}

// next is the first version after all that share the first parts numbers.
func next(v Version, parts int) Version {
	switch parts {
	case 1:
		return Version{Major: v.Major + 1, Pre: "0"}
	case 2:
		return Version{Major: v.Major, Minor: v.Minor + 1, Pre: "0"}
	}
	return Version{Major: v.Major, Minor: v.Minor, Patch: v.Patch + 1, Pre: "0"}
}

func parseBound(op, s string) ([]bound, bool) {
	v, n, ok := partial(s)
	if !ok {
		return nil, false
	}
	if n == 0 {
		if op == "<" || op == ">" {
			return []bound{{"<", Version{Pre: "0"}}}, true
		}
		return nil, true
	}
	switch op {
	case "", "=":
		if n == 3 {
			return []bound{{"=", v}}, true
		}
		return []bound{{">=", v}, {"<", next(v, n)}}, true
	case "^":
		parts := 1
		if v.Major == 0 && n > 1 {
			parts = 2
			if v.Minor == 0 && n > 2 {
				parts = 3
			}
		}
		return []bound{{">=", v}, {"<", next(v, parts)}}, true
	case "~", "~>":
		return []bound{{">=", v}, {"<", next(v, min(n, 2))}}, true
	case ">":
		if n < 3 {
			w := next(v, n)
			w.Pre = ""
			return []bound{{">=", w}}, true
		}
		return []bound{{">", v}}, true
	case "<=":
		if n < 3 {
			return []bound{{"<", next(v, n)}}, true
		}
		return []bound{{"<=", v}}, true
	case ">=":
		return []bound{{">=", v}}, true
	case "<":
		if n < 3 {
			v.Pre = "0"
		}
		return []bound{{"<", v}}, true
	}
	return nil, false
}

// Has reports whether v lies in the range. A pre-release does only if a bound names a pre-release of the same version.
func (r Range) Has(v Version) bool {
	for _, set := range r.sets {
		if inSet(set, v) {
			return true
		}
	}
	return false
}

func inSet(set []bound, v Version) bool {
	named := v.Pre == ""
	for _, b := range set {
		c := v.Compare(b.v)
		ok := false
		switch b.op {
		case "=":
			ok = c == 0
		case "<":
			ok = c < 0
		case "<=":
			ok = c <= 0
		case ">":
			ok = c > 0
		case ">=":
			ok = c >= 0
		}
		if !ok {
			return false
		}
		if b.v.Pre != "" && b.v.Major == v.Major && b.v.Minor == v.Minor && b.v.Patch == v.Patch {
			named = true
		}
	}
	return named
}

// Min returns the lowest version that the first set of bounds names, which is a version that can be assumed to exist.
func (r Range) Min() Version {
	if len(r.sets) > 0 {
		for _, b := range r.sets[0] {
			if b.op == ">=" || b.op == "=" {
				return b.v
			}
		}
	}
	return Version{Major: 1}
}

// Satisfies reports whether a version, as text, lies in a range. What is no range (a tag such as latest, an address) takes any version.
func Satisfies(version, spec string) bool {
	r, ok := ParseRange(spec)
	if !ok {
		return true
	}
	v, ok := ParseVersion(version)
	return ok && r.Has(v)
}
