package python

import (
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"

	"drydock/grader/catalogue/pypi"
)

// requirement is a line of a requirements file or an operand of pip.
type requirement struct {
	name   string
	extras []string
	specs  []spec
	text   string // as written, marker left out
	from   string // "(from -r requirements.txt (line 1))"
	hashes int
	url    string // of name @ url, or a local path
	edit   bool
}

// spec is one comparison of a version.
type spec struct{ op, version string }

var (
	requirementRE = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[[^\]]*\])?\s*(.*)$`)
	specRE        = regexp.MustCompile(`^(===|==|~=|!=|<=|>=|<|>)\s*([A-Za-z0-9.*+!_-]+)$`)
)

// parseRequirement reads one requirement. A marker that does not hold gives ok false without an error.
func (in *interp) parseRequirement(line string) (r requirement, ok bool, err error) {
	text, marker, hasMarker := strings.Cut(line, ";")
	if hasMarker && !in.marker(marker, "") {
		return r, false, nil
	}
	text = strings.TrimSpace(text)
	if name, url, isURL := strings.Cut(text, " @ "); isURL {
		m := requirementRE.FindStringSubmatch(name)
		if m == nil {
			return r, false, fmt.Errorf("Invalid requirement: '%s'", line)
		}
		return requirement{name: m[1], url: strings.TrimSpace(url), text: text}, true, nil
	}
	m := requirementRE.FindStringSubmatch(text)
	if m == nil || !pypi.Valid(strings.TrimRight(m[1], "-_.")) || strings.TrimRight(m[1], "-_.") != m[1] {
		return r, false, fmt.Errorf("Invalid requirement: '%s'", line)
	}
	r = requirement{name: m[1], text: strings.ReplaceAll(text, " ", "")}
	for _, x := range strings.Split(strings.Trim(m[2], "[]"), ",") {
		if x = strings.TrimSpace(x); x != "" {
			r.extras = append(r.extras, x)
		}
	}
	if rest := strings.Trim(strings.TrimSpace(m[3]), "()"); rest != "" {
		for _, part := range strings.Split(rest, ",") {
			s := specRE.FindStringSubmatch(strings.TrimSpace(part))
			if s == nil {
				return r, false, fmt.Errorf("Invalid requirement: '%s'", line)
			}
			r.specs = append(r.specs, spec{s[1], s[2]})
		}
	}
	return r, true, nil
}

var markerRE = regexp.MustCompile(`^\(*\s*([\w.]+|'[^']*'|"[^"]*")\s*(==|!=|<=|>=|<|>|~=|not in|in)\s*('[^']*'|"[^"]*"|[\w.]+)\s*\)*$`)

// marker evaluates an environment marker: comparisons joined by "and" and "or". What is not understood holds.
func (in *interp) marker(text, extra string) bool {
	for _, alt := range strings.Split(text, " or ") {
		all := true
		for _, part := range strings.Split(alt, " and ") {
			m := markerRE.FindStringSubmatch(strings.TrimSpace(part))
			if m == nil {
				continue
			}
			left, right := in.markerValue(m[1], extra), in.markerValue(m[3], extra)
			holds := true
			switch m[2] {
			case "==":
				holds = left == right
			case "!=":
				holds = left != right
			case "in":
				holds = strings.Contains(right, left)
			case "not in":
				holds = !strings.Contains(right, left)
			default:
				holds = spec{m[2], right}.holds(left)
			}
			all = all && holds
		}
		if all {
			return true
		}
	}
	return false
}

func (in *interp) markerValue(s, extra string) string {
	if len(s) > 1 && (s[0] == '"' || s[0] == '\'') {
		return s[1 : len(s)-1]
	}
	switch s {
	case "python_version":
		return "3." + strconv.Itoa(in.minor)
	case "python_full_version":
		return in.version
	case "sys_platform":
		return "linux"
	case "platform_system":
		return "Linux"
	case "os_name":
		return "posix"
	case "platform_machine":
		if in.Arch == "arm64" {
			return "aarch64"
		}
		return "x86_64"
	case "implementation_name":
		return "cpython"
	case "platform_python_implementation":
		return "CPython"
	case "extra":
		return extra
	}
	return s
}

// holds reports whether a version satisfies the comparison.
func (s spec) holds(v string) bool {
	want := s.version
	if prefix, star := strings.CutSuffix(want, ".*"); star {
		same := v == prefix || strings.HasPrefix(v, prefix+".")
		return same == (s.op != "!=")
	}
	c := compare(v, want)
	switch s.op {
	case "==", "===":
		return c == 0
	case "!=":
		return c != 0
	case "<=":
		return c <= 0
	case ">=":
		return c >= 0
	case "<":
		return c < 0
	case ">":
		return c > 0
	case "~=":
		head, _, ok := cutLast(want, ".")
		return c >= 0 && (!ok || v == head || strings.HasPrefix(v, head+"."))
	}
	return true
}

// compare orders versions by their numbers; a suffix such as rc1 sorts before the release.
func compare(a, b string) int {
	x, y := numbers(a), numbers(b)
	for i := range max(len(x), len(y)) {
		var m, n int
		if i < len(x) {
			m = x[i]
		}
		if i < len(y) {
			n = y[i]
		}
		if m != n {
			if m < n {
				return -1
			}
			return 1
		}
	}
	switch pa, pb := pre(a), pre(b); {
	case pa == pb:
		return 0
	case pa:
		return -1
	}
	return 1
}

var numberRE = regexp.MustCompile(`^\d+`)

func numbers(v string) (out []int) {
	v, _, _ = strings.Cut(v, "+")
	for _, part := range strings.Split(v, ".") {
		n, err := strconv.Atoi(numberRE.FindString(part))
		if err != nil {
			break
		}
		out = append(out, n)
	}
	return out
}

var preRE = regexp.MustCompile(`\d(a|b|rc|\.dev)\d*`)

func pre(v string) bool { return preRE.MatchString(v) }

// readRequirements reads a file of requirements, with those that it names. depth bounds that.
func (p *pipJob) readRequirements(file string, constraint bool, depth int) (out []requirement, err error) {
	if depth > 20 {
		return nil, fmt.Errorf("%s is included too deeply", file)
	}
	data, rerr := p.FS.ReadFile(file)
	if rerr != nil {
		kind := "requirements"
		return nil, fmt.Errorf("Could not open %s file: [Errno %d] %s: '%s'", kind, errno(rerr), errText(rerr), file)
	}
	text := strings.ReplaceAll(strings.ReplaceAll(string(data), "\r\n", "\n"), "\\\n", " ")
	for n, line := range strings.Split(text, "\n") {
		if i := strings.Index(line, " #"); i >= 0 {
			line = line[:i]
		}
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if strings.HasPrefix(line, "-") {
			more, err := p.optionLine(file, line, depth)
			if err != nil {
				return nil, err
			}
			out = append(out, more...)
			continue
		}
		hashes := strings.Count(line, "--hash=")
		if i := strings.Index(line, " --"); i >= 0 {
			line = strings.TrimSpace(line[:i])
		}
		if len(out) > 5000 {
			break
		}
		r, ok, err := p.operand(line)
		if err != nil {
			return nil, fmt.Errorf("%w (from line %d of %s)", err, n+1, file)
		}
		if ok {
			r.hashes, r.from = hashes, fmt.Sprintf("(from -r %s (line %d))", file, n+1)
			out = append(out, r)
		}
	}
	return out, nil
}

// optionLine reads a line of a requirements file that begins with a dash.
func (p *pipJob) optionLine(file, line string, depth int) ([]requirement, error) {
	name, value, ok := strings.Cut(line, " ")
	if !ok {
		name, value, _ = strings.Cut(line, "=")
	}
	value = strings.TrimSpace(value)
	switch name {
	case "-r", "--requirement":
		return p.readRequirements(path.Join(path.Dir(file), value), false, depth+1)
	case "-c", "--constraint":
		c, err := p.readRequirements(path.Join(path.Dir(file), value), true, depth+1)
		p.constraints = append(p.constraints, c...)
		return nil, err
	case "-e", "--editable":
		r, _, err := p.operand(value)
		r.edit = true
		return []requirement{r}, err
	case "--no-index":
		p.noIndex = true
	case "-f", "--find-links":
		p.links = append(p.links, value)
	case "--require-hashes":
		p.needHashes = true
	}
	return nil, nil
}

// operand reads what pip is asked to install: a requirement, a folder or a file.
func (p *pipJob) operand(s string) (requirement, bool, error) {
	bare, _, _ := strings.Cut(s, "[")
	if s == "." || strings.HasPrefix(s, "./") || strings.HasPrefix(s, "../") || strings.HasPrefix(s, "/") || strings.HasSuffix(s, ".whl") || strings.HasSuffix(s, ".tar.gz") || strings.HasPrefix(s, ".[") ||
		strings.HasPrefix(s, "file:") || strings.Contains(bare, "/") && !strings.Contains(s, " @ ") || strings.Contains(s, "://") && !strings.Contains(s, " @ ") {
		if bare == "" {
			bare = "."
		}
		return requirement{url: strings.TrimPrefix(bare, "file://"), text: s}, true, nil
	}
	return p.parseRequirement(s)
}
