package awk

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"math"
	"math/rand"
	"slices"
	"strconv"
	"strings"

	"drydock/grader/tool/regex"
)

// Bounds of a run.
const (
	maxSteps  = 50_000_000
	maxDepth  = 1000
	maxString = 32 << 20
	maxField  = 1 << 16
)

type array map[string]value

// frame holds the locals of a call: scalars or arrays.
type frame struct {
	scalars []value
	arrays  []array
}

type machine struct {
	ctx      context.Context
	prog     *program
	w        World
	globals  map[string]value
	arrays   map[string]array
	frames   []*frame
	record   string
	fields   []value
	split    bool // fields are those of record
	stale    bool // record must be joined from the fields
	operands []string
	used     int // operands so far
	opened   bool
	in       *reader
	outputs  map[string]io.WriteCloser
	inputs   map[string]*reader
	pipes    map[string]*bytes.Buffer
	order    []string // of pipes
	regexes  map[string]*regex.Regexp
	rand     *rand.Rand
	seed     float64
	steps    int
	status   int
	returned value
}

// control says why a list of statements ended early.
type control uint8

const (
	goOn control = iota
	doBreak
	doContinue
	doNext
	doNextFile
	doExit
	doReturn
)

type reader struct {
	b *bufio.Reader
	c io.Closer
}

func newMachine(ctx context.Context, prog *program, w World) *machine {
	m := &machine{ctx: ctx, prog: prog, w: w, arrays: map[string]array{}, outputs: map[string]io.WriteCloser{}, inputs: map[string]*reader{},
		pipes: map[string]*bytes.Buffer{}, regexes: map[string]*regex.Regexp{}, rand: rand.New(rand.NewSource(0))}
	m.globals = map[string]value{"FS": text(" "), "OFS": text(" "), "ORS": text("\n"), "RS": text("\n"), "SUBSEP": text("\x1c"),
		"CONVFMT": text("%.6g"), "OFMT": text("%.6g"), "NR": number(0), "FNR": number(0), "RSTART": number(0), "RLENGTH": number(-1),
		"FILENAME": text("")}
	env := m.array("ENVIRON", -1)
	for _, kv := range w.Environ {
		k, v, _ := strings.Cut(kv, "=")
		env[k] = numeric(v)
	}
	return m
}

func (m *machine) tick() {
	m.steps++
	if m.steps > maxSteps {
		m.fail("program ran for too long")
	}
	if m.steps%1024 == 0 && m.ctx.Err() != nil {
		m.fail("interrupted")
	}
}

func (m *machine) run() int {
	c := m.rules(func(r *rule) bool { return r.begin })
	if c != doExit && slices.ContainsFunc(m.prog.rules, func(r *rule) bool { return !r.begin }) {
		c = m.main()
	}
	m.rules(func(r *rule) bool { return r.end })
	return m.status
}

// rules runs the BEGIN or END actions.
func (m *machine) rules(which func(*rule) bool) control {
	for _, r := range m.prog.rules {
		if which(r) {
			if c := m.list(r.body); c == doExit {
				return c
			}
		}
	}
	return goOn
}

func (m *machine) main() control {
	for {
		line, ok := m.nextRecord()
		if !ok {
			return goOn
		}
		m.setRecord(line)
		switch m.record1() {
		case doExit:
			return doExit
		case doNextFile:
			m.in.c.Close()
			m.in = nil
		}
	}
}

// record1 runs the rules over one record.
func (m *machine) record1() control {
	for _, r := range m.prog.rules {
		if r.begin || r.end || !m.selected(r) {
			continue
		}
		if r.print {
			m.write(m.w.Stdout, m.line()+m.text("ORS"))
			continue
		}
		switch c := m.list(r.body); c {
		case doNext, doNextFile, doExit:
			return c
		}
	}
	return goOn
}

func (m *machine) selected(r *rule) bool {
	switch {
	case r.from == nil:
		return true
	case r.to == nil:
		return m.eval(r.from).truth()
	case !r.active:
		if !m.eval(r.from).truth() {
			return false
		}
		r.active = true
	}
	if m.eval(r.to).truth() {
		r.active = false
	}
	return true
}

func (m *machine) text(name string) string { return m.globals[name].str("%.6g") }

func (m *machine) write(w io.Writer, s string) {
	if _, err := io.WriteString(w, s); err != nil {
		m.fail("write failure")
	}
}

