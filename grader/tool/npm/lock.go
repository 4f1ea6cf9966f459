package npm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	catalogue "drydock/grader/catalogue/npm"
)

// project is a package.json.
type project struct {
	Name            string            `json:"name"`
	Version         string            `json:"version"`
	Main            string            `json:"main"`
	Type            string            `json:"type"`
	Scripts         map[string]string `json:"scripts"`
	Dependencies    map[string]string `json:"dependencies"`
	DevDependencies map[string]string `json:"devDependencies"`
	Optional        map[string]string `json:"optionalDependencies"`
	Peer            map[string]string `json:"peerDependencies"`
	Bin             catalogue.Bin     `json:"bin"`
	Files           []string          `json:"files"`
	Workspaces      workspaces        `json:"workspaces"`
	Engines         json.RawMessage   `json:"engines"`

	text []byte
}

// workspaces may be a list, or an object with a list of packages.
type workspaces []string

func (w *workspaces) UnmarshalJSON(data []byte) error {
	var list []string
	if json.Unmarshal(data, &list) == nil {
		*w = list
		return nil
	}
	var object struct{ Packages []string }
	if json.Unmarshal(data, &object) == nil {
		*w = object.Packages
	}
	return nil
}

// wants yields the direct dependencies that an installation looks at, development ones included.
func (p *project) wants() map[string]string {
	all := map[string]string{}
	for _, m := range []map[string]string{p.Peer, p.DevDependencies, p.Dependencies, p.Optional} {
		maps.Copy(all, m)
	}
	return all
}

// entry is a package in a lock file.
type entry struct {
	Name         string            `json:"name,omitempty"`
	Version      string            `json:"version,omitempty"`
	Resolved     string            `json:"resolved,omitempty"`
	Integrity    string            `json:"integrity,omitempty"`
	Dev          bool              `json:"dev,omitempty"`
	Optional     bool              `json:"optional,omitempty"`
	DevOptional  bool              `json:"devOptional,omitempty"`
	Peer         bool              `json:"peer,omitempty"`
	Link         bool              `json:"link,omitempty"`
	InBundle     bool              `json:"inBundle,omitempty"`
	Install      bool              `json:"hasInstallScript,omitempty"`
	License      json.RawMessage   `json:"license,omitempty"`
	Bin          catalogue.Bin     `json:"bin,omitempty"`
	Dependencies map[string]string `json:"dependencies,omitempty"`
	Optionals    map[string]string `json:"optionalDependencies,omitempty"`
	Peers        map[string]string `json:"peerDependencies,omitempty"`
	Engines      json.RawMessage   `json:"engines,omitempty"`
	OS           catalogue.List    `json:"os,omitempty"`
	CPU          catalogue.List    `json:"cpu,omitempty"`
	Libc         catalogue.List    `json:"libc,omitempty"`
	Funding      json.RawMessage   `json:"funding,omitempty"`

	raw json.RawMessage
}

// lock is a package-lock.json of any version, as the newest would say it.
type lock struct {
	File     string // "package-lock.json"
	Version  int
	Packages map[string]*entry // by path; "" is the project
	id       string            // identity of the text it was read from
}

// nameOf is the package's name at a path of the lock.
func (l *lock) nameOf(p string) string {
	if e := l.Packages[p]; e != nil && e.Name != "" {
		return e.Name
	}
	return nameAt(p)
}

func nameAt(p string) string {
	if i := strings.LastIndex(p, "node_modules/"); i >= 0 {
		return p[i+len("node_modules/"):]
	}
	return path.Base(p)
}

// project reads package.json.
func (n *session) project() (*project, error) {
	p := path.Join(n.root, "package.json")
	data, err := n.FS.ReadFile(p)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err != nil {
		return nil, n.filesystem(err)
	}
	var out project
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if err := json.Unmarshal(data, &out); err != nil {
		return nil, badJSON(p, data, err)
	}
	out.text = data
	return &out, nil
}

func badJSON(p string, data []byte, err error) error {
	about := err.Error()
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		about = fmt.Sprintf("%s in JSON at position %d", jsError(data, syntax), max(syntax.Offset-1, 0))
	}
	text := string(data[:min(len(data), 60)])
	if len(data) > 60 {
		text += "..."
	}
	return &failure{code: "EJSONPARSE", lines: []string{
		"path " + p,
		"JSON.parse " + about + fmt.Sprintf(" while parsing %q", text),
		"JSON.parse Failed to parse JSON data.",
		"JSON.parse Note: package.json must be actual JSON, not just JavaScript.",
	}}
}

func jsError(data []byte, e *json.SyntaxError) string {
	if int(e.Offset) > len(data) || strings.Contains(e.Error(), "unexpected end") {
		return "Unexpected end of JSON input"
	}
	return fmt.Sprintf("Unexpected token %q", data[max(e.Offset-1, 0)])
}

