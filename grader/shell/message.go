package shell

import (
	"fmt"
	"io"
	"path"
)

// tooDeep ends the shell where functions, substitutions or evals are nested beyond reason.
func (sh *shell) tooDeep() bool {
	if sh.depth < maxDepth {
		return false
	}
	switch sh.d {
	case Bash:
		sh.warn("maximum nesting level exceeded (%d)", maxDepth)
	case Ash:
		sh.warn("maximum recursion depth (%d) reached", maxDepth)
	default:
		sh.warn("Maximum function recursion depth (%d) reached", maxDepth)
	}
	sh.exit(2)
	return true
}

// hold accounts for bytes that are kept, and ends the shell beyond the allowance.
func (sh *shell) hold(n int) bool {
	sh.spent += int64(n)
	if sh.memory.Add(int64(n))+sh.expanding > maxMemory && n > 0 {
		sh.outOfMemory()
		return false
	}
	return true
}

// make accounts for bytes that an expansion made and that are dropped with its command.
func (sh *shell) make(n int) bool {
	sh.expanding += int64(n)
	if sh.steps++; sh.steps&255 == 0 && sh.ctx.Err() != nil {
		sh.killed()
		return false
	}
	if sh.expanding+sh.memory.Load() > maxMemory {
		sh.outOfMemory()
		return false
	}
	return true
}

func (sh *shell) outOfMemory() {
	if sh.ctl == doExit {
		return
	}
	switch sh.d {
	case Bash:
		sh.warn("xrealloc: cannot allocate memory")
	default:
		sh.warn("cannot allocate memory")
	}
	sh.traps = nil
	sh.exit(2)
}

// warn prints a message to standard error, headed as the dialect does.
func (sh *shell) warn(format string, a ...any) {
	msg := fmt.Sprintf(format, a...)
	var head string
	switch sh.d {
	case Dash:
		head = fmt.Sprintf("%s: %d: ", sh.name, sh.lineNo())
		if sh.builtinName != "" {
			head += sh.builtinName + ": "
		}
	case Ash:
		head = sh.name + ": "
		if sh.builtinName != "" {
			if sh.builtinName != sh.name {
				head += sh.builtinName + ": "
			}
			head += fmt.Sprintf("line %d: ", sh.lineNo())
		}
	case Bash:
		head = fmt.Sprintf("%s: line %d: ", sh.errorName(), sh.lineNo())
		if sh.builtinName != "" {
			head += sh.builtinName + ": "
		}
	}
	io.WriteString(sh.fds.writer(2), head+msg+"\n")
}

// applet prints a message as busybox's applets do, headed by the program's base name alone.
func (sh *shell) applet(format string, a ...any) {
	fmt.Fprintf(sh.fds.writer(2), "%s: %s\n", path.Base(sh.name), fmt.Sprintf(format, a...))
}

// errorName is what heads bash's messages: $0, or the file that the running function or sourced script came from.
func (sh *shell) errorName() string {
	if sh.fn != nil && sh.fn.source != "" {
		return sh.fn.source
	}
	if sh.prog != nil && sh.prog.from.file != "" {
		return sh.prog.from.file
	}
	return sh.name
}

// lineNo is the line as the dialect counts it in messages.
func (sh *shell) lineNo() int {
	n := sh.line
	switch sh.d {
	case Ash:
		if sh.prog != nil && sh.prog.from.file == "" {
			n--
		}
	case Bash:
		n += sh.base
	}
	return max(n, 0)
}

// fatal prints a message and ends the shell, as dash and ash do for errors in special builtins and expansions. An ordinary builtin only fails.
func (sh *shell) fatal(status int, format string, a ...any) int {
	sh.warn(format, a...)
	sh.exit(status)
	sh.raised = true
	return status
}

// discard prints a message and gives up the line in bash, the shell elsewhere.
func (sh *shell) discard(format string, a ...any) int {
	sh.warn(format, a...)
	if sh.d != Bash {
		sh.exit(2)
		return 2
	}
	sh.ctl, sh.status = doDiscard, 1
	return 1
}

// fail prints a message and returns the status of a builtin that was used wrongly: 2, or what bash has.
func (sh *shell) fail(bash int, format string, a ...any) int {
	sh.warn(format, a...)
	if sh.d == Bash {
		return bash
	}
	return 2
}
