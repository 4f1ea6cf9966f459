package checks

import (
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/command"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// NewLines finds the lines that a check may point at in the last stage of a Dockerfile. Judging is no business of it.
func NewLines(dockerfile string) *Lines {
	l := &Lines{}
	parsed, err := parser.Parse(strings.NewReader(dockerfile))
	if err != nil {
		return l
	}
	for _, n := range parsed.AST.Children {
		switch strings.ToLower(n.Value) {
		case command.From:
			*l = Lines{From: n.StartLine, Command: n.StartLine, User: n.StartLine}
		case command.Cmd, command.Entrypoint:
			l.Command = n.StartLine
		case command.User:
			l.User = n.StartLine
		}
	}
	return l
}
