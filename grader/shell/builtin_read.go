package shell

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"
)

// line is what readLine read; quoted marks the bytes that a backslash kept from being separators.
type line struct {
	text   string
	quoted []bool
}

// readLine reads up to a delimiter, a byte at a time so that nothing beyond it is taken. ended says that the input ended first.
func (sh *shell) readLine(r io.Reader, delim byte, raw bool, limit int) (l line, ended bool) {
	var buf [1]byte
	var text []byte
	for {
		if len(text)&1023 == 1023 && sh.ctx.Err() != nil {
			sh.killed()
			break
		}
		n, err := r.Read(buf[:])
		if n == 0 {
			if err == nil {
				continue
			}
			ended = true
			break
		}
		c := buf[0]
		if c == '\\' && !raw {
			n, _ := r.Read(buf[:])
			if n == 0 {
				ended = true
				break
			}
			if buf[0] == '\n' {
				continue
			}
			text = append(text, buf[0])
			for len(l.quoted) < len(text)-1 {
				l.quoted = append(l.quoted, false)
			}
			l.quoted = append(l.quoted, true)
			continue
		}
		if c == delim {
			break
		}
		if c == 0 {
			continue
		}
		text = append(text, c)
		if limit > 0 && len(text) >= limit {
			break
		}
		if len(text) > maxMemory/4 {
			sh.outOfMemory()
			break
		}
	}
	for len(l.quoted) < len(text) {
		l.quoted = append(l.quoted, false)
	}
	l.text = string(text)
	return l, ended
}

// readBuiltin is read.
func readBuiltin(sh *shell, args []string) int {
	args = args[1:]
	raw, delim, limit, fd, array := false, byte('\n'), 0, 0, ""
	timeout := time.Duration(-1)
	known := map[Dialect]string{Dash: "rp", Ash: "rpndtsu", Bash: "rpndtsuaNei"}[sh.d]
	for len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-' {
		arg := args[0]
		args = args[1:]
		if arg == "--" {
			break
		}
		for i := 1; i < len(arg); i++ {
			c := arg[i]
			if strings.IndexByte(known, c) < 0 {
				return sh.illegalOption("-"+string(c), "read [-ers] [-a array] [-d delim] [-i text] [-n nchars] [-N nchars] [-p prompt] [-t timeout] [-u fd] [name ...]")
			}
			if strings.IndexByte("rse", c) >= 0 {
				raw = raw || c == 'r'
				continue
			}
			value := arg[i+1:]
			if value == "" {
				if len(args) == 0 {
					sh.warn("-%c: option requires an argument", c)
					return 2
				}
				value, args = args[0], args[1:]
			}
			switch c {
			case 'p': // a prompt is printed to a terminal only
			case 'd':
				delim = 0
				if value != "" {
					delim = value[0]
				}
			case 'n', 'N':
				limit, _ = strconv.Atoi(value)
			case 'u':
				fd, _ = strconv.Atoi(value)
			case 'a':
				array = value
			case 't':
				if f, err := strconv.ParseFloat(value, 64); err == nil {
					timeout = time.Duration(f * float64(time.Second))
				}
			}
			break
		}
	}
	for _, name := range args {
		if !isName(name) && !(sh.d == Bash && strings.Contains(name, "[")) {
			switch sh.d {
			case Dash:
				sh.warn("%s: bad variable name", name)
				return 2
			case Ash:
				sh.applet("read: '%s': bad variable name", name)
				return 1
			}
			sh.warn("`%s': not a valid identifier", name)
			return 1
		}
	}
	if len(args) == 0 && array == "" {
		if sh.d == Dash {
			sh.warn("arg count")
			return 2
		}
		args = []string{"REPLY"}
	}
	if timeout == 0 {
		return 0
	}
	l, ended := sh.readLine(sh.fds.reader(fd), delim, raw, limit)
	if sh.ctl != goOn {
		return sh.status
	}
	sh.assignFields(l, args, array)
	if sh.ctl != goOn {
		return sh.status
	}
	if ended {
		return 1
	}
	return 0
}

