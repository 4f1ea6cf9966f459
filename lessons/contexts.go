package lessons

import (
	"bytes"
	"errors"
	"io/fs"
	"path"
	"strings"
	"time"

	"drydock/grader/tree"
)

// contextTime is when the files of every context were last changed.
var contextTime = time.Date(2026, time.November, 2, 8, 30, 0, 0, time.UTC).UnixNano()

const declarations = ".files.yaml"

// contexts reads the contexts that listings are built in, each once.
type contexts struct {
	fsys fs.FS
	dir  string
	read map[string]*contextFiles
}

type contextFiles struct {
	root     *tree.Node
	problems []Problem
}

// declaredFile is a file of which only the size is known.
type declaredFile struct {
	Path  located           `yaml:"path"`
	Size  int64             `yaml:"size"`
	About string            `yaml:"about"`
	Facts map[string]string `yaml:"facts"`
}

// get returns a context, or nil if there is none of that name.
func (c *contexts) get(name string) *contextFiles {
	if !isName(name) {
		return nil
	}
	if have, ok := c.read[name]; ok {
		return have
	}
	if c.read == nil {
		c.read = map[string]*contextFiles{}
	}
	c.read[name] = c.load(name)
	return c.read[name]
}

// names lists the contexts there are.
func (c *contexts) names() []string {
	entries, _ := fs.ReadDir(c.fsys, c.dir)
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names
}

// digest sums up all contexts.
func (c *contexts) digest() string {
	var b strings.Builder
	for _, name := range c.names() {
		if files := c.get(name); files != nil {
			b.WriteString(name + " " + files.root.Digest() + "\n")
		}
	}
	return b.String()
}

func (c *contexts) load(name string) *contextFiles {
	dir := path.Join(c.dir, name)
	list := dir + declarations
	out := &contextFiles{}
	t := tree.Begin(nil)
	err := fs.WalkDir(c.fsys, dir, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := fs.ReadFile(c.fsys, p)
		if err != nil {
			return err
		}
		n := tree.NewFile(0o644, tree.Bytes(data))
		if info, err := e.Info(); err == nil && info.Mode()&0o111 != 0 || bytes.HasPrefix(data, []byte("#!")) {
			n.Mode = 0o755
		}
		put(t, strings.TrimPrefix(p, dir+"/"), n)
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		out.problems = append(out.problems, Problem{File: dir, Text: "cannot be read: " + reason(err)})
	}
	data, listErr := fs.ReadFile(c.fsys, list)
	if errors.Is(err, fs.ErrNotExist) && listErr != nil {
		return nil
	}
	var declared []declaredFile
	out.problems = append(out.problems, decodeYAML(list, 0, data, &declared)...)
	for _, f := range declared {
		p := f.Path.value
		switch {
		case p == "" || !fs.ValidPath(p):
			out.problems = append(out.problems, Problem{list, f.Path.line, "path: " + p + " is no path within the context"})
			continue
		case f.Size <= 0:
			out.problems = append(out.problems, Problem{list, f.Path.line, "size: say how many bytes " + p + " has"})
			continue
		case t.Lookup("/"+p) != nil:
			out.problems = append(out.problems, Problem{list, f.Path.line, "path: " + p + " is there twice"})
			continue
		}
		put(t, p, tree.NewFile(0o644, tree.Declared(f.Size, "context:"+name+"/"+p, f.Facts)))
	}
	out.root = t.Commit()
	return out
}

// put sets a file and makes the folders above it.
func put(t *tree.Txn, p string, n *tree.Node) {
	n.ModTime = contextTime
	for i := range p {
		if p[i] == '/' && t.Lookup("/"+p[:i]) == nil {
			dir := tree.NewDir(0o755)
			dir.ModTime = contextTime
			t.Set("/"+p[:i], dir)
		}
	}
	t.Set("/"+p, n)
}

// attach gives a document's listings their contexts.
func (d *document) attach(c *contexts) {
	for _, l := range d.listings {
		files := c.get(l.context)
		if files == nil {
			d.complain(l.line, "build=%s: there is no such context; there are %s", l.context, strings.Join(c.names(), ", "))
			continue
		}
		if l.edit != "" && (!fs.ValidPath(l.edit) || files.root.Lookup("/"+l.edit) == nil) {
			d.complain(l.line, "edit=%s: there is no such file in context %s", l.edit, l.context)
			l.edit = ""
		}
		t := tree.Begin(files.root)
		put(t, "Dockerfile", tree.NewFile(0o644, tree.Text(l.dockerfile)))
		l.request.Context = t.Commit()
	}
	for _, cmp := range d.comparisons {
		for _, l := range cmp.of {
			if cmp.edit != "" && l.request.Context != nil && (!fs.ValidPath(cmp.edit) || l.request.Context.Lookup("/"+cmp.edit) == nil) {
				d.complain(cmp.line, "compare: edit: listing %s has no file %s in its context", l.name, cmp.edit)
				cmp.edit = ""
				break
			}
		}
	}
}

// contextKey says what a document's listings are built from, beyond the document itself.
func (d *document) contextKey() string {
	var b strings.Builder
	for _, l := range d.listings {
		if l.request.Context != nil {
			b.WriteString(l.request.Context.Digest())
		}
		b.WriteByte('\n')
	}
	return b.String()
}
