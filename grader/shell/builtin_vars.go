package shell

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// declared is one argument of export, local, declare and their like.
type declared struct {
	name   string
	option string // -x, +x
	value  string
	valued bool
	append bool
	index  syntax.ArithmExpr
	key    string // subscript of an argument that was not parsed, with keyed
	keyed  bool
	array  *syntax.ArrayExpr
}

// declClause runs what the parser recognised as a declaration.
func (sh *shell) declClause(c *syntax.DeclClause) {
	sh.line = int(c.Pos().Line())
	sh.expanding, sh.substs = 0, 0
	var args []declared
	words := []string{c.Variant.Value}
	for _, a := range c.Args {
		if a.Naked && a.Name == nil {
			for _, f := range sh.fields([]*syntax.Word{a.Value}) {
				words = append(words, f)
				args = append(args, declaredWord(f))
			}
		} else {
			d := declared{name: a.Name.Value, valued: !a.Naked, append: a.Append, index: a.Index, array: a.Array}
			if a.Value != nil {
				d.value = sh.expandAssign(a.Value)
			}
			args = append(args, d)
			text := d.name
			if d.valued && d.array == nil {
				text += "=" + d.value
			} else if d.array != nil {
				text = sh.prog.text[a.Pos().Offset():min(a.End().Offset(), uint(len(sh.prog.text)))]
			}
			words = append(words, text)
		}
		if sh.ctl != goOn {
			return
		}
	}
	if sh.opts.has(optXtrace) {
		if f := sh.fds.get(2); f != nil {
			sh.traceCall(f, nil, words)
			for _, d := range args {
				if sh.d == Bash && d.valued && d.array == nil && (c.Variant.Value == "export" || c.Variant.Value == "readonly") {
					sh.traceCall(f, []assignment{{name: d.name, value: d.value}}, nil)
				}
			}
		}
	}
	old := sh.builtinName
	sh.builtinName = c.Variant.Value
	switch c.Variant.Value {
	case "export", "readonly":
		sh.status = sh.export(c.Variant.Value, args)
	case "local":
		sh.status = sh.local(args)
	default:
		if sh.d == Ash {
			sh.builtinName = old
			sh.status = sh.invoke(words, nil, true)
			return
		}
		if c.Variant.Value == "nameref" {
			args = append([]declared{{option: "-n"}}, args...)
		}
		sh.status = sh.declare(args)
	}
	sh.builtinName = old
}

// declaredWord reads an argument that was expanded from a word.
func declaredWord(s string) declared {
	if len(s) > 1 && (s[0] == '-' || s[0] == '+') {
		return declared{option: s}
	}
	name, value, ok := strings.Cut(s, "=")
	d := declared{name: name, value: value, valued: ok}
	if ok && strings.HasSuffix(name, "+") {
		d.name, d.append = strings.TrimSuffix(name, "+"), true
	}
	if base, key, ok := strings.Cut(d.name, "["); ok && strings.HasSuffix(key, "]") {
		d.name, d.key, d.keyed = base, strings.TrimSuffix(key, "]"), true
	}
	return d
}

func declaredWords(args []string) []declared {
	out := make([]declared, 0, len(args))
	for i, a := range args {
		if a == "--" {
			for _, rest := range args[i+1:] {
				d := declaredWord(rest)
				if d.option != "" {
					d = declared{name: rest}
				}
				out = append(out, d)
			}
			break
		}
		out = append(out, declaredWord(a))
	}
	return out
}

func exportBuiltin(sh *shell, args []string) int { return sh.export(args[0], declaredWords(args[1:])) }

func localBuiltin(sh *shell, args []string) int { return sh.local(declaredWords(args[1:])) }

func declareBuiltin(sh *shell, args []string) int { return sh.declare(declaredWords(args[1:])) }

// badName is what a builtin says of a name that is none.
func (sh *shell) badName(d declared) int {
	if sh.d != Bash {
		return sh.fatal(2, "%s: bad variable name", d.name)
	}
	text := d.name
	if d.valued {
		text += "=" + d.value
	}
	sh.warn("`%s': not a valid identifier", text)
	return 1
}

