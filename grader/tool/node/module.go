package node

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"drydock/grader/tool"
)

// link is a module that another one names.
type link struct {
	spec string
	line int
	col  int
	esm  bool // import, not require
	firm bool // needed before the module's own code has run
}

// listen is a call that makes a server.
type listen struct {
	args []token
}

// module is what is read off a script's source.
type module struct {
	links    []link
	listens  []listen
	values   map[string][]token // of declarations and properties, by name
	esm      bool               // it has import or export statements
	requires *token             // the first bare require, which an ES module lacks
	sigterm  bool
	timers   bool     // setInterval keeps it running
	reads    []read   // files it opens as it loads
	prints   []string // literal lines it prints as it loads
	exits    int      // status that it ends with as it loads; -1 if it does not
	fault    string
	line     int
}

// read is a file that is opened with a path known from the source.
type read struct {
	path    string
	fromDir bool // below the module's own folder, else below the working directory
	line    int
}

// parse reads a script.
func parse(src string) *module {
	tokens, fault, line := scan(src)
	m := &module{values: map[string][]token{}, fault: fault, line: line, exits: -1}
	at := func(i int) token {
		if i >= 0 && i < len(tokens) {
			return tokens[i]
		}
		return token{kind: punct}
	}
	creates := false
	for i, t := range tokens {
		if t.kind != ident {
			continue
		}
		before, after := at(i-1), at(i+1)
		member := before.s == "." || before.s == "?."
		switch {
		case t.s == "require" && !member && after.s == "(" && at(i+2).kind == text && (at(i+3).s == ")" || at(i+3).s == ","):
			m.links = append(m.links, link{spec: at(i + 2).s, line: t.line, col: t.col, firm: firm(t, before)})
			if m.requires == nil && !t.lazy {
				m.requires = &tokens[i]
			}
		case t.s == "createRequire":
			creates = true
		case t.s == "import" && !member:
			m.importStatement(tokens, i)
		case t.s == "export" && !member && !t.lazy && before.s != ".":
			m.esm = true
			for j := i + 1; j < min(len(tokens), i+400) && at(j).s != ";"; j++ {
				if at(j).s == "from" && at(j+1).kind == text {
					m.links = append(m.links, link{spec: at(j + 1).s, line: t.line, col: t.col, esm: true, firm: true})
					break
				}
				if j == i+1 && at(j).s != "{" && at(j).s != "*" {
					break
				}
			}
		case t.s == "listen" && member && after.s == "(":
			m.listens = append(m.listens, listen{arguments(tokens[i+1:])})
		case (t.s == "WebSocketServer" || t.s == "Server") && after.s == "(":
			if args := arguments(tokens[i+1:]); slices.ContainsFunc(args, func(t token) bool { return t.s == "port" }) {
				m.listens = append(m.listens, listen{args})
			}
		case (t.s == "on" || t.s == "once" || t.s == "addListener") && at(i-2).s == "process" && at(i+2).kind == text && at(i+2).s == "SIGTERM":
			m.sigterm = true
		case t.s == "enableShutdownHooks", t.s == "createTerminus", t.s == "closeWithGrace":
			m.sigterm = true
		case t.s == "SIGTERM":
			m.sigterm = m.sigterm || slices.ContainsFunc(tokens[i:min(i+60, len(tokens))], func(t token) bool { return t.s == "process" })
		case t.s == "setInterval" && after.s == "(":
			m.timers = true
		case (t.s == "readFileSync" || t.s == "readdirSync") && after.s == "(" && firm(t, at(i-2)) && !t.lazy:
			if r, ok := filePath(arguments(tokens[i+1:])); ok {
				r.line = t.line
				m.reads = append(m.reads, r)
			}
		case t.s == "log" && member && at(i-2).s == "console" && after.s == "(" && !t.lazy && !t.cond:
			if args := arguments(tokens[i+1:]); len(args) == 1 && (args[0].kind == text || args[0].kind == number) {
				m.prints = append(m.prints, args[0].s)
			}
		case t.s == "exit" && member && at(i-2).s == "process" && after.s == "(" && !t.lazy && !t.cond && m.exits < 0:
			m.exits = 0
			if at(i+2).kind == number {
				m.exits, _ = strconv.Atoi(at(i + 2).s)
			}
		}
		if (after.s == "=" || after.s == ":") && at(i+2).s != "" {
			if _, known := m.values[t.s]; !known {
				m.values[t.s] = expression(tokens[i+2:])
			}
		}
	}
	if creates {
		m.requires = nil
	}
	return m
}

// firm reports whether what a token does is done for certain when the module is loaded.
func firm(t, before token) bool {
	if t.lazy || t.cond || before.ctl {
		return false
	}
	switch before.s {
	case "else", "=>", "&&", "||", "??", "?":
		return false
	case ":":
		return t.obj
	}
	return true
}

