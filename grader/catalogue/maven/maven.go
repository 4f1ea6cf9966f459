// Package maven holds facts about artifacts of Maven repositories: what Spring Boot's starters bring along, which versions a line of Spring
// Boot manages, what the JARs and the plugins of a build weigh. Sizes are estimates (see data), and what uses them says so.
//
// Start from [Open], [Registry.Line] and [Line.Closure].
package maven

import (
	"bytes"
	_ "embed" // the data files
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

//go:embed data/artifacts.txt
var artifactsText string

//go:embed data/versions.yaml
var versionsText []byte

// Artifact is a JAR of a certain version.
type Artifact struct {
	Group   string
	Name    string
	Version string
	Bytes   int64
	Guess   bool // nothing is known of it but its coordinates
}

// ID is group:name:version.
func (a Artifact) ID() string { return a.Group + ":" + a.Name + ":" + a.Version }

// File is the JAR's name.
func (a Artifact) File() string { return a.Name + "-" + a.Version + ".jar" }

// Dir is the artifact's folder in a repository.
func (a Artifact) Dir() string {
	return strings.ReplaceAll(a.Group, ".", "/") + "/" + a.Name + "/" + a.Version
}

// Plugin is a plugin of a build with what it brings along.
type Plugin struct {
	Group   string
	Name    string
	Version string
	Bytes   int64  // of all its JARs
	Files   int    // how many there are
	Phase   string // that it is bound to, "" for none
	Boot    bool   // only where the pom.xml names it
	On      string // prefix of goals that ask for it
}

// Line is a line of Spring Boot releases.
type Line struct {
	Boot     string
	Java     int
	Loader   string
	Versions map[string]string

	reg *Registry
}

// Registry is all that is known.
type Registry struct {
	Lines    []*Line
	Plugins  []Plugin
	Provider Plugin
	Typical  int64

	artifacts map[string]record // by group:name
	groups    map[string]string // group of an artifact's name
}

type record struct {
	group, name, key string
	bytes            int64
	deps             []string
}

// Open reads the data.
func Open() (*Registry, error) {
	r := &Registry{artifacts: map[string]record{}, groups: map[string]string{}}
	d := yaml.NewDecoder(bytes.NewReader(versionsText))
	if err := d.Decode(r); err != nil {
		return nil, fmt.Errorf("maven catalogue: %w", err)
	}
	for _, l := range r.Lines {
		l.reg = r
	}
	for line := range strings.Lines(artifactsText) {
		f := strings.Fields(line)
		if len(f) == 0 || f[0] == "#" {
			continue
		}
		if len(f) < 3 {
			return nil, fmt.Errorf("maven catalogue: artifact %q is short of a field", line)
		}
		group, name, _ := strings.Cut(f[0], ":")
		size, err := strconv.ParseInt(f[2], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("maven catalogue: artifact %s: %w", f[0], err)
		}
		r.artifacts[f[0]] = record{group: group, name: name, key: f[1], bytes: size * 1000, deps: f[3:]}
		r.groups[name] = group
	}
	for id, a := range r.artifacts {
		for _, d := range a.deps {
			if r.groups[d] == "" {
				return nil, fmt.Errorf("maven catalogue: %s depends on %s, which is not listed", id, d)
			}
		}
	}
	return r, nil
}

// Line returns the line that a version of Spring Boot belongs to, or the nearest one known.
func (r *Registry) Line(boot string) *Line {
	best := r.Lines[0]
	want := minor(boot)
	for _, l := range r.Lines {
		if minor(l.Boot) <= want {
			best = l
		}
	}
	return best
}

func minor(v string) int {
	a, rest, _ := strings.Cut(v, ".")
	b, _, _ := strings.Cut(rest, ".")
	major, _ := strconv.Atoi(a)
	n, _ := strconv.Atoi(b)
	return major*1000 + n
}

// Version returns the version that the line manages for an artifact, given that of Spring Boot itself; "" where it does not know the artifact.
func (l *Line) Version(group, name, boot string) string {
	a, ok := l.reg.artifacts[group+":"+name]
	if !ok {
		return ""
	}
	if a.key == "boot" {
		return boot
	}
	return l.Versions[a.key]
}

// Closure returns an artifact and all that it depends on, nearest first, as the line manages them. version is the artifact's own and
// may be "" where the line knows it. Names in exclude ("group:name", with * for any) are left out with what only they bring.
func (l *Line) Closure(group, name, version, boot string, exclude []string) []Artifact {
	var out []Artifact
	seen := map[string]bool{}
	queue := [][2]string{{group, name}}
	for len(queue) > 0 {
		g, n := queue[0][0], queue[0][1]
		queue = queue[1:]
		id := g + ":" + n
		if seen[id] || len(out) > 0 && excluded(exclude, g, n) {
			continue
		}
		seen[id] = true
		a, known := l.reg.artifacts[id]
		art := Artifact{Group: g, Name: n, Version: l.Version(g, n, boot), Bytes: a.bytes, Guess: !known}
		if len(out) == 0 && version != "" {
			art.Version = version
		}
		if !known {
			art.Bytes = l.reg.Typical
		}
		out = append(out, art)
		for _, d := range a.deps {
			queue = append(queue, [2]string{l.reg.groups[d], d})
		}
	}
	return out
}

func excluded(list []string, group, name string) bool {
	return slices.ContainsFunc(list, func(e string) bool {
		g, n, _ := strings.Cut(e, ":")
		return (g == "*" || g == group) && (n == "*" || n == name)
	})
}
