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
	Memory  int64         // bytes of heap a child may use; default 512 MiB
	Timeout time.Duration // for one piece of work; default 15 s
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
		o.Memory = 512 << 20
	}
	if o.Timeout == 0 {
		o.Timeout = 15 * time.Second
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
			if c, _ = start(p.opts); c != nil {
				c.age = p.age.Load()
			}
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
	back := c
	defer func() { p.idle <- back }()
	for attempt := 0; ; attempt++ {
		fresh := c == nil
		if fresh {
			var err error
			if c, err = start(p.opts); err != nil {
				back = nil
				return nil, fmt.Errorf("start worker: %w", err)
			}
			c.age = age
		}
		out, err := c.do(ctx, work, p.opts.Timeout)
		if err == nil {
			back = c
			return out, nil
		}
		c.kill()
		c, back = nil, nil
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		// A child that died while it lay idle is no fault of this work.
		if !fresh && attempt == 0 && errors.Is(err, errIdleDeath) {
			continue
		}
		p.opts.Log.Warn("worker ended", "error", err)
		return nil, fmt.Errorf("%w (%v)", ErrDied, err)
	}
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
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
	age int64
}

func start(o Options) (*child, error) {
	cmd := exec.Command(o.Command[0], o.Command[1:]...)
	cmd.Env = []string{
		"GOMAXPROCS=2", fmt.Sprintf("GOMEMLIMIT=%d", o.Memory*9/10), fmt.Sprintf("DRYDOCK_WORKER_MEMORY=%d", o.Memory),
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &child{cmd: cmd, in: in, out: bufio.NewReaderSize(out, 1<<16)}, nil
}

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
		ch <- answer{data, err}
	}()
	t := time.NewTimer(timeout)
	defer t.Stop()
	select {
	case a := <-ch:
		return a.data, a.err
	case <-t.C:
		return nil, fmt.Errorf("no answer within %v", timeout)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

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
