package textutils

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"drydock/grader/tool/getopt"
	"drydock/grader/tool/unix"
)

var comparing = []unix.Command{
	{Name: "diff", Fail: 2, Suite: "GNU diffutils", Named: true, Args: "[OPTION]... FILES", Run: diff, Spec: getopt.Spec{Short: "abBcC:dEiNqrstuU:wy",
		Long: "brief/q unified? recursive/r new-file/N report-identical-files/s ignore-case/i ignore-all-space/w ignore-space-change/b " +
			"ignore-blank-lines/B text/a label: color? strip-trailing-cr exclude: minimal/d side-by-side/y"}},
	{Name: "cmp", Fail: 2, Suite: "GNU diffutils", Named: true, Args: "[OPTION]... FILE1 [FILE2 [SKIP1 [SKIP2]]]", Run: cmp, Spec: getopt.Spec{Short: "bi:ln:s",
		Long: "print-bytes/b ignore-initial/i verbose/l bytes/n quiet/s silent/s"}},
	{Name: "strings", Suite: "GNU Binutils", Args: "[option(s)] [file(s)]", Run: stringsOf, Spec: getopt.Spec{Short: "afn:t:", Long: "all/a bytes/n"}},
}

func cmp(c *unix.Cmd) int {
	if len(c.Operands) == 0 {
		return c.Usage("missing operand after '%s'", c.Prog())
	}
	names := []string{c.Operands[0], "-"}
	if len(c.Operands) > 1 {
		names[1] = c.Operands[1]
	}
	var data [2][]byte
	for i, name := range names {
		b, err := c.ReadAll(name)
		if err != nil {
			if !c.Has("s") {
				c.Warn("%s: %s", name, unix.Message(err))
			}
			return 2
		}
		data[i] = b
	}
	line := 1
	for i := range min(len(data[0]), len(data[1])) {
		if data[0][i] != data[1][i] {
			if !c.Has("s") {
				c.Printf("%s %s differ: char %d, line %d\n", names[0], names[1], i+1, line)
			}
			return 1
		}
		if data[0][i] == '\n' {
			line++
		}
	}
	if len(data[0]) == len(data[1]) {
		return 0
	}
	short := 0
	if len(data[1]) < len(data[0]) {
		short = 1
	}
	switch {
	case c.Has("s"):
	case c.Busybox:
		c.Say("EOF on %s", names[short])
	case len(data[short]) == 0:
		c.Say("EOF on %s which is empty", names[short])
	case bytes.HasSuffix(data[short], []byte("\n")):
		c.Say("EOF on %s after byte %d, line %d", names[short], len(data[short]), line-1)
	default:
		c.Say("EOF on %s after byte %d, in line %d", names[short], len(data[short]), line)
	}
	return 1
}

func diff(c *unix.Cmd) int {
	switch n := len(c.Operands); {
	case n == 0:
		return c.Usage("missing operand after '%s'", c.Prog())
	case n == 1:
		return c.Usage("missing operand after '%s'", c.Operands[0])
	case n > 2:
		return c.Usage("extra operand '%s'", c.Operands[2])
	}
	a, b := c.Operands[0], c.Operands[1]
	dirA, dirB := c.FS.IsDir(a), c.FS.IsDir(b)
	switch {
	case dirA && dirB:
		return compareDirs(c, a, b, "")
	case dirA:
		a = strings.TrimRight(a, "/") + "/" + b[strings.LastIndexByte(b, '/')+1:]
	case dirB:
		b = strings.TrimRight(b, "/") + "/" + a[strings.LastIndexByte(a, '/')+1:]
	}
	return compareFiles(c, a, b, "")
}

