package lessons

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"html/template"
	"strings"
	"sync"

	"drydock/grader/build"
)

// workshop is what pages are made with.
type workshop struct {
	builds *builds // nil where nothing is built: listings are then shown alone
	images build.Images
}

// page is a document that is rendered when it is first wanted.
type page struct {
	doc   *document
	shop  *workshop
	turn  chan struct{} // holds one token: who has it renders
	mu    sync.Mutex
	ready *rendered
}

// rendered is a page with its builds done, and what was wrong with them.
type rendered struct {
	html     template.HTML
	problems []Problem
}

func newPage(d *document, shop *workshop) *page {
	return &page{doc: d, shop: shop, turn: make(chan struct{}, 1)}
}

// now returns the rendered page, or nil if it was not wanted yet.
func (p *page) now() *rendered {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ready
}

// render returns the rendered page. The error is that of ctx, or of the simulator.
func (p *page) render(ctx context.Context) (*rendered, error) {
	if r := p.now(); r != nil {
		return r, nil
	}
	select {
	case p.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-p.turn }()
	if r := p.now(); r != nil {
		return r, nil
	}
	r, err := p.make(ctx)
	if err != nil {
		return nil, fmt.Errorf("render %s: %w", p.doc.file, err)
	}
	p.mu.Lock()
	p.ready = r
	p.mu.Unlock()
	return r, nil
}

func (p *page) make(ctx context.Context) (*rendered, error) {
	w := &writer{doc: p.doc, shop: p.shop, results: map[order]*built{}}
	if err := w.build(ctx); err != nil {
		return nil, err
	}
	var html bytes.Buffer
	if err := newRenderer(w).Render(&html, p.doc.body, p.doc.root); err != nil {
		return nil, err
	}
	sortProblems(w.problems)
	return &rendered{html: template.HTML(html.String()), problems: w.problems}, nil //nolint:gosec // raw HTML is left out
}

// order is a build that a document wants.
type order struct {
	of   *listing
	edit string
}

// writer writes one document as HTML.
type writer struct {
	doc      *document
	shop     *workshop
	results  map[order]*built
	problems []Problem
}

func (w *writer) complain(line int, format string, a ...any) {
	w.problems = append(w.problems, Problem{File: w.doc.file, Line: line, Text: fmt.Sprintf(format, a...)})
}

// build has everything built that the document speaks of.
func (w *writer) build(ctx context.Context) error {
	if w.shop.builds == nil {
		return nil
	}
	for _, l := range w.doc.named {
		w.results[order{l, l.edit}] = nil
	}
	for _, c := range w.doc.comparisons {
		for _, l := range c.of {
			w.results[order{l, c.edit}] = nil
		}
	}
	var (
		wait sync.WaitGroup
		mu   sync.Mutex
		errs []error
	)
	for o := range w.results {
		if o.of.request.Context == nil {
			continue
		}
		wait.Go(func() {
			b, err := w.shop.builds.of(ctx, o.of.request, o.edit)
			mu.Lock()
			defer mu.Unlock()
			w.results[o] = b
			if err != nil {
				errs = append(errs, fmt.Errorf("listing %s: %w", o.of.name, err))
			}
		})
	}
	wait.Wait()
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	for _, l := range w.doc.listings {
		w.failed(l, w.results[order{l, l.edit}])
	}
	return nil
}

// failed complains about a listing that does not build.
func (w *writer) failed(l *listing, b *built) {
	if b == nil {
		return
	}
	r := b.first
	if r.OK && b.again != nil {
		r = b.again
	}
	if r.OK {
		return
	}
	line := l.line
	if n := r.Lines.Start; n > 0 {
		line += n
	}
	text := strings.TrimPrefix(r.Error, "failed to solve: ")
	if r == b.again {
		text = "after an edit of " + l.edit + ": " + text
	}
	w.complain(line, "listing %s does not build: %s", l.name, text)
}
