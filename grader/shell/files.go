package shell

import (
	"context"
	"errors"
	"io"
	"maps"
	"reflect"
	"sync"
	"sync/atomic"
	"syscall"
)

// errBrokenPipe is the cause of a context that ends because a command wrote to a pipe nobody reads: the SIGPIPE of a real system.
var errBrokenPipe = errors.New("broken pipe")

// file is an open file description: it is shared by the descriptors that were duplicated from each other, and closed with the last.
type file struct {
	refs  atomic.Int32
	r     io.Reader
	w     io.Writer
	close func()
	piped bool // the write end of a pipe
	mu    *sync.Mutex
}

func newFile(r io.Reader, w io.Writer, close func()) *file {
	f := &file{r: r, w: w, close: close}
	f.refs.Store(1)
	return f
}

// reading wraps a stream that the shell was given.
func reading(r io.Reader) *file {
	if f, ok := r.(*file); ok {
		return f.dup()
	}
	return newFile(r, nil, nil)
}

// writing wraps a stream that the shell was given; writes to it are made one at a time.
func writing(w io.Writer) *file {
	switch f := w.(type) {
	case *file:
		return f.dup()
	case *watched:
		n := newFile(nil, f, nil)
		n.piped = true
		return n
	}
	f := newFile(nil, w, nil)
	f.mu = new(sync.Mutex)
	return f
}

// sameWriter reports whether two streams are one, so that their writes must not overlap.
func sameWriter(a, b io.Writer) bool {
	if a == nil || b == nil || reflect.TypeOf(a) != reflect.TypeOf(b) || !reflect.TypeOf(a).Comparable() {
		return false
	}
	return a == b
}

func (f *file) dup() *file { f.refs.Add(1); return f }

func (f *file) drop() {
	if f.refs.Add(-1) == 0 && f.close != nil {
		f.close()
	}
}

func (f *file) Read(p []byte) (int, error) {
	if f.r == nil {
		return 0, syscall.EBADF
	}
	return f.r.Read(p)
}

func (f *file) Write(p []byte) (int, error) {
	if f.w == nil {
		return 0, syscall.EBADF
	}
	if f.mu != nil {
		f.mu.Lock()
		defer f.mu.Unlock()
	}
	return f.w.Write(p)
}

// watched is a child's view of a pipe: a write that nobody will read ends the child's context.
type watched struct {
	f      io.Writer
	cancel context.CancelCauseFunc
}

func (w *watched) Write(p []byte) (int, error) {
	n, err := w.f.Write(p)
	if errors.Is(err, syscall.EPIPE) {
		w.cancel(errBrokenPipe)
	}
	return n, err
}

// closed is what a descriptor that is not open reads and writes as.
type closed struct{}

func (closed) Read([]byte) (int, error)  { return 0, syscall.EBADF }
func (closed) Write([]byte) (int, error) { return 0, syscall.EBADF }

// table is a process's descriptors.
type table struct {
	low  [10]*file
	high map[int]*file
}

func (t *table) get(fd int) *file {
	if fd >= 0 && fd < len(t.low) {
		return t.low[fd]
	}
	return t.high[fd]
}

// swap puts f (nil: closed) at fd and returns what was there, still open.
func (t *table) swap(fd int, f *file) *file {
	old := t.get(fd)
	switch {
	case fd < len(t.low):
		t.low[fd] = f
	case f == nil:
		delete(t.high, fd)
	default:
		if t.high == nil {
			t.high = map[int]*file{}
		}
		t.high[fd] = f
	}
	return old
}

// open puts f at fd and closes what was there.
func (t *table) open(fd int, f *file) {
	if old := t.swap(fd, f); old != nil {
		old.drop()
	}
}

func (t *table) reader(fd int) io.Reader {
	if f := t.get(fd); f != nil {
		return f
	}
	return closed{}
}

func (t *table) writer(fd int) io.Writer {
	if f := t.get(fd); f != nil {
		return f
	}
	return closed{}
}

func (t *table) clone() table {
	c := table{low: t.low, high: maps.Clone(t.high)}
	for _, f := range c.low {
		if f != nil {
			f.dup()
		}
	}
	for _, f := range c.high {
		f.dup()
	}
	return c
}

func (t *table) closeAll() {
	for i, f := range t.low {
		if f != nil {
			t.low[i] = nil
			f.drop()
		}
	}
	for fd, f := range t.high {
		delete(t.high, fd)
		f.drop()
	}
}

// free returns the lowest closed descriptor from 10 up, for {name}>file.
func (t *table) free() int {
	for fd := 10; ; fd++ {
		if t.get(fd) == nil {
			return fd
		}
	}
}

// pipeSize is the capacity of a pipe on Linux.
const pipeSize = 64 << 10

// pipe is a bounded buffer between a writer and a reader.
type pipe struct {
	mu     sync.Mutex
	cond   sync.Cond
	ctx    context.Context
	buf    []byte
	reader bool // there is one
	writer bool
}

// newPipe returns the ends of a pipe. Both are let go when ctx is done.
func newPipe(ctx context.Context) (r, w *file) {
	p := &pipe{ctx: ctx, reader: true, writer: true}
	p.cond.L = &p.mu
	stop := context.AfterFunc(ctx, func() {
		p.mu.Lock()
		p.cond.Broadcast()
		p.mu.Unlock()
	})
	shut := func(end *bool) func() {
		return func() {
			p.mu.Lock()
			*end = false
			if !p.reader && !p.writer {
				stop()
				p.buf = nil
			}
			p.cond.Broadcast()
			p.mu.Unlock()
		}
	}
	r = newFile(p, nil, shut(&p.reader))
	w = newFile(nil, p, shut(&p.writer))
	w.piped = true
	return r, w
}

func (p *pipe) Read(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.buf) == 0 {
		if !p.writer || p.ctx.Err() != nil {
			return 0, io.EOF
		}
		p.cond.Wait()
	}
	n := copy(b, p.buf)
	if p.buf = p.buf[n:]; len(p.buf) == 0 {
		p.buf = nil
	}
	p.cond.Broadcast()
	return n, nil
}

func (p *pipe) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	done := 0
	for {
		if !p.reader || p.ctx.Err() != nil {
			return done, syscall.EPIPE
		}
		if len(b) == 0 {
			return done, nil
		}
		if n := min(pipeSize-len(p.buf), len(b)); n > 0 {
			p.buf = append(p.buf, b[:n]...)
			b, done = b[n:], done+n
			p.cond.Broadcast()
			continue
		}
		p.cond.Wait()
	}
}

// capture collects what a command substitution writes. Beyond the memory that a shell may hold it takes no more.
type capture struct {
	mu   sync.Mutex
	buf  []byte
	full bool
	done chan struct{} // closed when the last writer has gone
}

func newCapture() (*capture, *file) {
	c := &capture{done: make(chan struct{})}
	return c, newFile(nil, c, func() { close(c.done) })
}

func (c *capture) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.buf)+len(p) > maxMemory/2 {
		c.full = true
		return 0, syscall.EPIPE
	}
	c.buf = append(c.buf, p...)
	return len(p), nil
}
