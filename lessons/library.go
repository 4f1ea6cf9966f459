package lessons

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"drydock/grader/build"
)

// Options say where a course is and what its pages are made with.
type Options struct {
	Dir     string       // a folder to read instead of the embedded course
	FS      fs.FS        // the same, as a filesystem; it is not watched
	Build   Builder      // builds listings and references, see [Simulator]; nil shows them without what they make
	Images  build.Images // what the catalogue knows of images; nil leaves such numbers out
	Changed func()       // called when a changed course has been read; nil for nobody
	Log     *slog.Logger // told of problems as they come and go; nil for nobody
}

// files is the lessons folder that the options name.
func (o Options) files() fs.FS {
	switch {
	case o.FS != nil:
		return unsuffixed{o.FS}
	case o.Dir != "":
		return unsuffixed{os.DirFS(o.Dir)}
	}
	return unsuffixed{embedded}
}

// Library is a course on its shelf: the last good version, and what is wrong with its files as they are. It may be used by several
// goroutines at once.
type Library struct {
	options Options
	log     *slog.Logger
	reader  *reader

	reading sync.Mutex // one reload after the other
	shelf   atomic.Pointer[shelf]
}

// shelf is what readers see. It is replaced as a whole.
type shelf struct {
	course   *Course
	problems []Problem
}

// kept is what reading goes on from.
type kept struct {
	course    courseFront
	modules   map[string]*moduleFront // by folder
	terms     []termFront
	drafts    map[string]*lessonDraft   // as last read, by file
	exercises map[string]*exerciseDraft // as last read, by folder

	pages map[string]*page     // the last good ones, by file
	good  map[string]*Exercise // the last good ones, by folder
}

func (k *kept) module(dir string) *moduleFront {
	if k.modules[dir] == nil {
		k.modules[dir] = &moduleFront{}
	}
	return k.modules[dir]
}

// Open reads a course. What is wrong in it is no error but a [Problem]: an error means that there is no course at all. Nothing is built
// yet; that is done when a page is first loaded, or by [Library.Watch].
func Open(o Options) (*Library, error) {
	l := &Library{options: o, log: o.Log}
	if l.log == nil {
		l.log = slog.New(slog.DiscardHandler)
	}
	shop := &workshop{images: o.Images}
	if o.Build != nil {
		shop.builds = newBuilds(o.Build)
	}
	l.reader = &reader{
		fsys: o.files(), parser: newParser(), shop: shop,
		before: &kept{modules: map[string]*moduleFront{}, pages: map[string]*page{}, good: map[string]*Exercise{}},
	}
	d, err := l.reader.read()
	if err != nil {
		return nil, fmt.Errorf("open the course: %w", err)
	}
	l.remember(d)
	l.publish(l.compose(d, nil))
	return l, nil
}

// Course returns the last good version of the course. It is not changed; a later one replaces it.
func (l *Library) Course() *Course { return l.shelf.Load().course }

// Problems returns what is wrong with the files as they are now, by file and line. What building a listing shows is among it once the
// listing was built.
func (l *Library) Problems() []Problem { return l.shelf.Load().problems }

// Current returns the course and the problems of one version.
func (l *Library) Current() (*Course, []Problem) {
	s := l.shelf.Load()
	return s.course, s.problems
}

// Render renders every page that is not yet, and publishes them.
func (l *Library) Render(ctx context.Context) error {
	l.reading.Lock()
	defer l.reading.Unlock()
	return l.reload(ctx)
}

// reload reads the files again, renders what is new, and publishes it.
func (l *Library) reload(ctx context.Context) error {
	d, err := l.reader.read()
	if err != nil {
		s := *l.shelf.Load()
		s.problems = []Problem{{File: ".", Text: err.Error()}}
		l.publish(&s)
		return nil
	}
	if b := l.reader.shop.builds; b != nil {
		b.generation()
	}
	late := l.render(ctx, d)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	l.remember(d)
	l.publish(l.compose(d, late))
	return nil
}

// render renders all pages of a draft. What stops one that is not the author's is a problem too.
func (l *Library) render(ctx context.Context, d *draft) []Problem {
	var late []Problem
	for _, m := range d.modules {
		for _, lesson := range m.lessons {
			if _, err := lesson.page.render(ctx); err != nil {
				late = append(late, Problem{File: lesson.file, Text: err.Error()})
			}
		}
	}
	for _, e := range d.exercises {
		if e.exercise == nil {
			continue
		}
		if _, err := e.exercise.Load(ctx); err != nil {
			late = append(late, Problem{File: e.dir, Text: err.Error()})
		}
	}
	return late
}

func (l *Library) remember(d *draft) {
	k := l.reader.before
	k.drafts, k.exercises = map[string]*lessonDraft{}, map[string]*exerciseDraft{}
	for _, m := range d.modules {
		for _, lesson := range m.lessons {
			k.drafts[lesson.file] = lesson
		}
	}
	for _, e := range d.exercises {
		k.exercises[e.dir] = e
	}
}

// publish shows a new version and logs what came and what went.
func (l *Library) publish(s *shelf) {
	var before []Problem
	if old := l.shelf.Swap(s); old != nil {
		before = old.problems
		if l.options.Changed != nil {
			l.options.Changed()
		}
	}
	for _, p := range s.problems {
		if !slices.Contains(before, p) {
			l.log.Warn("problem in the course", "at", l.place(p), "problem", p.Text)
		}
	}
	for _, p := range before {
		if !slices.Contains(s.problems, p) {
			l.log.Info("problem in the course solved", "at", l.place(p), "problem", p.Text)
		}
	}
}

// place writes where a problem is as one would open it.
func (l *Library) place(p Problem) string {
	at := strings.TrimSuffix(Problem{File: path.Join(l.options.Dir, p.File), Line: p.Line}.String(), ": ")
	return at
}
