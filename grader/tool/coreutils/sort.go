package coreutils

import (
	"bytes"
	"io"
	"math/rand"
	"slices"
	"strconv"
	"strings"

	"drydock/grader/tool/getopt"
	"drydock/grader/tool/unix"
	"drydock/grader/vfs"
)

var sorting = []unix.Command{
	{Name: "sort", Fail: 2, Args: "[OPTION]... [FILE]...", Run: sortLines, Spec: getopt.Spec{Short: "bdfgiMhnRrVcCk:mo:sS:t:T:uz",
		Long: "ignore-leading-blanks/b dictionary-order/d ignore-case/f general-numeric-sort/g ignore-nonprinting/i month-sort/M " +
			"human-numeric-sort/h numeric-sort/n random-sort/R random-source: reverse/r sort: version-sort/V batch-size: check? compress-program: " +
			"debug files0-from: key/k merge/m output/o stable/s buffer-size/S field-separator/t temporary-directory/T parallel: unique/u " +
			"zero-terminated/z"}},
	{Name: "uniq", Args: "[OPTION]... [INPUT [OUTPUT]]", Run: uniq, Spec: getopt.Spec{Short: "cdDf:is:uw:z",
		Long: "count/c repeated/d all-repeated? skip-fields/f group? ignore-case/i skip-chars/s unique/u check-chars/w zero-terminated/z"}},
	{Name: "comm", Args: "[OPTION]... FILE1 FILE2", Run: comm, Spec: getopt.Spec{Short: "123z",
		Long: "check-order nocheck-order output-delimiter: total zero-terminated/z"}},
	{Name: "join", Args: "[OPTION]... FILE1 FILE2", Run: join, Spec: getopt.Spec{Short: "a:e:ij:o:t:v:1:2:z",
		Long: "ignore-case/i check-order nocheck-order header zero-terminated/z"}},
	{Name: "shuf", Args: "[OPTION]... [FILE]", Run: shuf, Spec: getopt.Spec{Short: "ei:n:o:rz",
		Long: "echo/e input-range/i head-count/n output/o random-source: repeat/r zero-terminated/z"}},
	{Name: "tsort", Args: "[OPTION] [FILE]", Run: tsort},
}

// sortKey is an argument of -k: which part of a line is compared, and how.
type sortKey struct {
	field, char       int // from; 1 is the first
	endField, endChar int // to; field 0 is the end of the line, char 0 the end of the field
	flags             string
}

func parseKey(s string) (sortKey, bool) {
	k := sortKey{field: 1, char: 1}
	start, end, has := strings.Cut(s, ",")
	number := func(t string) (int, string, bool) {
		rest := strings.TrimLeft(t, "0123456789")
		n, err := strconv.Atoi(strings.TrimSuffix(t, rest))
		return n, rest, err == nil
	}
	place := func(t string) (field, char int, flags string, ok bool) {
		if field, flags, ok = number(t); !ok {
			return
		}
		if rest, dotted := strings.CutPrefix(flags, "."); dotted {
			char, flags, ok = number(rest)
		}
		return
	}
	var ok bool
	var flags string
	if k.field, k.char, flags, ok = place(start); !ok || k.field < 1 {
		return k, false
	}
	k.char = max(k.char, 1)
	k.flags = flags
	if has {
		if k.endField, k.endChar, flags, ok = place(end); !ok {
			return k, false
		}
		k.flags += flags
	}
	return k, strings.Trim(k.flags, "bdfgiMhnRrV") == ""
}

// cut returns the part of a line that the key compares.
func (k sortKey) cut(line string, sep string) string {
	begin, end := fieldAt(line, sep, k.field), len(line)
	if strings.ContainsRune(k.flags, 'b') {
		for begin < len(line) && (line[begin] == ' ' || line[begin] == '\t') {
			begin++
		}
	}
	begin = min(begin+k.char-1, len(line))
	if k.endField > 0 {
		if k.endChar == 0 {
			end = fieldAt(line, sep, k.endField+1)
			if sep != "" && end < len(line) || sep != "" && end == len(line) && strings.HasSuffix(line, sep) && strings.Count(line, sep) >= k.endField {
				end = max(0, end-len(sep))
			}
		} else {
			end = min(fieldAt(line, sep, k.endField)+k.endChar, len(line))
		}
	}
	if begin > end {
		return ""
	}
	return line[begin:end]
}

