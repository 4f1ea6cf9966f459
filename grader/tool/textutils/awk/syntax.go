package awk

import (
	"fmt"
	"strings"

	"drydock/grader/tool/regex"
)

// expr is an expression. Its kind says which of the fields count.
type expr struct {
	op    string // "num", "str", "regex", "var", "field", "index", "call", "fn", "?:", "&&", "=", "++x", "getline", …
	num   float64
	text  string
	re    *regex.Regexp
	left  *expr
	right *expr
	args  []*expr
	fn    *function
	slot  int // of a variable: ≥0 a local of the function, -1 a global
}

// stmt is a statement.
type stmt struct {
	op         string // "expr", "print", "printf", "if", "while", "do", "for", "in", "block", "next", "exit", "return", "delete", …
	args       []*expr
	cond       *expr
	init, step *stmt
	body, alt  []*stmt
	name       string
	slot       int
	redirect   string // ">", ">>", "|"
	target     *expr
}

type function struct {
	name   string
	params []string
	body   []*stmt
}

type rule struct {
	begin, end bool
	from, to   *expr // the pattern; both for a range
	body       []*stmt
	print      bool // no action: print the record
	active     bool
}

type program struct {
	rules     []*rule
	functions map[string]*function
}

type token struct {
	kind  string // "num", "str", "regex", "name", "func", "builtin", "newline", "eof", or the operator or keyword itself
	text  string
	num   float64
	line  int
	tight bool // a name that a ( follows at once
}

type parser struct {
	src    string
	pos    int
	line   int
	tok    token
	prev   token
	prog   *program
	locals map[string]int
	depth  int
	noIn   bool // inside for (… in
	noGT   bool // inside print, > redirects
}

// syntaxError is what parsing panics with, and Parse returns.
type syntaxError struct{ text string }

func (e syntaxError) Error() string { return e.text }

func (p *parser) fail(format string, a ...any) {
	panic(syntaxError{fmt.Sprintf("line %d: ", max(p.tok.line, 1)) + fmt.Sprintf(format, a...)})
}

func parse(src string) (prog *program, err error) {
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(syntaxError)
			if !ok {
				panic(r)
			}
			err = e
		}
	}()
	p := &parser{src: src, line: 1, prog: &program{functions: map[string]*function{}}}
	p.next()
	p.newlines()
	for p.tok.kind != "eof" {
		p.item()
		p.newlines()
		for p.tok.kind == ";" {
			p.next()
			p.newlines()
		}
	}
	for _, f := range p.prog.functions {
		if f.body == nil && f.params == nil && f.name == "" {
			p.fail("function %s never defined", f.name)
		}
	}
	return p.prog, nil
}

var keywords = map[string]bool{"BEGIN": true, "END": true, "if": true, "else": true, "while": true, "for": true, "do": true, "break": true,
	"continue": true, "next": true, "nextfile": true, "exit": true, "return": true, "delete": true, "in": true, "function": true, "func": true,
	"print": true, "printf": true, "getline": true}

var builtins = map[string]bool{"length": true, "substr": true, "index": true, "split": true, "sub": true, "gsub": true, "match": true,
	"sprintf": true, "sin": true, "cos": true, "atan2": true, "exp": true, "log": true, "sqrt": true, "int": true, "rand": true, "srand": true,
	"tolower": true, "toupper": true, "system": true, "close": true, "fflush": true, "strftime": true, "systime": true, "gensub": true}

