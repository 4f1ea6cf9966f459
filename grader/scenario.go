package grader

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"drydock/grader/build"
	"drydock/grader/tree"
)

// Scenario is a change after which the build is run again. Each begins with the context as it was; what the builder keeps (its layer
// cache and cache mounts) goes on from one to the next, in the order in which the exercise names them, as on a developer's machine.
type Scenario struct {
	Name  string
	Title string // as the learner reads it: "After an edit of server.js"

	changes []change
	args    map[string]string
	secrets map[string]*string // nil takes one away
	base    bool               // the base's tag has moved on
	index   bool               // package indexes have moved on
	fresh   bool               // on a new builder
	start   bool               // the image is started as well
	target  string
	system  string // platform
}

// change is something done to the context.
type change struct {
	kind string // "edit", "write", "rm", "touch", "chmod"
	path string
	text *tree.Content
	mode uint32
}

// request makes the build that follows the scenario. context is the answer's, complete.
func (s *Scenario) request(e *Exercise, context *tree.Node) (build.Request, error) {
	after, err := s.apply(context)
	if err != nil {
		return build.Request{}, err
	}
	r := e.request(after)
	if len(s.args) > 0 {
		r.Args = maps.Clone(r.Args)
		if r.Args == nil {
			r.Args = map[string]string{}
		}
		maps.Copy(r.Args, s.args)
	}
	for id, v := range s.secrets {
		if v == nil {
			delete(r.Secrets, id)
		} else {
			r.Secrets[id] = []byte(*v)
		}
	}
	r.BaseMoved = s.base
	if s.index {
		r.Indexes = 1
	}
	r.Target = s.target
	if s.system != "" {
		r.Platforms = []string{s.system}
	}
	return r, nil
}

// Request is the first build of an answer, before any scenario.
func (e *Exercise) Request(files Files) build.Request { return e.request(e.with(files)) }

// request is the build of a context as the exercise has it made.
func (e *Exercise) request(context *tree.Node) build.Request {
	r := build.Request{Context: context, Args: e.args, Secrets: map[string][]byte{}}
	for id, v := range e.secrets {
		r.Secrets[id] = []byte(v)
	}
	return r
}

// apply changes a context.
func (s *Scenario) apply(context *tree.Node) (*tree.Node, error) {
	if len(s.changes) == 0 {
		return context, nil
	}
	t := tree.Begin(context)
	for _, c := range s.changes {
		if err := c.apply(t); err != nil {
			return nil, fmt.Errorf("scenario %s: %w", s.Name, err)
		}
	}
	return t.Commit(), nil
}

func (c change) apply(t *tree.Txn) error {
	at := path.Clean("/" + c.path)
	old := t.Lookup(at)
	if old == nil && c.kind != "write" {
		return fmt.Errorf("%s %s: there is no such file in the context", c.kind, c.path)
	}
	switch c.kind {
	case "edit":
		t.Edit(at, func(n *tree.Node) {
			n.Content = Edit(c.path, n.Content)
			n.ModTime += int64(time.Hour)
		})
	case "write":
		n := tree.NewFile(0o644, c.text)
		n.ModTime = contextTime + int64(time.Hour)
		if old != nil {
			n.Attr = old.Attr
			n.ModTime += int64(time.Hour)
		}
		put(t, at, n)
	case "rm":
		t.Remove(at)
	case "touch":
		t.Edit(at, func(n *tree.Node) { n.ModTime += int64(time.Hour) })
	case "chmod":
		t.Edit(at, func(n *tree.Node) { n.Mode = c.mode })
	}
	return nil
}

// put sets an entry and makes the folders above it.
func put(t *tree.Txn, at string, n *tree.Node) {
	for dir := range parents(at) {
		if t.Lookup(dir) == nil {
			d := tree.NewDir(0o755)
			d.ModTime = contextTime
			t.Set(dir, d)
		}
	}
	t.Set(at, n)
}

// parents yields the folders above a clean absolute path, outermost first.
func parents(p string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for i := 1; i < len(p); i++ {
			if p[i] == '/' && !yield(p[:i]) {
				return
			}
		}
	}
}

// comments are the lines that an edit appends, by the kind of file.
var comments = map[string][]string{
	"// edited":       {".js", ".mjs", ".cjs", ".ts", ".tsx", ".java", ".go", ".c", ".h", ".rs", ".cs", ".kt", ".php"},
	"# edited":        {".py", ".sh", ".rb", ".yaml", ".yml", ".toml", ".properties", ".txt", ".conf", ".mod"},
	"<!-- edited -->": {".xml", ".html", ".md", ".svg"},
	"/* edited */":    {".css"},
}

// Edit returns a file's content with a line appended that changes nothing but the file: a comment in its language, else an empty line.
func Edit(name string, c *tree.Content) *tree.Content {
	line := "\n"
	ext := strings.ToLower(path.Ext(name))
	for comment, exts := range comments {
		if slices.Contains(exts, ext) {
			line = "\n" + comment + "\n"
		}
	}
	return c.Append([]byte(line))
}
