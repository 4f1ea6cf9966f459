package shell

import (
	"strings"
)

// diagnose finds the first error of grammar in a text that the parser refused, as the dialect's own parser comes upon it.
func diagnose(d Dialect, text string, cause error) (found *syntaxError) {
	g := &grammar{d: d, text: text, line: 1}
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *syntaxError:
			found = r
			if d == Bash {
				lines := strings.Split(text, "\n")
				if r.line >= 1 && r.line <= len(lines) {
					r.source = lines[r.line-1]
				}
			}
		default:
			panic(r)
		}
	}()
	for g.peek(keywords).kind != tokEOF {
		g.list(1)
	}
	msg := "not valid"
	if cause != nil {
		msg = cause.Error()
		if _, rest, ok := strings.Cut(msg, ": "); ok {
			msg = rest
		}
	}
	return &syntaxError{line: g.line, kind: otherError, text: msg}
}

type tokenKind uint8

type lexeme struct {
	kind   tokenKind
	text   string
	quoted bool
}

// grammar recognises a script without keeping what it read.
type grammar struct {
	d       Dialect
	text    string
	pos     int
	line    int
	pushed  bool
	last    lexeme
	heredoc []heredocEnd
	depth   int
}

type heredocEnd struct {
	word string
	tabs bool
}

func (g *grammar) expect(want string) {
	t := g.last
	text := t.text
	if t.kind == tokEOF {
		text = ""
	}
	switch {
	case g.d == Bash:
	case t.kind == tokRedir:
		text = "redirection"
	case t.kind == tokWord:
		text = "word"
	}
	panic(&syntaxError{line: g.line, kind: unexpected, token: text, expect: want})
}

func (g *grammar) next(mode int) lexeme {
	for {
		if !g.pushed {
			g.last = g.scan()
		}
		g.pushed = false
		if mode&newlines != 0 && g.last.kind == tokNewline {
			continue
		}
		break
	}
	if mode&keywords != 0 && g.last.kind == tokWord && !g.last.quoted && isKeyword(g.last.text) && g.last.text != "`" && g.last.text != "]]" {
		g.last.kind = tokKeyword
	}
	return g.last
}

func (g *grammar) peek(mode int) lexeme { t := g.next(mode); g.pushed = true; return t }

func (g *grammar) is(t lexeme, text string) bool {
	return t.text == text && (t.kind == tokKeyword || t.kind == tokOp)
}

func endsList(t lexeme) bool {
	if t.kind == tokOp {
		return t.text == ")" || t.text == ";;" || t.text == ";&" || t.text == ";;&"
	}
	if t.kind == tokKeyword {
		switch t.text {
		case "then", "else", "elif", "fi", "do", "done", "esac", "}":
			return true
		}
	}
	return t.kind == tokEOF
}

// list reads commands: mode 1 is a line, 0 a list within a construct, 2 one that may be empty.
func (g *grammar) list(mode int) {
	if g.depth++; g.depth > maxNesting {
		g.fail(tooComplex, "", g.line)
	}
	defer func() { g.depth-- }()
	look := keywords
	if mode != 1 {
		look |= newlines
	}
	for {
		t := g.next(look)
		if t.kind == tokNewline {
			return
		}
		g.pushed = true
		if t.kind == tokEOF || mode == 2 && endsList(t) {
			if t.kind == tokEOF && mode == 0 {
				return
			}
			return
		}
		if mode != 1 {
			mode = 2
		}
		g.andOr()
		t = g.next(keywords)
		switch {
		case t.kind == tokNewline && mode == 1:
			return
		case t.kind == tokNewline, g.is(t, ";"), g.is(t, "&"):
		case t.kind == tokEOF:
			g.pushed = true
		default:
			if mode == 1 {
				g.expect("")
			}
			g.pushed = true
			return
		}
		if mode == 1 {
			if t := g.peek(keywords); t.kind == tokNewline || t.kind == tokEOF {
				g.next(0)
				g.pushed = t.kind == tokEOF
				return
			}
		}
	}
}

func (g *grammar) andOr() {
	g.pipeline(keywords)
	for {
		t := g.next(keywords)
		if !g.is(t, "&&") && !g.is(t, "||") {
			g.pushed = true
			return
		}
		g.pipeline(keywords | newlines)
	}
}

func (g *grammar) pipeline(look int) {
	t := g.next(look)
	for g.is(t, "!") {
		t = g.next(keywords)
		if g.d != Bash {
			break
		}
	}
	g.pushed = true
	g.command(keywords)
	for {
		t := g.next(keywords)
		if !g.is(t, "|") && !(g.d == Bash && g.is(t, "|&")) {
			g.pushed = true
			return
		}
		g.command(keywords | newlines)
	}
}

func (g *grammar) want(look int, text string) {
	if t := g.next(look); !g.is(t, text) {
		g.expect(text)
	}
}

