package lessons

import (
	"bytes"
	"sort"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// document is one markdown file, parsed, and not changed afterwards.
type document struct {
	file     string // within the lessons folder
	source   []byte
	body     []byte // without the front matter
	before   int    // lines before the body
	keys     map[string]int
	front    lessonFront
	exercise exerciseFront

	root        ast.Node
	listings    []*listing
	named       map[string]*listing
	comparisons map[*ast.FencedCodeBlock]*comparison
	links       []link
	anchors     map[string]bool
	contents    []Heading
	text        string
	problems    []Problem
}

// newParser returns the parser of all documents.
func newParser() parser.Parser {
	return goldmark.New(
		goldmark.WithExtensions(extension.GFM),
		goldmark.WithParserOptions(
			parser.WithAutoHeadingID(),
			parser.WithParagraphTransformers(util.Prioritized(calloutTransformer{}, 50)),
			parser.WithInlineParsers(util.Prioritized(shortcodeParser{}, 50)),
		),
	).Parser()
}

// parseDocument reads a file. front is decoded into what its kind of document has; outer are listings named elsewhere.
func parseDocument(p parser.Parser, file string, source []byte, outer []*listing, front func(*document) any) *document {
	d := &document{
		file: file, source: source, named: map[string]*listing{}, comparisons: map[*ast.FencedCodeBlock]*comparison{}, anchors: map[string]bool{},
	}
	head, body, before, found := splitFront(source)
	d.body, d.before = body, before
	out := front(d)
	switch {
	case out != nil && !found:
		d.complain(1, "does not begin with front matter between two lines of ---")
	case out != nil:
		d.keys = keyLines(1, head)
		d.problems = append(d.problems, decodeYAML(file, 1, head, out)...)
	}
	for _, l := range outer {
		d.named[l.name] = l
	}
	d.root = p.Parse(text.NewReader(d.body))
	d.collect()
	return d
}

// collect walks the document twice: listings are named before they are spoken of.
func (d *document) collect() {
	_ = ast.Walk(d.root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if f, ok := n.(*ast.FencedCodeBlock); ok && entering {
			d.fenced(f)
		}
		return ast.WalkContinue, nil
	})
	var plain strings.Builder
	_ = ast.Walk(d.root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			if n.Type() == ast.TypeBlock || n.Kind() == extast.KindTableCell {
				plain.WriteByte('\n')
			}
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Heading:
			d.heading(n)
		case *ast.Link:
			d.link(n)
		case *ast.Image:
			d.complain(d.line(n), "an image: lessons have none, the simulator draws what there is to see")
		case *ast.Blockquote:
			d.callout(n)
		case *ast.RawHTML:
			first := n.Segments.At(0)
			d.html(n, first.Value(d.body))
		case *ast.HTMLBlock:
			first := n.Lines().At(0)
			d.html(n, first.Value(d.body))
		case *shortcode:
			d.shortcode(n)
			plain.WriteString("…")
		case *ast.Text:
			plain.Write(n.Segment.Value(d.body))
			if n.SoftLineBreak() || n.HardLineBreak() {
				plain.WriteByte(' ')
			}
		case *ast.String:
			plain.Write(n.Value)
		case *ast.FencedCodeBlock:
			if c := d.comparisons[n]; c != nil {
				d.resolve(c)
			}
		}
		return ast.WalkContinue, nil
	})
	d.text = paragraphs(plain.String())
}

// html judges HTML that stands in the text. Comments are welcome, and are not shown.
func (d *document) html(n ast.Node, begins []byte) {
	if !bytes.HasPrefix(bytes.TrimSpace(begins), []byte("<!--")) {
		d.complain(d.line(n), "raw HTML is not shown: write markdown, and < as &lt;")
	}
}

// paragraphs drops empty lines.
func paragraphs(s string) string {
	var out []string
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
}

func (d *document) heading(h *ast.Heading) {
	title := d.plain(h)
	if h.Level == 1 {
		d.complain(d.line(h), "headings begin with ##: the title stands in the front matter")
	}
	id, _ := h.AttributeString("id")
	name, _ := id.([]byte)
	d.anchors[string(name)] = true
	if h.Level == 2 || h.Level == 3 {
		d.contents = append(d.contents, Heading{Level: h.Level, ID: string(name), Title: title})
	}
}

// plain is the text of a node.
func (d *document) plain(n ast.Node) string {
	var b strings.Builder
	_ = ast.Walk(n, func(c ast.Node, entering bool) (ast.WalkStatus, error) {
		switch c := c.(type) {
		case *ast.Text:
			if entering {
				b.Write(c.Segment.Value(d.body))
			}
		case *shortcode:
			if entering {
				d.complain(d.lineAt(c.offset), "{{%s}}: a heading cannot hold a number that is computed", c.text)
			}
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}

// line is the line of the file on which a node begins.
func (d *document) line(n ast.Node) int {
	if n.Type() != ast.TypeInline {
		lines := n.Lines()
		switch f, fenced := n.(*ast.FencedCodeBlock); {
		case fenced && f.Info != nil:
			return d.lineAt(f.Info.Segment.Start)
		case lines != nil && lines.Len() > 0 && fenced:
			return d.lineAt(lines.At(0).Start) - 1
		case lines != nil && lines.Len() > 0:
			return d.lineAt(lines.At(0).Start)
		case n.Pos() >= 0:
			return d.lineAt(n.Pos())
		}
	}
	switch n := n.(type) {
	case *ast.Text:
		return d.lineAt(n.Segment.Start)
	case *shortcode:
		return d.lineAt(n.offset)
	case *ast.RawHTML:
		return d.lineAt(n.Segments.At(0).Start)
	}
	if n.Type() == ast.TypeInline && n.Pos() >= 0 {
		return d.lineAt(n.Pos())
	}
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if at := d.line(c); at > 0 {
			return at
		}
	}
	return 0
}

// lineAt is the line of the file at an offset in the body.
func (d *document) lineAt(offset int) int {
	return d.before + 1 + bytes.Count(d.body[:min(offset, len(d.body))], []byte("\n"))
}

// sortProblems puts problems in the order in which one would mend them.
func sortProblems(ps []Problem) {
	sort.SliceStable(ps, func(i, j int) bool {
		if ps[i].File != ps[j].File {
			return ps[i].File < ps[j].File
		}
		return ps[i].Line < ps[j].Line
	})
}