// fieldAt is where field n of a line starts. Without a separator fields begin at the blanks before them.
func fieldAt(line, sep string, n int) int {
	at := 0
	for i := 1; i < n; i++ {
		if sep != "" {
			j := strings.Index(line[at:], sep)
			if j < 0 {
				return len(line)
			}
			at += j + len(sep)
			continue
		}
		for at < len(line) && (line[at] == ' ' || line[at] == '\t') {
			at++
		}
		for at < len(line) && line[at] != ' ' && line[at] != '\t' {
			at++
		}
	}
	return at
}

// order compares lines as the options say.
type ordering struct {
	keys    []sortKey
	flags   string // global
	sep     string
	stable  bool
	reverse bool
}

func (o *ordering) compare(a, b string) int {
	if d := o.byKeys(a, b); d != 0 {
		return d
	}
	if o.stable {
		return 0
	}
	d := strings.Compare(a, b)
	if o.reverse {
		d = -d
	}
	return d
}

func (o *ordering) byKeys(a, b string) int {
	for _, k := range o.keys {
		if d := compareAs(k.cut(a, o.sep), k.cut(b, o.sep), k.flags); d != 0 {
			return d
		}
	}
	if len(o.keys) == 0 {
		return compareAs(a, b, o.flags)
	}
	return 0
}

func compareAs(a, b, flags string) int {
	d := 0
	if strings.ContainsRune(flags, 'b') {
		a, b = strings.TrimLeft(a, " \t"), strings.TrimLeft(b, " \t")
	}
	switch {
	case strings.ContainsRune(flags, 'n'):
		d = compareNumbers(a, b)
	case strings.ContainsRune(flags, 'g'):
		x, _ := strconv.ParseFloat(strings.TrimSpace(a), 64)
		y, _ := strconv.ParseFloat(strings.TrimSpace(b), 64)
		if x < y {
			d = -1
		} else if x > y {
			d = 1
		}
	case strings.ContainsRune(flags, 'h'):
		if d = scale(a) - scale(b); d == 0 {
			d = compareNumbers(a, b)
		}
	case strings.ContainsRune(flags, 'V'):
		d = versionCompare(a, b)
	case strings.ContainsRune(flags, 'M'):
		d = month(a) - month(b)
	default:
		d = strings.Compare(folded(a, flags), folded(b, flags))
	}
	if strings.ContainsRune(flags, 'r') {
		d = -d
	}
	return d
}

func folded(s, flags string) string {
	if strings.ContainsRune(flags, 'd') {
		s = strings.Map(func(r rune) rune {
			if r == ' ' || r == '\t' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
				return r
			}
			return -1
		}, s)
	}
	if strings.ContainsRune(flags, 'f') {
		s = strings.ToUpper(s)
	}
	return s
}

// compareNumbers compares the numbers that lines begin with, of any length.
func compareNumbers(a, b string) int {
	negA, intA, fracA := numeral(a)
	negB, intB, fracB := numeral(b)
	if negA != negB {
		if negA {
			return -1
		}
		return 1
	}
	d := len(intA) - len(intB)
	if d == 0 {
		d = strings.Compare(intA, intB)
	}
	if d == 0 {
		d = strings.Compare(fracA, fracB)
	}
	if negA {
		return -d
	}
	return d
}

func numeral(s string) (negative bool, whole, fraction string) {
	s = strings.TrimLeft(s, " \t")
	s, negative = strings.CutPrefix(s, "-")
	rest := strings.TrimLeft(s, "0123456789")
	whole = strings.TrimLeft(strings.TrimSuffix(s, rest), "0")
	if f, ok := strings.CutPrefix(rest, "."); ok {
		fraction = strings.TrimRight(strings.TrimSuffix(f, strings.TrimLeft(f, "0123456789")), "0")
	}
	if whole == "" && fraction == "" {
		negative = false
	}
	return negative, whole, fraction
}

func scale(s string) int {
	rest := strings.TrimLeft(strings.TrimLeft(s, " \t-"), "0123456789.")
	if rest == "" {
		return 0
	}
	if rest[0] == 'k' {
		return 1
	}
	return strings.IndexByte("KMGTPEZY", rest[0]) + 1
}

