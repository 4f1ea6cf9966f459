package npm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"syscall"

	catalogue "drydock/grader/catalogue/npm"
	"drydock/grader/report"
	"drydock/grader/tree"
	"drydock/grader/vfs"
)

// ci is npm ci: the lock file, whole, into an empty node_modules.
func (n *session) ci() error {
	if n.cfg.is("global") {
		return &failure{code: "ECIGLOBAL", lines: []string{"`npm ci` does not work for global packages"}}
	}
	l, err := n.lock()
	if err != nil {
		return err
	}
	if l == nil {
		return n.ciUsage([]string{
			"The `npm ci` command can only install with an existing package-lock.json or",
			"npm-shrinkwrap.json with lockfileVersion >= 1. Run an install with npm@5 or",
			"later to generate a package-lock.json file, then try again.",
		})
	}
	p, err := n.project()
	if errors.Is(err, fs.ErrNotExist) {
		return n.missingProject()
	}
	if err != nil {
		return err
	}
	if bad := n.outOfSync(p, l); len(bad) > 0 {
		lines := []string{"`npm ci` can only install packages when your package.json and package-lock.json or npm-shrinkwrap.json are in sync. " +
			"Please update your lock file with `npm install` before continuing.", ""}
		return n.ciUsage(append(lines, bad...))
	}
	plan, err := n.plan(l)
	if err != nil {
		return err
	}
	if err := n.engines(plan); err != nil {
		return err
	}
	modules := path.Join(n.root, "node_modules")
	turn, err := n.empty(modules)
	if err != nil {
		return n.filesystem(err)
	}
	if err := n.reify(p, l, plan, nil, turn); err != nil {
		return err
	}
	if err := n.lifecycle(p); err != nil {
		return err
	}
	n.summary(len(plan), 0, 0, plan)
	return nil
}

// empty takes away what an earlier installation left and returns the turn of the one to come.
func (n *session) empty(modules string) (int64, error) {
	node, err := n.FS.Lstat(modules)
	if err != nil {
		return 0, nil
	}
	turn := nextTurn(node)
	if n.FS.MountAt(modules) == nil {
		return turn, n.FS.RemoveAll(modules)
	}
	names, err := n.FS.ReadDir(modules)
	if err != nil {
		return 0, err
	}
	for _, name := range names {
		if err := n.FS.RemoveAll(path.Join(modules, name)); err != nil {
			return 0, err
		}
	}
	return turn, nil
}

// nextTurn is a turn that differs from the one that an installed node_modules was made in.
func nextTurn(modules *tree.Node) int64 {
	if old := modules.Child(".package-lock.json"); old != nil && old.ModTime == epoch {
		return 1
	}
	return 0
}

// ciUsage is the error of npm ci with its usage below.
func (n *session) ciUsage(lines []string) error {
	out := append([]string{""}, lines...)
	out = append(out, "", "Clean install a project", "", "Usage:", "npm ci", "", "Options:",
		"[--install-strategy <hoisted|nested|shallow|linked>] [--legacy-bundling]",
		"[--global-style] [--omit <dev|optional|peer> [--omit <dev|optional|peer> ...]]",
		"[--include <prod|dev|optional|peer> [--include <prod|dev|optional|peer> ...]]",
		"[--strict-peer-deps] [--foreground-scripts] [--ignore-scripts] [--no-audit]",
		"[--no-bin-links] [--no-fund] [--dry-run]",
		"[-w|--workspace <workspace-name> [-w|--workspace <workspace-name> ...]]",
		"[-ws|--workspaces] [--include-workspace-root] [--install-links]", "",
		"aliases: clean-install, ic, install-clean, isntall-clean", "", `Run "npm help ci" for more info`)
	return &failure{code: "EUSAGE", lines: out}
}

// outOfSync lists where package.json asks for what the lock file does not give.
func (n *session) outOfSync(p *project, l *lock) []string {
	var bad []string
	seen := map[string]bool{}
	check := func(from string, wants map[string]string) {
		for _, name := range slices.Sorted(maps.Keys(wants)) {
			spec := wants[name]
			at, ok := l.find(from, name)
			if !ok {
				if peerOnly(p, name) {
					continue
				}
				n.missing(name, spec, l, seen, &bad, 0)
				continue
			}
			e := l.Packages[at]
			if e.Link || satisfies(e.Version, spec) {
				continue
			}
			bad = append(bad, fmt.Sprintf("Invalid: lock file's %s@%s does not satisfy %s@%s", name, e.Version, name, n.pick(name, spec)))
		}
	}
	check("", p.wants())
	return bad
}

