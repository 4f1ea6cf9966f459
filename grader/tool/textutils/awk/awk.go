// Package awk runs awk programs: POSIX awk with mawk's and the commonest of gawk's functions.
//
// Start from [Parse] and [Program.Run]. All contact with the outside goes through [World]. A program is bounded in steps, depth and
// memory, so that none runs away.
package awk

import (
	"context"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
)

// World is what a program can reach.
type World struct {
	Stdin   io.Reader
	Stdout  io.Writer
	Stderr  io.Writer
	Environ []string
	Now     time.Time
	Open    func(name string) (io.ReadCloser, error)                                         // for reading
	Create  func(name string, append bool) (io.WriteCloser, error)                           // for writing
	System  func(ctx context.Context, command string, stdin io.Reader, stdout io.Writer) int // runs a shell command
	Fail    func(name string, err error)                                                     // says that an input cannot be read
}

// Program is a parsed awk program.
type Program struct{ prog *program }

// Parse reads a program. Errors name the line.
func Parse(src string) (*Program, error) {
	prog, err := parse(src)
	if err != nil {
		return nil, err
	}
	return &Program{prog}, nil
}

// Run runs the program over the operands, which may be assignments, after the assignments of -v. It returns the exit status; an error
// is one that ended the program.
func (p *Program) Run(ctx context.Context, w World, vars, operands []string) (status int, err error) {
	m := newMachine(ctx, p.prog, w)
	defer m.close()
	defer func() {
		if r := recover(); r != nil {
			f, ok := r.(failure)
			if !ok {
				panic(r)
			}
			if status, err = 2, f.err; err == errControl { // exit inside a function: END is not run
				status, err = m.status, nil
			}
		}
	}()
	for _, v := range vars {
		m.assignText(v)
	}
	m.operands = operands
	argv := m.array("ARGV", -1)
	argv["0"] = text("awk")
	for i, o := range operands {
		argv[strconv.Itoa(i+1)] = numeric(o)
	}
	m.globals["ARGC"] = number(float64(len(operands) + 1))
	return m.run(), nil
}

// failure is what a program that cannot go on panics with.
type failure struct{ err error }

func (m *machine) fail(text string) { panic(failure{errors.New(text)}) }

// value is a number, a string, or a string that looks like a number.
type value struct {
	s    string
	n    float64
	kind uint8
}

const (
	unset uint8 = iota
	isNumber
	isText
	isNumeric // text from outside that looks like a number
)

func number(n float64) value { return value{n: n, kind: isNumber} }
func text(s string) value    { return value{s: s, kind: isText} }

// numeric is text from outside.
func numeric(s string) value {
	t := strings.TrimSpace(s)
	if n, used := leadingNumber(t); used == len(t) && used > 0 {
		return value{s: s, n: n, kind: isNumeric}
	}
	return text(s)
}

// leadingNumber reads the number that s begins with and returns how much of it that is.
func leadingNumber(s string) (float64, int) {
	i := 0
	if i < len(s) && (s[i] == '+' || s[i] == '-') {
		i++
	}
	digits := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
		digits++
	}
	if i < len(s) && s[i] == '.' {
		i++
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
			digits++
		}
	}
	if digits == 0 {
		return 0, 0
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		j := i + 1
		if j < len(s) && (s[j] == '+' || s[j] == '-') {
			j++
		}
		if j < len(s) && s[j] >= '0' && s[j] <= '9' {
			for j < len(s) && s[j] >= '0' && s[j] <= '9' {
				j++
			}
			i = j
		}
	}
	n, _ := strconv.ParseFloat(s[:i], 64)
	return n, i
}

func (v value) num() float64 {
	if v.kind == isText {
		n, _ := leadingNumber(strings.TrimLeft(v.s, " \t\n"))
		return n
	}
	return v.n
}

func (v value) str(format string) string {
	if v.kind != isNumber {
		return v.s
	}
	if v.n == math.Trunc(v.n) && math.Abs(v.n) < 1e16 {
		return strconv.FormatInt(int64(v.n), 10)
	}
	switch {
	case math.IsNaN(v.n):
		return "nan"
	case math.IsInf(v.n, 1):
		return "inf"
	case math.IsInf(v.n, -1):
		return "-inf"
	}
	return sprintf(format, []value{v}, format)
}

func (v value) truth() bool {
	switch v.kind {
	case isText:
		return v.s != ""
	case unset:
		return false
	}
	return v.n != 0
}