func month(s string) int {
	s = strings.ToUpper(strings.TrimLeft(s, " \t"))
	return (strings.Index("JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC", s[:min(3, len(s))]) + 3) / 3 * b2i(len(s) >= 3)
}

func sortLines(c *unix.Cmd) int {
	o := &ordering{sep: c.Value("t"), stable: c.Has("s", "u")}
	if o.sep == `\0` {
		o.sep = "\x00"
	}
	if len(o.sep) > 1 {
		return c.Die(2, "multi-character tab %s", c.Quote(o.sep))
	}
	for _, opt := range c.Options {
		switch {
		case opt.Name == "k":
			k, ok := parseKey(opt.Value)
			if strings.HasPrefix(opt.Value, "0") {
				return c.Die(2, "field number is zero: invalid field specification %s", c.Quote(opt.Value))
			}
			if !ok {
				return c.Die(2, "invalid number at field start: invalid count at start of %s", c.Quote(opt.Value))
			}
			o.keys = append(o.keys, k)
		case len(opt.Name) == 1 && strings.Contains("bdfgiMhnRrV", opt.Name):
			o.flags += opt.Name
		case opt.Name == "sort":
			words := map[string]string{"numeric": "n", "general-numeric": "g", "human-numeric": "h", "month": "M", "version": "V", "random": "R"}
			o.flags += words[opt.Value]
		}
	}
	o.reverse = strings.Contains(o.flags, "r")
	for i := range o.keys {
		if o.keys[i].flags == "" {
			o.keys[i].flags = o.flags
		}
	}
	end := delimiter(c)
	names := c.Operands
	if len(names) == 0 {
		names = []string{"-"}
	}
	var list []string
	total := 0
	for _, name := range names {
		data, err := c.ReadAll(name)
		if total += len(data); total > unix.Memory {
			return c.Die(2, "memory exhausted")
		}
		if err != nil {
			if c.Busybox {
				return c.Die(2, "%s: %s", name, unix.Message(err))
			}
			verb := "cannot read"
			if !c.FS.Exists(name) || c.FS.Access(name, 4) != nil {
				verb = "cannot read"
			} else {
				verb = "read failed"
			}
			return c.Die(2, "%s: %s: %s", verb, name, unix.Message(err))
		}
		if len(data) > 0 {
			list = append(list, strings.Split(strings.TrimSuffix(string(data), string(end)), string(end))...)
		}
	}
	if c.Has("c", "C", "check") {
		return checkOrder(c, o, list)
	}
	if strings.Contains(o.flags, "R") {
		rand.New(rand.NewSource(1)).Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	} else {
		slices.SortStableFunc(list, o.compare)
	}
	if c.Has("u") {
		list = slices.CompactFunc(list, func(a, b string) bool { return o.byKeys(a, b) == 0 })
	}
	if file, ok := c.Lookup("o"); ok {
		var b bytes.Buffer
		for _, line := range list {
			b.WriteString(line + string(end))
		}
		if err := c.FS.WriteFile(file, b.Bytes(), 0o666); err != nil {
			return c.Die(2, "open failed: %s: %s", file, unix.Message(err))
		}
		return 0
	}
	for _, line := range list {
		if c.Stopped() {
			break
		}
		c.Print(line + string(end))
	}
	return c.Status
}

func checkOrder(c *unix.Cmd, o *ordering, list []string) int {
	for i := 1; i < len(list); i++ {
		if d := o.compare(list[i-1], list[i]); d > 0 || d == 0 && c.Has("u") {
			if !c.Has("C") {
				name := "-"
				if len(c.Operands) > 0 {
					name = c.Operands[0]
				}
				c.Say("%s:%d: disorder: %s", name, i+1, list[i])
			}
			return 1
		}
	}
	return 0
}

