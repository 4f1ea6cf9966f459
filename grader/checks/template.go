package checks

import (
	"strings"
)

// Template is text with expressions in braces: "It fetched {mb(build.downloaded)} again." A brace itself is written twice.
type Template struct{ parts []part }

type part struct {
	text string
	prg  *Program // nil for plain text
}

// CompileTemplate compiles the expressions in text. Errors carry lines within text.
func (e *Env) CompileTemplate(text string, scenarios []string) (*Template, error) {
	t := &Template{}
	var plain strings.Builder
	flush := func() {
		if plain.Len() > 0 {
			t.parts = append(t.parts, part{text: plain.String()})
			plain.Reset()
		}
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case (c == '{' || c == '}') && i+1 < len(text) && text[i+1] == c:
			plain.WriteByte(c)
			i++
		case c == '{':
			end := closing(text[i+1:])
			line := 1 + strings.Count(text[:i], "\n")
			if end < 0 {
				return nil, &Error{Line: line, Column: 1, Text: "a brace is opened and never closed (a brace itself is written twice)"}
			}
			prg, err := e.Compile(text[i+1:i+1+end], nil, scenarios)
			if err != nil {
				if ce, ok := err.(*Error); ok {
					ce.Line += line - 1
				}
				return nil, err
			}
			flush()
			t.parts = append(t.parts, part{prg: prg})
			i += end + 1
		default:
			plain.WriteByte(c)
		}
	}
	flush()
	return t, nil
}

// closing returns where the brace that ends an expression is, strings and inner braces passed over, or -1.
func closing(s string) int {
	depth, quote := 0, byte(0)
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quote != 0:
			if c == '\\' {
				i++
			} else if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '{':
			depth++
		case c == '}':
			if depth == 0 {
				return i
			}
			depth--
		}
	}
	return -1
}

// Fill puts the values in. A nil template is empty.
func (t *Template) Fill(v *View) (string, error) {
	if t == nil {
		return "", nil
	}
	var b strings.Builder
	for _, p := range t.parts {
		if p.prg == nil {
			b.WriteString(p.text)
			continue
		}
		s, err := p.prg.String(v)
		if err != nil {
			return "", err
		}
		b.WriteString(s)
	}
	return strings.Join(strings.Fields(b.String()), " "), nil
}
