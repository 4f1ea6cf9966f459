package coreutils

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"drydock/grader/tool/getopt"
	"drydock/grader/tool/regex"
	"drydock/grader/tool/unix"
)

var numbers = []unix.Command{
	{Name: "seq", Args: "[OPTION]... LAST", Run: seq, Fix: negative, Spec: getopt.Spec{Short: "+f:s:w", Long: "format/f separator/s equal-width/w"}},
	{Name: "expr", Raw: true, Fail: 2, Run: expr, Args: "EXPRESSION"},
	{Name: "factor", Args: "[NUMBER]...", Run: factor, Spec: getopt.Spec{Short: "h", Long: "exponents/h"}},
	{Name: "numfmt", Args: "[OPTION]... [NUMBER]...", Fail: 1, Run: numfmt, Spec: getopt.Spec{Short: "d:z",
		Long: "to: from: to-unit: from-unit: suffix: padding: round: format: field: header? invalid: grouping delimiter/d debug zero-terminated/z"}},
}

// negative keeps numbers such as -2 from being read as options.
func negative(args []string) []string {
	for i, a := range args {
		if len(a) > 1 && a[0] == '-' && (digit(a[1]) || a[1] == '.') {
			return append(append(append([]string(nil), args[:i]...), "--"), args[i:]...)
		}
		if !strings.HasPrefix(a, "-") {
			if i == 0 || args[i-1] != "-s" && args[i-1] != "-f" {
				return args
			}
		}
	}
	return args
}

