package npm

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"drydock/grader/tool"
)

// yarn is yarn 1: install, add, remove, run and what leads to them.
func (s *shelf) yarn(ctx context.Context, c *tool.Call) int {
	return s.manager(ctx, c, manager{name: "yarn", version: "1.22.22", lock: "yarn.lock", cache: "/usr/local/share/.cache/yarn/v6",
		frozen: []string{"frozen-lockfile", "immutable"}, pinned: yarnLock})
}

// pnpm is pnpm: install, add, remove, run, exec and what leads to them.
func (s *shelf) pnpm(ctx context.Context, c *tool.Call) int {
	return s.manager(ctx, c, manager{name: "pnpm", version: "9.15.9", lock: "pnpm-lock.yaml", cache: ".local/share/pnpm/store/v3",
		frozen: []string{"frozen-lockfile"}, pinned: pnpmLock})
}

// manager is what sets one of npm's rivals apart.
type manager struct {
	name, version string
	lock          string
	cache         string // below the home folder unless absolute
	frozen        []string
	pinned        func(text string) map[string][]string // versions by name
}

func (s *shelf) manager(ctx context.Context, c *tool.Call, m manager) int {
	n, err := s.session(ctx, c)
	if err != nil {
		c.Errorf("%s: %v", m.name, err)
		return 1
	}
	if v := c.Program.Fact("version"); v != "" {
		m.version = v
	}
	n.tool = m.name
	args, rest, err := n.configure(c.Args[1:])
	if err != nil {
		return n.fail(err)
	}
	if n.cfg.is("version") {
		c.Printf("%s\n", m.version)
		return 0
	}
	if !n.hasNode() {
		return 127
	}
	if n.cfg.get("cache") == "" {
		n.cfg["cache"] = []string{m.cache}
		if !path.IsAbs(m.cache) {
			n.cfg["cache"] = []string{path.Join(n.home(), m.cache)}
		}
	}
	if n.cfg.is("prod") || n.cfg.is("P") {
		n.cfg["production"] = []string{"true"}
	}
	n.command, n.rest = "install", rest
	if len(args) > 0 {
		n.command, args = args[0], args[1:]
	}
	err = n.managed(m, args)
	var f *failure
	if errors.As(err, &f) { // these word errors in one line
		prefix := "error "
		if m.name == "pnpm" {
			prefix = " " + f.code + "  "
		}
		c.Errorf("%s%s", prefix, strings.Join(f.lines, "\n"))
		return 1
	}
	return n.fail(err)
}

func (n *session) managed(m manager, args []string) error {
	switch n.command {
	case "install", "i", "ci", "add", "remove", "rm", "prune":
		return n.managedInstall(m, args)
	case "cache", "store":
		if slices.Contains(args, "clean") || slices.Contains(args, "prune") {
			return n.FS.RemoveAll(n.cacheDir())
		}
		n.Printf("%s\n", n.cacheDir())
		return nil
	case "config", "set", "global", "audit", "fetch", "deploy", "import", "why", "list", "ls":
		n.unknown(m.name + " " + n.command + " is not modelled: it is taken to succeed and to change nothing.")
		return nil
	case "exec", "dlx":
		return n.exec(append(args, n.rest...))
	case "run":
		if len(args) == 0 {
			return n.scripts()
		}
		return n.script(args[0], append(args[1:], n.rest...))
	}
	p, err := n.project()
	if err != nil {
		return n.missingProject()
	}
	if p.Scripts[n.command] == "" {
		if _, err := tool.Find(n.FS, n.scriptEnv(n.root), n.command); err == nil {
			return n.exec(append([]string{n.command}, args...))
		}
		if m.name == "pnpm" {
			return &failure{code: "ERR_PNPM_NO_SCRIPT", lines: []string{"Missing script: " + n.command}}
		}
		return &failure{lines: []string{fmt.Sprintf("Command %q not found.", n.command)}}
	}
	return n.script(n.command, append(args, n.rest...))
}

