package shell

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

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