// nextRecord reads the next record of the operands, or of standard input where they name no file.
func (m *machine) nextRecord() (string, bool) {
	for {
		if m.in == nil {
			name, ok := m.nextFile()
			if !ok {
				return "", false
			}
			if name == "-" {
				m.in = &reader{bufio.NewReader(m.w.Stdin), io.NopCloser(nil)}
			} else {
				r, err := m.w.Open(name)
				if err != nil {
					m.w.Fail(name, err)
					m.status = 2
					continue
				}
				m.in = &reader{bufio.NewReader(r), r}
			}
			m.globals["FNR"] = number(0)
		}
		line, ok := m.readRecord(m.in)
		if ok {
			m.globals["NR"] = number(m.globals["NR"].num() + 1)
			m.globals["FNR"] = number(m.globals["FNR"].num() + 1)
			return line, true
		}
		m.in.c.Close()
		m.in = nil
	}
}

func (m *machine) nextFile() (string, bool) {
	argv := m.array("ARGV", -1)
	for i := m.used + 1; i < int(m.globals["ARGC"].num()); i++ {
		m.used = i
		v, ok := argv[strconv.Itoa(i)]
		name := v.str("%.6g")
		if !ok || name == "" {
			continue
		}
		if m.assignText(name) {
			continue
		}
		m.opened = true
		m.globals["FILENAME"] = text(name)
		return name, true
	}
	if m.opened {
		return "", false
	}
	m.opened = true
	return "-", true
}

// assignText does an assignment given as an argument; it reports whether that was one.
func (m *machine) assignText(s string) bool {
	name, v, ok := strings.Cut(s, "=")
	if !ok || name == "" || !isLetter(name[0]) {
		return false
	}
	for i := range len(name) {
		if !isLetter(name[i]) && (name[i] < '0' || name[i] > '9') {
			return false
		}
	}
	var b strings.Builder
	for i := 0; i < len(v); i++ {
		if v[i] == '\\' && i+1 < len(v) {
			s, used := escape(v[i+1:])
			b.WriteString(s)
			i += used
		} else {
			b.WriteByte(v[i])
		}
	}
	m.setVar(name, -1, numeric(b.String()))
	return true
}

// readRecord reads up to RS: a character, a regular expression, or with "" an empty line.
func (m *machine) readRecord(r *reader) (string, bool) {
	rs := m.text("RS")
	if len(rs) == 1 {
		var line []byte
		for {
			part, err := r.b.ReadSlice(rs[0])
			if line = append(line, part...); len(line) > maxString {
				m.fail("record too long")
			}
			if err == nil {
				return string(line[:len(line)-1]), true
			}
			if err != bufio.ErrBufferFull {
				return string(line), len(line) > 0
			}
		}
	}
	sep := `\n\n+`
	if rs != "" {
		sep = rs
	}
	rest, err := io.ReadAll(io.LimitReader(r.b, maxString))
	if err != nil || len(rest) == 0 {
		return "", false
	}
	if rs == "" {
		rest = bytes.TrimLeft(rest, "\n")
		if len(rest) == 0 {
			return "", false
		}
	}
	line, after := rest, []byte(nil)
	if at := m.regexp(sep).Find(rest); at != nil && at[1] > at[0] {
		line, after = rest[:at[0]], rest[at[1]:]
	}
	if rs == "" || len(after) == 0 {
		line = bytes.TrimSuffix(line, []byte("\n"))
	}
	r.b = bufio.NewReader(bytes.NewReader(after))
	return string(line), true
}

func (m *machine) setRecord(s string) { m.record, m.split, m.stale = s, false, false }

// line is $0.
func (m *machine) line() string {
	if m.stale {
		parts := make([]string, len(m.fields))
		for i, f := range m.fields {
			parts[i] = f.str(m.text("CONVFMT"))
		}
		m.record, m.stale = strings.Join(parts, m.text("OFS")), false
	}
	return m.record
}

func (m *machine) splitRecord() {
	if m.split {
		return
	}
	m.split, m.fields = true, nil
	for _, f := range m.splitText(m.record, m.text("FS"), nil) {
		m.fields = append(m.fields, numeric(f))
	}
}

func (m *machine) splitText(s, fs string, re *regex.Regexp) []string {
	switch {
	case s == "":
		return nil
	case re == nil && fs == " ":
		return strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '\t' || r == '\n' })
	case re == nil && fs == "":
		return strings.Split(s, "")
	case re == nil && len(fs) == 1 && fs != "\\" && strings.IndexByte(".[*^$|+?()", fs[0]) < 0:
		if m.text("RS") == "" {
			return strings.FieldsFunc(s, func(r rune) bool { return string(r) == fs || r == '\n' })
		}
		return strings.Split(s, fs)
	case re == nil && len(fs) == 1:
		return strings.Split(s, fs)
	case re == nil:
		re = m.regexp(fs)
	}
	var out []string
	at := 0
	for _, x := range re.FindAll([]byte(s), -1) {
		if x[1] > x[0] {
			out = append(out, s[at:x[0]])
			at = x[1]
		}
	}
	return append(out, s[at:])
}

