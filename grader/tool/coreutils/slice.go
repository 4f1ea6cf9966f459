package coreutils

import (
	"io"
	"slices"
	"strconv"
	"strings"

	"drydock/grader/tool/getopt"
	"drydock/grader/tool/unix"
)

var slicing = []unix.Command{
	{Name: "cut", Args: "OPTION... [FILE]...", Run: cut, Spec: getopt.Spec{Short: "b:c:d:f:nsz",
		Long: "bytes/b characters/c delimiter/d fields/f complement only-delimited/s output-delimiter: zero-terminated/z"}},
	{Name: "paste", Args: "[OPTION]... [FILE]...", Run: paste, Spec: getopt.Spec{Short: "d:sz", Long: "delimiters/d serial/s zero-terminated/z"}},
	{Name: "tr", Args: "[OPTION]... STRING1 [STRING2]", Run: tr, Spec: getopt.Spec{Short: "+cCdst",
		Long: "complement/c delete/d squeeze-repeats/s truncate-set1/t"}},
	{Name: "fold", Args: "[OPTION]... [FILE]...", Run: fold, Spec: getopt.Spec{Short: "bsw:", Long: "bytes/b spaces/s width/w"}},
	{Name: "fmt", Args: "[-WIDTH] [OPTION]... [FILE]...", Run: reflow, Spec: getopt.Spec{Short: "cp:stuw:g:", Long: "width/w goal/g prefix/p"}},
	{Name: "expand", Args: "[OPTION]... [FILE]...", Run: expand, Spec: getopt.Spec{Short: "it:", Long: "initial/i tabs/t"}},
	{Name: "unexpand", Args: "[OPTION]... [FILE]...", Run: unexpand, Spec: getopt.Spec{Short: "at:", Long: "all/a first-only tabs/t"}},
}

// span is a range of a list such as 1-3,5,7-; high 0 means to the end.
type span struct{ low, high int }

func parseList(s string) ([]span, bool) {
	var out []span
	for _, part := range strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' }) {
		low, high, ranged := strings.Cut(part, "-")
		a, b := 1, 0
		var err error
		if low != "" {
			if a, err = strconv.Atoi(low); err != nil || a < 1 {
				return nil, false
			}
		}
		switch {
		case !ranged:
			b = a
		case high != "":
			if b, err = strconv.Atoi(high); err != nil || b < a {
				return nil, false
			}
		case low == "":
			return nil, false
		}
		out = append(out, span{a, b})
	}
	return out, len(out) > 0
}

func cut(c *unix.Cmd) int {
	which := c.Last("b", "c", "f")
	if which == "" {
		if c.Busybox {
			return c.Die(1, "expected a list of bytes, characters, or fields")
		}
		return c.Usage("you must specify a list of bytes, characters, or fields")
	}
	delim, given := c.Lookup("d")
	switch {
	case given && len(delim) > 1:
		return c.Usage("the delimiter must be a single character")
	case given && which != "f":
		return c.Usage("an input delimiter may be specified only when operating on fields")
	case !given:
		delim = "\t"
	case delim == "":
		delim = "\x00"
	}
	list, ok := parseList(c.Value(which))
	if !ok {
		if strings.HasPrefix(c.Value(which), "0") {
			return c.Usage("%s are numbered from 1", map[string]string{"f": "fields", "b": "byte/character positions", "c": "byte/character positions"}[which])
		}
		return c.Usage("invalid %s %s", map[string]string{"f": "field value", "b": "byte or character position", "c": "byte or character position"}[which],
			c.Quote(c.Value(which)))
	}
	chosen := func(n int) bool {
		in := slices.ContainsFunc(list, func(s span) bool { return n >= s.low && (s.high == 0 || n <= s.high) })
		return in != c.Has("complement")
	}
	out := delim
	if which != "f" {
		out = ""
	}
	if s, ok := c.Lookup("output-delimiter"); ok {
		out = s
	}
	end := delimiter(c)
	c.Each(func(_ string, r io.Reader) error {
		lines := unix.NewLines(r, end)
		for {
			line, _, ok := lines.Next()
			if !ok || c.Stopped() {
				return lines.Err()
			}
			if which != "f" {
				for i, ch := range line {
					if chosen(i + 1) {
						c.Out.WriteByte(ch)
					}
				}
				c.Out.WriteByte(end)
				continue
			}
			fields := strings.Split(string(line), delim)
			if len(fields) == 1 {
				if !c.Has("s") {
					c.Print(string(line) + string(end))
				}
				continue
			}
			var kept []string
			for i, f := range fields {
				if chosen(i + 1) {
					kept = append(kept, f)
				}
			}
			c.Print(strings.Join(kept, out) + string(end))
		}
	})
	return c.Status
}

