package python

import (
	"path"
	"regexp"
	"strconv"
	"strings"

	"drydock/grader/vfs"
)

// value is what an expression is known to give.
type value struct {
	text  string
	known bool
}

func (v value) isNumber() bool { _, err := strconv.Atoi(v.text); return err == nil }

// program is a main module being run: the little of the language that decides whether it starts.
type program struct {
	*interp
	file string
	args []string
	vars map[string]value
}

var (
	assignRE = regexp.MustCompile(`^([A-Za-z_]\w*)\s*(?::[^=]+)?=\s*([^=].*)$`)
	envRE    = regexp.MustCompile(`^os\.environ\[\s*(.+?)\s*\]$`)
	openRE   = regexp.MustCompile(`\bopen\(`)
	exitRE   = regexp.MustCompile(`^(?:sys\.exit|exit|quit|raise SystemExit)\s*\((.*)\)$`)
	readRE   = regexp.MustCompile(`\.(read_text|read_bytes|open)\(`)
	identRE  = regexp.MustCompile(`^[A-Za-z_]\w*$`)
)

// statement runs what is understood of one statement. soft: it may not be reached.
func (p *program) statement(s string, soft bool) (*raised, int) {
	if m := assignRE.FindStringSubmatch(s); m != nil {
		if e := p.effects(m[2], soft); e != nil {
			return e, 0
		}
		v := p.eval(m[2], 0)
		if !soft || v.known {
			p.vars[m[1]] = v
		}
		return nil, 0
	}
	if soft {
		return nil, 0
	}
	if m := exitRE.FindStringSubmatch(s); m != nil {
		if m[1] == "" {
			return nil, exitBase
		}
		v := p.eval(m[1], 0)
		if n, err := strconv.Atoi(v.text); err == nil && v.known {
			return nil, exitBase + n&0xff
		}
		if v.known && v.text != "None" {
			p.Errorf("%s", v.text)
			return nil, exitBase + 1
		}
		return nil, exitBase
	}
	if strings.HasPrefix(s, "raise ") {
		kind, rest, _ := strings.Cut(strings.TrimPrefix(s, "raise "), "(")
		v := p.eval(strings.TrimSuffix(rest, ")"), 0)
		return &raised{kind: kind, text: v.text}, 0
	}
	if rest, ok := strings.CutPrefix(s, "print("); ok && strings.HasSuffix(rest, ")") {
		if e := p.effects(s, false); e != nil {
			return e, 0
		}
		args, _ := arguments("(" + rest)
		var parts []string
		out := p.Stdout
		for _, a := range args {
			name, v, isKey := strings.Cut(a, "=")
			if isKey && identRE.MatchString(strings.TrimSpace(name)) && !strings.HasPrefix(v, "=") {
				if strings.TrimSpace(name) == "file" && strings.Contains(v, "stderr") {
					out = p.Stderr
				}
				continue
			}
			x := p.eval(a, 0)
			if !x.known {
				return nil, 0
			}
			parts = append(parts, x.text)
		}
		out.Write([]byte(strings.Join(parts, " ") + "\n"))
		return nil, 0
	}
	return p.effects(s, soft), 0
}