func (g *grammar) command(look int) {
	if g.depth++; g.depth > maxNesting {
		g.fail(tooComplex, "", g.line)
	}
	defer func() { g.depth-- }()
	t := g.next(look)
	switch {
	case g.is(t, "if"):
		g.list(0)
		g.want(keywords, "then")
		g.list(0)
		for {
			t := g.next(keywords)
			if g.is(t, "elif") {
				g.list(0)
				g.want(keywords, "then")
				g.list(0)
				continue
			}
			if g.is(t, "else") {
				g.list(0)
			} else {
				g.pushed = true
			}
			g.want(keywords, "fi")
			break
		}
	case g.is(t, "while"), g.is(t, "until"):
		g.list(0)
		g.want(keywords, "do")
		g.list(0)
		g.want(keywords, "done")
	case g.is(t, "for"), g.d == Bash && t.kind == tokWord && t.text == "select":
		g.loop()
	case g.is(t, "case"):
		g.caseClause()
	case g.is(t, "("):
		if g.d == Bash && g.arithCommand() {
			break
		}
		g.list(0)
		g.want(keywords, ")")
	case g.is(t, "{"):
		g.list(0)
		g.want(keywords, "}")
	case g.d == Bash && t.kind == tokWord && t.text == "[[" && !t.quoted:
		for {
			t := g.next(newlines)
			if t.kind == tokEOF {
				g.expect("]]")
			}
			if t.kind == tokWord && t.text == "]]" {
				break
			}
		}
	case g.d != Dash && t.kind == tokWord && t.text == "function" && !t.quoted:
		if g.next(0).kind != tokWord {
			g.expect("")
		}
		if t := g.next(newlines); g.is(t, "(") {
			g.want(0, ")")
		} else {
			g.pushed = true
		}
		g.command(keywords | newlines)
		return
	case g.d == Bash && t.kind == tokWord && t.text == "time" && !t.quoted:
		g.pipeline(keywords)
		return
	case t.kind == tokWord, t.kind == tokRedir:
		g.pushed = true
		g.simple()
		return
	default:
		g.expect("")
	}
	for g.next(keywords).kind == tokRedir {
		g.redirection()
	}
	g.pushed = true
}

func (g *grammar) loop() {
	t := g.next(0)
	if g.is(t, "(") && g.d == Bash && g.arithCommand() {
		if t := g.next(keywords); !g.is(t, ";") {
			g.pushed = true
		}
	} else {
		if t.kind != tokWord || t.quoted || g.d != Bash && !isName(t.text) {
			if g.d == Bash {
				g.expect("")
			}
			g.fail(badLoopVariable, "", g.line)
		}
		if t := g.next(keywords | newlines); g.is(t, "in") {
			for g.next(0).kind == tokWord {
			}
			if t := g.last; t.kind != tokNewline && !g.is(t, ";") {
				g.expect("")
			}
		} else if !g.is(t, ";") {
			g.pushed = true
		}
	}
	shut := "done"
	t = g.next(keywords | newlines)
	if g.d == Bash && g.is(t, "{") {
		shut = "}"
	} else if !g.is(t, "do") {
		g.expect("do")
	}
	g.list(0)
	g.want(keywords, shut)
}

func (g *grammar) caseClause() {
	if g.next(0).kind != tokWord {
		g.expect("word")
	}
	g.want(keywords|newlines, "in")
	for {
		t := g.next(keywords | newlines)
		if g.is(t, "esac") {
			return
		}
		if g.is(t, "(") {
			g.next(0)
		}
		for g.is(g.next(0), "|") {
			g.next(0)
		}
		if !g.is(g.last, ")") {
			g.expect(")")
		}
		g.list(2)
		t = g.next(keywords | newlines)
		if g.is(t, "esac") {
			return
		}
		if !g.is(t, ";;") && !(g.d == Bash && (g.is(t, ";&") || g.is(t, ";;&"))) {
			g.expect(";;")
		}
	}
}

func (g *grammar) simple() {
	words := 0
	redirs := false
	assigning := true
	for {
		t := g.next(0)
		switch {
		case t.kind == tokWord:
			if assigning && isAssignment(t.text) {
				words += 2 // no function can be defined after it
				continue
			}
			assigning = false
			words++
		case t.kind == tokRedir:
			g.redirection()
			redirs = true
		case g.is(t, "(") && words == 1 && !redirs && !assigning:
			g.want(0, ")")
			g.functionBody()
			return
		default:
			g.pushed = true
			return
		}
	}
}

func (g *grammar) functionBody() {
	t := g.peek(keywords | newlines)
	if g.d == Bash && t.kind == tokWord && t.text != "[[" && t.text != "select" {
		g.next(0)
		g.expect("")
	}
	g.command(keywords | newlines)
}

func (g *grammar) redirection() {
	op := g.last.text
	t := g.next(0)
	if t.kind != tokWord {
		if t.kind == tokEOF && g.d == Bash {
			g.last = lexeme{kind: tokNewline, text: "\n"}
		}
		g.expect("")
	}
	if op == "<<" || op == "<<-" {
		word := strings.NewReplacer("'", "", `"`, "", `\`, "").Replace(t.text)
		g.heredoc = append(g.heredoc, heredocEnd{word, op == "<<-"})
	}
}

// arithCommand passes over `((…))` of which the first parenthesis was read.
func (g *grammar) arithCommand() bool {
	if g.pos >= len(g.text) || g.text[g.pos] != '(' {
		return false
	}
	end := closing(g.text, g.pos-1, "((", "))")
	if end < 0 {
		return false
	}
	g.line += strings.Count(g.text[g.pos:end], "\n")
	g.pos = end
	return true
}