func uniq(c *unix.Cmd) int {
	input := "-"
	if len(c.Operands) > 0 {
		input = c.Operands[0]
	}
	r, err := c.Open(input)
	if err != nil {
		c.CannotRead(input, err)
		return 1
	}
	defer r.Close()
	var out io.Writer = c.Out
	if len(c.Operands) > 1 {
		f, err := c.FS.Open(c.Operands[1], vfs.Write|vfs.Create|vfs.Truncate, 0o666)
		if err != nil {
			return c.Die(1, "%s: %s", c.Operands[1], unix.Message(err))
		}
		defer f.Close()
		out = f
	}
	number := func(name string) int { n, _ := strconv.Atoi(c.Value(name)); return n }
	fields, chars, width := number("f"), number("s"), number("w")
	key := func(line string) string {
		line = line[fieldAt(line, "", fields+1):]
		line = line[min(chars, len(line)):]
		if c.Has("w") {
			line = line[:min(width, len(line))]
		}
		if c.Has("i") {
			line = strings.ToUpper(line)
		}
		return line
	}
	end := string(delimiter(c))
	count, first, prev := 0, "", ""
	var group []string
	flush := func() {
		switch {
		case count == 0, c.Has("d", "D") && count == 1, c.Has("u") && count > 1:
		case c.Has("c"):
			io.WriteString(out, strings.Repeat(" ", max(0, 7-len(strconv.Itoa(count))))+strconv.Itoa(count)+" "+first+end)
		case c.Has("D", "all-repeated"):
			for _, line := range group {
				io.WriteString(out, line+end)
			}
		default:
			io.WriteString(out, first+end)
		}
	}
	lines := unix.NewLines(r, end[0])
	for {
		line, _, ok := lines.Next()
		if !ok || c.Stopped() {
			break
		}
		k := key(string(line))
		if count > 0 && k == prev {
			count++
		} else {
			flush()
			count, first, prev, group = 1, string(line), k, nil
		}
		if c.Has("D") && len(group) < 1<<16 {
			group = append(group, string(line))
		}
	}
	flush()
	if err := lines.Err(); err != nil {
		c.CannotRead(input, err)
	}
	return c.Status
}

// pair reads the two inputs of comm and join.
func pair(c *unix.Cmd) (a, b []string, ok bool) {
	switch n := len(c.Operands); {
	case n == 0:
		c.Usage("missing operand")
		return nil, nil, false
	case n == 1:
		c.Usage("missing operand after %s", c.Quote(c.Operands[0]))
		return nil, nil, false
	case n > 2:
		c.Usage("extra operand %s", c.Quote(c.Operands[2]))
		return nil, nil, false
	}
	var lists [2][]string
	for i, name := range c.Operands {
		data, err := c.ReadAll(name)
		if err != nil {
			c.CannotRead(name, err)
			return nil, nil, false
		}
		if len(data) > 0 {
			lists[i] = strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
		}
	}
	return lists[0], lists[1], true
}

func comm(c *unix.Cmd) int {
	a, b, ok := pair(c)
	if !ok {
		return 1
	}
	sep := "\t"
	if s, ok := c.Lookup("output-delimiter"); ok {
		sep = s
	}
	column := func(n int, line string) {
		if c.Has(strconv.Itoa(n)) {
			return
		}
		for i := 1; i < n; i++ {
			if !c.Has(strconv.Itoa(i)) {
				c.Print(sep)
			}
		}
		c.Print(line + "\n")
	}
	for len(a) > 0 || len(b) > 0 {
		switch {
		case len(b) == 0 || len(a) > 0 && a[0] < b[0]:
			column(1, a[0])
			a = a[1:]
		case len(a) == 0 || b[0] < a[0]:
			column(2, b[0])
			b = b[1:]
		default:
			column(3, a[0])
			a, b = a[1:], b[1:]
		}
	}
	return 0
}

