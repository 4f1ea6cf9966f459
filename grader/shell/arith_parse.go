package shell

import (
	"strconv"
	"strings"
)

// expr is an arithmetic expression, parsed.
type expr struct {
	op      string // "num", "name", an operator; "x++" and "x--" are the postfix ones
	x, y, z *expr
	num     int64
	name    string
	index   string // subscript text of a name, with has
	has     bool
	at      string // the text from its last operand on, for bash's messages
}

// arithError is what is wrong with an expression.
type arithError struct {
	kind  string // "operand", "trailing", "divide", "base", "assign", "paren", "depth", "exponent"
	token string
}

// arithParser reads an expression by precedence.
type arithParser struct {
	d     Dialect
	text  string
	pos   int
	start int // of the current token
	tok   string
	err   *arithError
	depth int
}

var arithOps = []string{
	"<<=", ">>=", "**", "<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "++", "--", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=",
	"+", "-", "*", "/", "%", "<", ">", "!", "~", "&", "|", "^", "?", ":", "=", "(", ")", ",",
}

// binaryLevel gives the precedence of binary operators.
var binaryLevel = map[string]int{
	"||": 1, "&&": 2, "|": 3, "^": 4, "&": 5, "==": 6, "!=": 6, "<": 7, "<=": 7, ">": 7, ">=": 7,
	"<<": 8, ">>": 8, "+": 9, "-": 9, "*": 10, "/": 10, "%": 10, "**": 12,
}

func parseArith(d Dialect, text string) (*expr, *arithError) {
	p := &arithParser{d: d, text: text}
	p.next()
	if p.tok == "" && p.err == nil {
		if d == Dash {
			return nil, &arithError{"operand", ""}
		}
		return &expr{op: "num"}, nil
	}
	x := p.comma()
	if p.err == nil && p.tok != "" {
		p.fail("trailing")
	}
	return x, p.err
}

func (p *arithParser) next() {
	for p.pos < len(p.text) && (strings.IndexByte(" \t\n\r", p.text[p.pos]) >= 0 || p.text[p.pos] == '"' && p.d == Bash) {
		p.pos++
	}
	p.start = p.pos
	if p.pos >= len(p.text) || p.err != nil {
		p.tok = ""
		return
	}
	c := p.text[p.pos]
	isWord := func(c byte) bool {
		return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
	}
	if isWord(c) {
		for p.pos < len(p.text) && (isWord(p.text[p.pos]) || p.d != Dash && c >= '0' && c <= '9' && (p.text[p.pos] == '#' || p.text[p.pos] == '@')) {
			p.pos++
		}
		p.tok = p.text[p.start:p.pos]
		return
	}
	for _, op := range arithOps {
		if strings.HasPrefix(p.text[p.pos:], op) {
			if p.d == Dash && (op == "++" || op == "--" || op == "**" || op == ",") {
				continue
			}
			p.pos += len(op)
			p.tok = op
			return
		}
	}
	if p.d == Dash {
		p.pos++
		p.tok = string(c)
		return
	}
	p.fail("operand")
}

func (p *arithParser) enter() bool {
	if p.depth++; p.depth > 1000 {
		p.fail("depth")
		return false
	}
	return true
}

func (p *arithParser) comma() *expr {
	x := p.assignment()
	for p.tok == "," && p.d != Dash {
		p.next()
		x = &expr{op: ",", x: x, y: p.assignment()}
	}
	return x
}

func (p *arithParser) assignment() *expr {
	if !p.enter() {
		return &expr{op: "num"}
	}
	defer func() { p.depth-- }()
	at := p.start
	x := p.ternary()
	switch p.tok {
	case "=", "+=", "-=", "*=", "/=", "%=", "<<=", ">>=", "&=", "|=", "^=":
		if x.op != "name" {
			p.start = min(p.start, len(p.text))
			p.fail("assign")
			return x
		}
		op := p.tok
		p.next()
		return &expr{op: op, x: x, y: p.assignment(), at: p.text[min(at, len(p.text)):]}
	}
	return x
}

func (p *arithParser) ternary() *expr {
	x := p.binary(1)
	if p.tok != "?" {
		return x
	}
	p.next()
	y := p.comma()
	if p.tok != ":" {
		p.fail("operand")
		return x
	}
	p.next()
	return &expr{op: "?", x: x, y: y, z: p.assignment()}
}

