package regex

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
)

var (
	errBracket  = errors.New("Unmatched [, [^, [:, [., or [=")
	errBrace    = errors.New(`Unmatched \{`)
	errInterval = errors.New(`Invalid content of \{\}`)
	errPreced   = errors.New("Invalid preceding regular expression")
	errTrailing = errors.New("Trailing backslash")
	errBackref  = errors.New("Invalid back reference")
	errOpen     = errors.New(`Unmatched ( or \(`)
	errClose    = errors.New(`Unmatched ) or \)`)
)

// translator turns a POSIX expression into one of package regexp.
type translator struct {
	syntax   Syntax
	in       string
	pos      int
	out      strings.Builder
	groups   int
	open     []int // where in out each open group starts
	closed   map[int]bool
	ids      []int
	backrefs bool
	atom     int  // where in out the last atom starts; -1 if there is none to repeat
	repeated bool // the atom has a repetition already
}

func (t *translator) basic() bool { return t.syntax == Basic }

func (t *translator) translate() error {
	t.atom, t.closed = -1, map[int]bool{}
	for t.pos < len(t.in) {
		if err := t.step(); err != nil {
			return err
		}
	}
	if len(t.open) > 0 {
		return errOpen
	}
	return nil
}

// literal adds text that stands for itself.
func (t *translator) literal(s string) { t.add(regexp.QuoteMeta(s)) }

// add adds an atom.
func (t *translator) add(s string) {
	t.atom, t.repeated = t.out.Len(), false
	t.out.WriteString(s)
}

// anchor adds what matches nothing and cannot be repeated.
func (t *translator) anchor(s string) {
	t.out.WriteString(s)
	t.atom = -1
}

func (t *translator) step() error {
	ch := t.in[t.pos]
	rest := t.in[t.pos+1:]
	t.pos++
	switch {
	case ch == '\\':
		return t.escape()
	case ch == '[':
		return t.bracket()
	case ch == '.':
		t.add(".")
	case ch == '*':
		t.repeat("*", "*")
	case ch == '^' && (!t.basic() || t.start()):
		t.anchor("^")
	case ch == '$' && (!t.basic() || rest == "" || strings.HasPrefix(rest, `\)`) || strings.HasPrefix(rest, `\|`)):
		t.anchor("$")
	case t.basic():
		t.rune(ch)
	case ch == '+' || ch == '?':
		t.repeat(string(ch), string(ch))
	case ch == '{':
		return t.interval("}")
	case ch == '(':
		t.group()
	case ch == ')' && len(t.open) > 0:
		t.end()
	case ch == ')' && t.syntax == Awk:
		return errClose
	case ch == '|':
		t.anchor("|")
	default:
		t.rune(ch)
	}
	return nil
}

// rune adds the character that begins at ch, which was read.
func (t *translator) rune(ch byte) {
	end := t.pos
	if ch >= 0xc0 {
		for end < len(t.in) && t.in[end]&0xc0 == 0x80 {
			end++
		}
	}
	t.literal(t.in[t.pos-1 : end])
	t.pos = end
}

// start reports whether ^ is an anchor here in a basic expression.
func (t *translator) start() bool {
	before := t.in[:t.pos-1]
	return before == "" || strings.HasSuffix(before, `\(`) || strings.HasSuffix(before, `\|`) || strings.HasSuffix(before, "\n")
}

func (t *translator) group() {
	t.groups++
	t.open = append(t.open, t.out.Len())
	t.ids = append(t.ids, t.groups)
	t.out.WriteString("(")
	t.atom = -1
}

func (t *translator) end() {
	last := len(t.open) - 1
	t.out.WriteString(")")
	t.atom, t.repeated = t.open[last], false
	t.closed[t.ids[last]] = true
	t.open, t.ids = t.open[:last], t.ids[:last]
}

// repeat adds a repetition of the last atom, or literal where there is none.
func (t *translator) repeat(op, literal string) {
	if t.atom < 0 {
		t.literal(literal)
		return
	}
	if t.repeated {
		s := t.out.String()
		t.out.Reset()
		t.out.WriteString(s[:t.atom] + "(?:" + s[t.atom:] + ")")
	}
	t.out.WriteString(op)
	t.repeated = true
}

