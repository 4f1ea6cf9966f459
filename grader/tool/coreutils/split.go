package coreutils

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"

	"drydock/grader/tool/getopt"
	"drydock/grader/tool/unix"
	"drydock/grader/tree"
	"drydock/grader/vfs"
)

var splitting = []unix.Command{
	{Name: "dd", Args: "[OPERAND]...", Run: dd},
	{Name: "split", Args: "[OPTION]... [FILE [PREFIX]]", Run: splitFile, Spec: getopt.Spec{Short: "a:b:C:del:n:t:x",
		Long: "suffix-length/a additional-suffix: bytes/b line-bytes/C numeric-suffixes? filter: lines/l number/n verbose"}},
	{Name: "od", Args: "[OPTION]... [FILE]...", Run: od, Spec: getopt.Spec{Short: "A:j:N:S:t:vw::abcdfiloxs",
		Long: "address-radix/A skip-bytes/j read-bytes/N format/t output-duplicates/v width/w"}},
	{Name: "which.debianutils", Suite: "debianutils", Args: "[-as] args", Run: which, Spec: getopt.Spec{Short: "as"}},
	{Name: "which", Suite: "debianutils", Args: "[-as] args", Run: which, Spec: getopt.Spec{Short: "as"}},
}

// dd copies blocks. What comes from a device or is only declared is not kept: its result is declared, too.
func dd(c *unix.Cmd) int {
	in, out := "", ""
	sizes := map[string]int64{"bs": 512, "count": -1, "skip": 0, "seek": 0, "ibs": 512, "obs": 512, "cbs": 0}
	conv, status := "", ""
	for _, a := range c.Operands {
		name, v, ok := strings.Cut(a, "=")
		if !ok {
			return c.Usage("unrecognized operand %s", c.Quote(a))
		}
		switch name {
		case "if":
			in = v
		case "of":
			out = v
		case "conv":
			conv = v
		case "status":
			status = v
		case "iflag", "oflag":
		default:
			if _, known := sizes[name]; !known {
				return c.Usage("unrecognized operand %s", c.Quote(a))
			}
			n, ok := unix.ParseSize(v)
			if !ok {
				return c.Die(1, "invalid number: %s", c.Quote(v))
			}
			sizes[name] = n
			if name == "ibs" {
				sizes["bs"] = n
			}
		}
	}
	bs := max(sizes["bs"], 1)
	if limit := (int64(1) << 50) / bs; sizes["seek"] > limit || sizes["skip"] > limit {
		return c.Die(1, "offset too large")
	}
	total := int64(-1)
	if n := sizes["count"]; n >= 0 {
		if n > (1<<50)/bs {
			return c.Die(1, "error writing %s: No space left on device", unix.QuoteName(out))
		}
		total = n * bs
	}
	content, err := ddInput(c, in, sizes["skip"]*bs, total)
	if err != nil {
		return c.Die(1, c.Pick("failed to open %s: %s", "can't open %s: %s"), unix.QuoteName(in), unix.Message(err))
	}
	size := content.Size()
	switch data, known := content.Known(); {
	case size > 1<<50:
		return c.Die(1, "error writing %s: No space left on device", unix.QuoteName(out))
	case out == "" && known:
		c.Out.Write(data)
	case out == "":
		io.Copy(c.Out, content.Reader())
	default:
		if strings.Contains(conv, "notrunc") || sizes["seek"] > 0 {
			content = overlaid(c, out, content, sizes["seek"]*bs, strings.Contains(conv, "notrunc"))
		}
		if err := c.FS.WriteContent(out, content, 0o666); err != nil {
			return c.Die(1, c.Pick("failed to open %s: %s", "can't open %s: %s"), unix.QuoteName(out), unix.Message(err))
		}
	}
	if status == "none" {
		return 0
	}
	c.Out.Flush()
	full, part := size/bs, b2i(size%bs != 0)
	c.Errorf("%d+%d records in\n%d+%d records out", full, part, full, part)
	if status != "noxfer" {
		human := ""
		if size >= 1000 {
			human = fmt.Sprintf(" (%s)", bytesBoth(size))
		}
		c.Errorf("%d byte%s%s copied, 0.001 s, %s/s", size, plural(size), human, strings.Split(bytesBoth(size*1000), ",")[0])
	}
	return 0
}

