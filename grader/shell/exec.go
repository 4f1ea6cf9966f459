package shell

import (
	"fmt"
	"io"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// source runs a text in this shell, line by line.
func (sh *shell) source(text string, from origin) {
	p := load(sh.d, text, from)
	if p.warned > 0 && sh.d == Bash {
		sh.line = p.warned
		defer func(old *program) { sh.prog = old }(sh.prog)
		sh.prog = p
		fmt.Fprintf(sh.fds.writer(2), "%s: line %d: warning: here-document at line %d delimited by end-of-file (wanted `%s')\n",
			sh.errorName(), strings.Count(strings.TrimSuffix(text, "\n"), "\n")+1, p.warned, p.wanted)
	}
	old := sh.prog
	sh.prog = p
	defer func() { sh.prog = old }()
	for _, g := range p.groups {
		if sh.opts.has(optVerbose) {
			lines := strings.Split(p.text, "\n")
			io.WriteString(sh.fds.writer(2), strings.Join(lines[max(g.first-1, 0):min(g.last, len(lines))], "\n")+"\n")
		}
		if sh.opts.has(optNoexec) && !sh.sub {
			continue
		}
		sh.stmts(g.stmts)
		if sh.ctl == doDiscard && !sh.sub {
			sh.ctl = goOn
		}
		if sh.ctl != goOn {
			break
		}
	}
	if sh.ctl == doReturn && sh.fn == nil && !from.dot && !from.eval {
		sh.ctl = doExit
	}
	if sh.ctl == goOn && p.err != nil {
		sh.syntaxError(p.err)
	}
}

func (sh *shell) stmts(list []*syntax.Stmt) {
	for _, s := range list {
		sh.stmt(s)
		if sh.ctl != goOn {
			return
		}
	}
}

// stmt runs a statement and leaves its status in sh.status.
func (sh *shell) stmt(s *syntax.Stmt) {
	if !sh.tick() {
		return
	}
	switch {
	case s.Background || s.Disown:
		sh.background(s)
	case s.Negated:
		sh.tested++
		sh.command(s)
		sh.tested--
		if sh.ctl == goOn {
			sh.status = not(sh.status)
		}
	default:
		sh.command(s)
		if sh.status != 0 && sh.ctl == goOn && sh.tested == 0 && sh.mayEnd(s) {
			sh.failed()
		}
	}
}

func not(status int) int {
	if status == 0 {
		return 1
	}
	return 0
}

// mayEnd says whether a failure of the statement ends a shell under -e: not of a list, whose last command was judged itself.
func (sh *shell) mayEnd(s *syntax.Stmt) bool {
	switch c := s.Cmd.(type) {
	case *syntax.BinaryCmd:
		return c.Op == syntax.Pipe || c.Op == syntax.PipeAll
	case nil, *syntax.CallExpr, *syntax.Subshell, *syntax.ArithmCmd, *syntax.TestClause, *syntax.DeclClause, *syntax.LetClause:
		return true
	}
	return len(s.Redirs) > 0 && sh.d != Ash
}

// failed runs the ERR trap and ends a shell under -e.
func (sh *shell) failed() {
	if action := sh.traps["ERR"]; action != "" && !sh.trapping && (sh.fn == nil && !sh.sub || sh.opts.has(optErrtrace)) {
		status := sh.status
		sh.trapping = true
		sh.evalTrap(action)
		sh.trapping = false
		if sh.ctl != goOn {
			return
		}
		sh.status = status
	}
	if sh.opts.has(optErrexit) {
		sh.exit(sh.status)
	}
}

// command runs a statement's command with its redirections, without regard to what else the statement says.
func (sh *shell) command(s *syntax.Stmt) {
	switch c := s.Cmd.(type) {
	case nil:
		sh.simple(s, nil)
		return
	case *syntax.CallExpr:
		sh.simple(s, c)
		return
	case *syntax.BinaryCmd, *syntax.FuncDecl:
		sh.compound(s.Cmd)
		return
	}
	if len(s.Redirs) == 0 {
		sh.compound(s.Cmd)
		return
	}
	sh.line = int(s.Pos().Line())
	undo, ok := sh.redirect(s.Redirs)
	if ok {
		sh.compound(s.Cmd)
	} else if sh.ctl == goOn {
		sh.status = sh.redirectStatus()
	}
	undo()
}

// redirectStatus is the status of a command whose redirection failed.
func (sh *shell) redirectStatus() int {
	if sh.d == Dash {
		return 2
	}
	return 1
}

func (sh *shell) compound(cmd syntax.Command) {
	switch c := cmd.(type) {
	case *syntax.BinaryCmd:
		sh.binary(c)
	case *syntax.Block:
		sh.stmts(c.Stmts)
	case *syntax.Subshell:
		sh.status = sh.inSubshell(func(s *shell) { s.stmts(c.Stmts) })
	case *syntax.IfClause:
		sh.ifClause(c)
	case *syntax.WhileClause:
		sh.while(c)
	case *syntax.ForClause:
		sh.forClause(c)
	case *syntax.CaseClause:
		sh.caseClause(c)
	case *syntax.FuncDecl:
		if c.Name == nil || c.Body == nil {
			sh.status = 2
			return
		}
		sh.hold(256)
		sh.funcs[c.Name.Value] = &function{name: c.Name.Value, body: c.Body, prog: sh.prog, source: sh.definedIn()}
		sh.status = 0
	case *syntax.ArithmCmd:
		sh.arithCommand(c)
	case *syntax.TestClause:
		sh.testClause(c)
	case *syntax.DeclClause:
		sh.declClause(c)
	case *syntax.LetClause:
		sh.letClause(c)
	case *syntax.TimeClause:
		start := sh.fs.Now()
		if c.Stmt != nil {
			sh.stmt(c.Stmt)
		} else {
			sh.status = 0
		}
		took := max(0, sh.fs.Now()-start) / 1e6
		if sh.d == Ash {
			fmt.Fprintf(sh.fds.writer(2), "real\t%dm %d.%02ds\nuser\t0m 0.00s\nsys\t0m 0.00s\n", took/60000, took/1000%60, took%1000/10)
			return
		}
		layout := "\nreal\t%dm%d.%03ds\nuser\t0m0.000s\nsys\t0m0.000s\n"
		if c.PosixFormat {
			fmt.Fprintf(sh.fds.writer(2), "real %d.%02d\nuser 0.00\nsys 0.00\n", took/1000, took%1000/10)
		} else {
			fmt.Fprintf(sh.fds.writer(2), layout, took/60000, took/1000%60, took%1000)
		}
	case *syntax.CoprocClause:
		sh.warn("coproc: not supported")
		sh.status = 1
	default:
		sh.status = 0
	}
}

// definedIn is the source that bash names in messages from within a function: its file, or "environment" where a string held it.
func (sh *shell) definedIn() string {
	if sh.d != Bash {
		return ""
	}
	if sh.fn != nil && sh.fn.source != "" {
		return sh.fn.source
	}
	if sh.prog.from.file != "" {
		return sh.prog.from.file
	}
	if sh.session.command {
		return "environment"
	}
	return sh.name
}

// test runs statements as a condition.
func (sh *shell) test(list []*syntax.Stmt) bool {
	sh.tested++
	sh.stmts(list)
	sh.tested--
	return sh.status == 0
}

func (sh *shell) binary(c *syntax.BinaryCmd) {
	switch c.Op {
	case syntax.AndStmt, syntax.OrStmt:
		sh.tested++
		sh.stmt(c.X)
		sh.tested--
		if sh.ctl == goOn && (sh.status == 0) == (c.Op == syntax.AndStmt) {
			sh.stmt(c.Y)
		}
	default:
		sh.pipeline(c)
	}
}

func (sh *shell) ifClause(c *syntax.IfClause) {
	for {
		if len(c.Cond) == 0 || sh.test(c.Cond) && sh.ctl == goOn {
			sh.stmts(c.Then)
			return
		}
		if sh.ctl != goOn {
			return
		}
		if c.Else == nil {
			sh.status = 0
			return
		}
		c = c.Else
	}
}

func (sh *shell) caseClause(c *syntax.CaseClause) {
	sh.line = int(c.Pos().Line())
	sh.expanding = 0
	if sh.opts.has(optXtrace) && sh.d == Bash {
		sh.traceLine("case " + sh.sourceOf([]*syntax.Word{c.Word}) + " in")
	}
	value := sh.expandString(c.Word)
	if sh.ctl != goOn {
		return
	}
	sh.status = 0
	through := false
	for _, item := range c.Items {
		matched := through
		for _, w := range item.Patterns {
			if matched {
				break
			}
			matched = sh.matches(sh.expandPattern(w), value)
			if sh.ctl != goOn {
				return
			}
		}
		if !matched {
			continue
		}
		through = false
		sh.stmts(item.Stmts)
		if sh.ctl != goOn {
			return
		}
		switch item.Op {
		case syntax.Fallthrough:
			through = true
		case syntax.Resume:
		default:
			return
		}
	}
}
