// Package sandbox runs work that learners' input could break in child processes of the same binary: each has hard limits on memory,
// processor time and open files and can reach neither files nor network, is watched, and is replaced when it dies.
//
// The parent makes a [Pool] and calls [Pool.Do]; the child, which the parent starts with its own command line, calls [Serve]. What
// travels between them are byte slices.
package sandbox

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Options of a pool. Zero values give defaults.
type Options struct {
	Command []string      // how to start a child; default: this binary with the argument "worker"
	Size    int           // children at most; default: the number of processors
	Memory  int64         // bytes of heap a child may use; default 1 GiB
	Timeout time.Duration // for one piece of work, once the child is ready; default 2 s
	Log     *slog.Logger
}

// Pool hands work to children.
type Pool struct {
	opts Options
	idle chan *child // one slot a child; nil is a child that is to be started
	mu   sync.Mutex
	done bool
	age  atomic.Int64 // children of an earlier age are replaced before they get work
}

// ErrDied is returned when a child died of the work it was given.
var ErrDied = errors.New("the work ended its process: it needed more memory or time than it may have")

// NewPool returns a pool whose children are started when they are first needed. Call Close.
func NewPool(o Options) *Pool {
	if o.Size == 0 {
		o.Size = runtime.GOMAXPROCS(0)
	}
	if o.Memory == 0 {
		o.Memory = 1 << 30
	}
	if o.Timeout == 0 {
		o.Timeout = 2 * time.Second
	}
	if len(o.Command) == 0 {
		self, err := os.Executable()
		if err != nil {
			self = os.Args[0]
		}
		o.Command = []string{self, "worker"}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	p := &Pool{opts: o, idle: make(chan *child, o.Size)}
	for range o.Size {
		p.idle <- nil
	}
	return p
}

// Warm starts all children.
func (p *Pool) Warm() {
	for range p.opts.Size {
		c := <-p.idle
		if c == nil {
			c, _ = p.start()
		}
		p.idle <- c
	}
}

// Do sends work to a free child, waiting for one, and returns its answer. An error is [ErrDied] if the child died or had to be ended.
func (p *Pool) Do(ctx context.Context, work []byte) ([]byte, error) {
	var c *child
	select {
	case c = <-p.idle:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	age := p.age.Load()
	if c != nil && c.age != age {
		c.kill()
		c = nil
	}
	for attempt := 0; ; attempt++ {
		fresh := c == nil
		if fresh {
			var err error
			if c, err = p.start(); err != nil {
				p.idle <- nil
				return nil, fmt.Errorf("start worker: %w", err)
			}
		}
		began := time.Now()
		out, err := c.do(ctx, work, p.opts.Timeout)
		if err == nil && (c.tired || time.Since(began) > p.opts.Timeout/2) { // what the work left behind is nobody else's burden
			c.kill()
			p.replace()
			return out, nil
		}
		if err == nil {
			p.idle <- c
			return out, nil
		}
		c.kill()
		said := c.last.String()
		c = nil
		// A child that died while it lay idle is no fault of this work.
		if !fresh && attempt == 0 && errors.Is(err, errIdleDeath) && ctx.Err() == nil {
			continue
		}
		p.replace()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		p.opts.Log.Warn("worker ended", "error", err, "said", said)
		return nil, fmt.Errorf("%w (%v)", ErrDied, err)
	}
}

// replace fills the slot of a child that died, while nobody waits for it.
func (p *Pool) replace() {
	go func() {
		c, err := p.start()
		if err != nil {
			p.opts.Log.Error("worker does not start", "error", err)
		}
		p.idle <- c
	}()
}

// start starts a child and waits until it is ready.
func (p *Pool) start() (*child, error) {
	age := p.age.Load()
	c, err := start(p.opts)
	if err != nil {
		return nil, err
	}
	c.age = age
	return c, nil
}

// Restart replaces the children before their next work, since what they loaded when they started has changed.
func (p *Pool) Restart() { p.age.Add(1) }

// Close ends all children.
func (p *Pool) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.done {
		return
	}
	p.done = true
	for range p.opts.Size {
		if c := <-p.idle; c != nil {
			c.kill()
		}
	}
	for range p.opts.Size {
		p.idle <- nil
	}
}

var errIdleDeath = errors.New("died before it took the work")

// child is a running worker.
type child struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	out   *bufio.Reader
	age   int64
	tired bool // it asks to be replaced

	last *lastWords
}

// lastWords keeps the beginning of what a child says when it dies.
type lastWords struct {
	mu   sync.Mutex
	text []byte
}

func (l *lastWords) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if room := 300 - len(l.text); room > 0 {
		l.text = append(l.text, b[:min(room, len(b))]...)
	}
	return len(b), nil
}

func (l *lastWords) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text)
}

func start(o Options) (*child, error) {
	cmd := exec.Command(o.Command[0], o.Command[1:]...)
	cmd.Env = []string{
		"GOMAXPROCS=2", fmt.Sprintf("GOMEMLIMIT=%d", o.Memory/2), fmt.Sprintf("DRYDOCK_WORKER_MEMORY=%d", o.Memory),
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	last := &lastWords{}
	cmd.Stderr = last // by a pipe: a child may not write to files
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &child{cmd: cmd, in: in, out: bufio.NewReaderSize(out, 1<<16), last: last}
	late := time.AfterFunc(startLimit, func() { cmd.Process.Kill() })
	defer late.Stop()
	if _, err := readFrame(c.out); err != nil { // what it says when it is ready
		c.kill()
		return nil, fmt.Errorf("it did not become ready: %w", err)
	}
	return c, nil
}

// startLimit is how long a child may take until it is ready.
const startLimit = time.Minute

func (c *child) kill() {
	c.cmd.Process.Kill()
	c.in.Close()
	c.cmd.Wait()
}

func (c *child) do(ctx context.Context, work []byte, timeout time.Duration) ([]byte, error) {
	type answer struct {
		data []byte
		err  error
	}
	ch := make(chan answer, 1)
	go func() {
		if err := writeFrame(c.in, work); err != nil {
			ch <- answer{nil, errIdleDeath}
			return
		}
		data, err := readFrame(c.out)
		if err == nil && len(data) == 0 {
			err = io.ErrUnexpectedEOF
		}
		ch <- answer{data, err}
	}()
	t := time.NewTimer(timeout)
	defer t.Stop()
	select {
	case a := <-ch:
		if a.err != nil {
			return nil, a.err
		}
		last := len(a.data) - 1
		c.tired = a.data[last] == tired
		return a.data[:last], nil
	case <-t.C:
		return nil, fmt.Errorf("no answer within %v", timeout)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// The last byte of an answer says how its worker is.
const (
	well  = 0
	tired = 1
)

// maxFrame bounds what either side accepts.
const maxFrame = 64 << 20

func writeFrame(w io.Writer, data []byte) error {
	buf := make([]byte, 4, 4+len(data))
	binary.BigEndian.PutUint32(buf, uint32(len(data)))
	_, err := w.Write(append(buf, data...))
	return err
}

func readFrame(r io.Reader) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > maxFrame {
		return nil, fmt.Errorf("frame of %d bytes", n)
	}
	data := make([]byte, n)
	_, err := io.ReadFull(r, data)
	return data, err
}