// interval reads {n,m}; what is none is literal in an extended expression.
func (t *translator) interval(end string) error {
	body, _, found := strings.Cut(t.in[t.pos:], end)
	low, high, comma := strings.Cut(body, ",")
	valid := found && number(low) && number(high) && (low != "" || comma)
	if !valid {
		if t.basic() && !found {
			return errBrace
		}
		if t.basic() {
			return errInterval
		}
		t.literal("{")
		return nil
	}
	if t.atom < 0 {
		if t.basic() {
			return errPreced
		}
		t.literal("{")
		return nil
	}
	if low == "" {
		low = "0"
	}
	a, _ := strconv.Atoi(low)
	b, err := strconv.Atoi(high)
	if err == nil && a > b {
		return errInterval
	}
	t.pos += len(body) + len(end)
	op := "{" + low
	if comma {
		op += "," + high
	}
	t.repeat(op+"}", "")
	return nil
}

func number(s string) bool { return len(s) < 6 && strings.Trim(s, "0123456789") == "" }

func (t *translator) escape() error {
	if t.pos == len(t.in) {
		return errTrailing
	}
	ch := t.in[t.pos]
	t.pos++
	if t.basic() {
		switch ch {
		case '(':
			t.group()
			return nil
		case ')':
			if len(t.open) == 0 {
				return errClose
			}
			t.end()
			return nil
		case '{':
			return t.interval(`\}`)
		case '|':
			t.anchor("|")
			return nil
		case '+', '?':
			t.repeat(string(ch), string(ch))
			return nil
		}
	}
	switch {
	case ch >= '1' && ch <= '9' && t.syntax != Awk:
		if n := int(ch - '0'); !t.closed[n] {
			return errBackref
		}
		t.backrefs = true
		t.add("(?:\\" + string(ch) + ")")
	case ch == 'w' || ch == 'W' || ch == 's' || ch == 'S':
		t.add("\\" + string(ch))
	case ch == 'b' && t.syntax != Awk || ch == '<' || ch == '>' || ch == 'y':
		t.anchor(`\b`)
	case ch == 'B':
		t.anchor(`\B`)
	case ch == '`':
		t.anchor(`\A`)
	case ch == '\'':
		t.anchor(`\z`)
	case ch == 'n':
		t.literal("\n")
	case ch == 't':
		t.literal("\t")
	case strings.IndexByte("rfva", ch) >= 0:
		t.literal(string("\r\f\v\a"[strings.IndexByte("rfva", ch)]))
	default:
		t.rune(ch)
	}
	return nil
}

// bracket reads [...].
func (t *translator) bracket() error {
	i := t.pos
	var b strings.Builder
	b.WriteString("[")
	if i < len(t.in) && t.in[i] == '^' {
		b.WriteString("^")
		i++
	}
	for first := true; ; first = false {
		if i >= len(t.in) {
			return errBracket
		}
		ch := t.in[i]
		if ch == ']' && !first {
			break
		}
		if ch == '[' && i+1 < len(t.in) && strings.IndexByte(":.=", t.in[i+1]) >= 0 {
			kind := t.in[i+1 : i+2]
			body, _, found := strings.Cut(t.in[i+2:], kind+"]")
			if !found {
				return errBracket
			}
			if kind == ":" {
				if !classes[body] {
					return errors.New("Invalid character class name")
				}
				b.WriteString("[:" + body + ":]")
			} else {
				b.WriteString(regexp.QuoteMeta(body))
			}
			i += len(body) + 4
			continue
		}
		i++
		switch {
		case ch == '\\' && i < len(t.in) && (t.in[i] == 'n' || t.in[i] == 't' || t.syntax == Awk):
			b.WriteString(escapedInBracket(t.in[i]))
			i++
		case ch == '\\' || ch == '[' || ch == ']' || ch == '^':
			b.WriteString("\\" + string(ch))
		case ch == '-' && (first || i < len(t.in) && t.in[i] == ']' || strings.HasSuffix(b.String(), ":]")):
			b.WriteString(`\-`)
		default:
			b.WriteByte(ch)
		}
	}
	b.WriteString("]")
	t.pos = i + 1
	t.add(b.String())
	return nil
}

func escapedInBracket(ch byte) string {
	switch ch {
	case 'n', 't', 'r', 'f', 'v':
		return "\\" + string(ch)
	case '/', '"':
		return string(ch)
	}
	return regexp.QuoteMeta(string(ch))
}

var classes = map[string]bool{"alpha": true, "digit": true, "alnum": true, "upper": true, "lower": true, "space": true, "blank": true,
	"punct": true, "print": true, "graph": true, "cntrl": true, "xdigit": true}
