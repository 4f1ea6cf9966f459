package shell

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// assignment is name=value, expanded.
type assignment struct {
	name   string
	value  string
	append bool
	from   *syntax.Assign // where it needs more: an index, an array
}

// simple runs a simple command: it expands its words, then redirects, then assigns, then runs.
func (sh *shell) simple(s *syntax.Stmt, call *syntax.CallExpr) {
	if !sh.pinned {
		sh.line = int(s.Pos().Line())
	}
	sh.expanding, sh.substs = 0, 0
	var args []string
	var assigns []*syntax.Assign
	if call != nil {
		if !sh.pinned {
			sh.line, sh.lastLine = int(call.Pos().Line()), int(call.End().Line())
		}
		assigns = call.Assigns
		if len(call.Args) > 0 {
			if len(sh.alias) > 0 && sh.runAlias(s, call) {
				return
			}
			if sh.d == Dash {
				args = sh.commandWords(call.Args)
			} else {
				args = sh.fields(call.Args)
			}
			if sh.ctl != goOn {
				return
			}
		}
		if sh.d == Ash {
			assigns, args = sh.plainAssigns(assigns, args)
		}
	}
	trace := sh.opts.has(optXtrace)
	var stderr *file
	if trace {
		if stderr = sh.fds.get(2); stderr != nil {
			stderr.dup()
			defer stderr.drop()
		}
	}
	undo, ok := func() {}, true
	if len(s.Redirs) > 0 {
		undo, ok = sh.redirect(s.Redirs)
	}
	if !ok {
		undo()
		if sh.ctl == goOn {
			sh.status = sh.redirectStatus()
			if len(args) > 0 && sh.d != Bash && isSpecial(args[0]) {
				sh.exit(sh.status)
			}
		}
		return
	}
	if len(args) == 1 && args[0] == "exec" || len(args) == 2 && args[0] == "exec" && args[1] == "--" {
		undo = func() {}
	}
	if len(args) == 0 {
		sh.assignAll(assigns, trace, stderr)
		undo()
		if sh.ctl == goOn {
			sh.status = sh.substs
		}
		return
	}
	vals, ok := sh.expandAssigns(assigns)
	if !ok {
		undo()
		return
	}
	if trace {
		sh.traceCall(stderr, vals, args)
	}
	sh.last = call == sh.prog.last && sh.prog.from.command
	sh.status = sh.invoke(args, vals, true)
	sh.last = false
	undo()
}

// plainAssigns makes words again of what ash does not read as assignments: name+=value and name[index]=value.
func (sh *shell) plainAssigns(assigns []*syntax.Assign, args []string) ([]*syntax.Assign, []string) {
	for i, a := range assigns {
		if !a.Append && a.Index == nil {
			continue
		}
		var words []string
		for _, a := range assigns[i:] {
			from, to := a.Pos().Offset(), a.End().Offset()
			text := sh.prog.text[from:min(to, uint(len(sh.prog.text)))]
			if a.Value != nil {
				if v := a.Value.Pos().Offset(); v >= from && v <= to {
					text = sh.prog.text[from:v]
				}
				text += sh.expandString(a.Value)
			}
			words = append(words, text)
		}
		return assigns[:i], append(words, args...)
	}
	return assigns, args
}

// expandAssigns expands the assignments before a command; each sees those before it.
func (sh *shell) expandAssigns(assigns []*syntax.Assign) ([]assignment, bool) {
	vals := make([]assignment, 0, len(assigns))
	var old []saved
	for i, a := range assigns {
		v := assignment{name: a.Name.Value, append: a.Append, from: a}
		if a.Value != nil {
			v.value = sh.expandAssign(a.Value)
		}
		vals = append(vals, v)
		if i < len(assigns)-1 && sh.ctl == goOn {
			if before := sh.vars[v.name]; before == nil || !before.readonly {
				old = append(old, saved{v.name, before})
				sh.set(v.name, v.value)
			}
		}
	}
	for i := len(old) - 1; i >= 0; i-- {
		sh.restore(old[i])
	}
	return vals, sh.ctl == goOn
}

// assignAll sets variables for good.
func (sh *shell) assignAll(assigns []*syntax.Assign, trace bool, stderr *file) {
	var shown []assignment
	for _, a := range assigns {
		v, ok := sh.assign(a)
		if !ok {
			return
		}
		if trace {
			shown = append(shown, v)
		}
	}
	if len(shown) > 0 {
		sh.traceCall(stderr, shown, nil)
	}
}

