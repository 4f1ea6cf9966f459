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
)

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
	run := ctx
	if sh.d != Dash && sh.replaced() {
		run = tool.InPlace(ctx)
	}
	status, err := c.Exec(run)
	if err != nil {
		return sh.notRun(ctx, c, args, err, "")
	}
	return sh.ended(ctx, status)
}

// replaced says whether bash and ash would run the command in place of the shell: the last of a string, with nothing left to do after it.
func (sh *shell) replaced() bool { return sh.last && !sh.sub && sh.fn == nil && len(sh.traps) == 0 }

// bashEnviron adds what bash tells only its children: in _ the path of what is run. The last command of a string is run in place of the shell,
// which then no longer counts in SHLVL.
func (sh *shell) bashEnviron(name string, env tool.Env) tool.Env {
	p, err := tool.Find(sh.fs, env, name)
	if err != nil {
		return env
	}
	if sh.replaced() {
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
