package grader

import (
	"bytes"
	"fmt"
	"strings"

	"drydock/grader/report"
	"drydock/grader/tree"
)

// leaks looks for the markers in everything that is given away with an image: all layers that the build made, also what later ones hide,
// the configuration and the history.
func leaks(markers []Marker, b *report.Build) []report.Leak {
	if b.Image == nil || len(markers) == 0 {
		return nil
	}
	var out []report.Leak
	for i, l := range b.Image.Layers {
		if l.Base || l.Changes == nil {
			continue
		}
		for _, c := range l.Changes() {
			data := searchable(c.Node)
			for _, m := range markers {
				if bytes.Contains(data, []byte(m.Text)) {
					out = append(out, report.Leak{Marker: m.Name, Where: fmt.Sprintf("layer %d: %s", i+1, c.Path), Line: l.Line})
				}
			}
		}
	}
	for _, m := range markers {
		for _, kv := range b.Image.Config.Env {
			if name, value, _ := strings.Cut(kv, "="); strings.Contains(value, m.Text) {
				out = append(out, report.Leak{Marker: m.Name, Where: "config: Env " + name})
			}
		}
		for name, value := range b.Image.Config.Labels {
			if strings.Contains(value, m.Text) {
				out = append(out, report.Leak{Marker: m.Name, Where: "config: label " + name})
			}
		}
		for i, h := range b.Image.History {
			if strings.Contains(h.CreatedBy, m.Text) {
				out = append(out, report.Leak{Marker: m.Name, Where: fmt.Sprintf("history: entry %d", i+1)})
			}
		}
	}
	return out
}

// searchable returns the bytes of a file that may hold a marker: what came from a package registry cannot.
func searchable(n *tree.Node) []byte {
	if n == nil || n.Type != tree.File || n.Content.Fact("package") != "" {
		return nil
	}
	data, _ := n.Content.Known()
	return data
}
