package shell

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// formatter is a printf under way.
type formatter struct {
	sh     *shell
	args   []string
	used   int
	out    strings.Builder
	status int
	stop   bool
}

// printfBuiltin is printf.
func printfBuiltin(sh *shell, args []string) int {
	args = args[1:]
	variable := ""
	if sh.d == Bash && len(args) > 1 && args[0] == "-v" {
		variable, args = args[1], args[2:]
	}
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	} else if len(args) > 0 && sh.d != Ash && len(args[0]) > 1 && args[0][0] == '-' {
		return sh.illegalOption(args[0][:2], "printf [-v var] format [arguments]")
	}
	if len(args) == 0 {
		switch sh.d {
		case Bash:
			sh.usage("printf [-v var] format [arguments]")
		case Ash:
			sh.applet("usage: printf FORMAT [ARGUMENT...]")
		default:
			sh.warn("usage: printf format [arg ...]")
		}
		return 2
	}
	f := &formatter{sh: sh, args: args[1:]}
	for {
		before := f.used
		f.run(args[0])
		if f.stop || f.used >= len(f.args) || f.used == before || !sh.tick() {
			break
		}
		if f.out.Len() > maxMemory/4 {
			sh.outOfMemory()
			return sh.status
		}
	}
	if sh.ctl != goOn {
		return sh.status
	}
	if variable != "" {
		if base, key, ok := strings.Cut(variable, "["); ok {
			sh.setElement(base, strings.TrimSuffix(key, "]"), f.out.String(), false)
		} else {
			sh.set(variable, f.out.String())
		}
		return f.status
	}
	if status := sh.print(f.out.String()); status != 0 {
		return status
	}
	return f.status
}

func (f *formatter) next() (string, bool) {
	if f.used < len(f.args) {
		f.used++
		return f.args[f.used-1], true
	}
	return "", false
}

func (f *formatter) run(format string) {
	sh := f.sh
	for i := 0; i < len(format); {
		c := format[i]
		if c == '\\' {
			end := min(i+2, len(format))
			if end > i+1 {
				switch format[i+1] {
				case 'x':
					for n := 0; end < len(format) && n < 2 && isHex(format[end]); n++ {
						end++
					}
				case 'u', 'U':
					width := map[byte]int{'u': 4, 'U': 8}[format[i+1]]
					for n := 0; end < len(format) && n < width && isHex(format[end]); n++ {
						end++
					}
				case '0', '1', '2', '3', '4', '5', '6', '7':
					for n := 1; end < len(format) && n < 3 && format[end] >= '0' && format[end] <= '7'; n++ {
						end++
					}
				case 'c':
					if sh.d != Bash {
						f.stop = true
						return
					}
				}
			}
			text, _ := sh.escapes(format[i:end], formatEscapes)
			f.out.WriteString(text)
			i = end
			continue
		}
		if c != '%' {
			j := strings.IndexAny(format[i:], `\%`)
			if j < 0 {
				j = len(format) - i
			}
			f.out.WriteString(format[i : i+j])
			i += j
			continue
		}
		if strings.HasPrefix(format[i:], "%%") {
			f.out.WriteByte('%')
			i += 2
			continue
		}
		n := f.directive(format[i:])
		if n < 0 {
			f.stop = true
			return
		}
		i += n
		if f.stop {
			return
		}
	}
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// maxWidth bounds widths and precisions.
const maxWidth = 1 << 16

// directive prints what one % asks for and returns its length, or -1 where it is none.
func (f *formatter) directive(s string) int {
	sh := f.sh
	i := 1
	flags := ""
	for i < len(s) && strings.IndexByte("-+ #0'", s[i]) >= 0 {
		if s[i] != '\'' {
			flags += s[i : i+1]
		}
		i++
	}
	number := func() (int, bool) {
		if i < len(s) && s[i] == '*' {
			i++
			arg, _ := f.next()
			n, _ := strconv.Atoi(arg)
			return n, true
		}
		start := i
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
		}
		n, _ := strconv.Atoi(s[start:i])
		return n, i > start
	}
	width, _ := number()
	if width < 0 {
		flags, width = flags+"-", -width
	}
	width = min(width, maxWidth)
	precision := -1
	if i < len(s) && s[i] == '.' {
		i++
		precision, _ = number()
		precision = min(precision, maxWidth)
	}
	if i < len(s) && s[i] == '(' && sh.d == Bash {
		if end := strings.Index(s[i:], ")T"); end >= 0 {
			arg, _ := f.next()
			f.pad(sh.strftime(s[i+1:i+end], arg), flags, width)
			return i + end + 2
		}
	}
	for i < len(s) && strings.IndexByte("hlLjzt", s[i]) >= 0 && sh.d == Bash && i+1 < len(s) {
		i++
	}
	if i >= len(s) {
		f.invalid(s, "")
		return -1
	}
	c := s[i]
	switch c {
	case 'd', 'i', 'u', 'o', 'x', 'X':
		f.integer(c, flags, width, precision)
	case 'e', 'E', 'f', 'F', 'g', 'G', 'a', 'A':
		f.float(c, flags, width, precision)
	case 's':
		arg, _ := f.next()
		if precision >= 0 && precision < len(arg) {
			arg = arg[:precision]
		}
		f.pad(arg, flags, width)
	case 'c':
		arg, _ := f.next()
		if arg != "" {
			arg = arg[:1]
		} else if sh.d != Bash {
			arg = "\x00"
		}
		f.pad(strings.TrimSuffix(arg, "\x00"), flags, width)
	case 'b':
		arg, _ := f.next()
		text, stop := sh.escapes(arg, percentB)
		if precision >= 0 && precision < len(text) {
			text = text[:precision]
		}
		f.pad(text, flags, width)
		f.stop = stop
	case 'q', 'Q':
		if sh.d != Bash {
			f.invalid(s, s[:i+1])
			return -1
		}
		arg, _ := f.next()
		f.pad(sh.backslashQuote(arg), flags, width)
	default:
		f.invalid(s, s[:i+1])
		return -1
	}
	return i + 1
}