func peerOnly(p *project, name string) bool {
	return p.Dependencies[name] == "" && p.DevDependencies[name] == "" && p.Optional[name] == ""
}

// missing lists a package that the lock lacks, and what it brings along.
func (n *session) missing(name, spec string, l *lock, seen map[string]bool, bad *[]string, depth int) {
	version := n.pick(name, spec)
	id := name + "@" + version
	if seen[id] || depth > 30 {
		return
	}
	seen[id] = true
	*bad = append(*bad, "Missing: "+id+" from lock file")
	known := n.reg.Package(name, version)
	if known == nil {
		return
	}
	for _, dep := range slices.Sorted(maps.Keys(known.Manifest().Dependencies)) {
		if at, ok := l.find("", dep); ok && satisfies(l.Packages[at].Version, known.Manifest().Dependencies[dep]) {
			continue
		}
		n.missing(dep, known.Manifest().Dependencies[dep], l, seen, bad, depth+1)
	}
}

// satisfies reports whether a version answers a dependency's specification. Other sources than the registry are taken on trust.
func satisfies(version, spec string) bool {
	if rest, ok := strings.CutPrefix(spec, "npm:"); ok {
		if i := strings.LastIndex(rest, "@"); i > 0 {
			spec = rest[i+1:]
		}
	}
	return catalogue.Satisfies(version, spec)
}

// install is npm install, with or without packages to add.
func (n *session) install() error {
	if n.cfg.is("global") {
		return n.installGlobal()
	}
	p, err := n.project()
	if errors.Is(err, fs.ErrNotExist) {
		if len(n.args) == 0 {
			return n.missingProject()
		}
		p, err = &project{text: []byte("{}")}, nil
	}
	if err != nil {
		return err
	}
	l, err := n.lock()
	if err != nil {
		return err
	}
	changed := len(n.args) > 0
	if err := n.add(p); err != nil {
		return err
	}
	var fetched []item
	want := l
	if l == nil || changed || len(n.outOfSync(p, l)) > 0 || n.command == "update" {
		if want, fetched, err = n.resolve(p, l); err != nil {
			return err
		}
		changed = true
	}
	if n.cfg.is("package-lock-only") {
		return n.save(p, want, true)
	}
	plan, err := n.plan(want)
	if err != nil {
		return err
	}
	if err := n.engines(plan); err != nil {
		return err
	}
	modules := path.Join(n.root, "node_modules")
	have := n.present(modules)
	turn := int64(0)
	if node, err := n.FS.Stat(modules); err == nil {
		turn = nextTurn(node)
	}
	if err := n.fetch(fetched); err != nil {
		return err
	}
	if err := n.reify(p, want, plan, have, turn); err != nil {
		return err
	}
	if changed || l == nil {
		if err := n.save(p, want, !n.cfg.off("package-lock")); err != nil {
			return err
		}
	} else if !n.cfg.off("package-lock") && !n.cfg.is("dry-run") { // written again, as it was
		n.FS.Chtimes(path.Join(n.root, "package-lock.json"), n.FS.Now())
	}
	if len(n.args) == 0 {
		if err := n.lifecycle(p); err != nil {
			return err
		}
	}
	added, removed, updated := 0, 0, 0
	for _, q := range plan {
		switch v := have[q.path]; v {
		case q.Version:
		case "":
			added++
		default:
			updated++
		}
	}
	for q := range have {
		if !slices.ContainsFunc(plan, func(x planned) bool { return x.path == q }) {
			removed++
		}
	}
	n.summary(added, removed, updated, plan)
	return nil
}

// present reads what is installed already: versions by path.
func (n *session) present(modules string) map[string]string {
	data, err := n.FS.ReadFile(path.Join(modules, ".package-lock.json"))
	if err != nil {
		return nil
	}
	l, err := parseLock(data)
	if err != nil {
		return nil
	}
	have := map[string]string{}
	for p, e := range l.Packages {
		if p != "" && n.FS.Exists(path.Join(n.root, p)) {
			have[p] = e.Version
		}
	}
	return have
}

