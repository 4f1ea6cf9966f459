package shell

import (
	"bytes"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// layout prints a function's commands, one a line and indented, roughly as bash does.
func layout(f *function) string {
	stmts := []*syntax.Stmt{f.body}
	if b, ok := f.body.Cmd.(*syntax.Block); ok && len(f.body.Redirs) == 0 {
		stmts = b.Stmts
	}
	printer := syntax.NewPrinter(syntax.Indent(4))
	var out strings.Builder
	for i, s := range stmts {
		var b bytes.Buffer
		if err := printer.Print(&b, s); err != nil {
			continue
		}
		text := strings.ReplaceAll(strings.TrimRight(b.String(), "\n"), "\n", "\n    ")
		out.WriteString("    " + text)
		if i < len(stmts)-1 && !strings.HasSuffix(text, "&") {
			out.WriteByte(';')
		}
		out.WriteByte('\n')
	}
	return out.String()
}
