// Package getopt reads command lines as GNU getopt_long does: operands and options mixed, bundles of short options, "--", long
// options with "=" or a word of their own, and long names cut short as long as they stay unambiguous.
//
// Start from [Parse]. An [*Error] words what is wrong as glibc does, and as musl does (the C library of Alpine). Option arguments
// are not interpreted here.
package getopt

import (
	"slices"
	"strings"
)

// Spec declares the options of a command.
type Spec struct {
	// Short lists the letters as getopt(3) does: "ab:c::" has a without, b with, and c with an optional argument. A leading "+" ends
	// the options at the first operand.
	Short string
	// Long lists the long options, separated by spaces: "all/a" is another name for -a (and takes an argument if that does),
	// "sort:" requires an argument, "color?" may have one after "=", "help" has none.
	Long string
}

// Option is an option as given. Its name is the letter where there is one, else the long name.
type Option struct {
	Name  string
	Value string
	Given bool // whether a value was given
}

// Result is a command line that was understood.
type Result struct {
	Options  []Option
	Operands []string
}

// Has reports whether any of the options was given.
func (r *Result) Has(names ...string) bool {
	for _, o := range r.Options {
		if slices.Contains(names, o.Name) {
			return true
		}
	}
	return false
}

// Value returns the value that an option was last given, or "".
func (r *Result) Value(name string) string {
	v, _ := r.Lookup(name)
	return v
}

// Lookup returns the value that an option was last given and whether it was given.
func (r *Result) Lookup(name string) (string, bool) {
	for _, o := range slices.Backward(r.Options) {
		if o.Name == name {
			return o.Value, true
		}
	}
	return "", false
}

// Values returns all values that an option was given, in order.
func (r *Result) Values(name string) []string {
	var out []string
	for _, o := range r.Options {
		if o.Name == name {
			out = append(out, o.Value)
		}
	}
	return out
}

// Last returns which of several options was given last, or "": the one that wins where they exclude each other.
func (r *Result) Last(names ...string) string {
	for _, o := range slices.Backward(r.Options) {
		if slices.Contains(names, o.Name) {
			return o.Name
		}
	}
	return ""
}

// Error is a command line that was not understood. Error words it as glibc does, without the name of the program.
type Error struct {
	glibc, musl string
}

func (e *Error) Error() string { return e.glibc }

// Musl words it as musl does.
func (e *Error) Musl() string { return e.musl }

type argument uint8

const (
	none argument = iota
	required
	optional
)

// long is a long option.
type long struct {
	name  string
	short string
	arg   argument
}

// parser is a Spec taken apart.
type parser struct {
	short map[byte]argument
	long  []long
	plus  bool
}

func (s Spec) parser() *parser {
	p := &parser{short: map[byte]argument{}}
	short, plus := strings.CutPrefix(s.Short, "+")
	p.plus = plus
	for i := 0; i < len(short); i++ {
		letter := short[i]
		rest := short[i+1:]
		switch {
		case strings.HasPrefix(rest, "::"):
			p.short[letter] = optional
			i += 2
		case strings.HasPrefix(rest, ":"):
			p.short[letter] = required
			i++
		default:
			p.short[letter] = none
		}
	}
	for _, word := range strings.Fields(s.Long) {
		l := long{}
		l.name, l.short, _ = strings.Cut(word, "/")
		if l.short != "" {
			l.arg = p.short[l.short[0]]
		}
		if name, ok := strings.CutSuffix(l.name, ":"); ok {
			l.name, l.arg = name, required
		} else if name, ok := strings.CutSuffix(l.name, "?"); ok {
			l.name, l.arg = name, optional
		}
		p.long = append(p.long, l)
	}
	return p
}

// Parse reads args, which do not hold the program's name. The error is an *Error; the result then holds what came before it.
func Parse(spec Spec, args []string) (*Result, error) {
	p := spec.parser()
	r := &Result{}
	for i := 0; i < len(args); i++ {
		a := args[i]
		switch {
		case a == "--":
			r.Operands = append(r.Operands, args[i+1:]...)
			return r, nil
		case a == "-" || !strings.HasPrefix(a, "-"):
			if p.plus {
				r.Operands = append(r.Operands, args[i:]...)
				return r, nil
			}
			r.Operands = append(r.Operands, a)
		case strings.HasPrefix(a, "--"):
			used, err := p.longOption(r, a[2:], args[i+1:])
			if err != nil {
				return r, err
			}
			i += used
		default:
			used, err := p.bundle(r, a[1:], args[i+1:])
			if err != nil {
				return r, err
			}
			i += used
		}
	}
	return r, nil
}

// bundle reads the letters of one word and returns how many of the words after it were used.
func (p *parser) bundle(r *Result, letters string, rest []string) (int, error) {
	for i := 0; i < len(letters); i++ {
		name, value := letters[i:i+1], letters[i+1:]
		arg, known := p.short[letters[i]]
		switch {
		case !known || name == ":" || name == "-":
			return 0, &Error{"invalid option -- '" + name + "'", "unrecognized option: " + name}
		case arg == none:
			r.Options = append(r.Options, Option{Name: name})
		case value != "" || arg == optional:
			r.Options = append(r.Options, Option{name, value, value != ""})
			return 0, nil
		case len(rest) == 0:
			return 0, &Error{"option requires an argument -- '" + name + "'", "option requires an argument: " + name}
		default:
			r.Options = append(r.Options, Option{name, rest[0], true})
			return 1, nil
		}
	}
	return 0, nil
}

func (p *parser) longOption(r *Result, word string, rest []string) (int, error) {
	name, value, given := strings.Cut(word, "=")
	l, err := p.find(name)
	if err != nil {
		return 0, err
	}
	o := Option{Name: l.name, Value: value, Given: given}
	if l.short != "" {
		o.Name = l.short
	}
	used := 0
	switch {
	case l.arg == none && given:
		return 0, &Error{"option '--" + l.name + "' doesn't allow an argument", "option does not take an argument: " + l.name}
	case l.arg == required && !given && len(rest) == 0:
		return 0, &Error{"option '--" + l.name + "' requires an argument", "option requires an argument: " + l.name}
	case l.arg == required && !given:
		o.Value, o.Given, used = rest[0], true, 1
	}
	r.Options = append(r.Options, o)
	return used, nil
}

func (p *parser) find(name string) (long, error) {
	var found []long
	for _, l := range p.long {
		if l.name == name {
			return l, nil
		}
		if strings.HasPrefix(l.name, name) {
			found = append(found, l)
		}
	}
	if len(found) == 0 {
		return long{}, &Error{"unrecognized option '--" + name + "'", "unrecognized option: " + name}
	}
	same := !slices.ContainsFunc(found, func(l long) bool { return l.short == "" || l.short != found[0].short })
	if len(found) == 1 || same {
		return found[0], nil
	}
	text := "option '--" + name + "' is ambiguous; possibilities:"
	for _, l := range found {
		text += " '--" + l.name + "'"
	}
	return long{}, &Error{text, "option is ambiguous: " + name}
}