// reify fetches what is missing of a plan and puts it in place. have tells what is there already, by path; it stays.
func (n *session) reify(p *project, l *lock, plan []planned, have map[string]string, turn int64) error {
	if n.cfg.is("dry-run") {
		return nil
	}
	modules := path.Join(n.root, "node_modules")
	var missing []planned
	for _, q := range plan {
		if v, ok := have[q.path]; !ok || v != q.Version && !q.Link {
			missing = append(missing, q)
		}
	}
	if len(plan) > 0 {
		if err := n.FS.MkdirAll(modules, 0o755); err != nil {
			return n.filesystem(err)
		}
		if err := n.FS.Access(modules, 2); err != nil {
			return n.filesystem(&fs.PathError{Op: "mkdir", Path: path.Join(modules, nameAt(plan[0].path)), Err: syscall.EACCES})
		}
	}
	var items []item
	for i := range missing {
		q := &missing[i]
		if q.Link || q.InBundle || strings.HasPrefix(q.Resolved, "file:") || !strings.HasPrefix(q.path, "node_modules/") {
			continue
		}
		if q.Resolved == "" && q.Integrity != "" && n.Env.Get("npm_config_prefer_offline") == "" {
			items = append(items, n.packument(q.name))
		}
		items = append(items, n.archive(q))
	}
	if err := n.fetch(unique(items)); err != nil {
		return err
	}
	o := owner{n.FS.Cred.UID, n.FS.Cred.GID, turn}
	if len(plan) > 0 || have != nil {
		if err := n.place(l, p, plan, missing, have, o); err != nil {
			return err
		}
	}
	for _, q := range missing {
		if !q.Link {
			n.Record(report.Event{Kind: "install", Tool: n.tool, Name: q.name, Version: q.Version, Dev: q.Dev})
		}
	}
	n.estimated(missing)
	if n.cfg.is("ignore-scripts") {
		return nil
	}
	for _, q := range missing {
		if err := n.packageScripts(q); err != nil {
			return err
		}
	}
	return nil
}

// unique leaves out what is fetched once for several places.
func unique(items []item) []item {
	seen := make(map[string]bool, len(items))
	return slices.DeleteFunc(items, func(it item) bool {
		was := seen[it.sum]
		seen[it.sum] = true
		return was
	})
}

// place puts node_modules in place, as a whole where nothing is there yet.
func (n *session) place(l *lock, p *project, plan, missing []planned, have map[string]string, o owner) error {
	name, version := p.Name, p.Version
	if name == "" {
		name = path.Base(n.root)
	}
	key := o.key() + "|" + l.id + "|" + name + "@" + version + "|" + planKey(plan)
	build := func() (*installed, error) {
		root, err := n.modules(plan, o, name, version)
		return &installed{root: root, plan: plan}, err
	}
	var whole *installed
	var err error
	if l.id == "" {
		whole, err = build()
	} else {
		whole, err = recall(n.shelf, &n.shelf.installs, key, build)
	}
	if err != nil {
		return err
	}
	modules := path.Join(n.root, "node_modules")
	node, err := n.FS.Lstat(modules)
	if err != nil {
		return n.filesystem(err)
	}
	if node.Type == tree.Dir && node.Len() == 0 && n.FS.MountAt(modules) == nil {
		if err := n.FS.Graft(modules, whole.root); err != nil {
			return n.filesystem(err)
		}
		return n.workspaceModules(plan, o)
	}
	if len(missing) == 0 && len(have) == len(plan) {
		n.FS.Chtimes(path.Join(modules, ".package-lock.json"), n.FS.Now()) // written again, as it was
		return nil
	}
	stay := map[string]bool{}
	for _, q := range plan {
		stay[q.path] = true
	}
	for _, q := range slices.Sorted(maps.Keys(have)) {
		if !stay[q] {
			if err := n.FS.RemoveAll(path.Join(n.root, q)); err != nil {
				return n.filesystem(err)
			}
		}
	}
	for _, q := range missing {
		src := whole.root.Lookup(strings.TrimPrefix(q.path, "node_modules"))
		if src == nil {
			continue
		}
		at := path.Join(n.root, q.path)
		if err := n.FS.MkdirAll(path.Dir(at), 0o755); err != nil {
			return n.filesystem(err)
		}
		if err := n.FS.Graft(at, src); err != nil {
			return n.filesystem(err)
		}
	}
	for _, name := range []string{".bin", ".package-lock.json"} {
		if src := whole.root.Child(name); src != nil {
			if err := n.FS.Graft(path.Join(modules, name), src); err != nil {
				return n.filesystem(err)
			}
		} else if names, err := n.FS.ReadDir(path.Join(modules, name)); err == nil { // .bin stays, empty
			for _, bin := range names {
				if err := n.FS.RemoveAll(path.Join(modules, name, bin)); err != nil {
					return n.filesystem(err)
				}
			}
		} else if err := n.FS.RemoveAll(path.Join(modules, name)); err != nil {
			return n.filesystem(err)
		}
	}
	return n.workspaceModules(plan, o)
}

