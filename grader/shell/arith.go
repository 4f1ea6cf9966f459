package shell

import (
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

func (p *arithParser) fail(kind string) {
	if p.err == nil {
		p.err = &arithError{kind, p.text[min(p.start, len(p.text)):]}
	}
	p.tok = ""
}

func (p *arithParser) binary(level int) *expr {
	x := p.unary()
	for {
		l := binaryLevel[p.tok]
		if l < level || l == 0 {
			return x
		}
		op := p.tok
		p.next()
		at := p.start
		var y *expr
		if op == "**" {
			if !p.enter() {
				return x
			}
			y = p.binary(l)
			p.depth--
		} else {
			y = p.binary(l + 1)
		}
		x = &expr{op: op, x: x, y: y, at: p.text[min(at, len(p.text)):]}
	}
}

// arithNode evaluates an expression of the script. ok is false after a message.
func (sh *shell) arithNode(n syntax.Node) (int64, bool) {
	f := sh.prog.arith[n]
	if f == nil {
		return 0, false
	}
	if f.expr != nil {
		return sh.evaluate(f.expr, f.text)
	}
	text := f.text
	if f.word != nil {
		text = sh.documentText(f.word)
		if sh.ctl != goOn {
			return 0, false
		}
	}
	return sh.arithText(text)
}

func (sh *shell) arith(x syntax.ArithmExpr) (int64, bool) {
	return sh.arithNode(x)
}

func (sh *shell) formulaText(n syntax.Node) string {
	if f := sh.prog.arith[n]; f != nil {
		return strings.TrimSpace(f.text)
	}
	return ""
}

// documentText expands a word as the inside of double quotes.
func (sh *shell) documentText(w *syntax.Word) string {
	e := expander{sh: sh, mode: toString}
	for _, part := range w.Parts {
		if lit, ok := part.(*syntax.Lit); ok {
			e.quotedLit(lit.Value)
		} else {
			e.part(part, true)
		}
	}
	return string(e.cur)
}

// arithText evaluates the text of an expression.
func (sh *shell) arithText(text string) (int64, bool) {
	x, err := parseArith(sh.d, text)
	if err != nil {
		sh.arithFailed(text, err)
		return 0, false
	}
	return sh.evaluate(x, text)
}

func (sh *shell) evaluate(x *expr, text string) (int64, bool) {
	a := arithmetic{sh: sh, text: text}
	n := a.eval(x)
	if a.err != nil {
		sh.arithFailed(text, a.err)
		return 0, false
	}
	return n, !a.stopped && sh.ctl == goOn
}

// arithFailed words an error in an expression. It ends the shell, or the line in bash.
func (sh *shell) arithFailed(text string, err *arithError) {
	switch sh.d {
	case Dash:
		msg := map[string]string{"trailing": "expecting EOF", "divide": "division by zero", "paren": "expecting ')'"}[err.kind]
		if msg == "" {
			msg = "expecting primary"
		}
		sh.fatal(2, "arithmetic expression: %s: \"%s\"", msg, text)
	case Ash:
		msg := "arithmetic syntax error"
		if err.kind == "divide" {
			msg = "divide by zero"
		}
		sh.fatal(2, "%s", msg)
	default:
		text = strings.TrimLeft(text, " \t\n")
		msg := map[string]string{
			"trailing": "syntax error in expression", "divide": "division by 0", "base": "value too great for base", "paren": "missing `)'",
			"assign": "attempted assignment to non-variable", "depth": "expression recursion level exceeded", "exponent": "exponent less than 0",
		}[err.kind]
		if msg == "" {
			msg = "syntax error: operand expected"
		}
		sh.warn("%s: %s (error token is \"%s\")", text, msg, strings.TrimRight(err.token, " "))
		sh.discardLine()
	}
}

// arithmetic is an evaluation under way.
type arithmetic struct {
	sh      *shell
	text    string
	err     *arithError
	stopped bool
	depth   int
}

func (a *arithmetic) fail(kind, token string) int64 {
	if a.err == nil {
		a.err = &arithError{kind, token}
	}
	return 0
}

func (a *arithmetic) eval(x *expr) int64 {
	if a.err != nil || a.stopped || x == nil {
		return 0
	}
	switch x.op {
	case "num":
		return x.num
	case "name":
		return a.get(x)
	case ",":
		a.eval(x.x)
		return a.eval(x.y)
	case "?":
		if a.eval(x.x) != 0 {
			return a.eval(x.y)
		}
		return a.eval(x.z)
	case "&&":
		return truth(a.eval(x.x) != 0 && a.eval(x.y) != 0)
	case "||":
		return truth(a.eval(x.x) != 0 || a.eval(x.y) != 0)
	case "unary!":
		return truth(a.eval(x.x) == 0)
	case "unary~":
		return ^a.eval(x.x)
	case "unary-":
		return -a.eval(x.x)
	case "unary+":
		return a.eval(x.x)
	case "++":
		return a.put(x.x, a.get(x.x)+1)
	case "--":
		return a.put(x.x, a.get(x.x)-1)
	case "x++":
		n := a.get(x.x)
		a.put(x.x, n+1)
		return n
	case "x--":
		n := a.get(x.x)
		a.put(x.x, n-1)
		return n
	case "=":
		return a.put(x.x, a.eval(x.y))
	case "+=", "-=", "*=", "/=", "%=", "<<=", ">>=", "&=", "|=", "^=":
		left := a.get(x.x)
		return a.put(x.x, a.binary(strings.TrimSuffix(x.op, "="), left, a.eval(x.y), x))
	}
	return a.binary(x.op, a.eval(x.x), a.eval(x.y), x)
}

func truth(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func (a *arithmetic) binary(op string, x, y int64, e *expr) int64 {
	if a.err != nil {
		return 0
	}
	switch op {
	case "+":
		return x + y
	case "-":
		return x - y
	case "*":
		return x * y
	case "/", "%":
		if y == 0 {
			return a.fail("divide", e.at)
		}
		if y == -1 { // the smallest number has no opposite
			if op == "/" {
				return -x
			}
			return 0
		}
		if op == "/" {
			return x / y
		}
		return x % y
	case "**":
		if y < 0 {
			return a.fail("exponent", e.at)
		}
		n := int64(1)
		for ; y > 0; y >>= 1 {
			if y&1 != 0 {
				n *= x
			}
			x *= x
		}
		return n
	case "<<":
		return x << (uint64(y) & 63)
	case ">>":
		return x >> (uint64(y) & 63)
	case "&":
		return x & y
	case "|":
		return x | y
	case "^":
		return x ^ y
	case "==":
		return truth(x == y)
	case "!=":
		return truth(x != y)
	case "<":
		return truth(x < y)
	case "<=":
		return truth(x <= y)
	case ">":
		return truth(x > y)
	case ">=":
		return truth(x >= y)
	}
	return 0
}

// get returns the number that a variable holds. What it holds is itself an expression in ash and bash.
func (a *arithmetic) get(x *expr) int64 {
	sh := a.sh
	var value string
	var ok bool
	if x.has {
		value, ok = sh.element(x.name, x.index)
	} else {
		value, ok = sh.lookup(x.name)
	}
	if !ok && sh.d == Bash && sh.opts.has(optNounset) {
		sh.unbound(x.name)
		a.stopped = true
		return 0
	}
	if strings.TrimSpace(value) == "" {
		return 0
	}
	if n, ok := parseInt(value); ok {
		return n
	}
	if sh.d == Dash {
		sh.fatal(2, "Illegal number: %s", value)
		a.stopped = true
		return 0
	}
	if a.depth++; a.depth > 100 {
		return a.fail("depth", value)
	}
	defer func() { a.depth-- }()
	inner, err := parseArith(sh.d, value)
	if err != nil {
		a.err = err
		return 0
	}
	return a.eval(inner)
}

func (a *arithmetic) put(x *expr, n int64) int64 {
	if a.err != nil || a.stopped {
		return 0
	}
	value := strconv.FormatInt(n, 10)
	ok := false
	if x.has {
		ok = a.sh.setElement(x.name, x.index, value, false)
	} else {
		ok = a.sh.set(x.name, value)
	}
	if !ok {
		a.stopped = true
	}
	return n
}

// arithCommand is ((…)).
func (sh *shell) arithCommand(c *syntax.ArithmCmd) {
	sh.line = int(c.Pos().Line())
	if sh.d == Ash { // where it is a subshell in a subshell
		sh.status = sh.inSubshell(func(s *shell) { s.source(sh.prog.arith[c].text, origin{eval: true}) })
		return
	}
	if sh.opts.has(optXtrace) {
		sh.traceLine("(( " + sh.formulaText(c) + " ))")
	}
	n, ok := sh.arithNode(c)
	if sh.ctl == doDiscard { // an error in the command is only its failure
		sh.ctl = goOn
	}
	if sh.ctl == goOn {
		sh.status = int(truth(!ok || n == 0))
	}
}

// letClause is `let`.
func (sh *shell) letClause(c *syntax.LetClause) {
	sh.line = int(c.Pos().Line())
	if sh.opts.has(optXtrace) {
		var words []string
		for _, x := range c.Exprs {
			words = append(words, sh.formulaText(x))
		}
		sh.traceLine("let " + strings.Join(words, " "))
	}
	var n int64
	for _, x := range c.Exprs {
		ok := false
		if w, isWord := x.(*syntax.Word); isWord {
			text := sh.expandString(w)
			if sh.ctl != goOn {
				return
			}
			n, ok = sh.arithText(text)
		} else {
			n, ok = sh.arithNode(x)
		}
		if !ok {
			if sh.ctl == doDiscard {
				sh.ctl = goOn
			}
			n = 0
			break
		}
	}
	if sh.ctl == goOn {
		sh.status = int(truth(n == 0))
	}
}
