package coreutils

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"

	"drydock/grader/tool"
	"drydock/grader/tool/getopt"
	"drydock/grader/tool/unix"
)

var reading = []unix.Command{
	{Name: "cat", Args: "[OPTION]... [FILE]...", Run: cat, Spec: getopt.Spec{Short: "AbeEnstTuv",
		Long: "show-all/A number-nonblank/b show-ends/E number/n squeeze-blank/s show-tabs/T show-nonprinting/v"}},
	{Name: "head", Args: "[OPTION]... [FILE]...", Run: head, Fix: oldCount, Spec: getopt.Spec{Short: "c:n:qvz",
		Long: "bytes/c lines/n quiet/q silent/q verbose/v zero-terminated/z"}},
	{Name: "tail", Args: "[OPTION]... [FILE]...", Run: tail, Fix: oldCount, Spec: getopt.Spec{Short: "c:fFn:qs:vz",
		Long: "bytes/c follow? lines/n max-unchanged-stats: pid: quiet/q retry silent/q sleep-interval/s verbose/v zero-terminated/z"}},
	{Name: "tac", Args: "[OPTION]... [FILE]...", Run: tac, Spec: getopt.Spec{Short: "brs:", Long: "before/b regex/r separator/s"}},
	{Name: "rev", Args: "[options] [file ...]", Suite: "util-linux", Run: rev},
	{Name: "nl", Args: "[OPTION]... [FILE]...", Run: nl, Spec: getopt.Spec{Short: "b:d:f:h:i:l:n:ps:v:w:",
		Long: "body-numbering/b header-numbering/h footer-numbering/f line-increment/i number-format/n number-separator/s starting-line-number/v " +
			"number-width/w section-delimiter/d no-renumber/p"}},
	{Name: "wc", Args: "[OPTION]... [FILE]...", Run: wc, Spec: getopt.Spec{Short: "clLmw",
		Long: "bytes/c chars/m files0-from: lines/l max-line-length/L words/w"}},
	{Name: "tee", Args: "[OPTION]... [FILE]...", Run: tee, Spec: getopt.Spec{Short: "aip", Long: "append/a ignore-interrupts/i output-error?"}},
}

func cat(c *unix.Cmd) int {
	show := c.Has("v", "A", "e", "t")
	ends, tabs := c.Has("E", "A", "e"), c.Has("T", "A", "t")
	plain := !show && !ends && !tabs && !c.Has("n", "b", "s")
	number, blank := 0, 0
	c.Each(func(_ string, r io.Reader) error {
		if plain {
			_, err := io.Copy(c.Out, r)
			return readError(c, err)
		}
		lines := unix.NewLines(r, '\n')
		for {
			line, ended, ok := lines.Next()
			if !ok || c.Stopped() {
				return lines.Err()
			}
			if len(line) == 0 && ended {
				if blank++; blank > 1 && c.Has("s") {
					continue
				}
			} else {
				blank = 0
			}
			if c.Has("b") && len(line) > 0 || c.Has("n") && !c.Has("b") {
				number++
				c.Printf("%6d\t", number)
			}
			if show || tabs {
				line = visible(line, show, tabs)
			}
			c.Out.Write(line)
			if ended && ends {
				c.Out.WriteByte('$')
			}
			if ended {
				c.Out.WriteByte('\n')
			}
		}
	})
	return c.Status
}

// readError leaves out errors of writing, which are dealt with elsewhere.
func readError(c *unix.Cmd, err error) error {
	if c.Stopped() {
		return nil
	}
	return err
}

// visible writes control characters as ^X and high bytes as M-x.
func visible(line []byte, control, tabs bool) []byte {
	var b bytes.Buffer
	for _, ch := range line {
		switch {
		case ch == '\t' && !tabs:
			b.WriteByte(ch)
		case ch == '\t':
			b.WriteString("^I")
		case !control:
			b.WriteByte(ch)
		default:
			if ch >= 128 {
				b.WriteString("M-")
				ch -= 128
			}
			switch {
			case ch < 32:
				b.WriteByte('^')
				b.WriteByte(ch + 64)
			case ch == 127:
				b.WriteString("^?")
			default:
				b.WriteByte(ch)
			}
		}
	}
	return b.Bytes()
}

// oldCount turns head -5 and tail +2 into -n.
func oldCount(args []string) []string {
	out := append([]string(nil), args...)
	for i, a := range out {
		if a == "--" {
			break
		}
		if len(a) < 2 || a[0] != '-' || !digit(a[1]) || i > 0 && (out[i-1] == "-n" || out[i-1] == "-c") {
			continue
		}
		rest := strings.TrimLeft(a[1:], "0123456789")
		out[i] = "-n" + strings.TrimSuffix(a[1:], rest)
		if rest == "f" || rest == "q" || rest == "v" {
			out[i] = "-" + rest + "n" + strings.TrimSuffix(a[1:], rest)
		}
		break
	}
	return out
}