// next reads a token.
func (p *parser) next() {
	p.prev = p.tok
	for p.pos < len(p.src) {
		ch := p.src[p.pos]
		if ch == '\\' && p.pos+1 < len(p.src) && p.src[p.pos+1] == '\n' {
			p.pos += 2
			p.line++
		} else if ch == '\\' && strings.HasPrefix(p.src[p.pos:], "\\\r\n") {
			p.pos += 3
			p.line++
		} else if ch == ' ' || ch == '\t' || ch == '\r' {
			p.pos++
		} else if ch == '#' {
			for p.pos < len(p.src) && p.src[p.pos] != '\n' {
				p.pos++
			}
		} else {
			break
		}
	}
	p.tok = token{line: p.line}
	if p.pos >= len(p.src) {
		p.tok.kind = "eof"
		return
	}
	ch := p.src[p.pos]
	switch {
	case ch == '\n':
		p.pos++
		p.line++
		p.tok.kind = "newline"
	case ch >= '0' && ch <= '9' || ch == '.' && p.pos+1 < len(p.src) && p.src[p.pos+1] >= '0' && p.src[p.pos+1] <= '9':
		n, used := leadingNumber(p.src[p.pos:])
		p.tok.kind, p.tok.num = "num", n
		p.pos += max(used, 1)
	case ch == '"':
		p.tok.kind = "str"
		p.tok.text = p.quoted('"')
	case isLetter(ch):
		start := p.pos
		for p.pos < len(p.src) && (isLetter(p.src[p.pos]) || p.src[p.pos] >= '0' && p.src[p.pos] <= '9') {
			p.pos++
		}
		p.tok.text = p.src[start:p.pos]
		p.tok.tight = p.pos < len(p.src) && p.src[p.pos] == '('
		switch {
		case keywords[p.tok.text]:
			p.tok.kind = p.tok.text
			if p.tok.kind == "func" {
				p.tok.kind = "function"
			}
		case builtins[p.tok.text]:
			p.tok.kind = "builtin"
		default:
			p.tok.kind = "name"
		}
	default:
		for _, op := range []string{"**=", "&&", "||", "==", "!=", "<=", ">=", "++", "--", "+=", "-=", "*=", "/=", "%=", "^=", "**", ">>", "!~"} {
			if strings.HasPrefix(p.src[p.pos:], op) {
				p.pos += len(op)
				p.tok.kind = map[string]string{"**": "^", "**=": "^="}[op]
				if p.tok.kind == "" {
					p.tok.kind = op
				}
				return
			}
		}
		p.pos++
		if strings.IndexByte("{}()[];,+-*/%^!<>|?:~$=", ch) < 0 {
			p.fail("syntax error at or near %c", ch)
		}
		p.tok.kind = string(ch)
	}
}

func isLetter(ch byte) bool { return ch == '_' || ch|32 >= 'a' && ch|32 <= 'z' }

// quoted reads a string up to its end quote, escapes expanded.
func (p *parser) quoted(end byte) string {
	p.pos++
	var b strings.Builder
	for p.pos < len(p.src) {
		ch := p.src[p.pos]
		p.pos++
		switch {
		case ch == end:
			return b.String()
		case ch == '\n':
			p.fail("runaway string constant \"%s ...", b.String())
		case ch == '\\' && p.pos < len(p.src):
			s, used := escape(p.src[p.pos:])
			b.WriteString(s)
			p.pos += used
		default:
			b.WriteByte(ch)
		}
	}
	p.fail("runaway string constant \"%s ...", b.String())
	return ""
}

// escape expands what follows a backslash and returns how much of it was used.
func escape(s string) (string, int) {
	if at := strings.IndexByte("abfnrtv", s[0]); at >= 0 {
		return "\a\b\f\n\r\t\v"[at : at+1], 1
	}
	switch ch := s[0]; {
	case ch == '"' || ch == '/' || ch == '\\':
		return string(ch), 1
	case ch == '\n':
		return "", 1
	case ch >= '0' && ch <= '7':
		n, i := 0, 0
		for i < 3 && i < len(s) && s[i] >= '0' && s[i] <= '7' {
			n = n*8 + int(s[i]-'0')
			i++
		}
		return string([]byte{byte(n)}), i
	}
	return "\\" + s[:1], 1
}