// effects finds in a statement what may fail: files that are opened, variables of the environment that must be set.
func (p *program) effects(s string, soft bool) *raised {
	if soft {
		return nil
	}
	for _, at := range openRE.FindAllStringIndex(s, 10) {
		if at[0] > 0 && s[at[0]-1] == '.' {
			continue
		}
		args, _ := arguments(s[at[1]-1:])
		if len(args) == 0 {
			continue
		}
		mode := "r"
		for _, a := range args[1:] {
			if v, ok := unquote(strings.TrimPrefix(strings.ReplaceAll(a, " ", ""), "mode=")); ok && len(v) <= 3 {
				mode = v
			}
		}
		if v := p.eval(args[0], 0); v.known {
			if e := p.open(v.text, mode); e != nil {
				return e
			}
		}
	}
	for _, at := range readRE.FindAllStringIndex(s, 10) {
		if v := p.eval(before(s, at[0]), 0); v.known && v.text != "" {
			mode := "r"
			if args, _ := arguments(s[at[1]-1:]); len(args) > 0 && strings.Contains(s[at[0]:at[1]], "open") {
				if m, ok := unquote(args[0]); ok {
					mode = m
				}
			}
			if e := p.open(v.text, mode); e != nil {
				return e
			}
		}
	}
	for i := 0; ; {
		k := strings.Index(s[i:], "os.environ[")
		if k < 0 {
			break
		}
		args, end := arguments(s[i+k+len("os.environ"):])
		if end == 0 {
			break
		}
		rest := strings.TrimSpace(s[min(i+k+len("os.environ")+end, len(s)):])
		if len(args) == 1 && !(strings.HasPrefix(rest, "=") && !strings.HasPrefix(rest, "==")) {
			if v := p.eval(args[0], 0); v.known {
				if _, ok := p.Env.Lookup(v.text); !ok {
					return (&raised{kind: "KeyError", text: "'" + v.text + "'"}).at(frame{"<frozen os>", 0, "__getitem__", ""}).without()
				}
			}
		}
		i += k + len("os.environ") + max(end, 1)
	}
	return nil
}

// without drops the frames gathered so far.
func (e *raised) without() *raised { e.frames = nil; return e }

// open opens a file as the program would.
func (p *program) open(name, mode string) *raised {
	var err error
	if strings.ContainsAny(mode, "wax") {
		f, e := p.FS.Open(name, vfs.Write|vfs.Create|vfs.Append, 0o666)
		if err = e; e == nil {
			f.Close()
		}
	} else {
		_, err = p.FS.Content(name)
		if err == nil && len(p.loaded) < 500 {
			p.loaded = append(p.loaded, p.FS.Abs(name))
		}
	}
	if err == nil {
		return nil
	}
	kind := map[int]string{2: "FileNotFoundError", 13: "PermissionError", 21: "IsADirectoryError", 20: "NotADirectoryError"}[errno(err)]
	return &raised{kind: or(kind, "OSError"), text: "[Errno " + strconv.Itoa(errno(err)) + "] " + vfs.Message(err) + ": '" + name + "'"}
}

// before returns the expression that ends at position i of s: a name, call or bracket with what is chained to it.
func before(s string, i int) string {
	depth := 0
	k := i
	for k > 0 {
		ch := s[k-1]
		if strings.IndexByte(")]", ch) >= 0 {
			depth++
		} else if strings.IndexByte("([", ch) >= 0 {
			if depth == 0 {
				break
			}
			depth--
		} else if depth == 0 && !(ch == '.' || ch == '_' || ch >= '0' && ch <= '9' || ch >= 'a' && ch <= 'z' || ch >= 'A' && ch <= 'Z') {
			break
		}
		k--
	}
	return s[k:i]
}

// arguments splits what stands in the bracket that s begins with at its commas, and returns where the bracket ends.
func arguments(s string) (out []string, end int) {
	if s == "" || strings.IndexByte("([{", s[0]) < 0 {
		return nil, 0
	}
	depth, from := 0, 1
	for i := 0; i < len(s); i++ {
		switch ch := s[i]; {
		case ch == '"' || ch == '\'':
			e, _, _ := skipString(s, i)
			i = e - 1
		case strings.IndexByte("([{", ch) >= 0:
			depth++
		case strings.IndexByte(")]}", ch) >= 0:
			depth--
			if depth == 0 {
				if last := strings.TrimSpace(s[from:i]); last != "" {
					out = append(out, last)
				}
				return out, i + 1
			}
		case ch == ',' && depth == 1:
			out = append(out, strings.TrimSpace(s[from:i]))
			from = i + 1
		}
	}
	return out, len(s)
}

