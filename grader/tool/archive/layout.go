package archive

import (
	_ "embed"
	"path"
	"regexp"
	"strconv"
	"strings"

	"drydock/grader/tree"
)

// layouts.txt says what well-known downloads hold.
//
//go:embed layouts.txt
var layoutText string

// layoutRule is a line group of layouts.txt: a pattern of the url and the entries of the archive.
type layoutRule struct {
	url   *regexp.Regexp
	lines []string
}

var layoutRules = parseLayouts(layoutText)

func parseLayouts(text string) []layoutRule {
	var out []layoutRule
	for _, line := range strings.Split(text, "\n") {
		switch {
		case strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#"):
		case !strings.HasPrefix(line, " "):
			out = append(out, layoutRule{url: regexp.MustCompile(strings.TrimSpace(line))})
		default:
			out[len(out)-1].lines = append(out[len(out)-1].lines, strings.TrimSpace(line))
		}
	}
	return out
}

// layout composes what a declared download holds.
func layout(c *tree.Content) *tree.Node {
	url := c.Fact("url")
	root := tree.NewDir(0o755)
	for _, rule := range layoutRules {
		m := rule.url.FindStringSubmatch(url)
		if m == nil {
			continue
		}
		for _, line := range rule.lines {
			for i := len(m) - 1; i > 0; i-- {
				line = strings.ReplaceAll(line, "$"+strconv.Itoa(i), m[i])
			}
			place(root, c, line)
		}
		return root
	}
	name := path.Base(strings.SplitN(url, "?", 2)[0])
	for _, ext := range []string{".gz", ".xz", ".bz2", ".zst", ".tgz", ".zip", ".tar"} {
		name = strings.TrimSuffix(name, ext)
	}
	if name == "" || name == "." || name == "/" {
		name = "archive"
	}
	size := max(c.Size()*100/38, 1)
	root.PutAt(name+"/README.md", tree.NewFile(0o644, tree.Declared(2000, c.ID()+"!README.md", nil)))
	root.PutAt(name+"/"+firstWord(name), tree.NewFile(0o755, tree.Declared(size, c.ID()+"!rest",
		map[string]string{"elf": "static", "program": "opaque"})))
	return root
}

func firstWord(name string) string {
	if i := strings.IndexAny(name, "-_."); i > 0 {
		return name[:i]
	}
	return name
}

// place puts one line of a layout: "path mode size [key=value…]", or "path -> target".
func place(root *tree.Node, c *tree.Content, line string) {
	f := strings.Fields(line)
	if len(f) == 3 && f[1] == "->" {
		root.PutAt(f[0], tree.NewSymlink(f[2]))
		return
	}
	if len(f) < 3 {
		return
	}
	mode, _ := strconv.ParseUint(f[1], 8, 32)
	size, _ := strconv.ParseInt(f[2], 10, 64)
	facts := map[string]string{}
	for _, kv := range f[3:] {
		k, v, _ := strings.Cut(kv, "=")
		switch v {
		case "x64", "x86_64":
			v = "amd64"
		case "aarch64":
			v = "arm64"
		}
		facts[k] = strings.ReplaceAll(v, "+", " ")
	}
	root.PutAt(f[0], tree.NewFile(uint32(mode), tree.Declared(size, c.ID()+"!"+f[0], facts)))
}