// regexToken reads the rest of a regular expression; the slash was read.
func (p *parser) regexToken() *expr {
	var b strings.Builder
	bracket := false
	for p.pos < len(p.src) {
		ch := p.src[p.pos]
		p.pos++
		switch {
		case ch == '\\' && p.pos < len(p.src):
			if p.src[p.pos] == '/' {
				b.WriteByte('/')
			} else {
				b.WriteString(p.src[p.pos-1 : p.pos+1])
			}
			p.pos++
			continue
		case ch == '\n':
			p.fail("regular expression compile failed (missing '/')")
		case ch == '[' && !bracket:
			bracket = true
		case ch == ']' && !strings.HasSuffix(b.String(), "[") && !strings.HasSuffix(b.String(), "[^"):
			bracket = false
		case ch == '/' && !bracket:
			p.next()
			return &expr{op: "regex", text: b.String(), re: p.compile(b.String())}
		}
		b.WriteByte(ch)
	}
	p.fail("runaway regular expression /%s ...", b.String())
	return nil
}

func (p *parser) compile(s string) *regex.Regexp {
	re, err := regex.Compile(s, regex.Awk, regex.Options{})
	if err != nil {
		p.fail("regular expression compile failed (%s)\n%s", err, s)
	}
	return re
}

func (p *parser) newlines() {
	for p.tok.kind == "newline" {
		p.next()
	}
}

func (p *parser) want(kind string) {
	if p.tok.kind != kind {
		near := p.tok.text
		if near == "" {
			near = p.tok.kind
		}
		if p.tok.kind == "eof" {
			near = "end of file"
		}
		p.fail("syntax error at or near %s", near)
	}
	p.next()
}

// terminators lets newlines and semicolons pass.
func (p *parser) terminators() {
	for p.tok.kind == "newline" || p.tok.kind == ";" {
		p.next()
	}
}

func (p *parser) item() {
	r := &rule{}
	switch p.tok.kind {
	case "function":
		p.function()
		return
	case "BEGIN":
		p.next()
		r.begin = true
	case "END":
		p.next()
		r.end = true
	case "{":
	default:
		r.from = p.expression()
		if p.tok.kind == "," {
			p.next()
			p.newlines()
			r.to = p.expression()
		}
	}
	if p.tok.kind == "{" {
		r.body = p.block()
	} else if r.begin || r.end {
		p.want("{")
	} else {
		r.print = true
	}
	p.prog.rules = append(p.prog.rules, r)
}

func (p *parser) function() {
	p.next()
	name := p.tok.text
	if p.tok.kind != "name" {
		p.want("name")
	}
	p.next()
	f := p.prog.functions[name]
	if f == nil {
		f = &function{}
		p.prog.functions[name] = f
	}
	f.name = name
	p.want("(")
	p.locals = map[string]int{}
	for p.tok.kind != ")" {
		p.newlines()
		p.locals[p.tok.text] = len(f.params)
		f.params = append(f.params, p.tok.text)
		p.want("name")
		if p.tok.kind == "," {
			p.next()
			p.newlines()
		}
	}
	p.next()
	p.newlines()
	f.body = p.block()
	p.locals = nil
}

func (p *parser) block() []*stmt {
	p.want("{")
	list := []*stmt{}
	p.terminators()
	for p.tok.kind != "}" {
		if p.tok.kind == "eof" {
			p.want("}")
		}
		list = append(list, p.statement())
		p.terminators()
	}
	p.next()
	return list
}

// body is a block or one statement.
func (p *parser) body() []*stmt {
	p.newlines()
	if p.tok.kind == ";" {
		p.next()
		return nil
	}
	if p.tok.kind == "{" {
		return p.block()
	}
	return []*stmt{p.statement()}
}

