package shell

import (
	"errors"
	"path"
	"strconv"
	"strings"
	"syscall"

	"drydock/grader/tree"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

// mode says what a word is expanded to.
type mode uint8

const (
	toFields  mode = iota // split and globbed
	toString              // neither
	toPattern             // a pattern, in which what was quoted is escaped
)

// expander makes fields of words.
type expander struct {
	sh      *shell
	mode    mode
	heredoc bool // a double quote is an ordinary character
	out     []string
	cur     []byte
	pat     []byte // cur as a pattern
	has     bool   // there is a field, though perhaps an empty one
	glob    bool   // pat holds something to match
	assign  bool   // tildes follow colons
}

// fields expands words to fields.
func (sh *shell) fields(words []*syntax.Word) []string {
	e := expander{sh: sh, out: make([]string, 0, len(words))}
	for _, w := range words {
		if e.plain(w) {
			continue
		}
		if sh.d == Bash && !sh.opts.has(optBraceOff) && hasBraces(w) {
			n := 0
			for w, err := range expand.BracesSeq(nil, w) {
				if err != nil || !sh.make(64) {
					sh.discard("brace expansion: failed to allocate memory for %d elements", n)
					return e.out
				}
				n++
				e.word(w)
			}
		} else {
			e.word(w)
		}
		if sh.ctl != goOn {
			break
		}
	}
	return e.out
}

func hasBraces(w *syntax.Word) bool {
	for _, p := range w.Parts {
		if _, ok := p.(*syntax.BraceExp); ok {
			return true
		}
	}
	return false
}

// plain takes the short way for a word of ordinary characters.
func (e *expander) plain(w *syntax.Word) bool {
	if len(w.Parts) != 1 {
		return false
	}
	switch p := w.Parts[0].(type) {
	case *syntax.Lit:
		if p.Value == "" || strings.ContainsAny(p.Value, "\\*?[~") {
			return false
		}
		e.out = append(e.out, p.Value)
		return true
	case *syntax.SglQuoted:
		if p.Dollar {
			return false
		}
		e.out = append(e.out, p.Value)
		return true
	}
	return false
}

// commandWords expands a command's words in dash, which does not split the assignments that are arguments of export, readonly and local.
func (sh *shell) commandWords(words []*syntax.Word) []string {
	switch words[0].Lit() {
	case "export", "readonly", "local":
	default:
		return sh.fields(words)
	}
	var out []string
	for _, w := range words {
		if lit, ok := w.Parts[0].(*syntax.Lit); ok && isAssignment(lit.Value) {
			out = append(out, sh.expandAssign(w))
		} else {
			out = append(out, sh.fields([]*syntax.Word{w})...)
		}
		if sh.ctl != goOn {
			break
		}
	}
	return out
}

// expandString expands a word without splitting it.
func (sh *shell) expandString(w *syntax.Word) string {
	if w == nil {
		return ""
	}
	e := expander{sh: sh, mode: toString}
	e.word(w)
	return string(e.cur)
}

// expandAssign is expandString with tildes after colons and after an equals sign.
func (sh *shell) expandAssign(w *syntax.Word) string {
	e := expander{sh: sh, mode: toString, assign: true}
	e.word(w)
	return string(e.cur)
}

// expandPattern expands a word to a pattern.
func (sh *shell) expandPattern(w *syntax.Word) string {
	if w == nil {
		return ""
	}
	e := expander{sh: sh, mode: toPattern}
	e.word(w)
	return string(e.pat)
}

func (e *expander) word(w *syntax.Word) {
	parts := w.Parts
	if len(parts) == 0 {
		return
	}
	if lit, ok := parts[0].(*syntax.Lit); ok {
		rest := lit.Value
		if strings.HasPrefix(rest, "~") {
			rest = e.tilde(rest, len(parts) == 1)
			if e.assign {
				e.colons(rest)
			} else {
				e.lit(rest)
			}
			parts = parts[1:]
		} else if e.assign || e.sh.d == Bash && e.mode == toFields && isAssignment(rest) {
			e.assigned(rest, len(parts) == 1)
			parts = parts[1:]
		}
	}
	for _, p := range parts {
		if lit, ok := p.(*syntax.Lit); ok && e.assign {
			e.colons(lit.Value)
			continue
		}
		e.part(p, false)
		if e.sh.ctl != goOn {
			return
		}
	}
	if e.mode == toFields {
		e.finish()
	}
}

func (e *expander) part(p syntax.WordPart, quoted bool) {
	sh := e.sh
	if sh.ctl != goOn {
		return
	}
	switch p := p.(type) {
	case *syntax.Lit:
		if quoted {
			e.quotedLit(p.Value)
		} else {
			e.lit(p.Value)
		}
	case *syntax.SglQuoted:
		e.has = true
		if p.Dollar {
			e.quoted(sh.ansiUnquote(p.Value))
		} else {
			e.quoted(p.Value)
		}
	case *syntax.DblQuoted:
		if p.Dollar && sh.d == Ash {
			e.lit("$")
		}
		was := e.has
		e.has = true
		if len(p.Parts) == 1 && isAt(p.Parts[0]) && len(e.cur) == 0 {
			e.has = was // "$@" without parameters is no field at all
		}
		heredoc := e.heredoc
		e.heredoc = false
		for _, part := range p.Parts {
			e.part(part, true)
		}
		e.heredoc = heredoc
	case *syntax.ParamExp:
		e.param(p, quoted)
	case *syntax.CmdSubst:
		e.value(sh.substitute(p.Stmts), quoted)
	case *syntax.ArithmExp:
		n, ok := sh.arithNode(p)
		if ok {
			e.value(strconv.FormatInt(n, 10), quoted)
		}
	case *syntax.ProcSubst:
		e.quoted(sh.processSubstitution(p))
		e.has = true
	case *syntax.ExtGlob:
		op := p.Op.String()
		e.cur = append(append(append(e.cur, op...), p.Pattern.Value...), ')')
		e.pat = append(append(append(e.pat, op...), p.Pattern.Value...), ')')
		e.glob = true
	case *syntax.BraceExp:
		e.lit("{}")
	}
}

// isAt reports whether a part is $@ or ${array[@]}, with or without an operator.
func isAt(p syntax.WordPart) bool {
	x, ok := p.(*syntax.ParamExp)
	if !ok || x.Param == nil || x.Length {
		return false
	}
	if x.Index != nil {
		w, ok := x.Index.(*syntax.Word)
		return ok && w.Lit() == "@"
	}
	return x.Param.Value == "@"
}

// quoted appends text that stands for itself.
func (e *expander) quoted(s string) {
	e.cur = append(e.cur, s...)
	if e.mode == toString {
		return
	}
	for i := 0; i < len(s); i++ {
		if strings.IndexByte(`*?[]\-!^()|+@`, s[i]) >= 0 {
			e.pat = append(e.pat, '\\')
		}
		e.pat = append(e.pat, s[i])
	}
}

// lit appends unquoted text as it was written: backslashes quote, the rest may be a pattern.
func (e *expander) lit(s string) {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '\\' {
			if i++; i < len(s) {
				if s[i] != '\n' {
					e.quoted(s[i : i+1])
					e.has = true
				}
			} else {
				e.quoted("\\")
			}
			continue
		}
		e.cur = append(e.cur, c)
		if e.mode != toString {
			e.pat = append(e.pat, c)
			if c == '*' || c == '?' || c == '[' {
				e.glob = true
			}
		}
	}
}