func (p *arithParser) unary() *expr {
	if !p.enter() {
		return &expr{op: "num"}
	}
	defer func() { p.depth-- }()
	switch op := p.tok; op {
	case "!", "~", "-", "+":
		p.next()
		return &expr{op: "unary" + op, x: p.unary()}
	case "++", "--":
		p.next()
		x := p.unary()
		if x.op != "name" { // --5 is 5
			return &expr{op: "unary" + op[:1], x: &expr{op: "unary" + op[:1], x: x}}
		}
		return &expr{op: op, x: x}
	}
	x := p.primary()
	for p.tok == "++" || p.tok == "--" {
		if x.op != "name" {
			break
		}
		x = &expr{op: "x" + p.tok, x: x}
		p.next()
	}
	return x
}

func (p *arithParser) primary() *expr {
	tok := p.tok
	switch {
	case tok == "(":
		p.next()
		x := p.comma()
		if p.tok != ")" {
			p.fail("paren")
			return x
		}
		p.next()
		if x.op == "name" {
			return &expr{op: "unary+", x: x}
		}
		return x
	case tok == "":
		p.start = p.lastToken()
		p.fail("operand")
	case tok[0] >= '0' && tok[0] <= '9':
		n, ok := arithNumber(tok)
		if !ok {
			if p.d == Dash { // it reads as many digits as are ones, and trips over the rest
				p.fail("trailing")
			} else {
				p.pos = p.start
				p.fail("base")
				p.err.token = tok
			}
			return &expr{op: "num"}
		}
		p.next()
		return &expr{op: "num", num: n}
	case isName(tok):
		x := &expr{op: "name", name: tok}
		if p.d == Bash && p.pos < len(p.text) && p.text[p.pos] == '[' {
			depth, i := 0, p.pos
			for ; i < len(p.text); i++ {
				if p.text[i] == '[' {
					depth++
				} else if p.text[i] == ']' {
					if depth--; depth == 0 {
						break
					}
				}
			}
			if i >= len(p.text) {
				p.fail("operand")
				return x
			}
			x.has, x.index = true, p.text[p.pos+1:i]
			p.pos = i + 1
		}
		p.next()
		return x
	default:
		p.fail("operand")
	}
	return &expr{op: "num"}
}

// lastToken returns where the last operator before the end begins: bash names it where an operand is missing.
func (p *arithParser) lastToken() int {
	trimmed := strings.TrimRight(p.text, " \t\n")
	for _, op := range arithOps {
		if strings.HasSuffix(trimmed, op) {
			return len(trimmed) - len(op)
		}
	}
	return len(p.text)
}

// arithNumber reads 10, 010, 0x10 and bash's 2#10.
func arithNumber(s string) (int64, bool) {
	if base, digits, ok := strings.Cut(s, "#"); ok {
		b, err := strconv.Atoi(base)
		if err != nil || b < 2 || b > 64 {
			return 0, false
		}
		var n int64
		for i := 0; i < len(digits); i++ {
			c := digits[i]
			v := 99
			switch {
			case c >= '0' && c <= '9':
				v = int(c - '0')
			case c >= 'a' && c <= 'z':
				v = int(c-'a') + 10
			case c >= 'A' && c <= 'Z':
				if v = int(c-'A') + 36; b <= 36 {
					v -= 26
				}
			case c == '@':
				v = 62
			case c == '_':
				v = 63
			}
			if v >= b {
				return 0, false
			}
			n = n*int64(b) + int64(v)
		}
		return n, digits != ""
	}
	return parseInt(s)
}

// parseInt reads an integer as C's strtoll with base 0 does, wholly.
func parseInt(s string) (int64, bool) {
	t := strings.TrimSpace(s)
	neg := strings.HasPrefix(t, "-")
	t = strings.TrimLeft(t, "+-")
	base := 10
	switch {
	case strings.HasPrefix(t, "0x") || strings.HasPrefix(t, "0X"):
		base, t = 16, t[2:]
	case len(t) > 1 && t[0] == '0':
		base, t = 8, t[1:]
	}
	if strings.IndexByte(t, '_') >= 0 {
		return 0, false
	}
	n, err := strconv.ParseUint(t, base, 64)
	if err != nil {
		return 0, false
	}
	if neg {
		return -int64(n), true
	}
	return int64(n), true
}
