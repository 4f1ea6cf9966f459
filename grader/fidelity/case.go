// Package fidelity holds the simulated build against a real one: a [Case] is a folder with a context and what is done to it, a [Truth] what a builder did.
// [Simulate] makes a truth of a case, [Compare] tells two apart.
//
// The format is described in testdata/recorded/README.md, whose cases were recorded from BuildKit v0.34.2.
package fidelity

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"drydock/grader/folder"
	"drydock/grader/tree"
)

// Case is what is built.
type Case struct {
	Name    string
	Context *tree.Node
	Builds  []Change          `json:"builds"`
	Args    map[string]string `json:"args"`
	Target  string            `json:"target"`
	Secrets map[string]string `json:"secrets"`

	// What a txtar archive cannot say of its files.
	Modes map[string]string `json:"modes"` // path → "755"
	Links map[string]string `json:"links"` // path → target
	Data  map[string]string `json:"data"`  // path → bytes in base64, for archives

	// Differs says why the simulation is known not to agree, where it does not.
	Differs string `json:"differs"`

	Own       bool   `json:"-"` // ours, not one of those that were handed to us
	TruthFile string `json:"-"`
}

// Change is applied to the context before a further build.
type Change struct {
	Edit  []string          `json:"edit"`
	Write map[string]string `json:"write"`
	Rm    []string          `json:"rm"`
}

// Truth is what a builder did.
type Truth struct {
	BuildKit string  `json:"buildkit"`
	Builds   []Build `json:"builds"`
}

// Build is one of a case's builds. Config, History and Layers are there for the first one only, if it succeeded.
type Build struct {
	OK      bool              `json:"ok"`
	Error   string            `json:"error"`
	Steps   []Step            `json:"steps"`
	Output  map[string]string `json:"output"`
	Config  json.RawMessage   `json:"config,omitempty"`
	History []Entry           `json:"history,omitempty"`
	Layers  []Layer           `json:"layers,omitempty"`
}

// Step is a step's name and whether it was cached, written as a pair.
type Step struct {
	Name   string
	Cached bool
}

// MarshalJSON writes a pair.
func (s Step) MarshalJSON() ([]byte, error) { return json.Marshal([]any{s.Name, s.Cached}) }

// UnmarshalJSON reads a pair.
func (s *Step) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, &[]any{&s.Name, &s.Cached}) }

// Entry is a line of the history, written as a pair.
type Entry struct {
	CreatedBy  string
	EmptyLayer bool
}

// MarshalJSON writes a pair.
func (e Entry) MarshalJSON() ([]byte, error) { return json.Marshal([]any{e.CreatedBy, e.EmptyLayer}) }

// UnmarshalJSON reads a pair.
func (e *Entry) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&e.CreatedBy, &e.EmptyLayer})
}

// Layer is a layer above the base.
type Layer struct {
	Bytes      int64               `json:"bytes"`
	Compressed int64               `json:"compressed"`
	Count      int                 `json:"count"`
	Files      map[string]File     `json:"files"`
	Folders    map[string][2]int64 `json:"folders,omitempty"` // by the first three parts of the path: entries, bytes
}

// File is an entry of a layer.
type File struct {
	Type string `json:"type"` // file, dir, link, hard, other
	Size int64  `json:"size"`
	Mode string `json:"mode"` // "0o755"
	UID  int    `json:"uid"`
	GID  int    `json:"gid"`
	To   string `json:"to"` // of a link
}

// Load reads a case folder. A folder dot.git of the context stands for .git, which could not be kept in a repository.
func Load(dir string) (*Case, error) {
	c := &Case{Name: filepath.Base(dir), TruthFile: filepath.Join(dir, "truth.json")}
	data, err := os.ReadFile(filepath.Join(dir, "case.json"))
	if err != nil {
		return nil, fmt.Errorf("read case: %w", err)
	}
	if err := json.Unmarshal(data, c); err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Join(dir, "case.json"), err)
	}
	root, err := folder.Read(filepath.Join(dir, "context"))
	if err != nil {
		return nil, err
	}
	t := tree.Begin(root)
	if git := root.Child("dot.git"); git != nil {
		t.Remove("/dot.git")
		t.Set("/.git", git)
	}
	c.Context = t.Commit()
	return c, nil
}

// Edited is what an edit appends to a file.
const Edited = "\n// edited\n"

// Apply returns the context after a change.
func (ch Change) Apply(root *tree.Node, now int64) *tree.Node {
	t := tree.Begin(root)
	put := func(p, text string, mode uint32) {
		parts := strings.Split(strings.Trim(p, "/"), "/")
		for i := 1; i < len(parts); i++ {
			if dir := strings.Join(parts[:i], "/"); t.Lookup(dir) == nil {
				t.Set(dir, tree.NewDir(0o755))
			}
		}
		n := tree.NewFile(mode, tree.Text(text))
		n.ModTime = now
		t.Set(p, n)
	}
	for _, p := range ch.Edit {
		old, mode := "", uint32(0o644)
		if n := t.Lookup(p); n != nil {
			data, _ := n.Content.Known()
			old, mode = string(data), n.Mode
		}
		put(p, old+Edited, mode)
	}
	for p, text := range ch.Write {
		mode := uint32(0o644)
		if n := t.Lookup(p); n != nil {
			mode = n.Mode
		}
		put(p, text, mode)
	}
	for _, p := range ch.Rm {
		t.Remove(p)
	}
	return t.Commit()
}
