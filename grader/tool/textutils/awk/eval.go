package awk

import (
	"bufio"
	"bytes"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

func (m *machine) list(list []*stmt) control {
	for _, s := range list {
		if c := m.exec(s); c != goOn {
			return c
		}
	}
	return goOn
}

func (m *machine) exec(s *stmt) control {
	m.tick()
	switch s.op {
	case "expr":
		m.eval(s.cond)
	case "block":
		return m.list(s.body)
	case "print":
		m.print(s)
	case "printf":
		if len(s.args) == 0 {
			m.fail("no arguments in call to printf")
		}
		args := m.values(s.args)
		m.write(m.output(s), sprintf(args[0].str(m.text("CONVFMT")), args[1:], m.text("CONVFMT")))
	case "if":
		if m.eval(s.cond).truth() {
			return m.list(s.body)
		}
		return m.list(s.alt)
	case "while", "do", "for":
		return m.loop(s)
	case "in":
		a := m.array(s.name, s.slot)
		keys := slices.Collect(maps.Keys(a))
		slices.SortFunc(keys, compareKeys)
		for _, k := range keys {
			if _, ok := a[k]; !ok {
				continue
			}
			m.setVar(s.args[0].text, s.args[0].slot, numeric(k))
			switch c := m.list(s.body); c {
			case doBreak:
				return goOn
			case goOn, doContinue:
			default:
				return c
			}
		}
	case "next":
		return doNext
	case "nextfile":
		return doNextFile
	case "break":
		return doBreak
	case "continue":
		return doContinue
	case "exit":
		if s.cond != nil {
			m.status = int(m.eval(s.cond).num()) & 255
		}
		return doExit
	case "return":
		m.returned = value{}
		if s.cond != nil {
			m.returned = m.eval(s.cond)
		}
		return doReturn
	case "delete":
		a := m.array(s.name, s.slot)
		if s.args == nil {
			clear(a)
		} else {
			delete(a, m.key(s.args))
		}
	}
	return goOn
}

// compareKeys orders keys of an array: numbers first, by size. Real awks have no order; one that is always the same is the kinder.
func compareKeys(a, b string) int {
	x, err1 := strconv.Atoi(a)
	y, err2 := strconv.Atoi(b)
	switch {
	case err1 == nil && err2 == nil:
		return x - y
	case err1 == nil:
		return -1
	case err2 == nil:
		return 1
	}
	return strings.Compare(a, b)
}

func (m *machine) loop(s *stmt) control {
	if s.init != nil {
		m.exec(s.init)
	}
	for first := true; ; first = false {
		m.tick()
		if !(s.op == "do" && first) && s.cond != nil && !m.eval(s.cond).truth() {
			return goOn
		}
		switch c := m.list(s.body); c {
		case doBreak:
			return goOn
		case goOn, doContinue:
		default:
			return c
		}
		if s.step != nil {
			m.exec(s.step)
		}
	}
}

func (m *machine) print(s *stmt) {
	if len(s.args) == 0 {
		line := m.line()
		m.write(m.output(s), line+m.text("ORS"))
		return
	}
	parts := make([]string, len(s.args))
	for i, a := range s.args {
		parts[i] = m.eval(a).str(m.text("OFMT"))
	}
	m.write(m.output(s), strings.Join(parts, m.text("OFS"))+m.text("ORS"))
}

func (m *machine) values(list []*expr) []value {
	out := make([]value, len(list))
	for i, e := range list {
		out[i] = m.eval(e)
	}
	return out
}

func (m *machine) str(e *expr) string { return m.eval(e).str(m.text("CONVFMT")) }

// key joins the indices of an array element.
func (m *machine) key(list []*expr) string {
	parts := make([]string, len(list))
	for i, e := range list {
		parts[i] = m.str(e)
	}
	return strings.Join(parts, m.text("SUBSEP"))
}

func truth(b bool) value {
	if b {
		return number(1)
	}
	return number(0)
}

func (m *machine) eval(e *expr) value {
	m.tick()
	switch e.op {
	case "num":
		return number(e.num)
	case "str":
		return text(e.text)
	case "regex":
		return truth(e.re.Match([]byte(m.line())))
	case "var":
		return m.getVar(e.text, e.slot)
	case "field":
		return m.field(m.eval(e.left).num())
	case "index":
		a, k := m.array(e.text, e.slot), m.key(e.args)
		v, ok := a[k]
		if !ok {
			a[k] = value{}
		}
		return v
	case "grouping":
		if len(e.args) == 1 {
			return m.eval(e.args[0])
		}
		return text(m.key(e.args))
	case "in":
		_, ok := m.array(e.text, e.slot)[m.key(e.args)]
		return truth(ok)
	case "?:":
		if m.eval(e.left).truth() {
			return m.eval(e.args[0])
		}
		return m.eval(e.args[1])
	case "&&":
		return truth(m.eval(e.left).truth() && m.eval(e.right).truth())
	case "||":
		return truth(m.eval(e.left).truth() || m.eval(e.right).truth())
	case "~", "!~":
		return truth(m.matches(e.left, e.right) == (e.op == "~"))
	case "concat":
		a, b := m.str(e.left), m.str(e.right)
		if len(a)+len(b) > maxString {
			m.fail("out of memory")
		}
		return text(a + b)
	case "unary!":
		return truth(!m.eval(e.left).truth())
	case "unary-":
		return number(-m.eval(e.left).num())
	case "unary+":
		return number(m.eval(e.left).num())
	case "++x", "--x", "x++", "x--":
		old := m.eval(e.left).num()
		now := old + 1
		if strings.Contains(e.op, "--") {
			now = old - 1
		}
		m.assign(e.left, number(now))
		if e.op[0] == 'x' {
			return number(old)
		}
		return number(now)
	case "=":
		v := m.eval(e.right)
		m.assign(e.left, v)
		return v
	case "+=", "-=", "*=", "/=", "%=", "^=":
		right := m.eval(e.right).num()
		v := number(m.arithmetic(e.op[:1], m.eval(e.left).num(), right))
		m.assign(e.left, v)
		return v
	case "<", "<=", "==", "!=", ">", ">=":
		return m.compare(e.op, m.eval(e.left), m.eval(e.right))
	case "getline":
		return number(m.getline(e))
	case "call":
		return m.call(e)
	case "fn":
		return m.invoke(e)
	}
	return number(m.arithmetic(e.op, m.eval(e.left).num(), m.eval(e.right).num()))
}

func (m *machine) arithmetic(op string, a, b float64) float64 {
	switch op {
	case "+":
		return a + b
	case "-":
		return a - b
	case "*":
		return a * b
	case "/":
		if b == 0 {
			m.fail("division by zero")
		}
		return a / b
	case "%":
		if b == 0 {
			m.fail("division by zero in %")
		}
		return math.Mod(a, b)
	}
	return math.Pow(a, b)
}

func (m *machine) compare(op string, a, b value) value {
	d := 0
	if a.kind != isText && b.kind != isText {
		switch x, y := a.num(), b.num(); {
		case x < y:
			d = -1
		case x > y:
			d = 1
		}
	} else {
		d = strings.Compare(a.str(m.text("CONVFMT")), b.str(m.text("CONVFMT")))
	}
	return truth(map[string]bool{"<": d < 0, "<=": d <= 0, "==": d == 0, "!=": d != 0, ">": d > 0, ">=": d >= 0}[op])
}

func (m *machine) matches(subject, pattern *expr) bool {
	s := []byte(m.str(subject))
	if pattern.op == "regex" {
		return pattern.re.Match(s)
	}
	return m.regexp(m.str(pattern)).Match(s)
}

func (m *machine) assign(to *expr, v value) {
	switch to.op {
	case "var":
		m.setVar(to.text, to.slot, v)
	case "field":
		m.setField(m.eval(to.left).num(), v)
	case "index":
		a := m.array(to.text, to.slot)
		if len(a) > 1<<20 {
			m.fail("out of memory")
		}
		a[m.key(to.args)] = v
	case "grouping":
		if len(to.args) == 1 {
			m.assign(to.args[0], v)
		}
	}
}

// getline reads a record from the operands, a file or a command.
func (m *machine) getline(e *expr) float64 {
	var line string
	ok := false
	if e.text == "" {
		line, ok = m.nextRecord()
	} else {
		name := m.str(e.left)
		r := m.inputs[name]
		if r == nil {
			switch {
			case e.text == "|":
				var out bytes.Buffer
				m.w.System(m.ctx, name, strings.NewReader(""), &out)
				r = &reader{bufio.NewReader(&out), io.NopCloser(nil)}
			case name == "-" || name == "/dev/stdin":
				r = &reader{bufio.NewReader(m.w.Stdin), io.NopCloser(nil)}
			default:
				in, err := m.w.Open(name)
				if err != nil {
					return -1
				}
				r = &reader{bufio.NewReader(in), in}
			}
			m.inputs[name] = r
		}
		line, ok = m.readRecord(r)
		if ok && e.text == "|" {
			m.globals["NR"] = number(m.globals["NR"].num() + 1)
		}
	}
	if !ok {
		return 0
	}
	if e.right != nil {
		m.assign(e.right, numeric(line))
	} else {
		m.setRecord(line)
	}
	return 1
}

// invoke calls a function of the program. Arrays are passed by reference.
func (m *machine) invoke(e *expr) value {
	f := e.fn
	if f.name == "" {
		m.fail("function " + e.text + " never defined")
	}
	if len(e.args) > len(f.params) {
		m.fail("too many arguments in call to " + e.text)
	}
	if len(m.frames) >= maxDepth {
		m.fail("function calls nested too deeply")
	}
	fr := &frame{scalars: make([]value, len(f.params)), arrays: make([]array, len(f.params))}
	for i, a := range e.args {
		if a.op != "var" {
			fr.scalars[i] = m.eval(a)
			continue
		}
		if v := m.getVar(a.text, a.slot); v.kind != unset || a.text == "NF" {
			fr.scalars[i] = v
		} else {
			fr.arrays[i] = m.array(a.text, a.slot)
		}
	}
	m.frames = append(m.frames, fr)
	m.returned = value{}
	c := m.list(f.body)
	m.frames = m.frames[:len(m.frames)-1]
	if c == doExit || c == doNext {
		panic(failure{errControl})
	}
	v := m.returned
	m.returned = value{}
	return v
}
