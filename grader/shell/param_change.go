package shell

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"mvdan.cc/sh/v3/syntax"
)

// change returns what an operator does to each value, or nil.
func (e *expander) change(p *syntax.ParamExp, v parameterValue) func(string) string {
	sh := e.sh
	switch {
	case p.Repl != nil:
		return e.replacement(p.Repl)
	case p.Exp == nil:
		return nil
	}
	x := p.Exp
	switch x.Op {
	case syntax.RemSmallPrefix, syntax.RemLargePrefix:
		pat := sh.expandPattern(wordOrEmpty(x.Word))
		return func(s string) string { return sh.trimPrefix(s, pat, x.Op == syntax.RemLargePrefix) }
	case syntax.RemSmallSuffix, syntax.RemLargeSuffix:
		pat := sh.expandPattern(wordOrEmpty(x.Word))
		return func(s string) string { return sh.trimSuffix(s, pat, x.Op == syntax.RemLargeSuffix) }
	case syntax.UpperFirst, syntax.UpperAll, syntax.LowerFirst, syntax.LowerAll:
		pat := ""
		if x.Word != nil && len(x.Word.Parts) > 0 {
			pat = sh.expandPattern(x.Word)
		}
		return func(s string) string { return sh.changeCase(s, pat, x.Op) }
	case syntax.OtherParamOps:
		return e.transform(p, x.Word.Lit(), v)
	}
	return nil
}

func (e *expander) replacement(r *syntax.Replace) func(string) string {
	sh := e.sh
	if r.Orig == nil {
		return nil
	}
	pat := sh.expandPattern(r.Orig)
	var anchor byte
	if !r.All && pat != "" && (pat[0] == '#' || pat[0] == '%') {
		anchor, pat = pat[0], pat[1:]
	}
	with := ""
	if r.With != nil {
		with = sh.expandString(r.With)
	}
	if anchor == '%' {
		return func(s string) string {
			rest := sh.trimSuffix(s, pat, true)
			if len(rest) == len(s) && !sh.matches(pat, "") {
				return s
			}
			return rest + with
		}
	}
	return func(s string) string { return sh.replace(s, pat, with, r.All, anchor) }
}

func (sh *shell) changeCase(s, pat string, op syntax.ParExpOperator) string {
	var b strings.Builder
	for i, r := range s {
		first := i == 0
		if (op == syntax.UpperFirst || op == syntax.LowerFirst) && !first || pat != "" && !sh.matches(pat, string(r)) {
			b.WriteRune(r)
			continue
		}
		if r == utf8.RuneError || r >= utf8.RuneSelf && !sh.utf8() {
			b.WriteString(s[i : i+max(1, utf8.RuneLen(r))])
			continue
		}
		if op == syntax.UpperFirst || op == syntax.UpperAll {
			r = unicode.ToUpper(r)
		} else {
			r = unicode.ToLower(r)
		}
		b.WriteRune(r)
	}
	return b.String()
}

// transform is ${name@Q} and its like.
func (e *expander) transform(p *syntax.ParamExp, op string, v parameterValue) func(string) string {
	sh := e.sh
	switch op {
	case "Q":
		return func(s string) string {
			if hasControl(s, sh.utf8()) {
				return ansiQuote(s)
			}
			return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
		}
	case "U":
		return func(s string) string { return sh.changeCase(s, "", syntax.UpperAll) }
	case "u":
		return func(s string) string { return sh.changeCase(s, "", syntax.UpperFirst) }
	case "L":
		return func(s string) string { return sh.changeCase(s, "", syntax.LowerAll) }
	case "E":
		return sh.ansiUnquote
	case "P":
		return func(s string) string { return s }
	case "A":
		return func(s string) string {
			a := sh.vars[sh.resolve(v.name)]
			if a == nil {
				return ""
			}
			text := a.describe(v.name)
			if rest, ok := strings.CutPrefix(text, "declare -- "); ok {
				name, _, _ := strings.Cut(rest, "=")
				return name + "='" + strings.ReplaceAll(s, "'", `'\''`) + "'"
			}
			return text
		}
	case "a":
		return func(string) string {
			a := sh.vars[sh.resolve(v.name)]
			if a == nil {
				return ""
			}
			flags := strings.Fields(a.describe("x"))[1]
			return strings.Trim(flags, "-")
		}
	case "K", "k":
		return func(s string) string { return s }
	}
	sh.badSubstitution(sh.nodeText(p))
	return nil
}