// invoke runs a function, builtin or program with assignments that last as long as it does. functions says whether functions count.
func (sh *shell) invoke(args []string, assigns []assignment, functions bool) int {
	name := args[0]
	if sh.d == Bash {
		sh.lastArg = args[len(args)-1]
	}
	if f := sh.funcs[name]; f != nil && functions {
		restore, ok := sh.assignFor(assigns)
		defer restore()
		if !ok {
			return sh.status
		}
		return sh.callFunction(f, args)
	}
	if b, ok := sh.builtin(name); ok {
		restore, ok := sh.assignFor(assigns)
		if !b.special || sh.d == Bash {
			defer restore()
		}
		if !ok {
			return sh.status
		}
		return sh.runBuiltin(b, args)
	}
	if len(assigns) == 0 {
		return sh.external(args, sh.environ())
	}
	restore, ok := sh.assignFor(assigns)
	defer restore()
	if !ok {
		return sh.status
	}
	return sh.external(args, sh.environ())
}

func (sh *shell) runBuiltin(b builtin, args []string) int {
	old := sh.builtinName
	sh.builtinName = args[0]
	status := b.run(sh, args)
	sh.builtinName = old
	if sh.ctl == doExit {
		if sh.raised && !b.special && sh.d != Bash {
			sh.ctl, sh.raised = goOn, false
		}
		return sh.status
	}
	return status
}

// assignFor sets variables as exported for one command and returns what undoes it.
func (sh *shell) assignFor(assigns []assignment) (restore func(), ok bool) {
	if len(assigns) == 0 {
		return func() {}, true
	}
	old := make([]saved, 0, len(assigns))
	restore = func() {
		for i := len(old) - 1; i >= 0; i-- {
			sh.restore(old[i])
		}
	}
	for _, a := range assigns {
		old = append(old, saved{a.name, sh.vars[a.name]})
		value := a.value
		if a.append {
			prev, _ := sh.lookup(a.name)
			value = prev + value
		}
		if !sh.set(a.name, value) {
			return restore, false
		}
		sh.change(a.name, func(v *variable) { v.exported = true })
	}
	return restore, true
}

// callFunction runs a function with parameters of its own.
func (sh *shell) callFunction(f *function, args []string) int {
	if sh.tooDeep() {
		return sh.status
	}
	params, prog, loops, cmd := sh.params, sh.prog, sh.loops, sh.builtinName
	frame := &frame{up: sh.fn, name: f.name, source: f.source}
	sh.params, sh.prog, sh.loops, sh.fn = args[1:], f.prog, 0, frame
	if sh.d == Bash {
		sh.builtinName = ""
	}
	getopt := sh.getopt
	sh.depth++
	sh.stmt(f.body)
	sh.depth--
	for i := len(frame.locals) - 1; i >= 0; i-- {
		sh.restore(frame.locals[i])
	}
	sh.getopt = getopt
	sh.params, sh.prog, sh.loops, sh.fn, sh.builtinName = params, prog, loops, frame.up, cmd
	if sh.ctl == doReturn {
		sh.ctl = goOn
	}
	return sh.status
}

// runAlias runs a command whose first word is an alias, with its text put in place of the word. Shells that are not interactive know
// aliases in dash and ash only.
func (sh *shell) runAlias(s *syntax.Stmt, call *syntax.CallExpr) bool {
	if sh.d == Bash && !sh.shopt["expand_aliases"] || sh.depth > maxDepth/2 {
		return false
	}
	name := call.Args[0].Lit()
	text, ok := sh.alias[name]
	if !ok || name == "" {
		return false
	}
	from, to := int(call.Args[0].End().Offset()), int(s.End().Offset())
	if s.Semicolon.IsValid() {
		to = int(s.Semicolon.Offset())
	}
	if from > to || to > len(sh.prog.text) {
		return false
	}
	rest := sh.prog.text[from:to]
	if len(call.Assigns) > 0 {
		start := int(call.Pos().Offset())
		text = sh.prog.text[start:int(call.Args[0].Pos().Offset())] + text
	}
	delete(sh.alias, name) // an alias is not expanded within itself
	sh.depth++
	sh.source(text+rest, origin{eval: true})
	sh.depth--
	if sh.alias != nil {
		if _, redefined := sh.alias[name]; !redefined {
			sh.alias[name] = sh.aliasText(text, call)
		}
	}
	return true
}

func (sh *shell) aliasText(text string, call *syntax.CallExpr) string {
	if len(call.Assigns) == 0 {
		return text
	}
	start := int(call.Pos().Offset())
	return strings.TrimPrefix(text, sh.prog.text[start:int(call.Args[0].Pos().Offset())])
}
