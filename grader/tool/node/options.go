package node

import (
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"drydock/grader/report"
	"drydock/grader/tool"
	"drydock/grader/tree"
)

// options is a command line.
type options struct {
	script  string
	args    []string
	require []string
	eval    *string
	print   bool
	check   bool
	test    bool
}

// known are the beginnings of options that Node.js has and that change nothing here.
var known = strings.Fields(`--abort-on- --allow- --build-snapshot --completion-bash --conditions --cpu-prof --diagnostic-dir --disable- --dns-result-order --enable-
	--entry-url --es-module --experimental- --expose --force- --frozen-intrinsics --harmony --heap --huge- --icu- --input-type --inspect --insecure- --interactive
	--interpreted-frames --jitless --localstorage --max- --napi-modules --network-family --no- --node-memory-debug --node-snapshot --openssl- --optimize
	--pending-deprecation --permission --perf- --preserve-symlinks --prof --redirect-warnings --report- --run --secure-heap --security-revert --snapshot-blob --stack-
	--test- --throw- --title --tls- --trace- --track- --unhandled-rejections --use- --v8- --verify- --warnings --watch --zero-fill --stack_ --max_ --gc`)

// valued are the options whose value may stand in the next argument.
var valued = strings.Fields(`-r --require --import --loader --experimental-loader -C --conditions --env-file --env-file-if-exists --title --icu-data-dir --input-type
	--max-http-header-size --dns-result-order --unhandled-rejections --redirect-warnings --openssl-config --tls-keylog --watch-path --diagnostic-dir`)

// options reads the arguments; a status of 0 or more means that all has been done.
func (p *process) options(args []string) (o options, code int) {
	if extra := p.Env.Get("NODE_OPTIONS"); extra != "" {
		args = append(strings.Fields(extra), args...)
	}
	for i := 0; i < len(args); i++ {
		a := args[i]
		if !strings.HasPrefix(a, "-") || a == "-" {
			o.script, o.args = a, args[i+1:]
			return o, -1
		}
		if a == "--" {
			if i+1 < len(args) {
				o.script, o.args = args[i+1], args[i+2:]
			}
			return o, -1
		}
		name, value, has := strings.Cut(a, "=")
		if !has && slices.Contains(valued, name) {
			i++
			if i >= len(args) {
				p.Errorf("%s: %s requires an argument", p.Args[0], name)
				return o, 9
			}
			value = args[i]
		}
		switch name {
		case "-v", "--version":
			p.Printf("v%s\n", p.version)
			return o, 0
		case "-h", "--help":
			p.Printf("Usage: node [options] [ script.js ] [arguments]\n")
			return o, 0
		case "-e", "--eval", "-p", "--print", "-pe":
			if !has {
				i++
				if i >= len(args) {
					p.Errorf("%s: %s requires an argument", p.Args[0], name)
					return o, 9
				}
				value = args[i]
			}
			o.eval, o.print = &value, o.print || name != "-e" && name != "--eval"
		case "-c", "--check":
			o.check = true
		case "--test":
			o.test = true
		case "-r", "--require", "--import":
			o.require = append(o.require, value)
		case "--env-file":
			if !p.FS.Exists(value) {
				p.Errorf("node: %s: not found", value)
				return o, 9
			}
		case "-i", "-C", "--loader", "--env-file-if-exists", "--env-file-if-not-exists", "--cjs":
		default:
			if !slices.ContainsFunc(known, func(k string) bool { return strings.HasPrefix(name, k) }) {
				p.Errorf("%s: bad option: %s", p.Args[0], a)
				return o, 9
			}
		}
	}
	return o, -1
}

// check is node --check.
func (p *process) check(script string) int {
	at := p.FS.Abs(script)
	file, ok := p.resolve.file(at)
	if !ok {
		return p.fail(&loadError{notFound: notFound{kind: "module", what: at}, main: true})
	}
	c, err := p.FS.Content(file)
	if err != nil {
		return p.fail(&readError{path: file, err: err})
	}
	if m := p.shelf.module(c); m.fault != "" {
		return p.fail(&syntaxError{file: file, line: m.line, text: m.fault, content: c})
	}
	return 0
}

// eval runs a line of JavaScript: what it requires is resolved, and simple expressions are worked out.
func (p *process) eval(src string, print bool) int {
	m := parse(src)
	for _, l := range m.links {
		if err := p.load(l, p.FS.Dir, []string{path.Join(p.FS.Dir, "[eval]")}); err != nil {
			return p.fail(err)
		}
	}
	tokens, _, _ := scan(src)
	if print {
		if v, ok := p.value(tokens); ok {
			p.Printf("%s\n", v)
			return 0
		}
		p.note("unknown", "node -p "+src+" is not worked out: it is taken to print nothing.")
		return 0
	}
	if len(m.listens) > 0 || m.timers {
		p.mains = append(p.mains, m)
		return p.settle("[eval]")
	}
	for i := 0; i < len(tokens); {
		n, known := p.statement(tokens[i:])
		if !known {
			if m.exits >= 0 {
				return m.exits
			}
			p.note("unknown", "node -e is worked out only where it prints or ends: it is taken to succeed.")
			return 0
		}
		if known && n < 0 {
			return max(m.exits, 0)
		}
		i += n
	}
	return 0
}