func plural(n int64) string {
	if n == 1 {
		return ""
	}
	return "s"
}

// bytesBoth writes a size in powers of 1000 and of 1024, as dd does: "1.0 MB, 1.0 MiB".
func bytesBoth(n int64) string {
	write := func(base float64, units []string) string {
		f, i := float64(n), 0
		for f >= base && i < len(units)-1 {
			f /= base
			i++
		}
		if f < 10 && i > 0 {
			return fmt.Sprintf("%.1f %s", f, units[i])
		}
		return fmt.Sprintf("%.0f %s", f, units[i])
	}
	si := write(1000, []string{"B", "kB", "MB", "GB", "TB"})
	if n < 1024 {
		return si
	}
	return si + ", " + write(1024, []string{"B", "KiB", "MiB", "GiB", "TiB"})
}

func ddInput(c *unix.Cmd, in string, skip, total int64) (*tree.Content, error) {
	content := (*tree.Content)(nil)
	if in == "" || in == "/dev/stdin" {
		data, err := unix.ReadAll(c.Stdin)
		if err != nil {
			return nil, err
		}
		content = tree.Bytes(data)
	} else {
		var err error
		if content, err = c.FS.Content(in); err != nil {
			return nil, err
		}
	}
	data, known := content.Known()
	if known {
		data = data[min(skip, int64(len(data))):]
		if total >= 0 {
			data = data[:min(total, int64(len(data)))]
		}
		return tree.Bytes(bytes.Clone(data)), nil
	}
	size := max(content.Size()-skip, 0)
	if total >= 0 {
		size = min(size, total)
	}
	if skip == 0 && size == content.Size() {
		return content, nil
	}
	return tree.Declared(size, fmt.Sprintf("%s[%d+%d]", content.ID(), skip, size), nil), nil
}

// overlaid is what a file holds after content was written at an offset.
func overlaid(c *unix.Cmd, p string, content *tree.Content, offset int64, keep bool) *tree.Content {
	old, err := c.FS.Content(p)
	if err != nil {
		old = nil
	}
	a, known1 := old.Known()
	b, known2 := content.Known()
	end := offset + content.Size()
	if !known1 || !known2 || end > 1<<20 {
		size := end
		if keep {
			size = max(size, old.Size())
		}
		return tree.Declared(size, fmt.Sprintf("%s<%s@%d", old.ID(), content.ID(), offset), nil)
	}
	size := end
	if keep {
		size = max(size, int64(len(a)))
	}
	out := make([]byte, size)
	copy(out, a)
	copy(out[offset:], b)
	return tree.Bytes(out)
}

// pieces is how many files split makes at most.
const pieces = 26 * 26 * 26

func splitFile(c *unix.Cmd) int {
	name, prefix := "-", "x"
	if len(c.Operands) > 0 {
		name = c.Operands[0]
	}
	if len(c.Operands) > 1 {
		prefix = c.Operands[1]
	}
	data, err := c.ReadAll(name)
	if err != nil {
		return c.Die(1, "cannot open %s for reading: %s", unix.QuoteName(name), unix.Message(err))
	}
	suffixes, err := strconv.Atoi(c.Value("a"))
	if err != nil || suffixes < 1 || suffixes > 10 {
		suffixes = 2
	}
	amount := int64(1000)
	which := c.Last("l", "b", "C", "n")
	if which != "" {
		n, ok := unix.ParseSize(c.Value(which))
		if !ok || n < 1 {
			kind := map[string]string{"l": "lines", "b": "bytes", "C": "bytes", "n": "chunks"}[which]
			return c.Die(1, "invalid number of %s: %s", kind, c.Quote(c.Value(which)))
		}
		amount = n
	}
	if which == "n" {
		which, amount = "b", max((int64(len(data))+amount-1)/amount, 1)
	}
	for i := 0; len(data) > 0; i++ {
		if i >= pieces || c.Stopped() {
			return c.Die(1, "output file suffixes exhausted")
		}
		n := int64(len(data))
		if which == "b" || which == "C" {
			n = min(n, amount)
		} else {
			n = 0
			for range amount {
				at := bytes.IndexByte(data[n:], '\n')
				if at < 0 {
					n = int64(len(data))
					break
				}
				n += int64(at) + 1
			}
		}
		file := prefix + suffix(i, suffixes, c.Has("d", "numeric-suffixes")) + c.Value("additional-suffix")
		if err := c.FS.WriteFile(file, bytes.Clone(data[:n]), 0o666); err != nil {
			return c.Die(1, "%s: %s", file, unix.Message(err))
		}
		data = data[n:]
	}
	return 0
}

