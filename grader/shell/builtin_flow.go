package shell

import (
	"strings"

	"drydock/grader/tool"
	"drydock/grader/vfs"
)

func breakBuiltin(sh *shell, args []string) int {
	n := 1
	if len(args) > 1 {
		v, ok := numeric(args[1])
		if sh.d == Bash && sh.loops == 0 {
			ok, v = true, 1
		}
		if !ok || v < 1 {
			if sh.d != Bash {
				return sh.fatal(2, "Illegal number: %s", args[1])
			}
			if ok {
				sh.warn("%s: loop count out of range", args[1])
				sh.ctl, sh.levels = doBreak, sh.loops
				return 1
			}
			return sh.fatal(128, "%s: numeric argument required", args[1])
		}
		n = v
	}
	if sh.loops == 0 {
		if sh.d == Bash {
			sh.warn("only meaningful in a `for', `while', or `until' loop")
		}
		return 0
	}
	sh.levels = min(n, sh.loops)
	sh.ctl = doBreak
	if args[0] == "continue" {
		sh.ctl = doContinue
	}
	return 0
}

// statusArg reads the status that exit and return are given.
func (sh *shell) statusArg(args []string) (status int, ok bool) {
	if len(args) > 1 && args[1] == "--" {
		args = args[1:]
	}
	if len(args) < 2 {
		return sh.status, true
	}
	n, ok := numeric(args[1])
	if !ok || n < 0 && sh.d != Bash {
		if sh.d == Bash {
			sh.warn("%s: numeric argument required", args[1])
			return 2, true
		}
		sh.fatal(2, "Illegal number: %s", args[1])
		return 2, false
	}
	return n & 0xff, true
}

func exitBuiltin(sh *shell, args []string) int {
	status, ok := sh.statusArg(args)
	if ok {
		sh.exit(status)
	}
	return status
}

func returnBuiltin(sh *shell, args []string) int {
	if sh.d == Bash && sh.fn == nil && sh.inDot == 0 {
		sh.warn("can only `return' from a function or sourced script")
		return 2
	}
	status, ok := sh.statusArg(args)
	if ok {
		sh.ctl, sh.status = doReturn, status
	}
	return status
}

func evalBuiltin(sh *shell, args []string) int {
	args = args[1:]
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	text := strings.Join(args, " ")
	if strings.TrimSpace(text) == "" {
		return 0
	}
	if sh.tooDeep() {
		return sh.status
	}
	if sh.d == Bash {
		sh.builtinName = ""
	}
	base := sh.base
	line := sh.line
	sh.base += sh.lastLine - 1
	if sh.d != Bash {
		sh.base = 0
	}
	sh.depth++
	sh.traceDepth++
	sh.status = 0
	file := ""
	if sh.prog != nil {
		file = sh.prog.from.file
	}
	if sh.d != Bash {
		file = ""
	}
	sh.source(text, origin{eval: true, file: file})
	sh.traceDepth--
	sh.depth--
	sh.base, sh.line = base, line
	return sh.status
}

// evalTrap runs the text of a trap.
func (sh *shell) evalTrap(action string) {
	old, base := sh.builtinName, sh.base
	sh.builtinName = ""
	sh.source(action, origin{eval: true})
	sh.builtinName, sh.base = old, base
}

func dotBuiltin(sh *shell, args []string) int {
	name := args[0]
	args = args[1:]
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		if sh.d == Bash {
			sh.warn("filename argument required")
			sh.builtinName = name
			sh.usage(name + " filename [arguments]")
			return 2
		}
		if sh.d == Dash {
			return 0
		}
		return sh.fatal(2, "missing argument")
	}
	p := args[0]
	if !strings.Contains(p, "/") {
		found := ""
		dirs, _ := sh.lookup("PATH")
		for dir := range strings.SplitSeq(dirs, ":") {
			candidate := strings.TrimSuffix(dir, "/") + "/" + p
			if n, err := sh.fs.Stat(candidate); err == nil && !n.IsDir() {
				found = candidate
				break
			}
		}
		switch {
		case found != "":
			p = found
		case sh.d == Bash && sh.fs.Exists(p):
		case sh.d == Bash:
			sh.builtinName = ""
			sh.warn("%s: No such file or directory", p)
			return 1
		default:
			return sh.fatal(2, "%s: not found", p)
		}
	}
	data, err := sh.fs.ReadFile(p)
	if err != nil {
		switch sh.d {
		case Bash:
			if n, serr := sh.fs.Stat(p); serr == nil && n.IsDir() {
				sh.warn("%s: is a directory", p)
				return 1
			}
			sh.builtinName = ""
			sh.warn("%s: %s", p, vfs.Message(err))
			return 1
		case Ash:
			return sh.fatal(2, "can't open '%s': %s", p, vfs.Message(err))
		}
		return sh.fatal(2, "cannot open %s: %s", p, dashOpenError(err, false))
	}
	if sh.tooDeep() {
		return sh.status
	}
	params := sh.params
	if len(args) > 1 && sh.d != Dash {
		sh.params = args[1:]
	}
	if sh.d == Bash {
		sh.builtinName = ""
	} else {
		sh.builtinName = p
	}
	base, fn, line := sh.base, sh.fn, sh.line
	sh.base = 0
	if fn != nil {
		f := *fn
		f.source = ""
		sh.fn = &f
	}
	sh.depth++
	sh.inDot++
	sh.status = 0
	sh.source(string(data), origin{file: p, dot: true})
	sh.inDot--
	sh.depth--
	if fn != nil {
		fn.locals = sh.fn.locals
		sh.fn = fn
	}
	sh.base, sh.line = base, line
	if len(args) > 1 && sh.d != Dash {
		sh.params = params
	}
	if sh.ctl == doReturn {
		sh.ctl = goOn
	}
	return sh.status
}

func execBuiltin(sh *shell, args []string) int {
	args = args[1:]
	env := sh.environ()
	for len(args) > 0 && strings.HasPrefix(args[0], "-") && args[0] != "-" {
		opt := args[0]
		args = args[1:]
		if opt == "--" {
			break
		}
		if sh.d == Dash {
			args = append([]string{opt}, args...)
			break
		}
		switch {
		case opt == "-a" && len(args) > 0:
			args = args[1:] // the name is not told to models: they know their file
		case opt == "-c" && sh.d == Bash:
			env = nil
		case opt == "-l":
		default:
			return sh.illegalOption(opt, "exec [-cl] [-a name] [command [argument ...]] [redirection ...]")
		}
	}
	if len(args) == 0 {
		return 0
	}
	c, ctx, finish := sh.child(args, env)
	defer finish()
	run := ctx
	if !sh.sub {
		run = tool.InPlace(ctx)
	}
	status, err := c.Exec(run)
	if err != nil {
		status = sh.notRun(ctx, c, args, err, "exec")
		sh.exit(status)
		return status
	}
	sh.traps = nil
	sh.exit(sh.ended(ctx, status))
	return sh.status
}

func shiftBuiltin(sh *shell, args []string) int {
	n := 1
	if len(args) > 1 {
		v, ok := numeric(args[1])
		if !ok || v < 0 {
			if sh.d == Bash {
				if ok {
					sh.warn("%s: shift count out of range", args[1])
				} else {
					sh.warn("%s: numeric argument required", args[1])
				}
				return 1
			}
			return sh.fatal(2, "Illegal number: %s", args[1])
		}
		n = v
	}
	if n > len(sh.params) {
		if sh.d == Dash {
			return sh.fatal(2, "can't shift that many")
		}
		return 1
	}
	sh.params = sh.params[n:]
	sh.getopt = 0
	return 0
}