func compareDirs(c *unix.Cmd, a, b, options string) int {
	left, err1 := c.FS.ReadDir(a)
	right, err2 := c.FS.ReadDir(b)
	if err1 != nil || err2 != nil {
		return c.Die(2, "%s: Permission denied", a)
	}
	status := 0
	for len(left) > 0 || len(right) > 0 {
		if c.Stopped() {
			break
		}
		switch {
		case len(right) == 0 || len(left) > 0 && left[0] < right[0]:
			c.Printf("Only in %s: %s\n", a, left[0])
			left, status = left[1:], max(status, 1)
		case len(left) == 0 || right[0] < left[0]:
			c.Printf("Only in %s: %s\n", b, right[0])
			right, status = right[1:], max(status, 1)
		default:
			p, q := a+"/"+left[0], b+"/"+right[0]
			left, right = left[1:], right[1:]
			switch dirP, dirQ := c.FS.IsDir(p), c.FS.IsDir(q); {
			case dirP && dirQ && c.Has("r"):
				status = max(status, compareDirs(c, p, q, options))
			case dirP && dirQ:
				c.Printf("Common subdirectories: %s and %s\n", p, q)
			case dirP != dirQ:
				kind := map[bool]string{true: "directory", false: "regular file"}
				c.Printf("File %s is a %s while file %s is a %s\n", p, kind[dirP], q, kind[dirQ])
				status = max(status, 1)
			default:
				heading := ""
				for _, o := range c.Options {
					heading += " -" + o.Name
				}
				status = max(status, compareFiles(c, p, q, "diff"+heading+" "+p+" "+q+"\n"))
			}
		}
	}
	return status
}

func compareFiles(c *unix.Cmd, a, b, heading string) int {
	var text [2]string
	for i, name := range []string{a, b} {
		data, err := c.ReadAll(name)
		if err != nil && !(c.Has("N") && !c.FS.Exists(name)) {
			if c.Busybox {
				c.Warn("can't stat '%s': %s", name, unix.Message(err))
			} else {
				c.Warn("%s: %s", name, unix.Message(err))
			}
			return 2
		}
		text[i] = string(data)
	}
	if text[0] == text[1] {
		if c.Has("s") {
			c.Printf("Files %s and %s are identical\n", a, b)
		}
		return 0
	}
	if c.Has("q") {
		c.Printf("Files %s and %s differ\n", a, b)
		return 1
	}
	if strings.ContainsRune(text[0]+text[1], 0) && !c.Has("a") {
		c.Printf("Binary files %s and %s differ\n", a, b)
		return 1
	}
	d := newScript(lines(text[0]), lines(text[1]), func(s string) string { return normal(c, s) })
	if len(d.changes) == 0 {
		return 0
	}
	c.Print(heading)
	if c.Has("u", "U", "unified") || c.Busybox {
		stamp := func(name string) string {
			if n, err := c.FS.Stat(name); err == nil && name != "-" {
				return unix.Strftime("%Y-%m-%d %H:%M:%S.%N %z", unix.Time(n.ModTime))
			}
			return unix.Strftime("%Y-%m-%d %H:%M:%S.%N %z", unix.Time(c.FS.Now()))
		}
		for i, name := range []string{a, b} {
			label := name + "\t" + stamp(name)
			if c.Busybox {
				label = name
			}
			if labels := c.Values("label"); i < len(labels) {
				label = labels[i]
			}
			c.Printf("%s %s\n", []string{"---", "+++"}[i], label)
		}
		d.unified(c.Out, 3)
		return 1
	}
	d.normal(c.Out)
	return 1
}

// normal is a line as it is compared.
func normal(c *unix.Cmd, s string) string {
	if c.Has("i") {
		s = strings.ToLower(s)
	}
	if c.Has("w") {
		s = strings.Join(strings.Fields(s), "")
	} else if c.Has("b") {
		s = strings.Join(strings.Fields(s), " ")
	}
	return s
}

// lines keeps the ends, so that a missing last one shows.
func lines(s string) []string {
	list := strings.SplitAfter(s, "\n")
	if list[len(list)-1] == "" {
		list = list[:len(list)-1]
	}
	return list
}

// change replaces a[from:to] by b[start:end].
type change struct{ from, to, start, end int }

type script struct {
	a, b    []string
	changes []change
}

