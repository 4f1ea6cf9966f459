package lessons

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// callouts are the kinds of callout and what stands above each.
var callouts = map[string]string{
	"NOTE":    "Note",
	"TIP":     "Tip",
	"WARNING": "Warning",
	"ANALOGY": "Picture this",
	"OLDER":   "Older texts say",
}

const calloutAttribute = "callout"

var calloutMark = regexp.MustCompile(`^\[!([A-Za-z]+)\]\s*$`)

// calloutTransformer takes the mark "[!NOTE]" from a quotation and makes it a callout of that kind.
type calloutTransformer struct{}

// Transform implements parser.ParagraphTransformer.
func (calloutTransformer) Transform(p *ast.Paragraph, reader text.Reader, _ parser.Context) {
	quote, ok := p.Parent().(*ast.Blockquote)
	if !ok || p.PreviousSibling() != nil {
		return
	}
	lines := p.Lines()
	first := lines.At(0)
	m := calloutMark.FindSubmatch(first.Value(reader.Source()))
	if m == nil {
		return
	}
	quote.SetAttributeString(calloutAttribute, strings.ToUpper(string(m[1])))
	quote.SetPos(first.Start)
	if lines.Len() == 1 {
		quote.RemoveChild(quote, p)
		return
	}
	lines.SetSliced(1, lines.Len())
}

func calloutKind(q *ast.Blockquote) string {
	kind, _ := q.AttributeString(calloutAttribute)
	s, _ := kind.(string)
	return s
}

// callout judges a quotation.
func (d *document) callout(q *ast.Blockquote) {
	if kind := calloutKind(q); kind != "" && callouts[kind] == "" {
		d.complain(d.lineAt(q.Pos()), "[!%s]: the kinds of callout are %s", kind, strings.Join(slices.Sorted(maps.Keys(callouts)), ", "))
	}
}

// renderCallout writes a quotation, or the callout that it is.
func renderCallout(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	kind := calloutKind(n.(*ast.Blockquote))
	switch {
	case kind == "" && entering:
		_, _ = w.WriteString("<blockquote>\n")
	case kind == "":
		_, _ = w.WriteString("</blockquote>\n")
	case entering:
		_, _ = w.WriteString(`<aside class="callout callout-` + strings.ToLower(kind) + `"><p class="callout-title">` + callouts[kind] + "</p>\n")
	default:
		_, _ = w.WriteString("</aside>\n")
	}
	return ast.WalkContinue, nil
}