// sliceString is ${name:offset:length} of a string.
func (sh *shell) sliceString(s *syntax.Slice, text string) string {
	var runes []rune
	size := len(text)
	if sh.utf8() {
		runes = []rune(text)
		size = len(runes)
	}
	from, to, ok := sh.sliceBounds(s, size)
	if !ok {
		return ""
	}
	if runes != nil {
		return string(runes[from:to])
	}
	return text[from:to]
}

func (sh *shell) sliceBounds(s *syntax.Slice, size int) (from, to int, ok bool) {
	offset := int64(0)
	if s.Offset != nil {
		if offset, ok = sh.arith(s.Offset); !ok {
			return 0, 0, false
		}
	}
	n := int64(size)
	if offset < 0 {
		offset += n
	}
	if offset < 0 || offset > n {
		return 0, 0, false
	}
	end := n
	if s.Length != nil {
		length, ok := sh.arith(s.Length)
		if !ok {
			return 0, 0, false
		}
		switch {
		case length < 0:
			end = n + length
			if end < offset {
				if sh.d == Bash {
					sh.warn("%s: substring expression < 0", sh.formulaText(s.Length))
					sh.discardLine()
				}
				return 0, 0, false
			}
		case length < n-offset:
			end = offset + length
		}
	}
	return int(offset), int(end), true
}

// sliceList is ${@:offset:length} and ${array[@]:offset:length}.
func (sh *shell) sliceList(s *syntax.Slice, v parameterValue) []string {
	values := v.many
	if v.name == "@" || v.name == "*" {
		values = append([]string{sh.name}, values...)
		if s.Offset != nil {
			if n, ok := sh.arith(s.Offset); ok && n > int64(len(sh.params)) {
				return nil
			}
		}
		if s.Length == nil {
			from, to, ok := sh.sliceBounds(s, len(values))
			if !ok {
				return nil
			}
			return values[from:to]
		}
	}
	from, to, ok := sh.sliceBounds(s, len(values))
	if !ok {
		return nil
	}
	return values[from:to]
}

// ansiUnquote resolves the escapes of $'…'.
func (sh *shell) ansiUnquote(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 >= len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		switch c := s[i]; c {
		case 'a':
			b.WriteByte('\a')
		case 'b':
			b.WriteByte('\b')
		case 'e', 'E':
			b.WriteByte(0x1b)
		case 'f':
			b.WriteByte('\f')
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		case 't':
			b.WriteByte('\t')
		case 'v':
			b.WriteByte('\v')
		case '\\', '\'', '"', '?':
			b.WriteByte(c)
		case 'x':
			n, used := readDigits(s[i+1:], 16, 2)
			if used == 0 {
				b.WriteString(`\x`)
				break
			}
			b.WriteByte(byte(n))
			i += used
		case 'u', 'U':
			width := 4
			if c == 'U' {
				width = 8
			}
			n, used := readDigits(s[i+1:], 16, width)
			if used == 0 || sh.d == Ash {
				b.WriteString(`\` + string(c))
				break
			}
			b.WriteString(sh.character(n))
			i += used
		case 'c':
			if i+1 < len(s) {
				i++
				b.WriteByte(s[i] & 0x1f)
			}
		case '0', '1', '2', '3', '4', '5', '6', '7':
			n, used := readDigits(s[i:], 8, 3)
			b.WriteByte(byte(n))
			i += used - 1
		default:
			b.WriteByte('\\')
			b.WriteByte(c)
		}
	}
	return b.String()
}

// character returns a Unicode character, which a locale without it spells \u00E9.
func (sh *shell) character(n int) string {
	switch {
	case n < utf8.RuneSelf || sh.utf8():
		return string(rune(n))
	case n > 0xffff:
		return fmt.Sprintf(`\U%08X`, n)
	}
	return fmt.Sprintf(`\u%04X`, n)
}

// readDigits reads up to width digits and returns their value and number.
func readDigits(s string, base, width int) (n, used int) {
	for used < width && used < len(s) {
		c := int(lower(s[used]))
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		default:
			return n, used
		}
		if c >= base {
			return n, used
		}
		n = n*base + c
		used++
	}
	return n, used
}
