package checks

import (
	"path"
	"slices"
	"strings"
	"sync"

	"drydock/grader/report"
	"drydock/grader/tree"
)

// Image is what a check sees of an image. Where a build failed it is an empty one.
type Image struct {
	Size       int64    `cel:"size"`  // all layers
	Base       int64    `cel:"base"`  // of that, the base image's
	Added      int64    `cel:"added"` // above the base
	Compressed int64    `cel:"compressed"`
	Wasted     int64    `cel:"wasted"`
	Config     *Config  `cel:"config"`
	Layers     []*Layer `cel:"layers"`

	root    *tree.Node
	context *tree.Node
	raw     *report.Image

	once  sync.Once
	files []*File // entries of the layers above the base, whiteouts and parent folders left out
	mu    sync.Mutex
	pkgs  map[string][]string // by kind
	all   sync.Once
	progs map[string][]*File // of the merged filesystem, by the program that a file is
}

// Config is how a container is started.
type Config struct {
	User        string            `cel:"user"`
	Env         []string          `cel:"env"`
	Entrypoint  []string          `cel:"entrypoint"`
	Cmd         []string          `cel:"cmd"`
	WorkingDir  string            `cel:"workdir"`
	Labels      map[string]string `cel:"labels"`
	StopSignal  string            `cel:"stop_signal"`
	Healthcheck []string          `cel:"healthcheck"`
	Ports       []string          `cel:"ports"`
}

// Layer is one layer, bottom first.
type Layer struct {
	CreatedBy string `cel:"created_by"`
	Digest    string `cel:"digest"`
	Size      int64  `cel:"size"`
	Files     int    `cel:"files"`
	Base      bool   `cel:"base"`
	Line      int    `cel:"line"`
	Wasted    int64  `cel:"wasted"`
}

// File is a file, folder or link.
type File struct {
	Path   string            `cel:"path"`
	Exists bool              `cel:"exists"`
	Dir    bool              `cel:"dir"`
	Size   int64             `cel:"size"` // of a folder: everything in it
	Mode   int               `cel:"mode"`
	UID    int               `cel:"uid"`
	GID    int               `cel:"gid"`
	ID     string            `cel:"id"`    // equal for equal content
	Text   string            `cel:"text"`  // "" where the bytes are not known
	Facts  map[string]string `cel:"facts"` // see tree.Content
	Kind   string            `cel:"kind"`  // the fact of that name: "jar", "wheel", …
	Line   int               `cel:"line"`  // of the instruction that made the layer it lies in, where known
	Hidden bool              `cel:"hidden"`

	node *tree.Node
}

func newImage(b *report.Build, context *tree.Node) *Image {
	i := b.Image
	if i == nil {
		return &Image{Config: &Config{}, raw: &report.Image{}, root: tree.NewDir(0o755)}
	}
	v := &Image{
		Size: i.Bytes, Base: i.BaseBytes, Added: i.Bytes - i.BaseBytes, Compressed: i.Compressed, Wasted: i.Wasted,
		Config: newConfig(i.Config), raw: i, root: i.Root, context: context,
	}
	if v.root == nil {
		v.root = tree.NewDir(0o755)
	}
	for _, l := range i.Layers {
		v.Layers = append(v.Layers, &Layer{
			CreatedBy: l.CreatedBy, Digest: l.Digest, Size: l.Bytes, Files: l.Files, Base: l.Base, Line: l.Line, Wasted: l.Wasted,
		})
	}
	return v
}

func newConfig(c report.Config) *Config {
	v := &Config{
		User: c.User, Env: c.Env, Entrypoint: c.Entrypoint, Cmd: c.Cmd, WorkingDir: c.WorkingDir, Labels: c.Labels, StopSignal: c.StopSignal,
	}
	if c.Healthcheck != nil {
		v.Healthcheck = c.Healthcheck.Test
	}
	for p := range c.ExposedPorts {
		v.Ports = append(v.Ports, p)
	}
	slices.Sort(v.Ports)
	return v
}

func newFile(p string, n *tree.Node) *File {
	if n == nil {
		return &File{Path: p}
	}
	f := &File{Path: p, Exists: true, Dir: n.IsDir(), Size: n.Size(), Mode: int(n.Mode), UID: n.UID, GID: n.GID, node: n}
	if n.IsDir() {
		f.Size = n.Totals().Bytes
	}
	if n.Type == tree.File {
		f.Facts = n.Content.Facts()
		f.Kind = f.Facts["kind"]
	}
	return f
}

// whole fills in what is costly and seldom asked for.
func (f *File) whole() *File {
	if f.node != nil && f.node.Type == tree.File {
		f.ID = f.node.Content.ID()
		if data, ok := f.node.Content.Known(); ok {
			f.Text = string(data)
		}
	}
	return f
}

// file returns what a container would find at p, links followed.
func (i *Image) file(p string) *File {
	n, at := i.root.Resolve(p)
	f := newFile(p, n)
	if n == nil {
		return f
	}
	for _, c := range i.added() {
		if c.Path == at && !c.Hidden {
			f.Line = c.Line
		}
	}
	return f.whole()
}