// split cuts s at an operator that stands outside of brackets and strings.
func split(s, op string) []string {
	var out []string
	depth, from := 0, 0
	for i := 0; i < len(s); i++ {
		switch ch := s[i]; {
		case ch == '"' || ch == '\'':
			e, _, _ := skipString(s, i)
			i = e - 1
		case strings.IndexByte("([{", ch) >= 0:
			depth++
		case strings.IndexByte(")]}", ch) >= 0:
			depth--
		case depth == 0 && strings.HasPrefix(s[i:], op):
			out = append(out, strings.TrimSpace(s[from:i]))
			i += len(op) - 1
			from = i + 1
		}
	}
	return append(out, strings.TrimSpace(s[from:]))
}

// maxText bounds a text that is computed.
const maxText = 64 << 10

// eval evaluates strings, numbers, paths and variables of the environment. What grows beyond maxText is not known.
func (p *program) eval(e string, depth int) value {
	v := p.evaluate(e, depth)
	if len(v.text) > maxText {
		return value{}
	}
	return v
}

func (p *program) evaluate(e string, depth int) value {
	e = strings.TrimSpace(e)
	if depth > 12 || e == "" || len(e) > 4096 {
		return value{}
	}
	if s, ok := unquote(e); ok {
		return value{s, true}
	}
	if e[0] == 'f' || e[0] == 'F' {
		if s, ok := unquote(e[1:]); ok {
			return p.format(s, depth)
		}
	}
	if _, err := strconv.Atoi(e); err == nil {
		return value{e, true}
	}
	if parts := split(e, " or "); len(parts) > 1 {
		for _, x := range parts {
			if v := p.eval(x, depth+1); v.known && v.text != "" && v.text != "None" {
				return v
			}
		}
		return value{}
	}
	for _, op := range []string{" / ", "+"} {
		if parts := split(e, op); len(parts) > 1 {
			out := ""
			for i, x := range parts {
				v := p.eval(x, depth+1)
				if !v.known {
					return value{}
				}
				switch {
				case i == 0:
					out = v.text
				case op == "+":
					a, err1 := strconv.Atoi(out)
					b, err2 := strconv.Atoi(v.text)
					if err1 == nil && err2 == nil {
						out = strconv.Itoa(a + b)
					} else {
						out += v.text
					}
				case path.IsAbs(v.text):
					out = v.text
				default:
					out = path.Join(out, v.text)
				}
			}
			return value{out, true}
		}
	}
	if identRE.MatchString(e) {
		return p.vars[e]
	}
	if e[0] == '(' {
		if args, end := arguments(e); end == len(e) && len(args) == 1 {
			return p.eval(args[0], depth+1)
		}
		if _, end := arguments(e); end == len(e) {
			return value{e, true}
		}
	}
	if m := envRE.FindStringSubmatch(e); m != nil {
		v, ok := p.Env.Lookup(p.eval(m[1], depth+1).text)
		return value{v, ok}
	}
	if v, ok := p.chained(e, depth); ok {
		return v
	}
	return p.call(e, depth)
}

// format fills in an f-string.
func (p *program) format(s string, depth int) value {
	var b strings.Builder
	for {
		i := strings.IndexByte(s, '{')
		if i < 0 {
			return value{b.String() + s, true}
		}
		k := strings.IndexByte(s[i:], '}')
		if k < 0 {
			return value{}
		}
		expr, _, _ := strings.Cut(s[i+1:i+k], "!")
		v := p.eval(expr, depth+1)
		if !v.known {
			return value{}
		}
		b.WriteString(s[:i] + v.text)
		s = s[i+k+1:]
	}
}

