// Package start starts a container from a built image, as far as can be told without running anything: which process it would be, whether
// that would come up, what it would listen on, and whether it would end when told to.
//
// Start from [Run]. The command is found, permitted and executed as a container runtime would, by the same tool models that a build uses;
// a model of a server says so through its host's Serve, and here that is noted and returns at once.
package start

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"drydock/grader/container"
	"drydock/grader/report"
	"drydock/grader/tool"
	"drydock/grader/tree"
	"drydock/grader/vfs"
)

// Options say how a container is started; the zero value is a plain `docker run IMAGE`.
type Options struct {
	Models  tool.Models
	Arch    string        // of the image; "" is "amd64"
	Args    []string      // instead of the image's Cmd
	Env     []string      // besides the image's
	User    string        // instead of the image's
	Timeout time.Duration // after which what still runs counts as running; 0 is 400 ms
	Now     time.Time
}

// Bounds of what a container may do in its first moments.
const (
	maxOutput  = 64 << 10
	maxWritten = 64 << 20
	maxEntries = 100_000
	maxEvents  = 1000
	hostname   = "c0ffee5eab1e"
)

// Run starts a container from an image and tells what happened.
func Run(ctx context.Context, image *report.Image, opts Options) *report.Run {
	c := image.Config
	r := &report.Run{User: c.User, Command: slices.Concat(c.Entrypoint, c.Cmd)}
	if opts.User != "" {
		r.User = opts.User
	}
	if opts.Args != nil {
		r.Command = slices.Concat(c.Entrypoint, opts.Args)
	}
	if len(r.Command) == 0 {
		r.Error = "no command specified"
		return r
	}
	root := image.Root
	if root == nil {
		root = tree.NewDir(0o755)
	}
	who, err := container.FindUser(root, r.User)
	if err != nil {
		r.Error = err.Error()
		return r
	}
	r.UID, r.GID = who.UID, who.GID
	txn := tree.Begin(root)
	clock := opts.Now.UnixNano()
	view := vfs.New(txn, func() int64 { return clock }, &vfs.Budget{Bytes: maxWritten, Entries: maxEntries})
	container.MountSystem(view, hostname)
	container.MountHostname(view, hostname)
	defer view.Close()

	env := environment(slices.Concat(c.Env, opts.Env), who.Home)
	cwd := path.Join("/", c.WorkingDir)
	if err := enter(view, cwd, who.Cred); err != nil {
		r.Error = fmt.Sprintf("chdir to cwd (%q) set in config.json failed: %s", cwd, lower(vfs.Message(err)))
		return r
	}
	if opts.Timeout == 0 {
		opts.Timeout = 400 * time.Millisecond
	}
	ctx, cancel := context.WithTimeout(ctx, opts.Timeout)
	defer cancel()
	w := &watch{report: r, first: path.Base(r.Command[0])}
	call := &tool.Call{
		Args: r.Command, Env: env, FS: view.As(who.Cred).In(cwd), Stdin: bytes.NewReader(nil), Stdout: &w.out, Stderr: &w.out,
		Host: w.host(opts),
	}
	status, err := call.Exec(ctx)
	w.mu.Lock()
	defer w.mu.Unlock()
	r.Output = w.out.String()
	r.PID1 = w.first
	switch {
	case err != nil:
		r.Error = container.StartError(r.Command[0], err)
		return r
	case ctx.Err() != nil && !r.Serves: // it goes on
		r.OK = true
	case r.Serves:
		r.OK = true
	default:
		r.Status = status
		r.OK = status == 0
		if !r.OK {
			r.Error = reason(r.Output, status)
		}
	}
	r.Health = health(call, c)
	view.Close()
	r.WritesTo = written(root, txn.Root())
	return r
}

// environment adds what a runtime sets where the image does not.
func environment(env []string, home string) tool.Env {
	e := tool.Env(slices.Clone(env))
	for _, kv := range [][2]string{{"PATH", tool.DefaultPath}, {"HOSTNAME", hostname}, {"HOME", home}} {
		if _, ok := e.Lookup(kv[0]); !ok {
			e = append(e, kv[0]+"="+kv[1])
		}
	}
	return e
}

