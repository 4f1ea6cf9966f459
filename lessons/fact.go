package lessons

import (
	"fmt"
	"html"
	"strconv"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/util"

	"drydock/lessons/stack"
)

// fact is a number that the simulator or the catalogue says.
type fact struct {
	value    int64
	text     string
	estimate bool
}

func bytesFact(n int64) fact { return fact{value: n, text: stack.Size(n)} }

func countFact(n int) fact { return fact{value: int64(n), text: strconv.Itoa(n)} }

// renderShortcode writes the number, or three dots where it cannot be had.
func (w *writer) renderShortcode(out util.BufWriter, _ []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	s := node.(*shortcode)
	f, err := w.fact(s)
	switch {
	case err != nil:
		w.complain(w.doc.lineAt(s.offset), "{{%s}}: %s", s.text, err)
		fallthrough
	case f == nil:
		_, _ = out.WriteString("…")
	default:
		if f.estimate {
			_, _ = out.WriteString(`<abbr title="estimated">~</abbr>`)
		}
		_, _ = fmt.Fprintf(out, `<data class="fact" value="%d">%s</data>`, f.value, html.EscapeString(f.text))
	}
	return ast.WalkSkipChildren, nil
}

// fact finds what a shortcode asks for; nil where something else is wrong that was told already.
func (w *writer) fact(s *shortcode) (*fact, error) {
	var f fact
	switch {
	case s.image != "" && w.shop.images != nil:
		img, err := w.shop.images(s.image, "linux/amd64")
		if err != nil {
			return nil, err
		}
		if img.Unknown {
			return nil, fmt.Errorf("the catalogue does not know the image")
		}
		f = bytesFact(img.Bytes)
		if s.what == "compressed" {
			f = bytesFact(img.Compressed)
		}
		f.estimate = img.Estimate
		return &f, nil
	case s.build == "":
		return nil, nil
	}
	l := w.doc.named[s.build]
	b := w.results[order{l, l.edit}]
	if b == nil || b.first.Image == nil {
		return nil, nil
	}
	if s.line > 0 {
		return lineSize(b, s.line)
	}
	switch image := b.first.Image; s.what {
	case "size":
		f = bytesFact(image.Bytes)
	case "added":
		f = bytesFact(image.Bytes - image.BaseBytes)
	case "layers":
		f = countFact(len(image.Layers))
	case "rerun":
		if b.again == nil {
			return nil, nil
		}
		f = countFact(rerun(b.again))
	case "downloaded":
		f = bytesFact(downloaded(b.first))
		if b.again != nil {
			f = bytesFact(downloaded(b.again))
		}
	}
	return &f, nil
}

// lineSize is the size of the layer that an instruction made in the image, or else in its stage.
func lineSize(b *built, line int) (*fact, error) {
	for _, s := range b.first.Steps {
		if s.Internal || line < s.Lines.Start || line > s.Lines.End {
			continue
		}
		f := bytesFact(s.Bytes)
		for _, l := range b.first.Image.Layers {
			if l.Line >= s.Lines.Start && l.Line <= s.Lines.End && !l.Base {
				f = bytesFact(l.Bytes)
			}
		}
		return &f, nil
	}
	return nil, fmt.Errorf("line %d makes no layer", line)
}