// assignFields splits a line over variables: the last gets what remains.
func (sh *shell) assignFields(l line, names []string, array string) {
	ifs, ok := sh.lookup("IFS")
	if !ok {
		ifs = " \t\n"
	}
	s := l.text
	sep := func(i int) bool { return !l.quoted[i] && strings.IndexByte(ifs, s[i]) >= 0 }
	white := func(i int) bool { return sep(i) && strings.IndexByte(" \t\n", s[i]) >= 0 }
	put := func(name, value string) bool {
		if base, key, ok := strings.Cut(name, "["); ok {
			return sh.setElement(base, strings.TrimSuffix(key, "]"), value, false)
		}
		return sh.set(name, value)
	}
	i := 0
	if len(names) == 1 && names[0] == "REPLY" && array == "" && sh.d == Bash {
		put("REPLY", s)
		return
	}
	for i < len(s) && white(i) {
		i++
	}
	field := func() string {
		start := i
		for i < len(s) && !sep(i) {
			i++
		}
		text := s[start:i]
		for i < len(s) && white(i) {
			i++
		}
		if i < len(s) && sep(i) && !white(i) {
			i++
			for i < len(s) && white(i) {
				i++
			}
		}
		return text
	}
	if array != "" {
		v := &variable{kind: indexed, isSet: true}
		for i < len(s) {
			v.list = append(v.list, element{index: int64(len(v.list)), value: field()})
		}
		sh.put(array, v)
		return
	}
	for n, name := range names {
		if n < len(names)-1 {
			if !put(name, field()) {
				return
			}
			continue
		}
		start, end := i, len(s)
		for end > start && white(end-1) {
			end--
		}
		rest := i
		one := field()
		if i >= end && rest < end { // a single field: its delimiter goes too
			put(name, one)
		} else {
			put(name, s[start:end])
		}
	}
}

func mapfileBuiltin(sh *shell, args []string) int {
	args = args[1:]
	trim, delim, fd, limit, skip := false, byte('\n'), 0, 0, 0
	for len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-' {
		arg := args[0]
		args = args[1:]
		if arg == "-t" {
			trim = true
			continue
		}
		value := arg[2:]
		if value == "" && len(args) > 0 {
			value, args = args[0], args[1:]
		}
		switch arg[1] {
		case 't':
			trim = true
		case 'd':
			delim = 0
			if value != "" {
				delim = value[0]
			}
		case 'u':
			fd, _ = strconv.Atoi(value)
		case 'n':
			limit, _ = strconv.Atoi(value)
		case 's':
			skip, _ = strconv.Atoi(value)
		case 'O', 'C', 'c':
		default:
			return sh.illegalOption("-"+string(arg[1]), sh.builtinName+" [-d delim] [-n count] [-O origin] [-s count] [-t] [-u fd] [-C callback] [-c quantum] [array]")
		}
	}
	name := "MAPFILE"
	if len(args) > 0 {
		name = args[0]
	}
	if !isName(name) {
		sh.warn("`%s': not a valid identifier", name)
		return 1
	}
	data, err := readAll(sh.fds.reader(fd), maxMemory/4)
	if err != nil && len(data) == 0 {
		return 1
	}
	v := &variable{kind: indexed, isSet: true}
	for len(data) > 0 && (limit == 0 || len(v.list) < limit) {
		i := bytes.IndexByte(data, delim)
		part := data
		if i >= 0 {
			part = data[:i+1]
		}
		data = data[len(part):]
		if skip > 0 {
			skip--
			continue
		}
		text := string(part)
		if trim {
			text = strings.TrimSuffix(text, string(delim))
		}
		v.list = append(v.list, element{index: int64(len(v.list)), value: text})
		if !sh.tick() {
			return sh.status
		}
	}
	sh.put(name, v)
	return 0
}

// readAll reads to the end, at most limit bytes.
func readAll(r io.Reader, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit))
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return data, err
}
