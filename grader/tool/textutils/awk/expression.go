package awk

// slot is where a name lives: a local of the function being read, or -1.
func (p *parser) slot(name string) int {
	if i, ok := p.locals[name]; ok {
		return i
	}
	return -1
}

func (p *parser) variable(name string) *expr { return &expr{op: "var", text: name, slot: p.slot(name)} }

func (p *parser) expression() *expr {
	if p.depth++; p.depth > 200 {
		p.fail("program too deeply nested")
	}
	defer func() { p.depth-- }()
	e := p.ternary()
	switch p.tok.kind {
	case "=", "+=", "-=", "*=", "/=", "%=", "^=":
		if !assignable(e) {
			p.fail("syntax error at or near %s", p.tok.kind)
		}
		op := p.tok.kind
		p.next()
		p.newlines()
		return &expr{op: op, left: e, right: p.expression()}
	}
	return e
}

func assignable(e *expr) bool { return e.op == "var" || e.op == "field" || e.op == "index" }

func (p *parser) ternary() *expr {
	e := p.or()
	if p.tok.kind != "?" {
		return e
	}
	p.next()
	p.newlines()
	yes := p.expression()
	p.newlines()
	p.want(":")
	p.newlines()
	return &expr{op: "?:", left: e, args: []*expr{yes, p.expression()}}
}

func (p *parser) or() *expr {
	e := p.and()
	for p.tok.kind == "||" {
		p.next()
		p.newlines()
		e = &expr{op: "||", left: e, right: p.and()}
	}
	return e
}

func (p *parser) and() *expr {
	e := p.in()
	for p.tok.kind == "&&" {
		p.next()
		p.newlines()
		e = &expr{op: "&&", left: e, right: p.in()}
	}
	return e
}

func (p *parser) in() *expr {
	e := p.matching()
	for p.tok.kind == "in" {
		p.next()
		keys := []*expr{e}
		if e.op == "grouping" {
			keys = e.args
		}
		e = &expr{op: "in", args: keys, text: p.tok.text, slot: p.slot(p.tok.text)}
		p.want("name")
	}
	return e
}

func (p *parser) matching() *expr {
	e := p.comparison()
	for p.tok.kind == "~" || p.tok.kind == "!~" {
		op := p.tok.kind
		p.next()
		e = &expr{op: op, left: e, right: p.comparison()}
	}
	return e
}

func (p *parser) comparison() *expr {
	e := p.concatenation()
	for {
		switch op := p.tok.kind; op {
		case ">":
			if p.noGT {
				return e
			}
			fallthrough
		case "<", "<=", "==", "!=", ">=":
			p.next()
			e = &expr{op: op, left: e, right: p.concatenation()}
		case "|":
			if p.noGT {
				return e
			}
			p.next()
			p.want("getline")
			g := &expr{op: "getline", text: "|", left: e}
			if p.tok.kind == "name" || p.tok.kind == "$" {
				g.right = p.primary()
			}
			e = g
		default:
			return e
		}
	}
}

func (p *parser) concatenation() *expr {
	e := p.additive()
	for {
		switch p.tok.kind {
		case "num", "str", "name", "builtin", "$", "(", "++", "--":
			e = &expr{op: "concat", left: e, right: p.additive()}
		default:
			return e
		}
	}
}

func (p *parser) additive() *expr {
	e := p.multiplicative()
	for p.tok.kind == "+" || p.tok.kind == "-" {
		op := p.tok.kind
		p.next()
		e = &expr{op: op, left: e, right: p.multiplicative()}
	}
	return e
}

func (p *parser) multiplicative() *expr {
	e := p.unary()
	for p.tok.kind == "*" || p.tok.kind == "/" || p.tok.kind == "%" {
		op := p.tok.kind
		p.next()
		e = &expr{op: op, left: e, right: p.unary()}
	}
	return e
}

