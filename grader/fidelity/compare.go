package fidelity

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// Difference is a point in which two truths are not the same.
type Difference struct {
	Build int    // 0 is the first
	Point string // "ok", "error", "steps", "output", "config", "history", "layers"
	Text  string
}

func (d Difference) String() string { return fmt.Sprintf("build %d, %s: %s", d.Build, d.Point, d.Text) }

// ref and mount are what changes at every build.
var (
	ref   = regexp.MustCompile(`of ref \S+: `)
	mount = regexp.MustCompile(`(cannot replace to directory |cannot copy to non-directory: )(\S*/buildkit\d+|MOUNT)?/`)
)

// Normalize puts REF and MOUNT in place of names that change at every build.
func Normalize(s string) string {
	return mount.ReplaceAllString(ref.ReplaceAllString(s, "of ref REF: "), "${1}MOUNT/")
}

// suggestion hides "did you mean", which BuildKit chooses at random where several are equally near.
var suggestion = regexp.MustCompile(` \(did you mean [^)]*\)`)

// ErrorText is the part of an error that is compared.
func ErrorText(s string) string {
	if i := strings.Index(s, "failed to solve:"); i >= 0 {
		s = s[i:]
	}
	return sortRules(suggestion.ReplaceAllString(Normalize(s), ""))
}

// sortRules orders the rules of a lint error, which BuildKit lists as a map gives them.
func sortRules(s string) string {
	head, list, ok := strings.Cut(s, "lint violation found for rules: ")
	if !ok {
		return s
	}
	rules := strings.Split(list, ", ")
	slices.Sort(rules)
	return head + "lint violation found for rules: " + strings.Join(rules, ", ")
}

// byTool matches steps whose layers are compared within 10 %: what package managers write depends on the day.
var byTool = regexp.MustCompile(`\b(apt-get|apt|npm|npx|pip)\b`)

// npmLog is the name of a log, which is the moment at which npm was started.
var npmLog = regexp.MustCompile(`/_logs/[0-9TZ_-]+-debug-\d+\.log`)

// Compare lists how got differs from want.
func Compare(want, got *Truth) []Difference {
	var out []Difference
	for i := range want.Builds {
		add := func(point, format string, a ...any) {
			out = append(out, Difference{i, point, fmt.Sprintf(format, a...)})
		}
		if i >= len(got.Builds) {
			add("ok", "missing")
			continue
		}
		w, g := want.Builds[i], got.Builds[i]
		if w.OK != g.OK {
			add("ok", "want %v, got %v (%s)", w.OK, g.OK, g.Error)
			continue
		}
		if ErrorText(w.Error) != ErrorText(g.Error) {
			add("error", "want %q, got %q", ErrorText(w.Error), ErrorText(g.Error))
		}
		ws, gs := stepSet(w.Steps, w.OK), stepSet(g.Steps, w.OK)
		if !slices.Equal(ws, gs) {
			add("steps", "want %q, got %q", ws, gs)
		}
		for name, text := range w.Output {
			if !byTool.MatchString(name) && !strings.Contains(name, "node ") && !sameOutput(text, g.Output[name]) {
				add("output", "%s: want %q, got %q", name, text, g.Output[name])
			}
		}
		if w.Config != nil && !sameJSON(w.Config, g.Config) {
			add("config", "want %s, got %s", w.Config, g.Config)
		}
		if w.Config != nil && !slices.Equal(w.History, g.History) {
			add("history", "want %v, got %v", w.History, g.History)
		}
		if w.Config == nil {
			continue
		}
		if len(w.Layers) != len(g.Layers) {
			add("layers", "want %d, got %d", len(w.Layers), len(g.Layers))
			continue
		}
		var commands []string
		for _, h := range w.History {
			if !h.EmptyLayer {
				commands = append(commands, h.CreatedBy)
			}
		}
		for k := range w.Layers {
			loose := k < len(commands) && byTool.MatchString(commands[k])
			for _, text := range compareLayer(w.Layers[k], g.Layers[k], loose) {
				add("layers", "%d: %s", k, text)
			}
		}
	}
	return out
}

// sameOutput compares what a step printed. Standard output and errors reach the client through two pipes, and how they mix differs from one
// real build to the next, so that only the lines of each, not their order among each other, can be held to.
func sameOutput(want, got string) bool {
	if want == got {
		return true
	}
	a, b := []byte(want), []byte(got)
	slices.Sort(a)
	slices.Sort(b)
	return bytes.Equal(a, b)
}

// stepSet lists steps for comparison. In a build that failed the solver was stopped, and whether a step had run by then or is reported as
// cached differs from one real build to the next: there only the names are held to.
func stepSet(steps []Step, cached bool) []string {
	var out []string
	for _, s := range steps {
		text := s.Name
		if cached {
			text = fmt.Sprintf("%s=%v", s.Name, s.Cached)
		}
		out = append(out, text)
	}
	slices.Sort(out)
	return out
}

func sameJSON(a, b []byte) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}

func near(want, got int64) bool {
	d := want - got
	if d < 0 {
		d = -d
	}
	return d*10 <= want
}

func compareLayer(w, g Layer, loose bool) []string {
	var out []string
	if loose {
		if !near(w.Bytes, g.Bytes) {
			out = append(out, fmt.Sprintf("bytes: want %d, got %d", w.Bytes, g.Bytes))
		}
		if !near(int64(w.Count), int64(g.Count)) {
			out = append(out, fmt.Sprintf("entries: want %d, got %d", w.Count, g.Count))
		}
		shared := 0
		var missing []string
		have := map[string]bool{}
		for p := range g.Files {
			have[npmLog.ReplaceAllString(p, "/_logs/LOG")] = true
		}
		for p := range w.Files {
			if have[npmLog.ReplaceAllString(p, "/_logs/LOG")] {
				shared++
			} else {
				missing = append(missing, p)
			}
		}
		if shared*10 < len(w.Files)*9 {
			slices.Sort(missing)
			out = append(out, fmt.Sprintf("%d of %d paths shared; missing %q", shared, len(w.Files), missing[:min(20, len(missing))]))
		}
		return out
	}
	for _, p := range slices.Sorted(maps.Keys(w.Files)) {
		f, ok := g.Files[p]
		switch {
		case !ok:
			out = append(out, fmt.Sprintf("%s: missing", p))
		case f != w.Files[p]:
			out = append(out, fmt.Sprintf("%s: want %+v, got %+v", p, w.Files[p], f))
		}
	}
	if w.Folders == nil {
		for _, p := range slices.Sorted(maps.Keys(g.Files)) {
			if _, ok := w.Files[p]; !ok {
				out = append(out, fmt.Sprintf("%s: not in the real layer", p))
			}
		}
	} else if w.Bytes != g.Bytes || w.Count != g.Count {
		out = append(out, fmt.Sprintf("want %d bytes in %d entries, got %d in %d", w.Bytes, w.Count, g.Bytes, g.Count))
	}
	return out
}
