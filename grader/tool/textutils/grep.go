package textutils

import (
	"bytes"
	"io"
	"path"
	"strconv"
	"strings"

	"drydock/grader/tool/getopt"
	"drydock/grader/tool/regex"
	"drydock/grader/tool/unix"
	"drydock/grader/tree"
)

var grepSpec = getopt.Spec{Short: "A:aB:bC:cD:d:Ee:Ff:GHhIiLlm:noPqRrsTUuVvwxyZz",
	Long: "after-context:/A text/a before-context:/B byte-offset/b context:/C count/c color? colour? devices/D directories/d extended-regexp/E " +
		"regexp/e fixed-strings/F file/f basic-regexp/G with-filename/H no-filename/h ignore-case/i no-ignore-case files-without-match/L " +
		"files-with-matches/l max-count/m line-number/n only-matching/o perl-regexp/P quiet/q silent/q dereference-recursive/R recursive/r " +
		"no-messages/s initial-tab/T binary/U binary-files: version/V invert-match/v word-regexp/w line-regexp/x null/Z null-data/z " +
		"include: exclude: exclude-dir: exclude-from: label: line-buffered help"}

var searching = []unix.Command{
	{Name: "grep", Fail: 2, Args: "[OPTION]... PATTERNS [FILE]...", Suite: "GNU grep", Brief: true, Spec: grepSpec, Run: grep, Fix: contextArgs},
	{Name: "egrep", Fail: 2, Args: "[OPTION]... PATTERNS [FILE]...", Suite: "GNU grep", Brief: true, Spec: grepSpec, Run: grep, Fix: withFlag("-E")},
	{Name: "fgrep", Fail: 2, Args: "[OPTION]... PATTERNS [FILE]...", Suite: "GNU grep", Brief: true, Spec: grepSpec, Run: grep, Fix: withFlag("-F")},
}

func withFlag(flag string) func([]string) []string {
	return func(args []string) []string { return append([]string{flag}, contextArgs(args)...) }
}

// contextArgs turns grep -3 into -C3.
func contextArgs(args []string) []string {
	out := append([]string(nil), args...)
	for i, a := range out {
		if a == "--" {
			break
		}
		if len(a) > 1 && a[0] == '-' && strings.Trim(a[1:], "0123456789") == "" {
			if i > 0 && strings.Contains("-A-B-C-m-e-f", out[i-1]) && len(out[i-1]) == 2 {
				continue
			}
			out[i] = "-C" + a[1:]
		}
	}
	return out
}

// searcher is grep at work.
type searcher struct {
	*unix.Cmd
	res           []*regex.Regexp
	names         bool // print file names
	before, after int
	max           int
	end           byte
	found         bool
	printed       bool // something, so that groups of lines need "--" between them
}

func grep(c *unix.Cmd) int {
	s := &searcher{Cmd: c, end: '\n', max: -1}
	if c.Has("V") {
		c.Printf("%s (GNU grep) %s\n", c.Prog(), c.Program.Fact("version"))
		return 0
	}
	if c.Has("z") {
		s.end = 0
	}
	files := c.Operands
	patterns, ok := s.patterns(&files)
	if !ok {
		return 2
	}
	if !s.compile(patterns) || !s.numbers() {
		return 2
	}
	recursive := c.Has("r", "R") || c.Value("d") == "recurse"
	if len(files) == 0 {
		if recursive {
			files = []string{"."}
		} else {
			files = []string{"-"}
		}
	}
	s.names = (len(files) > 1 || recursive) && !c.Has("h") || c.Has("H") && c.Last("H", "h") == "H"
	for _, f := range files {
		if c.Stopped() || s.found && c.Has("q") {
			break
		}
		if recursive {
			s.walk(f, len(c.Operands) == 0 || f == "." && len(files) == 1 && !operand(c.Operands, "."), true)
		} else {
			s.file(f)
		}
	}
	switch {
	case s.found && c.Has("q"):
		return 0
	case c.Status != 0:
		return 2
	case s.found:
		return 0
	}
	return 1
}

func operand(list []string, name string) bool {
	for _, o := range list {
		if o == name {
			return true
		}
	}
	return false
}

