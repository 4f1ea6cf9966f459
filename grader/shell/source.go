package shell

import (
	"errors"
	"regexp"
	"strconv"
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
	last   *syntax.CallExpr // the last command, where it is a simple one
	warned int              // line of a here-document that the end of the file ended, for bash
	wanted string
	cut    bool // that here-document has no newline at its end
}

// cutNewline takes the newline from the end of the last here-document.
func cutNewline(stmts []*syntax.Stmt) {
	var last *syntax.Word
	for _, s := range stmts {
		syntax.Walk(s, func(n syntax.Node) bool {
			if r, ok := n.(*syntax.Redirect); ok && r.Hdoc != nil {
				last = r.Hdoc
			}
			return true
		})
	}
	if last == nil || len(last.Parts) == 0 {
		return
	}
	if lit, ok := last.Parts[len(last.Parts)-1].(*syntax.Lit); ok {
		lit.Value = strings.TrimSuffix(lit.Value, "\n")
	}
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

// namedRedirect is {name}>, which is a word and a redirection in ash.
var namedRedirect = regexp.MustCompile(`(\s\{[A-Za-z_]\w*\})([<>])`)

const maxRepairs = 64

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
	p.text = text
	if p.cut && d != Bash {
		cutNewline(stmts)
	}
	p.group(stmts, err)
	if n := len(stmts); n > 0 && err == nil && !stmts[n-1].Background && !stmts[n-1].Negated {
		p.last, _ = stmts[n-1].Cmd.(*syntax.CallExpr)
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

// repair rewrites what the real shell reads without complaint although it is an error once reached, or reads differently. It reports false where the
// error is one of syntax.
func (p *program) repair(d Dialect, text string, err error) (string, bool) {
	var lang syntax.LangError
	var plain syntax.ParseError
	switch {
	case errors.As(err, &lang):
		off := min(int(lang.Pos.Offset()), len(text))
		switch {
		case strings.HasPrefix(lang.Feature, "`{varname}"): // a word and a redirection
			if i := strings.IndexAny(text[off:], "<>"); i > 0 {
				return text[:off+i] + " " + text[off+i:], true
			}
		case strings.HasPrefix(lang.Feature, "`&>"):
			return text[:off] + "& " + text[off+1:], true
		case lang.Feature == "slicing", lang.Feature == "search and replace", strings.Contains(lang.Feature, "expansion operator"),
			strings.Contains(lang.Feature, "${"), lang.Feature == "arrays":
			return p.setAside(text, off, "${", "}", badSubst)
		}
	case errors.As(err, &plain):
		off := min(int(plain.Pos.Offset()), len(text))
		if name, ok := strings.CutPrefix(plain.Text, "unclosed here-document `"); ok {
			name = strings.TrimSuffix(name, "`")
			if strings.Contains(name, "\n") || strings.Contains(name, "`") || name == "" {
				return "", false
			}
			p.warned, p.wanted = int(plain.Pos.Line()), name
			if !strings.HasSuffix(text, "\n") {
				text += "\n"
				p.cut = true
			}
			return text + name + "\n", true
		}
		if strings.HasPrefix(plain.Text, "cannot negate") && d == Bash {
			if i := strings.IndexByte(text[off:], '!'); i >= 0 {
				if j := strings.IndexByte(text[off+i+1:], '!'); j >= 0 {
					return text[:off+i] + " " + text[off+i+1:off+i+1+j] + " " + text[off+i+j+2:], true
				}
			}
		}
		if strings.HasPrefix(plain.Text, "reached EOF") {
			return "", false
		}
		if plain.Text == "invalid var name" && off < len(text) && text[off] != '"' { // export 1a=b fails when it is run
			return text[:off] + `""` + text[off:], true
		}
		if fixed, ok := p.setAside(text, off, "$((", "))", badArith); ok {
			return fixed, true
		}
		if plain.Text == "invalid parameter name" || strings.Contains(plain.Text, "expansion") || strings.Contains(plain.Text, "${") {
			return p.setAside(text, off, "${", "}", badSubst)
		}
	}
	return "", false
}

// setAside replaces the expansion that off lies in by a parameter whose name tells which one it was.
func (p *program) setAside(text string, off int, open, shut, name string) (string, bool) {
	start := strings.LastIndex(text[:min(off+2, len(text))], open)
	if start < 0 {
		return "", false
	}
	end := closing(text, start, open, shut)
	if end < 0 || end <= off && shut == "))" {
		return "", false
	}
	p.broken = append(p.broken, text[start:end])
	return text[:start] + "${" + name + strconv.Itoa(len(p.broken)-1) + "}" + text[end:], true
}

// closing returns where the expansion that begins at start ends, or -1.
func closing(text string, start int, open, shut string) int {
	depth := 0
	for i := start + len(open); i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\':
			i++
		case c == '\'' && shut == "}":
			j := strings.IndexByte(text[i+1:], '\'')
			if j < 0 {
				return -1
			}
			i += j + 1
		case depth == 0 && strings.HasPrefix(text[i:], shut):
			return i + len(shut)
		case c == '(' && shut == "))", c == '{' && shut == "}":
			depth++
		case c == shut[0]:
			depth--
		}
	}
	return -1
}

// formula is an arithmetic expression: shells expand its text first and read the result, so that `$a*2` with a=1+2 is 5.
type formula struct {
	text string
	word *syntax.Word // where there is something to expand
	expr *expr        // where there is not, unless it is wrong
}

