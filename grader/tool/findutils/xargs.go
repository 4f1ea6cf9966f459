package findutils

import (
	"io"
	"strconv"
	"strings"

	"drydock/grader/tool/unix"
)

// batch is how xargs makes up command lines.
type batch struct {
	*unix.Cmd
	command  []string
	maxArgs  int
	maxLines int
	maxChars int
	replace  string
	stdin    io.Reader // of the commands
}

func xargs(c *unix.Cmd) int {
	b := &batch{Cmd: c, command: c.Operands, maxChars: 128 << 10}
	if len(b.command) == 0 {
		b.command = []string{"echo"}
	}
	for _, o := range c.Options {
		number := func(into *int, fallback int) bool {
			if o.Value == "" && !o.Given {
				*into = fallback
				return true
			}
			n, err := strconv.Atoi(o.Value)
			if err != nil {
				c.Warn("invalid number \"%s\" for -%s option", o.Value, o.Name)
				return false
			}
			if n < 1 && o.Name != "P" {
				c.Warn("value %s for -%s option should be >= 1", o.Value, o.Name)
				return false
			}
			*into = n
			return true
		}
		ok, ignored := true, 0
		switch o.Name {
		case "n":
			ok = number(&b.maxArgs, 0)
			b.replace = ""
		case "L", "l":
			ok = number(&b.maxLines, 1)
		case "s":
			ok = number(&b.maxChars, 0)
		case "P":
			ok = number(&ignored, 0)
		case "I", "i":
			b.replace = o.Value
			if o.Value == "" {
				b.replace = "{}"
			}
			b.maxArgs = 0
		}
		if !ok {
			return c.Usage("")
		}
	}
	input := c.Stdin
	if file, ok := c.Lookup("a"); ok {
		r, err := c.Open(file)
		if err != nil {
			return c.Die(1, "Cannot open input file %s: %s", c.Quote(file), unix.Message(err))
		}
		defer r.Close()
		input, b.stdin = r, c.Stdin
	}
	data, err := unix.ReadAll(input)
	if err != nil {
		return c.Die(1, "%s", unix.Message(err))
	}
	items, bad := b.split(string(data))
	if bad != "" {
		c.Warn("%s", bad)
		if len(items) == 0 {
			return 1
		}
	}
	status := b.run(items)
	if bad != "" {
		return max(status, 1)
	}
	return status
}

// item is an argument read from the input; last says that its line ends with it.
type item struct {
	text string
	last bool
}

func (b *batch) split(s string) ([]item, string) {
	delim, given := "", false
	for _, o := range b.Options {
		switch o.Name {
		case "0":
			delim, given = "\x00", true
		case "d":
			delim, given = delimiter(o.Value), true
		}
	}
	var items []item
	if given {
		for _, part := range strings.Split(strings.TrimSuffix(s, delim), delim) {
			if s != "" {
				items = append(items, item{part, true})
			}
		}
		return items, ""
	}
	if b.replace != "" {
		for _, line := range strings.Split(s, "\n") {
			if line = strings.TrimLeft(line, " \t"); line != "" {
				words, bad := quoted(line, true)
				if bad != "" {
					return items, bad
				}
				items = append(items, words...)
			}
		}
		return items, ""
	}
	items, bad := quoted(s, false)
	if eof, ok := b.Lookup("E"); ok && eof != "" {
		for i, it := range items {
			if it.text == eof {
				return items[:i], bad
			}
		}
	}
	return items, bad
}

func delimiter(s string) string {
	switch s {
	case `\n`:
		return "\n"
	case `\t`:
		return "\t"
	case `\0`:
		return "\x00"
	case "":
		return "\n"
	}
	return s[:1]
}

// quoted splits at blanks and newlines, quotes and backslashes observed; whole keeps blanks, as -I does.
func quoted(s string, whole bool) ([]item, string) {
	var items []item
	var word strings.Builder
	started := false
	flush := func(last bool) {
		if started {
			items = append(items, item{word.String(), last})
		} else if last && len(items) > 0 {
			items[len(items)-1].last = true
		}
		word.Reset()
		started = false
	}
	for i := 0; i < len(s); i++ {
		switch ch := s[i]; {
		case ch == '\'' || ch == '"':
			end := strings.IndexAny(s[i+1:], string(ch)+"\n")
			if end < 0 || s[i+1+end] == '\n' {
				kind := map[byte]string{'\'': "single", '"': "double"}[ch]
				return items, "unmatched " + kind + " quote; by default quotes are special to xargs unless you use the -0 option"
			}
			word.WriteString(s[i+1 : i+1+end])
			i += end + 1
			started = true
		case ch == '\\' && i+1 < len(s):
			i++
			word.WriteByte(s[i])
			started = true
		case ch == '\n':
			flush(true)
		case (ch == ' ' || ch == '\t') && !whole:
			flush(false)
		default:
			word.WriteByte(ch)
			started = true
		}
	}
	flush(true)
	return items, ""
}

func (b *batch) run(items []item) int {
	if len(items) == 0 {
		if b.Has("r") || b.replace != "" {
			return 0
		}
		return b.finish(b.invoke(b.command))
	}
	status := 0
	for len(items) > 0 && !b.Stopped() {
		var args []string
		if b.replace != "" {
			for _, w := range b.command {
				args = append(args, strings.ReplaceAll(w, b.replace, items[0].text))
			}
			items = items[1:]
		} else {
			args = append(args, b.command...)
			n := b.fill(items)
			for _, it := range items[:n] {
				args = append(args, it.text)
			}
			items = items[n:]
		}
		s := b.invoke(args)
		if s >= 124 {
			return b.finish(s)
		}
		status = max(status, s)
	}
	return b.finish(status)
}

// fill is how many of the items go on the next command line.
func (b *batch) fill(items []item) int {
	size, lines := 0, 0
	for _, w := range b.command {
		size += len(w) + 1
	}
	for i, it := range items {
		size += len(it.text) + 1
		if i > 0 && size > b.maxChars {
			return i
		}
		if it.last {
			lines++
		}
		if i+1 == b.maxArgs || b.maxLines > 0 && lines == b.maxLines {
			return i + 1
		}
	}
	return len(items)
}

// fatal marks a status that is passed on as it is.
const fatal = 1000

func (b *batch) invoke(args []string) int {
	if b.Has("t") {
		b.Errorf("%s", strings.Join(args, " "))
	}
	status, err := b.Start(b.stdin, args...)
	switch {
	case err != nil:
		b.Warn("%s: %s", args[0], unix.Message(err))
		return fatal + unix.ExecStatus(err)
	case status == 255:
		b.Warn("%s: exited with status 255; aborting", args[0])
		return fatal + 124
	case status >= 128:
		return fatal + 125
	case status != 0:
		return 1
	}
	return 0
}

// finish is the status of xargs: 123 where any command failed.
func (b *batch) finish(status int) int {
	switch {
	case status >= fatal:
		return status - fatal
	case status > 0:
		return 123
	}
	return 0
}
