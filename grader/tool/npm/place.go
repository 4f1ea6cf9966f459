package npm

import (
	"encoding/json"
	"fmt"
	"path"
	"strings"

	catalogue "drydock/grader/catalogue/npm"
	"drydock/grader/report"
	"drydock/grader/tree"
)

// owner is who writes an installation, and when: files of two installations in a row differ in their time, as real ones do.
type owner struct {
	uid, gid int
	turn     int64
}

// epoch is the time that files of a first installation carry: the one npm's archives give theirs.
const epoch = 499162500_000_000_000

func (o owner) key() string { return fmt.Sprintf("%d:%d:%d", o.uid, o.gid, o.turn) }

func (o owner) own(n *tree.Node) *tree.Node {
	n.UID, n.GID, n.ModTime = o.uid, o.gid, epoch+o.turn*1_000_000_000
	return n
}

func (o owner) dir() *tree.Node { return o.own(tree.NewDir(0o755)) }

// putAt puts c below dir, making folders in between.
func (o owner) putAt(dir *tree.Node, p string, c *tree.Node) {
	for {
		head, rest, more := strings.Cut(p, "/")
		if !more {
			dir.Put(head, c)
			return
		}
		next := dir.Child(head)
		if next == nil {
			next = o.dir()
			dir.Put(head, next)
		}
		dir, p = next, rest
	}
}

// installed is a whole node_modules, ready to be put in place.
type installed struct {
	root *tree.Node
	plan []planned
}

// modules builds the node_modules folder of a plan. Packages without nested ones are shared with other installations.
func (n *session) modules(plan []planned, o owner, name, version string) (*tree.Node, error) {
	root := o.dir()
	hidden := map[string]*entry{}
	for _, p := range plan { // sorted: parents come before what is nested in them
		hidden[p.path] = p.entry
		if !strings.HasPrefix(p.path, "node_modules/") {
			continue // below a workspace: put there by the caller
		}
		at := strings.TrimPrefix(p.path, "node_modules/")
		if p.Link {
			o.putAt(root, at, o.own(tree.NewSymlink(relative(path.Dir(p.path), p.Resolved))))
			continue
		}
		pkg, err := n.unpack(p, o)
		if err != nil {
			return nil, err
		}
		parent := root
		if i := strings.LastIndex(at, "/node_modules/"); i >= 0 { // nested: its host is changed, so it cannot be shared
			host, inner := at[:i], at[i+1:]
			own := root.Lookup(host)
			if own == nil {
				continue
			}
			if own.Child("node_modules") == nil {
				own = own.Clone()
				own.Put("node_modules", o.dir())
				replace(root, host, own)
			}
			parent, at = own.Child("node_modules"), strings.TrimPrefix(inner, "node_modules/")
		}
		o.putAt(parent, at, pkg)
		n.linkBins(parent, at, p, o)
	}
	text := lockText(name, version, nil, hidden)
	root.Put(".package-lock.json", o.own(tree.NewFile(0o644, tree.Bytes(text))))
	return root, nil
}

// replace puts c at a path below root whose folders exist and may be changed.
func replace(root *tree.Node, p string, c *tree.Node) {
	dir := root.Lookup(path.Dir("/" + p))
	if dir != nil {
		dir.Put(path.Base(p), c)
	}
}

func relative(from, to string) string {
	up := strings.Count(path.Clean(from), "/") + 1
	return strings.Repeat("../", up) + to
}

// linkBins links a package's programs in the .bin folder beside it.
func (n *session) linkBins(modules *tree.Node, at string, p planned, o owner) {
	for name, script := range binsOf(p.name, n.manifest(p.name, p.entry).Bin) {
		dir := modules.Child(".bin")
		if dir == nil {
			dir = o.dir()
			modules.Put(".bin", dir)
		}
		dir.Put(name, o.own(tree.NewSymlink(path.Join("..", at, script))))
	}
}

// binsOf returns a package's programs with the script of each.
func binsOf(pkg string, bin catalogue.Bin) map[string]string {
	out := map[string]string{}
	for name, script := range bin {
		if name == "" {
			name = path.Base(pkg)
		}
		if name = path.Base(name); name != "." && name != "/" && name != ".." {
			out[name] = path.Clean("/" + script)[1:]
		}
	}
	return out
}

