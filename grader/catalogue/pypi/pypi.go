// Package pypi holds facts about Python packages: versions, sizes, what they require, install and need. They are one data file, packages.txt,
// which says where they come from; a package that it lacks is given a plausible shape by [Guess].
//
// Start from [Lookup].
package pypi

import (
	_ "embed"
	"hash/fnv"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

//go:embed packages.txt
var text string

// Kinds of packages, by the files that the index has of them.
const (
	Pure  = "pure"  // py3-none-any wheel
	Both  = "both"  // manylinux and musllinux wheels
	Glibc = "glibc" // manylinux wheels only
	Sdist = "sdist" // pure, only as a source
	Build = "build" // a source that is compiled
)

// Package is what is known of one. It is shared and must not be changed.
type Package struct {
	Name      string
	Versions  []string // newest first, not complete
	Kind      string
	Wheel     int64 // bytes of the file that is downloaded
	Installed int64
	Files     int
	Requires  []string // requirement lines without markers
	Modules   []string // top-level
	Scripts   []string
	Ext       string   // dotted name of an extension module that importing the first module imports
	Libs      []string // shared libraries that it needs
	Tools     []string // programs that compiling takes
	Headers   []string // files below /usr/include that compiling takes
	Extras    map[string][]string
	MaxMinor  int // newest Python 3 minor with a wheel, 0 for any
	Guessed   bool
}

var packages = parse(text)

func parse(text string) map[string]*Package {
	out := map[string]*Package{}
	for _, line := range strings.Split(text, "\n") {
		w := strings.Fields(line)
		if len(w) < 6 || strings.HasPrefix(line, "#") {
			continue
		}
		p := &Package{Name: w[0], Versions: strings.Split(w[1], ","), Kind: w[2], Extras: map[string][]string{}}
		p.Wheel = number(w[3]) * 1000
		p.Installed = number(w[4]) * 1000
		p.Files = int(number(w[5]))
		for _, kv := range w[6:] {
			k, v, _ := strings.Cut(kv, "=")
			if name, ok := strings.CutPrefix(k, "extra:"); ok {
				p.Extras[name] = strings.Split(v, ",")
				continue
			}
			list := strings.Split(v, ",")
			switch k {
			case "req":
				p.Requires = list
			case "mod":
				p.Modules = list
			case "bin":
				p.Scripts = list
			case "ext":
				p.Ext = v
			case "libs":
				p.Libs = list
			case "tools":
				p.Tools = list
			case "headers":
				p.Headers = list
			case "py":
				p.MaxMinor = int(number(v))
			}
		}
		if p.Modules == nil {
			p.Modules = []string{strings.NewReplacer("-", "_", ".", "_").Replace(p.Name)}
		}
		out[Normalize(p.Name)] = p
	}
	return out
}

func number(s string) int64 {
	n, _ := strconv.ParseInt(s, 10, 64)
	return n
}

var separators = regexp.MustCompile(`[-_.]+`)

// Normalize returns a project's name as the index compares it.
func Normalize(name string) string { return strings.ToLower(separators.ReplaceAllString(name, "-")) }

var nameForm = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$`)

// Valid reports whether name can be a project's name.
func Valid(name string) bool { return nameForm.MatchString(name) }

// Lookup returns what is known of a project.
func Lookup(name string) (*Package, bool) {
	p, ok := packages[Normalize(name)]
	return p, ok
}

// Names returns the projects that are known, sorted.
func Names() []string {
	out := make([]string, 0, len(packages))
	for n := range packages {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}

var impossible = regexp.MustCompile(`no-?such|does-?not-?exist|non-?existent|not-?exist|unknown-package|invalid-package|fake-package|missing-package`)

// Exists reports whether an unknown name is likely to be a project: not one that says it is none, nor a slip in typing a known name.
func Exists(name string) bool {
	n := Normalize(name)
	if _, ok := packages[n]; ok {
		return true
	}
	return !impossible.MatchString(n) && Similar(n) == ""
}

// Similar returns the known project whose name differs from name by one letter left out, put in, changed or two swapped, or "".
func Similar(name string) string {
	n := Normalize(name)
	if len(n) < 5 {
		return ""
	}
	for _, k := range Names() {
		if len(k) >= 5 && k != n && slip(n, k) {
			return k
		}
	}
	return ""
}

func slip(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	switch {
	case len(a) < len(b):
		return a[i:] == b[i+1:] && (i >= len(b) || b[i] < '0' || b[i] > '9')
	case i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]:
		return true
	case i < len(a):
		return a[i+1:] == b[i+1:] && (b[i] < '0' || b[i] > '9') && (a[i] < '0' || a[i] > '9')
	}
	return false
}

// Guess returns an estimate of an unknown project, always the same for one name.
func Guess(name string) *Package {
	h := fnv.New32a()
	h.Write([]byte(Normalize(name)))
	n := int64(h.Sum32() % 100)
	return &Package{Name: Normalize(name), Versions: []string{"1.0.0"}, Kind: Pure, Wheel: 30_000 + n*1500, Installed: 150_000 + n*8000, Files: 20 + int(n)/2,
		Modules: []string{strings.NewReplacer("-", "_", ".", "_").Replace(Normalize(name))}, Guessed: true}
}
