package textutils

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"syscall"

	"drydock/grader/tool/getopt"
	"drydock/grader/tool/regex"
	"drydock/grader/tool/unix"
	"drydock/grader/tree"
	"drydock/grader/vfs"
)

var editing = []unix.Command{
	{Name: "sed", Args: "[OPTION]... {script-only-if-no-other-script} [input-file]...", Suite: "GNU sed", Run: sed,
		Spec: getopt.Spec{Short: "bsnrzuEe:f:l:i::s", Long: "binary/b regexp-extended/E debug in-place/i line-length/l null-data/z quiet/n silent/n " +
			"posix separate/s sandbox unbuffered/u expression/e file/f follow-symlinks help version"}},
}

func sed(c *unix.Cmd) int {
	files := c.Operands
	var script strings.Builder
	given, fromFile := false, ""
	for _, o := range c.Options {
		switch o.Name {
		case "e":
			script.WriteString(o.Value + "\n")
			given = true
		case "f":
			data, err := c.ReadAll(o.Value)
			if err != nil {
				return c.Die(1, "couldn't open file %s: %s", o.Value, unix.Message(err))
			}
			script.Write(data)
			if !bytes.HasSuffix(data, []byte("\n")) {
				script.WriteString("\n")
			}
			given, fromFile = true, o.Value
		}
	}
	if !given {
		if len(files) == 0 {
			if c.Busybox {
				return c.Usage("")
			}
			c.Errorf("Usage: %s [OPTION]... {script-only-if-no-other-script} [input-file]...", c.Prog())
			return 1
		}
		script.WriteString(files[0] + "\n")
		files = files[1:]
	}
	text := script.String()
	quiet := c.Has("n")
	if strings.HasPrefix(text, "#n\n") {
		quiet = true
	}
	syntax := regex.Basic
	if c.Has("E", "r") {
		syntax = regex.Extended
	}
	program, err := parseSed(strings.TrimSuffix(text, "\n"), syntax)
	if err != nil {
		var at *sedError
		switch {
		case c.Busybox:
			return c.Die(1, "%s", err)
		case errors.As(err, &at) && fromFile != "":
			return c.Die(1, "file %s line %d: %s", fromFile, at.line, at.text)
		case strings.HasPrefix(err.Error(), "can't find label"):
			return c.Die(4, "%s", err)
		case errors.As(err, &at) && at.at > 0:
			return c.Die(1, "-e expression #1, char %d: %s", at.at, at.text)
		}
		return c.Die(1, "-e expression #1, char 0: %s", err)
	}
	e := &editor{Cmd: c, program: program, quiet: quiet, end: '\n', syntax: syntax, writers: map[string]io.WriteCloser{}, out: c.Out}
	if c.Has("z") {
		e.end = 0
	}
	defer e.close()
	for _, cmd := range program {
		if cmd.name == 'w' || cmd.wfile != "" {
			if !e.openWriter(cmd.wfile) {
				return 4
			}
		}
	}
	if len(files) == 0 {
		files = []string{"-"}
	}
	if _, ok := c.Lookup("i"); ok || c.Has("i") {
		for _, name := range files {
			if e.inPlace(name); e.quit || c.Stopped() {
				break
			}
		}
		return max(c.Status, e.status)
	}
	separate := c.Has("s")
	if separate {
		for _, name := range files {
			e.files, e.number = []string{name}, 0
			if e.run(); e.quit {
				break
			}
		}
	} else {
		e.files = files
		e.run()
	}
	return max(c.Status, e.status)
}

// editor runs a script.
type editor struct {
	*unix.Cmd
	program []*sedCommand
	syntax  regex.Syntax
	quiet   bool
	end     byte
	out     *bufio.Writer
	writers map[string]io.WriteCloser
	files   []string
	name    string

	in       *unix.Lines
	closer   io.Closer
	pattern  []byte
	ended    bool // the line in the pattern space had an end
	hold     []byte
	number   int
	appended []func()
	replaced bool
	last     *regex.Regexp
	quit     bool
	status   int
	steps    int
	missing  bool // the output lacks the end of its last line
}

func (e *editor) close() {
	for _, w := range e.writers {
		w.Close()
	}
}

func (e *editor) openWriter(name string) bool {
	if e.writers[name] != nil || name == "/dev/stdout" || name == "/dev/stderr" {
		return true
	}
	f, err := e.FS.Open(name, vfs.Write|vfs.Create|vfs.Truncate, 0o666)
	if err != nil {
		e.Warn("couldn't open file %s: %s", name, unix.Message(err))
		return false
	}
	e.writers[name] = f
	return true
}

