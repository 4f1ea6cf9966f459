package shell

import (
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// param expands a parameter.
func (e *expander) param(p *syntax.ParamExp, quoted bool) {
	sh := e.sh
	if p.Param == nil {
		sh.badSubstitution("")
		return
	}
	name := p.Param.Value
	if strings.HasPrefix(name, "_bad_") && e.setAside(name, quoted) {
		return
	}
	if sh.d == Ash && (p.Excl || p.Index != nil || p.Exp != nil && p.Exp.Op >= syntax.UpperFirst) {
		sh.badSubstitution("")
		return
	}
	if p.Excl && p.Names == 0 && !p.Length {
		if name = e.indirect(p, name, quoted); name == "" {
			return
		}
	}
	switch {
	case p.Names != 0:
		e.list(sh.namesWith(name), p.Names == syntax.NamesPrefix, quoted)
		return
	case p.Excl && p.Index != nil:
		return
	}
	v := sh.parameter(name, p.Index)
	if sh.ctl != goOn {
		return
	}
	if p.Length {
		if p.Exp == nil && p.Slice == nil && p.Repl == nil {
			e.length(p, v, quoted)
			return
		}
		sh.badSubstitution(sh.nodeText(p))
		return
	}
	if p.Exp != nil && e.conditional(p.Exp, p, v, quoted) {
		return
	}
	if !v.set && sh.opts.has(optNounset) && !v.isList {
		sh.unbound(v.label(sh))
		return
	}
	change := e.change(p, v)
	if sh.ctl != goOn {
		return
	}
	if v.isList {
		values := v.many
		if p.Slice != nil {
			values = sh.sliceList(p.Slice, v)
			if sh.ctl != goOn {
				return
			}
		}
		if change != nil {
			changed := make([]string, len(values))
			for i, s := range values {
				changed[i] = change(s)
			}
			values = changed
		}
		e.list(values, v.star, quoted)
		return
	}
	s := v.value
	if p.Slice != nil {
		s = sh.sliceString(p.Slice, s)
	}
	if change != nil {
		s = change(s)
	}
	if sh.ctl == goOn {
		e.value(s, quoted)
	}
}

// setAside deals with an expansion that could not be parsed and was replaced by a name.
func (e *expander) setAside(name string, quoted bool) bool {
	if rest, ok := strings.CutPrefix(name, badSubst); ok {
		n, err := strconv.Atoi(rest)
		if err != nil || n >= len(e.sh.prog.broken) {
			return false
		}
		e.sh.badSubstitution(e.sh.prog.broken[n])
		return true
	}
	if rest, ok := strings.CutPrefix(name, badArith); ok {
		n, err := strconv.Atoi(rest)
		if err != nil || n >= len(e.sh.prog.broken) {
			return false
		}
		text := strings.TrimSuffix(strings.TrimPrefix(e.sh.prog.broken[n], "$(("), "))")
		if strings.ContainsAny(text, "$`") {
			p := &program{text: text, arith: map[syntax.Node]*formula{}, from: e.sh.prog.from}
			word, serr := p.document(e.sh.d, text)
			if serr == nil && word != nil {
				old := e.sh.prog
				e.sh.prog = p
				text = e.sh.documentText(word)
				e.sh.prog = old
			}
		}
		if e.sh.ctl != goOn {
			return true
		}
		if n, ok := e.sh.arithText(text); ok {
			e.value(strconv.FormatInt(n, 10), quoted)
		}
		return true
	}
	return false
}

// nodeText returns the text of an expansion as it was written.
func (sh *shell) nodeText(n syntax.Node) string {
	from, to := n.Pos().Offset(), n.End().Offset()
	if from > to || int(to) > len(sh.prog.text) {
		return ""
	}
	return sh.prog.text[from:to]
}

func (sh *shell) badSubstitution(text string) {
	switch sh.d {
	case Bash:
		sh.warn("%s: bad substitution", text)
		sh.discardLine()
	case Ash:
		sh.fatal(2, "syntax error: bad substitution")
	default:
		sh.fatal(2, "Bad substitution")
	}
}

// unbound ends the shell because a variable is not set under -u.
func (sh *shell) unbound(name string) {
	if sh.d != Bash {
		sh.fatal(2, "%s: parameter not set", name)
		return
	}
	sh.warn("%s: unbound variable", name)
	sh.exit(sh.lethal())
}

// lethal is the status with which bash ends for an error in an expansion: 127 in a string given with -c.
func (sh *shell) lethal() int {
	if sh.session.command && !sh.opts.has(optErrexit) {
		return 127
	}
	return 1
}

// conditional expands ${name:-word} and its like. It reports false for other operators and where the value itself is wanted.
func (e *expander) conditional(x *syntax.Expansion, p *syntax.ParamExp, v parameterValue, quoted bool) bool {
	sh := e.sh
	missing := !v.set
	switch x.Op {
	case syntax.AlternateUnsetOrNull, syntax.DefaultUnsetOrNull, syntax.ErrorUnsetOrNull, syntax.AssignUnsetOrNull:
		missing = missing || v.value == "" && (!v.isList || len(v.many) < 2)
	}
	switch x.Op {
	case syntax.AlternateUnset, syntax.AlternateUnsetOrNull:
		if !missing {
			e.inner(x.Word, quoted)
		}
		return true
	case syntax.DefaultUnset, syntax.DefaultUnsetOrNull:
		if missing {
			e.inner(x.Word, quoted)
		}
		return missing
	case syntax.ErrorUnset, syntax.ErrorUnsetOrNull:
		if !missing {
			return false
		}
		msg := sh.expandString(x.Word)
		if sh.ctl != goOn {
			return true
		}
		if msg == "" && (x.Word == nil || len(x.Word.Parts) == 0) {
			switch {
			case sh.d == Bash:
				msg = "parameter not set"
				if x.Op == syntax.ErrorUnsetOrNull {
					msg = "parameter null or not set"
				}
			case x.Op == syntax.ErrorUnsetOrNull:
				msg = "parameter not set or null"
			default:
				msg = "parameter not set"
			}
		}
		if sh.d == Bash {
			sh.warn("%s: %s", v.label(sh), msg)
			sh.exit(sh.lethal())
			return true
		}
		sh.fatal(2, "%s: %s", v.name, msg)
		return true
	case syntax.AssignUnset, syntax.AssignUnsetOrNull:
		if !missing {
			return false
		}
		if !isName(v.name) {
			if sh.d == Bash {
				sh.warn("$%s: cannot assign in this way", v.name)
				sh.discardLine()
			} else {
				sh.fatal(2, "%s: bad variable name", v.name)
			}
			return true
		}
		value := sh.expandAssign(wordOrEmpty(x.Word))
		if sh.ctl != goOn {
			return true
		}
		if v.has {
			if !sh.setElement(v.name, v.index, value, false) {
				return true
			}
		} else if !sh.set(v.name, value) {
			return true
		}
		e.value(value, quoted)
		return true
	}
	return false
}

var emptyWord = &syntax.Word{Parts: []syntax.WordPart{&syntax.Lit{}}}

func wordOrEmpty(w *syntax.Word) *syntax.Word {
	if w == nil || len(w.Parts) == 0 {
		return emptyWord
	}
	return w
}

// inner expands the word of an operator in place.
func (e *expander) inner(w *syntax.Word, quoted bool) {
	if w == nil {
		return
	}
	if e.sh.tooDeep() {
		return
	}
	e.sh.depth++
	defer func() { e.sh.depth-- }()
	for i, part := range w.Parts {
		lit, ok := part.(*syntax.Lit)
		switch {
		case ok && quoted:
			e.innerQuoted(lit.Value)
		case ok && e.mode == toFields:
			s := lit.Value
			if i == 0 && strings.HasPrefix(s, "~") {
				s = e.tilde(s, len(w.Parts) == 1)
			}
			e.innerLit(s)
		case quoted:
			if d, ok := part.(*syntax.DblQuoted); ok { // quotes within quotes are removed
				for _, part := range d.Parts {
					e.part(part, true)
				}
				break
			}
			if s, ok := part.(*syntax.SglQuoted); ok && !s.Dollar {
				e.quoted("'" + s.Value + "'")
				break
			}
			e.part(part, true)
		default:
			e.part(part, false)
		}
	}
}

// innerQuoted appends a literal of a word within double quotes, where a closing brace may be escaped too.
func (e *expander) innerQuoted(s string) {
	e.quotedLit(strings.ReplaceAll(s, `\}`, "}"))
}

// innerLit appends an unquoted literal that is split at blanks like the value of an expansion.
func (e *expander) innerLit(s string) {
	for s != "" {
		i := strings.IndexByte(s, '\\')
		if i < 0 {
			e.split(s)
			return
		}
		e.split(s[:i])
		end := min(i+2, len(s))
		e.lit(s[i:end])
		s = s[end:]
	}
}
