package lessons

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"

	"drydock/grader/build"
)

// listing is a Dockerfile that is built: a block of a lesson, or an exercise's starter or reference.
type listing struct {
	name       string
	title      string
	context    string // name of the folder under contexts/
	edit       string // path in the context that is edited for the second build, "" for none
	dockerfile string
	line       int           // of the file it stands in, 0 if in none
	request    build.Request // of the context with the Dockerfile in it; without a context there is a problem already
}

// comparison puts listings side by side.
type comparison struct {
	title string
	names []located
	edit  string
	line  int
	of    []*listing
}

// blockInfo is what stands behind the ``` of a block.
type blockInfo struct {
	language string
	options  map[string]string
}

// parseInfo reads: dockerfile build=NAME title="Two words"
func parseInfo(info string) (blockInfo, error) {
	out := blockInfo{options: map[string]string{}}
	out.language, info, _ = strings.Cut(strings.TrimSpace(info), " ")
	for info = strings.TrimSpace(info); info != ""; info = strings.TrimSpace(info) {
		key, rest, ok := strings.Cut(info, "=")
		if !ok || key == "" || strings.ContainsAny(key, " \"") {
			return out, fmt.Errorf("%q: options are written key=value or key=\"two words\"", info)
		}
		var value string
		if quoted, isQuoted := strings.CutPrefix(rest, `"`); isQuoted {
			if value, info, ok = strings.Cut(quoted, `"`); !ok {
				return out, fmt.Errorf("%s: the quotation mark is not closed", key)
			}
		} else {
			value, info, _ = strings.Cut(rest, " ")
		}
		if _, twice := out.options[key]; twice {
			return out, fmt.Errorf("%s is given twice", key)
		}
		out.options[key] = value
	}
	return out, nil
}

// only complains about options that are not known.
func (b blockInfo) only(known ...string) error {
	for key := range b.options {
		if !slices.Contains(known, key) {
			return fmt.Errorf("there is no option %s here; known are %s", key, strings.Join(known, ", "))
		}
	}
	return nil
}

// info reads a block's info, which collect has judged.
func info(f *ast.FencedCodeBlock, body []byte) blockInfo {
	if f.Info == nil {
		return blockInfo{}
	}
	b, _ := parseInfo(string(f.Info.Segment.Value(body)))
	return b
}

// code is the text of a block.
func code(f *ast.FencedCodeBlock, body []byte) string {
	var b bytes.Buffer
	for i := range f.Lines().Len() {
		line := f.Lines().At(i)
		b.Write(line.Value(body))
	}
	return b.String()
}

// fenced judges a block and notes what is to be built.
func (d *document) fenced(f *ast.FencedCodeBlock) {
	if f.Info == nil {
		d.complain(d.line(f), "a block of code says its language, or text: ```bash")
		return
	}
	line := d.line(f)
	b, err := parseInfo(string(f.Info.Segment.Value(d.body)))
	if err != nil {
		d.complain(line, "%s", err)
		return
	}
	_, built := b.options["build"]
	switch {
	case b.language == "compare":
		err = b.only()
		d.comparison(f)
	case built && b.language != "dockerfile":
		err = fmt.Errorf("only a dockerfile can be built, not %s", b.language)
	case built:
		if err = b.only("build", "name", "edit", "title"); err == nil {
			d.listing(f, b)
		}
	default:
		err = b.only("title")
	}
	if err != nil {
		d.complain(line, "%s", err)
	}
}

func (d *document) listing(f *ast.FencedCodeBlock, b blockInfo) {
	l := &listing{
		name: b.options["name"], title: b.options["title"], context: b.options["build"], edit: b.options["edit"],
		dockerfile: code(f, d.body), line: d.line(f),
	}
	if l.title == "" {
		l.title = l.name
	}
	switch {
	case !isName(l.name):
		d.complain(l.line, "name=%s: a listing that is built needs a name of lower-case letters, digits and hyphens", l.name)
		return
	case d.named[l.name] != nil:
		d.complain(l.line, "there are two listings named %s", l.name)
		return
	}
	d.named[l.name] = l
	d.listings = append(d.listings, l)
}

// isName reports whether s can be part of an address.
func isName(s string) bool {
	for _, r := range s {
		if r != '-' && (r < 'a' || r > 'z') && (r < '0' || r > '9') {
			return false
		}
	}
	return s != "" && s[0] != '-'
}

// comparison reads a ```compare block.
func (d *document) comparison(f *ast.FencedCodeBlock) {
	c := &comparison{line: d.line(f)}
	var y struct {
		Title  string    `yaml:"title"`
		Builds []located `yaml:"builds"`
		Edit   string    `yaml:"edit"`
	}
	if problems := decodeYAML(d.file, c.line, []byte(code(f, d.body)), &y); len(problems) > 0 {
		d.problems = append(d.problems, problems...)
		return
	}
	c.title, c.names, c.edit = y.Title, y.Builds, y.Edit
	if len(c.names) < 2 || len(c.names) > 3 {
		d.complain(c.line, "compare: builds names two or three listings, not %d", len(c.names))
		return
	}
	d.comparisons[f] = c
}

// resolve finds the listings that a comparison names.
func (d *document) resolve(c *comparison) {
	for _, n := range c.names {
		l := d.named[n.value]
		if l == nil {
			d.complain(c.line+n.line, "compare: no listing here is named %s", n.value)
			continue
		}
		c.of = append(c.of, l)
	}
}

// listingAt returns the listing that a block is, or nil.
func (d *document) listingAt(f *ast.FencedCodeBlock) *listing {
	l := d.named[info(f, d.body).options["name"]]
	if l == nil || l.line != d.line(f) {
		return nil
	}
	return l
}
