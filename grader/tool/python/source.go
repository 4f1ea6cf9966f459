package python

import (
	"regexp"
	"strings"
)

// statement is a logical line of Python: brackets, strings and backslashes joined, comments taken out.
type statement struct {
	line   int // first, from 1
	indent int
	text   string // as written, on one line
}

// maxStatements bounds how much of a file is looked at.
const maxStatements = 20_000

// statements splits a source. It does not fail: what is not closed ends with the file, and open tells what that was.
func statements(src string) (out []statement, open string) {
	line, start, indent := 1, 0, 0
	var b strings.Builder
	depth := 0
	atStart := true
	flush := func() {
		if t := strings.TrimSpace(b.String()); t != "" {
			out = append(out, statement{start, indent, t})
		}
		b.Reset()
		atStart = true
	}
	for i := 0; i < len(src) && len(out) < maxStatements; {
		ch := src[i]
		if atStart && depth == 0 {
			n := 0
			for i < len(src) && (src[i] == ' ' || src[i] == '\t') {
				if src[i] == '\t' {
					n += 8 - n%8
				} else {
					n++
				}
				i++
			}
			if i >= len(src) {
				break
			}
			indent, start, atStart = n, line, false
			ch = src[i]
		}
		switch {
		case ch == '#':
			for i < len(src) && src[i] != '\n' {
				i++
			}
		case ch == '\n':
			line++
			i++
			if depth == 0 {
				flush()
			} else {
				b.WriteByte(' ')
			}
		case ch == '\\' && i+1 < len(src) && src[i+1] == '\n':
			line++
			i += 2
			b.WriteByte(' ')
		case ch == '"' || ch == '\'':
			end, lines, closed := skipString(src, i)
			b.WriteString(strings.ReplaceAll(src[i:end], "\n", "\\n"))
			line += lines
			i = end
			if !closed && open == "" {
				open = "string"
			}
		case strings.IndexByte("([{", ch) >= 0:
			depth++
			b.WriteByte(ch)
			i++
		case strings.IndexByte(")]}", ch) >= 0:
			depth = max(depth-1, 0)
			b.WriteByte(ch)
			i++
		case ch == ';' && depth == 0:
			i++
			at, in := line, indent
			flush()
			start, indent, atStart = at, in, false
			for i < len(src) && src[i] == ' ' {
				i++
			}
		case ch == '\r':
			i++
		default:
			b.WriteByte(ch)
			i++
		}
	}
	if depth > 0 && open == "" {
		open = "bracket"
	}
	flush()
	return out, open
}

// skipString returns where the string that begins at i ends, how many newlines it holds, and whether it is closed.
func skipString(src string, i int) (end, lines int, closed bool) {
	quote := src[i : i+1]
	if strings.HasPrefix(src[i:], strings.Repeat(quote, 3)) {
		quote = src[i : i+3]
	}
	for k := i + len(quote); k < len(src); k++ {
		switch {
		case src[k] == '\\':
			if k+1 < len(src) && src[k+1] == '\n' {
				lines++
			}
			k++
		case src[k] == '\n':
			if len(quote) == 1 {
				return k, lines, false
			}
			lines++
		case strings.HasPrefix(src[k:], quote):
			return k + len(quote), lines, true
		}
	}
	return len(src), lines, false
}

