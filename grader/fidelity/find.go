package fidelity

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"

	"drydock/grader/tree"
)

// Find loads all cases of a testdata folder: the folders in recorded, which were handed to us, and the archives in cases, which are ours.
func Find(testdata string) ([]*Case, error) {
	var out []*Case
	dirs, err := filepath.Glob(filepath.Join(testdata, "recorded", "*", "case.json"))
	if err != nil {
		return nil, err
	}
	for _, f := range dirs {
		c, err := Load(filepath.Dir(f))
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	archives, err := filepath.Glob(filepath.Join(testdata, "cases", "*.txtar"))
	if err != nil {
		return nil, err
	}
	for _, f := range archives {
		c, err := LoadArchive(f)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

// LoadArchive reads a case that is one txtar archive: case.json (may be missing) and files below context/. Its truth is the file of the
// same name that ends in .json.
func LoadArchive(file string) (*Case, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	name := strings.TrimSuffix(filepath.Base(file), ".txtar")
	c := &Case{Name: name, Own: true, TruthFile: strings.TrimSuffix(file, ".txtar") + ".json"}
	root := tree.NewDir(0o755)
	put := func(p string, n *tree.Node) {
		n.ModTime = 1_760_000_000_000_000_000
		root.PutAt(p, n)
	}
	for _, f := range txtar.Parse(data).Files {
		switch p, ok := strings.CutPrefix(f.Name, "context/"); {
		case f.Name == "case.json":
			if err := json.Unmarshal(f.Data, c); err != nil {
				return nil, fmt.Errorf("%s: case.json: %w", file, err)
			}
		case ok:
			put(p, tree.NewFile(0o644, tree.Bytes(f.Data)))
		default:
			return nil, fmt.Errorf("%s: %s is neither case.json nor in context/", file, f.Name)
		}
	}
	for p, text := range c.Data {
		b, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, fmt.Errorf("%s: data of %s: %w", file, p, err)
		}
		put(p, tree.NewFile(0o644, tree.Bytes(b)))
	}
	for p, to := range c.Links {
		put(p, tree.NewSymlink(to))
	}
	for p, m := range c.Modes {
		mode, err := strconv.ParseUint(m, 8, 32)
		n := root.Lookup(p)
		if err != nil || n == nil {
			return nil, fmt.Errorf("%s: mode %q of %s", file, m, p)
		}
		n.Mode = uint32(mode)
	}
	c.Context = root
	return c, nil
}

// Truth reads what was recorded of a case.
func (c *Case) Truth() (*Truth, error) {
	data, err := os.ReadFile(c.TruthFile)
	if err != nil {
		return nil, fmt.Errorf("truth of %s: %w", c.Name, err)
	}
	t := &Truth{}
	if err := json.Unmarshal(data, t); err != nil {
		return nil, fmt.Errorf("truth of %s: %w", c.Name, err)
	}
	return t, nil
}
