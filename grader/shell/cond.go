package shell

import (
	"regexp"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// testClause is [[ … ]].
func (sh *shell) testClause(c *syntax.TestClause) {
	sh.line = int(c.Pos().Line())
	sh.expanding = 0
	if sh.d == Ash {
		sh.ashTest(c)
		return
	}
	ok, bad := sh.cond(c.X)
	if sh.ctl == doDiscard || bad {
		if sh.ctl == doDiscard {
			sh.ctl = goOn
		}
		sh.status = 1
		if bad {
			sh.status = 2
		}
		return
	}
	if sh.ctl == goOn {
		sh.status = int(truth(!ok))
	}
}

// cond evaluates a condition. bad says that it could not be, which is neither true nor false.
func (sh *shell) cond(x syntax.TestExpr) (ok, bad bool) {
	switch x := x.(type) {
	case *syntax.Word:
		s := sh.expandString(x)
		sh.traceCond("-n " + condWord(s))
		return s != "", false
	case *syntax.ParenTest:
		return sh.cond(x.X)
	case *syntax.UnaryTest:
		return sh.condUnary(x)
	case *syntax.BinaryTest:
		return sh.condBinary(x)
	}
	return false, true
}

func (sh *shell) traceCond(text string) {
	if sh.opts.has(optXtrace) && sh.ctl == goOn {
		sh.traceLine("[[ " + text + " ]]")
	}
}

func (sh *shell) condUnary(x *syntax.UnaryTest) (ok, bad bool) {
	if x.Op == syntax.TsNot {
		if u, isUnary := x.X.(*syntax.UnaryTest); isUnary && u.Op != syntax.TsNot {
			if w, isWord := u.X.(*syntax.Word); isWord {
				s := sh.expandString(w)
				sh.traceCond("! " + u.Op.String() + " " + condWord(s))
				return !sh.testUnary(u.Op.String(), s), false
			}
		}
		ok, bad = sh.cond(x.X)
		return !ok, bad
	}
	w, isWord := x.X.(*syntax.Word)
	if !isWord {
		return false, true
	}
	s := sh.expandString(w)
	op := x.Op.String()
	sh.traceCond(op + " " + condWord(s))
	if sh.ctl != goOn {
		return false, false
	}
	return sh.testUnary(op, s), false
}

func (sh *shell) condBinary(x *syntax.BinaryTest) (ok, bad bool) {
	switch x.Op {
	case syntax.AndTest:
		if ok, bad = sh.cond(x.X); !ok || bad || sh.ctl != goOn {
			return ok, bad
		}
		return sh.cond(x.Y)
	case syntax.OrTest:
		if ok, bad = sh.cond(x.X); ok || bad || sh.ctl != goOn {
			return ok, bad
		}
		return sh.cond(x.Y)
	}
	left, isWord := x.X.(*syntax.Word)
	right, isWord2 := x.Y.(*syntax.Word)
	if !isWord || !isWord2 {
		return false, true
	}
	a := sh.expandString(left)
	op := x.Op.String()
	switch x.Op {
	case syntax.TsMatch, syntax.TsMatchShort, syntax.TsNoMatch:
		pat := sh.expandPattern(right)
		sh.traceCond(condWord(a) + " " + op + " " + pat)
		if sh.ctl != goOn {
			return false, false
		}
		return sh.matches(pat, a) == (x.Op != syntax.TsNoMatch), false
	case syntax.TsReMatch:
		return sh.regexMatch(a, right)
	}
	b := sh.expandString(right)
	sh.traceCond(condWord(a) + " " + op + " " + condWord(b))
	if sh.ctl != goOn {
		return false, false
	}
	switch x.Op {
	case syntax.TsBefore:
		return a < b, false
	case syntax.TsAfter:
		return a > b, false
	}
	if ok, known := sh.compareFiles(a, op, b); known {
		return ok, false
	}
	n, ok := sh.arithText(a)
	if !ok {
		return false, false
	}
	m, ok := sh.arithText(b)
	if !ok {
		return false, false
	}
	return compareNumbers(n, op, m), false
}

// regexMatch is =~, which leaves what it found in BASH_REMATCH.
func (sh *shell) regexMatch(s string, w *syntax.Word) (ok, bad bool) {
	var b strings.Builder
	for _, part := range w.Parts {
		switch p := part.(type) {
		case *syntax.Lit:
			b.WriteString(p.Value)
		case *syntax.SglQuoted, *syntax.DblQuoted:
			b.WriteString(regexp.QuoteMeta(sh.expandString(&syntax.Word{Parts: []syntax.WordPart{p}})))
		default:
			b.WriteString(sh.expandString(&syntax.Word{Parts: []syntax.WordPart{p}}))
		}
	}
	sh.traceCond(condWord(s) + " =~ " + b.String())
	if sh.ctl != goOn {
		return false, false
	}
	text := b.String()
	if sh.shopt["nocasematch"] {
		text = "(?i)" + text
	}
	re, err := regexp.CompilePOSIX(text)
	if err != nil {
		if re, err = regexp.Compile(text); err != nil {
			return false, true
		}
	}
	m := re.FindStringSubmatch(s)
	v := &variable{kind: indexed, isSet: true}
	for i, g := range m {
		v.list = append(v.list, element{index: int64(i), value: g})
	}
	sh.put("BASH_REMATCH", v)
	return m != nil, false
}

// ashTest runs [[ … ]] as ash does: as the arguments of test, expanded and split like any others, with && and || for -a and -o.
func (sh *shell) ashTest(c *syntax.TestClause) {
	args := []string{"[["}
	if !sh.testWords(c.X, &args) || sh.ctl != goOn {
		return
	}
	args = append(args, "]]")
	if sh.opts.has(optXtrace) {
		sh.traceCall(sh.fds.get(2), nil, args)
	}
	sh.status = sh.runBuiltin(builtin{run: testBuiltin}, args)
}

func (sh *shell) testWords(x syntax.TestExpr, args *[]string) bool {
	switch x := x.(type) {
	case *syntax.Word:
		*args = append(*args, sh.fields([]*syntax.Word{x})...)
	case *syntax.ParenTest:
		*args = append(*args, "(")
		if !sh.testWords(x.X, args) {
			return false
		}
		*args = append(*args, ")")
	case *syntax.UnaryTest:
		*args = append(*args, x.Op.String())
		return sh.testWords(x.X, args)
	case *syntax.BinaryTest:
		op := map[syntax.BinTestOperator]string{syntax.AndTest: "-a", syntax.OrTest: "-o"}[x.Op]
		if op == "" {
			op = x.Op.String()
		}
		if !sh.testWords(x.X, args) {
			return false
		}
		*args = append(*args, op)
		if w, ok := x.Y.(*syntax.Word); ok && op != "-a" && op != "-o" { // a pattern is not to match files
			*args = append(*args, sh.expandString(w))
			return sh.ctl == goOn
		}
		return sh.testWords(x.Y, args)
	}
	return sh.ctl == goOn
}

// condWord writes an operand into a trace: unlike those of commands it is not quoted, only an empty one shows.
func condWord(s string) string {
	if s == "" {
		return "''"
	}
	return s
}
