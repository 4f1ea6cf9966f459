package lessons

import (
	"context"
	"fmt"
	"sync"
)

// desk is where an exercise's references are built and its texts rendered, once.
type desk struct {
	shop       *workshop
	references []*listing // as the exercise's Solution

	mu     sync.Mutex
	loaded *Exercise
}

func newDesk(shop *workshop) *desk { return &desk{shop: shop} }

func (d *desk) now() *Exercise {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.loaded
}

// Load returns the exercise with its texts rendered and its references built. It may take as long as those builds do, the first time.
func (e *Exercise) Load(ctx context.Context) (*Exercise, error) {
	if e.desk == nil {
		return e, nil
	}
	if loaded := e.desk.now(); loaded != nil {
		return loaded, nil
	}
	problem, err := e.problem.render(ctx)
	if err != nil {
		return nil, err
	}
	thinking, err := e.thinking.render(ctx)
	if err != nil {
		return nil, err
	}
	loaded := *e
	loaded.Problem, loaded.Thinking = problem.html, thinking.html
	loaded.Solution = make([]Reference, len(e.Solution))
	for i, r := range e.Solution {
		if e.desk.shop.builds != nil {
			b, err := e.desk.shop.builds.of(ctx, e.desk.references[i].request, "")
			if err != nil {
				return nil, fmt.Errorf("build reference %s of exercise %s: %w", r.Name, e.ID, err)
			}
			r.Build = b.first
		}
		loaded.Solution[i] = r
	}
	e.desk.mu.Lock()
	defer e.desk.mu.Unlock()
	if e.desk.loaded == nil {
		e.desk.loaded = &loaded
	}
	return e.desk.loaded, nil
}

// Load returns the lesson with its HTML. The first time its listings are built, which takes as long as it takes them.
func (l *Lesson) Load(ctx context.Context) (*Lesson, error) {
	if l.HTML != "" || l.page == nil {
		return l, nil
	}
	r, err := l.page.render(ctx)
	if err != nil {
		return nil, err
	}
	loaded := *l
	loaded.HTML = r.html
	return &loaded, nil
}
