package coreutils

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"io"
	"path"
	"strings"

	"drydock/grader/tool/getopt"
	"drydock/grader/tool/unix"
)

var sumSpec = getopt.Spec{Short: "bctwz", Long: "binary/b check/c tag text/t zero/z ignore-missing quiet status strict warn/w"}

var algorithms = map[string]func() hash.Hash{"md5": md5.New, "sha1": sha1.New, "sha224": sha256.New224, "sha256": sha256.New,
	"sha384": sha512.New384, "sha512": sha512.New}

var sums = []unix.Command{
	sumCommand("md5"), sumCommand("sha1"), sumCommand("sha224"), sumCommand("sha256"), sumCommand("sha384"), sumCommand("sha512"),
	{Name: "cksum", Args: "[OPTION]... [FILE]...", Run: cksum, Spec: getopt.Spec{Short: "a:", Long: "algorithm/a untagged"}},
}

var encoding = []unix.Command{
	{Name: "base64", Args: "[OPTION]... [FILE]", Spec: encodeSpec, Run: func(c *unix.Cmd) int {
		return encode(c, base64.StdEncoding.EncodeToString, base64.StdEncoding.DecodeString)
	}},
	{Name: "base32", Args: "[OPTION]... [FILE]", Spec: encodeSpec, Run: func(c *unix.Cmd) int {
		return encode(c, base32.StdEncoding.EncodeToString, base32.StdEncoding.DecodeString)
	}},
}

var encodeSpec = getopt.Spec{Short: "diw:", Long: "decode/d ignore-garbage/i wrap/w"}

func sumCommand(algorithm string) unix.Command {
	tag, h := strings.ToUpper(algorithm), algorithms[algorithm]
	return unix.Command{Name: algorithm + "sum", Args: "[OPTION]... [FILE]...", Spec: sumSpec, Run: func(c *unix.Cmd) int {
		if c.Has("c") {
			return checkSums(c, h)
		}
		return printSums(c, tag, h, c.Has("tag"))
	}}
}

func printSums(c *unix.Cmd, tag string, h func() hash.Hash, tagged bool) int {
	names := c.Operands
	if len(names) == 0 {
		names = []string{"-"}
	}
	for _, name := range names {
		sum, err := digest(c, name, h())
		switch {
		case err != nil:
			c.CannotRead(name, err)
		case tagged:
			c.Printf("%s (%s) = %s\n", tag, name, sum)
		case c.Has("z"):
			c.Printf("%s  %s\x00", sum, name)
		case c.Has("b"):
			c.Printf("%s *%s\n", sum, name)
		default:
			c.Printf("%s  %s\n", sum, name)
		}
	}
	return c.Status
}

// digest is the checksum of an input. What is only declared is summed by its identity: equal contents have equal sums.
func digest(c *unix.Cmd, name string, h hash.Hash) (string, error) {
	if name != "-" {
		content, err := c.FS.Content(name)
		if err != nil {
			return "", err
		}
		if _, known := content.Known(); !known {
			io.WriteString(h, content.ID())
			return hex.EncodeToString(h.Sum(nil)), nil
		}
	}
	r, err := c.Open(name)
	if err != nil {
		return "", err
	}
	defer r.Close()
	if _, err := io.Copy(h, r); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func checkSums(c *unix.Cmd, h func() hash.Hash) int {
	lists := c.Operands
	if len(lists) == 0 {
		lists = []string{"-"}
	}
	quiet := c.Has("status")
	for _, list := range lists {
		data, err := c.ReadAll(list)
		if err != nil {
			c.CannotRead(list, err)
			continue
		}
		shown := list
		if list == "-" {
			shown = "'standard input'"
		}
		lines, bad, missing, wrong, matched := 0, 0, 0, 0, 0
		for _, line := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n") {
			sum, name, ok := sumLine(line, h().Size()*2)
			if !ok {
				if line != "" && !strings.HasPrefix(line, "#") {
					bad++
				}
				continue
			}
			lines++
			got, err := digest(c, name, h())
			switch {
			case err != nil && c.Has("ignore-missing") && !c.FS.Exists(name):
			case err != nil:
				missing++
				c.CannotRead(name, err)
				if !quiet {
					c.Printf("%s: FAILED%s\n", name, c.Pick(" open or read", ""))
				}
			case !strings.EqualFold(got, sum):
				wrong++
				if !quiet {
					c.Printf("%s: FAILED\n", name)
				}
			default:
				matched++
				if !quiet && !c.Has("quiet") {
					c.Printf("%s: OK\n", name)
				}
			}
		}
		c.Out.Flush()
		if c.Busybox {
			if failed := wrong + missing; failed > 0 || lines == 0 {
				if !quiet {
					c.Say("WARNING: %d of %d computed checksums did NOT match", max(failed, b2i(lines == 0)), max(lines, 1))
				}
				c.Status = 1
			}
			continue
		}
		tally := checked{shown, lines, bad, missing, wrong, matched}
		tally.report(c)
	}
	return c.Status
}

