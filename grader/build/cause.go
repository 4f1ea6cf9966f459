package build

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"

	"drydock/grader/contents"
	"drydock/grader/report"
	"drydock/grader/tree"
	"drydock/grader/worker"
)

// memory is what a step was in the build before.
type memory struct {
	env  []string
	args string
	used map[int]worker.Used
	base string
}

// explain says of each step that ran in a rebuild what made it run, compared with the session's first build: scenarios begin with the
// context of that one, whatever was built in between.
func (a *assembly) explain() {
	first := a.session.first
	now := map[string]*memory{}
	for i := range a.steps {
		s := &a.steps[i]
		id := digest.Digest(s.ID)
		m := &memory{used: map[int]worker.Used{}}
		if v := a.out.Vertices[id]; v != nil {
			switch op := v.Sys().(*pb.Op).Op.(type) {
			case *pb.Op_Exec:
				m.env, m.args = op.Exec.Meta.Env, strings.Join(op.Exec.Meta.Args, "\x00")
			case *pb.Op_Source:
				m.base = op.Source.Identifier
			}
		}
		if t := a.run.Trace[id]; t != nil {
			for k, u := range t.Inputs {
				m.used[k] = u
			}
		}
		key := fmt.Sprint(s.Lines.Start, s.Name)
		if old := first[key]; old != nil {
			for k, u := range old.used { // a step whose inputs were not looked at this time keeps what it saw
				if _, ok := m.used[k]; !ok {
					m.used[k] = u
				}
			}
		}
		now[key] = m
		if first != nil && s.Ran && !s.Internal {
			s.Cause = a.cause(s, first[key], m)
		}
	}
	if first == nil {
		a.session.first = now
	}
}

func (a *assembly) cause(s *report.Step, old, now *memory) *report.Cause {
	where := func(s *report.Step) string {
		_, instruction := stageIn(s.Name)
		if s.Lines.Start > 0 {
			return fmt.Sprintf("line %d, %s,", s.Lines.Start, shorten(instruction))
		}
		return shorten(instruction)
	}
	if old == nil {
		return &report.Cause{Kind: "instruction", Step: s.ID, Line: s.Lines.Start, Text: "The instruction is new or was changed."}
	}
	if files := changedFiles(old.used, now.used); len(files) > 0 {
		return &report.Cause{Kind: "files", Step: s.ID, Line: s.Lines.Start, Files: files,
			Text: fmt.Sprintf("%s now brings a different %s.", upper(where(s)), list(files))}
	}
	if old.args != now.args {
		return &report.Cause{Kind: "instruction", Step: s.ID, Line: s.Lines.Start, Text: "The command was changed."}
	}
	if !slices.Equal(old.env, now.env) {
		return &report.Cause{Kind: "arg", Step: s.ID, Line: s.Lines.Start,
			Text: fmt.Sprintf("An argument or variable that counts for every RUN below it has another value: %s.", differing(old.env, now.env))}
	}
	for _, in := range s.Inputs {
		i, ok := a.byID[digest.Digest(in)]
		if !ok {
			continue
		}
		p := &a.steps[i]
		if !p.Ran || p.Internal {
			continue
		}
		c := p.Cause
		if c == nil {
			continue
		}
		if c.Kind == "files" && c.Step == p.ID || c.Step != "" {
			root := p
			if j, ok := a.byID[digest.Digest(c.Step)]; ok {
				root = &a.steps[j]
			}
			text := c.Text
			if root.ID != s.ID && c.Kind == "files" {
				text = fmt.Sprintf("It ran again because %s now brings a different %s.", where(root), list(c.Files))
			} else if c.Kind == "parent" {
				text = c.Text
			} else {
				text = fmt.Sprintf("It ran again because %s ran again.", where(root))
			}
			return &report.Cause{Kind: "parent", Step: c.Step, Line: root.Lines.Start, Files: c.Files, Text: text}
		}
	}
	if old.base != now.base {
		return &report.Cause{Kind: "base", Step: s.ID, Line: s.Lines.Start, Text: "The base image is another one."}
	}
	return &report.Cause{Kind: "parent", Step: s.ID, Line: s.Lines.Start, Text: "What it builds on is different."}
}

func upper(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func shorten(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 60 {
		return s[:57] + "…"
	}
	return s
}

func list(files []string) string {
	switch {
	case len(files) == 1:
		return files[0]
	case len(files) <= 3:
		return strings.Join(files[:len(files)-1], ", ") + " and " + files[len(files)-1]
	}
	return fmt.Sprintf("%s, %s and %d more files", files[0], files[1], len(files)-2)
}

func differing(old, now []string) string {
	var out []string
	for _, kv := range now {
		if !slices.Contains(old, kv) {
			name, _, _ := strings.Cut(kv, "=")
			out = append(out, name)
		}
	}
	for _, kv := range old {
		name, _, _ := strings.Cut(kv, "=")
		if !slices.Contains(now, kv) && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return strings.Join(out, ", ")
}

// changedFiles lists what differs between two looks at the same inputs, at most ten paths.
func changedFiles(old, now map[int]worker.Used) []string {
	var out []string
	for i, u := range now {
		o, ok := old[i]
		if !ok || o.Root == u.Root {
			continue
		}
		sels := u.Sel
		if len(sels) == 0 {
			sels = []worker.Selected{{}}
		}
		for _, sel := range sels {
			before, err1 := contents.Checksum(o.Root, sel)
			after, err2 := contents.Checksum(u.Root, sel)
			if before == after && err1 == nil && err2 == nil {
				continue
			}
			for _, c := range tree.Diff(o.Root, u.Root) {
				if c.Kind == tree.Parent || c.Node != nil && c.Node.IsDir() && c.Before.IsDir() {
					continue
				}
				if matches(sel, c.Path) && len(out) < 10 {
					if p := strings.TrimPrefix(c.Path, "/"); !slices.Contains(out, p) {
						out = append(out, p)
					}
				}
			}
		}
	}
	slices.Sort(out)
	return out
}

// matches reports whether a changed path lies in what was selected; filters are left aside.
func matches(sel worker.Selected, p string) bool {
	want := path.Join("/", sel.Path)
	if want == "/" || p == want || strings.HasPrefix(p, want+"/") {
		return true
	}
	if !sel.Wildcard {
		return false
	}
	for q := p; q != "/"; q = path.Dir(q) {
		if ok, _ := path.Match(want, q); ok {
			return true
		}
	}
	return false
}