// chained evaluates the attributes and methods of paths.
func (p *program) chained(e string, depth int) (value, bool) {
	for _, suffix := range []string{".parent", ".resolve()", ".absolute()", ".strip()", ".read_text()", ".read()"} {
		head, ok := strings.CutSuffix(e, suffix)
		if !ok {
			continue
		}
		v := p.eval(head, depth+1)
		if !v.known {
			return v, true
		}
		switch suffix {
		case ".parent":
			v.text = path.Dir(v.text)
		case ".resolve()", ".absolute()":
			v.text = p.FS.Abs(v.text)
		case ".strip()":
			v.text = strings.TrimSpace(v.text)
		case ".read_text()":
			data, err := p.FS.ReadFile(v.text)
			return value{string(data), err == nil && len(data) < 1<<16}, true
		case ".read()":
			rest, isOpen := strings.CutPrefix(head, "open")
			args, _ := arguments(rest)
			if !isOpen || len(args) == 0 {
				return value{}, true
			}
			data, err := p.FS.ReadFile(p.eval(args[0], depth+1).text)
			return value{string(data), err == nil && len(data) < 1<<16}, true
		}
		return v, true
	}
	for _, method := range []string{".with_name(", ".joinpath("} {
		if i := strings.LastIndex(e, method); i > 0 && strings.HasSuffix(e, ")") {
			base := p.eval(e[:i], depth+1)
			args, _ := arguments(e[i+len(method)-1:])
			if !base.known || len(args) == 0 {
				return value{}, true
			}
			if method == ".with_name(" {
				base.text = path.Dir(base.text)
			}
			for _, a := range args {
				v := p.eval(a, depth+1)
				if !v.known {
					return v, true
				}
				base.text = path.Join(base.text, v.text)
			}
			return base, true
		}
	}
	return value{}, false
}

// call evaluates the functions that make paths, numbers and defaults.
func (p *program) call(e string, depth int) value {
	i := strings.IndexByte(e, '(')
	if i <= 0 || !strings.HasSuffix(e, ")") {
		switch e {
		case "sys.version":
			return value{p.version, true}
		case "sys.executable":
			return value{p.exe, true}
		case "sys.prefix":
			return value{p.prefix, true}
		}
		if strings.HasSuffix(e, ".__version__") {
			return value{p.distVersion(strings.TrimSuffix(e, ".__version__")), p.distVersion(strings.TrimSuffix(e, ".__version__")) != ""}
		}
		return value{}
	}
	args, end := arguments(e[i:])
	if i+end != len(e) {
		return value{}
	}
	arg := func(n int) value {
		if n < len(args) {
			return p.eval(args[n], depth+1)
		}
		return value{}
	}
	switch e[:i] {
	case "Path", "pathlib.Path", "str", "int", "os.path.abspath", "os.path.realpath", "os.fspath", "os.path.normpath":
		v := arg(0)
		if e[:i] == "int" && v.known && !v.isNumber() {
			return value{}
		}
		if strings.Contains(e[:i], "abspath") || strings.Contains(e[:i], "realpath") {
			v.text = p.FS.Abs(v.text)
		}
		return v
	case "os.path.dirname":
		v := arg(0)
		v.text = strings.TrimSuffix(path.Dir(v.text), ".")
		return v
	case "os.path.join":
		out := ""
		for n := range args {
			v := arg(n)
			if !v.known {
				return v
			}
			if path.IsAbs(v.text) {
				out = v.text
			} else {
				out = path.Join(out, v.text)
			}
		}
		return value{out, true}
	case "os.getcwd", "Path.cwd":
		return value{p.FS.Abs("."), true}
	case "os.environ.get", "os.getenv", "environ.get", "getenv", "config":
		if v, ok := p.Env.Lookup(arg(0).text); ok {
			return value{v, true}
		}
		if len(args) < 2 {
			return value{"None", e[:i] != "config"}
		}
		last := args[1]
		if k, v, ok := strings.Cut(last, "="); ok && strings.TrimSpace(k) == "default" {
			last = v
		}
		return p.eval(last, depth+1)
	}
	return value{}
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
