package shell

import (
	"context"
	"errors"
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

// left decides what follows a loop's body: whether to leave the loop.
func (sh *shell) left() bool {
	switch sh.ctl {
	case goOn:
		return false
	case doBreak, doContinue:
		if sh.levels--; sh.levels > 0 {
			return true
		}
		leave := sh.ctl == doBreak
		sh.ctl = goOn
		return leave
	}
	return true
}

func (sh *shell) while(c *syntax.WhileClause) {
	sh.loops++
	defer func() { sh.loops-- }()
	status := 0
	for sh.tick() {
		ok := sh.test(c.Cond)
		if sh.ctl != goOn {
			if sh.left() {
				break
			}
			continue
		}
		if ok == c.Until {
			break
		}
		sh.stmts(c.Do)
		status = sh.status
		if sh.left() {
			break
		}
	}
	if sh.ctl == goOn || sh.ctl == doBreak || sh.ctl == doContinue {
		sh.status = status
	}
}

func (sh *shell) forClause(c *syntax.ForClause) {
	sh.loops++
	defer func() { sh.loops-- }()
	switch loop := c.Loop.(type) {
	case *syntax.CStyleLoop:
		sh.cLoop(c, loop)
	case *syntax.WordIter:
		sh.line = int(c.Pos().Line())
		items := sh.params
		if loop.InPos.IsValid() {
			sh.expanding = 0
			items = sh.fields(loop.Items)
		} else {
			items = append([]string(nil), items...)
		}
		if sh.ctl != goOn {
			return
		}
		if !isName(loop.Name.Value) {
			sh.warn("`%s': not a valid identifier", loop.Name.Value)
			sh.status = 1
			return
		}
		if c.Select {
			sh.selectLoop(c, loop.Name.Value, items)
			return
		}
		sh.status = 0
		for _, item := range items {
			if !sh.tick() {
				return
			}
			if sh.opts.has(optXtrace) && sh.d == Bash {
				sh.traceLine("for " + loop.Name.Value + " in " + sh.sourceOf(loop.Items))
			}
			if !sh.set(loop.Name.Value, item) {
				return
			}
			sh.stmts(c.Do)
			if sh.left() {
				return
			}
		}
	}
}

func (sh *shell) cLoop(c *syntax.ForClause, loop *syntax.CStyleLoop) {
	step := func(x syntax.ArithmExpr) (int64, bool) {
		if x == nil {
			return 1, true
		}
		if sh.opts.has(optXtrace) {
			sh.traceLine("(( " + sh.formulaText(x) + " ))")
		}
		return sh.arith(x)
	}
	if _, ok := step(loop.Init); !ok {
		sh.status = 1
		return
	}
	status := 0
	for sh.tick() {
		v, ok := step(loop.Cond)
		if !ok {
			status = 1
			break
		}
		if v == 0 {
			break
		}
		sh.stmts(c.Do)
		status = sh.status
		if sh.left() {
			break
		}
		if _, ok := step(loop.Post); !ok {
			status = 1
			break
		}
	}
	if sh.ctl == goOn {
		sh.status = status
	}
}

// selectLoop prints the menu and reads answers until the input ends.
func (sh *shell) selectLoop(c *syntax.ForClause, name string, items []string) {
	sh.status = 0
	if len(items) == 0 {
		return
	}
	menu := func() {
		var b strings.Builder
		for i, item := range items {
			fmt.Fprintf(&b, "%d) %s\n", i+1, item)
		}
		io.WriteString(sh.fds.writer(2), b.String())
	}
	menu()
	for sh.tick() {
		prompt, ok := sh.lookup("PS3")
		if !ok {
			prompt = "#? "
		}
		io.WriteString(sh.fds.writer(2), prompt)
		line, ended := sh.readLine(sh.fds.reader(0), '\n', true, 0)
		if ended && line.text == "" {
			io.WriteString(sh.fds.writer(1), "\n")
			sh.status = 1
			return
		}
		sh.set("REPLY", line.text)
		if line.text == "" {
			menu()
			continue
		}
		choice := ""
		if n, ok := parseInt(line.text); ok && n >= 1 && int(n) <= len(items) {
			choice = items[n-1]
		}
		sh.set(name, choice)
		sh.stmts(c.Do)
		if sh.left() {
			return
		}
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

// pipeline runs the parts of a | b | c at the same time, each in a subshell, the last in this goroutine.
func (sh *shell) pipeline(c *syntax.BinaryCmd) {
	parts, all := flatten(c)
	if sh.tooDeep() || !sh.mayFork() {
		return
	}
	if len(parts) > maxJobs {
		if sh.ctl == goOn {
			sh.warn("Cannot fork")
			sh.exit(2)
		}
		return
	}
	statuses := make([]int, len(parts))
	finished := make(chan struct{}, len(parts))
	var in *file
	var turn chan struct{}
	for i, part := range parts {
		s := sh.fork()
		wait := turn
		if sh.opts.has(optXtrace) && i < len(parts)-1 { // traces come in the order of the parts
			turn = make(chan struct{})
			s.traced = turn
		}
		if in != nil {
			s.fds.open(0, in)
			in = nil
		}
		last := i == len(parts)-1
		if !last {
			r, w := newPipe(sh.ctx)
			s.fds.open(1, w)
			if all[i] {
				s.fds.open(2, w.dup())
			}
			in = r
		}
		ctx, cancel := context.WithCancelCause(sh.ctx)
		s.ctx = ctx
		run := func(s *shell) {
			if wait != nil {
				select {
				case <-wait:
				case <-ctx.Done():
				}
			}
			s.part(part)
			s.hasTraced()
		}
		if !last {
			sh.spawn(s, run, func(status int) { cancel(nil); s.hasTraced(); statuses[i] = status; finished <- struct{}{} })
			continue
		}
		run(s)
		statuses[i] = s.end()
		cancel(nil)
	}
	for range len(parts) - 1 {
		<-finished
	}
	sh.status = statuses[len(statuses)-1]
	if sh.opts.has(optPipefail) {
		for _, st := range statuses {
			if st != 0 {
				sh.status = st
			}
		}
	}
	sh.pipestat = statuses
	if sh.ctx.Err() != nil {
		sh.killed()
	}
}

// hasTraced lets the next part of a traced pipeline begin.
func (sh *shell) hasTraced() {
	if sh.traced != nil {
		close(sh.traced)
		sh.traced = nil
	}
}

// part runs one command of a pipeline.
func (sh *shell) part(s *syntax.Stmt) {
	if s.Negated {
		sh.stmt(s)
		return
	}
	if sub, ok := s.Cmd.(*syntax.Subshell); ok && len(s.Redirs) == 0 {
		sh.stmts(sub.Stmts)
		return
	}
	sh.stmt(s)
}

// flatten returns a pipeline's parts, and for each whether its standard error goes along.
func flatten(c *syntax.BinaryCmd) (parts []*syntax.Stmt, all []bool) {
	add := func(s *syntax.Stmt) {
		if b, ok := s.Cmd.(*syntax.BinaryCmd); ok && !s.Negated && !s.Background && len(s.Redirs) == 0 && (b.Op == syntax.Pipe || b.Op == syntax.PipeAll) {
			p, a := flatten(b)
			parts, all = append(parts, p...), append(all, a...)
			return
		}
		parts, all = append(parts, s), append(all, false)
	}
	add(c.X)
	all[len(all)-1] = c.Op == syntax.PipeAll
	add(c.Y)
	return parts, all
}

// job is a background command.
type job struct {
	pid    int
	status int
	done   chan struct{}
	cancel context.CancelCauseFunc
}

// errKilled is the cause of a context that ends because a job was sent a signal.
type errKilled int

func (e errKilled) Error() string { return fmt.Sprintf("killed by signal %d", int(e)) }

func (sh *shell) background(s *syntax.Stmt) {
	if !sh.mayFork() || sh.tooDeep() {
		return
	}
	sub := sh.fork()
	ctx, cancel := context.WithCancelCause(sh.ctx)
	sub.ctx = ctx
	sub.tested = 0
	sub.fds.open(0, newFile(strings.NewReader(""), nil, nil))
	j := &job{pid: int(sh.pids.Add(1)), done: make(chan struct{}), cancel: cancel}
	if sh.children == nil {
		sh.children = map[int]*job{}
	}
	sh.children[j.pid] = j
	sh.lastJob = j.pid
	inner := *s
	inner.Background, inner.Disown = false, false
	sh.spawn(sub, func(sub *shell) { sub.part(&inner) }, func(status int) {
		var killed errKilled
		if errors.As(context.Cause(ctx), &killed) {
			status = 128 + int(killed)
		}
		j.status = status
		cancel(nil)
		close(j.done)
	})
	sh.status = 0
}

// wait waits for a job and returns its status.
func (sh *shell) wait(j *job) int {
	select {
	case <-j.done:
		return j.status
	case <-sh.ctx.Done():
		sh.killed()
		return sh.status
	}
}
