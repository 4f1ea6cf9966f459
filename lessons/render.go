package lessons

import (
	"html"
	"strconv"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/util"
)

// newRenderer renders markdown with the parts that are our own.
func newRenderer(w *writer) renderer.Renderer {
	return goldmark.New(
		goldmark.WithExtensions(
			extension.Linkify, extension.Strikethrough, extension.TaskList,
			extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute)),
		),
		goldmark.WithRendererOptions(renderer.WithNodeRenderers(util.Prioritized(w, 10))),
	).Renderer()
}

// RegisterFuncs implements renderer.NodeRenderer.
func (w *writer) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(ast.KindHeading, renderHeading)
	r.Register(ast.KindBlockquote, renderCallout)
	r.Register(ast.KindFencedCodeBlock, w.renderFenced)
	r.Register(extast.KindTable, renderTable)
	r.Register(ast.KindHTMLBlock, renderNothing)
	r.Register(ast.KindRawHTML, renderNothing)
	r.Register(shortcodeKind, w.renderShortcode)
}

// renderNothing leaves out HTML.
func renderNothing(util.BufWriter, []byte, ast.Node, bool) (ast.WalkStatus, error) {
	return ast.WalkSkipChildren, nil
}

// renderHeading writes a heading that can be linked to.
func renderHeading(w util.BufWriter, _ []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	n := node.(*ast.Heading)
	tag := "h" + strconv.Itoa(n.Level)
	attribute, _ := n.AttributeString("id")
	raw, _ := attribute.([]byte)
	id := html.EscapeString(string(raw))
	if entering {
		_, _ = w.WriteString("<" + tag + ` id="` + id + `">`)
		return ast.WalkContinue, nil
	}
	_, _ = w.WriteString(` <a class="anchor" href="#` + id + `" aria-label="Link to this section">#</a></` + tag + ">\n")
	return ast.WalkContinue, nil
}

// renderTable writes a table in a box that scrolls by itself where the page is narrow.
func renderTable(w util.BufWriter, _ []byte, _ ast.Node, entering bool) (ast.WalkStatus, error) {
	if entering {
		_, _ = w.WriteString("<div class=\"table-scroll\" role=\"region\" aria-label=\"Table\" tabindex=\"0\"><table>\n")
	} else {
		_, _ = w.WriteString("</table></div>\n")
	}
	return ast.WalkContinue, nil
}

// renderFenced writes a block of code, a listing with its layers, or a comparison.
func (w *writer) renderFenced(out util.BufWriter, _ []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	n := node.(*ast.FencedCodeBlock)
	var err error
	switch l, c := w.doc.listingAt(n), w.doc.comparisons[n]; {
	case l != nil:
		err = w.writeListing(out, l)
	case c != nil:
		err = w.writeComparison(out, c)
	default:
		b := info(n, w.doc.body)
		err = figures.ExecuteTemplate(out, "code", map[string]any{
			"Title": b.options["title"], "Code": highlight(b.language, code(n, w.doc.body), ""),
		})
	}
	return ast.WalkSkipChildren, err
}
