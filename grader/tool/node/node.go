// Package node is the model of Node.js: node, and in short corepack.
//
// A script is read, not run: what it requires and imports is resolved over the filesystem as Node.js would, through the application's own files and, by
// the dependencies that their package.json names, through packages whose sources are only declared. A missing module ends it with Node.js's own
// message. A call of listen makes it a server. Conditions, values and what a script does besides are not worked out; where that
// matters a note says so.
//
// Start from [Models].
package node

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"

	"drydock/grader/report"
	"drydock/grader/tool"
	"drydock/grader/tree"
)

// Models returns the programs node and corepack.
func Models() tool.Models {
	s := &shelf{}
	return tool.Models{
		"node":     func(ctx context.Context, c *tool.Call) int { return run(ctx, c, s) },
		"corepack": corepack,
	}
}

// shelf is what calls share: what was read off scripts and package.json files, by their content.
type shelf struct {
	manifests manifests
	mu        sync.Mutex
	modules   map[string]*module
}

const keep = 4096

func (s *shelf) module(c *tree.Content) *module {
	data, ok := c.Known()
	if !ok {
		return &module{exits: -1}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if m := s.modules[c.ID()]; m != nil {
		return m
	}
	if s.modules == nil || len(s.modules) > keep {
		s.modules = map[string]*module{}
	}
	m := parse(string(data[:min(len(data), 4<<20)]))
	s.modules[c.ID()] = m
	return m
}

// manifests holds package.json files that were read, by content.
type manifests struct {
	mu sync.Mutex
	m  map[string]*manifest
}

func (s *manifests) get(c *tree.Content) *manifest {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m, ok := s.m[c.ID()]; ok {
		return m
	}
	if s.m == nil || len(s.m) > keep {
		s.m = map[string]*manifest{}
	}
	var m *manifest
	if data, ok := c.Known(); ok {
		m = &manifest{}
		if json.Unmarshal(data, m) != nil {
			m = nil
		}
	}
	s.m[c.ID()] = m
	return m
}

// process is one execution.
type process struct {
	*tool.Call
	ctx     context.Context
	shelf   *shelf
	resolve resolver
	version string
	loaded  []string
	seen    map[string]bool // files and package folders
	values  map[string][]token
	mains   []*module // the application's own modules, in the order in which they are loaded
	budget  int
}

// maxModules bounds how many files and packages one program may load.
const maxModules = 20_000

func run(ctx context.Context, c *tool.Call, s *shelf) int {
	p := &process{Call: c, ctx: ctx, shelf: s, version: c.Program.Fact("version"), seen: map[string]bool{}, values: map[string][]token{}, budget: maxModules}
	p.resolve = resolver{fs: c.FS, manifests: &s.manifests, nodePath: c.Env.Get("NODE_PATH")}
	if p.version == "" {
		p.version = "20.0.0"
	}
	o, code := p.options(c.Args[1:])
	if code >= 0 {
		return code
	}
	for _, r := range o.require {
		if err := p.load(link{spec: r, firm: true}, c.FS.Dir, []string{"internal/preload"}); err != nil {
			return p.fail(err)
		}
	}
	switch {
	case o.eval != nil:
		return p.eval(*o.eval, o.print)
	case o.check:
		return p.check(o.script)
	case o.test:
		p.note("unknown", "node --test does not run tests: they are taken to pass.")
		return 0
	case o.script == "" || o.script == "-":
		return 0 // what comes from standard input is not looked at
	}
	return p.main(o)
}

func (p *process) note(kind, text string) {
	if p.Note != nil {
		p.Note(report.Note{Kind: kind, Text: text})
	}
}

// main runs a script.
func (p *process) main(o options) int {
	at := p.FS.Abs(o.script)
	file, ok := p.resolve.file(at)
	if !ok && p.FS.IsDir(at) {
		f, err := p.resolve.folder(at)
		file, ok = f, err == nil
	}
	if !ok {
		return p.fail(&loadError{notFound: notFound{kind: "module", what: at}, main: true})
	}
	if err := p.file(file, nil); err != nil {
		return p.fail(err)
	}
	return p.settle(file)
}

// settle is what happens once a script has been loaded: it serves, waits or ends.
func (p *process) settle(file string) int {
	var server, graceful, timers bool
	port := 0
	for _, m := range p.mains {
		graceful = graceful || m.sigterm
		timers = timers || m.timers
		for _, l := range m.listens {
			server = true
			if port == 0 {
				port = portOf(first(l.args), p.values, p.Env, 0)
			}
		}
	}
	for _, m := range p.mains {
		if m.exits >= 0 && !server {
			for _, l := range m.prints {
				p.Printf("%s\n", l)
			}
			return m.exits
		}
	}
	for _, m := range p.mains {
		for _, l := range m.prints {
			p.Printf("%s\n", l)
		}
	}
	switch {
	case server:
		if port == 0 {
			port = 3000
			p.note("estimate", "The port that "+file+" listens on could not be read off its source: 3000 is assumed.")
		}
	case !timers:
		if content, err := p.FS.Content(file); err == nil {
			if _, known := content.Known(); !known {
				p.note("unknown", file+" is not known beyond its size: it is taken to be a server.")
				return p.serve(3000, true)
			}
		}
		return 0
	}
	return p.serve(port, graceful)
}

func (p *process) serve(port int, graceful bool) int {
	return p.Serve(p.ctx, p.Call, tool.Service{Port: port, Runtime: "node " + p.version, Graceful: graceful, Loaded: p.loaded})
}

// load resolves a link and loads what it leads to. stack is who required it, the nearest first.
func (p *process) load(l link, from string, stack []string) error {
	if builtin(l.spec) || strings.HasPrefix(l.spec, "#") || strings.HasPrefix(l.spec, "data:") || strings.HasPrefix(l.spec, "http") && strings.Contains(l.spec, "://") {
		return nil
	}
	file, dir, err := p.resolve.resolve(l.spec, from, l.esm)
	if err != nil {
		if !l.firm {
			return nil
		}
		if nf, ok := err.(*notFound); ok {
			return &loadError{notFound: *nf, esm: l.esm, stack: stack, line: l.line, col: l.col}
		}
		return err
	}
	if dir != "" {
		err = p.pkg(dir, stack)
	}
	if err == nil && !strings.HasSuffix(file, ".json") {
		err = p.file(file, stack)
	}
	if err != nil && !l.firm {
		return nil
	}
	return err
}

// file loads a script of the application.
func (p *process) file(file string, stack []string) error {
	if p.seen[file] || p.budget <= 0 || p.ctx.Err() != nil {
		return nil
	}
	p.budget--
	p.seen[file] = true
	content, err := p.FS.Content(file)
	if err != nil {
		return &readError{path: file, err: err}
	}
	p.loaded = append(p.loaded, file)
	if strings.HasSuffix(file, ".node") {
		return p.addon(file, content)
	}
	if strings.HasPrefix(content.Fact("package"), "npm:") || strings.HasSuffix(file, ".json") {
		return nil
	}
	if len(stack) > 200 {
		return nil
	}
	m := p.shelf.module(content)
	esm, typed := p.isModule(file)
	if m.fault != "" {
		return &syntaxError{file: file, line: m.line, text: m.fault, content: content}
	}
	switch {
	case m.esm && !esm && typed || m.esm && !esm && !p.detects():
		return &syntaxError{file: file, line: importLine(m), text: "SyntaxError: Cannot use import statement outside a module", content: content, warn: true}
	case m.esm:
		esm = true
	case esm && m.requires != nil:
		return &syntaxError{file: file, line: m.requires.line, content: content, esm: true,
			text: "ReferenceError: require is not defined in ES module scope, you can use import instead"}
	}
	stack = append([]string{file}, stack...)
	for _, l := range m.links {
		if err := p.load(l, path.Dir(file), stack); err != nil {
			return err
		}
	}
	for _, r := range m.reads {
		at := r.path
		if r.fromDir {
			at = path.Join(path.Dir(file), r.path)
		}
		if !p.FS.Exists(at) {
			return &readError{path: p.FS.Abs(at), file: file, line: r.line, err: fmt.Errorf("ENOENT")}
		}
		p.loaded = append(p.loaded, p.FS.Abs(at))
	}
	for k, v := range m.values {
		if _, ok := p.values[k]; !ok {
			p.values[k] = v
		}
	}
	p.mains = append(p.mains, m)
	return nil
}

func importLine(m *module) int {
	for _, l := range m.links {
		if l.esm && l.firm {
			return l.line
		}
	}
	return 1
}

// isModule reports whether a file is an ES module by its name or the nearest package.json, and whether either says so expressly.
func (p *process) isModule(file string) (esm, typed bool) {
	switch path.Ext(file) {
	case ".mjs":
		return true, true
	case ".cjs":
		return false, true
	}
	for d := path.Dir(file); ; d = path.Dir(d) {
		if m := p.resolve.manifestAt(d); m != nil {
			return m.Type == "module", m.Type != ""
		}
		if d == "/" {
			return false, false
		}
	}
}

// detects reports whether this version tells ES modules by their syntax.
func (p *process) detects() bool {
	var major, minor int
	_, _ = fmt.Sscanf(p.version, "%d.%d", &major, &minor)
	return major > 22 || major == 22 && minor >= 7 || major == 20 && minor >= 19
}

// pkg loads a package: what its package.json depends on has to be there, too.
func (p *process) pkg(dir string, stack []string) error {
	if p.seen[dir] || p.budget <= 0 || p.ctx.Err() != nil {
		return nil
	}
	p.budget--
	p.seen[dir] = true
	m := p.resolve.manifestAt(dir)
	if m == nil {
		return nil
	}
	p.loaded = append(p.loaded, path.Join(dir, "package.json"))
	if err := p.addons(dir, m); err != nil {
		return err
	}
	c, err := p.FS.Content(path.Join(dir, "package.json"))
	if err != nil || !strings.HasPrefix(c.Fact("package"), "npm:") && len(m.Dependencies) == 0 {
		return nil
	}
	names := make([]string, 0, len(m.Dependencies))
	for name := range m.Dependencies {
		if m.OptionalDependencies[name] == "" && !strings.HasPrefix(name, "@types/") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	inner := stack
	if file, _, err := p.resolve.resolve(m.Name, path.Dir(dir), false); err == nil && strings.HasPrefix(file, dir) {
		inner = append([]string{file}, stack...)
	}
	for _, name := range names {
		if builtin(name) {
			continue
		}
		at := p.find(name, dir)
		if at == "" {
			return &loadError{notFound: notFound{kind: "module", what: name}, stack: inner, line: 1, col: 1}
		}
		if err := p.pkg(at, inner); err != nil {
			return err
		}
	}
	return nil
}

// find returns the folder of a package as seen from a folder.
func (p *process) find(name, from string) string {
	for _, base := range p.resolve.lookup(from) {
		if at := path.Join(base, name); p.FS.IsDir(at) {
			return p.resolve.real(at)
		}
	}
	return ""
}
