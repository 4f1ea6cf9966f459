package textutils

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"drydock/grader/tool/regex"
)

type addressKind uint8

const (
	addrLine addressKind = iota
	addrLast
	addrStep
	addrRegex
	addrPlus     // addr,+N
	addrMultiple // addr,~N
)

type address struct {
	kind       addressKind
	line, step int
	re         *regex.Regexp // nil for the empty one: that used last
}

type sedCommand struct {
	first, second *address
	negate        bool
	name          byte
	text          string // of a, i, c; file of r; label
	wfile         string
	number        int // exit status, or which match s replaces
	re            *regex.Regexp
	replacement   replacement
	global, print bool
	mapping       *strings.Replacer
	jump          int // where b, t, T and a { that is not entered go

	active, zeroDone bool // of a range, at run time
	until            int
}

// sedError is a script that is wrong: where, counted in characters, and how.
type sedError struct {
	at, line int
	text     string
}

func (e *sedError) Error() string { return e.text }

type sedParser struct {
	in      string
	pos     int
	syntax  regex.Syntax
	program []*sedCommand
	blocks  []int
}

func parseSed(script string, syntax regex.Syntax) ([]*sedCommand, error) {
	p := &sedParser{in: script, syntax: syntax}
	for {
		more, err := p.command()
		if err != nil {
			return nil, err
		}
		if !more {
			break
		}
	}
	if len(p.blocks) > 0 {
		return nil, errors.New("unmatched `{'")
	}
	labels := map[string]int{}
	for i, c := range p.program {
		if c.name == ':' {
			labels[c.text] = i
		}
	}
	for _, c := range p.program {
		if strings.IndexByte("btT", c.name) < 0 {
			continue
		}
		c.jump = len(p.program)
		if c.text == "" {
			continue
		}
		at, ok := labels[c.text]
		if !ok {
			return nil, fmt.Errorf("can't find label for jump to `%s'", c.text)
		}
		c.jump = at
	}
	return p.program, nil
}

func (p *sedParser) fail(format string, a ...any) error {
	at := min(p.pos, len(p.in))
	return &sedError{at: at, line: 1 + strings.Count(p.in[:at], "\n"), text: fmt.Sprintf(format, a...)}
}

// peek is the next character, 0 at the end.
func (p *sedParser) peek() byte {
	if p.pos < len(p.in) {
		return p.in[p.pos]
	}
	return 0
}

func (p *sedParser) next() byte {
	ch := p.peek()
	p.pos++
	return ch
}

func (p *sedParser) skip(set string) {
	for p.pos < len(p.in) && strings.IndexByte(set, p.in[p.pos]) >= 0 {
		p.pos++
	}
}

func (p *sedParser) number() int {
	start := p.pos
	p.skip("0123456789")
	n, _ := strconv.Atoi(p.in[start:p.pos])
	return n
}

// command reads one command. It reports false at the end of the script.
func (p *sedParser) command() (bool, error) {
	p.skip(" \t\n;")
	if p.pos >= len(p.in) {
		return false, nil
	}
	c := &sedCommand{}
	var err error
	if c.first, err = p.address(false); err != nil {
		return false, err
	}
	p.skip(" \t")
	if c.first != nil && p.peek() == ',' {
		p.pos++
		p.skip(" \t")
		if c.second, err = p.address(true); err != nil {
			return false, err
		}
		if c.second == nil {
			p.pos++
			return false, p.fail("unexpected `,'")
		}
		p.skip(" \t")
	}
	if c.first != nil && c.first.kind == addrLine && c.first.line == 0 && (c.second == nil || c.second.kind != addrRegex) {
		return false, p.fail("invalid usage of line address 0")
	}
	for p.peek() == '!' {
		p.pos++
		c.negate = true
		p.skip(" \t")
	}
	if p.pos >= len(p.in) {
		return false, p.fail("missing command")
	}
	c.name = p.next()
	p.program = append(p.program, c)
	return true, p.arguments(c)
}

