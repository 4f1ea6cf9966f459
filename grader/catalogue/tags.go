package catalogue

import (
	"slices"
	"strings"
)

// Tag is a tag that exists or existed in an official repository.
type Tag struct {
	Name    string
	Retired string // the day it left the list, "" while it is there
}

// Tags returns all tags of an official repository ("node"), sorted, or nil where the repository is not known.
func (c *Catalogue) Tags(repository string) []Tag {
	if v, ok := c.tags.Load(repository); ok {
		return v.([]Tag)
	}
	text, err := c.facts.tags().Get(repository)
	if err != nil || text == nil {
		return nil
	}
	out := make([]Tag, 0, strings.Count(string(text), "\n"))
	for line := range strings.Lines(string(text)) {
		name, day, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		out = append(out, Tag{name, day})
	}
	slices.SortFunc(out, func(a, b Tag) int { return strings.Compare(a.Name, b.Name) })
	c.tags.Store(repository, out)
	return out
}

func (c *Catalogue) tag(repository, name string) (Tag, bool) {
	tags := c.Tags(repository)
	i, ok := slices.BinarySearchFunc(tags, name, func(t Tag, n string) int { return strings.Compare(t.Name, n) })
	if !ok {
		return Tag{}, false
	}
	return tags[i], true
}

// latest is the newest full version under a prefix that the repository has tags for, or prefix itself.
func (c *Catalogue) latest(repository, prefix string) string {
	if prefix == "" {
		return ""
	}
	best := prefix
	for _, t := range c.Tags(repository) {
		if numeric(t.Name) && under(t.Name, prefix) && strings.Count(t.Name, ".") >= strings.Count(best, ".") && compareVersions(t.Name, best) > 0 {
			best = t.Name
		}
	}
	return best
}

// Images returns the names of all images about which facts are known, for completion.
func (c *Catalogue) Images() []string {
	var out []string
	for name := range c.facts.images() {
		out = append(out, name)
	}
	for name := range c.facts.vendors() {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// Repositories returns the names of the official repositories.
func (c *Catalogue) Repositories() []string { return c.facts.tags().Keys() }

// Suggest returns the existing image that a familiar name ("node:18-alpin") most likely means, or "".
func (c *Catalogue) Suggest(name string) string {
	repository, wanted := splitTag(name)
	if !c.facts.tags().Has(repository) {
		if v := c.vendor(repository); v != nil {
			return repository + ":" + nearest(wanted, []string{"latest", "nonroot", "debug", "debug-nonroot"}, 3)
		}
		if r := nearest(repository, c.Repositories(), 2); r != "" && !strings.Contains(repository, "/") {
			if _, ok := c.tag(r, wanted); ok || wanted == "latest" {
				return r + ":" + wanted
			}
			return c.Suggest(r + ":" + wanted)
		}
		return ""
	}
	var current, all []string
	for _, t := range c.Tags(repository) {
		all = append(all, t.Name)
		if t.Retired == "" {
			current = append(current, t.Name)
		}
	}
	bound := max(2, len(wanted)/3)
	best, d := nearestOf(wanted, all, bound)
	if near, e := nearestOf(wanted, current, bound); near != "" && e <= d {
		best = near
	}
	if best == "" {
		return ""
	}
	return repository + ":" + best
}

// Search returns the tags of a repository that begin with prefix: current ones first, at most limit.
func (c *Catalogue) Search(repository, prefix string, limit int) []Tag {
	var out []Tag
	for _, current := range []bool{true, false} {
		for _, t := range c.Tags(repository) {
			if len(out) < limit && (t.Retired == "") == current && strings.HasPrefix(t.Name, prefix) {
				out = append(out, t)
			}
		}
	}
	return out
}

func nearest(s string, of []string, bound int) string {
	best, _ := nearestOf(s, of, bound)
	return best
}

// nearestOf is the string at the least edit distance; of equal ones the one that shares the longest beginning, then the shortest.
func nearestOf(s string, of []string, bound int) (string, int) {
	best, at, head := "", bound+1, -1
	for _, o := range of {
		if abs(len(o)-len(s)) > min(at, bound) {
			continue
		}
		d := edits(s, o, min(at, bound))
		if d > bound {
			continue
		}
		h := shared(s, o)
		if d < at || d == at && (h > head || h == head && len(o) < len(best)) {
			best, at, head = o, d, h
		}
	}
	return best, at
}

func shared(a, b string) int {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	return i
}

// edits is the Levenshtein distance, or more than bound where it is.
func edits(a, b string, bound int) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		last, least := row[0], i+1
		row[0] = i + 1
		for j := range len(b) {
			cost := last
			if a[i] != b[j] {
				cost = 1 + min(last, row[j], row[j+1])
			}
			last, row[j+1] = row[j+1], cost
			least = min(least, cost)
		}
		if least > bound {
			return bound + 1
		}
	}
	return row[len(b)]
}

func splitTag(name string) (repository, tag string) {
	if i := strings.LastIndexByte(name, ':'); i > strings.LastIndexByte(name, '/') {
		return name[:i], name[i+1:]
	}
	return name, "latest"
}