func suffix(n, width int, digits bool) string {
	if digits {
		return fmt.Sprintf("%0*d", width, n)
	}
	b := bytes.Repeat([]byte("a"), width)
	for i := width - 1; i >= 0; i-- {
		b[i] += byte(n % 26)
		n /= 26
	}
	return string(b)
}

// od dumps bytes: octal words as it does by default, or bytes in hexadecimal (-t x1), octal (-b) or as characters (-c).
func od(c *unix.Cmd) int {
	var data []byte
	c.Each(func(_ string, r io.Reader) error {
		limit := int64(unix.Memory)
		if n, ok := unix.ParseSize(c.Value("N")); ok {
			limit = n
		}
		b, err := io.ReadAll(io.LimitReader(r, limit-int64(len(data))))
		data = append(data, b...)
		return err
	})
	skip := 0
	if n, ok := unix.ParseSize(c.Value("j")); ok {
		skip = int(min(n, int64(len(data))))
	}
	radix := map[string]string{"x": "%06x", "d": "%07d", "n": ""}
	address, ok := radix[c.Value("A")]
	if !ok {
		address = "%07o"
	}
	at := func(n int) {
		if address != "" {
			c.Printf(address, n)
		}
	}
	kind := c.Value("t")
	switch c.Last("c", "b", "x", "t") {
	case "c":
		kind = "c"
	case "b":
		kind = "o1"
	case "x":
		kind = "x2"
	}
	for i := skip; i < len(data) && !c.Stopped(); i += 16 {
		at(i)
		row := data[i:min(i+16, len(data))]
		for j := 0; j < len(row); j++ {
			word := uint32(row[j])
			if j+1 < len(row) {
				word |= uint32(row[j+1]) << 8
			}
			switch {
			case strings.HasPrefix(kind, "x1"):
				c.Printf(" %02x", row[j])
			case strings.HasPrefix(kind, "o1"):
				c.Printf(" %03o", row[j])
			case strings.HasPrefix(kind, "u1"), strings.HasPrefix(kind, "d1"):
				c.Printf(" %3d", row[j])
			case strings.HasPrefix(kind, "c"):
				c.Printf(" %3s", character(row[j]))
			case strings.HasPrefix(kind, "x"):
				c.Printf(" %04x", word)
				j++
			default:
				c.Printf(" %06o", word)
				j++
			}
		}
		c.Print("\n")
	}
	at(len(data))
	if address != "" {
		c.Print("\n")
	}
	return c.Status
}

func character(b byte) string {
	if i := strings.IndexByte("\x00\a\b\t\n\v\f\r", b); i >= 0 {
		return `\` + string("0abtnvfr"[i])
	}
	if b < ' ' || b > '~' {
		return fmt.Sprintf("%03o", b)
	}
	return string(b)
}

// which finds programs in PATH.
func which(c *unix.Cmd) int {
	if len(c.Operands) == 0 {
		return 1
	}
	for _, name := range c.Operands {
		found := false
		dirs := strings.Split(c.Env.Get("PATH"), ":")
		if strings.Contains(name, "/") {
			dirs = []string{""}
		}
		for _, dir := range dirs {
			p := name
			if dir != "" {
				p = under(dir, name)
			}
			if executable(c.FS, p) {
				found = true
				if !c.Has("s") {
					c.Print(p + "\n")
				}
				if !c.Has("a") {
					break
				}
			}
		}
		if !found {
			c.Status = 1
		}
	}
	return c.Status
}

func executable(f *vfs.FS, p string) bool {
	n, err := f.Stat(p)
	return err == nil && n.Type == tree.File && f.Access(p, 1) == nil
}
