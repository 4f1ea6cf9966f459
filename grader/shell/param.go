package shell

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

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

// change returns what an operator does to each value, or nil.
func (e *expander) change(p *syntax.ParamExp, v parameterValue) func(string) string {
	sh := e.sh
	switch {
	case p.Repl != nil:
		return e.replacement(p.Repl)
	case p.Exp == nil:
		return nil
	}
	x := p.Exp
	switch x.Op {
	case syntax.RemSmallPrefix, syntax.RemLargePrefix:
		pat := sh.expandPattern(wordOrEmpty(x.Word))
		return func(s string) string { return sh.trimPrefix(s, pat, x.Op == syntax.RemLargePrefix) }
	case syntax.RemSmallSuffix, syntax.RemLargeSuffix:
		pat := sh.expandPattern(wordOrEmpty(x.Word))
		return func(s string) string { return sh.trimSuffix(s, pat, x.Op == syntax.RemLargeSuffix) }
	case syntax.UpperFirst, syntax.UpperAll, syntax.LowerFirst, syntax.LowerAll:
		pat := ""
		if x.Word != nil && len(x.Word.Parts) > 0 {
			pat = sh.expandPattern(x.Word)
		}
		return func(s string) string { return sh.changeCase(s, pat, x.Op) }
	case syntax.OtherParamOps:
		return e.transform(p, x.Word.Lit(), v)
	}
	return nil
}

func (e *expander) replacement(r *syntax.Replace) func(string) string {
	sh := e.sh
	if r.Orig == nil {
		return nil
	}
	pat := sh.expandPattern(r.Orig)
	var anchor byte
	if !r.All && pat != "" && (pat[0] == '#' || pat[0] == '%') {
		anchor, pat = pat[0], pat[1:]
	}
	with := ""
	if r.With != nil {
		with = sh.expandString(r.With)
	}
	if anchor == '%' {
		return func(s string) string {
			rest := sh.trimSuffix(s, pat, true)
			if len(rest) == len(s) && !sh.matches(pat, "") {
				return s
			}
			return rest + with
		}
	}
	return func(s string) string { return sh.replace(s, pat, with, r.All, anchor) }
}

func (sh *shell) changeCase(s, pat string, op syntax.ParExpOperator) string {
	var b strings.Builder
	for i, r := range s {
		first := i == 0
		if (op == syntax.UpperFirst || op == syntax.LowerFirst) && !first || pat != "" && !sh.matches(pat, string(r)) {
			b.WriteRune(r)
			continue
		}
		if r == utf8.RuneError || r >= utf8.RuneSelf && !sh.utf8() {
			b.WriteString(s[i : i+max(1, utf8.RuneLen(r))])
			continue
		}
		if op == syntax.UpperFirst || op == syntax.UpperAll {
			r = unicode.ToUpper(r)
		} else {
			r = unicode.ToLower(r)
		}
		b.WriteRune(r)
	}
	return b.String()
}

// transform is ${name@Q} and its like.
func (e *expander) transform(p *syntax.ParamExp, op string, v parameterValue) func(string) string {
	sh := e.sh
	switch op {
	case "Q":
		return func(s string) string {
			if hasControl(s, sh.utf8()) {
				return ansiQuote(s)
			}
			return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
		}
	case "U":
		return func(s string) string { return sh.changeCase(s, "", syntax.UpperAll) }
	case "u":
		return func(s string) string { return sh.changeCase(s, "", syntax.UpperFirst) }
	case "L":
		return func(s string) string { return sh.changeCase(s, "", syntax.LowerAll) }
	case "E":
		return sh.ansiUnquote
	case "P":
		return func(s string) string { return s }
	case "A":
		return func(s string) string {
			a := sh.vars[sh.resolve(v.name)]
			if a == nil {
				return ""
			}
			text := a.describe(v.name)
			if rest, ok := strings.CutPrefix(text, "declare -- "); ok {
				name, _, _ := strings.Cut(rest, "=")
				return name + "='" + strings.ReplaceAll(s, "'", `'\''`) + "'"
			}
			return text
		}
	case "a":
		return func(string) string {
			a := sh.vars[sh.resolve(v.name)]
			if a == nil {
				return ""
			}
			flags := strings.Fields(a.describe("x"))[1]
			return strings.Trim(flags, "-")
		}
	case "K", "k":
		return func(s string) string { return s }
	}
	sh.badSubstitution(sh.nodeText(p))
	return nil
}

