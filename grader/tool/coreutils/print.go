package coreutils

import (
	"fmt"
	"strconv"
	"strings"

	"drydock/grader/tool/unix"
)

var printing = []unix.Command{
	{Name: "echo", Raw: true, Run: echo},
	{Name: "printf", Raw: true, Run: printf, Args: "FORMAT [ARGUMENT]..."},
	{Name: "true", Raw: true, Run: func(*unix.Cmd) int { return 0 }},
	{Name: "false", Raw: true, Run: func(*unix.Cmd) int { return 1 }},
	{Name: "yes", Run: yes, Args: "[STRING]..."},
}

func echo(c *unix.Cmd) int {
	args := c.Operands
	newline, escapes := true, false
	for len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-' && strings.Trim(args[0][1:], "neE") == "" {
		for _, o := range args[0][1:] {
			switch o {
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
	text := strings.Join(args, " ")
	if escapes {
		var stop bool
		if text, stop = unescape(text, true); stop {
			c.Print(text)
			return 0
		}
	}
	if newline {
		text += "\n"
	}
	c.Print(text)
	return 0
}

// unescape expands backslashes as echo -e and printf do; zero says that octal escapes are written \0NNN (else \NNN). stop is set
// where \c ends the output.
func unescape(s string, zero bool) (out string, stop bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		switch ch := s[i]; ch {
		case 'a', 'b', 'f', 'n', 'r', 't', 'v':
			b.WriteByte("\a\b\f\n\r\t\v"[strings.IndexByte("abfnrtv", ch)])
		case 'e':
			b.WriteByte(27)
		case '\\':
			b.WriteByte('\\')
		case '"':
			if zero {
				b.WriteByte('\\')
			}
			b.WriteByte('"')
		case 'c':
			return b.String(), true
		case 'x':
			j := i + 1
			for j < len(s) && j < i+3 && strings.IndexByte("0123456789abcdefABCDEF", s[j]) >= 0 {
				j++
			}
			if n, err := strconv.ParseUint(s[i+1:j], 16, 8); err == nil {
				b.WriteByte(byte(n))
				i = j - 1
			} else {
				b.WriteString(`\x`)
			}
		case 'u', 'U':
			width := map[byte]int{'u': 4, 'U': 8}[ch]
			end := min(i+1+width, len(s))
			if n, err := strconv.ParseUint(s[i+1:end], 16, 32); err == nil {
				b.WriteRune(rune(n))
				i = end - 1
			} else {
				b.WriteString(`\` + string(ch))
			}
		case '0', '1', '2', '3', '4', '5', '6', '7':
			j, limit := i, i+3
			if zero && ch == '0' {
				j, limit = i+1, i+4
			}
			start := j
			for j < len(s) && j < limit && s[j] >= '0' && s[j] <= '7' {
				j++
			}
			n, _ := strconv.ParseUint("0"+s[start:j], 8, 32)
			b.WriteByte(byte(n))
			i = j - 1
		default:
			b.WriteByte('\\')
			b.WriteByte(ch)
		}
	}
	return b.String(), false
}

func printf(c *unix.Cmd) int {
	args := c.Operands
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		return c.Usage("missing operand")
	}
	p := &formatter{Cmd: c, args: args[1:]}
	for {
		before := len(p.args)
		if !p.run(args[0]) {
			return max(c.Status, p.status)
		}
		if len(p.args) == 0 || len(p.args) == before || c.Stopped() {
			if len(p.args) > 0 && len(p.args) == before && !c.Busybox {
				c.Say("warning: ignoring excess arguments, starting with %s", c.Quote(p.args[0]))
			}
			return c.Status
		}
	}
}

// formatter is printf at work.
type formatter struct {
	*unix.Cmd
	args   []string
	status int
}

func (p *formatter) next() (string, bool) {
	if len(p.args) == 0 {
		return "", false
	}
	a := p.args[0]
	p.args = p.args[1:]
	return a, true
}

// run prints the format once and reports whether to go on.
func (p *formatter) run(format string) bool {
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			j := i
			for j < len(format) && format[j] != '%' {
				j++
			}
			text, stop := unescape(format[i:j], false)
			p.Print(text)
			if stop {
				return false
			}
			i = j - 1
			continue
		}
		if strings.HasPrefix(format[i:], "%%") {
			p.Print("%")
			i++
			continue
		}
		j := i + 1
		for j < len(format) && strings.IndexByte("-+ #0'", format[j]) >= 0 {
			j++
		}
		spec := strings.ReplaceAll(format[i+1:j], "'", "")
		for j < len(format) && (format[j] == '*' || format[j] == '.' || format[j] >= '0' && format[j] <= '9') {
			if format[j] == '*' {
				a, _ := p.next()
				spec += strconv.FormatInt(min(p.integer(a), 4096), 10)
			} else {
				spec += format[j : j+1]
			}
			j++
		}
		for j < len(format) && strings.IndexByte("hlLqjzt", format[j]) >= 0 && !strings.HasPrefix(format[j:], "q") {
			j++
		}
		if j == len(format) {
			p.Warn("%s: invalid conversion specification", format[i:])
			p.status = 1
			return false
		}
		if !p.convert(spec, format[j]) {
			p.Warn("%s: invalid conversion specification", format[i:j+1])
			p.status = 1
			return false
		}
		i = j
	}
	return true
}

// convert prints one argument; it reports false for an unknown conversion.
func (p *formatter) convert(spec string, verb byte) bool {
	for _, part := range strings.FieldsFunc(spec, func(r rune) bool { return r < '0' || r > '9' }) {
		if n, err := strconv.Atoi(part); err != nil || n > 100000 {
			return false
		}
	}
	switch verb {
	case 'd', 'i':
		a, _ := p.next()
		p.Printf("%"+spec+"d", p.integer(a))
	case 'u':
		a, _ := p.next()
		p.Printf("%"+spec+"d", uint64(p.integer(a)))
	case 'o', 'x', 'X':
		a, _ := p.next()
		p.Printf("%"+spec+string(verb), uint64(p.integer(a)))
	case 'e', 'E', 'f', 'F', 'g', 'G':
		a, _ := p.next()
		p.Printf("%"+spec+string(verb), p.float(a))
	case 'c':
		a, _ := p.next()
		p.Printf("%"+spec+"s", a[:min(1, len(a))])
	case 's':
		a, _ := p.next()
		p.Printf("%"+spec+"s", a)
	case 'q':
		a, _ := p.next()
		p.Printf("%"+spec+"s", p.Plain(a))
	case 'b':
		a, _ := p.next()
		text, _ := unescape(a, true)
		p.Printf("%"+spec+"s", text)
	default:
		return false
	}
	return true
}

func (p *formatter) integer(s string) int64 {
	if s == "" {
		return 0
	}
	if s[0] == '\'' || s[0] == '"' {
		if len(s) > 1 {
			return int64([]rune(s[1:])[0])
		}
		return 0
	}
	n, err := strconv.ParseInt(strings.TrimLeft(s, " "), 0, 64)
	if err == nil {
		return n
	}
	if u, err := strconv.ParseUint(s, 0, 64); err == nil {
		return int64(u)
	}
	i := 0
	for i < len(s) && (digit(s[i]) || i == 0 && (s[i] == '-' || s[i] == '+')) {
		i++
	}
	n, err = strconv.ParseInt(s[:i], 0, 64)
	switch {
	case p.Busybox:
		p.Warn("invalid number '%s'", s)
	case err != nil:
		p.Warn("%s: expected a numeric value", p.Quote(s))
	default:
		p.Warn("%s: value not completely converted", p.Quote(s))
	}
	return n
}

func (p *formatter) float(s string) float64 {
	if s == "" {
		return 0
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		p.Warn("%s: expected a numeric value", p.Quote(s))
	}
	return f
}

func yes(c *unix.Cmd) int {
	text := "y"
	if len(c.Operands) > 0 {
		text = strings.Join(c.Operands, " ")
	}
	for !c.Stopped() {
		if _, err := fmt.Fprintln(c.Out, text); err != nil {
			break
		}
	}
	return 0
}