// unpack returns the folder of a package.
func (n *session) unpack(p planned, o owner) (*tree.Node, error) {
	id := p.name + "@" + p.Version
	return recall(n.shelf, &n.shelf.packages, id+" "+o.key(), func() (*tree.Node, error) {
		m := n.manifest(p.name, p.entry)
		known := n.reg.Package(p.name, p.Version)
		var files []catalogue.File
		var text []byte
		if known != nil {
			var err error
			if files, err = n.reg.Files(known); err != nil {
				return nil, err
			}
			text = []byte(known.Text)
		} else {
			files, text = guess(m)
		}
		facts := map[string]string{"package": "npm:" + id}
		addon := facts
		if len(m.CPU) == 1 {
			addon = addonFacts(id, m)
		}
		programs := map[string]string{}
		for name, script := range binsOf(p.name, m.Bin) {
			programs[script] = name
		}
		dir := o.dir()
		for _, f := range files {
			mode := uint32(0o644)
			if f.Exec || programs[f.Path] != "" {
				mode = 0o755
			}
			var c *tree.Content
			cid := "npm:" + id + "/" + f.Path
			switch {
			case f.Path == "package.json":
				c = padded(f.Size, cid, facts, string(text))
			case programs[f.Path] != "" && strings.HasSuffix(p.name, path.Base(p.name)):
				c = padded(f.Size, cid, map[string]string{"package": "npm:" + id, "program": "npm-bin", "bin": programs[f.Path]}, "#!/usr/bin/env node\n")
			case strings.HasSuffix(f.Path, ".node"):
				c = tree.Declared(f.Size, cid, addon)
			default:
				c = tree.Declared(f.Size, cid, facts)
			}
			o.putAt(dir, f.Path, o.own(tree.NewFile(mode, c)))
		}
		return dir, nil
	})
}

func addonFacts(id string, m *catalogue.Manifest) map[string]string {
	arch := m.CPU[0]
	if arch == "x64" {
		arch = "amd64"
	}
	f := map[string]string{"package": "npm:" + id, "kind": "addon", "arch": arch}
	if len(m.Libc) == 1 {
		f["libc"] = m.Libc[0]
	}
	return f
}

// padded is text with blanks at its end up to a size, made when it is read.
func padded(size int64, id string, facts map[string]string, text string) *tree.Content {
	if pad := size - int64(len(text)); pad > 0 && pad < 1<<20 {
		return tree.Lazy(size, id, facts, func() []byte { return []byte(text + strings.Repeat("\n", int(pad))) })
	}
	return tree.Lazy(int64(len(text)), id, facts, func() []byte { return []byte(text) })
}

// typical is a package as they are in the middle: the medians of what was recorded (see catalogue/npm/sources.yaml), rounded.
var typical = struct {
	archive, packument int64
	files              []catalogue.File
}{
	archive: 7_000, packument: 20_000,
	files: []catalogue.File{
		{Path: "LICENSE", Size: 1_080}, {Path: "README.md", Size: 5_000}, {Path: "index.js", Size: 3_500}, {Path: "lib/core.js", Size: 8_000},
		{Path: "index.d.ts", Size: 1_500},
	},
}

// guess makes up what a package that was not recorded unpacks to.
func guess(m *catalogue.Manifest) ([]catalogue.File, []byte) {
	doc := map[string]any{"name": m.Name, "version": m.Version, "main": "index.js"}
	for k, v := range map[string]map[string]string{
		"dependencies": m.Dependencies, "optionalDependencies": m.OptionalDependencies, "peerDependencies": m.PeerDependencies, "bin": m.Bin,
	} {
		if len(v) > 0 {
			doc[k] = v
		}
	}
	text, _ := json.MarshalIndent(doc, "", "  ")
	text = append(text, '\n')
	files := append([]catalogue.File{{Path: "package.json", Size: int64(len(text))}}, typical.files...)
	for _, script := range binsOf(m.Name, m.Bin) {
		files = append(files, catalogue.File{Path: script, Size: 1_000, Exec: true})
	}
	return files, text
}

// unknown notes something that the simulation does not know.
func (n *session) unknown(text string) {
	if n.Note != nil {
		n.Note(report.Note{Kind: "unknown", Text: text})
	}
}

// estimated notes the packages whose sizes are estimates.
func (n *session) estimated(plan []planned) {
	var names []string
	for _, p := range plan {
		if !p.Link && n.reg.Package(p.name, p.Version) == nil {
			names = append(names, p.name+"@"+p.Version)
		}
	}
	if len(names) == 0 || n.Note == nil {
		return
	}
	shown := names[:min(len(names), 5)]
	more := ""
	if len(names) > len(shown) {
		more = fmt.Sprintf(" and %d more", len(names)-len(shown))
	}
	n.Note(report.Note{Kind: "estimate", Text: "The sizes of " + strings.Join(shown, ", ") + more +
		" are estimates: those packages were not recorded, and a middling package stands in for each."})
}
