// Package shell runs shell scripts over the virtual filesystem in the dialects that images are built with: dash (Debian's /bin/sh), busybox ash
// (Alpine's) and bash, each with its own features, messages and exit statuses.
//
// Scripts are parsed by mvdan.cc/sh's syntax package and evaluated here, entirely within the process: pipes are buffers in memory, subshells are copies of
// the shell's state, external commands are tool models found on PATH. Nothing of the host is visible. Time is bounded by the context, memory by a
// fixed allowance, recursion by a depth, and no goroutine outlives [Run].
//
// Not covered: job control, signals other than the one a broken pipe sends, interactive use, coprocesses, locales other than C and UTF-8.
//
// Start from [Model], which makes a tool model of a dialect, or from [Run].
package shell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"

	"drydock/grader/tool"
	"drydock/grader/vfs"

	"mvdan.cc/sh/v3/syntax"
)

// Dialect is one of the shells.
type Dialect uint8

// The shells that are spoken.
const (
	Dash Dialect = iota // Debian's /bin/sh
	Ash                 // busybox, Alpine's /bin/sh
	Bash
)

// String returns the name of the program.
func (d Dialect) String() string { return [...]string{"dash", "ash", "bash"}[d] }

// Bounds of a script, chosen far beyond what a build step needs.
const (
	maxMemory = 64 << 20 // bytes that variables and expansions may hold
	maxDepth  = 800      // functions, eval and substitutions within each other
	maxNested = 24       // shells started by shells
	maxJobs   = 256      // concurrent parts of pipelines and background jobs
	maxScript = 1 << 20
)

// Model returns the model of a dialect's program: it reads the command line as the real one does, and runs the script that it names.
func Model(d Dialect) tool.Model {
	return func(ctx context.Context, c *tool.Call) int {
		inv, status := parseInvocation(d, c)
		if inv == nil {
			return status
		}
		return inv.run(ctx)
	}
}

// Run runs a script as `sh -c` does, with c's arguments as $0 and the positional parameters, and returns its exit status.
func Run(ctx context.Context, d Dialect, c *tool.Call, script string) int {
	inv := &invocation{dialect: d, call: c, script: script, command: true, name: d.String(), letters: "c"}
	if len(c.Args) > 0 {
		inv.name, inv.params = c.Args[0], c.Args[1:]
	}
	return inv.run(ctx)
}

// nesting counts, in a context, the shells that were started by shells.
type nesting struct{}

// session is what all subshells of one run share.
type session struct {
	d       Dialect
	call    *tool.Call
	name    string // $0
	command bool   // run with -c
	pid     int
	nested  int

	memory atomic.Int64
	jobs   sync.WaitGroup
	live   atomic.Int32
	pids   atomic.Int32
	pipes  atomic.Int32 // process substitutions made
}

// ctl says how the statements that are being run are left.
type ctl uint8

const (
	goOn ctl = iota
	doBreak
	doContinue
	doReturn
	doDiscard // bash: give up this line
	doExit
)

// shell is the state of one shell process: the script's or a subshell's.
type shell struct {
	*session
	ctx  context.Context
	fs   *vfs.FS
	prog *program

	vars   map[string]*variable
	seq    int // of the next variable
	env    []string
	funcs  map[string]*function
	alias  map[string]string
	params []string
	opts   options
	shopt  map[string]bool
	traps  map[string]string
	fds    table

	status      int // $?
	substs      int // status of the last command substitution
	pipestat    []int
	lastJob     int
	children    map[int]*job
	line        int // of the command being run
	lastLine    int // on which it ends
	builtinName string
	fn          *frame
	loops       int
	depth       int
	tested      int // > 0 while a failure is being tested for, so that -e must not act
	ctl         ctl
	levels      int // loops still to leave
	sub         bool
	trapping    bool
	pinned      bool          // a here-document is being expanded: its commands count as on the line of its operator
	last        bool          // the command being run is the last of a string
	traced      chan struct{} // to be closed once this part of a pipeline has traced its first command
	raised      bool          // by fatal
	steps       uint
	traceDepth  int
	spent       int64 // bytes added to session.memory by this shell
	expanding   int64 // bytes made by the expansion under way
	pending     []func()
	random      *rand.Rand
	getopt      int // position within a group of option letters
	lastArg     string
	started     int64
	base        int // lines before this source, for eval in bash
	inDot       int
}

// frame is a function call.
type frame struct {
	up     *frame
	name   string
	locals []saved
	source string
}

type saved struct {
	name string
	old  *variable
}

type function struct {
	name   string
	body   *syntax.Stmt
	prog   *program
	source string
}

