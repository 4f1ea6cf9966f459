package shell

import (
	"fmt"
	"strings"
)

// echoBuiltin is echo: dash's resolves escapes always and knows -n alone, the others know -n, -e and -E.
func echoBuiltin(sh *shell, args []string) int {
	args = args[1:]
	newline, escapes := true, sh.d == Dash || sh.shopt["xpg_echo"]
	if sh.d == Dash {
		if len(args) > 0 && args[0] == "-n" {
			newline, args = false, args[1:]
		}
	} else {
		for len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-' && strings.Trim(args[0][1:], "neE") == "" {
			for _, c := range args[0][1:] {
				switch c {
				case 'n':
					newline = false
				case 'e':
					escapes = true
				case 'E':
					escapes = false
				}
			}
			args = args[1:]
		}
	}
	text := strings.Join(args, " ")
	if escapes && strings.IndexByte(text, '\\') >= 0 {
		s, stop := sh.escapes(text, echoEscapes)
		text = s
		if stop {
			newline = false
		}
	}
	if newline {
		text += "\n"
	}
	return sh.print(text)
}

// escapeStyle says whose escapes are resolved.
type escapeStyle uint8

const (
	echoEscapes   escapeStyle = iota // \0nnn
	formatEscapes                    // of printf's format: \nnn
	percentB                         // of printf's %b: both
)

// escapes resolves backslash sequences. stop says that \c ended the output.
func (sh *shell) escapes(s string, style escapeStyle) (text string, stop bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 >= len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		switch c := s[i]; {
		case c == 'a':
			b.WriteByte('\a')
		case c == 'b':
			b.WriteByte('\b')
		case c == 'f':
			b.WriteByte('\f')
		case c == 'n':
			b.WriteByte('\n')
		case c == 'r':
			b.WriteByte('\r')
		case c == 't':
			b.WriteByte('\t')
		case c == 'v':
			b.WriteByte('\v')
		case c == '\\':
			b.WriteByte('\\')
		case (c == 'e' || c == 'E' && sh.d == Bash):
			b.WriteByte(0x1b)
		case c == 'c' && style != formatEscapes:
			return b.String(), true
		case c == '"' && style == formatEscapes:
			b.WriteByte('"')
		case c == '\'' && style == formatEscapes && sh.d == Bash:
			b.WriteByte('\'')
		case c == 'x' && sh.d != Dash:
			n, used := readDigits(s[i+1:], 16, 2)
			if used == 0 {
				b.WriteString(`\x`)
				break
			}
			b.WriteByte(byte(n))
			i += used
		case (c == 'u' || c == 'U') && sh.d == Bash:
			width := 4
			if c == 'U' {
				width = 8
			}
			n, used := readDigits(s[i+1:], 16, width)
			if used == 0 {
				b.WriteString(`\` + string(c))
				break
			}
			b.WriteString(sh.character(n))
			i += used
		case c == '0' && style != formatEscapes:
			n, used := readDigits(s[i+1:], 8, 3)
			b.WriteByte(byte(n))
			i += used
		case c >= '0' && c <= '7' && (style != echoEscapes || sh.d == Dash):
			n, used := readDigits(s[i:], 8, 3)
			b.WriteByte(byte(n))
			i += used - 1
		default:
			b.WriteByte('\\')
			b.WriteByte(c)
		}
	}
	return b.String(), false
}

// printBody prints a function's body in bash's layout.
func printBody(f *function) string { return fmt.Sprintf("{ \n%s}", layout(f)) }
