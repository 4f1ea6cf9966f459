package awk

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand"
	"strconv"
	"strings"

	"drydock/grader/tool/regex"
	"drydock/grader/tool/unix"
)

var errControl = errors.New("exit or next in a function")

func (m *machine) call(e *expr) value {
	str := func(i int) string { return m.str(e.args[i]) }
	num := func(i int) float64 { return m.eval(e.args[i]).num() }
	switch e.text {
	case "length":
		if len(e.args) == 0 {
			return number(float64(len([]rune(m.line()))))
		}
		if a := e.args[0]; a.op == "var" && m.getVar(a.text, a.slot).kind == unset && a.text != "NF" {
			return number(float64(len(m.array(a.text, a.slot))))
		}
		return number(float64(len([]rune(str(0)))))
	case "substr":
		return text(m.substr(e))
	case "index":
		s := str(0)
		return number(float64(len([]rune(s[:max(0, strings.Index(s, str(1)))]))) + b2f(strings.Contains(s, str(1))))
	case "split":
		return m.split2(e)
	case "sub", "gsub":
		return m.substitute(e)
	case "gensub":
		return m.gensub(e)
	case "match":
		return m.match(e)
	case "sprintf":
		args := m.values(e.args)
		return text(sprintf(args[0].str(m.text("CONVFMT")), args[1:], m.text("CONVFMT")))
	case "sin":
		return number(math.Sin(num(0)))
	case "cos":
		return number(math.Cos(num(0)))
	case "atan2":
		return number(math.Atan2(num(0), num(1)))
	case "exp":
		return number(math.Exp(num(0)))
	case "log":
		return number(math.Log(num(0)))
	case "sqrt":
		return number(math.Sqrt(num(0)))
	case "int":
		return number(math.Trunc(num(0)))
	case "rand":
		return number(m.rand.Float64())
	case "srand":
		old := m.seed
		m.seed = float64(m.w.Now.Unix())
		if len(e.args) > 0 {
			m.seed = num(0)
		}
		m.rand = rand.New(rand.NewSource(int64(m.seed)))
		return number(old)
	case "tolower":
		return text(strings.ToLower(str(0)))
	case "toupper":
		return text(strings.ToUpper(str(0)))
	case "system":
		return number(float64(m.w.System(m.ctx, str(0), m.w.Stdin, m.w.Stdout)))
	case "close":
		return number(m.closeStream(str(0)))
	case "fflush":
		return number(0)
	case "systime":
		return number(float64(m.w.Now.Unix()))
	case "strftime":
		format, t := "%a %b %e %H:%M:%S %Z %Y", m.w.Now
		if len(e.args) > 0 {
			format = str(0)
		}
		if len(e.args) > 1 {
			t = unix.Time(int64(num(1)) * 1e9)
		}
		return text(unix.Strftime(format, t.UTC()))
	}
	return value{}
}