// managedInstall installs what the lock file pins, and chooses the rest as npm would. The layout of node_modules is npm's.
func (n *session) managedInstall(m manager, args []string) error {
	p, err := n.project()
	if errors.Is(err, fs.ErrNotExist) {
		if m.name == "pnpm" {
			return &failure{code: "ERR_PNPM_NO_PKG_MANIFEST", lines: []string{"No package.json found in " + n.root}}
		}
		p, err = &project{text: []byte("{}")}, nil
	}
	if err != nil {
		return err
	}
	frozen := slices.ContainsFunc(m.frozen, n.cfg.is) || n.command == "ci"
	text, err := n.FS.ReadFile(path.Join(n.root, m.lock))
	if err != nil && frozen && m.name == "pnpm" {
		return &failure{code: "ERR_PNPM_NO_LOCKFILE", lines: []string{`Cannot install with "frozen-lockfile" because pnpm-lock.yaml is absent`}}
	}
	pinned := m.pinned(string(text))
	before := n.command
	n.command, n.args = "install", args
	switch before {
	case "add":
		if err := n.add(p); err != nil {
			return err
		}
	case "remove", "rm":
		for _, name := range args {
			delete(p.Dependencies, name)
			delete(p.DevDependencies, name)
		}
	default:
		n.args = nil
	}
	if frozen && err == nil {
		for name, spec := range p.wants() {
			if !slices.ContainsFunc(pinned[name], func(v string) bool { return satisfies(v, spec) }) {
				if m.name == "pnpm" {
					return &failure{code: "ERR_PNPM_OUTDATED_LOCKFILE", lines: []string{`Cannot install with "frozen-lockfile" because pnpm-lock.yaml is not up to date with <ROOT>/package.json`}}
				}
				return &failure{lines: []string{"Your lockfile needs to be updated, but yarn was run with `--frozen-lockfile`."}}
			}
		}
	}
	n.pinned = pinned
	l, _, err := n.resolve(p, nil)
	if err != nil {
		return err
	}
	plan, err := n.plan(l)
	if err != nil {
		return err
	}
	modules := path.Join(n.root, "node_modules")
	if err := n.reify(p, l, plan, n.present(modules), 0); err != nil {
		return err
	}
	if len(args) > 0 {
		if err := n.save(p, l, false); err != nil {
			return err
		}
	}
	if len(text) == 0 && !frozen {
		if err := n.FS.WriteFile(path.Join(n.root, m.lock), lockFor(m, plan), 0o644); err != nil {
			return n.filesystem(err)
		}
	}
	if m.name == "yarn" {
		n.Printf("yarn install v%s\n[1/4] Resolving packages...\n[2/4] Fetching packages...\n[3/4] Linking dependencies...\n[4/4] Building fresh packages...\nDone in %d.00s.\n", m.version, 1+n.fetched/40)
	} else {
		n.Printf("Packages: +%d\nDone in %d.0s using pnpm v%s\n", len(plan), 1+n.fetched/40, m.version)
		n.note("estimate", "pnpm's node_modules is laid out as npm's here, without its links into a store.")
	}
	return n.lifecycle(p)
}

// lockFor writes down what was chosen, in the manager's own form.
func lockFor(m manager, plan []planned) []byte {
	var b strings.Builder
	if m.name == "yarn" {
		b.WriteString("# THIS IS AN AUTOGENERATED FILE. DO NOT EDIT THIS FILE DIRECTLY.\n# yarn lockfile v1\n\n\n")
		for _, q := range plan {
			fmt.Fprintf(&b, "%q:\n  version %q\n  resolved %q\n  integrity %s\n\n", q.name+"@"+q.Version, q.Version, q.Resolved, q.Integrity)
		}
		return []byte(b.String())
	}
	b.WriteString("lockfileVersion: '9.0'\n\npackages:\n")
	for _, q := range plan {
		fmt.Fprintf(&b, "\n  '%s@%s':\n    resolution: {integrity: %s}\n", q.name, q.Version, q.Integrity)
	}
	return []byte(b.String())
}

// yarnLock reads the versions that a yarn.lock pins, of yarn 1 or later.
func yarnLock(text string) map[string][]string {
	out := map[string][]string{}
	name := ""
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		l := lines.Text()
		switch {
		case l == "" || l[0] == '#':
		case l[0] != ' ':
			name, _ = splitSpec(strings.Trim(strings.SplitN(strings.TrimSuffix(l, ":"), ",", 2)[0], `"`))
		case strings.HasPrefix(l, "  version"):
			v := strings.Trim(strings.TrimPrefix(l, "  version"), `: "`)
			if !slices.Contains(out[name], v) {
				out[name] = append(out[name], v)
			}
		}
	}
	return out
}

var pnpmEntry = regexp.MustCompile(`(?m)^  '?/?((?:@[^/@\s']+/)?[^@\s'/(]+)[@/]([0-9][^:'(\s]*)[^:]*:`)

// pnpmLock reads the versions that a pnpm-lock.yaml pins.
func pnpmLock(text string) map[string][]string {
	out := map[string][]string{}
	for _, m := range pnpmEntry.FindAllStringSubmatch(text, -1) {
		if !slices.Contains(out[m[1]], m[2]) {
			out[m[1]] = append(out[m[1]], m[2])
		}
	}
	return out
}