func paste(c *unix.Cmd) int {
	delims := []string{"\t"}
	if s, ok := c.Lookup("d"); ok {
		text, _ := unescape(strings.ReplaceAll(s, `\0`, "\x01"), false)
		delims = nil
		for _, r := range text {
			delims = append(delims, strings.Trim(string(r), "\x01"))
		}
		if len(delims) == 0 {
			delims = []string{""}
		}
	}
	end := delimiter(c)
	names := c.Operands
	if len(names) == 0 {
		names = []string{"-"}
	}
	var inputs []*unix.Lines
	stdin := unix.NewLines(c.Stdin, end)
	for _, name := range names {
		if name == "-" {
			inputs = append(inputs, stdin)
			continue
		}
		r, err := c.Open(name)
		if err != nil {
			c.CannotRead(name, err)
			return 1
		}
		defer r.Close()
		inputs = append(inputs, unix.NewLines(r, end))
	}
	if c.Has("s") {
		for _, in := range inputs {
			for i := 0; !c.Stopped(); i++ {
				line, _, ok := in.Next()
				if !ok {
					break
				}
				if i > 0 {
					c.Print(delims[(i-1)%len(delims)])
				}
				c.Out.Write(line)
			}
			c.Out.WriteByte(end)
		}
		return c.Status
	}
	for !c.Stopped() {
		var row strings.Builder
		any := false
		for i, in := range inputs {
			if i > 0 {
				row.WriteString(delims[(i-1)%len(delims)])
			}
			line, _, ok := in.Next()
			any = any || ok
			row.Write(line)
		}
		if !any {
			break
		}
		c.Print(row.String() + string(end))
	}
	return c.Status
}

// charset expands a set of tr: ranges, classes, escapes, repetitions. Its members are bytes.
func charset(s string, size int) ([]byte, string) {
	var out []byte
	bytesOf := func(i int) (byte, int) {
		if s[i] != '\\' || i+1 == len(s) {
			return s[i], 1
		}
		if s[i+1] >= '0' && s[i+1] <= '7' {
			j := i + 1
			for j < len(s) && j < i+4 && s[j] >= '0' && s[j] <= '7' {
				j++
			}
			n, _ := strconv.ParseUint(s[i+1:j], 8, 32)
			return byte(n), j - i
		}
		if at := strings.IndexByte("abfnrtv", s[i+1]); at >= 0 {
			return "\a\b\f\n\r\t\v"[at], 2
		}
		return s[i+1], 2
	}
	for i := 0; i < len(s); {
		if strings.HasPrefix(s[i:], "[:") {
			if end := strings.Index(s[i:], ":]"); end > 0 {
				name := s[i+2 : i+end]
				members := class(name)
				if members == nil {
					return nil, "invalid character class " + name
				}
				out = append(out, members...)
				i += end + 2
				continue
			}
		}
		if strings.HasPrefix(s[i:], "[=") && strings.HasPrefix(s[min(i+3, len(s)):], "=]") {
			out = append(out, s[i+2])
			i += 5
			continue
		}
		if s[i] == '[' && i+1 < len(s) {
			ch, used := bytesOf(i + 1)
			rest := s[i+1+used:]
			if end := strings.IndexByte(rest, ']'); strings.HasPrefix(rest, "*") && end > 0 && strings.Trim(rest[1:end], "0123456789") == "" {
				n, _ := strconv.Atoi(rest[1:end])
				if n == 0 {
					n = size - len(out)
				}
				for range min(max(n, 0), 1<<12) {
					out = append(out, ch)
				}
				i += 1 + used + end + 1
				continue
			}
		}
		low, used := bytesOf(i)
		i += used
		if i+1 < len(s) && s[i] == '-' {
			high, n := bytesOf(i + 1)
			if high < low {
				return nil, "range-endpoints of '" + string(low) + "-" + string(high) + "' are in reverse collating sequence order"
			}
			for ch := int(low); ch <= int(high); ch++ {
				out = append(out, byte(ch))
			}
			i += 1 + n
			continue
		}
		out = append(out, low)
	}
	return out, ""
}