func (p *sedParser) address(second bool) (*address, error) {
	a := &address{}
	switch ch := p.peek(); {
	case ch >= '0' && ch <= '9':
		a.line = p.number()
		if p.peek() == '~' && !second {
			p.pos++
			a.kind, a.step = addrStep, p.number()
		}
	case ch == '$':
		p.pos++
		a.kind = addrLast
	case second && (ch == '+' || ch == '~'):
		p.pos++
		a.kind = addrPlus
		if ch == '~' {
			a.kind = addrMultiple
		}
		a.line = p.number()
	case ch == '/' || ch == '\\':
		p.pos++
		delim := ch
		if ch == '\\' {
			delim = p.next()
		}
		text, ok := p.until(delim, true)
		if !ok {
			return nil, p.fail("unterminated address regex")
		}
		var o regex.Options
		for {
			switch p.peek() {
			case 'I':
				o.Fold = true
			case 'M':
				o.Lines = true
			default:
				re, err := p.compile(text, o)
				a.kind, a.re = addrRegex, re
				return a, err
			}
			p.pos++
		}
	default:
		return nil, nil
	}
	return a, nil
}

func (p *sedParser) compile(text string, o regex.Options) (*regex.Regexp, error) {
	if text == "" {
		return nil, nil
	}
	re, err := regex.Compile(text, p.syntax, o)
	if err != nil {
		return nil, p.fail("%s", err)
	}
	return re, nil
}

