package unix

import (
	"fmt"
	"strings"
)

// QuoteName quotes a file name as GNU programs do in messages, ready to be pasted into a shell: 'x', "it's", ”$'\n'.
func QuoteName(s string) string {
	switch {
	case hasControl(s):
		return quoteControl(s)
	case strings.Contains(s, "'") && !strings.ContainsAny(s, "\"$`\\!"):
		return `"` + s + `"`
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// Quote quotes a word as the locale does: ‘x’ under a UTF-8 locale, else 'x'.
func (c *Cmd) Quote(s string) string {
	if c.UTF8() {
		return "‘" + s + "’"
	}
	return "'" + escapeControl(s, "'") + "'"
}

// Plain returns a file name, quoted only where a shell would need it.
func (c *Cmd) Plain(s string) string {
	if s == "" || strings.ContainsAny(s, " \t\n\r'\"\\$&*()<>|;`?[]{}~#!:=^") && !onlyPlain(s) || hasControl(s) {
		return QuoteName(s)
	}
	return s
}

// onlyPlain allows = inside and # or ~ not at the start.
func onlyPlain(s string) bool {
	return !strings.ContainsAny(s, " \t\n\r'\"\\$&*()<>|;`?[:!^") && s[0] != '~' && s[0] != '#' && !strings.ContainsAny(s, "=") &&
		s != "{" && s != "}"
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

func quoteControl(s string) string {
	var b strings.Builder
	b.WriteString("'")
	for i := 0; i < len(s); i++ {
		switch ch := s[i]; {
		case ch < ' ' || ch == 0x7f:
			run := i
			for run < len(s) && (s[run] < ' ' || s[run] == 0x7f) {
				run++
			}
			b.WriteString("'$'" + escapeControl(s[i:run], "'") + "''")
			i = run - 1
		case ch == '\'':
			b.WriteString(`'\''`)
		default:
			b.WriteByte(ch)
		}
	}
	out := b.String() + "'"
	return strings.TrimSuffix(out, "''")
}

// escapeControl writes control characters, backslashes and quote as C does.
func escapeControl(s, quote string) string {
	var b strings.Builder
	names := map[byte]string{'\n': `\n`, '\t': `\t`, '\r': `\r`, '\a': `\a`, '\b': `\b`, '\f': `\f`, '\v': `\v`}
	for i := 0; i < len(s); i++ {
		switch ch := s[i]; {
		case names[ch] != "":
			b.WriteString(names[ch])
		case ch < ' ' || ch == 0x7f:
			fmt.Fprintf(&b, `\%03o`, ch)
		case ch == '\\' || quote != "" && ch == quote[0]:
			b.WriteString(`\` + string(ch))
		default:
			b.WriteByte(ch)
		}
	}
	return b.String()
}

// UTF8 reports whether the locale that the environment asks for is there and has UTF-8 as its encoding.
func (c *Cmd) UTF8() bool {
	if c.Busybox {
		return false
	}
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		v := c.Env.Get(name)
		if v == "" {
			continue
		}
		lang, charset, _ := strings.Cut(v, ".")
		if !strings.EqualFold(charset, "UTF-8") && !strings.EqualFold(charset, "utf8") {
			return false
		}
		return lang == "C" || c.FS.Exists("/usr/lib/locale/locale-archive") || c.FS.Exists("/usr/lib/locale/"+lang+".utf8")
	}
	return false
}