func seq(c *unix.Cmd) int {
	args := c.Operands
	switch {
	case len(args) == 0:
		return c.Usage("missing operand")
	case len(args) > 3:
		return c.Usage("extra operand %s", c.Quote(args[3]))
	}
	values := make([]float64, len(args))
	places, width := 0, 0
	for i, a := range args {
		v, err := strconv.ParseFloat(a, 64)
		if err != nil || math.IsNaN(v) {
			return c.Usage("invalid floating point argument: %s", c.Quote(a))
		}
		values[i] = v
		_, fraction, dotted := strings.Cut(a, ".")
		if dotted && i < 2+b2i(len(args) < 3) {
			places = max(places, len(fraction))
		}
	}
	first, step, last := 1.0, 1.0, values[len(values)-1]
	if len(values) > 1 {
		first = values[0]
	}
	if len(values) == 3 {
		step = values[1]
	}
	if step == 0 {
		return c.Usage("invalid Zero increment value: %s", c.Quote(args[1]))
	}
	places = min(places, 20)
	text := func(v float64) string { return strconv.FormatFloat(v, 'f', places, 64) }
	if c.Has("w") {
		width = max(len(text(first)), len(text(last)))
	}
	if f, ok := c.Lookup("f"); ok {
		if strings.Count(strings.ReplaceAll(f, "%%", ""), "%") != 1 {
			return c.Die(1, "format %s has no %% directive", unix.QuoteName(f))
		}
		text = func(v float64) string { return fmt.Sprintf(f, v) }
	}
	sep := "\n"
	if s, ok := c.Lookup("s"); ok {
		sep = s
	}
	for i := 0; !c.Stopped(); i++ {
		v := first + float64(i)*step
		if step > 0 && v > last+1e-9*math.Abs(step) || step < 0 && v < last-1e-9*math.Abs(step) {
			if i > 0 {
				c.Print("\n")
			}
			break
		}
		if i > 0 {
			c.Print(sep)
		}
		s := text(v)
		if pad := width - len(s); pad > 0 {
			sign := ""
			if s[0] == '-' {
				sign, s = "-", s[1:]
			}
			s = sign + strings.Repeat("0", pad) + s
		}
		c.Print(s)
	}
	return 0
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func factor(c *unix.Cmd) int {
	args := c.Operands
	if len(args) == 0 {
		data, err := c.ReadAll("-")
		if err != nil {
			return 1
		}
		args = strings.Fields(string(data))
	}
	for _, a := range args {
		n, err := strconv.ParseUint(a, 10, 64)
		if err != nil {
			c.Warn("%s is not a valid positive integer", c.Quote(a))
			continue
		}
		c.Printf("%d:", n)
		for p := uint64(2); p <= n/p && p < 1<<22; p++ {
			for n%p == 0 {
				c.Printf(" %d", p)
				n /= p
			}
		}
		if n > 1 {
			c.Printf(" %d", n)
		}
		c.Print("\n")
	}
	return c.Status
}

func numfmt(c *unix.Cmd) int {
	args := c.Operands
	if len(args) == 0 {
		data, err := c.ReadAll("-")
		if err != nil {
			return 1
		}
		args = strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	}
	for _, a := range args {
		n, ok := scaled(a, c.Value("from"))
		if !ok {
			return c.Die(2, "invalid number: %s", c.Quote(a))
		}
		out := strconv.FormatFloat(n, 'f', -1, 64)
		switch c.Value("to") {
		case "si":
			out = strings.Replace(unix.Human(int64(n), 1000), "k", "K", 1)
		case "iec":
			out = unix.Human(int64(n), 1024)
		case "iec-i":
			if out = unix.Human(int64(n), 1024); n >= 1024 {
				out += "i"
			}
		}
		c.Print(out + c.Value("suffix") + "\n")
	}
	return c.Status
}

func scaled(s, from string) (float64, bool) {
	s = strings.TrimSpace(s)
	if v, err := strconv.ParseFloat(s, 64); err == nil {
		return v, true
	}
	base := map[string]float64{"si": 1000, "iec": 1024, "iec-i": 1024, "auto": 1000}[from]
	if base == 0 || s == "" {
		return 0, false
	}
	if strings.HasSuffix(s, "i") {
		s, base = s[:len(s)-1], 1024
	}
	if s == "" {
		return 0, false
	}
	power := strings.IndexByte("KMGTPE", s[len(s)-1]&^0x20)
	v, err := strconv.ParseFloat(s[:len(s)-1], 64)
	return v * math.Pow(base, float64(power+1)), err == nil && power >= 0
}

// calculation is an expression of expr being read.
type calculation struct {
	*unix.Cmd
	args []string
	last string // read last, for messages
	bad  string
}

func expr(c *unix.Cmd) int {
	args := c.Operands
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		if c.Busybox {
			return c.Die(2, "too few arguments")
		}
		return c.Usage("missing operand")
	}
	e := &calculation{Cmd: c, args: args}
	v := e.or()
	if e.bad == "" && len(e.args) > 0 {
		e.fail("syntax error: unexpected argument %s", c.Quote(e.args[0]))
	}
	if e.bad != "" {
		return c.Die(2, "%s", e.bad)
	}
	c.Print(v + "\n")
	if null(v) {
		return 1
	}
	return 0
}

func null(v string) bool {
	return v == "" || strings.Trim(strings.TrimPrefix(v, "-"), "0") == "" && strings.ContainsRune(v, '0')
}

func (e *calculation) fail(format string, a ...any) string {
	if e.bad == "" {
		e.bad = fmt.Sprintf(format, a...)
		if e.Busybox && strings.HasPrefix(e.bad, "syntax error") {
			e.bad = "syntax error"
		}
	}
	return ""
}

// take reads the next word if it is one of those.
func (e *calculation) take(words ...string) string {
	if e.bad != "" || len(e.args) == 0 {
		return ""
	}
	for _, w := range words {
		if e.args[0] == w {
			e.last, e.args = w, e.args[1:]
			return w
		}
	}
	return ""
}

func (e *calculation) or() string {
	v := e.and()
	for e.take("|") != "" {
		if w := e.and(); null(v) {
			if v = w; null(w) {
				v = "0"
			}
		}
	}
	return v
}

func (e *calculation) and() string {
	v := e.compare()
	for e.take("&") != "" {
		if w := e.compare(); null(v) || null(w) {
			v = "0"
		}
	}
	return v
}