func b2f(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func (m *machine) substr(e *expr) string {
	s := []rune(m.str(e.args[0]))
	from := math.Round(m.eval(e.args[1]).num())
	to := math.Inf(1)
	if len(e.args) > 2 {
		to = from + math.Round(m.eval(e.args[2]).num())
	}
	from = math.Max(from, 1)
	to = math.Min(to, float64(len(s)+1))
	if !(from < to) {
		return ""
	}
	return string(s[int(from)-1 : int(to)-1])
}

func (m *machine) split2(e *expr) value {
	s := m.str(e.args[0])
	fs, re := m.text("FS"), (*regex.Regexp)(nil)
	if len(e.args) > 2 {
		if e.args[2].op == "regex" {
			re = e.args[2].re
		} else {
			fs = m.str(e.args[2])
		}
	}
	parts := m.splitText(s, fs, re)
	a := m.array(e.args[1].text, e.args[1].slot)
	clear(a)
	for i, p := range parts {
		a[strconv.Itoa(i+1)] = numeric(p)
	}
	return number(float64(len(parts)))
}

func (m *machine) pattern(e *expr) *regex.Regexp {
	if e.op == "regex" {
		return e.re
	}
	return m.regexp(m.str(e))
}

// replace writes what a match is replaced by: & is the match, \\& an ampersand.
func replace(b *bytes.Buffer, with, matched string) {
	for i := 0; i < len(with); i++ {
		switch {
		case with[i] == '\\' && i+1 < len(with) && (with[i+1] == '&' || with[i+1] == '\\'):
			i++
			b.WriteByte(with[i])
		case with[i] == '&':
			b.WriteString(matched)
		default:
			b.WriteByte(with[i])
		}
	}
}

func (m *machine) substitute(e *expr) value {
	target := &expr{op: "field", left: &expr{op: "num"}}
	if len(e.args) == 3 {
		target = e.args[2]
	}
	limit := 1
	if e.text == "gsub" {
		limit = -1
	}
	re, with, s := m.pattern(e.args[0]), m.str(e.args[1]), m.str(target)
	all := re.FindAll([]byte(s), limit)
	if len(all) == 0 {
		return number(0)
	}
	var b bytes.Buffer
	at := 0
	for _, x := range all {
		b.WriteString(s[at:x[0]])
		replace(&b, with, s[x[0]:x[1]])
		if at = x[1]; b.Len() > maxString {
			m.fail("out of memory")
		}
	}
	b.WriteString(s[at:])
	m.assign(target, text(b.String()))
	return number(float64(len(all)))
}

// gensub is gawk's: groups may be used, and the result is returned.
func (m *machine) gensub(e *expr) value {
	re, with, how := m.pattern(e.args[0]), m.str(e.args[1]), m.eval(e.args[2])
	s := m.line()
	if len(e.args) > 3 {
		s = m.str(e.args[3])
	}
	global := strings.HasPrefix(strings.ToLower(how.str("%.6g")), "g")
	nth := int(math.Max(1, math.Min(how.num(), 1e6)))
	var b bytes.Buffer
	at := 0
	for i, x := range re.FindAll([]byte(s), -1) {
		if !global && i+1 != nth {
			continue
		}
		b.WriteString(s[at:x[0]])
		for j := 0; j < len(with); j++ {
			group := -1
			switch {
			case with[j] == '&':
				group = 0
			case with[j] == '\\' && j+1 < len(with):
				j++
				if with[j] >= '0' && with[j] <= '9' {
					group = int(with[j] - '0')
				} else {
					b.WriteByte(with[j])
				}
			default:
				b.WriteByte(with[j])
			}
			if group >= 0 && 2*group+1 < len(x) && x[2*group] >= 0 {
				b.WriteString(s[x[2*group]:x[2*group+1]])
			}
		}
		if at = x[1]; b.Len() > maxString {
			m.fail("out of memory")
		}
	}
	b.WriteString(s[at:])
	return text(b.String())
}

func (m *machine) match(e *expr) value {
	s := m.str(e.args[0])
	x := m.pattern(e.args[1]).Find([]byte(s))
	start, length := 0.0, -1.0
	if x != nil {
		start = float64(len([]rune(s[:x[0]])) + 1)
		length = float64(len([]rune(s[x[0]:x[1]])))
	}
	if len(e.args) > 2 && e.args[2].op == "var" {
		a := m.array(e.args[2].text, e.args[2].slot)
		clear(a)
		for i := 0; x != nil && 2*i+1 < len(x); i++ {
			if x[2*i] >= 0 {
				a[strconv.Itoa(i)] = numeric(s[x[2*i]:x[2*i+1]])
			}
		}
	}
	m.globals["RSTART"], m.globals["RLENGTH"] = number(start), number(length)
	return number(start)
}

// sprintf formats as C does.
func sprintf(format string, args []value, convfmt string) string {
	var b strings.Builder
	next := func() value {
		if len(args) == 0 {
			return value{}
		}
		v := args[0]
		args = args[1:]
		return v
	}
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			b.WriteByte(format[i])
			continue
		}
		j := i + 1
		spec := "%"
		for j < len(format) && strings.IndexByte("-+ #0123456789.*", format[j]) >= 0 {
			if format[j] == '*' {
				spec += strconv.Itoa(int(math.Max(-4096, math.Min(4096, next().num()))))
			} else {
				spec += string(format[j])
			}
			j++
		}
		for j < len(format) && strings.IndexByte("hlLqjzt", format[j]) >= 0 {
			j++
		}
		if j == len(format) || len(spec) > 20 {
			b.WriteString(format[i:])
			break
		}
		switch format[j] {
		case '%':
			b.WriteByte('%')
		case 'd', 'i':
			fmt.Fprintf(&b, spec+"d", integer(next().num()))
		case 'u':
			fmt.Fprintf(&b, spec+"d", uint64(integer(next().num())))
		case 'o', 'x', 'X':
			fmt.Fprintf(&b, spec+string(format[j]), uint64(integer(next().num())))
		case 'e', 'E', 'f', 'F', 'g', 'G':
			b.WriteString(cExponent(fmt.Sprintf(spec+string(format[j]), next().num())))
		case 'c':
			v := next()
			if v.kind == isNumber {
				fmt.Fprintf(&b, spec+"s", string(rune(int(v.n)&0x1fffff)))
			} else {
				r := []rune(v.s)
				fmt.Fprintf(&b, spec+"s", string(r[:min(1, len(r))]))
			}
		case 's':
			fmt.Fprintf(&b, spec+"s", next().str(convfmt))
		default:
			b.WriteString(format[i : j+1])
		}
		i = j
	}
	return b.String()
}

func integer(f float64) int64 {
	switch {
	case math.IsNaN(f):
		return math.MinInt64
	case f >= math.MaxInt64:
		return math.MaxInt64
	case f <= math.MinInt64:
		return math.MinInt64
	}
	return int64(f)
}

// cExponent passes numbers on: Go and C agree but for infinities.
func cExponent(s string) string {
	return strings.NewReplacer("+Inf", "inf", "-Inf", "-inf", "NaN", "nan").Replace(s)
}
