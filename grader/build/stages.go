package build

import (
	"bytes"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"

	"drydock/grader/report"
)

// stagesOf reads the stages of a Dockerfile, built with args, and marks those that the target needs. A Dockerfile that cannot be parsed has
// none.
func stagesOf(source []byte, target string, args map[string]string) []report.Stage {
	res, err := parser.Parse(bytes.NewReader(source))
	if err != nil {
		return nil
	}
	stages, global, err := instructions.Parse(res.AST, nil)
	if err != nil {
		return nil
	}
	expand := expander(res.EscapeToken, global, args)
	for i := range stages {
		stages[i].BaseName = expand(stages[i].BaseName)
	}
	out := make([]report.Stage, len(stages))
	index := func(name string, before int) int {
		for j := before - 1; j >= 0; j-- {
			if strings.EqualFold(stages[j].Name, name) && name != "" {
				return j
			}
		}
		n := 0
		if name == "" {
			return -1
		}
		for _, c := range name {
			if c < '0' || c > '9' {
				return -1
			}
			n = n*10 + int(c-'0')
			if n >= before {
				return -1
			}
		}
		return n
	}
	needs := make([][]int, len(stages))
	for i, st := range stages {
		s := report.Stage{Name: st.Name, Base: st.BaseName}
		if len(st.Location) > 0 {
			s.Lines.Start = st.Location[0].Start.Line
			s.Lines.End = s.Lines.Start
		}
		add := func(from string) {
			if from == "" {
				return
			}
			s.From = append(s.From, from)
			if j := index(from, i); j >= 0 {
				needs[i] = append(needs[i], j)
			}
		}
		if j := index(st.BaseName, i); j >= 0 {
			needs[i] = append(needs[i], j)
		}
		for _, cmd := range st.Commands {
			for _, l := range cmd.Location() {
				s.Lines.End = max(s.Lines.End, l.End.Line, l.Start.Line)
			}
			switch c := cmd.(type) {
			case *instructions.CopyCommand:
				add(c.From)
			case *instructions.RunCommand:
				c.Expand(func(w string) (string, error) { return w, nil })
				for _, m := range instructions.GetMounts(c) {
					add(m.From)
				}
			}
		}
		out[i] = s
	}
	goal := len(stages) - 1
	if target != "" {
		if j := index(target, len(stages)); j >= 0 {
			goal = j
		}
	}
	var mark func(i int)
	mark = func(i int) {
		if i < 0 || i >= len(out) || out[i].Needed {
			return
		}
		out[i].Needed = true
		for _, j := range needs[i] {
			mark(j)
		}
	}
	mark(goal)
	return out
}

// expander returns a function that puts in the arguments above the first FROM and those that BuildKit sets itself.
func expander(escape rune, global []instructions.ArgCommand, args map[string]string) func(string) string {
	env := []string{
		"BUILDPLATFORM=linux/amd64", "BUILDOS=linux", "BUILDARCH=amd64", "TARGETPLATFORM=linux/amd64", "TARGETOS=linux", "TARGETARCH=amd64",
	}
	lex := shell.NewLex(escape)
	expand := func(word string) string {
		if out, _, err := lex.ProcessWord(word, shell.EnvsFromSlice(env)); err == nil {
			return out
		}
		return word
	}
	for _, cmd := range global {
		for _, a := range cmd.Args {
			value, given := args[a.Key]
			switch {
			case given:
				env = append(env, a.Key+"="+value)
			case a.Value != nil:
				env = append(env, a.Key+"="+expand(*a.Value))
			}
		}
	}
	return expand
}