// export is export and readonly.
func (sh *shell) export(how string, args []declared) int {
	remove, functions, printing := false, false, len(args) == 0
	status := 0
	for _, d := range args {
		if d.option == "" {
			continue
		}
		for _, c := range d.option[1:] {
			switch {
			case c == 'p':
				printing = len(args) == 1
			case c == 'n' && how == "export" && sh.d != Dash:
				remove = true
			case c == 'f' && sh.d == Bash:
				functions = true
			case (c == 'a' || c == 'A') && how == "readonly" && sh.d == Bash:
				// an array is what it is assigned as
			default:
				usage := "export [-fn] [name[=value] ...] or export -p"
				if how == "readonly" {
					usage = "readonly [-aAf] [name[=value] ...] or readonly -p"
				}
				status := sh.illegalOption("-"+string(c), usage)
				if sh.d != Bash {
					sh.exit(2)
				}
				return status
			}
		}
	}
	if printing {
		return sh.printDeclared(how)
	}
	for _, d := range args {
		if d.option != "" {
			continue
		}
		if functions {
			if sh.funcs[d.name] == nil {
				sh.warn("%s: not a function", d.name)
				status = 1
			}
			continue
		}
		if !isName(d.name) {
			if st := sh.badName(d); st != 0 {
				status = st
			}
			if sh.ctl != goOn {
				return sh.status
			}
			continue
		}
		if d.valued && !sh.give(d) {
			return sh.status
		}
		sh.change(d.name, func(v *variable) {
			if how == "readonly" {
				v.readonly = true
			} else {
				v.exported = !remove
			}
		})
	}
	return status
}

func (sh *shell) printDeclared(how string) int {
	var b strings.Builder
	for _, name := range sh.names() {
		v := sh.vars[name]
		if how == "export" && !v.exported || how == "readonly" && !v.readonly {
			continue
		}
		switch {
		case sh.d == Bash:
			b.WriteString(v.describe(name) + "\n")
		case v.isSet:
			b.WriteString(how + " " + name + "=" + singleQuote(v.value) + "\n")
		default:
			b.WriteString(how + " " + name + "\n")
		}
	}
	return sh.print(b.String())
}

// give assigns a declaration's value.
func (sh *shell) give(d declared) bool {
	switch {
	case d.array != nil:
		return sh.assignArray(d.name, d.array, d.append)
	case d.index != nil:
		return sh.setIndexed(d.name, d.index, d.value, d.append)
	case d.keyed:
		return sh.setElement(d.name, d.key, d.value, d.append)
	}
	value := d.value
	if d.append {
		value = sh.appended(d.name, value)
	}
	return sh.set(d.name, value)
}

// appended is what name+=value gives.
func (sh *shell) appended(name, value string) string {
	old, _ := sh.lookup(name)
	if v := sh.vars[sh.resolve(name)]; v != nil && v.integer {
		return "(" + old + ")+(" + value + ")"
	}
	return old + value
}

// makeLocal saves a variable until the function returns.
func (sh *shell) makeLocal(name string) bool {
	for _, s := range sh.fn.locals {
		if s.name == name {
			return true
		}
	}
	old := sh.vars[name]
	if old != nil && old.readonly {
		return sh.readonly(name)
	}
	sh.fn.locals = append(sh.fn.locals, saved{name, old})
	if sh.d == Dash {
		return true
	}
	if old != nil {
		exported := old.exported
		sh.drop(name)
		if exported && sh.d == Ash {
			sh.change(name, func(v *variable) { v.exported = true })
		}
	}
	return true
}

func (sh *shell) local(args []declared) int {
	if sh.fn == nil {
		if sh.d == Bash {
			sh.warn("can only be used in a function")
			return 1
		}
		return sh.fatal(2, "not in a function")
	}
	if sh.d == Bash {
		return sh.declareWith(args, true)
	}
	for _, d := range args {
		if d.option != "" {
			d.name = d.option
		}
		if d.name == "-" {
			continue
		}
		if !isName(d.name) {
			return sh.badName(d)
		}
		if !sh.makeLocal(d.name) {
			return sh.status
		}
		if d.valued && !sh.give(d) {
			return sh.status
		}
	}
	return 0
}

func (sh *shell) declare(args []declared) int { return sh.declareWith(args, sh.fn != nil) }