// workspaceModules puts packages in place that belong to a workspace alone (packages/a/node_modules/b).
func (n *session) workspaceModules(plan []planned, o owner) error {
	for _, q := range plan {
		if strings.HasPrefix(q.path, "node_modules/") || q.Link {
			continue
		}
		pkg, err := n.unpack(q, o)
		if err != nil {
			return err
		}
		at := path.Join(n.root, q.path)
		if err := n.FS.MkdirAll(path.Dir(at), 0o755); err != nil {
			return n.filesystem(err)
		}
		if err := n.FS.Graft(at, pkg); err != nil {
			return n.filesystem(err)
		}
	}
	return nil
}

func planKey(plan []planned) string {
	var b strings.Builder
	for _, q := range plan {
		b.WriteString(q.path)
		b.WriteByte(' ')
	}
	return b.String()
}

// summary prints what an installation ends with.
func (n *session) summary(added, removed, changed int, plan []planned) {
	n.moved = added + removed + changed
	n.writeLog()
	if l := n.cfg.level(); l == "silent" {
		return
	}
	var parts []string
	count := func(verb string, k int) {
		if k == 1 {
			parts = append(parts, verb+" 1 package")
		} else if k > 1 {
			parts = append(parts, fmt.Sprintf("%s %d packages", verb, k))
		}
	}
	count("added", added)
	count("removed", removed)
	count("changed", changed)
	audited := !n.cfg.off("audit")
	if len(parts) == 0 {
		parts = append(parts, "up to date")
	}
	if audited {
		parts = append(parts, fmt.Sprintf("audited %d packages", len(plan)+1))
	}
	text := parts[0]
	if len(parts) > 1 {
		text = strings.Join(parts[:len(parts)-1], ", ") + ", and " + parts[len(parts)-1]
	}
	n.Printf("\n%s in %ds\n", text, 1+n.fetched/40)
	funding := 0
	for _, q := range plan {
		if len(q.Funding) > 0 {
			funding++
		}
	}
	if funding > 0 && !n.cfg.off("fund") {
		verb := "packages are"
		if funding == 1 {
			verb = "package is"
		}
		n.Printf("\n%d %s looking for funding\n  run `npm fund` for details\n", funding, verb)
	}
}

// save writes package.json, where packages were added or removed, and the lock file.
func (n *session) save(p *project, l *lock, lockToo bool) error {
	if (n.command == "install" || n.command == "uninstall") && len(n.args) > 0 && !n.cfg.off("save") {
		text, err := p.rewritten()
		if err != nil {
			return err
		}
		if err := n.FS.WriteFile(path.Join(n.root, "package.json"), text, 0o644); err != nil {
			return n.filesystem(err)
		}
	}
	if !lockToo || n.cfg.off("save") {
		return nil
	}
	name := p.Name
	if name == "" {
		name = path.Base(n.root)
	}
	root := &entry{Name: name, Version: p.Version, Dependencies: p.Dependencies, Optionals: p.Optional, Peers: p.Peer, Engines: p.Engines}
	if len(p.DevDependencies) > 0 {
		var doc map[string]any
		text, _ := json.Marshal(root)
		_ = json.Unmarshal(text, &doc)
		doc["devDependencies"] = p.DevDependencies
		root.raw, _ = json.Marshal(doc)
	}
	file := "package-lock.json"
	if l.File != "" {
		file = l.File
	}
	if err := n.FS.WriteFile(path.Join(n.root, file), lockText(name, p.Version, root, l.Packages), 0o644); err != nil {
		return n.filesystem(err)
	}
	return nil
}

// indentation is how far the first field of a JSON text is indented.
var indentation = regexp.MustCompile(`^\s*\{\r?\n+([ \t]*)`)