// statement runs a statement that prints or ends, and returns how many tokens it takes; -1 for process.exit.
func (p *process) statement(t []token) (int, bool) {
	if t[0].s == ";" {
		return 1, true
	}
	if len(t) < 5 || t[1].s != "." || t[3].s != "(" {
		return 0, false
	}
	args := arguments(t[3:])
	n := 5 + len(args)
	switch t[0].s + "." + t[2].s {
	case "console.log":
		v, ok := p.value(args)
		if !ok && len(args) > 0 {
			return 0, false
		}
		p.Printf("%s\n", v)
		return n, true
	case "process.exit":
		return -1, true
	}
	return 0, false
}

// value works out an expression of literals, sums, and a few well-known properties.
func (p *process) value(t []token) (string, bool) {
	switch {
	case len(t) == 0:
		return "", false
	case len(t) == 1 && (t[0].kind == text || t[0].kind == number):
		return t[0].s, true
	}
	depth := 0
	for i, x := range t {
		switch {
		case x.kind == punct && strings.Contains("([{", x.s):
			depth++
		case x.kind == punct && strings.Contains(")]}", x.s):
			depth--
		case x.kind == punct && depth == 0 && (x.s == "+" || x.s == ","):
			a, okA := p.value(t[:i])
			b, okB := p.value(t[i+1:])
			if !okA || !okB {
				return "", false
			}
			if x.s == "," {
				return a + " " + b, true
			}
			if n, err := strconv.ParseFloat(a, 64); err == nil && t[0].kind == number {
				if m, err := strconv.ParseFloat(b, 64); err == nil {
					return strconv.FormatFloat(n+m, 'f', -1, 64), true
				}
			}
			return a + b, true
		}
	}
	var words []string
	for _, x := range t {
		words = append(words, x.s)
	}
	switch s := strings.Join(words, ""); {
	case s == "process.version":
		return "v" + p.version, true
	case s == "process.versions.node":
		return p.version, true
	case s == "process.platform":
		return "linux", true
	case s == "process.arch":
		if p.Arch == "amd64" {
			return "x64", true
		}
		return p.Arch, true
	case s == "process.cwd()":
		return p.FS.Dir, true
	case s == "process.pid":
		return "1", true
	case s == "process.getuid()":
		return strconv.Itoa(p.FS.Cred.UID), true
	case strings.HasPrefix(s, "process.env."):
		v, ok := p.Env.Lookup(strings.TrimPrefix(s, "process.env."))
		if !ok {
			v = "undefined"
		}
		return v, true
	case len(t) >= 6 && t[0].s == "require" && t[2].kind == text && strings.HasSuffix(t[2].s, "package.json") && t[4].s == ".":
		file, _, err := p.resolve.resolve(t[2].s, p.FS.Dir, false)
		if err != nil {
			return "", false
		}
		m := p.resolve.manifestAt(path.Dir(file))
		if m == nil {
			return "", false
		}
		return map[string]string{"version": m.Version, "name": m.Name, "main": m.main(), "type": m.Type}[t[5].s], true
	}
	return "", false
}

// shims are the programs that corepack puts beside node, and the program each stands for.
var shims = map[string]string{"yarn": "yarn", "yarnpkg": "yarn", "pnpm": "pnpm", "pnpx": "pnpm"}

// corepack enables the other package managers: their programs then stand beside node. Which version they are it leaves open.
func corepack(_ context.Context, c *tool.Call) int {
	args := c.Args[1:]
	switch {
	case len(args) > 0 && (args[0] == "--version" || args[0] == "-v"):
		c.Printf("0.29.4\n")
		return 0
	case len(args) == 0 || args[0] != "enable":
		if c.Note != nil {
			c.Note(report.Note{Kind: "unknown", Text: fmt.Sprintf("corepack %s is taken to succeed and to change nothing.", strings.Join(args, " "))})
		}
		return 0
	}
	bin := path.Dir(c.Path)
	for _, name := range slices.Sorted(maps.Keys(shims)) {
		if want := args[1:]; len(want) > 0 && !slices.Contains(want, shims[name]) {
			continue
		}
		at := path.Join(bin, name)
		err := c.FS.RemoveAll(at)
		if err == nil {
			err = c.FS.WriteContent(at, tree.Program([]byte("#!/usr/bin/env node\n"), map[string]string{"program": shims[name]}), 0o755)
		}
		if err != nil {
			c.Errorf("Internal Error: EACCES: permission denied, symlink '../lib/node_modules/corepack/dist/%s.js' -> '%s'\n    at async Object.symlink (node:internal/fs/promises)", name, at)
			return 1
		}
	}
	return 0
}
