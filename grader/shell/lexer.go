package shell

import "strings"

// scan reads a token.
func (g *grammar) scan() lexeme {
	for g.pos < len(g.text) {
		switch c := g.text[g.pos]; {
		case c == ' ' || c == '\t' || c == '\r' && g.d == Ash:
			g.pos++
		case strings.HasPrefix(g.text[g.pos:], "\\\n"):
			g.pos += 2
			g.line++
		case c == '#':
			for g.pos < len(g.text) && g.text[g.pos] != '\n' {
				g.pos++
			}
		default:
			return g.token(c)
		}
	}
	return lexeme{kind: tokEOF}
}

func (g *grammar) token(c byte) lexeme {
	rest := g.text[g.pos:]
	if c == '\n' {
		g.pos++
		g.line++
		g.skipHeredocs()
		return lexeme{kind: tokNewline, text: "\n"}
	}
	if c >= '0' && c <= '9' {
		n := 1
		for n < len(rest) && rest[n] >= '0' && rest[n] <= '9' {
			n++
		}
		if n < len(rest) && (rest[n] == '<' || rest[n] == '>') {
			g.pos += n
			return g.token(rest[n])
		}
	}
	if g.d != Dash && (strings.HasPrefix(rest, "<(") || g.d == Bash && strings.HasPrefix(rest, ">(")) {
		return g.word()
	}
	for _, op := range operators {
		if !strings.HasPrefix(rest, op) || !g.knows(op) {
			continue
		}
		g.pos += len(op)
		if op == "<<<" && g.d != Bash {
			g.pos--
			return lexeme{kind: tokRedir, text: "<<"}
		}
		if strings.ContainsAny(op, "<>") {
			return lexeme{kind: tokRedir, text: op}
		}
		return lexeme{kind: tokOp, text: op}
	}
	return g.word()
}

// knows says whether an operator is one in the dialect.
func (g *grammar) knows(op string) bool {
	switch op {
	case ";&", ";;&", "|&", "&>>":
		return g.d == Bash
	case "&>":
		return g.d != Dash
	}
	return true
}

func (g *grammar) skipHeredocs() {
	for _, h := range g.heredoc {
		for g.pos < len(g.text) {
			line, _, found := strings.Cut(g.text[g.pos:], "\n")
			g.pos += len(line)
			if found {
				g.pos++
				g.line++
			}
			if h.tabs {
				line = strings.TrimLeft(line, "\t")
			}
			if line == h.word {
				break
			}
		}
	}
	g.heredoc = nil
}

// word reads a word with all that is quoted or substituted in it.
func (g *grammar) word() lexeme {
	start, quoted := g.pos, false
	for g.pos < len(g.text) {
		c := g.text[g.pos]
		switch {
		case strings.IndexByte(" \t\n;&|)", c) >= 0:
			return lexeme{kind: tokWord, text: g.text[start:g.pos], quoted: quoted}
		case c == '<' || c == '>':
			if g.d == Dash || g.pos+1 >= len(g.text) || g.text[g.pos+1] != '(' {
				return lexeme{kind: tokWord, text: g.text[start:g.pos], quoted: quoted}
			}
			g.pos += 2
			g.substitution("$()")
		case c == '(':
			if g.d != Bash || g.pos == start || !isAssignment(g.text[start:g.pos]) || g.text[g.pos-1] != '=' {
				return lexeme{kind: tokWord, text: g.text[start:g.pos], quoted: quoted}
			}
			g.pos++
			for {
				t := g.next(newlines)
				if g.is(t, ")") {
					break
				}
				if t.kind != tokWord {
					g.expect("")
				}
			}
		case c == '\\':
			quoted = true
			if g.pos++; g.pos < len(g.text) {
				if g.text[g.pos] == '\n' {
					g.line++
				}
				g.pos++
			}
		case c == '\'':
			quoted = true
			g.single()
		case c == '"':
			quoted = true
			g.double()
		case c == '`':
			quoted = true
			g.backquote()
		case c == '$':
			quoted = true
			g.dollar(false)
		default:
			g.pos++
		}
	}
	return lexeme{kind: tokWord, text: g.text[start:g.pos], quoted: quoted}
}

