package shell

import (
	"context"
	"errors"
	"io/fs"
	"strconv"
	"strings"
	"syscall"

	"drydock/grader/tool"
	"drydock/grader/vfs"

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

// external runs a program.
func (sh *shell) external(args []string, env tool.Env) int {
	if sh.ctx.Err() != nil {
		sh.killed()
		return sh.status
	}
	if sh.d == Bash {
		env = sh.bashEnviron(args[0], env)
	}
	if _, exported := env.Lookup("PATH"); !exported && !strings.Contains(args[0], "/") {
		path, _ := sh.lookup("PATH")
		p, err := tool.Find(sh.fs, tool.Env{"PATH=" + path}, args[0])
		if path == "" && err == nil || err != nil {
			c, ctx, finish := sh.child(args, env)
			defer finish()
			if path == "" && sh.d == Bash {
				sh.warn("%s: No such file or directory", args[0])
				return 127
			}
			if err == nil {
				err = &fs.PathError{Op: "exec", Path: args[0], Err: syscall.ENOENT}
			}
			return sh.notRun(ctx, c, args, err, "")
		}
		args = append([]string{p}, args[1:]...)
	}
	c, ctx, finish := sh.child(args, env)
	defer finish()
	status, err := c.Exec(ctx)
	if err != nil {
		return sh.notRun(ctx, c, args, err, "")
	}
	return sh.ended(ctx, status)
}

// bashEnviron adds what bash tells only its children: in _ the path of what is run. The last command of a string is run in place of the shell,
// which then no longer counts in SHLVL.
func (sh *shell) bashEnviron(name string, env tool.Env) tool.Env {
	p, err := tool.Find(sh.fs, env, name)
	if err != nil {
		return env
	}
	if sh.last && !sh.sub && sh.fn == nil && len(sh.traps) == 0 {
		if level, ok := parseInt(env.Get("SHLVL")); ok {
			env = env.With("SHLVL", strconv.FormatInt(level-1, 10))
		}
	}
	return append(env[:len(env):len(env)], "_="+p)
}

// ended returns a program's status, 141 where a broken pipe ended it.
func (sh *shell) ended(ctx context.Context, status int) int {
	if sh.ctx.Err() != nil {
		sh.killed()
		return sh.status
	}
	if ctx.Err() != nil && errors.Is(context.Cause(ctx), errBrokenPipe) {
		return 141
	}
	return status & 0xff
}

// child makes a call of a program with this shell's descriptors, environment and view.
func (sh *shell) child(args []string, env tool.Env) (*tool.Call, context.Context, func()) {
	c := *sh.call
	c.Args, c.Path, c.Program, c.Env = args, "", nil, env
	view := *sh.fs
	c.FS = &view
	c.Stdin, c.Stdout, c.Stderr = sh.fds.reader(0), sh.fds.writer(1), sh.fds.writer(2)
	out, errs := sh.fds.get(1), sh.fds.get(2)
	if (out == nil || !out.piped) && (errs == nil || !errs.piped) {
		return &c, sh.ctx, func() {}
	}
	ctx, cancel := context.WithCancelCause(sh.ctx)
	if out != nil && out.piped {
		c.Stdout = &watched{out, cancel}
	}
	if errs == out && out != nil {
		c.Stderr = c.Stdout
	} else if errs != nil && errs.piped {
		c.Stderr = &watched{errs, cancel}
	}
	return &c, ctx, func() { cancel(nil) }
}

// notRun reports why a program could not be started and returns the status for it; a file that is no program is run as a script.
func (sh *shell) notRun(ctx context.Context, c *tool.Call, args []string, err error, via string) int {
	name := args[0]
	text := vfs.Message(err)
	var pe *fs.PathError
	p := name
	if errors.As(err, &pe) {
		p = pe.Path
	}
	missing := errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) && sh.d != Bash
	if errors.Is(err, syscall.ENOEXEC) {
		return sh.runScript(ctx, c, args, p)
	}
	old := sh.builtinName
	defer func() { sh.builtinName = old }()
	if via != "" {
		sh.builtinName = via
	}
	if !missing {
		if sh.d == Bash {
			switch {
			case sh.fs.IsDir(p):
				text = "Is a directory"
			case errors.Is(err, syscall.ELOOP):
				text = "bad interpreter: Too many levels of symbolic links"
			}
			if interp := sh.interpreter(p); interp != "" && sh.fs.Access(p, 1) == nil {
				name = p
				text = interp + ": bad interpreter: " + vfs.Message(err)
			}
		}
		sh.warn("%s: %s", name, text)
		return 126
	}
	switch {
	case sh.d == Bash && strings.Contains(p, "/") && (strings.Contains(name, "/") || p != name):
		if sh.fs.Exists(p) {
			sh.warn("%s: cannot execute: required file not found", name)
			return 127
		}
		sh.warn("%s: %s", name, text)
	case sh.d == Bash && via == "":
		sh.warn("%s: command not found", name)
	default:
		sh.warn("%s: not found", name)
	}
	return 127
}

// interpreter returns what a script's #! line names.
func (sh *shell) interpreter(p string) string {
	content, err := sh.fs.Content(p)
	if err != nil {
		return ""
	}
	data, ok := content.Known()
	if !ok || len(data) < 2 || string(data[:2]) != "#!" {
		return ""
	}
	line, _, _ := strings.Cut(string(data[2:min(len(data), 256)]), "\n")
	line = strings.TrimLeft(line, " \t")
	if i := strings.IndexAny(line, " \t"); i >= 0 {
		line = line[:i]
	}
	return line
}

// runScript runs a file without a #! line in a fresh shell of the same dialect.
func (sh *shell) runScript(ctx context.Context, c *tool.Call, args []string, p string) int {
	data, err := sh.fs.ReadFile(p)
	if err != nil {
		if errors.Is(err, syscall.EACCES) {
			sh.warn("%s: Permission denied", args[0])
			return 126
		}
		sh.warn("%s: Exec format error", args[0])
		return 126
	}
	content, _ := sh.fs.Content(p)
	if content.Fact("elf") != "" || looksBinary(data) {
		switch sh.d {
		case Bash:
			sh.warn("%s: cannot execute binary file: Exec format error", args[0])
			return 126
		case Dash:
			sh.warn("%s: Exec format error", args[0])
			return 126
		}
		sh.warn("%s: Exec format error", args[0])
		return 126
	}
	inv := &invocation{dialect: sh.d, call: c, script: string(data), file: p, name: p, params: args[1:]}
	if !strings.Contains(args[0], "/") {
		inv.name = p
	} else {
		inv.name = args[0]
		inv.file = args[0]
	}
	return sh.ended(ctx, inv.run(ctx))
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