func (e *calculation) compare() string {
	v := e.sum()
	for {
		op := e.take("<", "<=", "=", "==", "!=", ">=", ">")
		if op == "" {
			return v
		}
		w := e.sum()
		d := strings.Compare(v, w)
		a, err1 := strconv.ParseInt(v, 10, 64)
		b, err2 := strconv.ParseInt(w, 10, 64)
		if err1 == nil && err2 == nil {
			d = compare(a, b)
		}
		ok := map[string]bool{"<": d < 0, "<=": d <= 0, "=": d == 0, "==": d == 0, "!=": d != 0, ">=": d >= 0, ">": d > 0}[op]
		v = strconv.Itoa(b2i(ok))
	}
}

func (e *calculation) sum() string {
	v := e.product()
	for {
		op := e.take("+", "-")
		if op == "" {
			return v
		}
		v = e.arithmetic(v, op, e.product())
	}
}

func (e *calculation) product() string {
	v := e.matching()
	for {
		op := e.take("*", "/", "%")
		if op == "" {
			return v
		}
		v = e.arithmetic(v, op, e.matching())
	}
}

func (e *calculation) arithmetic(v, op, w string) string {
	if e.bad != "" {
		return ""
	}
	a, err1 := strconv.ParseInt(v, 10, 64)
	b, err2 := strconv.ParseInt(w, 10, 64)
	if err1 != nil || err2 != nil {
		return e.fail("non-integer argument")
	}
	switch op {
	case "+":
		a += b
	case "-":
		a -= b
	case "*":
		a *= b
	default:
		if b == 0 {
			return e.fail("division by zero")
		}
		if op == "/" {
			a /= b
		} else {
			a %= b
		}
	}
	return strconv.FormatInt(a, 10)
}

func (e *calculation) matching() string {
	v := e.primary()
	for e.take(":") != "" {
		v = e.match(v, e.primary())
	}
	return v
}

// match is STRING : REGEX, anchored at the start: the first group, or how many characters matched.
func (e *calculation) match(s, pattern string) string {
	if e.bad != "" {
		return ""
	}
	re, err := regex.Compile(pattern, regex.Basic, regex.Options{})
	if err != nil {
		return e.fail("%s", err)
	}
	anchored, err := regex.Compile("^"+strings.TrimPrefix(pattern, "^"), regex.Basic, regex.Options{})
	if err == nil {
		re = anchored
	}
	m := re.Find([]byte(s))
	switch {
	case m == nil || m[0] != 0:
		if re.Groups() > 0 {
			return ""
		}
		return "0"
	case re.Groups() > 0:
		if m[2] < 0 {
			return ""
		}
		return s[m[2]:m[3]]
	}
	return strconv.Itoa(m[1])
}

func (e *calculation) primary() string {
	if e.bad != "" {
		return ""
	}
	if len(e.args) == 0 {
		return e.fail("syntax error: missing argument after %s", e.Quote(e.last))
	}
	word := e.args[0]
	e.last, e.args = word, e.args[1:]
	if len(e.args) == 0 {
		if word == ")" {
			return e.fail("syntax error: unexpected %s", e.Quote(")"))
		}
		return word
	}
	switch word {
	case "(":
		v := e.or()
		if e.bad == "" && e.take(")") == "" {
			return e.fail("syntax error: expecting %s after %s", e.Quote(")"), e.Quote(e.last))
		}
		return v
	case "+":
		word, e.args = e.args[0], e.args[1:]
		return word
	case "length":
		return strconv.Itoa(len(e.primary()))
	case "match":
		s := e.primary()
		return e.match(s, e.primary())
	case "index":
		s := e.primary()
		return strconv.Itoa(strings.IndexAny(s, e.primary()) + 1)
	case "substr":
		s, from, length := e.primary(), e.primary(), e.primary()
		a, err1 := strconv.Atoi(from)
		n, err2 := strconv.Atoi(length)
		if err1 != nil || err2 != nil || a < 1 || n < 1 || a > len(s) {
			return ""
		}
		return s[a-1 : min(len(s), a-1+min(n, len(s)))]
	}
	return word
}
