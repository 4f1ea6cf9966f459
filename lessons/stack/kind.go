package stack

import (
	"strings"

	"drydock/grader/report"
)

// Kind is what made a layer; each has its colour.
type Kind string

const (
	Base          Kind = "base"          // layers of the base image
	Packages      Kind = "packages"      // the distribution's packages
	Dependencies  Kind = "dependencies"  // libraries of the program's language
	Source        Kind = "source"        // the program: copied, or built from what was copied
	Configuration Kind = "configuration" // users, folders, settings
)

// Kinds are all kinds, in the order of a legend.
var Kinds = []Kind{Base, Packages, Dependencies, Source, Configuration}

// Word is how a page names the kind.
func (k Kind) Word() string {
	if k == Base {
		return "base image"
	}
	return string(k)
}

// distributionTools install packages of a distribution; every other tool that installs, installs libraries.
var distributionTools = map[string]bool{"apt": true, "apt-get": true, "apk": true, "dpkg": true, "dnf": true, "yum": true, "microdnf": true, "zypper": true}

// A classification finds out what made a layer from the steps of the build it came from.
type classification map[string]report.Step // by ID

func classifier(build *report.Build) classification {
	steps := make(classification, len(build.Steps))
	for _, step := range build.Steps {
		steps[step.ID] = step
	}
	return steps
}

func (c classification) of(layer report.Layer) Kind {
	if layer.Base {
		return Base
	}
	instruction := Instruction(layer.CreatedBy)
	word, rest, _ := strings.Cut(instruction, " ")
	switch strings.ToUpper(word) {
	case "COPY", "ADD":
		if strings.Contains(rest, "--from=") {
			return c.copied(layer.Step)
		}
		return Source
	case "RUN":
		if kind, ok := made(c[layer.Step]); ok {
			return kind
		}
	}
	return Configuration
}

// copied looks back through the steps that a copy takes from: what was compiled there is the program, what was installed are dependencies.
func (c classification) copied(id string) Kind {
	kind, seen := Source, map[string]bool{}
	pending := append([]string(nil), c[id].Inputs...)
	for len(pending) > 0 {
		last := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		if seen[last] {
			continue
		}
		seen[last] = true
		step := c[last]
		switch found, ok := made(step); {
		case ok && found == Source:
			return Source
		case ok && found == Dependencies:
			kind = Dependencies
		}
		pending = append(pending, step.Inputs...)
	}
	return kind
}

// made says what a step's own events made.
func made(step report.Step) (Kind, bool) {
	var kind Kind
	for _, event := range step.Events {
		switch {
		case event.Kind == "compile":
			return Source, true
		case event.Kind == "install" && distributionTools[event.Tool]:
			if kind == "" {
				kind = Packages
			}
		case event.Kind == "install":
			kind = Dependencies
		}
	}
	return kind, kind != ""
}

// Instruction is a layer's "created by" as one would write it in a Dockerfile.
func Instruction(createdBy string) string {
	text := strings.TrimSuffix(strings.TrimSpace(createdBy), "# buildkit")
	text = strings.TrimSpace(strings.ReplaceAll(text, "\n", " "))
	run, isRun := strings.CutPrefix(text, "RUN ")
	if !isRun {
		return text
	}
	if strings.HasPrefix(run, "|") { // "|2 A=1 B=2 /bin/sh -c …": build arguments
		if i := strings.Index(run, "/bin/"); i >= 0 {
			run = run[i:]
		}
	}
	for _, shell := range []string{"/bin/sh -c ", "/bin/bash -c ", "/bin/ash -c ", "/bin/bash -o pipefail -c "} {
		run = strings.TrimPrefix(run, shell)
	}
	return "RUN " + strings.Join(strings.Fields(run), " ")
}
