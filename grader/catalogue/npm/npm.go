// Package npm holds facts about packages of the npm registry: what a version's archive weighs, which files it unpacks to, what its
// package.json says. They were recorded with npm itself (see gen) for the packages in sources.yaml and all they depend on; a package or version
// that was not recorded is simply not there, and the reader of this package says what it makes of that.
//
// Start from [Open] and [Registry.Package]. Listings are read when first asked for.
package npm

import (
	"embed"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/zstd"
)

//go:embed data
var recorded embed.FS

// Package is a version of a package. It is shared and must not be changed.
type Package struct {
	Name      string
	Version   string
	Tarball   int64  // bytes of the archive, what a download transfers
	Packument int64  // bytes of the registry's document about all versions, as npm asks for it
	Integrity string // of the archive, as lock files write it
	Text      string // of package.json, in essence

	once     sync.Once
	manifest Manifest
	chunk    int
}

// Manifest is what a package.json says that an installation needs.
type Manifest struct {
	Name                 string            `json:"name"`
	Version              string            `json:"version"`
	Bin                  Bin               `json:"bin"`
	Scripts              map[string]string `json:"scripts"`
	Dependencies         map[string]string `json:"dependencies"`
	OptionalDependencies map[string]string `json:"optionalDependencies"`
	PeerDependencies     map[string]string `json:"peerDependencies"`
	PeerMeta             map[string]struct {
		Optional bool `json:"optional"`
	} `json:"peerDependenciesMeta"`
	Engines json.RawMessage `json:"engines"`
	OS      List            `json:"os"`
	CPU     List            `json:"cpu"`
	Libc    List            `json:"libc"`
	Gyp     bool            `json:"gypfile"`
	License json.RawMessage `json:"license"`
}

// Engine returns the range of an engine that the package asks for, or "".
func (m *Manifest) Engine(name string) string {
	var engines map[string]string
	if json.Unmarshal(m.Engines, &engines) != nil {
		return ""
	}
	return engines[name]
}

// List is a list of strings that may be written as one string.
type List []string

// UnmarshalJSON reads either form; anything else is an empty list.
func (l *List) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil && one != "" {
		*l = List{one}
		return nil
	}
	var many []string
	if json.Unmarshal(data, &many) == nil {
		*l = many
	}
	return nil
}

// Bin maps the names of a package's programs to their scripts. A package with one program may give the script alone: it then stands
// under the empty name and is called like the package.
type Bin map[string]string

// UnmarshalJSON reads either form.
func (b *Bin) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		if one != "" {
			*b = Bin{"": one}
		}
		return nil
	}
	var many map[string]string
	if json.Unmarshal(data, &many) == nil {
		*b = many
	}
	return nil
}

// File is an entry of a package's listing.
type File struct {
	Path string // inside the package: "lib/index.js"
	Size int64
	Exec bool
}

// Registry is all that was recorded. It may be used by several goroutines at once.
type Registry struct {
	packages map[string]map[string]*Package // by name, then version
	order    map[string][]string            // versions of a name, as recorded
	document map[string]string              // integrity of a name's packument, on the day that it was recorded

	mu     sync.Mutex
	chunks map[int]map[string][]File // listings by "name@version"
}

// Open reads the index: a line for each package, with its name, version, sizes of archive and packument, integrity, chunk and manifest.
func Open() (*Registry, error) {
	data, err := unpack("data/index.zst")
	if err != nil {
		return nil, err
	}
	r := &Registry{packages: map[string]map[string]*Package{}, order: map[string][]string{}, chunks: map[int]map[string][]File{}, document: map[string]string{}}
	documents, err := unpack("data/documents.zst")
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(documents)) {
		name, integrity, _ := strings.Cut(strings.TrimSpace(line), " ")
		r.document[name] = integrity
	}
	for line := range strings.Lines(string(data)) {
		f := strings.SplitN(strings.TrimSuffix(line, "\n"), " ", 7)
		if len(f) < 7 {
			return nil, fmt.Errorf("npm catalogue: short line %.60q", line)
		}
		p := &Package{Name: f[0], Version: f[1], Integrity: strings.TrimPrefix(f[4], "-"), Text: f[6]}
		var chunk int64
		for i, to := range map[int]*int64{2: &p.Tarball, 3: &p.Packument, 5: &chunk} {
			if *to, err = strconv.ParseInt(f[i], 10, 64); err != nil {
				return nil, fmt.Errorf("npm catalogue: %s@%s: %w", p.Name, p.Version, err)
			}
		}
		p.chunk = int(chunk)
		if r.packages[p.Name] == nil {
			r.packages[p.Name] = map[string]*Package{}
		}
		r.packages[p.Name][p.Version] = p
		r.order[p.Name] = append(r.order[p.Name], p.Version)
	}
	return r, nil
}

// Manifest returns what the package's package.json says. It must not be changed.
func (p *Package) Manifest() *Manifest {
	p.once.Do(func() {
		if json.Unmarshal([]byte(p.Text), &p.manifest) != nil {
			p.manifest = Manifest{Name: p.Name, Version: p.Version}
		}
	})
	return &p.manifest
}

// Package returns what is known about a version, or nil.
func (r *Registry) Package(name, version string) *Package { return r.packages[name][version] }

// Document returns the integrity of the registry's document about a package, by which npm's cache names it, or "" where it was not recorded.
func (r *Registry) Document(name string) string { return r.document[name] }

// Versions returns the versions of a package that were recorded, oldest first.
func (r *Registry) Versions(name string) []string { return r.order[name] }

// All yields every version that was recorded, by name and then version.
func (r *Registry) All() iter.Seq[*Package] {
	return func(yield func(*Package) bool) {
		for _, name := range slices.Sorted(maps.Keys(r.order)) {
			for _, v := range r.order[name] {
				if !yield(r.packages[name][v]) {
					return
				}
			}
		}
	}
}

// Len returns how many versions of packages were recorded.
func (r *Registry) Len() int {
	n := 0
	for _, v := range r.order {
		n += len(v)
	}
	return n
}

// Files lists what the package unpacks to, sorted by path.
func (r *Registry) Files(p *Package) ([]File, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.chunks[p.chunk] == nil {
		listings, err := readChunk(p.chunk)
		if err != nil {
			return nil, err
		}
		r.chunks[p.chunk] = listings
	}
	return r.chunks[p.chunk][p.Name+"@"+p.Version], nil
}

// readChunk reads a file of listings. A line "# name@version" begins a listing; the lines below it are "size path", with
// a * before the size of executable files.
func readChunk(n int) (map[string][]File, error) {
	data, err := unpack(fmt.Sprintf("data/files-%02d.zst", n))
	if err != nil {
		return nil, err
	}
	out := map[string][]File{}
	var id string
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSuffix(line, "\n")
		if rest, ok := strings.CutPrefix(line, "# "); ok {
			id = rest
			continue
		}
		line, exec := strings.CutPrefix(line, "*")
		size, p, _ := strings.Cut(line, " ")
		n, err := strconv.ParseInt(size, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("npm catalogue: listing of %s: %w", id, err)
		}
		out[id] = append(out[id], File{Path: p, Size: n, Exec: exec})
	}
	return out, nil
}

func unpack(name string) ([]byte, error) {
	packed, err := recorded.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("npm catalogue: %w", err)
	}
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("npm catalogue: %w", err)
	}
	defer d.Close()
	data, err := d.DecodeAll(packed, nil)
	if err != nil {
		return nil, fmt.Errorf("npm catalogue: %s: %w", name, err)
	}
	return data, nil
}