// importStatement reads import … from 'x', import 'x' and import('x').
func (m *module) importStatement(tokens []token, i int) {
	t := tokens[i]
	at := func(j int) token {
		if j < len(tokens) {
			return tokens[j]
		}
		return token{kind: punct}
	}
	switch n := at(i + 1); {
	case n.s == "(":
		if at(i+2).kind == text {
			m.links = append(m.links, link{spec: at(i + 2).s, line: t.line, col: t.col, esm: true})
		}
	case n.s == ".": // import.meta
		m.esm = true
	case n.kind == text:
		m.esm = true
		m.links = append(m.links, link{spec: n.s, line: t.line, col: t.col, esm: true, firm: true})
	default:
		for j := i + 1; j < min(len(tokens), i+400); j++ {
			if at(j).s == ";" {
				return
			}
			if at(j).s == "from" && at(j+1).kind == text {
				m.esm = true
				m.links = append(m.links, link{spec: at(j + 1).s, line: t.line, col: t.col, esm: true, firm: true})
				return
			}
		}
	}
}

// arguments returns the tokens between the parenthesis that tokens begin with and the one that closes it.
func arguments(tokens []token) []token {
	depth := 0
	for i, t := range tokens {
		if t.kind != punct {
			continue
		}
		switch t.s {
		case "(", "[", "{":
			depth++
		case ")", "]", "}":
			if depth--; depth == 0 {
				return tokens[1:i]
			}
		}
		if i > 2000 {
			break
		}
	}
	return nil
}

// expression returns the tokens up to the end of an expression.
func expression(tokens []token) []token {
	depth := 0
	for i, t := range tokens {
		if i > 40 {
			return tokens[:i]
		}
		if t.kind == punct {
			switch t.s {
			case "(", "[", "{":
				depth++
			case ")", "]", "}":
				if depth--; depth < 0 {
					return tokens[:i]
				}
			case ";", ",":
				if depth == 0 {
					return tokens[:i]
				}
			}
		}
		if t.kind == ident && depth == 0 && i > 0 && (t.s == "const" || t.s == "let" || t.s == "var") {
			return tokens[:i]
		}
	}
	return tokens
}

// first returns the first of several arguments.
func first(args []token) []token {
	depth := 0
	for i, t := range args {
		if t.kind != punct {
			continue
		}
		switch t.s {
		case "(", "[", "{":
			depth++
		case ")", "]", "}":
			depth--
		case ",":
			if depth == 0 {
				return args[:i]
			}
		}
	}
	return args
}

// filePath reads a path given as a literal, or as path.join(__dirname, …) or resolve of literals.
func filePath(args []token) (read, bool) {
	args = first(args)
	if len(args) == 1 && args[0].kind == text {
		return read{path: args[0].s}, true
	}
	var r read
	var parts []string
	for i, t := range args {
		switch {
		case t.kind == text:
			parts = append(parts, t.s)
		case t.s == "__dirname":
			r.fromDir = true
		case t.kind == punct && strings.Contains("(),.+", t.s), t.s == "path" && i == 0, t.s == "join", t.s == "resolve":
		default:
			return r, false
		}
	}
	r.path = path.Join(parts...)
	return r, r.fromDir && len(parts) > 0
}

// number works out what a port's expression gives: an environment variable that is set, else the first number in it, names
// looked up in values. It is 0 where that is unknown.
func portOf(expr []token, values map[string][]token, env tool.Env, depth int) int {
	if depth > 5 {
		return 0
	}
	for i, t := range expr { // {port: 3000, host: …}
		if t.s == "port" && i+1 < len(expr) && expr[i+1].s == ":" {
			return portOf(expression(expr[i+2:]), values, env, depth+1)
		}
	}
	for i, t := range expr {
		switch {
		case t.s == "env" && i+2 < len(expr) && expr[i+1].s == ".":
			if n, err := strconv.Atoi(env.Get(expr[i+2].s)); err == nil {
				return n
			}
		case t.s == "env" && i+2 < len(expr) && expr[i+1].s == "[":
			if n, err := strconv.Atoi(env.Get(expr[i+2].s)); err == nil {
				return n
			}
		case t.kind == number || t.kind == text:
			if n, err := strconv.Atoi(t.s); err == nil && n >= 0 && n < 65536 && n != 10 {
				return n
			}
		}
	}
	for i := len(expr) - 1; i >= 0; i-- {
		if t := expr[i]; t.kind == ident {
			if v, ok := values[t.s]; ok && len(v) > 0 && !(len(v) == 1 && v[0].s == t.s) {
				if n := portOf(v, values, env, depth+1); n > 0 {
					return n
				}
			}
		}
	}
	return 0
}
