// Package npm is the model of npm and npx, and, in what they share with it, of yarn and pnpm.
//
// It reads package.json and lock files for real and builds node_modules as npm does: the lock's own paths, links in .bin, the hidden lock file,
// the cache with its index. What a package unpacks to comes from the recorded registry (catalogue/npm); of packages that were not recorded
// the size is an estimate, and a note says so. Files of packages are declared, not stored, apart from their package.json and the head of
// their programs. It does not resolve addresses of git repositories or archives, and audits nothing.
//
// Start from [Models].
package npm

import (
	"context"
	"fmt"
	"path"
	"strings"
	"sync"
	"time"

	catalogue "drydock/grader/catalogue/npm"
	"drydock/grader/tool"
	"drydock/grader/tree"
)

// Models returns the programs npm, npx, yarn and pnpm, and the one that stands for the programs packages bring ("npm-bin").
func Models() tool.Models {
	s := &shelf{}
	return tool.Models{
		"npm":     func(ctx context.Context, c *tool.Call) int { return s.npm(ctx, c) },
		"npx":     func(ctx context.Context, c *tool.Call) int { return s.npx(ctx, c) },
		"yarn":    func(ctx context.Context, c *tool.Call) int { return s.yarn(ctx, c) },
		"pnpm":    func(ctx context.Context, c *tool.Call) int { return s.pnpm(ctx, c) },
		"npm-bin": func(ctx context.Context, c *tool.Call) int { return s.packageBin(ctx, c) },
	}
}

// shelf is what all calls share: the recorded registry and what was built from it before.
type shelf struct {
	open sync.Once
	reg  *catalogue.Registry
	err  error

	mu       sync.Mutex
	locks    map[string]*lock      // by the identity of their text
	packages map[string]*tree.Node // by version, owner and kind
	installs map[string]*installed // by lock, choice and owner
	caches   map[string]*tree.Node // by what they hold and owner
}

func (s *shelf) registry() (*catalogue.Registry, error) {
	s.open.Do(func() { s.reg, s.err = catalogue.Open() })
	return s.reg, s.err
}

// keep is how many results of a kind the shelf holds; beyond that it starts afresh.
const keep = 256