// checked counts the lines of a list of checksums.
type checked struct {
	list                                string
	lines, bad, missing, wrong, matched int
}

func (t checked) report(c *unix.Cmd) {
	warn := func(n int, one, many string) {
		if n > 0 && !c.Has("status") {
			text := many
			if n == 1 {
				text = one
			}
			c.Say("WARNING: %d %s", n, text)
		}
	}
	if t.lines == 0 {
		c.Warn("%s: no properly formatted checksum lines found", c.Plain(t.list))
		return
	}
	warn(t.bad, "line is improperly formatted", "lines are improperly formatted")
	warn(t.missing, "listed file could not be read", "listed files could not be read")
	warn(t.wrong, "computed checksum did NOT match", "computed checksums did NOT match")
	if c.Has("ignore-missing") && t.matched == 0 {
		if !c.Has("status") {
			c.Say("%s: no file was verified", t.list)
		}
		c.Status = 1
	}
	if t.missing > 0 || t.wrong > 0 || t.bad > 0 && c.Has("strict") {
		c.Status = 1
	}
}

// sumLine reads a line of a list: "SUM  NAME", "SUM *NAME" or "ALGO (NAME) = SUM".
func sumLine(line string, size int) (sum, name string, ok bool) {
	line = strings.TrimSuffix(strings.TrimLeft(line, " \t"), "\r")
	if head, tail, tagged := strings.Cut(line, ") = "); tagged {
		if _, name, ok := strings.Cut(head, " ("); ok {
			return tail, name, hexadecimal(tail, size)
		}
	}
	if len(line) < size+2 || !hexadecimal(line[:size], size) || line[size] != ' ' {
		return "", "", false
	}
	name = line[size+1:]
	if name[0] == ' ' || name[0] == '*' {
		name = name[1:]
	}
	return line[:size], name, name != ""
}

func hexadecimal(s string, size int) bool {
	return len(s) == size && strings.Trim(s, "0123456789abcdefABCDEF") == ""
}

// cksum prints the CRC that POSIX asks for, or another sum with -a.
func cksum(c *unix.Cmd) int {
	if algorithm, ok := c.Lookup("a"); ok {
		if h := algorithms[algorithm]; h != nil {
			return printSums(c, strings.ToUpper(algorithm), h, !c.Has("untagged"))
		}
		return c.Usage("invalid argument %s for %s", c.Quote(algorithm), c.Quote("--algorithm"))
	}
	names := c.Operands
	if len(names) == 0 {
		names = []string{"-"}
	}
	for _, name := range names {
		r, err := c.Open(name)
		if err != nil {
			c.CannotRead(name, err)
			continue
		}
		crc, n, err := posixCRC(r)
		r.Close()
		switch {
		case err != nil:
			c.CannotRead(name, err)
		case name == "-" && len(c.Operands) == 0:
			c.Printf("%d %d\n", crc, n)
		default:
			c.Printf("%d %d %s\n", crc, n, path.Clean(name))
		}
	}
	return c.Status
}

func posixCRC(r io.Reader) (uint32, int64, error) {
	var crc uint32
	step := func(b byte) {
		crc ^= uint32(b) << 24
		for range 8 {
			if crc&(1<<31) != 0 {
				crc = crc<<1 ^ 0x04c11db7
			} else {
				crc <<= 1
			}
		}
	}
	var size int64
	buf := make([]byte, 32<<10)
	for {
		n, err := r.Read(buf)
		for _, b := range buf[:n] {
			step(b)
		}
		size += int64(n)
		if err == io.EOF {
			break
		}
		if err != nil {
			return 0, 0, err
		}
	}
	for n := size; n > 0; n >>= 8 {
		step(byte(n))
	}
	return ^crc, size, nil
}

func encode(c *unix.Cmd, enc func([]byte) string, dec func(string) ([]byte, error)) int {
	name := "-"
	switch len(c.Operands) {
	case 0:
	case 1:
		name = c.Operands[0]
	default:
		return c.Usage("extra operand %s", c.Quote(c.Operands[1]))
	}
	data, err := c.ReadAll(name)
	if err != nil {
		if c.Busybox {
			return c.Die(1, "%s: %s", name, unix.Message(err))
		}
		c.CannotRead(name, err)
		return 1
	}
	if c.Has("d") {
		text := strings.NewReplacer("\n", "", "\r", "").Replace(string(data))
		out, err := dec(text)
		c.Out.Write(out)
		if err != nil {
			c.Out.Flush()
			return c.Die(1, "invalid input")
		}
		return 0
	}
	w := 76
	if s, ok := c.Lookup("w"); ok {
		n, valid := unix.ParseSize(s)
		if !valid {
			return c.Die(1, "invalid wrap size: %s", c.Quote(s))
		}
		w = int(n)
	}
	text := enc(data)
	for w > 0 && len(text) > w {
		c.Print(text[:w] + "\n")
		text = text[w:]
	}
	c.Print(text)
	if w > 0 && text != "" {
		c.Print("\n")
	}
	return 0
}