// inPlace edits one file and puts the result in its place, as a new file.
func (e *editor) inPlace(name string) {
	n, err := e.FS.Lstat(name)
	target := name
	if err == nil && n.Type == tree.Symlink {
		if e.Has("follow-symlinks") {
			target, _ = e.FS.Real(name)
		}
		n, err = e.FS.Stat(name)
	}
	switch {
	case err != nil && e.Busybox:
		e.Warn("%s: %s", name, unix.Message(err))
		return
	case err != nil:
		e.Warn("can't read %s: %s", name, unix.Message(err))
		e.Status = max(e.Status, 2)
		return
	case n.Type != tree.File:
		e.Warn("couldn't edit %s: not a regular file", name)
		e.Status = max(e.Status, 4)
		return
	}
	dir := "."
	if i := strings.LastIndexByte(target, '/'); i >= 0 {
		dir = target[:i+1]
	}
	if err := e.FS.Access(dir, 3); err != nil {
		e.Warn("couldn't open temporary file %s/sedXXXXXX: %s", strings.TrimRight(dir, "/"), unix.Message(err))
		e.Status = max(e.Status, 4)
		return
	}
	var out bytes.Buffer
	e.out = bufio.NewWriter(&limited{&out})
	e.number, e.files, e.missing = 0, []string{name}, false
	e.run()
	e.out.Flush()
	if e.Stopped() {
		return
	}
	if suffix := e.Value("i"); suffix != "" {
		backup := target + suffix
		if strings.Contains(suffix, "*") {
			at := strings.LastIndexByte(target, '/') + 1
			backup = target[:at] + strings.ReplaceAll(suffix, "*", target[at:])
		}
		e.FS.Rename(target, backup)
	} else {
		e.FS.Remove(target)
	}
	if err := e.FS.WriteFile(target, out.Bytes(), 0o600); err != nil {
		e.Warn("couldn't write to %s: %s", name, unix.Message(err))
		e.Status = max(e.Status, 4)
		return
	}
	e.FS.Chmod(target, n.Mode)
	if e.FS.Chown(target, n.UID, n.GID, false) != nil {
		e.FS.Chown(target, -1, n.GID, false)
	}
}

// limited is a buffer that does not grow without bound.
type limited struct{ *bytes.Buffer }

func (l *limited) Write(p []byte) (int, error) {
	if l.Len()+len(p) > unix.Memory {
		return 0, syscall.ENOSPC
	}
	return l.Buffer.Write(p)
}

// more reports whether there is another line to read, opening the next files as needed.
func (e *editor) more() bool {
	for {
		if e.in != nil {
			if e.in.More() {
				return true
			}
			if err := e.in.Err(); err != nil && !e.Stopped() {
				e.Warn("couldn't read %s: %s", e.name, unix.Message(err))
			}
			e.closer.Close()
			e.in = nil
		}
		if len(e.files) == 0 || e.Stopped() {
			return false
		}
		name := e.files[0]
		e.files = e.files[1:]
		r, err := e.Open(name)
		if err == nil {
			if n, serr := e.FS.Stat(name); name != "-" && serr == nil && n.IsDir() {
				if e.Busybox {
					e.Warn("read error: Is a directory")
				} else {
					e.Warn("read error on %s: Is a directory", name)
					e.quit, e.status = true, 4
					return false
				}
				continue
			}
		}
		if err != nil {
			if e.Busybox {
				e.Warn("%s: %s", name, unix.Message(err))
			} else {
				e.Warn("can't read %s: %s", name, unix.Message(err))
				e.Status = max(e.Status, 2)
			}
			continue
		}
		e.name, e.closer = name, r
		e.in = unix.NewLines(r, e.end)
	}
}

func (e *editor) read() (line []byte, ok bool) {
	if !e.more() {
		return nil, false
	}
	line, e.ended, ok = e.in.Next()
	e.number++
	return line, ok
}

// put prints a line; the last one of a file that lacked its end lacks it here.
func (e *editor) put(w io.Writer, line []byte, ended bool) {
	if w == io.Writer(e.out) {
		if e.missing {
			e.out.WriteByte(e.end)
		}
		e.missing = !ended
	}
	w.Write(line)
	if ended {
		w.Write([]byte{e.end})
	}
}

func (e *editor) flushAppended() {
	for _, fn := range e.appended {
		fn()
	}
	e.appended = nil
}

const maxSedSteps = 20_000_000