// patterns collects what is searched for; the first operand is one where neither -e nor -f is given.
func (s *searcher) patterns(files *[]string) ([]string, bool) {
	var list []string
	given := false
	for _, o := range s.Options {
		switch o.Name {
		case "e":
			list = append(list, strings.Split(o.Value, "\n")...)
			given = true
		case "f":
			data, err := s.ReadAll(o.Value)
			if err != nil {
				s.Warn("%s: %s", o.Value, unix.Message(err))
				return nil, false
			}
			if len(data) > 0 {
				list = append(list, strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")...)
			}
			given = true
		}
	}
	if given {
		return list, true
	}
	if len(*files) == 0 {
		s.Usage("")
		return nil, false
	}
	list = strings.Split((*files)[0], "\n")
	*files = (*files)[1:]
	return list, true
}

func (s *searcher) compile(patterns []string) bool {
	syntax := regex.Basic
	switch s.Last("G", "E", "F", "P") {
	case "E":
		syntax = regex.Extended
	case "F":
		syntax = regex.Fixed
	case "P":
		syntax = regex.Perl
	}
	o := regex.Options{Fold: s.Has("i", "y"), Word: s.Has("w"), Line: s.Has("x")}
	for _, p := range patterns {
		re, err := regex.Compile(p, syntax, o)
		if err != nil {
			text := err.Error()
			if strings.HasPrefix(text, "Unmatched [, ") && !s.Busybox { // grep's own matcher sees it first
				text = "Invalid regular expression"
			}
			s.Warn("%s", text)
			return false
		}
		s.res = append(s.res, re)
	}
	return true
}

func (s *searcher) numbers() bool {
	for _, o := range s.Options {
		switch o.Name {
		case "A", "B", "C", "m":
			n, err := strconv.Atoi(o.Value)
			if err != nil || n < 0 && o.Name != "m" {
				if o.Name == "m" {
					s.Warn("invalid max count")
				} else {
					s.Warn("%s: invalid context length argument", o.Value)
				}
				return false
			}
			switch o.Name {
			case "A":
				s.after = n
			case "B":
				s.before = n
			case "C":
				s.before, s.after = n, n
			case "m":
				s.max = n
			}
		}
	}
	return true
}

// walk searches a folder; bare says that names are shown without its own.
func (s *searcher) walk(p string, bare, named bool) {
	n, err := s.FS.Lstat(p)
	if err == nil && n.Type == tree.Symlink && (named || s.Has("R")) {
		n, err = s.FS.Stat(p)
	}
	if p == "-" {
		s.file(p)
		return
	}
	if err != nil {
		s.complain(p, err)
		return
	}
	switch {
	case n.Type == tree.Symlink || n.Type > tree.Symlink && !named:
		return
	case !n.IsDir():
		if named || s.included(path.Base(p)) {
			s.file(p)
		}
		return
	}
	for _, pattern := range s.Values("exclude-dir") {
		if ok, _ := path.Match(strings.TrimRight(pattern, "/"), path.Base(p)); ok && !bare {
			return
		}
	}
	names, err := s.FS.ReadDir(p)
	if err != nil {
		s.complain(p, err)
		return
	}
	for _, name := range names {
		if s.Stopped() || s.found && s.Has("q") {
			return
		}
		child := strings.TrimRight(p, "/") + "/" + name
		if bare {
			child = name
		}
		s.walk(child, false, false)
	}
}

func (s *searcher) included(name string) bool {
	for _, pattern := range s.Values("exclude") {
		if ok, _ := path.Match(pattern, name); ok {
			return false
		}
	}
	include := s.Values("include")
	for _, pattern := range include {
		if ok, _ := path.Match(pattern, name); ok {
			return true
		}
	}
	return len(include) == 0
}

func (s *searcher) complain(name string, err error) {
	s.Status = 2
	if !s.Has("s") {
		s.Warn("%s: %s", name, unix.Message(err))
	}
}

func (s *searcher) file(name string) {
	if n, err := s.FS.Stat(name); err == nil && n.IsDir() {
		if s.Has("d") && s.Value("d") == "skip" {
			return
		}
		if !s.Has("s") {
			s.Warn("%s: Is a directory", name)
		}
		return
	}
	r, err := s.Open(name)
	if err != nil {
		s.complain(name, err)
		return
	}
	defer r.Close()
	shown := name
	if name == "-" {
		shown = "(standard input)"
		if label, ok := s.Lookup("label"); ok {
			shown = label
		}
	}
	count, err := s.search(shown, r)
	if err != nil && !s.Stopped() {
		s.complain(shown, err)
	}
	switch {
	case s.Has("q"):
	case s.Has("l"):
		if count > 0 {
			s.Print(shown + s.nameEnd("\n"))
		}
	case s.Has("L"):
		if count == 0 {
			s.Print(shown + s.nameEnd("\n"))
		}
	case s.Has("c"):
		if s.names {
			s.Print(shown + s.nameEnd(":"))
		}
		s.Printf("%d\n", count)
	}
}

func (s *searcher) nameEnd(end string) string {
	if s.Has("Z") {
		return "\x00"
	}
	return end
}

// search looks through one input and returns how many lines it selected.
func (s *searcher) search(name string, r io.Reader) (int, error) {
	quiet := s.Has("q", "l", "L", "c")
	lines := unix.NewLines(r, s.end)
	count, number, last, binary := 0, 0, 0, false
	var held [][]byte // lines before, for -B
	trail := 0
	for s.max < 0 || count < s.max || trail > 0 {
		line, _, ok := lines.Next()
		if !ok || s.Stopped() {
			break
		}
		number++
		if bytes.IndexByte(line, 0) >= 0 && s.end != 0 && !s.Has("a") && s.Value("binary-files") != "text" {
			binary = true
		}
		selected := (s.max < 0 || count < s.max) && s.matches(line) != s.Has("v")
		if !selected {
			if trail > 0 && !quiet && !binary {
				s.line(name, number, line, '-')
				last = number
				trail--
			} else if s.before > 0 && !quiet {
				if held = append(held, line); len(held) > s.before {
					held = held[1:]
				}
			}
			if s.max >= 0 && count >= s.max && trail == 0 {
				break
			}
			continue
		}
		count++
		s.found = true
		switch {
		case s.Has("q") || s.Has("l", "L") && !s.Has("c"):
			return count, nil
		case quiet:
			continue
		case binary && s.Has("I"):
			return 0, nil
		case binary:
			s.Out.Flush()
			if s.Busybox {
				s.Printf("Binary file %s matches\n", name)
			} else {
				s.Printf("%s: %s: binary file matches\n", s.Prog(), name)
			}
			return count, nil
		}
		if first := number - len(held); (s.before > 0 || s.after > 0) && s.printed && first > last+1 && !s.Has("o") {
			s.Print("--\n")
		}
		for i, h := range held {
			s.line(name, number-len(held)+i, h, '-')
		}
		held = nil
		s.line(name, number, line, ':')
		last, trail, s.printed = number, s.after, true
	}
	return count, lines.Err()
}

func (s *searcher) matches(line []byte) bool {
	for _, re := range s.res {
		if re.Match(line) {
			return true
		}
	}
	return false
}

// line prints a line, or with -o each part that matched.
func (s *searcher) line(name string, number int, line []byte, sep byte) {
	prefix := ""
	if s.names {
		prefix += name + s.nameEnd(string(sep))
	}
	if s.Has("n") {
		prefix += strconv.Itoa(number) + string(sep)
	}
	if !s.Has("o") {
		s.Print(prefix)
		s.Out.Write(line)
		s.Out.WriteByte(s.end)
		return
	}
	if s.Has("v") || sep == '-' {
		return
	}
	for at := 0; at <= len(line); {
		from, to := -1, -1
		for _, re := range s.res {
			for _, m := range re.FindAll(line, -1) {
				if m[0] >= at && m[1] > m[0] {
					if from < 0 || m[0] < from || m[0] == from && m[1] > to {
						from, to = m[0], m[1]
					}
					break
				}
			}
		}
		if from < 0 {
			return
		}
		s.Print(prefix)
		s.Out.Write(line[from:to])
		s.Out.WriteByte(s.end)
		at = to
	}
}