// prepare notes the text of every arithmetic expression, splits braces where the dialect expands them, and refuses what the dialect does not have.
func (p *program) prepare(d Dialect, root syntax.Node, text string) *syntaxError {
	var bad *syntaxError
	var braces []*syntax.Word
	note := func(n syntax.Node, from, to uint) {
		if n == nil || bad != nil || p.arith[n] != nil || from > to || int(to) > len(text) {
			return
		}
		bad = p.noteFormula(d, n, text[from:to])
	}
	span := func(x syntax.ArithmExpr) {
		if x != nil {
			note(x, x.Pos().Offset(), x.End().Offset())
		}
	}
	syntax.Walk(root, func(n syntax.Node) bool {
		if bad != nil {
			return false
		}
		if d == Ash {
			if bad = refuseAsh(n); bad != nil {
				return false
			}
		}
		if tooLenient(d, n) {
			if bad = diagnose(d, text, nil); bad.kind != otherError {
				return false
			}
			bad = nil
		}
		switch n := n.(type) {
		case *syntax.ArithmExp:
			open := uint(3)
			if n.Bracket {
				open = 2
			}
			note(n, n.Left.Offset()+open, n.Right.Offset())
		case *syntax.ArithmCmd:
			note(n, n.Left.Offset()+2, n.Right.Offset())
		case *syntax.CStyleLoop:
			span(n.Init)
			span(n.Cond)
			span(n.Post)
		case *syntax.ParamExp:
			span(n.Index)
			if n.Slice != nil {
				span(n.Slice.Offset)
				span(n.Slice.Length)
			}
		case *syntax.Assign:
			span(n.Index)
		case *syntax.ArrayElem:
			span(n.Index)
			if d == Bash && n.Value != nil && n.Index == nil {
				braces = append(braces, n.Value)
			}
		case *syntax.LetClause:
			for _, x := range n.Exprs {
				span(x)
			}
		case *syntax.CallExpr:
			if d == Bash {
				braces = append(braces, n.Args...)
			}
		case *syntax.WordIter:
			if d == Bash {
				braces = append(braces, n.Items...)
			}
		}
		return true
	})
	for _, w := range braces { // after the walk, which does not know what they are split into
		syntax.SplitBraces(w)
	}
	return bad
}

func (p *program) noteFormula(d Dialect, n syntax.Node, text string) *syntaxError {
	f := &formula{text: text}
	p.arith[n] = f
	if !strings.ContainsAny(text, "$`\\'\"") {
		if x, err := parseArith(d, text); err == nil {
			f.expr = x
		}
		return nil
	}
	word, err := p.document(d, text)
	if err != nil {
		return err
	}
	f.word = word
	return nil
}

// document parses text as the inside of double quotes.
func (p *program) document(d Dialect, text string) (*syntax.Word, *syntaxError) {
	variant := syntax.LangPOSIX
	if d != Dash {
		variant = syntax.LangBash
	}
	var word *syntax.Word
	var err error
	for range maxRepairs {
		if word, err = syntax.NewParser(syntax.Variant(variant)).Document(strings.NewReader(text)); err == nil {
			break
		}
		fixed, ok := p.repair(d, text, err)
		if !ok {
			return nil, diagnose(d, text, err)
		}
		text = fixed
	}
	if err != nil || word == nil {
		return word, nil
	}
	return word, p.prepare(d, word, text)
}

// tooLenient reports whether the parser may have accepted what the dialect's own does not, so that it is worth a second look.
func tooLenient(d Dialect, n syntax.Node) bool {
	switch n := n.(type) {
	case *syntax.FuncDecl:
		_, plain := n.Body.Cmd.(*syntax.CallExpr)
		return plain && d == Bash
	case *syntax.WordIter:
		return d != Bash && !isName(n.Name.Value)
	case *syntax.CallExpr:
		if len(n.Args) > 0 && len(n.Assigns) == 0 {
			name := n.Args[0].Lit()
			return len(name) <= 5 && isKeyword(name) && name != "]]" && name != "in" && name != "`"
		}
	}
	return false
}

// refuseAsh returns an error for what bash has and busybox ash has not.
func refuseAsh(n syntax.Node) *syntaxError {
	at := func(p syntax.Pos, kind errorKind, token string) *syntaxError {
		return &syntaxError{line: int(p.Line()), kind: kind, token: token}
	}
	switch n := n.(type) {
	case *syntax.ArrayExpr:
		return at(n.Pos(), unexpected, "(")
	case *syntax.ExtGlob:
		return at(n.Pos(), unexpected, "(")
	case *syntax.CStyleLoop:
		return at(n.Pos(), badLoopVariable, "")
	case *syntax.ForClause:
		if n.Select {
			return at(n.DoPos, unexpected, "do")
		}
	case *syntax.BinaryTest:
		if w, ok := n.Y.(*syntax.Word); ok && n.Op == syntax.TsReMatch {
			if lit, ok := w.Parts[0].(*syntax.Lit); ok && strings.Contains(strings.ReplaceAll(lit.Value, `\(`, ""), "(") {
				return at(n.Pos(), unexpected, "(")
			}
		}
	case *syntax.ParenTest:
		return at(n.Pos(), unexpected, "(")
	case *syntax.CoprocClause:
		return at(n.Pos(), unexpected, "}")
	case *syntax.Redirect:
		if n.Op == syntax.WordHdoc || n.Op == syntax.AppAll {
			return at(n.Pos(), unexpected, "redirection")
		}
	case *syntax.BinaryCmd:
		if n.Op == syntax.PipeAll {
			return at(n.OpPos, unexpected, "&")
		}
	case *syntax.CaseItem:
		if n.Op == syntax.Resume {
			return &syntaxError{line: int(n.Pos().Line()), kind: unexpected, token: "word", expect: ")"}
		}
		if n.Op != syntax.Break && n.OpPos.IsValid() {
			return at(n.OpPos, unexpected, "&")
		}
	}
	return nil
}
