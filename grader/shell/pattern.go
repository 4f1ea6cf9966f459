package shell

import (
	"strings"
	"unicode/utf8"
)

// matcher matches a shell pattern: * ? [a-z] [!a] [:class:], and with ext the groups ?(a|b) *(a) +(a) @(a) !(a). A backslash quotes.
type matcher struct {
	ext   bool
	fold  bool
	utf8  bool
	steps int
}

// maxMatchSteps bounds the work that groups within groups can cause.
const maxMatchSteps = 1 << 20

// matches reports whether a whole text matches a pattern.
func (sh *shell) matches(pat, s string) bool {
	m := matcher{ext: sh.d == Bash, fold: sh.shopt["nocasematch"], utf8: sh.utf8()}
	return m.match(pat, s)
}

// utf8 reports whether the locale has characters of several bytes.
func (sh *shell) utf8() bool {
	if sh.d != Bash {
		return false
	}
	for _, name := range [...]string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v, _ := sh.lookup(name); v != "" {
			u := strings.ToUpper(v)
			return strings.Contains(u, "UTF-8") || strings.Contains(u, "UTF8")
		}
	}
	return false
}

func (m *matcher) match(pat, s string) bool {
	var backPat, backText string // where to try again after the last *
	again := false
	for {
		if m.steps++; m.steps > maxMatchSteps {
			return false
		}
		if pat == "" {
			if s == "" {
				return true
			}
		} else if m.ext && len(pat) > 1 && pat[1] == '(' && strings.IndexByte("?*+@!", pat[0]) >= 0 && groupEnd(pat) > 0 {
			if m.group(pat, s) {
				return true
			}
		} else if pat[0] == '*' {
			pat = strings.TrimLeft(pat[:1]+pat[1:], "*")
			if m.ext && strings.HasPrefix(pat, "(") {
				pat = "*" + pat
				if groupEnd(pat) > 0 {
					if m.group(pat, s) {
						return true
					}
					if !again {
						return false
					}
					goto retry
				}
				pat = pat[1:]
			}
			if pat == "" {
				return true
			}
			backPat, backText, again = pat, s, true
			continue
		} else if s != "" {
			if rest, n, ok := m.one(pat, s); ok {
				pat, s = rest, s[n:]
				continue
			}
		}
	retry:
		if !again || backText == "" {
			return false
		}
		backText = backText[m.width(backText):]
		pat, s = backPat, backText
	}
}

func (m *matcher) width(s string) int {
	if !m.utf8 || s[0] < utf8.RuneSelf {
		return 1
	}
	_, n := utf8.DecodeRuneInString(s)
	return n
}

// one matches one character and returns the rest of the pattern and how much of s it took.
func (m *matcher) one(pat, s string) (rest string, n int, ok bool) {
	n = m.width(s)
	switch pat[0] {
	case '?':
		return pat[1:], n, true
	case '[':
		if rest, in, valid := m.bracket(pat, s[:n]); valid {
			return rest, n, in
		}
	case '\\':
		if len(pat) > 1 {
			pat = pat[1:]
		}
	}
	if m.same(pat[0], s[0]) {
		return pat[1:], 1, true
	}
	return "", 0, false
}

func (m *matcher) same(a, b byte) bool { return a == b || m.fold && lower(a) == lower(b) }

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// bracket matches [...] against one character. It is not valid where the bracket is not closed.
func (m *matcher) bracket(pat, char string) (rest string, in, valid bool) {
	c, _ := utf8.DecodeRuneInString(char)
	if len(char) == 1 {
		c = rune(char[0])
	}
	i := 1
	negate := false
	if i < len(pat) && (pat[i] == '!' || pat[i] == '^') {
		negate = true
		i++
	}
	read := func() (rune, bool) {
		if i >= len(pat) {
			return 0, false
		}
		if pat[i] == '\\' && i+1 < len(pat) {
			i++
		}
		if m.utf8 {
			r, n := utf8.DecodeRuneInString(pat[i:])
			i += n
			return r, true
		}
		i++
		return rune(pat[i-1]), true
	}
	for first := true; ; first = false {
		if i >= len(pat) {
			return "", false, false
		}
		if pat[i] == ']' && !first {
			return pat[i+1:], in != negate, true
		}
		if pat[i] == '[' && i+1 < len(pat) && pat[i+1] == ':' {
			if end := strings.Index(pat[i+2:], ":]"); end >= 0 {
				if inClass(pat[i+2:i+2+end], c) {
					in = true
				}
				i += end + 4
				continue
			}
		}
		lo, ok := read()
		if !ok {
			return "", false, false
		}
		hi := lo
		if i+1 < len(pat) && pat[i] == '-' && pat[i+1] != ']' {
			i++
			if hi, ok = read(); !ok {
				return "", false, false
			}
		}
		if lo <= c && c <= hi || m.fold && c < 128 && (lo <= rune(lower(byte(c))) && rune(lower(byte(c))) <= hi) {
			in = true
		}
	}
}

func inClass(name string, c rune) bool {
	up, low, digit := c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9'
	switch name {
	case "alpha":
		return up || low
	case "digit":
		return digit
	case "alnum":
		return up || low || digit
	case "upper":
		return up
	case "lower":
		return low
	case "space":
		return c == ' ' || c >= '\t' && c <= '\r'
	case "blank":
		return c == ' ' || c == '\t'
	case "punct":
		return c > ' ' && c < 0x7f && !up && !low && !digit
	case "print":
		return c >= ' ' && c < 0x7f
	case "graph":
		return c > ' ' && c < 0x7f
	case "cntrl":
		return c < ' ' || c == 0x7f
	case "xdigit":
		return digit || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
	case "word":
		return up || low || digit || c == '_'
	}
	return false
}

// groupEnd returns the index after the parenthesis that closes the group at the beginning of pat, or 0.
func groupEnd(pat string) int {
	depth := 0
	for i := 1; i < len(pat); i++ {
		switch pat[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return 0
}

// group matches a text that begins with an extended group against the rest of the pattern.
func (m *matcher) group(pat, s string) bool {
	end := groupEnd(pat)
	rest := pat[end:]
	choices := alternatives(pat[2 : end-1])
	any := func(part string) bool {
		for _, c := range choices {
			if m.match(c, part) {
				return true
			}
		}
		return false
	}
	switch pat[0] {
	case '@', '?', '+', '*':
		if (pat[0] == '?' || pat[0] == '*') && m.match(rest, s) {
			return true
		}
		for n := 0; n <= len(s); n++ {
			if m.steps > maxMatchSteps {
				return false
			}
			if !any(s[:n]) {
				continue
			}
			if m.match(rest, s[n:]) {
				return true
			}
			if n > 0 && (pat[0] == '+' || pat[0] == '*') && m.match("*"+pat[1:], s[n:]) {
				return true
			}
		}
	case '!':
		for n := 0; n <= len(s); n++ {
			if !any(s[:n]) && m.match(rest, s[n:]) {
				return true
			}
		}
	}
	return false
}

// alternatives splits a|b|c outside of groups.
func alternatives(s string) []string {
	var out []string
	depth, start := 0, 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			depth--
		case '|':
			if depth == 0 {
				out = append(out, s[start:i])
				start = i + 1
			}
		}
	}
	return append(out, s[start:])
}