// quotedLit appends text from within double quotes or a here-document.
func (e *expander) quotedLit(s string) {
	if strings.IndexByte(s, '\\') < 0 {
		e.quoted(s)
		return
	}
	var b []byte
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			switch c := s[i+1]; {
			case c == '\n':
				i++
				continue
			case c == '$' || c == '`' || c == '\\' || c == '"' && !e.heredoc:
				b = append(b, c)
				i++
				continue
			}
		}
		b = append(b, s[i])
	}
	e.quoted(string(b))
}

// value appends what an expansion gave: unquoted in fields, it is split and may be a pattern.
func (e *expander) value(s string, quoted bool) {
	if !e.sh.make(len(s)) {
		return
	}
	switch {
	case quoted:
		e.quoted(s)
	case e.mode == toFields:
		e.split(s)
	default:
		e.cur = append(e.cur, s...)
		if e.mode == toPattern {
			e.pat = append(e.pat, s...)
		}
	}
}

func (e *expander) ifs() string {
	if s, ok := e.sh.lookup("IFS"); ok {
		return s
	}
	return " \t\n"
}

// split appends text, ending fields at the characters of IFS.
func (e *expander) split(s string) {
	ifs := e.ifs()
	isWhite := func(c byte) bool { return (c == ' ' || c == '\t' || c == '\n') && strings.IndexByte(ifs, c) >= 0 }
	for i := 0; i < len(s); {
		c := s[i]
		if strings.IndexByte(ifs, c) < 0 {
			j := i + 1
			for j < len(s) && strings.IndexByte(ifs, s[j]) < 0 {
				j++
			}
			e.unquoted(s[i:j])
			i = j
			continue
		}
		white := isWhite(c)
		for i < len(s) && isWhite(s[i]) {
			i++
		}
		open := e.has || len(e.cur) > 0
		if i < len(s) && strings.IndexByte(ifs, s[i]) >= 0 && !isWhite(s[i]) {
			white = false
			i++
			for i < len(s) && isWhite(s[i]) {
				i++
			}
		}
		if open || !white {
			e.has = true
			e.finish()
		}
	}
}

