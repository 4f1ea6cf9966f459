package shell

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"mvdan.cc/sh/v3/syntax"
)

// singleQuote quotes as dash and ash do: 'it'"'"'s'.
func singleQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'"'"'`) + "'" }

// doubleQuote quotes as bash's declare -p does.
func doubleQuote(s string) string {
	if hasControl(s, true) {
		return ansiQuote(s)
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "`", "\\`").Replace(s) + `"`
}

// hasControl reports whether s holds bytes that bash shows as $'…'. In the C locale all beyond ASCII are; utf8ok passes those.
func hasControl(s string, utf8ok bool) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' && s[i] != '\t' || s[i] == 0x7f || s[i] >= 0x80 && !(utf8ok && utf8.ValidString(s)) {
			return true
		}
	}
	return false
}

func ansiQuote(s string) string {
	var b strings.Builder
	b.WriteString("$'")
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '\n':
			b.WriteString(`\n`)
		case '\t':
			b.WriteString(`\t`)
		case '\r':
			b.WriteString(`\r`)
		case '\a':
			b.WriteString(`\a`)
		case '\b':
			b.WriteString(`\b`)
		case '\v':
			b.WriteString(`\v`)
		case '\f':
			b.WriteString(`\f`)
		case 0x1b:
			b.WriteString(`\E`)
		case '\'', '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		default:
			if c < ' ' || c >= 0x7f {
				fmt.Fprintf(&b, `\%03o`, c)
			} else {
				b.WriteByte(c)
			}
		}
	}
	return b.String() + "'"
}

// bashQuote quotes a word for a trace, where it needs it.
func (sh *shell) bashQuote(s string) string {
	switch {
	case s == "":
		return "''"
	case hasControl(s, sh.utf8()):
		return ansiQuote(s)
	case strings.ContainsAny(s, " \t\n'\"\\|&;()<>!{}*[]?^$`") || s[0] == '#' || s[0] == '~' || strings.Contains(s, "=~") || strings.Contains(s, ":~"):
		return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	return s
}

// backslashQuote quotes as bash's printf %q does.
func (sh *shell) backslashQuote(s string) string {
	if s == "" {
		return "''"
	}
	if hasControl(s, sh.utf8()) {
		return ansiQuote(s)
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if strings.IndexByte(" \t'\"\\|&;()<>!{}*[]?^$`,", s[i]) >= 0 || i == 0 && (s[i] == '~' || s[i] == '#') {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// ashQuote quotes a word for a trace as ash does: where it holds anything but letters, digits and a few signs, or is a keyword.
func ashQuote(s string) string {
	need := isKeyword(s) && s != "]]" && s != "`"
	for i := 0; i < len(s); i++ {
		if s[i] < '+' || s[i] >= 0x7f || strings.IndexByte(";<=>?[\\`{|}~", s[i]) >= 0 {
			need = true
		}
	}
	if need {
		return singleQuote(s)
	}
	return s
}

// prompt returns what heads a line of a trace.
func (sh *shell) prompt() string {
	ps4, ok := sh.lookup("PS4")
	if !ok || ps4 == "" {
		return ""
	}
	if !strings.ContainsAny(ps4, "$`\\") {
		if sh.d == Bash {
			return strings.Repeat(ps4[:1], sh.nestedTrace()) + ps4[1:]
		}
		return ps4
	}
	if sh.trapping {
		return ps4
	}
	sh.trapping = true
	defer func() { sh.trapping = false }()
	p := &program{arith: map[syntax.Node]*formula{}, text: ps4}
	word, err := p.document(sh.d, ps4)
	if err != nil || word == nil {
		return ps4
	}
	old, opts := sh.prog, sh.opts
	p.from = old.from
	sh.prog = p
	sh.opts.bits &^= optXtrace
	e := expander{sh: sh, mode: toString}
	for _, part := range word.Parts {
		if lit, ok := part.(*syntax.Lit); ok {
			e.quotedLit(lit.Value)
		} else {
			e.part(part, true)
		}
	}
	sh.prog, sh.opts = old, opts
	return string(e.cur)
}

// nestedTrace is how often bash repeats the first character of PS4.
func (sh *shell) nestedTrace() int { return 1 + min(sh.traceDepth, 50) }

// traceLine prints a line of a trace to standard error.
func (sh *shell) traceLine(text string) {
	fmt.Fprintf(sh.fds.writer(2), "%s%s\n", sh.prompt(), text)
	sh.hasTraced()
}

// traceCall prints a command with its assignments, as the dialect quotes them, to what standard error was before the command's redirections.
func (sh *shell) traceCall(stderr *file, assigns []assignment, args []string) {
	if stderr == nil {
		return
	}
	var lines []string
	var words []string
	for _, a := range assigns {
		eq := "="
		if a.append {
			eq = "+="
		}
		switch sh.d {
		case Bash:
			text := a.name + eq + sh.bashQuote(a.value)
			if a.value == "" {
				text = a.name + eq
			}
			if a.from != nil && (a.from.Array != nil || a.from.Index != nil) {
				from, to := a.from.Pos().Offset(), a.from.End().Offset()
				if int(to) <= len(sh.prog.text) && from < to {
					text = sh.prog.text[from:to]
				}
			}
			lines = append(lines, text)
		case Ash:
			words = append(words, a.name+"="+ashQuote(a.value))
		default:
			words = append(words, a.name+"="+a.value)
		}
	}
	for _, a := range args {
		switch sh.d {
		case Bash:
			a = sh.bashQuote(a)
		case Ash:
			a = ashQuote(a)
		}
		words = append(words, a)
	}
	if len(words) > 0 {
		lines = append(lines, strings.Join(words, " "))
	}
	head := sh.prompt()
	for _, l := range lines {
		fmt.Fprintf(stderr, "%s%s\n", head, l)
	}
	sh.hasTraced()
}

// sourceOf returns the text that words were read from.
func (sh *shell) sourceOf(words []*syntax.Word) string {
	if len(words) == 0 {
		return ""
	}
	from, to := words[0].Pos().Offset(), words[len(words)-1].End().Offset()
	if from > to || int(to) > len(sh.prog.text) {
		return ""
	}
	return sh.prog.text[from:to]
}
