package lessons

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"drydock/grader"
	"drydock/grader/build"
	"drydock/grader/report"
	"drydock/grader/tool"
	"drydock/grader/tree"
)

// Builder builds requests one after the other on one builder, and reports each.
type Builder func(ctx context.Context, requests ...build.Request) ([]*report.Build, error)

// Simulator returns the builder that the course is rendered with: a new session for each call.
func Simulator(images build.Images, models tool.Models) Builder {
	return func(ctx context.Context, requests ...build.Request) ([]*report.Build, error) {
		session := build.NewSession(images, models)
		defer session.Close()
		var reports []*report.Build
		for _, r := range requests {
			b, err := session.Build(ctx, r)
			if err != nil {
				return nil, err
			}
			reports = append(reports, b)
		}
		return reports, nil
	}
}

// built is what came of a listing.
type built struct {
	first *report.Build
	again *report.Build // after the edit; nil without one, or if the first failed
}

// buildTime is how long the builds of one listing may take together, waiting for others not counted.
const buildTime = 20 * time.Second

// builds does each build once, a few at a time.
type builds struct {
	build Builder
	slots chan struct{}

	mu       sync.Mutex
	now, old map[buildKey]*pending // old is what only an earlier version of the course has asked for
}

type buildKey struct{ context, edit, settings string }

type pending struct {
	done  chan struct{}
	built *built
	err   error
}

func newBuilds(b Builder) *builds {
	return &builds{build: b, slots: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)-1)), now: map[buildKey]*pending{}}
}

// generation begins a new version of the course; what it does not ask for before the next one is forgotten.
func (b *builds) generation() {
	b.mu.Lock()
	b.now, b.old = map[buildKey]*pending{}, b.now
	b.mu.Unlock()
}

// of does a build, and does it again after an edit unless edit is "".
func (b *builds) of(ctx context.Context, r build.Request, edit string) (*built, error) {
	key := buildKey{r.Context.Digest(), edit, fmt.Sprint(r.Args, r.Secrets)} // maps are printed in order
	b.mu.Lock()
	p := b.now[key]
	if p == nil {
		p = b.old[key]
	}
	if p == nil {
		p = &pending{done: make(chan struct{})}
		go b.run(context.WithoutCancel(ctx), key, p, r)
	}
	b.now[key] = p
	b.mu.Unlock()
	select {
	case <-p.done:
		return p.built, p.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (b *builds) run(ctx context.Context, key buildKey, p *pending, r build.Request) {
	b.slots <- struct{}{}
	defer func() { <-b.slots }()
	ctx, cancel := context.WithTimeout(ctx, buildTime)
	defer cancel()
	p.built, p.err = b.do(ctx, r, key.edit)
	if p.err != nil { // the next one tries again
		b.mu.Lock()
		if b.now[key] == p {
			delete(b.now, key)
		}
		delete(b.old, key)
		b.mu.Unlock()
	}
	close(p.done)
}

func (b *builds) do(ctx context.Context, r build.Request, edit string) (*built, error) {
	requests := []build.Request{r}
	if edit != "" {
		after, err := edited(r.Context, edit)
		if err != nil {
			return nil, err
		}
		r.Context = after
		requests = append(requests, r)
	}
	reports, err := b.build(ctx, requests...)
	if err != nil {
		return nil, err
	}
	if len(reports) == 0 {
		return nil, errors.New("the builder reported nothing")
	}
	out := &built{first: reports[0]}
	if len(reports) > 1 && reports[0].OK {
		out.again = reports[1]
	}
	for _, r := range reports {
		if r.Image != nil { // the trees are large, and pages show none
			r.Image.Root = nil
			for i := range r.Image.Layers {
				r.Image.Layers[i].Changes = nil
			}
		}
	}
	return out, nil
}

// edited returns the context after an edit of a file.
func edited(root *tree.Node, file string) (*tree.Node, error) {
	t := tree.Begin(root)
	if n := t.Lookup("/" + file); n == nil || n.Type != tree.File {
		return nil, fmt.Errorf("there is no file %s to edit", file)
	}
	t.Edit("/"+file, func(n *tree.Node) {
		n.Content = grader.Edit(file, n.Content)
		n.ModTime += int64(time.Hour)
	})
	return t.Commit(), nil
}