// missingProject is the error npm install gives where there is no package.json.
func (n *session) missingProject() error {
	p := path.Join(n.root, "package.json")
	return &failure{code: "ENOENT", status: 254, lines: []string{
		"syscall open", "path " + p, "errno -2",
		"enoent Could not read package.json: Error: ENOENT: no such file or directory, open '" + p + "'",
		"enoent This is related to npm not being able to find a file.", "enoent",
	}}
}

// lock reads the lock file; nil where there is none.
func (n *session) lock() (*lock, error) {
	for _, name := range []string{"npm-shrinkwrap.json", "package-lock.json"} {
		p := path.Join(n.root, name)
		c, err := n.FS.Content(p)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, n.filesystem(err)
		}
		return recall(n.shelf, &n.shelf.locks, name+c.ID(), func() (*lock, error) {
			data, err := n.FS.ReadFile(p)
			if err != nil {
				return nil, n.filesystem(err)
			}
			l, err := parseLock(data)
			if err != nil {
				return nil, badJSON(p, data, err)
			}
			l.File, l.id = name, c.ID()
			return l, nil
		})
	}
	return nil, nil
}

func parseLock(data []byte) (*lock, error) {
	var file struct {
		Name, Version   string
		LockfileVersion int
		Packages        map[string]json.RawMessage
		Dependencies    map[string]*oldEntry
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, err
	}
	l := &lock{Version: file.LockfileVersion, Packages: map[string]*entry{}}
	for p, raw := range file.Packages {
		e := &entry{raw: raw}
		if err := json.Unmarshal(raw, e); err != nil {
			return nil, err
		}
		l.Packages[path.Clean("/" + p)[1:]] = e
	}
	if len(file.Packages) == 0 {
		l.Packages[""] = &entry{Name: file.Name, Version: file.Version}
		l.addOld("", file.Dependencies, 0)
	}
	return l, nil
}

// oldEntry is a package in a lock file of version 1.
type oldEntry struct {
	Version, Resolved, Integrity string
	Dev, Optional, Bundled       bool
	Requires                     json.RawMessage
	Dependencies                 map[string]*oldEntry
}

func (l *lock) addOld(at string, deps map[string]*oldEntry, depth int) {
	if depth > 50 {
		return
	}
	for name, d := range deps {
		if d == nil {
			continue
		}
		p := path.Join(at, "node_modules", name)
		e := &entry{Version: d.Version, Resolved: d.Resolved, Integrity: d.Integrity, Dev: d.Dev, Optional: d.Optional, InBundle: d.Bundled}
		_ = json.Unmarshal(d.Requires, &e.Dependencies)
		l.Packages[p] = e
		l.addOld(p, d.Dependencies, depth+1)
	}
}

// find returns the path at which a package required from a path is found.
func (l *lock) find(from, name string) (string, bool) {
	for {
		p := path.Join(from, "node_modules", name)
		if l.Packages[p] != nil {
			return p, true
		}
		if from == "" {
			return "", false
		}
		i := strings.LastIndex(from, "/node_modules/")
		switch {
		case i >= 0:
			from = from[:i]
		default:
			from = ""
		}
	}
}

// paths returns the lock's paths, sorted, without the project itself.
func (l *lock) paths() []string {
	out := slices.Sorted(maps.Keys(l.Packages))
	return slices.DeleteFunc(out, func(p string) bool { return p == "" })
}

// text writes the lock file, or the hidden one of an installation when root is nil.
func lockText(name, version string, root *entry, packages map[string]*entry) []byte {
	var b bytes.Buffer
	b.WriteString("{")
	field := func(k string, v any) {
		if b.Len() > 1 {
			b.WriteString(",")
		}
		text, _ := json.Marshal(v)
		fmt.Fprintf(&b, "%q:%s", k, text)
	}
	if name != "" {
		field("name", name)
	}
	if version != "" {
		field("version", version)
	}
	field("lockfileVersion", 3)
	field("requires", true)
	b.WriteString(`,"packages":{`)
	first := true
	put := func(p string, e *entry) {
		if !first {
			b.WriteString(",")
		}
		first = false
		text := e.raw
		if text == nil {
			text, _ = json.Marshal(e)
		}
		key, _ := json.Marshal(p)
		b.Write(key)
		b.WriteString(":")
		b.Write(text)
	}
	if root != nil {
		put("", root)
	}
	for _, p := range slices.Sorted(maps.Keys(packages)) {
		if p != "" {
			put(p, packages[p])
		}
	}
	b.WriteString("}}")
	var out bytes.Buffer
	_ = json.Indent(&out, b.Bytes(), "", "  ")
	out.WriteByte('\n')
	return out.Bytes()
}