func (m *machine) regexp(s string) *regex.Regexp {
	if re := m.regexes[s]; re != nil {
		return re
	}
	re, err := regex.Compile(s, regex.Awk, regex.Options{})
	if err != nil {
		m.fail("regular expression compile failed (" + err.Error() + ")\n" + s)
	}
	if len(m.regexes) < 1000 {
		m.regexes[s] = re
	}
	return re
}

func (m *machine) field(n float64) value {
	if n < 0 || n > maxField {
		m.fail("attempt to access field " + strconv.FormatFloat(n, 'f', -1, 64))
	}
	if n < 1 {
		return numeric(m.line())
	}
	m.splitRecord()
	if int(n) > len(m.fields) {
		return value{}
	}
	return m.fields[int(n)-1]
}

func (m *machine) setField(n float64, v value) {
	if n < 0 || n > maxField {
		m.fail("attempt to access field " + strconv.FormatFloat(n, 'f', -1, 64))
	}
	if n < 1 {
		m.setRecord(v.str(m.text("CONVFMT")))
		return
	}
	m.splitRecord()
	for len(m.fields) < int(n) {
		m.fields = append(m.fields, value{})
	}
	m.fields[int(n)-1] = v
	m.stale = true
}

func (m *machine) array(name string, slot int) array {
	if slot >= 0 && len(m.frames) > 0 {
		f := m.frames[len(m.frames)-1]
		if f.arrays[slot] == nil {
			f.arrays[slot] = array{}
		}
		return f.arrays[slot]
	}
	a := m.arrays[name]
	if a == nil {
		a = array{}
		m.arrays[name] = a
	}
	return a
}

func (m *machine) getVar(name string, slot int) value {
	if slot >= 0 && len(m.frames) > 0 {
		return m.frames[len(m.frames)-1].scalars[slot]
	}
	if name == "NF" {
		m.splitRecord()
		return number(float64(len(m.fields)))
	}
	return m.globals[name]
}

func (m *machine) setVar(name string, slot int, v value) {
	if slot >= 0 && len(m.frames) > 0 {
		m.frames[len(m.frames)-1].scalars[slot] = v
		return
	}
	if name == "NF" {
		m.splitRecord()
		n := int(math.Max(0, math.Min(v.num(), maxField)))
		for len(m.fields) < n {
			m.fields = append(m.fields, value{})
		}
		m.fields, m.stale = m.fields[:n], true
		return
	}
	m.globals[name] = v
}

// output is where print goes.
func (m *machine) output(s *stmt) io.Writer {
	if s.redirect == "" {
		return m.w.Stdout
	}
	name := m.eval(s.target).str(m.text("CONVFMT"))
	switch name {
	case "/dev/stdout", "-":
		return m.w.Stdout
	case "/dev/stderr":
		return m.w.Stderr
	}
	if s.redirect == "|" {
		if m.pipes[name] == nil {
			m.pipes[name] = &bytes.Buffer{}
			m.order = append(m.order, name)
		}
		if m.pipes[name].Len() > maxString {
			m.fail("write failure")
		}
		return m.pipes[name]
	}
	if w := m.outputs[name]; w != nil {
		return w
	}
	w, err := m.w.Create(name, s.redirect == ">>")
	if err != nil {
		m.fail("cannot open \"" + name + "\" for output")
	}
	m.outputs[name] = w
	return w
}

// closeStream ends a file or a command; commands that are written to run then.
func (m *machine) closeStream(name string) float64 {
	result := -1.0
	if w := m.outputs[name]; w != nil {
		w.Close()
		delete(m.outputs, name)
		result = 0
	}
	if r := m.inputs[name]; r != nil {
		r.c.Close()
		delete(m.inputs, name)
		result = 0
	}
	if b := m.pipes[name]; b != nil {
		delete(m.pipes, name)
		result = float64(m.w.System(m.ctx, name, b, m.w.Stdout))
	}
	return result
}

func (m *machine) close() {
	for _, name := range m.order {
		m.closeStream(name)
	}
	for name := range m.outputs {
		m.closeStream(name)
	}
	for name := range m.inputs {
		m.closeStream(name)
	}
}