func (f *formatter) invalid(rest, directive string) {
	sh := f.sh
	f.status = 1
	switch sh.d {
	case Dash:
		if directive == "" {
			directive = "%"
		}
		sh.warn("%s: invalid directive", directive)
		f.status = 2
	case Ash:
		if directive == "%z" {
			rest = "%"
		}
		sh.applet("%s: invalid format", rest)
	default:
		if directive == "" {
			sh.warn("`%s': missing format character", rest)
		} else if directive == "%z" {
			sh.warn("`%s': missing format character", directive)
		} else {
			sh.warn("`%s': invalid format character", directive[len(directive)-1:])
		}
	}
}

func (f *formatter) pad(s, flags string, width int) {
	gap := width - len(s)
	if gap > 0 && !strings.Contains(flags, "-") {
		f.out.WriteString(strings.Repeat(" ", gap))
	}
	f.out.WriteString(s)
	if gap > 0 && strings.Contains(flags, "-") {
		f.out.WriteString(strings.Repeat(" ", gap))
	}
}

// argument reads a number for a directive; what is no number is reported and counts as far as it could be read.
func (f *formatter) argument() int64 {
	sh := f.sh
	s, given := f.next()
	if !given {
		return 0
	}
	if s != "" && (s[0] == '\'' || s[0] == '"') {
		for _, r := range s[1:] {
			if sh.utf8() {
				return int64(r)
			}
			return int64(s[1])
		}
		return 0
	}
	t := strings.TrimLeft(s, " \t\n")
	if n, ok := parseInt(t); ok && t == strings.TrimRight(t, " \t\n") {
		return n
	}
	if t == "" && sh.d != Ash {
		return 0
	}
	var n int64
	used := 0
	for end := len(t); end > 0; end-- {
		if v, ok := parseInt(t[:end]); ok && t[end-1] != ' ' {
			n, used = v, end
			break
		}
	}
	f.status = 1
	switch {
	case sh.d == Ash:
		sh.applet("invalid number '%s'", s)
		return 0
	case sh.d == Bash:
		if _, err := strconv.ParseInt(t, 10, 64); errors.Is(err, strconv.ErrRange) {
			sh.warn("warning: %s: Numerical result out of range", s)
			n, _ = strconv.ParseInt(t, 10, 64)
			return n
		}
		sh.warn("%s: invalid number", s)
	case used == 0:
		sh.warn("%s: expected numeric value", s)
	default:
		sh.warn("%s: not completely converted", s)
	}
	return n
}

func (f *formatter) integer(c byte, flags string, width, precision int) {
	given := f.used < len(f.args)
	n := f.argument()
	if !given && f.sh.d == Ash {
		f.sh.applet("invalid number ''")
		f.status = 1
	}
	verb := string(c)
	var value any = n
	switch c {
	case 'i', 'd':
		verb = "d"
	case 'u':
		verb, value = "d", uint64(n)
	default:
		value = uint64(n)
	}
	spec := "%" + flags
	if c != 'd' && c != 'i' {
		spec = "%" + strings.NewReplacer("+", "", " ", "").Replace(flags)
	}
	if precision >= 0 {
		spec = strings.ReplaceAll(spec, "0", "")
	}
	if width > 0 {
		spec += strconv.Itoa(width)
	}
	if precision >= 0 {
		spec += "." + strconv.Itoa(precision)
	}
	fmt.Fprintf(&f.out, spec+verb, value)
}

func (f *formatter) float(c byte, flags string, width, precision int) {
	s, _ := f.next()
	v, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil && s != "" {
		if s[0] == '\'' || s[0] == '"' {
			v = 0
			if len(s) > 1 {
				v = float64(s[1])
			}
		} else if n, ok := parseInt(s); ok {
			v = float64(n)
		} else {
			f.status = 1
			switch f.sh.d {
			case Ash:
				f.sh.applet("invalid number '%s'", s)
			case Bash:
				f.sh.warn("%s: invalid number", s)
			default:
				f.sh.warn("%s: expected numeric value", s)
			}
		}
	}
	spec := "%" + flags
	if width > 0 {
		spec += strconv.Itoa(width)
	}
	if precision < 0 {
		precision = 6
	}
	spec += "." + strconv.Itoa(precision)
	if c == 'a' || c == 'A' {
		c = map[byte]byte{'a': 'x', 'A': 'X'}[c]
	}
	fmt.Fprintf(&f.out, spec+string(c), v)
}
