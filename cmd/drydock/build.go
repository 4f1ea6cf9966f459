package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"drydock/grader/build"
	"drydock/grader/catalogue"
	"drydock/grader/fidelity"
	"drydock/grader/folder"
	"drydock/grader/models"
	"drydock/grader/progress"
	"drydock/grader/report"
)

// buildJSON is the stable form of a simulated build.
type buildJSON struct {
	OK      bool          `json:"ok"`
	Error   string        `json:"error"`
	Steps   []stepJSON    `json:"steps"`
	Image   *imageJSON    `json:"image,omitempty"`
	Notes   []report.Note `json:"notes"`
	Rebuild *buildJSON    `json:"rebuild,omitempty"`
}

type stepJSON struct {
	Name   string `json:"name"`
	Cached bool   `json:"cached"`
	Line   int    `json:"line"`
}

type imageJSON struct {
	Bytes  int64         `json:"bytes"`
	Config report.Config `json:"config"`
	Layers []layerJSON   `json:"layers"`
}

type layerJSON struct {
	CreatedBy string `json:"created_by"`
	Bytes     int64  `json:"bytes"`
	Files     int    `json:"files"`
}

func jsonOf(b *report.Build) *buildJSON {
	out := &buildJSON{OK: b.OK, Error: b.Error, Steps: []stepJSON{}, Notes: b.Notes}
	for _, s := range b.Steps {
		if !s.Internal {
			out.Steps = append(out.Steps, stepJSON{s.Name, s.Cached, s.Lines.Start})
		}
	}
	if b.Image != nil {
		out.Image = &imageJSON{Bytes: b.Image.Bytes, Config: b.Image.Config, Layers: []layerJSON{}}
		for _, l := range b.Image.Layers {
			out.Image.Layers = append(out.Image.Layers, layerJSON{l.CreatedBy, l.Bytes, l.Files})
		}
	}
	return out
}

func buildCommand() *cobra.Command {
	var file, target string
	var args, edits []string
	var asJSON bool
	c := &cobra.Command{
		Use:   "build [flags] CONTEXT",
		Short: "Simulate a build of any folder",
		Long: `Simulate a build of the folder CONTEXT and print BuildKit's plain progress and a summary of layers and image.
With --edit, append a line to a file of the context, build again and show which steps ran again and why.

Exit status: 0 the build succeeded, 1 it failed, 2 wrong usage.`,
		Args: exactly(1, "one CONTEXT folder"),
		RunE: func(c *cobra.Command, pos []string) error {
			info, err := os.Stat(pos[0])
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return usage("no folder %s", pos[0])
			case err != nil:
				return usage("%v", err)
			case !info.IsDir():
				return usage("%s is not a folder", pos[0])
			}
			root, err := folder.Read(pos[0])
			if err != nil {
				return usage("%v", err)
			}
			req := build.Request{Context: root, Filename: file, Target: target, Args: map[string]string{}}
			for _, a := range args {
				k, v, ok := strings.Cut(a, "=")
				if !ok {
					v = os.Getenv(k)
				}
				req.Args[k] = v
			}
			for _, e := range edits {
				if root.Lookup(e) == nil {
					return usage("--edit %s: no such file in %s", e, pos[0])
				}
			}
			s := build.NewSession(catalogue.Open().Resolve, models.All())
			defer s.Close()
			b, err := s.Build(c.Context(), req)
			if err != nil {
				return &exitError{1, err}
			}
			var again *report.Build
			if len(edits) > 0 && b.OK {
				req.Context = fidelity.Change{Edit: edits}.Apply(root, time.Now().UnixNano())
				if again, err = s.Build(c.Context(), req); err != nil {
					return &exitError{1, err}
				}
			}
			w := c.OutOrStdout()
			if asJSON {
				out := jsonOf(b)
				if again != nil {
					out.Rebuild = jsonOf(again)
				}
				enc := json.NewEncoder(w)
				enc.SetIndent("", "  ")
				enc.SetEscapeHTML(false)
				if err := enc.Encode(out); err != nil {
					return &exitError{1, err}
				}
			} else {
				progress.Plain(w, b)
				progress.Summary(w, b)
				if again != nil {
					fmt.Fprintf(w, "\nafter an edit of %s:\n", strings.Join(edits, ", "))
					progress.Reran(w, again)
				}
			}
			if !b.OK || again != nil && !again.OK {
				return &exitError{status: 1}
			}
			return nil
		},
	}
	c.Flags().StringVarP(&file, "file", "f", "", "the Dockerfile within CONTEXT (default Dockerfile)")
	c.Flags().StringVar(&target, "target", "", "the stage to build (default the last)")
	c.Flags().StringArrayVar(&args, "build-arg", nil, "a build argument as NAME=VALUE; may be repeated")
	c.Flags().StringArrayVar(&edits, "edit", nil, "after the build, edit this file and build again; may be repeated")
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return c
}