// added lists the files, folders and links in the layers that this build made, lower layers first.
func (i *Image) added() []*File {
	i.once.Do(func() {
		for _, l := range i.raw.Layers {
			if l.Base || l.Changes == nil {
				continue
			}
			for _, c := range l.Changes() {
				if c.Node == nil || c.Kind == tree.Parent {
					continue
				}
				f := newFile(c.Path, c.Node)
				f.Line = l.Line
				f.Hidden = i.root.Lookup(c.Path) != c.Node
				i.files = append(i.files, f)
			}
		}
	})
	return i.files
}

// addedLike lists the entries that match a pattern in the layers of this build.
func (i *Image) addedLike(pattern string) []*File {
	m := newGlob(pattern)
	var out []*File
	for _, f := range i.added() {
		if m.match(f.Path) {
			out = append(out, f.whole())
		}
	}
	return out
}

// find lists the entries of the merged filesystem that match a pattern.
func (i *Image) find(pattern string) []*File {
	m := newGlob(pattern)
	var out []*File
	start, at := i.root.Resolve(m.prefix)
	if start == nil {
		return nil
	}
	start.Walk(at, func(p string, n *tree.Node) bool {
		if m.match(p) {
			out = append(out, newFile(p, n).whole())
		}
		return true
	})
	return out
}

// programs lists the files that are one of the named programs.
func (i *Image) programs(names []string) []*File {
	i.all.Do(func() {
		i.progs = map[string][]*File{}
		i.scan(i.root, nil)
	})
	var out []*File
	for _, name := range names {
		out = append(out, i.progs[name]...)
	}
	return out
}

// scan sorts the programs below a folder into progs. A path is put together only where there is one: most files are none.
func (i *Image) scan(dir *tree.Node, above []string) {
	for _, name := range dir.Names() {
		n := dir.Child(name)
		switch n.Type {
		case tree.Dir:
			i.scan(n, append(above, name))
		case tree.File:
			if program := n.Content.Fact("program"); program != "" {
				p := "/" + path.Join(strings.Join(above, "/"), name)
				i.progs[program] = append(i.progs[program], newFile(p, n))
			}
		}
	}
}

// packages lists the packages of a kind ("npm") that are installed in the layers of this build, also where a later layer hides them, as
// "name@version". What a package manager only keeps to install it some day is not counted.
func (i *Image) packages(kind string) []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	if known, ok := i.pkgs[kind]; ok {
		return known
	}
	seen := map[string]bool{}
	for _, f := range i.added() {
		if name, ok := strings.CutPrefix(f.Facts["package"], kind+":"); ok && !strings.Contains(f.Path, "/_cacache/") {
			seen[name] = true
		}
	}
	out := make([]string, 0, len(seen))
	for name := range seen {
		out = append(out, name)
	}
	slices.Sort(out)
	if i.pkgs == nil {
		i.pkgs = map[string][]string{}
	}
	i.pkgs[kind] = out
	return out
}

// packageLine returns the line that brought a package, given as "npm:express@5.1.0" or, whatever its version, "npm:express".
func (i *Image) packageLine(id string) int {
	for _, f := range i.added() {
		if p := f.Facts["package"]; p == id || strings.HasPrefix(p, id+"@") {
			return f.Line
		}
	}
	return 0
}

// copied lists the files in the layers of this build whose content is that of a file of the context that matches a pattern, whatever their
// name is now.
func (i *Image) copied(pattern string) []*File {
	m := newGlob(pattern)
	wanted := map[string]bool{}
	i.context.Walk("/", func(p string, n *tree.Node) bool {
		if n.Type == tree.File && n.Size() > 0 && m.match(p) {
			wanted[n.Content.ID()] = true
		}
		return true
	})
	var out []*File
	for _, f := range i.added() {
		if !f.Dir && f.node.Type == tree.File && f.Facts["package"] == "" && wanted[f.node.Content.ID()] {
			out = append(out, f.whole())
		}
	}
	return out
}

// glob matches paths: * and ? within a name, ** across folders.
type glob struct {
	parts  []globPart
	prefix string // the folder below which matches can be
}

type globPart struct {
	text    string
	literal bool
}

func (p globPart) match(name string) bool {
	if p.literal {
		return p.text == name
	}
	ok, _ := path.Match(p.text, name)
	return ok
}

func newGlob(pattern string) *glob {
	g := &glob{prefix: "/"}
	for part := range strings.SplitSeq(strings.Trim(pattern, "/"), "/") {
		g.parts = append(g.parts, globPart{part, !strings.ContainsAny(part, `*?[\`)})
	}
	for _, p := range g.parts[:len(g.parts)-1] {
		if !p.literal {
			break
		}
		g.prefix = path.Join(g.prefix, p.text)
	}
	return g
}

func (g *glob) match(p string) bool { return matchParts(g.parts, strings.Trim(p, "/")) }

func matchParts(parts []globPart, p string) bool {
	for len(parts) > 0 {
		if parts[0].text == "**" {
			if len(parts) == 1 {
				return true
			}
			for {
				if matchParts(parts[1:], p) {
					return true
				}
				_, rest, more := strings.Cut(p, "/")
				if !more {
					return false
				}
				p = rest
			}
		}
		head, rest, more := strings.Cut(p, "/")
		if !parts[0].match(head) {
			return false
		}
		parts = parts[1:]
		if !more {
			return len(parts) == 0
		}
		p = rest
	}
	return false
}