func (g *grammar) single() {
	opened := g.line
	for g.pos++; g.pos < len(g.text); g.pos++ {
		switch g.text[g.pos] {
		case '\n':
			g.line++
		case '\'':
			g.pos++
			return
		}
	}
	g.fail(unterminatedString, "'", opened)
}

func (g *grammar) double() {
	opened := g.line
	for g.pos++; g.pos < len(g.text); {
		switch g.text[g.pos] {
		case '\n':
			g.line++
			g.pos++
		case '\\':
			g.pos += 2
			if g.pos <= len(g.text) && g.text[g.pos-1] == '\n' {
				g.line++
			}
		case '"':
			g.pos++
			return
		case '`':
			g.backquote()
		case '$':
			g.dollar(true)
		default:
			g.pos++
		}
	}
	g.pos = min(g.pos, len(g.text))
	g.fail(unterminatedString, `"`, opened)
}

func (g *grammar) backquote() {
	opened := g.line
	for g.pos++; g.pos < len(g.text); g.pos++ {
		switch g.text[g.pos] {
		case '\n':
			g.line++
		case '\\':
			g.pos++
		case '`':
			g.pos++
			return
		}
	}
	g.pos = min(g.pos, len(g.text))
	g.fail(unterminatedBackquote, "`", opened)
}

// dollar reads what begins with a dollar sign.
func (g *grammar) dollar(quoted bool) {
	rest := g.text[g.pos+1:]
	opened := g.line
	switch {
	case strings.HasPrefix(rest, "(("):
		if end := closing(g.text, g.pos, "$((", "))"); end >= 0 {
			g.line += strings.Count(g.text[g.pos:end], "\n")
			g.pos = end
			return
		}
		if closing(g.text, g.pos, "$(", ")") < 0 || !strings.Contains(rest, "))") {
			g.fail(missingParens, ")", opened)
		}
		g.pos += 2
		g.substitution("$()")
	case strings.HasPrefix(rest, "("):
		g.pos += 2
		g.substitution("$()")
	case strings.HasPrefix(rest, "{"):
		g.pos += 2
		for g.pos < len(g.text) {
			switch c := g.text[g.pos]; {
			case c == '}':
				g.pos++
				return
			case c == '\n':
				g.line++
				g.pos++
			case c == '\\':
				g.pos += 2
			case c == '\'' && !quoted:
				g.single()
			case c == '"':
				g.double()
			case c == '`':
				g.backquote()
			case c == '$':
				g.dollar(quoted)
			default:
				g.pos++
			}
		}
		g.pos = min(g.pos, len(g.text))
		g.fail(missingBrace, "}", opened)
	case strings.HasPrefix(rest, "'") && !quoted && g.d != Dash:
		g.pos++
		for g.pos++; g.pos < len(g.text); g.pos++ {
			switch g.text[g.pos] {
			case '\\':
				g.pos++
			case '\'':
				g.pos++
				return
			}
		}
		g.pos = min(g.pos, len(g.text))
		g.fail(unterminatedString, "'", opened)
	default:
		g.pos++
	}
}

// substitution reads the commands of $(…) up to its parenthesis.
func (g *grammar) substitution(name string) {
	pushed, last := g.pushed, g.last
	g.pushed = false
	for {
		g.list(2)
		t := g.next(keywords | newlines)
		if g.is(t, ")") {
			break
		}
		want := ")"
		if g.d == Bash {
			want = name
		}
		g.expect(want)
	}
	g.pushed, g.last = pushed, last
}

// isName reports whether s is a valid name of a variable.
func isName(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c != '_' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9' || i == 0) {
			return false
		}
	}
	return s != ""
}

// isAssignment reports whether a word begins with name=.
func isAssignment(s string) bool {
	i := strings.IndexByte(s, '=')
	if i < 0 {
		return false
	}
	name := strings.TrimSuffix(s[:i], "+")
	if j := strings.IndexByte(name, '['); j > 0 {
		name = name[:j]
	}
	return isName(name)
}