// rewritten is package.json with its dependencies as they are now; the order of other fields stays.
func (p *project) rewritten() ([]byte, error) {
	dec := json.NewDecoder(bytes.NewReader(p.text))
	if _, err := dec.Token(); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteByte('{')
	done := map[string]bool{}
	lists := map[string]map[string]string{"dependencies": p.Dependencies, "devDependencies": p.DevDependencies, "optionalDependencies": p.Optional, "peerDependencies": p.Peer}
	put := func(k string, v any) error {
		text, err := json.Marshal(v)
		if err != nil {
			return err
		}
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%q:%s", k, text)
		return nil
	}
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return nil, err
		}
		key, _ := t.(string)
		var v json.RawMessage
		if err := dec.Decode(&v); err != nil {
			return nil, err
		}
		done[key] = true
		if list, ok := lists[key]; ok {
			if len(list) == 0 {
				continue
			}
			if err := put(key, list); err != nil {
				return nil, err
			}
			continue
		}
		if err := put(key, v); err != nil {
			return nil, err
		}
	}
	for _, key := range []string{"dependencies", "devDependencies", "optionalDependencies"} {
		if !done[key] && len(lists[key]) > 0 {
			if err := put(key, lists[key]); err != nil {
				return nil, err
			}
		}
	}
	b.WriteByte('}')
	indent := "  "
	if len(done) > 0 { // as it was written
		at := indentation.FindSubmatch(p.text)
		if at == nil {
			return b.Bytes(), nil
		}
		indent = string(at[1])
	}
	var out bytes.Buffer
	if err := json.Indent(&out, b.Bytes(), "", indent); err != nil {
		return nil, err
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

// filesystem words an error of the kernel as npm does.
func (n *session) filesystem(err error) error {
	var known *failure
	var done exit
	if errors.As(err, &known) || errors.As(err, &done) {
		return err
	}
	var pe *fs.PathError
	var no syscall.Errno
	if !errors.As(err, &pe) || !errors.As(err, &no) {
		return &failure{lines: []string{err.Error()}}
	}
	p := n.FS.Abs(pe.Path)
	code := errnoName(no)
	text := fmt.Sprintf("%s: %s, %s '%s'", code, strings.ToLower(vfs.Message(err)), pe.Op, p)
	f := &failure{code: code, status: 256 - int(no), lines: []string{"syscall " + pe.Op, "path " + p, fmt.Sprintf("errno -%d", int(no)), "Error: " + text}}
	switch no {
	case syscall.EACCES, syscall.EPERM:
		f.lines = append(f.lines, fmt.Sprintf("  errno: -%d,", int(no)), "  code: '"+code+"',", "  syscall: '"+pe.Op+"',", "  path: '"+p+"'", "}", "",
			"The operation was rejected by your operating system.",
			"It is likely you do not have the permissions to access this file as the current user", "",
			"If you believe this might be a permissions issue, please double-check the",
			"permissions of the file and its containing directories, or try running",
			"the command again as root/Administrator.")
	case syscall.ENOSPC:
		f.lines = []string{"nospc " + text, "nospc There appears to be insufficient space on your system to finish.", "nospc Clear up some disk space and try again."}
	case syscall.EROFS:
		f.lines = append(f.lines, "rofs Often virtualized file systems, or other file systems", "rofs that don't support symlinks, give this error.")
	}
	return f
}

func errnoName(e syscall.Errno) string {
	switch e {
	case syscall.ENOENT:
		return "ENOENT"
	case syscall.EACCES:
		return "EACCES"
	case syscall.EPERM:
		return "EPERM"
	case syscall.ENOSPC:
		return "ENOSPC"
	case syscall.EROFS:
		return "EROFS"
	case syscall.ENOTDIR:
		return "ENOTDIR"
	case syscall.EISDIR:
		return "EISDIR"
	case syscall.EEXIST:
		return "EEXIST"
	case syscall.EBUSY:
		return "EBUSY"
	}
	return fmt.Sprintf("E%d", int(e))
}

// uninstall takes packages out of package.json, the lock and node_modules.
func (n *session) uninstall() error {
	if n.cfg.is("global") {
		for _, name := range n.args {
			if err := n.FS.RemoveAll(path.Join(n.globalModules(), name)); err != nil {
				return n.filesystem(err)
			}
		}
		n.Printf("\nremoved %d packages in 1s\n", len(n.args))
		return nil
	}
	p, err := n.project()
	if errors.Is(err, fs.ErrNotExist) {
		return n.missingProject()
	}
	if err != nil {
		return err
	}
	l, err := n.lock()
	if err != nil {
		return err
	}
	for _, name := range n.args {
		for _, m := range []map[string]string{p.Dependencies, p.DevDependencies, p.Optional} {
			delete(m, name)
		}
	}
	return n.settle(p, l, true)
}

// prune takes away what package.json and the options given do not ask for.
func (n *session) prune() error {
	p, err := n.project()
	if errors.Is(err, fs.ErrNotExist) {
		return n.missingProject()
	}
	if err != nil {
		return err
	}
	l, err := n.lock()
	if err != nil {
		return err
	}
	return n.settle(p, l, false)
}

// settle brings node_modules to what package.json asks for, removing only.
func (n *session) settle(p *project, l *lock, save bool) error {
	want, _, err := n.resolve(p, l)
	if err != nil {
		return err
	}
	plan, err := n.plan(want)
	if err != nil {
		return err
	}
	have := n.present(path.Join(n.root, "node_modules"))
	plan = slices.DeleteFunc(plan, func(q planned) bool { _, ok := have[q.path]; return !ok })
	if err := n.reify(p, want, plan, have, 0); err != nil {
		return err
	}
	if !save && !n.cfg.off("package-lock") { // written again, as it was
		n.FS.Chtimes(path.Join(n.root, "package-lock.json"), n.FS.Now())
	}
	if save {
		if err := n.save(p, want, l != nil); err != nil {
			return err
		}
	}
	n.summary(0, len(have)-len(plan), 0, plan)
	return nil
}

// installGlobal is npm install -g.
func (n *session) installGlobal() error {
	if len(n.args) == 0 {
		return nil
	}
	modules := n.globalModules()
	if err := n.FS.Access(modules, 2); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return n.filesystem(&fs.PathError{Op: "mkdir", Path: path.Join(modules, specName(n.args[0])), Err: syscall.EACCES})
	}
	var all []planned
	for _, arg := range n.args {
		name, spec := splitSpec(arg)
		root := &project{Name: "global", Dependencies: map[string]string{name: spec}}
		l, fetched, err := n.resolve(root, nil)
		if err != nil {
			return err
		}
		plan, err := n.plan(l)
		if err != nil {
			return err
		}
		for i := range plan {
			if !plan[i].Link {
				fetched = append(fetched, n.archive(&plan[i]))
			}
		}
		if err := n.fetch(unique(fetched)); err != nil {
			return err
		}
		if err := n.placeGlobal(name, plan); err != nil {
			return err
		}
		n.estimated(plan)
		all = append(all, plan...)
	}
	n.summary(len(all), 0, 0, all)
	return nil
}