// recall returns what was stored under key in one of the shelf's maps, or makes and stores it.
func recall[T any](s *shelf, m *map[string]T, key string, fill func() (T, error)) (T, error) {
	s.mu.Lock()
	v, ok := (*m)[key]
	s.mu.Unlock()
	if ok {
		return v, nil
	}
	v, err := fill()
	if err != nil {
		return v, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if *m == nil || len(*m) >= keep {
		*m = map[string]T{}
	}
	(*m)[key] = v
	return v, nil
}

// session is one execution of npm.
type session struct {
	*tool.Call
	ctx     context.Context
	shelf   *shelf
	reg     *catalogue.Registry
	cfg     config
	command string
	args    []string            // what follows the command, flags taken out
	rest    []string            // what follows --
	version string              // of npm
	pinned  map[string][]string // versions that a lock file of another kind pins, by name
	tool    string              // "npm", "yarn" or "pnpm", as events name it
	fetched int                 // documents and archives asked for, for the log's size
	moved   int                 // packages added, removed and changed, for the same
	logged  bool                // whether this run's log is written
	root    string              // the folder of package.json, absolute
}

// defaultVersion is the npm that came with Node.js 18, 20 and 22 for most of their lives; it is used where the image does not say.
const defaultVersion = "10.8.2"

func (s *shelf) session(ctx context.Context, c *tool.Call) (*session, error) {
	reg, err := s.registry()
	if err != nil {
		return nil, err
	}
	n := &session{Call: c, ctx: ctx, shelf: s, reg: reg, tool: "npm", version: c.Program.Fact("version")}
	if n.version == "" {
		n.version = defaultVersion
	}
	return n, nil
}

// aliases are the commands' other names.
var aliases = map[string]string{
	"i": "install", "in": "install", "ins": "install", "add": "install", "isntall": "install",
	"clean-install": "ci", "ic": "ci", "install-clean": "ci",
	"run-script": "run", "rum": "run", "urn": "run", "list": "ls", "la": "ls", "ll": "ls", "rm": "uninstall", "remove": "uninstall", "un": "uninstall", "r": "uninstall",
	"t": "test", "tst": "test", "x": "exec", "rb": "rebuild", "c": "config", "up": "update", "upgrade": "update", "create": "init", "innit": "init",
	"ddp": "dedupe", "it": "install-test", "cit": "install-ci-test", "v": "view", "info": "view", "show": "view",
}

func (s *shelf) npm(ctx context.Context, c *tool.Call) int {
	n, err := s.session(ctx, c)
	if err != nil {
		c.Errorf("npm: %v", err)
		return 1
	}
	args, rest, err := n.configure(c.Args[1:])
	if err != nil {
		return n.fail(err)
	}
	n.rest = rest
	if n.cfg.is("version") && len(args) == 0 {
		c.Printf("%s\n", n.version)
		return 0
	}
	if len(args) == 0 {
		c.Printf("npm <command>\n\nUsage:\n\nnpm install        install all the dependencies in your project\nnpm install <foo>  add the <foo> dependency to your project\n"+
			"npm test           run this project's tests\nnpm run <foo>      run the script named <foo>\nnpm <command> -h   quick help on <command>\n\nnpm@%s\n", n.version)
		if n.cfg.is("help") {
			return 0
		}
		return 1
	}
	n.command, n.args = args[0], args[1:]
	if a := aliases[n.command]; a != "" {
		n.command = a
	}
	if !n.hasNode() {
		return 127
	}
	return n.logRun(n.fail(n.dispatch()))
}

// logRun leaves the log of a run unless there is one, and passes its status on.
func (n *session) logRun(code int) int {
	if !n.logged {
		n.writeLog()
	}
	return code
}

// hasNode checks that npm's own interpreter is there: npm is a script of Node.js.
func (n *session) hasNode() bool {
	if _, err := tool.Find(n.FS, n.Env, "node"); err != nil {
		n.Errorf("/usr/bin/env: ‘node’: No such file or directory")
		return false
	}
	return true
}

// exit is an error that has been reported already.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

func status(code int) error {
	if code == 0 {
		return nil
	}
	return exit(code)
}

func (n *session) dispatch() error {
	switch n.command {
	case "ci":
		return n.ci()
	case "install":
		return n.install()
	case "install-test", "install-ci-test":
		install := n.install
		if n.command == "install-ci-test" {
			install = n.ci
		}
		if err := install(); err != nil {
			return err
		}
		return n.script("test", nil)
	case "uninstall":
		return n.uninstall()
	case "update", "dedupe":
		return n.install()
	case "prune":
		return n.prune()
	case "run":
		if len(n.args) == 0 {
			return n.scripts()
		}
		return n.script(n.args[0], append(n.args[1:], n.rest...))
	case "test", "start", "stop", "restart":
		return n.script(n.command, append(n.args, n.rest...))
	case "exec":
		return n.exec(append(n.args, n.rest...))
	case "ls":
		return n.ls()
	case "cache":
		return n.cacheCommand()
	case "config", "get", "set":
		return n.config()
	case "init":
		return n.init()
	case "version":
		return n.versions()
	case "pack":
		return n.pack()
	case "rebuild":
		n.Printf("rebuilt dependencies successfully\n")
		return nil
	case "root", "prefix":
		dir := n.prefix()
		if n.command == "root" {
			dir = path.Join(dir, "node_modules")
			if n.cfg.is("global") {
				dir = n.globalModules()
			}
		}
		n.Printf("%s\n", dir)
		return nil
	case "audit", "fund", "outdated", "doctor", "ping", "view", "explain", "query", "sbom", "help", "search", "whoami", "login", "logout", "publish",
		"link", "unlink", "pkg", "set-script", "completion", "docs", "repo", "bugs":
		n.unknown(fmt.Sprintf("npm %s is not modelled: it is taken to succeed and to change nothing.", n.command))
		return nil
	}
	n.Printf("Unknown command: %q\n\n\nTo see a list of supported npm commands, run:\n  npm help\n", n.command)
	return exit(1)
}

// failure is an error as npm prints it: lines below a code, and an exit status.
type failure struct {
	code   string
	lines  []string
	status int
	quiet  bool // no line about the log
}

func (f *failure) Error() string { return f.code + ": " + strings.Join(f.lines, " ") }

// fail prints what went wrong and returns the exit status.
func (n *session) fail(err error) int {
	switch e := err.(type) {
	case nil:
		return 0
	case exit:
		return int(e)
	case *failure:
		if e.code != "" {
			n.errorLine("code " + e.code)
		}
		for _, l := range e.lines {
			n.errorLine(l)
		}
		if !e.quiet {
			if log := n.writeLog(); log != "" {
				n.errorLine("A complete log of this run can be found in: " + log)
			}
		}
		if e.status != 0 {
			return e.status
		}
		return 1
	}
	if n.ctx.Err() != nil {
		return 124
	}
	return n.fail(n.filesystem(err))
}

func (n *session) errorLine(s string) {
	if n.cfg.level() == "silent" {
		return
	}
	prefix := "npm error"
	if catalogue.CompareVersions(n.version, "10.6.0") < 0 {
		prefix = "npm ERR!"
	}
	n.Errorf("%s", strings.TrimRight(prefix+" "+s, " "))
}

func (n *session) warn(s string) {
	if l := n.cfg.level(); l == "silent" || l == "error" {
		return
	}
	prefix := "npm warn "
	if catalogue.CompareVersions(n.version, "10.6.0") < 0 {
		prefix = "npm WARN "
	}
	n.Errorf("%s", prefix+s)
}

// writeLog writes the log that npm keeps of each run and returns its path.
func (n *session) writeLog() string {
	n.logged = true
	dir := path.Join(n.cacheDir(), "_logs")
	if n.FS.MkdirAll(dir, 0o755) != nil {
		return ""
	}
	stamp := time.Unix(0, n.FS.Now()).UTC().Format("2006-01-02T15_04_05.000")
	p := path.Join(dir, strings.Replace(stamp, ".", "_", 1)+"Z-debug-0.log")
	if n.FS.WriteContent(p, n.logContent(p), 0o644) != nil {
		return ""
	}
	return p
}