func class(name string) []byte {
	tests := map[string]func(b byte) bool{
		"alpha":  func(b byte) bool { return b|32 >= 'a' && b|32 <= 'z' },
		"digit":  digit,
		"alnum":  func(b byte) bool { return digit(b) || b|32 >= 'a' && b|32 <= 'z' },
		"upper":  func(b byte) bool { return b >= 'A' && b <= 'Z' },
		"lower":  func(b byte) bool { return b >= 'a' && b <= 'z' },
		"space":  func(b byte) bool { return b == ' ' || b >= '\t' && b <= '\r' },
		"blank":  func(b byte) bool { return b == ' ' || b == '\t' },
		"punct":  func(b byte) bool { return b > ' ' && b < 127 && !digit(b) && (b|32 < 'a' || b|32 > 'z') },
		"print":  func(b byte) bool { return b >= ' ' && b < 127 },
		"graph":  func(b byte) bool { return b > ' ' && b < 127 },
		"cntrl":  func(b byte) bool { return b < ' ' || b == 127 },
		"xdigit": func(b byte) bool { return digit(b) || b|32 >= 'a' && b|32 <= 'f' },
	}
	test := tests[name]
	if test == nil {
		return nil
	}
	var out []byte
	for b := range 256 {
		if test(byte(b)) {
			out = append(out, byte(b))
		}
	}
	return out
}

func tr(c *unix.Cmd) int {
	args := c.Operands
	del, squeeze, complement := c.Has("d"), c.Has("s"), c.Has("c", "C")
	switch {
	case len(args) == 0:
		return c.Usage("missing operand")
	case len(args) == 1 && !del && !squeeze:
		c.Warn("missing operand after %s", c.Quote(args[0]))
		c.Errorf("Two strings must be given when translating.")
		return c.Usage("")
	case len(args) == 1 && del && squeeze:
		c.Warn("missing operand after %s", c.Quote(args[0]))
		c.Errorf("Two strings must be given when both deleting and squeezing repeats.")
		return c.Usage("")
	case len(args) == 2 && del && !squeeze:
		c.Warn("extra operand %s", c.Quote(args[1]))
		c.Errorf("Only one string may be given when deleting without squeezing repeats.")
		return c.Usage("")
	case len(args) > 2:
		return c.Usage("extra operand %s", c.Quote(args[2]))
	}
	first, bad := charset(args[0], 0)
	if bad != "" {
		return c.Die(1, "%s", bad)
	}
	var in [256]bool
	for _, b := range first {
		in[b] = true
	}
	if complement {
		first = nil
		for b := range in {
			if in[b] = !in[b]; in[b] {
				first = append(first, byte(b))
			}
		}
	}
	var to [256]byte
	for b := range to {
		to[b] = byte(b)
	}
	squeezed := in
	if len(args) == 2 {
		second, bad := charset(args[1], len(first))
		if bad != "" {
			return c.Die(1, "%s", bad)
		}
		if len(second) == 0 && !del && !c.Has("t") {
			return c.Die(1, "when not truncating set1, string2 must be non-empty")
		}
		squeezed = [256]bool{}
		for _, b := range second {
			squeezed[b] = true
		}
		if !del {
			for i, b := range first {
				switch {
				case i < len(second):
					to[b] = second[i]
				case !c.Has("t"):
					to[b] = second[len(second)-1]
				}
			}
		}
	}
	buf := make([]byte, 32<<10)
	last := -1
	for !c.Stopped() {
		n, err := c.Stdin.Read(buf)
		for _, b := range buf[:n] {
			if del && in[b] {
				continue
			}
			b = to[b]
			if squeeze && squeezed[b] && int(b) == last {
				continue
			}
			last = int(b)
			c.Out.WriteByte(b)
		}
		if err != nil {
			break
		}
	}
	return c.Status
}