// count reads the argument of -n or -c; sign is the character before the number, 0 for none.
func count(c *unix.Cmd) (n int64, sign byte, isBytes, ok bool) {
	n, isBytes = 10, false
	which := c.Last("n", "c")
	if which == "" {
		return n, 0, false, true
	}
	isBytes = which == "c"
	text := c.Value(which)
	digits := text
	if digits != "" && (digits[0] == '-' || digits[0] == '+') {
		sign, digits = digits[0], digits[1:]
	}
	n, ok = unix.ParseSize(digits)
	if !ok || digits == "" || !digit(digits[0]) {
		if c.Busybox {
			c.Warn("invalid number '%s'", text)
		} else {
			kind := "lines"
			if isBytes {
				kind = "bytes"
			}
			c.Warn("invalid number of %s: %s", kind, c.Quote(text))
		}
		return n, sign, isBytes, false
	}
	return n, sign, isBytes, true
}

// each opens the operands, with headings between them where there are several. fn copies one.
func each(c *unix.Cmd, verb string, fn func(io.Reader) error) {
	names := c.Operands
	if len(names) == 0 {
		names = []string{"-"}
	}
	headings := (len(names) > 1 || c.Has("v")) && !c.Has("q")
	first := true
	for _, name := range names {
		if c.Stopped() {
			return
		}
		r, err := c.Open(name)
		if err != nil {
			switch {
			case c.Busybox && verb == "head":
				c.Warn("%s: %s", name, unix.Message(err))
			case c.Busybox:
				c.Warn("can't open '%s': %s", name, unix.Message(err))
			default:
				c.Warn("cannot open %s for reading: %s", unix.QuoteName(name), unix.Message(err))
			}
			continue
		}
		if headings {
			shown := name
			if name == "-" {
				shown = "standard input"
			}
			if !first {
				c.Print("\n")
			}
			c.Printf("==> %s <==\n", shown)
		}
		first = false
		if err := readError(c, fn(r)); err != nil {
			c.Warn("error reading %s: %s", unix.QuoteName(name), unix.Message(err))
		}
		r.Close()
	}
}

func delimiter(c *unix.Cmd) byte {
	if c.Has("z") {
		return 0
	}
	return '\n'
}

func head(c *unix.Cmd) int {
	n, sign, isBytes, ok := count(c)
	if !ok {
		return 1
	}
	end := delimiter(c)
	each(c, "head", func(r io.Reader) error {
		switch {
		case sign == '-':
			return allBut(c, r, n, isBytes, end)
		case isBytes:
			_, err := io.CopyN(c.Out, r, n)
			if err == io.EOF {
				err = nil
			}
			return err
		}
		lines := unix.NewLines(r, end)
		for range n {
			line, ended, ok := lines.Next()
			if !ok || c.Stopped() {
				return lines.Err()
			}
			c.Out.Write(line)
			if ended {
				c.Out.WriteByte(end)
			}
		}
		return nil
	})
	return c.Status
}

// allBut is head -n -N: all but the last n lines or bytes.
func allBut(c *unix.Cmd, r io.Reader, n int64, isBytes bool, end byte) error {
	data, err := unix.ReadAll(r)
	if err != nil {
		return err
	}
	if isBytes {
		c.Out.Write(data[:max(0, int64(len(data))-n)])
		return nil
	}
	list := bytes.SplitAfter(data, []byte{end})
	if len(list) > 0 && len(list[len(list)-1]) == 0 {
		list = list[:len(list)-1]
	}
	for _, line := range list[:max(0, int64(len(list))-n)] {
		c.Out.Write(line)
	}
	return nil
}

func tail(c *unix.Cmd) int {
	n, sign, isBytes, ok := count(c)
	if !ok {
		return 1
	}
	end := delimiter(c)
	opened := false
	each(c, "tail", func(r io.Reader) error {
		opened = true
		switch {
		case sign == '+' && isBytes:
			if _, err := io.CopyN(io.Discard, r, n-1); err != nil && err != io.EOF {
				return err
			}
			_, err := io.Copy(c.Out, r)
			return err
		case sign == '+':
			b := bufio.NewReader(r)
			for i := int64(1); i < n; i++ {
				for {
					_, err := b.ReadSlice(end)
					if err == nil {
						break
					}
					if !errors.Is(err, bufio.ErrBufferFull) {
						return eof(err)
					}
				}
			}
			_, err := io.Copy(c.Out, b)
			return err
		}
		return lastOf(c, r, n, isBytes, end)
	})
	if !opened && c.Busybox {
		c.Warn("no files")
		return 1
	}
	if !opened && c.Has("f", "F", "follow") && !c.Has("F", "retry") && len(c.Operands) > 0 {
		c.Warn("no files remaining")
		return 1
	}
	if c.Has("f", "F", "follow") && !(len(c.Operands) == 0) && c.Serve != nil {
		c.Out.Flush()
		return c.Serve(c.Ctx, c.Call, tool.Service{})
	}
	return c.Status
}

