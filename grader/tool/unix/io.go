package unix

import (
	"bufio"
	"context"
	"errors"
	"io"
	"syscall"

	"drydock/grader/vfs"
)

// Message words an error as strerror does.
func Message(err error) string { return vfs.Message(err) }

// guard is an output that remembers its first error and refuses to go on after it.
type guard struct {
	ctx context.Context
	w   io.Writer
	err error
}

func (g *guard) Write(p []byte) (int, error) {
	if g.err == nil {
		g.err = g.ctx.Err()
	}
	if g.err != nil {
		return 0, g.err
	}
	n, err := g.w.Write(p)
	g.err = err
	return n, err
}

// input is a stream that ends when time is up.
type input struct {
	ctx context.Context
	r   io.Reader
}

func (i *input) Read(p []byte) (int, error) {
	if err := i.ctx.Err(); err != nil {
		return 0, err
	}
	return i.r.Read(p)
}

// Memory is how much a command may hold at once; those that need more end with "memory exhausted".
const Memory = 64 << 20

var errMemory = errors.New("memory exhausted")

// Open opens an input; "-" and /dev/stdin are standard input. Opening a folder works, reading it gives EISDIR.
func (c *Cmd) Open(name string) (io.ReadCloser, error) {
	if name == "-" || name == "/dev/stdin" || name == "/dev/fd/0" || name == "/proc/self/fd/0" {
		return io.NopCloser(c.Stdin), nil
	}
	f, err := c.FS.Open(name, vfs.ReadOnly, 0)
	if err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{&input{c.Ctx, f}, f}, nil
}

// ReadAll reads an input to its end.
func (c *Cmd) ReadAll(name string) ([]byte, error) {
	r, err := c.Open(name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return ReadAll(r)
}

// ReadAll reads r to its end, within [Memory].
func ReadAll(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, Memory+1))
	if len(data) > Memory {
		return nil, errMemory
	}
	return data, err
}

// Lines reads an input line by line.
type Lines struct {
	r   *bufio.Reader
	end byte
	err error
}

// NewLines returns the lines of r, which end with end.
func NewLines(r io.Reader, end byte) *Lines { return &Lines{r: bufio.NewReader(r), end: end} }

// Next returns the next line without its end, and whether it had one. ok is false after the last.
func (l *Lines) Next() (line []byte, ended, ok bool) {
	for {
		part, err := l.r.ReadSlice(l.end)
		line = append(line, part...)
		switch {
		case err == nil:
			return line[:len(line)-1], true, true
		case err == bufio.ErrBufferFull && len(line) <= Memory:
			continue
		case err == bufio.ErrBufferFull:
			l.err = errMemory
		case err != io.EOF:
			l.err = err
		}
		return line, false, len(line) > 0 && l.err != errMemory
	}
}

// More reports whether there is another line.
func (l *Lines) More() bool {
	_, err := l.r.Peek(1)
	return err == nil
}

// Err is what reading failed with, other than at the end.
func (l *Lines) Err() error { return l.err }

// Each opens every operand in turn ("-" where there is none) and hands it to fn. What cannot be opened or read is said in the words
// most commands use, and skipped.
func (c *Cmd) Each(fn func(name string, r io.Reader) error) {
	names := c.Operands
	if len(names) == 0 {
		names = []string{"-"}
	}
	for _, name := range names {
		if c.Stopped() {
			return
		}
		r, err := c.Open(name)
		if err == nil {
			err = fn(name, r)
			r.Close()
		}
		if err != nil && c.Ctx.Err() == nil {
			c.CannotRead(name, err)
		}
	}
}

// CannotRead says that an input could not be opened or read.
func (c *Cmd) CannotRead(name string, err error) {
	if c.Busybox {
		if vfs.Is(err, syscall.EISDIR) {
			c.Warn("read error: %s", Message(err))
			return
		}
		c.Warn("can't open '%s': %s", name, Message(err))
		return
	}
	c.Warn("%s: %s", c.Plain(name), Message(err))
}
