package shell

import (
	"strings"
	"sync"

	"mvdan.cc/sh/v3/syntax"
)

// program is a script that was parsed. It never changes, and is shared by all that run the same text.
type program struct {
	text   string
	groups []group // what is run before more is read
	err    *syntaxError
	arith  map[syntax.Node]*formula
	broken []string // expansions that are errors only when they are reached
	from   origin
	last   *syntax.CallExpr // the last command, where it is a simple one, also behind && and ||
	warned int              // line of a here-document that the end of the file ended, for bash
	wanted string
	cut    bool // that here-document has no newline at its end
}

// lastOf returns the simple command that a statement ends with, or nil.
func lastOf(s *syntax.Stmt) *syntax.CallExpr {
	if s.Background || s.Negated {
		return nil
	}
	switch c := s.Cmd.(type) {
	case *syntax.CallExpr:
		return c
	case *syntax.BinaryCmd:
		if c.Op == syntax.AndStmt || c.Op == syntax.OrStmt {
			return lastOf(c.Y)
		}
	}
	return nil
}

// group is a complete command line: shells read one, run it, and only then read on, so that an error further down does not keep it from running.
type group struct {
	stmts []*syntax.Stmt
	first int // lines of the text
	last  int
}

// origin says where a text comes from, which messages tell.
type origin struct {
	command bool   // -c
	eval    bool   // eval or a trap
	file    string // a script's name
	dot     bool   // read by `.`
}

// parsed keeps programs by dialect and text.
var parsed = cache{entries: map[cacheKey]*program{}}

type cacheKey struct {
	d    Dialect
	text string
}

// cache is bounded by dropping everything once it is full: the scripts of the grading at hand are soon back.
type cache struct {
	mu      sync.Mutex
	entries map[cacheKey]*program
	bytes   int
}

const cacheBytes = 8 << 20

func (c *cache) get(d Dialect, text string) *program {
	key := cacheKey{d, text}
	c.mu.Lock()
	p := c.entries[key]
	c.mu.Unlock()
	if p != nil {
		return p
	}
	p = parse(d, text)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bytes += len(text)*8 + 512; c.bytes > cacheBytes || len(c.entries) > 4096 {
		clear(c.entries)
		c.bytes = len(text)*8 + 512
	}
	c.entries[key] = p
	return p
}

// load returns the program of a text with its origin set.
func load(d Dialect, text string, from origin) *program {
	p := parsed.get(d, text)
	if from == (origin{}) {
		return p
	}
	q := *p
	q.from = from
	return &q
}

// Names under which an expansion that cannot be parsed is kept until it is reached.
const (
	badSubst = "_bad_substitution_"
	badArith = "_bad_arithmetic_"
)

// maxNesting bounds how deep constructs may be nested: the parser recurses.
const maxNesting = 1000

func parse(d Dialect, text string) *program {
	p := &program{text: text, arith: map[syntax.Node]*formula{}}
	if len(text) > maxScript || nests(text) > maxNesting {
		p.err = &syntaxError{line: 1, kind: tooComplex}
		return p
	}
	if i := strings.IndexByte(text, 0); i >= 0 {
		text = strings.ReplaceAll(text, "\x00", "")
	}
	returns := strings.IndexByte(text, '\r') >= 0
	if returns { // an ordinary character to a shell, but not to the parser
		text = strings.ReplaceAll(text, "\r", carriageReturn)
	}
	variant := syntax.LangPOSIX
	if d != Dash {
		variant = syntax.LangBash
	}
	if d == Ash {
		text = namedRedirect.ReplaceAllString(text, "$1 $2")
	}
	parser := syntax.NewParser(syntax.Variant(variant))
	var stmts []*syntax.Stmt
	var err error
	for range maxRepairs {
		stmts, err = nil, nil
		for s, e := range parser.StmtsSeq(strings.NewReader(text)) {
			switch { // the parser may go on after its first error, and must not be left then
			case err != nil:
			case e != nil:
				err = e
			default:
				stmts = append(stmts, s)
			}
		}
		if err == nil {
			break
		}
		fixed, ok := p.repair(d, text, err)
		if !ok {
			break
		}
		text = fixed
	}
	if returns {
		for _, s := range stmts {
			restoreReturns(s)
		}
		text = strings.ReplaceAll(text, carriageReturn, "\r")
	}
	p.text = text
	if p.cut && d != Bash {
		cutNewline(stmts)
	}
	p.group(stmts, err)
	if n := len(stmts); n > 0 && err == nil {
		p.last = lastOf(stmts[n-1])
	}
	if err != nil {
		p.err = diagnose(d, p.text, err)
	}
	for gi := range p.groups {
		g := &p.groups[gi]
		for i, s := range g.stmts {
			if e := p.prepare(d, s, p.text); e != nil {
				g.stmts = g.stmts[:i]
				if p.groups = p.groups[:gi]; true {
					p.err = e
				}
				return p
			}
		}
	}
	return p
}

// carriageReturn stands for \r while a text is parsed.
const carriageReturn = "\x01"

// restoreReturns puts \r back into what was parsed.
func restoreReturns(s *syntax.Stmt) {
	syntax.Walk(s, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Lit:
			n.Value = strings.ReplaceAll(n.Value, carriageReturn, "\r")
		case *syntax.SglQuoted:
			n.Value = strings.ReplaceAll(n.Value, carriageReturn, "\r")
		}
		return true
	})
}

// nests returns how deep a text may be nested at most, whatever its quoting.
func nests(text string) int {
	depth, deepest := 0, 0
	word := 0
	for i := 0; i <= len(text); i++ {
		var c byte = ' '
		if i < len(text) {
			c = text[i]
		}
		switch c {
		case '(', '{', '`', '[':
			depth++
		case ')', '}', ']':
			depth = max(0, depth-1)
		}
		if c >= 'a' && c <= 'z' {
			continue
		}
		switch text[word:i] {
		case "if", "while", "until", "for", "case", "select", "elif", "function", "time", "coproc":
			depth++
		case "fi", "done", "esac":
			depth = max(0, depth-1)
		}
		word = min(i+1, len(text))
		if c == '!' || c == '-' || c == '~' || c == '+' {
			if i+1 < len(text) && (text[i+1] == c || text[i+1] == ' ' && i+2 < len(text) && text[i+2] == c) {
				depth++
			}
		}
		deepest = max(deepest, depth)
	}
	return deepest
}

// group splits statements into command lines. With an error, the line that it is on is not run at all.
func (p *program) group(stmts []*syntax.Stmt, err error) {
	end := 0
	for _, s := range stmts {
		from, to := int(s.Pos().Offset()), int(s.End().Offset())
		if n := len(p.groups); n > 0 && !p.newlineBetween(end, from) {
			p.groups[n-1].stmts = append(p.groups[n-1].stmts, s)
			p.groups[n-1].last = int(s.End().Line())
		} else {
			p.groups = append(p.groups, group{stmts: []*syntax.Stmt{s}, first: int(s.Pos().Line()), last: int(s.End().Line())})
		}
		end = to
	}
	if err != nil && len(p.groups) > 0 {
		next := end
		for next < len(p.text) && strings.IndexByte(" \t;&\n", p.text[next]) >= 0 {
			next++
		}
		if !p.newlineBetween(end, next) {
			p.groups = p.groups[:len(p.groups)-1]
		}
	}
}

func (p *program) newlineBetween(a, b int) bool {
	a, b = min(a, len(p.text)), min(b, len(p.text))
	return a < b && strings.Contains(strings.ReplaceAll(p.text[a:b], "\\\n", ""), "\n")
}