func (p *parser) statement() *stmt {
	if p.depth++; p.depth > 200 {
		p.fail("program too deeply nested")
	}
	defer func() { p.depth-- }()
	switch kind := p.tok.kind; kind {
	case "{":
		return &stmt{op: "block", body: p.block()}
	case "if":
		p.next()
		p.want("(")
		s := &stmt{op: "if", cond: p.expression()}
		p.want(")")
		s.body = p.body()
		at, tok, line := p.pos, p.tok, p.line
		p.terminators()
		if p.tok.kind == "else" {
			p.next()
			s.alt = p.body()
		} else {
			p.pos, p.tok, p.line = at, tok, line
		}
		return s
	case "while":
		p.next()
		p.want("(")
		s := &stmt{op: "while", cond: p.expression()}
		p.want(")")
		s.body = p.body()
		return s
	case "do":
		p.next()
		s := &stmt{op: "do", body: p.body()}
		p.terminators()
		p.want("while")
		p.want("(")
		s.cond = p.expression()
		p.want(")")
		return s
	case "for":
		return p.loop()
	}
	s := p.simple()
	switch p.tok.kind {
	case ";", "newline", "}", "eof":
	default:
		p.want(";")
	}
	return s
}

func (p *parser) loop() *stmt {
	p.next()
	p.want("(")
	s := &stmt{op: "for"}
	if p.tok.kind == "name" {
		at, tok, line := p.pos, p.tok, p.line
		name := p.tok.text
		p.next()
		if p.tok.kind == "in" {
			p.next()
			if p.tok.kind == "name" {
				array := p.tok.text
				p.next()
				if p.tok.kind == ")" {
					p.next()
					s.op = "in"
					s.args = []*expr{p.variable(name)}
					s.name, s.slot = array, p.slot(array)
					s.body = p.body()
					return s
				}
			}
		}
		p.pos, p.tok, p.line = at, tok, line
	}
	if p.tok.kind != ";" {
		s.init = p.simple()
	}
	p.want(";")
	p.newlines()
	if p.tok.kind != ";" {
		s.cond = p.expression()
	}
	p.want(";")
	p.newlines()
	if p.tok.kind != ")" {
		s.step = p.simple()
	}
	p.want(")")
	s.body = p.body()
	return s
}

func (p *parser) simple() *stmt {
	switch kind := p.tok.kind; kind {
	case "print", "printf":
		return p.output(kind)
	case "next", "nextfile", "break", "continue":
		p.next()
		return &stmt{op: kind}
	case "exit", "return":
		p.next()
		s := &stmt{op: kind}
		if !p.ends() {
			s.cond = p.expression()
		}
		return s
	case "delete":
		p.next()
		s := &stmt{op: kind, name: p.tok.text, slot: p.slot(p.tok.text)}
		p.want("name")
		if p.tok.kind == "[" {
			p.next()
			s.args = p.list("]")
		}
		return s
	}
	return &stmt{op: "expr", cond: p.expression()}
}

func (p *parser) ends() bool {
	return strings.Contains(" ; newline } eof ) ", " "+p.tok.kind+" ")
}

func (p *parser) output(kind string) *stmt {
	p.next()
	s := &stmt{op: kind}
	before := p.noGT
	p.noGT = true
	for !p.ends() && p.tok.kind != ">" && p.tok.kind != ">>" && p.tok.kind != "|" {
		s.args = append(s.args, p.expression())
		if p.tok.kind != "," {
			break
		}
		p.next()
		p.newlines()
	}
	if len(s.args) == 1 && s.args[0].op == "grouping" {
		s.args = s.args[0].args
	}
	if p.tok.kind == ">" || p.tok.kind == ">>" || p.tok.kind == "|" {
		s.redirect = p.tok.kind
		p.next()
		s.target = p.concatenation()
	}
	p.noGT = before
	return s
}

// list reads expressions up to a closing token.
func (p *parser) list(end string) []*expr {
	before := p.noGT
	p.noGT = false
	defer func() { p.noGT = before }()
	var out []*expr
	p.newlines()
	for p.tok.kind != end {
		out = append(out, p.expression())
		p.newlines()
		if p.tok.kind != "," {
			break
		}
		p.next()
		p.newlines()
	}
	p.want(end)
	return out
}