// until reads up to delim, which a backslash makes part of the text. In a pattern, brackets hide it not, as in GNU sed they do.
func (p *sedParser) until(delim byte, pattern bool) (string, bool) {
	var b strings.Builder
	bracket := false
	for p.pos < len(p.in) {
		ch := p.next()
		switch {
		case bracket:
			b.WriteByte(ch)
			if ch == ']' {
				bracket = false
			}
			continue
		case ch == delim:
			return b.String(), true
		case ch == '\\' && p.pos < len(p.in):
			esc := p.next()
			switch {
			case esc == delim && pattern && strings.IndexByte("|+?(){}.*[]^$", delim) < 0:
				b.WriteByte(delim)
			case esc == delim && !pattern:
				if delim == '&' {
					b.WriteByte('\\')
				}
				b.WriteByte(delim)
			case esc == delim && (p.syntax == regex.Extended || strings.IndexByte(".*[]^$", delim) >= 0):
				b.WriteString(`\` + string(delim))
			case esc == delim:
				b.WriteByte(delim)
			default:
				b.WriteByte('\\')
				b.WriteByte(esc)
			}
			continue
		case ch == '\n' && pattern:
			return "", false
		case ch == '[' && pattern:
			bracket = closes(p.in[p.pos:])
			b.WriteByte(ch)
			if bracket {
				for _, lead := range []string{"^]", "]", "^"} {
					if strings.HasPrefix(p.in[p.pos:], lead) {
						b.WriteString(lead)
						p.pos += len(lead)
						break
					}
				}
				for strings.HasPrefix(p.in[p.pos:], "[:") {
					end := strings.Index(p.in[p.pos:], ":]")
					if end < 0 {
						break
					}
					b.WriteString(p.in[p.pos : p.pos+end+2])
					p.pos += end + 2
				}
			}
			continue
		}
		b.WriteByte(ch)
	}
	return "", false
}

// closes reports whether the bracket expression that begins here has an end on its line.
func closes(rest string) bool {
	rest, _, _ = strings.Cut(rest, "\n")
	rest = strings.TrimPrefix(rest, "^")
	return len(rest) > 1 && strings.IndexByte(rest[1:], ']') >= 0
}

func (p *sedParser) arguments(c *sedCommand) error {
	switch c.name {
	case '#':
		if c.first != nil {
			return p.fail("comments don't accept any addresses")
		}
		p.line()
		return nil
	case '{':
		p.blocks = append(p.blocks, len(p.program)-1)
		return nil
	case '}':
		if len(p.blocks) == 0 {
			return p.fail("unexpected `}'")
		}
		if c.first != nil {
			return p.fail("} doesn't want any addresses")
		}
		p.program[p.blocks[len(p.blocks)-1]].jump = len(p.program)
		p.blocks = p.blocks[:len(p.blocks)-1]
		return p.end()
	case ':':
		if c.first != nil {
			return p.fail(": doesn't want any addresses")
		}
		p.skip(" \t")
		c.text = p.label("\n")
		if c.text == "" {
			return p.fail("\":\" lacks a label")
		}
		return nil
	case 'b', 't', 'T':
		p.skip(" \t")
		c.text = p.label("\n;}")
		return p.end()
	case 'a', 'i', 'c':
		return p.textArgument(c)
	case 'r', 'R':
		p.skip(" \t")
		if c.text = p.line(); c.text == "" {
			return p.fail("missing filename in r/R/w/W commands")
		}
		return nil
	case 'w', 'W':
		p.skip(" \t")
		if c.wfile = p.line(); c.wfile == "" {
			return p.fail("missing filename in r/R/w/W commands")
		}
		return nil
	case 'q', 'Q', 'l', 'L':
		p.skip(" \t")
		c.number = p.number()
		return p.end()
	case 's':
		return p.substitution(c)
	case 'y':
		return p.transliteration(c)
	case 'e':
		c.text = p.line()
		return nil
	case '=', 'd', 'D', 'g', 'G', 'h', 'H', 'n', 'N', 'p', 'P', 'x', 'z', 'F':
		return p.end()
	}
	return p.fail("unknown command: `%c'", c.name)
}

// line reads the rest of the line.
func (p *sedParser) line() string {
	text, _, _ := strings.Cut(p.in[min(p.pos, len(p.in)):], "\n")
	p.pos += len(text)
	return text
}

func (p *sedParser) label(stop string) string {
	start := p.pos
	for p.pos < len(p.in) && strings.IndexByte(stop, p.in[p.pos]) < 0 {
		if p.in[p.pos] == ' ' || p.in[p.pos] == '\t' || p.in[p.pos] == ';' {
			break
		}
		p.pos++
	}
	return p.in[start:p.pos]
}

// end checks that nothing but the next command follows.
func (p *sedParser) end() error {
	p.skip(" \t")
	switch p.peek() {
	case '}', '#':
		return nil
	case ';', '\n', 0:
		p.pos++
		return nil
	}
	p.pos++
	return p.fail("extra characters after command")
}

// textArgument reads the text of a, i and c: on the same line, or on those after a backslash.
func (p *sedParser) textArgument(c *sedCommand) error {
	p.skip(" \t")
	if p.pos >= len(p.in) {
		return p.fail("expected \\ after `a', `c' or `i'")
	}
	if p.peek() == '\\' {
		p.pos++
		before := p.pos
		p.skip(" \t")
		if p.peek() == '\n' {
			p.pos++
		} else {
			p.pos = before // what follows on the same line keeps its blanks
		}
		if p.pos >= len(p.in) {
			return p.fail("expected \\ after `a', `c' or `i'")
		}
	}
	var b strings.Builder
	for p.pos < len(p.in) {
		ch := p.next()
		if ch == '\n' {
			break
		}
		if ch == '\\' && p.pos < len(p.in) {
			if esc, ok := controlEscape(p.peek()); ok && b.Len() > 0 {
				p.pos++
				b.WriteByte(esc)
				continue
			}
			ch = p.next()
		}
		b.WriteByte(ch)
	}
	c.text = b.String()
	return nil
}

func controlEscape(ch byte) (byte, bool) {
	if i := strings.IndexByte("afntrv", ch); i >= 0 {
		return "\a\f\n\t\r\v"[i], true
	}
	return 0, false
}

func (p *sedParser) substitution(c *sedCommand) error {
	delim := p.next()
	pattern, ok := "", false
	if delim != '\n' && delim != '\\' && delim != 0 {
		pattern, ok = p.until(delim, true)
	}
	if !ok {
		p.pos = len(p.in)
		return p.fail("unterminated `s' command")
	}
	text, ok := p.until(delim, false)
	if !ok {
		p.pos = len(p.in)
		return p.fail("unterminated `s' command")
	}
	var o regex.Options
	for {
		switch ch := p.next(); ch {
		case 'g':
			if c.global {
				return p.fail("multiple `g' options to `s' command")
			}
			c.global = true
		case 'p':
			c.print = true
		case 'i', 'I':
			o.Fold = true
		case 'm', 'M':
			o.Lines = true
		case 'e':
		case 'w':
			p.skip(" \t")
			if c.wfile = p.line(); c.wfile == "" {
				return p.fail("missing filename in r/R/w/W commands")
			}
			return p.finishSubstitution(c, pattern, text, o)
		case '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
			p.pos--
			if c.number = p.number(); c.number == 0 {
				return p.fail("number option to `s' command may not be zero")
			}
		case ' ', '\t', '\r':
		case '}', '#':
			p.pos--
			return p.finishSubstitution(c, pattern, text, o)
		case ';', '\n', 0:
			return p.finishSubstitution(c, pattern, text, o)
		default:
			return p.fail("unknown option to `s'")
		}
	}
}

func (p *sedParser) finishSubstitution(c *sedCommand, pattern, text string, o regex.Options) error {
	if p.pos > len(p.in) {
		p.pos = len(p.in)
	}
	re, err := p.compile(pattern, o)
	if err != nil {
		return err
	}
	c.re = re
	c.replacement = parseReplacement(text)
	if top := c.replacement.highest(); re != nil && top > re.Groups() {
		return p.fail("invalid reference \\%d on `s' command's RHS", top)
	}
	return nil
}

func (p *sedParser) transliteration(c *sedCommand) error {
	delim := p.next()
	from, ok1 := p.until(delim, false)
	to, ok2 := p.until(delim, false)
	if !ok1 || !ok2 || delim == 0 {
		p.pos = len(p.in)
		return p.fail("unterminated `y' command")
	}
	a, b := unescapeY(from), unescapeY(to)
	if len(a) != len(b) {
		return p.fail("strings for `y' command are different lengths")
	}
	var pairs []string
	for i := range a {
		pairs = append(pairs, string(a[i]), string(b[i]))
	}
	c.mapping = strings.NewReplacer(pairs...)
	return p.end()
}

func unescapeY(s string) []rune {
	var out []rune
	runes := []rune(s)
	for i := 0; i < len(runes); i++ {
		if runes[i] == '\\' && i+1 < len(runes) {
			i++
			if esc, ok := controlEscape(byte(runes[i])); ok && runes[i] < 128 {
				out = append(out, rune(esc))
			} else {
				out = append(out, runes[i])
			}
			continue
		}
		out = append(out, runes[i])
	}
	return out
}

// replacement is the right side of s: text, groups and changes of case.
type replacement []part

type part struct {
	text  string
	group int  // -1 for text
	fold  byte // U, L, u, l, E: a change of case
}

func parseReplacement(s string) replacement {
	var r replacement
	var b strings.Builder
	flush := func() {
		if b.Len() > 0 {
			r = append(r, part{text: b.String(), group: -1})
			b.Reset()
		}
	}
	for i := 0; i < len(s); i++ {
		switch ch := s[i]; {
		case ch == '&':
			flush()
			r = append(r, part{group: 0})
		case ch == '\\' && i+1 < len(s):
			i++
			switch esc := s[i]; {
			case esc >= '0' && esc <= '9':
				flush()
				r = append(r, part{group: int(esc - '0')})
			case strings.IndexByte("ULulE", esc) >= 0:
				flush()
				r = append(r, part{group: -1, fold: esc})
			default:
				if c, ok := controlEscape(esc); ok {
					esc = c
				}
				b.WriteByte(esc)
			}
		default:
			b.WriteByte(ch)
		}
	}
	flush()
	return r
}

func (r replacement) highest() int {
	top := 0
	for _, p := range r {
		top = max(top, p.group)
	}
	return top
}

// expand writes the replacement of a match.
func (r replacement) expand(out *bytes.Buffer, text []byte, m []int) {
	mode, once := byte('E'), byte(0)
	for _, p := range r {
		switch p.fold {
		case 'U', 'L', 'E':
			mode = p.fold
			continue
		case 'u', 'l':
			once = p.fold
			continue
		}
		s := p.text
		if p.group >= 0 {
			if 2*p.group+1 >= len(m) || m[2*p.group] < 0 {
				continue
			}
			s = string(text[m[2*p.group]:m[2*p.group+1]])
		}
		switch mode {
		case 'U':
			s = strings.ToUpper(s)
		case 'L':
			s = strings.ToLower(s)
		}
		if once != 0 && s != "" {
			runes := []rune(s)
			if once == 'u' {
				runes[0] = unicode.ToUpper(runes[0])
			} else {
				runes[0] = unicode.ToLower(runes[0])
			}
			s, once = string(runes), 0
		}
		out.WriteString(s)
	}
}