func (inv *invocation) run(ctx context.Context) (status int) {
	c := inv.call
	nested, _ := ctx.Value(nesting{}).(int)
	if nested >= maxNested {
		c.Errorf("%s: Cannot fork", inv.name)
		return 2
	}
	ctx, cancel := context.WithCancel(context.WithValue(ctx, nesting{}, nested+1))
	ses := &session{d: inv.dialect, call: c, name: inv.name, command: inv.command, pid: 1 + 6*nested, nested: nested}
	ses.pids.Store(int32(ses.pid + 5))
	view := *c.FS
	sh := &shell{
		session: ses, ctx: ctx, fs: &view, opts: inv.opts, params: inv.params,
		vars: make(map[string]*variable, len(c.Env)+16), funcs: map[string]*function{},
		started: c.FS.Now(),
	}
	sh.fds.open(0, reading(c.Stdin))
	out := writing(c.Stdout)
	sh.fds.open(1, out)
	if sameWriter(c.Stdout, c.Stderr) {
		sh.fds.open(2, out.dup())
	} else {
		sh.fds.open(2, writing(c.Stderr))
	}
	defer func() {
		if r := recover(); r != nil {
			fmt.Fprintf(c.Stderr, "%s: internal error\n", inv.name)
			status = 2
		}
		cancel()
		ses.jobs.Wait()
		sh.fds.closeAll()
	}()
	sh.initVars(inv)
	if inv.dialect == Ash && inv.file != "" {
		sh.builtinName = inv.name
	}
	if inv.letters != "" {
		sh.opts.letters = inv.letters
	}
	status = sh.main(inv)
	return status
}

// main runs the script and what is trapped for its end.
func (sh *shell) main(inv *invocation) int {
	text := inv.script
	if inv.stdin {
		data, err := io.ReadAll(io.LimitReader(sh.fds.reader(0), maxScript+1))
		if err != nil && len(data) == 0 {
			return sh.leave()
		}
		text = string(data)
	}
	sh.source(text, origin{command: inv.command, file: inv.file})
	return sh.leave()
}

// leave runs the EXIT trap of a shell that ends and returns its status.
func (sh *shell) leave() int {
	if action, ok := sh.traps["EXIT"]; ok && sh.ctx.Err() == nil {
		delete(sh.traps, "EXIT")
		status := sh.status
		sh.ctl, sh.fn, sh.loops, sh.tested = goOn, nil, 0, 0
		sh.evalTrap(action)
		if sh.ctl != doExit {
			sh.status = status
		}
	}
	for _, f := range sh.pending {
		f()
	}
	sh.pending = nil
	return sh.status & 0xff
}

// fork returns a subshell: a copy of the state whose changes are its own.
func (sh *shell) fork() *shell {
	s := *sh
	s.vars = maps.Clone(sh.vars)
	s.funcs = maps.Clone(sh.funcs)
	s.alias = maps.Clone(sh.alias)
	s.shopt = maps.Clone(sh.shopt)
	s.params = slices.Clone(sh.params)
	view := *sh.fs
	s.fs = &view
	s.fds = sh.fds.clone()
	s.traps = nil
	for k, v := range sh.traps {
		if v == "" {
			if s.traps == nil {
				s.traps = map[string]string{}
			}
			s.traps[k] = v
		}
	}
	if sh.fn != nil {
		f := *sh.fn
		s.fn = &f
	}
	s.sub = true
	s.children = nil
	s.spent, s.pending, s.traced = 0, nil, nil
	s.depth++
	s.steps = 0
	if s.random != nil {
		s.random = rand.New(rand.NewPCG(uint64(sh.pids.Load()), sh.random.Uint64()))
	}
	return &s
}

// end gives back what a subshell held and returns its status.
func (sh *shell) end() int {
	status := sh.leave()
	sh.fds.closeAll()
	sh.memory.Add(-sh.spent)
	return status
}

// inSubshell runs fn in a subshell, in this goroutine.
func (sh *shell) inSubshell(fn func(*shell)) int {
	if sh.tooDeep() || !sh.mayFork() {
		return sh.status
	}
	s := sh.fork()
	fn(s)
	return s.end()
}

// spawn runs fn in a subshell of its own goroutine. done gets its status after its files were closed.
func (sh *shell) spawn(s *shell, fn func(*shell), done func(int)) {
	sh.jobs.Add(1)
	sh.live.Add(1)
	go func() {
		status := 2
		defer sh.jobs.Done()
		defer func() { sh.live.Add(-1); done(status) }()
		defer func() {
			if r := recover(); r != nil {
				fmt.Fprintf(s.fds.writer(2), "%s: internal error\n", s.name)
				s.fds.closeAll()
			}
		}()
		fn(s)
		status = s.end()
	}()
}

// mayFork says whether another concurrent part may be started, and prints what the real shell would where not.
func (sh *shell) mayFork() bool {
	if sh.ctx.Err() != nil {
		sh.killed()
		return false
	}
	if sh.live.Load() < maxJobs {
		return true
	}
	switch sh.d {
	case Bash:
		sh.warn("fork: retry: Resource temporarily unavailable")
	case Ash:
		sh.warn("can't fork: Resource temporarily unavailable")
	default:
		sh.warn("Cannot fork")
	}
	sh.exit(2)
	return false
}

// tick counts a step and reports whether the shell may go on.
func (sh *shell) tick() bool {
	if sh.steps++; sh.steps&255 == 0 && sh.ctx.Err() != nil {
		sh.killed()
	}
	return sh.ctl == goOn
}

// killed ends the shell because its context is done: by a broken pipe, or out of time.
func (sh *shell) killed() {
	sh.traps = nil
	if errors.Is(context.Cause(sh.ctx), errBrokenPipe) {
		sh.exit(141)
		return
	}
	sh.exit(137)
}

func (sh *shell) exit(status int) { sh.ctl, sh.status, sh.raised = doExit, status, false }