// enter makes the working directory where it is missing and sees whether the user may go there.
func enter(view *vfs.FS, cwd string, who vfs.Cred) error {
	if err := view.MkdirAll(cwd, 0o755); err != nil {
		return err
	}
	return view.As(who).Access(cwd, 1)
}

// watch notes what the processes of a container do.
type watch struct {
	mu      sync.Mutex
	report  *report.Run
	out     output
	first   string // program that is process 1 now
	serving bool   // a service is process 1
}

func (w *watch) host(opts Options) *tool.Host {
	arch := opts.Arch
	if arch == "" {
		arch = "amd64"
	}
	h := &tool.Host{
		Models: maps.Clone(opts.Models), Running: true, Arch: arch,
		Record: func(e report.Event) {
			w.mu.Lock()
			defer w.mu.Unlock()
			if len(w.report.Events) < maxEvents {
				w.report.Events = append(w.report.Events, e)
			}
		},
		Note: func(n report.Note) {
			w.mu.Lock()
			defer w.mu.Unlock()
			if len(w.report.Notes) < 20 && !slices.Contains(w.report.Notes, n) {
				w.report.Notes = append(w.report.Notes, n)
			}
		},
		Serve: w.serve,
		Stale: func(string) bool { return false },
	}
	for name, m := range h.Models {
		h.Models[name] = func(ctx context.Context, c *tool.Call) int { return m(w.process(ctx, name), c) }
	}
	return h
}

// process is a program that is running; it is kept in the context of what it does.
type process struct {
	program string
	first   bool // it is process 1
}

// process notes that a program begins, in a process of its own or in the place of the one that started it.
func (w *watch) process(ctx context.Context, program string) context.Context {
	up, nested := ctx.Value(process{}).(*process)
	p := &process{program: program, first: !nested || up.first && tool.IsInPlace(ctx)}
	if p.first {
		w.mu.Lock()
		w.first = program
		w.mu.Unlock()
	}
	return context.WithValue(tool.NewProcess(ctx), process{}, p)
}

// serve notes a program that would go on running, and returns at once.
func (w *watch) serve(ctx context.Context, _ *tool.Call, s tool.Service) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.report
	r.Serves = true
	if s.Port != 0 && !slices.Contains(r.Ports, s.Port) {
		r.Ports = append(r.Ports, s.Port)
	}
	if s.Runtime != "" {
		r.Runtime = s.Runtime
	}
	for _, f := range s.Loaded {
		if !slices.Contains(r.Loaded, f) {
			r.Loaded = append(r.Loaded, f)
		}
	}
	if p, ok := ctx.Value(process{}).(*process); ok && p.first {
		r.Graceful = s.Graceful
	} else {
		r.Graceful = forwards[w.first]
	}
	return 0
}

// forwards are programs that, as process 1, hand the stop signal on to what they started, which then ends by it: only process 1 is spared
// the default action.
var forwards = map[string]bool{
	"tini": true, "dumb-init": true, "catatonit": true, "s6-svscan": true, // made for it
	"su": true, "runuser": true, "timeout": true, // they pass SIGTERM to their child
	"npm": true, "npx": true, // through @npmcli/promise-spawn and the signal manager of @npmcli/run-script
}

// output keeps the beginning of what is printed.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.buf.Write(b[:min(len(b), maxOutput-o.buf.Len())])
	return len(b), nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

var complaint = regexp.MustCompile(`^(?:[\w.]*(?:Error|Exception)(?: \[\w+\])?: |Exception in thread |Error: |Caused by: )`)

// reason picks the line of a failed program's output that says why.
func reason(output string, status int) string {
	last := ""
	for line := range strings.Lines(output) {
		line = strings.TrimSpace(line)
		if complaint.MatchString(line) {
			return line
		}
		if line != "" {
			last = line
		}
	}
	if last == "" {
		return fmt.Sprintf("ended with status %d and without a word", status)
	}
	return last
}

// written lists at most ten folders in which files were made or changed.
func written(before, after *tree.Node) []string {
	var out []string
	for _, c := range tree.Diff(before, after) {
		if dir := path.Dir(c.Path); c.Kind != tree.Parent && !slices.Contains(out, dir) && len(out) < 10 {
			out = append(out, dir)
		}
	}
	return out
}

func lower(s string) string { return strings.ToLower(s[:1]) + s[1:] }
