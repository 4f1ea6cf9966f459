package shell

import (
	"errors"
	"io/fs"
	"strconv"
	"strings"
	"syscall"

	"drydock/grader/tree"
	"drydock/grader/vfs"

	"mvdan.cc/sh/v3/syntax"
)

// redirect carries out redirections, in order. undo puts back what was there before; it must be called also where ok is false.
func (sh *shell) redirect(list []*syntax.Redirect) (undo func(), ok bool) {
	type before struct {
		fd int
		f  *file
	}
	var old []before
	undo = func() {
		for i := len(old) - 1; i >= 0; i-- {
			if now := sh.fds.swap(old[i].fd, old[i].f); now != nil {
				now.drop()
			}
		}
	}
	put := func(fd int, f *file) { old = append(old, before{fd, sh.fds.swap(fd, f)}) }
	for _, r := range list {
		fd, named, ok := sh.redirectFD(r)
		if !ok {
			return undo, false
		}
		switch r.Op {
		case syntax.Hdoc, syntax.DashHdoc:
			text := sh.heredoc(r)
			if sh.ctl != goOn {
				return undo, false
			}
			put(fd, newFile(strings.NewReader(text), nil, nil))
			continue
		case syntax.WordHdoc:
			text := sh.expandString(r.Word) + "\n"
			if sh.ctl != goOn {
				return undo, false
			}
			put(fd, newFile(strings.NewReader(text), nil, nil))
			continue
		}
		target, ok := sh.redirectTarget(r)
		if !ok {
			return undo, false
		}
		op := r.Op
		if op == syntax.DplOut || op == syntax.DplIn {
			if target == "-" {
				put(fd, nil)
				continue
			}
			digits := target
			move := sh.d == Bash && len(target) > 1 && strings.HasSuffix(target, "-")
			if move {
				digits = target[:len(target)-1]
			}
			from, err := strconv.Atoi(digits)
			if err == nil && from >= 0 {
				f := sh.fds.get(from)
				if f == nil || from > 255 {
					sh.warn("%s: Bad file descriptor", digits)
					return undo, false
				}
				if named {
					sh.set(strings.Trim(r.N.Value, "{}"), strconv.Itoa(fd))
				}
				put(fd, f.dup())
				if move && from != fd {
					put(from, nil)
				}
				continue
			}
			switch {
			case sh.d == Dash:
				sh.fatal(2, "Syntax error: Bad fd number")
				return undo, false
			case sh.d == Ash && (op == syntax.DplIn || r.N != nil):
				sh.fatal(2, "syntax error: bad fd number")
				return undo, false
			case op == syntax.DplIn || r.N != nil && r.N.Value != "1":
				sh.warn("%s: ambiguous redirect", sh.sourceOf([]*syntax.Word{r.Word}))
				return undo, false
			}
			op = syntax.RdrAll
		}
		f, ok := sh.openTarget(target, op)
		if !ok {
			return undo, false
		}
		if named {
			sh.set(strings.Trim(r.N.Value, "{}"), strconv.Itoa(fd))
		}
		put(fd, f)
		if op == syntax.RdrAll || op == syntax.AppAll {
			put(2, f.dup())
		}
	}
	return undo, true
}

// redirectFD returns the descriptor that a redirection is about; named says that it was chosen for {name}.
func (sh *shell) redirectFD(r *syntax.Redirect) (fd int, named, ok bool) {
	if r.N != nil {
		if strings.HasPrefix(r.N.Value, "{") {
			name := strings.Trim(r.N.Value, "{}")
			if r.Op == syntax.DplOut || r.Op == syntax.DplIn {
				if r.Word.Lit() == "-" {
					v, _ := sh.lookup(name)
					n, err := strconv.Atoi(v)
					return n, false, err == nil && n >= 0
				}
			}
			return sh.fds.free(), true, true
		}
		n, err := strconv.Atoi(r.N.Value)
		if err != nil || n > 255 {
			sh.warn("%s: Bad file descriptor", r.N.Value)
			return 0, false, false
		}
		return n, false, true
	}
	switch r.Op {
	case syntax.RdrIn, syntax.DplIn, syntax.RdrInOut, syntax.Hdoc, syntax.DashHdoc, syntax.WordHdoc:
		return 0, false, true
	}
	return 1, false, true
}

// redirectTarget expands the word of a redirection: bash wants exactly one field.
func (sh *shell) redirectTarget(r *syntax.Redirect) (string, bool) {
	if sh.d != Bash {
		s := sh.expandAssign(r.Word)
		return s, sh.ctl == goOn
	}
	fields := sh.fields([]*syntax.Word{r.Word})
	if sh.ctl != goOn {
		return "", false
	}
	if len(fields) != 1 {
		sh.warn("%s: ambiguous redirect", sh.sourceOf([]*syntax.Word{r.Word}))
		return "", false
	}
	return fields[0], true
}

