package node

import "strings"

// kind tells what a token is.
type kind uint8

const (
	ident kind = iota
	number
	text // a string, or a template without substitutions
	template
	regex
	punct
)

// token is a piece of JavaScript with what surrounds it.
type token struct {
	kind kind
	s    string // for text: its value
	line int
	col  int
	lazy bool // in a function's body: run when that is called, if ever
	cond bool // in a branch or a try: may not run, or may fail without harm
	obj  bool // directly inside an object literal
	ctl  bool // the parenthesis that ends the condition of an if or a loop
}

// scan splits a script into tokens, comments left out. It reports unclosed or surplus brackets as a syntax error, unless a regular expression or template
// makes its reading uncertain. Scripts beyond a million tokens are cut.
func scan(src string) (tokens []token, fault string, faultLine int) {
	s := &scanner{src: src, line: 1}
	if strings.HasPrefix(src, "#!") {
		for s.i < len(src) && src[s.i] != '\n' {
			s.i++
		}
	}
	for s.next() && len(s.out) < 1_000_000 {
	}
	if s.unsure {
		return s.out, "", 0
	}
	switch {
	case s.fault != "":
		return s.out, s.fault, s.faultLine
	case len(s.open) > 0:
		return s.out, "SyntaxError: Unexpected end of input", s.line
	}
	return s.out, "", 0
}

type bracket struct {
	c               byte
	lazy, cond, obj bool
	control         bool // of a parenthesis: it follows if, for, while, switch, catch
}

type scanner struct {
	src       string
	i, line   int
	start     int // of the line
	out       []token
	open      []bracket
	closed    bracket // the bracket closed last
	col       int     // at which the token began
	unsure    bool
	fault     string
	faultLine int
}

func (s *scanner) prev() string {
	if len(s.out) == 0 {
		return ""
	}
	return s.out[len(s.out)-1].s
}

func (s *scanner) emit(k kind, v string) {
	t := token{kind: k, s: v, line: s.line, col: s.col}
	if n := len(s.open); n > 0 {
		t.lazy, t.cond, t.obj = s.open[n-1].lazy, s.open[n-1].cond, s.open[n-1].obj
	}
	s.out = append(s.out, t)
}

func (s *scanner) next() bool {
	for s.i < len(s.src) {
		c := s.src[s.i]
		switch {
		case c == '\n':
			s.line++
			s.i++
			s.start = s.i
		case c == ' ' || c == '\t' || c == '\r' || c >= 0x80 && !letter(c):
			s.i++
		case c == '/' && s.at(1) == '/':
			for s.i < len(s.src) && s.src[s.i] != '\n' {
				s.i++
			}
		case c == '/' && s.at(1) == '*':
			end := strings.Index(s.src[s.i+2:], "*/")
			if end < 0 {
				s.i = len(s.src)
				return false
			}
			s.line += strings.Count(s.src[s.i:s.i+2+end], "\n")
			s.i += end + 4
		default:
			s.token(c)
			return true
		}
	}
	return false
}

func (s *scanner) at(n int) byte {
	if s.i+n < len(s.src) {
		return s.src[s.i+n]
	}
	return 0
}