func eof(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

// lastOf prints the last n lines or bytes, holding no more than those.
func lastOf(c *unix.Cmd, r io.Reader, n int64, isBytes bool, end byte) error {
	if isBytes {
		var keep []byte
		buf := make([]byte, 64<<10)
		for {
			m, err := r.Read(buf)
			keep = append(keep, buf[:m]...)
			if int64(len(keep)) > n+1<<20 {
				keep = append([]byte(nil), keep[int64(len(keep))-n:]...)
			}
			if err == io.EOF {
				break
			}
			if err != nil {
				return err
			}
			if len(keep) > unix.Memory {
				return errors.New("memory exhausted")
			}
		}
		c.Out.Write(keep[max(0, int64(len(keep))-n):])
		return nil
	}
	var ring [][]byte
	held := 0
	lines := unix.NewLines(r, end)
	for {
		line, ended, ok := lines.Next()
		if !ok {
			break
		}
		if ended {
			line = append(line, end)
		}
		ring = append(ring, line)
		held += len(line)
		for int64(len(ring)) > n {
			held -= len(ring[0])
			ring = ring[1:]
		}
		if held > unix.Memory {
			return errors.New("memory exhausted")
		}
	}
	for _, line := range ring {
		c.Out.Write(line)
	}
	return lines.Err()
}

func tac(c *unix.Cmd) int {
	sep := "\n"
	if s, ok := c.Lookup("s"); ok && s != "" {
		sep = s
	}
	each := c.Operands
	if len(each) == 0 {
		each = []string{"-"}
	}
	for _, name := range each {
		data, err := c.ReadAll(name)
		if err != nil {
			if c.Busybox {
				c.Warn("%s: %s", name, unix.Message(err))
			} else {
				c.Warn("failed to open %s for reading: %s", unix.QuoteName(name), unix.Message(err))
			}
			continue
		}
		parts := strings.SplitAfter(string(data), sep)
		for i := len(parts) - 1; i >= 0 && !c.Stopped(); i-- {
			c.Print(parts[i])
		}
	}
	return c.Status
}

func rev(c *unix.Cmd) int {
	c.Each(func(_ string, r io.Reader) error {
		lines := unix.NewLines(r, '\n')
		for {
			line, ended, ok := lines.Next()
			if !ok || c.Stopped() {
				return lines.Err()
			}
			runes := []rune(string(line))
			for i, j := 0, len(runes)-1; i < j; i, j = i+1, j-1 {
				runes[i], runes[j] = runes[j], runes[i]
			}
			c.Print(string(runes))
			if ended {
				c.Print("\n")
			}
		}
	})
	return c.Status
}

func nl(c *unix.Cmd) int {
	value := func(name string, fallback int) int {
		if n, err := strconv.Atoi(c.Value(name)); err == nil {
			return n
		}
		return fallback
	}
	style, sep, format := "t", "\t", "rn"
	if s, ok := c.Lookup("b"); ok {
		style = s
	}
	if s, ok := c.Lookup("s"); ok {
		sep = s
	}
	if s, ok := c.Lookup("n"); ok {
		format = s
	}
	number, step, width := value("v", 1), value("i", 1), min(value("w", 6), 1000)
	verb := map[string]string{"ln": "%-*d", "rn": "%*d", "rz": "%0*d"}[format]
	if verb == "" {
		return c.Usage("invalid line numbering format: %s", c.Quote(format))
	}
	c.Each(func(_ string, r io.Reader) error {
		lines := unix.NewLines(r, '\n')
		for {
			line, _, ok := lines.Next()
			if !ok || c.Stopped() {
				return lines.Err()
			}
			if style == "a" || style == "t" && len(line) > 0 {
				c.Printf(verb+"%s%s\n", width, number, sep, line)
				number += step
			} else {
				c.Printf("%s%s\n", strings.Repeat(" ", width+len(sep)), line)
			}
		}
	})
	return c.Status
}

// tally is what wc counts.
type tally struct {
	lines, words, chars, bytes, longest int64
}

func (t *tally) add(o tally) {
	t.lines += o.lines
	t.words += o.words
	t.chars += o.chars
	t.bytes += o.bytes
	t.longest = max(t.longest, o.longest)
}

func wc(c *unix.Cmd) int {
	names := c.Operands
	stdin := len(names) == 0
	if from, ok := c.Lookup("files0-from"); ok {
		data, err := c.ReadAll(from)
		if err != nil {
			return c.Die(1, "cannot open %s for reading: %s", unix.QuoteName(from), unix.Message(err))
		}
		names, stdin = strings.FieldsFunc(string(data), func(r rune) bool { return r == 0 }), false
	}
	if stdin {
		names = []string{"-"}
	}
	width := wcWidth(c, names, stdin)
	var total tally
	for _, name := range names {
		t, err := measure(c, name)
		if err != nil {
			c.Warn("%s: %s", c.Plain(name), unix.Message(err))
			if _, serr := c.FS.Stat(name); serr != nil {
				continue
			}
		}
		total.add(t)
		if stdin {
			name = ""
		}
		wcPrint(c, t, width, name)
	}
	if len(names) > 1 {
		wcPrint(c, total, width, "total")
	}
	return c.Status
}
