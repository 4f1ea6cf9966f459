// Package debian holds Debian's package index (bookworm and trixie, main with updates and security fixes) and, for the packages that
// Dockerfiles ask for most, the files that they install. Both were read from the archive by the catalogue's generator; the files of all
// other packages are composed from their name, section and installed size.
//
// Start from [Open]. What to install for a request is worked out by [Release.Plan].
package debian

import (
	"embed"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"sync"

	"drydock/grader/catalogue/internal/pack"
)

//go:embed data
var data embed.FS

// Release is the index of a release. It is safe for concurrent use.
type Release struct {
	Suite string

	index  *pack.Archive
	blocks sync.Map // first name → map[string][]Package
	files  func() *pack.Archive
	known  sync.Map // "name arch" → *Contents

	virtual func() map[string][]string
}

var releases = map[string]func() *Release{
	"bookworm": sync.OnceValue(func() *Release { return load("bookworm") }),
	"trixie":   sync.OnceValue(func() *Release { return load("trixie") }),
}

// Open returns the index of a release ("bookworm"), or nil where there is none.
func Open(suite string) *Release {
	if r := releases[suite]; r != nil {
		return r()
	}
	return nil
}

// load opens embedded data; that it cannot be read is a fault of the build, which the tests find.
func load(suite string) *Release {
	open := func(name string) *pack.Archive {
		b, err := data.ReadFile("data/" + name)
		if err != nil {
			panic(err)
		}
		a, err := pack.Open(b)
		if err != nil {
			panic(fmt.Sprintf("debian: %s: %v", name, err))
		}
		return a
	}
	r := &Release{Suite: suite, index: open(suite + "-index.pack"), files: sync.OnceValue(func() *pack.Archive { return open(suite + "-packages.pack") })}
	r.virtual = sync.OnceValue(func() map[string][]string {
		m := map[string][]string{}
		for line := range strings.Lines(string(r.text("~provides"))) {
			f := strings.Fields(line)
			m[f[0]] = f[1:]
		}
		return m
	})
	return r
}

func (r *Release) text(key string) []byte {
	b, err := r.index.Get(key)
	if err != nil {
		panic(fmt.Sprintf("debian: %s: %v", key, err))
	}
	return b
}

// Versions returns the versions of a package that the archive has, newest first.
func (r *Release) Versions(name string) []Package {
	keys := r.index.Keys()
	i := sort.SearchStrings(keys, name)
	if i == len(keys) || keys[i] != name {
		i--
	}
	if i < 0 || strings.HasPrefix(keys[i], "~") {
		return nil
	}
	block, ok := r.blocks.Load(keys[i])
	if !ok {
		block, _ = r.blocks.LoadOrStore(keys[i], parseBlock(r.text(keys[i])))
	}
	return block.(map[string][]Package)[name]
}

func parseBlock(text []byte) map[string][]Package {
	m := map[string][]Package{}
	for line := range strings.Lines(string(text)) {
		p, err := parsePackage(strings.TrimSuffix(line, "\n"))
		if err != nil {
			panic(err)
		}
		m[p.Name] = append(m[p.Name], p)
	}
	return m
}

// Package returns the newest version of a package, or nil.
func (r *Release) Package(name string) *Package {
	if v := r.Versions(name); len(v) > 0 {
		return &v[0]
	}
	return nil
}

// Providers returns the names of the packages that provide a virtual one.
func (r *Release) Providers(virtual string) []string { return r.virtual()[virtual] }

// Names returns all package names that begin with prefix, sorted, at most limit.
func (r *Release) Names(prefix string, limit int) []string {
	var out []string
	for i, key := range r.index.Keys() {
		if strings.HasPrefix(key, "~") || len(out) >= limit {
			break
		}
		if next := i + 1; next < len(r.index.Keys()) && r.index.Keys()[next] <= prefix && !strings.HasPrefix(r.index.Keys()[next], prefix) {
			continue
		}
		if !strings.HasPrefix(key, prefix) && key > prefix {
			break
		}
		r.Versions(key)
		block, _ := r.blocks.Load(key)
		var names []string
		for name := range block.(map[string][]Package) {
			if strings.HasPrefix(name, prefix) {
				names = append(names, name)
			}
		}
		sort.Strings(names)
		out = append(out, names...)
	}
	return out[:min(len(out), limit)]
}

// List is what one part of the archive leaves in /var/lib/apt/lists.
type List struct {
	Pocket  string // "main", "updates", "security"
	Release int64  // bytes of InRelease
	Fetched int64  // bytes of the list as transferred
	Stored  int64  // bytes of the list as kept
	Date    string
}

// Lists returns what apt-get update fetches.
func (r *Release) Lists() []List {
	var out []List
	for line := range strings.Lines(string(r.text("~lists"))) {
		f := strings.SplitN(strings.TrimSpace(line), " ", 5)
		n := make([]int64, 3)
		for i := range n {
			v, err := strconv.ParseInt(f[i+1], 10, 64)
			if err != nil {
				panic(err)
			}
			n[i] = v
		}
		out = append(out, List{Pocket: f[0], Release: n[0], Fetched: n[1], Stored: n[2], Date: f[4]})
	}
	return out
}

// Site returns the archive's address and suite for a pocket, as the official images' sources name them.
func (r *Release) Site(pocket string) (url, suite string) {
	switch pocket {
	case "security":
		return "http://deb.debian.org/debian-security", r.Suite + "-security"
	case "updates":
		return "http://deb.debian.org/debian", r.Suite + "-updates"
	}
	return "http://deb.debian.org/debian", r.Suite
}