// run edits all lines of the files that are left.
func (e *editor) run() {
	for !e.quit {
		line, ok := e.read()
		if !ok {
			return
		}
		e.pattern, e.replaced = line, false
		for again := true; again && !e.quit; {
			again = e.cycle()
		}
		if e.Stopped() {
			return
		}
	}
}

// finish ends a cycle: the pattern space is printed, then what was to be appended.
func (e *editor) finish() {
	if !e.quiet {
		e.put(e.out, e.pattern, e.ended)
	}
	e.flushAppended()
}

// cycle runs the script once. It reports whether to start over without reading (D).
func (e *editor) cycle() bool {
	for pc := 0; pc < len(e.program); {
		cmd := e.program[pc]
		pc++
		if e.steps++; e.steps > maxSedSteps || e.steps%1024 == 0 && e.Ctx.Err() != nil {
			e.quit, e.status = true, 4
			return false
		}
		if e.selected(cmd) == cmd.negate {
			if cmd.name == '{' {
				pc = cmd.jump
			}
			continue
		}
		switch cmd.name {
		case '{', '}', ':', '#':
		case '=':
			e.put(e.out, []byte(strconv.Itoa(e.number)), true)
		case 'a':
			text := cmd.text
			e.appended = append(e.appended, func() { e.put(e.out, []byte(text), true) })
		case 'i':
			e.put(e.out, []byte(cmd.text), true)
		case 'c':
			if cmd.second == nil || !cmd.active || cmd.negate {
				e.put(e.out, []byte(cmd.text), true)
			}
			e.flushAppended()
			return false
		case 'b':
			pc = cmd.jump
		case 't':
			if e.replaced {
				e.replaced, pc = false, cmd.jump
			}
		case 'T':
			if !e.replaced {
				pc = cmd.jump
			}
			e.replaced = false
		case 'd':
			e.flushAppended()
			return false
		case 'D':
			i := bytes.IndexByte(e.pattern, e.end)
			if i < 0 {
				e.flushAppended()
				return false
			}
			e.pattern = e.pattern[i+1:]
			e.flushAppended()
			return true
		case 'g':
			e.pattern = bytes.Clone(e.hold)
		case 'G':
			e.pattern = e.grow(e.pattern, e.hold)
		case 'h':
			e.hold = bytes.Clone(e.pattern)
		case 'H':
			e.hold = e.grow(e.hold, e.pattern)
		case 'x':
			e.pattern, e.hold = e.hold, e.pattern
		case 'l':
			e.put(e.out, unambiguous(e.pattern), true)
		case 'n':
			if !e.more() {
				e.finish()
				return false
			}
			if !e.quiet {
				e.put(e.out, e.pattern, e.ended)
			}
			e.flushAppended()
			e.pattern, _ = e.read()
		case 'N':
			if !e.more() {
				e.finish()
				return false
			}
			e.flushAppended()
			line, _ := e.read()
			e.pattern = e.grow(e.pattern, line)
		case 'p':
			e.put(e.out, e.pattern, e.ended)
		case 'P':
			line, _, _ := bytes.Cut(e.pattern, []byte{e.end})
			e.put(e.out, line, true)
		case 'q', 'Q':
			e.quit, e.status = true, cmd.number
			if cmd.name == 'q' {
				e.finish()
				e.dump()
			}
			return false
		case 'r', 'R':
			name := cmd.text
			e.appended = append(e.appended, func() { e.insertFile(name) })
		case 's':
			e.substitute(cmd)
		case 'w':
			e.put(e.writer(cmd.wfile), e.pattern, true)
		case 'W':
			line, _, _ := bytes.Cut(e.pattern, []byte{e.end})
			e.put(e.writer(cmd.wfile), line, true)
		case 'y':
			e.pattern = []byte(cmd.mapping.Replace(string(e.pattern)))
		case 'z':
			e.pattern = nil
		case 'F':
			e.put(e.out, []byte(e.name), true)
		case 'e':
			e.Unknown("Drydock does not model sed's e command.")
		}
	}
	e.finish()
	return false
}

// dump copies the rest of a file edited in place after q.
func (e *editor) dump() {
	if !e.Has("i") {
		return
	}
	for {
		line, ok := e.read()
		if !ok {
			return
		}
		e.put(e.out, line, e.ended)
	}
}

// grow joins lines, within bounds.
func (e *editor) grow(a, b []byte) []byte {
	if len(a)+len(b) > unix.Memory {
		e.Warn("memory exhausted")
		e.quit, e.status = true, 4
		return a
	}
	out := make([]byte, 0, len(a)+len(b)+1)
	out = append(append(out, a...), e.end)
	return append(out, b...)
}