// unquote returns the text of a Python string literal, and false for what is none or is computed.
func unquote(s string) (string, bool) {
	s = strings.TrimSpace(s)
	for len(s) > 0 && strings.IndexByte("rRbBuU", s[0]) >= 0 && len(s) > 1 && (s[1] == '"' || s[1] == '\'' || strings.IndexByte("rRbB", s[1]) >= 0) {
		s = s[1:]
	}
	if len(s) < 2 || s[0] != '"' && s[0] != '\'' {
		return "", false
	}
	end, _, closed := skipString(s, 0)
	if !closed || end != len(s) {
		return "", false
	}
	n := 1
	if strings.HasPrefix(s, strings.Repeat(s[:1], 3)) && len(s) >= 6 {
		n = 3
	}
	return strings.NewReplacer(`\n`, "\n", `\t`, "\t", `\\`, `\`, `\'`, `'`, `\"`, `"`).Replace(s[n : len(s)-n]), true
}

// block is how a statement is reached.
type block struct {
	indent   int
	kind     string // "try", "main", "maybe", "never", "def", "class", "with"
	name     string // of a def
	tolerant bool   // of a try: an ImportError in it is caught
}

var (
	importRE = regexp.MustCompile(`^import\s+(.+)$`)
	fromRE   = regexp.MustCompile(`^from\s+(\.*)\s*([A-Za-z_][\w.]*)?\s+import\s+(.+)$`)
	defRE    = regexp.MustCompile(`^(?:async\s+)?def\s+(\w+)`)
	mainRE   = regexp.MustCompile(`__name__\s*==\s*['"]__main__['"]`)
)

// imported is one thing that an import statement asks for.
type imported struct {
	module string   // dotted
	dots   int      // of a relative import
	names  []string // after from … import
}

// importsOf reads an import statement.
func importsOf(s string) []imported {
	if m := fromRE.FindStringSubmatch(s); m != nil {
		i := imported{module: m[2], dots: len(m[1])}
		for _, n := range strings.Split(strings.Trim(m[3], "() "), ",") {
			if w := strings.Fields(n); len(w) > 0 {
				i.names = append(i.names, w[0])
			}
		}
		return []imported{i}
	}
	if m := importRE.FindStringSubmatch(s); m != nil {
		var out []imported
		for _, n := range strings.Split(m[1], ",") {
			if w := strings.Fields(n); len(w) > 0 {
				out = append(out, imported{module: w[0]})
			}
		}
		return out
	}
	return nil
}

// reached walks the statements that run when a module is executed: its top level, conditions both ways, bodies of try and with, and the
// functions that these call. fn gets each with how it is reached; what it returns ends the walk when it is not 0.
func reached(list []statement, asMain bool, fn func(s statement, soft bool) int) int {
	bodies := map[string][]statement{}
	called := map[string]bool{}
	var walk func(list []statement, soft bool, depth int) int
	walk = func(list []statement, soft bool, depth int) int {
		for i := 0; i < len(list); i++ {
			s := list[i]
			end := i + 1
			for end < len(list) && list[end].indent > s.indent {
				end++
			}
			inner := list[i+1 : end]
			head := s.text
			switch {
			case strings.HasPrefix(head, "def ") || strings.HasPrefix(head, "async def "):
				if m := defRE.FindStringSubmatch(head); m != nil {
					bodies[m[1]] = inner
				}
				i = end - 1
				continue
			case strings.HasPrefix(head, "class "):
				i = end - 1
				continue
			case strings.HasPrefix(head, "try:") || head == "try":
				caught := false
				for k := end; k < len(list) && list[k].indent == s.indent && (strings.HasPrefix(list[k].text, "except") || list[k].indent > s.indent); k++ {
					t := list[k].text
					if t == "except:" || strings.Contains(t, "ImportError") || strings.Contains(t, "ModuleNotFoundError") || strings.Contains(t, "Exception") || strings.Contains(t, "Error") {
						caught = true
					}
				}
				if r := walk(inner, soft || caught, depth); r != 0 {
					return r
				}
				i = end - 1
				continue
			case strings.HasPrefix(head, "except") || strings.HasPrefix(head, "else:") || strings.HasPrefix(head, "elif "):
				if r := walk(inner, true, depth); r != 0 {
					return r
				}
				i = end - 1
				continue
			case strings.HasPrefix(head, "if ") || strings.HasPrefix(head, "if("):
				switch {
				case mainRE.MatchString(head):
					if asMain {
						if r := inlineBody(head, s, soft, inner, func(l []statement) int { return walk(l, soft, depth) }); r != 0 {
							return r
						}
					}
				case strings.Contains(head, "TYPE_CHECKING"):
				default:
					if r := walk(inner, true, depth); r != 0 {
						return r
					}
				}
				i = end - 1
				continue
			case strings.HasPrefix(head, "with ") || strings.HasPrefix(head, "for ") || strings.HasPrefix(head, "while ") || strings.HasPrefix(head, "finally:") || strings.HasPrefix(head, "async with "):
				if r := fn(s, soft); r != 0 {
					return r
				}
				if r := walk(inner, soft || strings.HasPrefix(head, "for ") || strings.HasPrefix(head, "while "), depth); r != 0 {
					return r
				}
				i = end - 1
				continue
			}
			if r := fn(s, soft); r != 0 {
				return r
			}
			if depth < 20 {
				for _, name := range callRE.FindAllStringSubmatch(head, -1) {
					if body, ok := bodies[name[1]]; ok && !called[name[1]] {
						called[name[1]] = true
						if r := walk(body, soft, depth+1); r != 0 {
							return r
						}
					}
				}
			}
		}
		return 0
	}
	return walk(list, false, 0)
}

var callRE = regexp.MustCompile(`\b([A-Za-z_]\w*)\s*\(`)

// inlineBody walks the body of an if, which may stand on the same line.
func inlineBody(head string, s statement, soft bool, inner []statement, walk func([]statement) int) int {
	if _, rest, ok := strings.Cut(head, ":"); ok && strings.TrimSpace(rest) != "" {
		inner = []statement{{s.line, s.indent + 4, strings.TrimSpace(rest)}}
	}
	return walk(inner)
}