// sliceString is ${name:offset:length} of a string.
func (sh *shell) sliceString(s *syntax.Slice, text string) string {
	var runes []rune
	size := len(text)
	if sh.utf8() {
		runes = []rune(text)
		size = len(runes)
	}
	from, to, ok := sh.sliceBounds(s, size)
	if !ok {
		return ""
	}
	if runes != nil {
		return string(runes[from:to])
	}
	return text[from:to]
}

func (sh *shell) sliceBounds(s *syntax.Slice, size int) (from, to int, ok bool) {
	offset := int64(0)
	if s.Offset != nil {
		if offset, ok = sh.arith(s.Offset); !ok {
			return 0, 0, false
		}
	}
	n := int64(size)
	if offset < 0 {
		offset += n
	}
	if offset < 0 || offset > n {
		return 0, 0, false
	}
	end := n
	if s.Length != nil {
		length, ok := sh.arith(s.Length)
		if !ok {
			return 0, 0, false
		}
		switch {
		case length < 0:
			end = n + length
			if end < offset {
				if sh.d == Bash {
					sh.warn("%s: substring expression < 0", sh.formulaText(s.Length))
					sh.discardLine()
				}
				return 0, 0, false
			}
		case length < n-offset:
			end = offset + length
		}
	}
	return int(offset), int(end), true
}

// sliceList is ${@:offset:length} and ${array[@]:offset:length}.
func (sh *shell) sliceList(s *syntax.Slice, v parameterValue) []string {
	values := v.many
	if v.name == "@" || v.name == "*" {
		values = append([]string{sh.name}, values...)
		if s.Offset != nil {
			if n, ok := sh.arith(s.Offset); ok && n > int64(len(sh.params)) {
				return nil
			}
		}
		if s.Length == nil {
			from, to, ok := sh.sliceBounds(s, len(values))
			if !ok {
				return nil
			}
			return values[from:to]
		}
	}
	from, to, ok := sh.sliceBounds(s, len(values))
	if !ok {
		return nil
	}
	return values[from:to]
}

// ansiUnquote resolves the escapes of $'…'.
func (sh *shell) ansiUnquote(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 >= len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		switch c := s[i]; c {
		case 'a':
			b.WriteByte('\a')
		case 'b':
			b.WriteByte('\b')
		case 'e', 'E':
			b.WriteByte(0x1b)
		case 'f':
			b.WriteByte('\f')
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		case 't':
			b.WriteByte('\t')
		case 'v':
			b.WriteByte('\v')
		case '\\', '\'', '"', '?':
			b.WriteByte(c)
		case 'x':
			n, used := readDigits(s[i+1:], 16, 2)
			if used == 0 {
				b.WriteString(`\x`)
				break
			}
			b.WriteByte(byte(n))
			i += used
		case 'u', 'U':
			width := 4
			if c == 'U' {
				width = 8
			}
			n, used := readDigits(s[i+1:], 16, width)
			if used == 0 || sh.d == Ash {
				b.WriteString(`\` + string(c))
				break
			}
			b.WriteString(sh.character(n))
			i += used
		case 'c':
			if i+1 < len(s) {
				i++
				b.WriteByte(s[i] & 0x1f)
			}
		case '0', '1', '2', '3', '4', '5', '6', '7':
			n, used := readDigits(s[i:], 8, 3)
			b.WriteByte(byte(n))
			i += used - 1
		default:
			b.WriteByte('\\')
			b.WriteByte(c)
		}
	}
	return b.String()
}

// character returns a Unicode character, which a locale without it spells \u00E9.
func (sh *shell) character(n int) string {
	switch {
	case n < utf8.RuneSelf || sh.utf8():
		return string(rune(n))
	case n > 0xffff:
		return fmt.Sprintf(`\U%08X`, n)
	}
	return fmt.Sprintf(`\u%04X`, n)
}

// readDigits reads up to width digits and returns their value and number.
func readDigits(s string, base, width int) (n, used int) {
	for used < width && used < len(s) {
		c := int(lower(s[used]))
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		default:
			return n, used
		}
		if c >= base {
			return n, used
		}
		n = n*base + c
		used++
	}
	return n, used
}