func (e *editor) insertFile(name string) {
	data, err := e.ReadAll(name)
	if err != nil || len(data) == 0 {
		return
	}
	if e.missing {
		e.out.WriteByte(e.end)
		e.missing = false
	}
	e.out.Write(data)
}

func (e *editor) writer(name string) io.Writer {
	switch name {
	case "/dev/stdout":
		return e.out
	case "/dev/stderr":
		return e.Stderr
	}
	return e.writers[name]
}

// selected reports whether a command's addresses take in the current line.
func (e *editor) selected(cmd *sedCommand) bool {
	switch {
	case cmd.first == nil:
		return true
	case cmd.second == nil:
		return e.matches(cmd.first)
	case cmd.active:
		switch {
		case cmd.second.kind == addrLine:
			if e.number >= cmd.second.line {
				cmd.active = false
			}
			return e.number <= cmd.second.line
		case cmd.second.kind == addrPlus, cmd.second.kind == addrMultiple:
			cmd.active = e.number < cmd.until
		default:
			cmd.active = !e.matches(cmd.second)
		}
		return true
	}
	start := e.matches(cmd.first)
	if cmd.first.kind == addrLine && cmd.first.line == 0 {
		if cmd.zeroDone {
			return false
		}
		cmd.zeroDone = true
		cmd.active = !e.matches(cmd.second)
		return true
	}
	if !start {
		return false
	}
	switch cmd.second.kind {
	case addrLine:
		cmd.active = cmd.second.line > e.number
	case addrPlus:
		cmd.until = e.number + cmd.second.line
		cmd.active = cmd.second.line > 0
	case addrMultiple:
		if m := cmd.second.line; m > 0 {
			cmd.until = (e.number + m - 1) / m * m
		}
		cmd.active = cmd.until > e.number
	case addrLast:
		cmd.active = e.more()
	default:
		cmd.active = true
	}
	return true
}

func (e *editor) matches(a *address) bool {
	switch a.kind {
	case addrLine:
		return e.number == a.line
	case addrLast:
		return !e.more()
	case addrStep:
		if a.step <= 0 {
			return e.number == a.line
		}
		return e.number >= a.line && (e.number-a.line)%a.step == 0
	case addrRegex:
		return e.regexp(a.re).Match(e.pattern)
	}
	return false
}

// regexp is re, or the one used last where re is empty.
func (e *editor) regexp(re *regex.Regexp) *regex.Regexp {
	if re == nil {
		if e.last == nil {
			e.Warn("no previous regular expression")
			e.quit, e.status = true, 1
			re, _ = regex.Compile("", regex.Fixed, regex.Options{})
			return re
		}
		return e.last
	}
	e.last = re
	return re
}

func (e *editor) substitute(cmd *sedCommand) {
	limit := -1
	if !cmd.global {
		limit = max(cmd.number, 1)
	}
	all := e.regexp(cmd.re).FindAll(e.pattern, limit)
	var out bytes.Buffer
	at, done := 0, false
	for i, m := range all {
		if i+1 < cmd.number {
			continue
		}
		out.Write(e.pattern[at:m[0]])
		cmd.replacement.expand(&out, e.pattern, m)
		at, done = m[1], true
		if !cmd.global || out.Len() > unix.Memory {
			break
		}
	}
	if !done {
		return
	}
	out.Write(e.pattern[at:])
	if out.Len() > unix.Memory {
		e.Warn("memory exhausted")
		e.quit, e.status = true, 4
		return
	}
	e.pattern, e.replaced = out.Bytes(), true
	if cmd.print {
		e.put(e.out, e.pattern, e.ended)
	}
	if cmd.wfile != "" {
		e.put(e.writer(cmd.wfile), e.pattern, true)
	}
}

// unambiguous is what l prints.
func unambiguous(line []byte) []byte {
	var b bytes.Buffer
	width := 0
	for _, ch := range line {
		s := string(rune(ch))
		switch {
		case ch == '\\':
			s = `\\`
		case ch >= '\a' && ch <= '\r':
			s = `\` + string("abtnvfr"[ch-'\a'])
		case ch < ' ' || ch >= 127:
			s = fmt.Sprintf(`\%03o`, ch)
		}
		if width+len(s) > 69 {
			b.WriteString("\\\n")
			width = 0
		}
		b.WriteString(s)
		width += len(s)
	}
	b.WriteByte('$')
	return b.Bytes()
}
