package shell

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"mvdan.cc/sh/v3/syntax"
)

// parameterValue is what a parameter stands for.
type parameterValue struct {
	name    string
	value   string
	set     bool
	isList  bool
	star    bool
	many    []string
	indices []int64
	index   string
	has     bool // a subscript
}

// label names the parameter in messages.
func (v *parameterValue) label(sh *shell) string {
	if v.has {
		return v.name + "[" + v.index + "]"
	}
	if sh.d == Bash && strings.Trim(v.name, "0123456789") == "" {
		return "$" + v.name
	}
	return v.name
}

func (sh *shell) parameter(name string, index syntax.ArithmExpr) parameterValue {
	v := parameterValue{name: name}
	if index != nil {
		sh.indexed(&v, index)
		return v
	}
	switch name {
	case "@", "*":
		v.isList, v.star, v.many = true, name == "*", sh.params
		v.set = len(sh.params) > 0 || name == "*" && sh.d != Bash
		v.value = strings.Join(sh.params, " ")
	case "#":
		v.value, v.set = strconv.Itoa(len(sh.params)), true
	case "?":
		v.value, v.set = strconv.Itoa(sh.status), true
	case "-":
		v.value, v.set = sh.opts.flags(sh.d), true
	case "$":
		v.value, v.set = strconv.Itoa(sh.pid), true
	case "!":
		if sh.lastJob != 0 {
			v.value, v.set = strconv.Itoa(sh.lastJob), true
		}
	case "0":
		v.value, v.set = sh.name, true
	case "_":
		if sh.d == Bash && sh.lastArg != "" {
			v.value, v.set = sh.lastArg, true
			break
		}
		v.value, v.set = sh.lookup(name)
	default:
		if name != "" && name[0] >= '0' && name[0] <= '9' {
			if n, err := strconv.Atoi(name); err == nil && n >= 1 && n <= len(sh.params) {
				v.value, v.set = sh.params[n-1], true
			}
			break
		}
		v.value, v.set = sh.lookup(name)
	}
	return v
}

// indexed looks up an array's element, or all of them.
func (sh *shell) indexed(v *parameterValue, index syntax.ArithmExpr) {
	name := sh.resolve(v.name)
	a := sh.vars[name]
	if name == "PIPESTATUS" && a == nil && sh.d == Bash {
		a = &variable{kind: indexed, isSet: true}
		stats := sh.pipestat
		if len(stats) == 0 {
			stats = []int{sh.status}
		}
		for i, st := range stats {
			a.list = append(a.list, element{index: int64(i), value: strconv.Itoa(st)})
		}
	} else if a == nil && (name == "FUNCNAME" || name == "BASH_SOURCE") {
		a = &variable{kind: indexed, isSet: true}
		i := int64(0)
		for f := sh.fn; f != nil; f = f.up {
			text := f.name
			if name == "BASH_SOURCE" {
				text = f.source
			}
			a.list = append(a.list, element{index: i, value: text})
			i++
		}
		if file := sh.prog.from.file; name == "BASH_SOURCE" && file != "" {
			a.list = append(a.list, element{index: i, value: file})
		}
	}
	if w, ok := index.(*syntax.Word); ok {
		if lit := w.Lit(); lit == "@" || lit == "*" {
			v.isList, v.star = true, lit == "*"
			if a != nil {
				v.many, v.indices = a.values()
			}
			v.set = len(v.many) > 0
			v.value = strings.Join(v.many, " ")
			return
		}
	}
	v.has = true
	v.index = sh.formulaText(index)
	if a != nil && a.kind == associative {
		v.index = sh.subscript(index)
		v.value, v.set = a.at(v.index)
		return
	}
	n, ok := sh.arith(index)
	if !ok || a == nil {
		return
	}
	v.value, v.set = a.nth(n)
}

// subscript expands the key of an associative array.
func (sh *shell) subscript(index syntax.ArithmExpr) string {
	if w, ok := index.(*syntax.Word); ok {
		return sh.expandString(w)
	}
	f := sh.prog.arith[index]
	switch {
	case f == nil:
		return ""
	case f.word != nil:
		return sh.documentText(f.word)
	}
	return f.text
}

// values returns an array's elements; a scalar is an array of one.
func (v *variable) values() (values []string, indices []int64) {
	if v.kind == scalar || v.kind == reference {
		if v.isSet {
			return []string{v.value}, []int64{0}
		}
		return nil, nil
	}
	for i, e := range v.list {
		values = append(values, e.value)
		if v.kind == indexed {
			indices = append(indices, e.index)
		} else {
			indices = append(indices, int64(i))
		}
	}
	return values, indices
}

func (sh *shell) namesWith(prefix string) []string {
	var out []string
	for _, n := range sh.names() {
		if strings.HasPrefix(n, prefix) {
			out = append(out, n)
		}
	}
	return out
}

// indirect expands ${!name} to the name that it is about; it returns "" where nothing is left to do.
func (e *expander) indirect(p *syntax.ParamExp, name string, quoted bool) string {
	sh := e.sh
	if p.Index != nil {
		if w, ok := p.Index.(*syntax.Word); ok && (w.Lit() == "@" || w.Lit() == "*") {
			var keys []string
			if v := sh.vars[sh.resolve(name)]; v != nil {
				_, indices := v.values()
				for i, n := range indices {
					if v.kind == associative {
						keys = append(keys, v.list[i].key)
					} else {
						keys = append(keys, strconv.FormatInt(n, 10))
					}
				}
			}
			e.list(keys, w.Lit() == "*", quoted)
			return ""
		}
	}
	if v := sh.vars[name]; v != nil && v.kind == reference {
		e.value(v.value, quoted)
		return ""
	}
	v := sh.parameter(name, p.Index)
	if sh.ctl != goOn {
		return ""
	}
	if !v.set || v.value == "" {
		if p.Exp != nil {
			e.conditional(p.Exp, p, parameterValue{name: name}, quoted)
			return ""
		}
		sh.warn("%s: invalid indirect expansion", name)
		sh.discardLine()
		return ""
	}
	if base, index, ok := strings.Cut(v.value, "["); ok && isName(base) {
		index = strings.TrimSuffix(index, "]")
		if index == "@" || index == "*" {
			var values []string
			if a := sh.vars[base]; a != nil {
				values, _ = a.values()
			}
			e.list(values, index == "*", quoted)
			return ""
		}
		s, _ := sh.elementByText(base, index)
		e.value(s, quoted)
		return ""
	}
	if !isName(v.value) && strings.Trim(v.value, "0123456789") != "" && !strings.Contains("@*#?-$!", v.value) {
		sh.warn("%s: invalid variable name", v.value)
		sh.discardLine()
		return ""
	}
	return v.value
}

// length expands ${#name}.
func (e *expander) length(p *syntax.ParamExp, v parameterValue, quoted bool) {
	sh := e.sh
	if !v.set && !v.isList && sh.opts.has(optNounset) {
		sh.unbound(v.label(sh))
		return
	}
	n := len(v.value)
	switch {
	case v.isList && (sh.d == Bash || p.Index != nil):
		n = len(v.many)
	case sh.utf8():
		n = utf8.RuneCountInString(v.value)
	}
	e.value(strconv.Itoa(n), quoted)
}