func letter(c byte) bool {
	return c == '_' || c == '$' || c == '#' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0xC0
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

func (s *scanner) token(c byte) {
	from := s.i
	s.col = from - s.start + 1
	switch {
	case letter(c):
		for s.i < len(s.src) && (letter(s.src[s.i]) || digit(s.src[s.i]) || s.src[s.i] >= 0x80) {
			s.i++
		}
		s.emit(ident, s.src[from:s.i])
	case digit(c) || c == '.' && digit(s.at(1)):
		for s.i < len(s.src) && (letter(s.src[s.i]) || digit(s.src[s.i]) || s.src[s.i] == '.') {
			s.i++
		}
		s.emit(number, s.src[from:s.i])
	case c == '"' || c == '\'':
		s.quoted(c)
	case c == '`':
		s.backquoted()
	case c == '/' && s.regexAllowed():
		s.regex()
	case strings.IndexByte("([{", c) >= 0:
		s.push(c)
	case strings.IndexByte(")]}", c) >= 0:
		s.pop(c)
	default:
		n := 1
		for _, op := range []string{"===", "!==", "...", "=>", "&&", "||", "??", "?.", "==", "!=", "<=", ">=", "++", "--", "+=", "-="} {
			if strings.HasPrefix(s.src[s.i:], op) {
				n = len(op)
				break
			}
		}
		s.i += n
		s.emit(punct, s.src[from:s.i])
	}
}

func (s *scanner) quoted(q byte) {
	var b strings.Builder
	s.i++
	for s.i < len(s.src) && s.src[s.i] != q {
		c := s.src[s.i]
		if c == '\n' {
			s.blame("SyntaxError: Invalid or unexpected token")
			break
		}
		if c == '\\' && s.i+1 < len(s.src) {
			s.i++
			if e := strings.IndexByte("nrt", s.src[s.i]); e >= 0 {
				b.WriteByte("\n\r\t"[e])
			} else if s.src[s.i] == '\n' {
				s.line++
			} else {
				b.WriteByte(s.src[s.i])
			}
			s.i++
			continue
		}
		b.WriteByte(c)
		s.i++
	}
	if s.i < len(s.src) {
		s.i++
	}
	s.emit(text, b.String())
}

func (s *scanner) backquoted() {
	from := s.i + 1
	s.i++
	k, depth := text, 0
	for s.i < len(s.src) {
		switch c := s.src[s.i]; {
		case c == '\\':
			s.i++
		case c == '\n':
			s.line++
		case c == '$' && s.at(1) == '{':
			k = template
			depth++
			s.i++
		case c == '}' && depth > 0:
			depth--
		case c == '`' && depth > 0:
			s.unsure = true
		case c == '`':
			s.i++
			s.emit(k, s.src[from:s.i-1])
			return
		}
		s.i++
	}
	s.unsure = true
	s.i = min(s.i, len(s.src))
}

// regexAllowed guesses whether a slash begins a regular expression: not where a value has just ended.
func (s *scanner) regexAllowed() bool {
	if len(s.out) == 0 {
		return true
	}
	t := s.out[len(s.out)-1]
	switch t.kind {
	case ident:
		switch t.s {
		case "return", "typeof", "case", "in", "of", "delete", "void", "throw", "new", "else", "do", "await", "yield":
			return true
		}
		return false
	case punct:
		return t.s != ")" && t.s != "]" && t.s != "}"
	}
	return false
}

func (s *scanner) regex() {
	s.unsure = true
	from := s.i
	s.i++
	class := false
	for s.i < len(s.src) && s.src[s.i] != '\n' {
		c := s.src[s.i]
		switch {
		case c == '\\':
			s.i++
		case c == '[':
			class = true
		case c == ']':
			class = false
		case c == '/' && !class:
			s.i++
			for s.i < len(s.src) && letter(s.src[s.i]) {
				s.i++
			}
			s.emit(regex, s.src[from:s.i])
			return
		}
		s.i++
	}
	s.i = min(s.i, len(s.src))
}

func (s *scanner) blame(f string) {
	if s.fault == "" {
		s.fault, s.faultLine = f, s.line
	}
}

func (s *scanner) push(c byte) {
	b := bracket{c: c}
	if n := len(s.open); n > 0 {
		b.lazy, b.cond = s.open[n-1].lazy, s.open[n-1].cond
	}
	p := s.prev()
	switch c {
	case '(':
		switch p {
		case "if", "for", "while", "switch", "catch", "with":
			b.control = true
		}
	case '{':
		switch {
		case p == "=>", p == ")" && !s.closed.control:
			b.lazy = true
		case p == ")", p == "else", p == "try", p == "finally", p == "do", p == "catch":
			b.cond = true
		case p == "=", p == "(", p == ",", p == ":", p == "return", p == "[", p == "?", p == "default", p == "||", p == "&&", p == "??":
			b.obj = true
		}
	}
	s.i++
	s.emit(punct, string(c))
	s.open = append(s.open, b)
}

func (s *scanner) pop(c byte) {
	if n := len(s.open); n > 0 {
		if want := strings.IndexByte("([{", s.open[n-1].c); want >= 0 && ")]}"[want] != c {
			s.blame("SyntaxError: Unexpected token '" + string(c) + "'")
		}
		s.closed = s.open[n-1]
		s.open = s.open[:n-1]
	} else {
		s.blame("SyntaxError: Unexpected token '" + string(c) + "'")
	}
	s.i++
	s.emit(punct, string(c))
	s.out[len(s.out)-1].ctl = c == ')' && s.closed.control
}
