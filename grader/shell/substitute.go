package shell

import (
	"fmt"
	"strings"

	"drydock/grader/tree"
	"drydock/grader/vfs"

	"mvdan.cc/sh/v3/syntax"
)

// substitute runs $(…) and returns its output without the newlines at its end.
func (sh *shell) substitute(stmts []*syntax.Stmt) string {
	if sh.tooDeep() || !sh.mayFork() {
		return ""
	}
	if sh.d == Bash && len(stmts) == 1 { // $(<file)
		if s := stmts[0]; s.Cmd == nil && len(s.Redirs) == 1 && s.Redirs[0].Op == syntax.RdrIn && s.Redirs[0].N == nil {
			return sh.fileText(s.Redirs)
		}
	}
	out, f := newCapture()
	f.piped = true
	s := sh.fork()
	s.fds.open(1, f)
	s.expanding = sh.expanding
	s.traceDepth++
	if sh.d != Dash {
		s.opts.bits &^= optErrexit
	}
	if sh.shopt["inherit_errexit"] {
		s.opts.bits |= sh.opts.bits & optErrexit
	}
	s.stmts(stmts)
	if s.ctl == doReturn || s.ctl == doBreak || s.ctl == doContinue {
		s.ctl = goOn
	}
	sh.substs = s.end()
	if sh.d == Bash {
		sh.status = sh.substs
	}
	if sh.live.Load() > 0 {
		select { // what was started in the background may still write
		case <-out.done:
		case <-sh.ctx.Done():
			sh.killed()
		}
	}
	out.mu.Lock()
	text, full := string(out.buf), out.full
	out.mu.Unlock()
	if full {
		sh.outOfMemory()
		return ""
	}
	return strings.TrimRight(strings.ReplaceAll(text, "\x00", ""), "\n")
}

// fileText is $(<file).
func (sh *shell) fileText(redirs []*syntax.Redirect) string {
	undo, ok := sh.redirect(redirs)
	defer undo()
	if !ok {
		sh.substs = 1
		return ""
	}
	sh.substs = 0
	data, _ := readAll(sh.fds.reader(0), maxMemory/2)
	return strings.TrimRight(string(data), "\n")
}

// processSubstitution runs <(…) to its end and returns the path of a file that holds its output, or for >(…) of one whose content is its
// input once the command is done.
func (sh *shell) processSubstitution(p *syntax.ProcSubst) string {
	if sh.tooDeep() {
		return ""
	}
	n := sh.pipes.Add(1)
	if n > 64 {
		sh.warn("process substitution: too many open files")
		sh.exit(1)
		return ""
	}
	name := fmt.Sprintf("/dev/fd/%d", 64-n)
	if err := sh.pipeFile(name); err != nil {
		sh.warn("cannot make pipe for process substitution: %s", vfs.Message(err))
		sh.discardLine()
		return ""
	}
	if p.Op == syntax.CmdOut {
		prog := sh.prog
		sh.pending = append(sh.pending, func() {
			s := sh.fork()
			s.prog = prog
			data, _ := sh.fs.ReadFile(name)
			s.ctl, s.traps = goOn, nil
			s.fds.open(0, newFile(strings.NewReader(string(data)), nil, nil))
			s.stmts(p.Stmts)
			s.end()
		})
		return name
	}
	f, ok := sh.openTarget(name, syntax.RdrOut)
	if !ok {
		return ""
	}
	s := sh.fork()
	s.fds.open(1, f)
	s.stmts(p.Stmts)
	s.end()
	return name
}

func (sh *shell) discardLine() {
	if sh.ctl == goOn {
		sh.ctl, sh.status = doDiscard, 1
	}
}

// pipeFile makes an empty file in /dev/fd, which lies on a mount of its own and so leaves no trace in the image.
func (sh *shell) pipeFile(name string) error {
	root := *sh.fs
	root.Cred = vfs.Cred{}
	if m := root.MountAt("/dev/fd"); m == nil || m.At != "/dev/fd" {
		root.Mount(vfs.Mount{At: "/dev/fd", Tree: tree.Begin(tree.NewDir(0o555)), Kind: "proc"})
	}
	o, err := root.Open(name, vfs.Write|vfs.Create|vfs.Truncate, 0o666)
	if err != nil {
		return err
	}
	o.Close()
	return root.Chmod(name, 0o666)
}
