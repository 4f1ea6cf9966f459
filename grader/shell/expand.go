package shell

import (
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
	"syscall"

	"drydock/grader/tree"
	"drydock/grader/vfs"

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

// assigned expands the literal beginning of name=value, or of a value.
func (e *expander) assigned(s string, whole bool) {
	if i := strings.IndexByte(s, '='); i >= 0 && isAssignment(s) {
		e.lit(s[:i+1])
		s = s[i+1:]
		if strings.HasPrefix(s, "~") {
			s = e.tilde(s, whole)
		}
		if e.mode == toFields {
			e.lit(s)
			return
		}
	}
	e.colons(s)
}

// colons expands a literal of an assignment: a tilde may follow each colon.
func (e *expander) colons(s string) {
	for {
		i := strings.Index(s, ":~")
		if i < 0 {
			e.lit(s)
			return
		}
		e.lit(s[:i+1])
		s = e.tilde(s[i+1:], true)
	}
}

// tilde expands what begins with ~ and returns the rest. whole says that nothing follows the literal.
func (e *expander) tilde(s string, whole bool) string {
	end := strings.IndexByte(s, '/')
	if e.assign {
		if i := strings.IndexAny(s, "/:"); i >= 0 {
			end = i
		}
	}
	if end < 0 {
		if !whole {
			e.lit("~")
			return s[1:]
		}
		end = len(s)
	}
	name := s[1:end]
	home, ok := "", false
	switch {
	case name == "":
		if home, ok = e.sh.lookup("HOME"); !ok && e.sh.d == Bash {
			home, ok = e.sh.homeOf(""), true
		}
	case name == "+" && e.sh.d == Bash:
		home, ok = e.sh.lookup("PWD")
	case name == "-" && e.sh.d == Bash:
		home, ok = e.sh.lookup("OLDPWD")
	case strings.ContainsAny(name, "\\'\"$`"):
	default:
		home = e.sh.homeOf(name)
		ok = home != ""
	}
	if !ok {
		e.lit("~")
		return s[1:]
	}
	e.quoted(home)
	return s[end:]
}

// homeOf returns a user's home as /etc/passwd has it; "" is the user that the shell runs as.
func (sh *shell) homeOf(name string) string {
	data, err := sh.fs.ReadFile("/etc/passwd")
	if err != nil {
		return ""
	}
	uid := strconv.Itoa(sh.fs.Cred.UID)
	for line := range strings.SplitSeq(string(data), "\n") {
		f := strings.Split(line, ":")
		if len(f) >= 6 && (name != "" && f[0] == name || name == "" && f[2] == uid) {
			return f[5]
		}
	}
	return ""
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

// substitute runs $(…) and returns its output without the newlines at its end.
func (sh *shell) substitute(stmts []*syntax.Stmt) string {
	if sh.tooDeep() || !sh.mayFork() {
		return ""
	}
	if sh.d == Bash && len(stmts) == 1 { // $(<file)
		if s := stmts[0]; s.Cmd == nil && len(s.Redirs) == 1 && s.Redirs[0].Op == syntax.RdrIn && s.Redirs[0].N == nil {
			return sh.fileText(s.Redirs)
		}
	}
	out, f := newCapture()
	f.piped = true
	s := sh.fork()
	s.fds.open(1, f)
	s.expanding = sh.expanding
	s.traceDepth++
	if sh.d != Dash {
		s.opts.bits &^= optErrexit
	}
	if sh.shopt["inherit_errexit"] {
		s.opts.bits |= sh.opts.bits & optErrexit
	}
	s.stmts(stmts)
	if s.ctl == doReturn || s.ctl == doBreak || s.ctl == doContinue {
		s.ctl = goOn
	}
	sh.substs = s.end()
	if sh.d == Bash {
		sh.status = sh.substs
	}
	if sh.live.Load() > 0 {
		select { // what was started in the background may still write
		case <-out.done:
		case <-sh.ctx.Done():
			sh.killed()
		}
	}
	out.mu.Lock()
	text, full := string(out.buf), out.full
	out.mu.Unlock()
	if full {
		sh.outOfMemory()
		return ""
	}
	return strings.TrimRight(strings.ReplaceAll(text, "\x00", ""), "\n")
}

// fileText is $(<file).
func (sh *shell) fileText(redirs []*syntax.Redirect) string {
	undo, ok := sh.redirect(redirs)
	defer undo()
	if !ok {
		sh.substs = 1
		return ""
	}
	sh.substs = 0
	data, _ := readAll(sh.fds.reader(0), maxMemory/2)
	return strings.TrimRight(string(data), "\n")
}

// processSubstitution runs <(…) to its end and returns the path of a file that holds its output, or for >(…) of one whose content is its
// input once the command is done.
func (sh *shell) processSubstitution(p *syntax.ProcSubst) string {
	if sh.tooDeep() {
		return ""
	}
	n := sh.pipes.Add(1)
	if n > 64 {
		sh.warn("process substitution: too many open files")
		sh.exit(1)
		return ""
	}
	name := fmt.Sprintf("/dev/fd/%d", 64-n)
	if err := sh.pipeFile(name); err != nil {
		sh.warn("cannot make pipe for process substitution: %s", vfs.Message(err))
		sh.discardLine()
		return ""
	}
	if p.Op == syntax.CmdOut {
		sh.pending = append(sh.pending, func() {
			s := sh.fork()
			data, _ := sh.fs.ReadFile(name)
			s.ctl, s.traps = goOn, nil
			s.fds.open(0, newFile(strings.NewReader(string(data)), nil, nil))
			s.stmts(p.Stmts)
			s.end()
		})
		return name
	}
	f, ok := sh.openTarget(name, syntax.RdrOut)
	if !ok {
		return ""
	}
	s := sh.fork()
	s.fds.open(1, f)
	s.stmts(p.Stmts)
	s.end()
	return name
}

func (sh *shell) discardLine() {
	if sh.ctl == goOn {
		sh.ctl, sh.status = doDiscard, 1
	}
}

// pipeFile makes an empty file in /dev/fd, which lies on a mount of its own and so leaves no trace in the image.
func (sh *shell) pipeFile(name string) error {
	root := *sh.fs
	root.Cred = vfs.Cred{}
	if m := root.MountAt("/dev/fd"); m == nil || m.At != "/dev/fd" {
		root.Mount(vfs.Mount{At: "/dev/fd", Tree: tree.Begin(tree.NewDir(0o555)), Kind: "proc"})
	}
	o, err := root.Open(name, vfs.Write|vfs.Create|vfs.Truncate, 0o666)
	if err != nil {
		return err
	}
	o.Close()
	return root.Chmod(name, 0o666)
}

// pathnames returns the paths that a pattern matches, sorted, or the text itself where there are none.
func (sh *shell) pathnames(pat, field string) []string {
	if len(pat) > 4096 {
		return []string{field}
	}
	found := sh.globPaths(pat)
	if len(found) > 0 {
		return found
	}
	if sh.shopt["failglob"] {
		sh.warn("no match: %s", field)
		sh.discardLine()
		return nil
	}
	if sh.shopt["nullglob"] {
		return nil
	}
	return []string{field}
}

// globPaths matches a pattern against the filesystem, folder by folder.
func (sh *shell) globPaths(pat string) []string {
	parts := splitPattern(pat)
	bases := []string{""}
	for i, part := range parts {
		last := i == len(parts)-1
		if part == "" { // a slash at the beginning, the end, or doubled
			for j := range bases {
				if last && !sh.fs.IsDir(nonEmpty(bases[j])) {
					bases[j] = "\x00"
					continue
				}
				if !last {
					bases[j] += "/"
				}
			}
			bases = without(bases)
			continue
		}
		var next []string
		for _, base := range bases {
			next = append(next, sh.globIn(base, part, last)...)
			if !sh.make(len(next)) || len(next) > 1<<17 {
				return nil
			}
		}
		bases = next
		if !last {
			for j := range bases {
				bases[j] += "/"
			}
		}
	}
	return bases
}

func nonEmpty(p string) string {
	if p == "" {
		return "."
	}
	return p
}

func without(list []string) []string {
	out := list[:0]
	for _, s := range list {
		if s != "\x00" {
			out = append(out, s)
		}
	}
	return out
}

// globIn returns base joined with the entries of its folder that match one element of a pattern.
func (sh *shell) globIn(base, part string, last bool) []string {
	if !hasMeta(part) {
		p := base + unescape(part)
		if _, err := sh.fs.Lstat(p); err != nil {
			return nil
		}
		if !last && !sh.fs.IsDir(p) {
			return nil
		}
		return []string{p}
	}
	names, err := sh.fs.ReadDir(nonEmpty(base))
	if err != nil {
		return nil
	}
	var out []string
	if part == "**" && sh.shopt["globstar"] {
		if !last {
			out = append(out, strings.TrimSuffix(base, "/"))
		}
		return sh.globStar(out, base, last, 0)
	}
	dots := strings.HasPrefix(part, ".") || sh.shopt["dotglob"]
	if strings.HasPrefix(part, ".") && sh.d != Bash {
		names = append([]string{".", ".."}, names...)
	}
	for _, name := range names {
		if name[0] == '.' && !dots {
			continue
		}
		if sh.matches(part, name) && (last || sh.fs.IsDir(base+name)) {
			out = append(out, base+name)
		}
	}
	return out
}

// globStar lists everything below base, for ** with globstar.
func (sh *shell) globStar(out []string, base string, last bool, depth int) []string {
	names, err := sh.fs.ReadDir(nonEmpty(base))
	if err != nil || depth > 64 {
		return out
	}
	for _, name := range names {
		if name[0] == '.' && !sh.shopt["dotglob"] || !sh.make(len(base)+len(name)) {
			continue
		}
		n, err := sh.fs.Lstat(base + name)
		if err != nil {
			continue
		}
		if last || n.Type == tree.Dir {
			out = append(out, base+name)
		}
		if n.Type == tree.Dir {
			out = sh.globStar(out, base+name+"/", last, depth+1)
		}
	}
	return out
}

// splitPattern splits at slashes, which nothing in a path pattern matches.
func splitPattern(pat string) []string {
	var parts []string
	start := 0
	for i := 0; i < len(pat); i++ {
		switch pat[i] {
		case '\\':
			i++
		case '/':
			parts = append(parts, pat[start:i])
			start = i + 1
		}
	}
	return append(parts, pat[start:])
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