func (sh *shell) openTarget(p string, op syntax.RedirOperator) (*file, bool) {
	if f := sh.device(p); f != nil {
		return f, true
	}
	flags := vfs.Write | vfs.Create
	reading := false
	switch op {
	case syntax.RdrIn:
		flags, reading = vfs.ReadOnly, true
	case syntax.AppOut, syntax.AppAll:
		flags |= vfs.Append
	case syntax.RdrInOut:
		flags |= vfs.Read
	case syntax.RdrClob:
		flags |= vfs.Truncate
	default:
		if n, err := sh.fs.Stat(p); err == nil && sh.opts.has(optNoclobber) && n.Type == tree.File && op != syntax.RdrAll {
			if sh.d == Bash {
				sh.warn("%s: cannot overwrite existing file", p)
			} else {
				sh.cannotOpen(p, syscall.EEXIST, false)
			}
			return nil, false
		}
		flags |= vfs.Truncate
	}
	o, err := sh.fs.Open(p, flags, 0o666)
	if err != nil {
		sh.cannotOpen(p, err, reading)
		return nil, false
	}
	switch {
	case reading:
		return newFile(o, nil, func() { o.Close() }), true
	case flags&vfs.Read != 0:
		return newFile(o, o, func() { o.Close() }), true
	}
	f := newFile(nil, o, func() { o.Close() })
	return f, true
}

// device returns the files that belong to the process rather than to the filesystem.
func (sh *shell) device(p string) *file {
	rest, ok := strings.CutPrefix(p, "/dev/")
	if !ok {
		return nil
	}
	switch rest {
	case "null":
		return newFile(strings.NewReader(""), discardWriter{}, nil)
	case "stdin":
		rest = "fd/0"
	case "stdout":
		rest = "fd/1"
	case "stderr":
		rest = "fd/2"
	}
	if digits, ok := strings.CutPrefix(rest, "fd/"); ok {
		if n, err := strconv.Atoi(digits); err == nil && n >= 0 {
			if f := sh.fds.get(n); f != nil {
				return f.dup()
			}
		}
	}
	return nil
}

type discardWriter struct{}

func (discardWriter) Write(p []byte) (int, error) { return len(p), nil }

func dashOpenError(err error, creating bool) string {
	if errors.Is(err, fs.ErrNotExist) {
		if creating {
			return "Directory nonexistent"
		}
		return "No such file"
	}
	return vfs.Message(err)
}

// cannotOpen words why a file could not be opened.
func (sh *shell) cannotOpen(p string, err error, reading bool) {
	switch sh.d {
	case Dash:
		if reading {
			sh.warn("cannot open %s: %s", p, dashOpenError(err, false))
		} else {
			sh.warn("cannot create %s: %s", p, dashOpenError(err, true))
		}
	case Ash:
		text := vfs.Message(err)
		if errors.Is(err, fs.ErrNotExist) {
			text = "nonexistent directory"
			if reading {
				text = "no such file"
			}
		}
		if reading {
			sh.warn("can't open %s: %s", p, text)
		} else {
			sh.warn("can't create %s: %s", p, text)
		}
	default:
		sh.warn("%s: %s", p, vfs.Message(err))
	}
}

// heredoc returns the text of a here-document.
func (sh *shell) heredoc(r *syntax.Redirect) string {
	if r.Hdoc == nil {
		return ""
	}
	quoted := false
	for _, part := range r.Word.Parts {
		lit, ok := part.(*syntax.Lit)
		if !ok || strings.Contains(lit.Value, `\`) {
			quoted = true
		}
	}
	tabs := r.Op == syntax.DashHdoc
	if sh.d == Bash && !sh.pinned {
		sh.pinned = true
		defer func() { sh.pinned = false }()
	}
	e := expander{sh: sh, mode: toString, heredoc: true}
	atStart := true
	for _, part := range r.Hdoc.Parts {
		lit, ok := part.(*syntax.Lit)
		if !ok {
			e.part(part, true)
			atStart = false
			continue
		}
		text := lit.Value
		if tabs {
			text = stripTabs(text, atStart)
		}
		atStart = strings.HasSuffix(text, "\n")
		if quoted {
			e.cur = append(e.cur, text...)
		} else {
			e.quotedLit(text)
		}
	}
	return string(e.cur)
}

// stripTabs removes the tabs that lines begin with.
func stripTabs(s string, atStart bool) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		if i > 0 || atStart {
			lines[i] = strings.TrimLeft(line, "\t")
		}
	}
	return strings.Join(lines, "\n")
}
