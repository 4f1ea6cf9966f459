package shell

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// cutNewline takes the newline from the end of the last here-document.
func cutNewline(stmts []*syntax.Stmt) {
	var last *syntax.Word
	for _, s := range stmts {
		syntax.Walk(s, func(n syntax.Node) bool {
			if r, ok := n.(*syntax.Redirect); ok && r.Hdoc != nil {
				last = r.Hdoc
			}
			return true
		})
	}
	if last == nil || len(last.Parts) == 0 {
		return
	}
	if lit, ok := last.Parts[len(last.Parts)-1].(*syntax.Lit); ok {
		lit.Value = strings.TrimSuffix(lit.Value, "\n")
	}
}

// formula is an arithmetic expression: shells expand its text first and read the result, so that `$a*2` with a=1+2 is 5.
type formula struct {
	text string
	word *syntax.Word // where there is something to expand
	expr *expr        // where there is not, unless it is wrong
}

// prepare notes the text of every arithmetic expression, splits braces where the dialect expands them, and refuses what the dialect does not have.
func (p *program) prepare(d Dialect, root syntax.Node, text string) *syntaxError {
	var bad *syntaxError
	var braces []*syntax.Word
	note := func(n syntax.Node, from, to uint) {
		if n == nil || bad != nil || p.arith[n] != nil || from > to || int(to) > len(text) {
			return
		}
		bad = p.noteFormula(d, n, text[from:to])
	}
	span := func(x syntax.ArithmExpr) {
		if x != nil {
			note(x, x.Pos().Offset(), x.End().Offset())
		}
	}
	syntax.Walk(root, func(n syntax.Node) bool {
		if bad != nil {
			return false
		}
		if d == Ash {
			if bad = refuseAsh(n); bad != nil {
				return false
			}
		}
		if tooLenient(d, n) {
			if bad = diagnose(d, text, nil); bad.kind != otherError {
				return false
			}
			bad = nil
		}
		switch n := n.(type) {
		case *syntax.ArithmExp:
			open := uint(3)
			if n.Bracket {
				open = 2
			}
			note(n, n.Left.Offset()+open, n.Right.Offset())
		case *syntax.ArithmCmd:
			note(n, n.Left.Offset()+2, n.Right.Offset())
		case *syntax.CStyleLoop:
			span(n.Init)
			span(n.Cond)
			span(n.Post)
		case *syntax.ParamExp:
			span(n.Index)
			if n.Slice != nil {
				span(n.Slice.Offset)
				span(n.Slice.Length)
			}
		case *syntax.Assign:
			span(n.Index)
		case *syntax.ArrayElem:
			span(n.Index)
			if d == Bash && n.Value != nil && n.Index == nil {
				braces = append(braces, n.Value)
			}
		case *syntax.LetClause:
			for _, x := range n.Exprs {
				span(x)
			}
		case *syntax.CallExpr:
			if d == Bash {
				braces = append(braces, n.Args...)
			}
		case *syntax.WordIter:
			if d == Bash {
				braces = append(braces, n.Items...)
			}
		}
		return true
	})
	for _, w := range braces { // after the walk, which does not know what they are split into
		syntax.SplitBraces(w)
	}
	return bad
}

func (p *program) noteFormula(d Dialect, n syntax.Node, text string) *syntaxError {
	f := &formula{text: text}
	p.arith[n] = f
	if !strings.ContainsAny(text, "$`\\'\"") {
		if x, err := parseArith(d, text); err == nil {
			f.expr = x
		}
		return nil
	}
	word, err := p.document(d, text)
	if err != nil {
		return err
	}
	f.word = word
	return nil
}

// document parses text as the inside of double quotes.
func (p *program) document(d Dialect, text string) (*syntax.Word, *syntaxError) {
	variant := syntax.LangPOSIX
	if d != Dash {
		variant = syntax.LangBash
	}
	var word *syntax.Word
	var err error
	for range maxRepairs {
		if word, err = syntax.NewParser(syntax.Variant(variant)).Document(strings.NewReader(text)); err == nil {
			break
		}
		fixed, ok := p.repair(d, text, err)
		if !ok {
			return nil, diagnose(d, text, err)
		}
		text = fixed
	}
	if err != nil || word == nil {
		return word, nil
	}
	return word, p.prepare(d, word, text)
}

// tooLenient reports whether the parser may have accepted what the dialect's own does not, so that it is worth a second look.
func tooLenient(d Dialect, n syntax.Node) bool {
	switch n := n.(type) {
	case *syntax.FuncDecl:
		if n.Name == nil || n.Body == nil {
			return true
		}
		_, plain := n.Body.Cmd.(*syntax.CallExpr)
		return plain && d == Bash
	case *syntax.WordIter:
		return d != Bash && !isName(n.Name.Value)
	case *syntax.CallExpr:
		if len(n.Args) > 0 && len(n.Assigns) == 0 {
			name := n.Args[0].Lit()
			return len(name) <= 5 && isKeyword(name) && name != "]]" && name != "in" && name != "`"
		}
	}
	return false
}

// refuseAsh returns an error for what bash has and busybox ash has not.
func refuseAsh(n syntax.Node) *syntaxError {
	at := func(p syntax.Pos, kind errorKind, token string) *syntaxError {
		return &syntaxError{line: int(p.Line()), kind: kind, token: token}
	}
	switch n := n.(type) {
	case *syntax.ArrayExpr:
		return at(n.Pos(), unexpected, "(")
	case *syntax.ExtGlob:
		return at(n.Pos(), unexpected, "(")
	case *syntax.CStyleLoop:
		return at(n.Pos(), badLoopVariable, "")
	case *syntax.ForClause:
		if n.Select {
			return at(n.DoPos, unexpected, "do")
		}
	case *syntax.BinaryTest:
		if w, ok := n.Y.(*syntax.Word); ok && n.Op == syntax.TsReMatch {
			if lit, ok := w.Parts[0].(*syntax.Lit); ok && strings.Contains(strings.ReplaceAll(lit.Value, `\(`, ""), "(") {
				return at(n.Pos(), unexpected, "(")
			}
		}
	case *syntax.ParenTest:
		return at(n.Pos(), unexpected, "(")
	case *syntax.CoprocClause:
		return at(n.Pos(), unexpected, "}")
	case *syntax.Redirect:
		if n.Op == syntax.WordHdoc || n.Op == syntax.AppAll {
			return at(n.Pos(), unexpected, "redirection")
		}
	case *syntax.BinaryCmd:
		if n.Op == syntax.PipeAll {
			return at(n.OpPos, unexpected, "&")
		}
	case *syntax.CaseItem:
		if n.Op == syntax.Resume {
			return &syntaxError{line: int(n.Pos().Line()), kind: unexpected, token: "word", expect: ")"}
		}
		if n.Op != syntax.Break && n.OpPos.IsValid() {
			return at(n.OpPos, unexpected, "&")
		}
	}
	return nil
}
