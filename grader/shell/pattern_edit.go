package shell

import (
	"strings"
)

// hasMeta reports whether a pattern has anything but ordinary characters.
func hasMeta(pat string) bool {
	for i := 0; i < len(pat); i++ {
		switch pat[i] {
		case '\\':
			i++
		case '*', '?', '[':
			return true
		case '(':
			if i > 0 && strings.IndexByte("+@!", pat[i-1]) >= 0 {
				return true
			}
		}
	}
	return false
}

// unescape removes the backslashes of a pattern.
func unescape(pat string) string {
	if strings.IndexByte(pat, '\\') < 0 {
		return pat
	}
	b := make([]byte, 0, len(pat))
	for i := 0; i < len(pat); i++ {
		if pat[i] == '\\' && i+1 < len(pat) {
			i++
		}
		b = append(b, pat[i])
	}
	return string(b)
}

// trimPrefix removes the shortest or longest beginning that matches.
func (sh *shell) trimPrefix(s, pat string, longest bool) string {
	if !hasMeta(pat) {
		return strings.TrimPrefix(s, unescape(pat))
	}
	if longest {
		for n := len(s); n >= 0; n-- {
			if sh.matches(pat, s[:n]) {
				return s[n:]
			}
			if !sh.work(n) {
				break
			}
		}
		return s
	}
	for n := 0; n <= len(s); n++ {
		if sh.matches(pat, s[:n]) {
			return s[n:]
		}
		if !sh.work(n) {
			break
		}
	}
	return s
}

// trimSuffix removes the shortest or longest end that matches.
func (sh *shell) trimSuffix(s, pat string, longest bool) string {
	if !hasMeta(pat) {
		return strings.TrimSuffix(s, unescape(pat))
	}
	if longest {
		for n := 0; n <= len(s); n++ {
			if sh.matches(pat, s[n:]) {
				return s[:n]
			}
			if !sh.work(len(s) - n) {
				break
			}
		}
		return s
	}
	for n := len(s); n >= 0; n-- {
		if sh.matches(pat, s[n:]) {
			return s[:n]
		}
		if !sh.work(len(s) - n) {
			break
		}
	}
	return s
}

// work counts a step whose cost grows with n.
func (sh *shell) work(n int) bool {
	sh.steps += uint(n / 256)
	if n > 256 && sh.ctx.Err() != nil {
		sh.killed()
		return false
	}
	return sh.tick() || sh.ctl != doExit
}

// replace replaces the first match of a pattern, or all of them; anchor is '#' or '%' for a match at the beginning or end only.
func (sh *shell) replace(s, pat, with string, all bool, anchor byte) string {
	if pat == "" && anchor == 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i <= len(s); {
		n := sh.longestMatch(s[i:], pat, anchor)
		if n < 0 || n == 0 && anchor == 0 {
			if anchor == '#' || i >= len(s) {
				b.WriteString(s[i:])
				break
			}
			b.WriteByte(s[i])
			i++
			if sh.ctl == doExit {
				break
			}
			continue
		}
		b.WriteString(with)
		i += n
		if !sh.make(len(with)) {
			return ""
		}
		if !all || anchor != 0 || i >= len(s) {
			b.WriteString(s[min(i, len(s)):])
			break
		}
	}
	return b.String()
}

// longestMatch returns how long a match at the beginning of s can be, or -1.
func (sh *shell) longestMatch(s, pat string, anchor byte) int {
	if !hasMeta(pat) {
		lit := unescape(pat)
		if strings.HasPrefix(s, lit) && (anchor != '%' || len(lit) == len(s)) {
			return len(lit)
		}
		return -1
	}
	if anchor == '%' {
		if sh.matches(pat, s) {
			return len(s)
		}
		return -1
	}
	for n := len(s); n >= 0; n-- {
		if sh.matches(pat, s[:n]) {
			return n
		}
		if !sh.work(n) {
			return -1
		}
	}
	return -1
}
