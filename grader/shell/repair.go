package shell

import (
	"errors"
	"regexp"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// namedRedirect is {name}>, which is a word and a redirection in ash.
var namedRedirect = regexp.MustCompile(`(\s\{[A-Za-z_]\w*\})([<>])`)

const maxRepairs = 64

// repair rewrites what the real shell reads without complaint although it is an error once reached, or reads differently. It reports false where the
// error is one of syntax.
func (p *program) repair(d Dialect, text string, err error) (string, bool) {
	var lang syntax.LangError
	var plain syntax.ParseError
	switch {
	case errors.As(err, &lang):
		off := min(int(lang.Pos.Offset()), len(text))
		switch {
		case strings.HasPrefix(lang.Feature, "`{varname}"): // a word and a redirection
			if i := strings.IndexAny(text[off:], "<>"); i > 0 {
				return text[:off+i] + " " + text[off+i:], true
			}
		case strings.HasPrefix(lang.Feature, "`&>"):
			return text[:off] + "& " + text[off+1:], true
		case lang.Feature == "slicing", lang.Feature == "search and replace", strings.Contains(lang.Feature, "expansion operator"),
			strings.Contains(lang.Feature, "${"), lang.Feature == "arrays":
			return p.setAside(text, off, "${", "}", badSubst)
		}
	case errors.As(err, &plain):
		off := min(int(plain.Pos.Offset()), len(text))
		if name, ok := strings.CutPrefix(plain.Text, "unclosed here-document `"); ok {
			name = strings.TrimSuffix(name, "`")
			if strings.Contains(name, "\n") || strings.Contains(name, "`") || name == "" {
				return "", false
			}
			p.warned, p.wanted = int(plain.Pos.Line()), name
			if !strings.HasSuffix(text, "\n") {
				text += "\n"
				p.cut = true
			}
			return text + name + "\n", true
		}
		if strings.HasPrefix(plain.Text, "cannot negate") && d == Bash {
			if i := strings.IndexByte(text[off:], '!'); i >= 0 {
				if j := strings.IndexByte(text[off+i+1:], '!'); j >= 0 {
					return text[:off+i] + " " + text[off+i+1:off+i+1+j] + " " + text[off+i+j+2:], true
				}
			}
		}
		if strings.HasPrefix(plain.Text, "reached EOF") {
			return "", false
		}
		if plain.Text == "invalid var name" && off < len(text) && text[off] != '"' { // export 1a=b fails when it is run
			return text[:off] + `""` + text[off:], true
		}
		if fixed, ok := p.setAside(text, off, "$((", "))", badArith); ok {
			return fixed, true
		}
		if plain.Text == "invalid parameter name" || strings.Contains(plain.Text, "expansion") || strings.Contains(plain.Text, "${") {
			return p.setAside(text, off, "${", "}", badSubst)
		}
	}
	return "", false
}

// setAside replaces the expansion that off lies in by a parameter whose name tells which one it was.
func (p *program) setAside(text string, off int, open, shut, name string) (string, bool) {
	start := strings.LastIndex(text[:min(off+2, len(text))], open)
	if start < 0 {
		return "", false
	}
	end := closing(text, start, open, shut)
	if end < 0 || end <= off && shut == "))" {
		return "", false
	}
	p.broken = append(p.broken, text[start:end])
	return text[:start] + "${" + name + strconv.Itoa(len(p.broken)-1) + "}" + text[end:], true
}

// closing returns where the expansion that begins at start ends, or -1.
func closing(text string, start int, open, shut string) int {
	depth := 0
	for i := start + len(open); i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\':
			i++
		case c == '\'' && shut == "}":
			j := strings.IndexByte(text[i+1:], '\'')
			if j < 0 {
				return -1
			}
			i += j + 1
		case depth == 0 && strings.HasPrefix(text[i:], shut):
			return i + len(shut)
		case c == '(' && shut == "))", c == '{' && shut == "}":
			depth++
		case c == shut[0]:
			depth--
		}
	}
	return -1
}