func (p *parser) unary() *expr {
	if p.depth++; p.depth > 200 {
		p.fail("program too deeply nested")
	}
	defer func() { p.depth-- }()
	switch op := p.tok.kind; op {
	case "!", "-", "+":
		p.next()
		return &expr{op: "unary" + op, left: p.unary()}
	}
	return p.power()
}

func (p *parser) power() *expr {
	e := p.postfix()
	if p.tok.kind == "^" {
		p.next()
		return &expr{op: "^", left: e, right: p.unary()}
	}
	return e
}

func (p *parser) postfix() *expr {
	e := p.primary()
	if (p.tok.kind == "++" || p.tok.kind == "--") && assignable(e) {
		op := "x" + p.tok.kind
		p.next()
		return &expr{op: op, left: e}
	}
	return e
}

func (p *parser) primary() *expr {
	tok := p.tok
	switch tok.kind {
	case "num":
		p.next()
		return &expr{op: "num", num: tok.num}
	case "str":
		p.next()
		return &expr{op: "str", text: tok.text}
	case "/":
		return p.regexToken()
	case "/=":
		p.pos--
		return p.regexToken()
	case "++", "--":
		p.next()
		e := p.primary()
		if !assignable(e) {
			p.fail("syntax error at or near %s", tok.kind)
		}
		return &expr{op: tok.kind + "x", left: e}
	case "$":
		p.next()
		switch p.tok.kind {
		case "++", "--":
			return &expr{op: "field", left: p.primary()}
		case "-", "!", "+":
			return &expr{op: "field", left: p.unary()}
		}
		return &expr{op: "field", left: p.primary()}
	case "(":
		p.next()
		list := p.list(")")
		if len(list) == 0 {
			p.fail("syntax error at or near )")
		}
		return &expr{op: "grouping", args: list}
	case "getline":
		p.next()
		g := &expr{op: "getline"}
		if p.tok.kind == "name" || p.tok.kind == "$" {
			g.right = p.primary()
		}
		if p.tok.kind == "<" {
			p.next()
			g.text, g.left = "<", p.primary()
		}
		return g
	case "builtin":
		p.next()
		e := &expr{op: "call", text: tok.text}
		if p.tok.kind == "(" {
			p.next()
			e.args = p.list(")")
		} else if tok.text != "length" {
			p.want("(")
		}
		p.check(e)
		return e
	case "name":
		p.next()
		if tok.tight && p.tok.kind == "(" {
			p.next()
			f := p.prog.functions[tok.text]
			if f == nil {
				f = &function{}
				p.prog.functions[tok.text] = f
			}
			return &expr{op: "fn", text: tok.text, fn: f, args: p.list(")")}
		}
		if p.tok.kind == "[" {
			p.next()
			return &expr{op: "index", text: tok.text, slot: p.slot(tok.text), args: p.list("]")}
		}
		return p.variable(tok.text)
	}
	p.want("an expression")
	return nil
}

// check holds calls of built-in functions to the number of their arguments.
func (p *parser) check(e *expr) {
	limits := map[string][2]int{"length": {0, 1}, "substr": {2, 3}, "index": {2, 2}, "split": {2, 3}, "sub": {2, 3}, "gsub": {2, 3},
		"match": {2, 3}, "sprintf": {1, 100}, "atan2": {2, 2}, "rand": {0, 0}, "srand": {0, 1}, "fflush": {0, 1}, "strftime": {0, 3},
		"systime": {0, 0}, "gensub": {3, 4}}
	limit, ok := limits[e.text]
	if !ok {
		limit = [2]int{1, 1}
	}
	if n := len(e.args); n < limit[0] || n > limit[1] {
		p.fail("wrong number of arguments in call to %s", e.text)
	}
	if (e.text == "sub" || e.text == "gsub") && len(e.args) == 3 && !assignable(e.args[2]) && e.args[2].op != "grouping" {
		p.fail("3rd argument of %s is not assignable", e.text)
	}
	if e.text == "split" && e.args[1].op != "var" {
		p.fail("type error in arg(2) in call to split")
	}
}