func join(c *unix.Cmd) int {
	a, b, ok := pair(c)
	if !ok {
		return 1
	}
	field := func(name string) int {
		n := 1
		for _, o := range c.Options {
			if o.Name == "j" || o.Name == name {
				n, _ = strconv.Atoi(o.Value)
			}
		}
		return max(n, 1) - 1
	}
	f1, f2 := field("1"), field("2")
	sep := " "
	if s, ok := c.Lookup("t"); ok {
		sep = s
	}
	split := func(line string) []string {
		if c.Has("t") {
			return strings.Split(line, sep)
		}
		return strings.Fields(line)
	}
	key := func(f []string, n int) string {
		if n < len(f) {
			return f[n]
		}
		return ""
	}
	without := func(f []string, n int) []string {
		if n >= len(f) {
			return f
		}
		return slices.Delete(slices.Clone(f), n, n+1)
	}
	emit := func(k string, x, y []string) {
		out := []string{}
		if format, ok := c.Lookup("o"); ok && format != "auto" {
			for _, w := range strings.FieldsFunc(format, func(r rune) bool { return r == ',' || r == ' ' }) {
				side, number, _ := strings.Cut(w, ".")
				n, _ := strconv.Atoi(number)
				v := ""
				switch {
				case w == "0":
					v = k
				case side == "1" && n > 0:
					v = key(x, n-1)
				case side == "2" && n > 0:
					v = key(y, n-1)
				}
				if v == "" {
					v = c.Value("e")
				}
				out = append(out, v)
			}
		} else {
			out = append(append(append(out, k), without(x, f1)...), without(y, f2)...)
		}
		c.Print(strings.Join(out, sep) + "\n")
	}
	shown := func(side string) bool { return slices.Contains(append(c.Values("a"), c.Values("v")...), side) }
	for len(a) > 0 || len(b) > 0 {
		var x, y []string
		if len(a) > 0 {
			x = split(a[0])
		}
		if len(b) > 0 {
			y = split(b[0])
		}
		kx, ky := key(x, f1), key(y, f2)
		switch {
		case len(b) == 0 || len(a) > 0 && kx < ky:
			if shown("1") {
				emit(kx, x, nil)
			}
			a = a[1:]
		case len(a) == 0 || ky < kx:
			if shown("2") {
				emit(ky, nil, y)
			}
			b = b[1:]
		default:
			n := 0
			for n < len(b) && key(split(b[n]), f2) == kx {
				if !c.Has("v") {
					emit(kx, x, split(b[n]))
				}
				n++
			}
			a = a[1:]
			if len(a) == 0 || key(split(a[0]), f1) != kx {
				b = b[n:]
			}
		}
	}
	return 0
}

func shuf(c *unix.Cmd) int {
	var list []string
	switch {
	case c.Has("e"):
		list = c.Operands
	case c.Has("i"):
		low, high, _ := strings.Cut(c.Value("i"), "-")
		a, err1 := strconv.Atoi(low)
		b, err2 := strconv.Atoi(high)
		if err1 != nil || err2 != nil || b < a || b-a > 1<<20 {
			return c.Die(1, "invalid input range: %s", c.Quote(c.Value("i")))
		}
		for ; a <= b; a++ {
			list = append(list, strconv.Itoa(a))
		}
	default:
		name := "-"
		if len(c.Operands) > 0 {
			name = c.Operands[0]
		}
		data, err := c.ReadAll(name)
		if err != nil {
			c.CannotRead(name, err)
			return 1
		}
		if len(data) > 0 {
			list = strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
		}
	}
	list = slices.Clone(list)
	rand.New(rand.NewSource(c.FS.Now())).Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	if n, err := strconv.Atoi(c.Value("n")); err == nil && n >= 0 {
		list = list[:min(n, len(list))]
	}
	for _, line := range list {
		c.Print(line + "\n")
	}
	return c.Status
}

func tsort(c *unix.Cmd) int {
	name := "-"
	if len(c.Operands) > 0 {
		name = c.Operands[0]
	}
	data, err := c.ReadAll(name)
	if err != nil {
		c.CannotRead(name, err)
		return 1
	}
	words := strings.Fields(string(data))
	if len(words)%2 != 0 {
		return c.Die(1, "%s: input contains an odd number of tokens", name)
	}
	waits, after := map[string]int{}, map[string][]string{}
	var order []string
	for i := 0; i+1 < len(words); i += 2 {
		for _, w := range words[i : i+2] {
			if _, ok := waits[w]; !ok {
				waits[w] = 0
				order = append(order, w)
			}
		}
		if words[i] != words[i+1] {
			waits[words[i+1]]++
			after[words[i]] = append(after[words[i]], words[i+1])
		}
	}
	var ready []string
	for _, w := range order {
		if waits[w] == 0 {
			ready = append(ready, w)
		}
	}
	done := 0
	for ; len(ready) > 0; done++ {
		w := ready[0]
		ready = ready[1:]
		c.Print(w + "\n")
		for _, next := range after[w] {
			if waits[next]--; waits[next] == 0 {
				ready = append(ready, next)
			}
		}
	}
	if done < len(order) {
		return c.Die(1, "%s: input contains a loop:", name)
	}
	return 0
}