func width(c *unix.Cmd, option string, fallback int) int {
	if n, err := strconv.Atoi(c.Value(option)); err == nil && n > 0 {
		return n
	}
	return fallback
}

func fold(c *unix.Cmd) int {
	w := width(c, "w", 80)
	c.Each(func(_ string, r io.Reader) error {
		lines := unix.NewLines(r, '\n')
		for {
			line, ended, ok := lines.Next()
			if !ok || c.Stopped() {
				return lines.Err()
			}
			for len(line) > w {
				at := w
				if c.Has("s") {
					if i := strings.LastIndexAny(string(line[:w]), " \t"); i >= 0 {
						at = i + 1
					}
				}
				c.Print(string(line[:at]) + "\n")
				line = line[at:]
			}
			c.Out.Write(line)
			if ended {
				c.Out.WriteByte('\n')
			}
		}
	})
	return c.Status
}

// reflow is fmt: paragraphs filled up to the width, or to the goal a little short of it.
func reflow(c *unix.Cmd) int {
	w := width(c, "w", 75)
	c.Each(func(_ string, r io.Reader) error {
		data, err := unix.ReadAll(r)
		if err != nil {
			return err
		}
		var words []string
		indent := ""
		flush := func() {
			line := indent
			for i, word := range words {
				if i > 0 && len(line)+1+len(word) > w {
					c.Print(line + "\n")
					line = indent + word
				} else if i > 0 {
					line += " " + word
				} else {
					line += word
				}
			}
			if len(words) > 0 {
				c.Print(line + "\n")
			}
			words = nil
		}
		for _, line := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n") {
			text := strings.TrimLeft(line, " \t")
			if lead := line[:len(line)-len(text)]; text == "" || lead != indent {
				flush()
				indent = lead
			}
			if text == "" {
				c.Print("\n")
			}
			words = append(words, strings.Fields(text)...)
		}
		flush()
		return nil
	})
	return c.Status
}

func expand(c *unix.Cmd) int {
	w := width(c, "t", 8)
	c.Each(func(_ string, r io.Reader) error {
		lines := unix.NewLines(r, '\n')
		for {
			line, ended, ok := lines.Next()
			if !ok || c.Stopped() {
				return lines.Err()
			}
			column, text := 0, false
			for _, ch := range line {
				if ch == '\t' && !(c.Has("i") && text) {
					n := w - column%w
					c.Print(strings.Repeat(" ", n))
					column += n
					continue
				}
				text = text || ch != ' '
				c.Out.WriteByte(ch)
				column++
			}
			if ended {
				c.Out.WriteByte('\n')
			}
		}
	})
	return c.Status
}

// unexpand turns the blanks that lines begin with into tabs.
func unexpand(c *unix.Cmd) int {
	w := width(c, "t", 8)
	c.Each(func(_ string, r io.Reader) error {
		lines := unix.NewLines(r, '\n')
		for {
			line, ended, ok := lines.Next()
			if !ok || c.Stopped() {
				return lines.Err()
			}
			text := strings.TrimLeft(string(line), " ")
			n := len(line) - len(text)
			c.Print(strings.Repeat("\t", n/w) + strings.Repeat(" ", n%w) + text)
			if ended {
				c.Print("\n")
			}
		}
	})
	return c.Status
}
