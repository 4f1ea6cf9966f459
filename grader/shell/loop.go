package shell

import (
	"fmt"
	"io"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

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