// newScript finds what to change with a table of common subsequences between the common start and end. Very large differences are
// one change.
func newScript(a, b []string, key func(string) string) *script {
	d := &script{a: a, b: b}
	x, y := make([]string, len(a)), make([]string, len(b))
	for i := range a {
		x[i] = key(a[i])
	}
	for i := range b {
		y[i] = key(b[i])
	}
	head := 0
	for head < len(x) && head < len(y) && x[head] == y[head] {
		head++
	}
	n, m := len(x), len(y)
	for n > head && m > head && x[n-1] == y[m-1] {
		n, m = n-1, m-1
	}
	if n == head && m == head {
		return d
	}
	if (n-head)*(m-head) > 4<<20 {
		d.changes = []change{{head, n, head, m}}
		return d
	}
	width := m - head + 1
	table := make([]int32, (n-head+1)*width)
	for i := n - head - 1; i >= 0; i-- {
		for j := m - head - 1; j >= 0; j-- {
			if x[head+i] == y[head+j] {
				table[i*width+j] = table[(i+1)*width+j+1] + 1
			} else {
				table[i*width+j] = max(table[(i+1)*width+j], table[i*width+j+1])
			}
		}
	}
	i, j := head, head
	for i < n || j < m {
		if i < n && j < m && x[i] == y[j] {
			i, j = i+1, j+1
			continue
		}
		ch := change{i, i, j, j}
		for (i < n || j < m) && !(i < n && j < m && x[i] == y[j]) {
			if j == m || i < n && table[(i-head+1)*width+j-head] >= table[(i-head)*width+j-head+1] {
				i++
			} else {
				j++
			}
		}
		ch.to, ch.end = i, j
		d.changes = append(d.changes, ch)
	}
	return d
}

func put(w io.Writer, prefix, line string) {
	io.WriteString(w, prefix+line)
	if !strings.HasSuffix(line, "\n") {
		io.WriteString(w, "\n\\ No newline at end of file\n")
	}
}

func span(from, to int) string {
	if to-from <= 1 {
		return fmt.Sprint(to)
	}
	return fmt.Sprintf("%d,%d", from+1, to)
}

func (d *script) normal(w io.Writer) {
	for _, c := range d.changes {
		op := "c"
		switch {
		case c.from == c.to:
			op = "a"
		case c.start == c.end:
			op = "d"
		}
		fmt.Fprintf(w, "%s%s%s\n", span(c.from, c.to), op, span(c.start, c.end))
		for _, line := range d.a[c.from:c.to] {
			put(w, "< ", line)
		}
		if op == "c" {
			io.WriteString(w, "---\n")
		}
		for _, line := range d.b[c.start:c.end] {
			put(w, "> ", line)
		}
	}
}

func (d *script) unified(w io.Writer, context int) {
	for i := 0; i < len(d.changes); {
		last := i
		for last+1 < len(d.changes) && d.changes[last+1].from-d.changes[last].to <= 2*context {
			last++
		}
		from, to := max(0, d.changes[i].from-context), min(len(d.a), d.changes[last].to+context)
		start := d.changes[i].start - (d.changes[i].from - from)
		end := d.changes[last].end + (to - d.changes[last].to)
		fmt.Fprintf(w, "@@ -%s +%s @@\n", hunk(from, to), hunk(start, end))
		at := from
		for _, c := range d.changes[i : last+1] {
			for ; at < c.from; at++ {
				put(w, " ", d.a[at])
			}
			for ; at < c.to; at++ {
				put(w, "-", d.a[at])
			}
			for _, line := range d.b[c.start:c.end] {
				put(w, "+", line)
			}
		}
		for ; at < to; at++ {
			put(w, " ", d.a[at])
		}
		i = last + 1
	}
}

func hunk(from, to int) string {
	switch to - from {
	case 0:
		return fmt.Sprintf("%d,0", from)
	case 1:
		return fmt.Sprint(from + 1)
	}
	return fmt.Sprintf("%d,%d", from+1, to-from)
}

// stringsOf prints the runs of printable characters.
func stringsOf(c *unix.Cmd) int {
	least := 4
	if _, err := fmt.Sscanf(c.Value("n"), "%d", &least); err != nil || least < 1 {
		least = 4
	}
	c.Each(func(_ string, r io.Reader) error {
		data, err := unix.ReadAll(r)
		if err != nil {
			return err
		}
		for _, run := range bytes.FieldsFunc(data, func(r rune) bool { return r != '\t' && (r < ' ' || r > '~') }) {
			if len(run) >= least {
				c.Print(string(run) + "\n")
			}
		}
		return nil
	})
	return c.Status
}