// declareWith is declare, typeset and bash's local.
func (sh *shell) declareWith(args []declared, local bool) int {
	on, off := "", ""
	for _, d := range args {
		if d.option == "" {
			continue
		}
		for _, c := range d.option[1:] {
			if !strings.ContainsRune("aAfFgilnprtuxI", c) {
				return sh.illegalOption(d.option[:1]+string(c), sh.builtinName+" [-aAfFgiIlnrtux] [-p] [name[=value] ...]")
			}
			if d.option[0] == '-' {
				on += string(c)
			} else {
				off += string(c)
			}
		}
	}
	if strings.Contains(on, "g") {
		local = false
	}
	has := func(c byte) bool { return strings.IndexByte(on, c) >= 0 }
	names := slices.DeleteFunc(slices.Clone(args), func(d declared) bool { return d.option != "" })
	switch {
	case has('f') || has('F'):
		return sh.declareFunctions(names, has('F'))
	case has('p') || len(names) == 0:
		return sh.declarePrint(names, on)
	}
	status := 0
	for _, d := range names {
		if !isName(d.name) {
			status = sh.badName(d)
			continue
		}
		if local && !sh.makeLocal(d.name) {
			return sh.status
		}
		if has('n') && d.valued {
			sh.change(d.name, func(v *variable) { v.kind, v.value, v.isSet = reference, d.value, true })
			continue
		}
		if v := sh.vars[d.name]; v != nil && v.readonly && (d.valued || strings.Contains(off, "r")) {
			sh.builtinName = ""
			sh.warn("%s: readonly variable", d.name)
			return 1
		}
		sh.change(d.name, func(v *variable) {
			switch {
			case has('A') && v.kind != associative:
				v.kind, v.list = associative, nil
				if v.isSet {
					v.list = []element{{key: "0", value: v.value}}
				}
			case has('a') && v.kind == scalar:
				v.kind = indexed
				if v.isSet {
					v.list = []element{{value: v.value}}
				}
			}
			for _, f := range []struct {
				letter string
				field  *bool
			}{{"i", &v.integer}, {"l", &v.lower}, {"u", &v.upper}, {"x", &v.exported}} {
				if strings.Contains(on, f.letter) {
					*f.field = true
				}
				if strings.Contains(off, f.letter) {
					*f.field = false
				}
			}
		})
		if d.valued && !sh.give(d) {
			return sh.status
		}
		if has('r') {
			sh.change(d.name, func(v *variable) { v.readonly = true })
		}
	}
	return status
}

func (sh *shell) declarePrint(names []declared, on string) int {
	on = strings.ReplaceAll(on, "p", "")
	status := 0
	if len(names) == 0 {
		if on == "" && sh.builtinName != "local" {
			if len(sh.names()) > 0 {
				return sh.listVars()
			}
		}
		for _, name := range sh.names() {
			v := sh.vars[name]
			flags := strings.Fields(v.describe(name))[1]
			if strings.ContainsAny(flags, on) {
				sh.print(v.describe(name) + "\n")
			}
		}
		return 0
	}
	for _, d := range names {
		v := sh.vars[d.name]
		if v == nil {
			sh.warn("%s: not found", d.name)
			status = 1
			continue
		}
		sh.print(v.describe(d.name) + "\n")
	}
	return status
}

func (sh *shell) declareFunctions(names []declared, short bool) int {
	status := 0
	if len(names) == 0 {
		all := make([]string, 0, len(sh.funcs))
		for n := range sh.funcs {
			all = append(all, n)
		}
		slices.Sort(all)
		for _, n := range all {
			if short {
				sh.print("declare -f " + n + "\n")
			} else {
				sh.print(sh.funcs[n].print() + "\n")
			}
		}
		return 0
	}
	for _, d := range names {
		f := sh.funcs[d.name]
		switch {
		case f == nil:
			status = 1
		case short:
			sh.print(d.name + "\n")
		default:
			sh.print(f.print() + "\n")
		}
	}
	return status
}

func unsetBuiltin(sh *shell, args []string) int {
	args = args[1:]
	functions, variables := false, false
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		switch args[0] {
		case "-f":
			functions = true
		case "-v":
			variables = true
		case "-n", "--":
		default:
			status := sh.illegalOption(args[0], "unset [-f] [-v] [-n] [name ...]")
			if sh.d != Bash {
				sh.exit(status)
			}
			return status
		}
		args = args[1:]
	}
	status := 0
	for _, name := range args {
		if functions {
			delete(sh.funcs, name)
			continue
		}
		if base, key, ok := strings.Cut(name, "["); ok && sh.d == Bash && strings.HasSuffix(key, "]") {
			sh.unsetElement(base, strings.TrimSuffix(key, "]"))
			continue
		}
		if !isName(name) {
			if sh.d == Bash {
				delete(sh.funcs, name)
				continue
			}
			return sh.fatal(2, "%s: bad variable name", name)
		}
		to := sh.resolve(name)
		v := sh.vars[to]
		if v == nil {
			if !variables && sh.d == Bash {
				delete(sh.funcs, name)
			}
			continue
		}
		if v.readonly {
			if sh.d == Bash {
				sh.warn("%s: cannot unset: readonly variable", name)
				status = 1
				continue
			}
			return sh.fatal(2, "%s: is read only", name)
		}
		sh.drop(to)
	}
	return status
}

func letBuiltin(sh *shell, args []string) int {
	if len(args) < 2 {
		return sh.fail(1, "expression expected")
	}
	var n int64
	for _, a := range args[1:] {
		v, ok := sh.arithText(a)
		if !ok {
			if sh.ctl == doDiscard {
				sh.ctl = goOn
			}
			return 1
		}
		n = v
	}
	return int(truth(n == 0))
}