// placeGlobal puts a package into the global folder, all it needs nested in it, and links its programs.
func (n *session) placeGlobal(name string, plan []planned) error {
	o := owner{uid: n.FS.Cred.UID, gid: n.FS.Cred.GID}
	nested := make([]planned, 0, len(plan))
	var top planned
	for _, q := range plan {
		switch {
		case q.path == "node_modules/"+name:
			top = q
		case strings.HasPrefix(q.path, "node_modules/"+name+"/node_modules/"):
			q.path = strings.TrimPrefix(q.path, "node_modules/"+name+"/")
			nested = append(nested, q)
		default:
			nested = append(nested, q)
		}
		n.Record(report.Event{Kind: "install", Tool: n.tool, Name: q.name, Version: q.Version})
	}
	if top.entry == nil {
		return nil
	}
	pkg, err := n.unpack(top, o)
	if err != nil {
		return err
	}
	if len(nested) > 0 {
		slices.SortFunc(nested, func(a, b planned) int { return strings.Compare(a.path, b.path) })
		inner, err := n.modules(nested, o, "", "")
		if err != nil {
			return err
		}
		pkg = pkg.Clone().Put("node_modules", inner)
	}
	at := path.Join(n.globalModules(), name)
	if err := n.FS.MkdirAll(path.Dir(at), 0o755); err != nil {
		return n.filesystem(err)
	}
	if err := n.FS.Graft(at, pkg); err != nil {
		return n.filesystem(err)
	}
	bin := path.Join(n.prefix(), "bin")
	if err := n.FS.MkdirAll(bin, 0o755); err != nil {
		return n.filesystem(err)
	}
	for prog, script := range binsOf(name, n.manifest(name, top.entry).Bin) {
		at := path.Join(bin, prog)
		if err := n.FS.RemoveAll(at); err != nil {
			return n.filesystem(err)
		}
		if err := n.FS.Symlink(path.Join("../lib/node_modules", name, script), at); err != nil {
			return n.filesystem(err)
		}
	}
	return nil
}