func (e *expander) unquoted(s string) {
	e.cur = append(e.cur, s...)
	e.pat = append(e.pat, s...)
	if !e.glob && strings.ContainsAny(s, "*?[") {
		e.glob = true
	}
}

// finish ends the current field, if there is one, and puts in its place the paths that it matches.
func (e *expander) finish() {
	if !e.has && len(e.cur) == 0 {
		e.pat = e.pat[:0]
		return
	}
	field := string(e.cur)
	if e.sh.make(len(field) + 48) {
		if e.glob && !e.sh.opts.has(optNoglob) {
			e.out = append(e.out, e.sh.pathnames(string(e.pat), field)...)
		} else {
			e.out = append(e.out, field)
		}
	}
	e.cur, e.pat, e.has, e.glob = e.cur[:0], e.pat[:0], false, false
}

// list appends the values of $@, $* or an array.
func (e *expander) list(values []string, star, quoted bool) {
	switch {
	case e.mode != toFields || quoted && star:
		sep := " "
		if star || e.sh.d != Bash {
			if ifs := e.ifs(); ifs == "" {
				sep = ""
			} else {
				sep = ifs[:1]
			}
			if e.sh.d == Bash && !quoted && !star {
				sep = " "
			}
		}
		total := 0
		for _, v := range values {
			total += len(v) + 1
		}
		if !e.sh.make(total) {
			return
		}
		e.value(strings.Join(values, sep), quoted || e.mode == toString)
	case quoted:
		for i, v := range values {
			if e.sh.ctl != goOn {
				return
			}
			if i > 0 {
				e.has = true
				e.finish()
			}
			e.has = true
			e.value(v, true)
		}
	default:
		for i, v := range values {
			if i > 0 {
				if e.has || len(e.cur) > 0 {
					e.finish()
				}
			}
			e.split(v)
		}
	}
}

// changeDir moves the shell to a folder. logical keeps the path as it was written.
func (sh *shell) changeDir(p string, logical bool) (string, error) {
	pwd, _ := sh.lookup("PWD")
	if pwd == "" {
		pwd = sh.fs.Dir
	}
	target := p
	if logical {
		if !strings.HasPrefix(p, "/") {
			target = pwd + "/" + p
		}
		target = path.Clean(target)
	}
	n, err := sh.fs.Stat(target)
	if err != nil && logical {
		if n, err = sh.fs.Stat(p); err == nil {
			target = p
		}
	}
	switch {
	case err != nil:
		return "", err
	case n.Type != tree.Dir:
		return "", syscall.ENOTDIR
	}
	if err := sh.fs.Access(target, 1); err != nil {
		return "", err
	}
	real, err := sh.fs.Real(target)
	if err != nil {
		return "", err
	}
	if !logical || !strings.HasPrefix(target, "/") {
		target = real
	}
	if len(target) > 4096 {
		return "", errors.New("File name too long")
	}
	sh.fs.Dir = real
	return target, nil
}
