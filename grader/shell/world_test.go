package shell_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"drydock/grader/report"
	"drydock/grader/shell"
	"drydock/grader/tool"
	"drydock/grader/tree"
	"drydock/grader/vfs"
)

// output is a stream that several commands may write to.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// programs of the toy world, by the path of their file below /bin.
var programs = tool.Models{
	"dash":       shell.Model(shell.Dash),
	"bash":       shell.Model(shell.Bash),
	"busybox-sh": shell.Model(shell.Ash),
	"cat": func(ctx context.Context, c *tool.Call) int {
		status := 0
		if len(c.Args) == 1 {
			io.Copy(c.Stdout, c.Stdin)
		}
		for _, p := range c.Args[1:] {
			data, err := c.FS.ReadFile(p)
			if p == "-" {
				data, err = io.ReadAll(c.Stdin)
			}
			if err != nil {
				c.Errorf("cat: %s: %s", p, vfs.Message(err))
				status = 1
				continue
			}
			c.Stdout.Write(data)
		}
		return status
	},
	"echo": func(ctx context.Context, c *tool.Call) int {
		c.Printf("%s\n", strings.Join(c.Args[1:], " "))
		return 0
	},
	"env": func(ctx context.Context, c *tool.Call) int {
		args := c.Args[1:]
		env := c.Env
		for len(args) > 0 && args[0] == "-i" {
			env, args = nil, args[1:]
		}
		for len(args) > 0 && strings.Contains(args[0], "=") {
			k, v, _ := strings.Cut(args[0], "=")
			env, args = env.With(k, v), args[1:]
		}
		if len(args) > 0 {
			d := c.Child(args...)
			d.Env = env
			return d.Run(ctx)
		}
		for _, kv := range env {
			c.Printf("%s\n", kv)
		}
		return 0
	},
	"head": func(ctx context.Context, c *tool.Call) int {
		n := 10
		for _, a := range c.Args[1:] {
			n, _ = strconv.Atoi(strings.TrimLeft(a, "-n"))
		}
		s := bufio.NewScanner(c.Stdin)
		for ; n > 0 && s.Scan(); n-- {
			c.Printf("%s\n", s.Text())
		}
		return 0
	},
	"yes": func(ctx context.Context, c *tool.Call) int {
		for ctx.Err() == nil {
			c.Printf("y\n") // errors are not looked at: the context must end it
		}
		return 1
	},
	"sleep": func(ctx context.Context, c *tool.Call) int {
		if len(c.Args) < 2 {
			return 1
		}
		s, _ := strconv.ParseFloat(c.Args[1], 64)
		select {
		case <-time.After(time.Duration(s * float64(time.Second))):
		case <-ctx.Done():
		}
		return 0
	},
	"mkdir": func(ctx context.Context, c *tool.Call) int {
		for _, p := range c.Args[1:] {
			if p != "-p" {
				c.FS.MkdirAll(p, 0o777)
			}
		}
		return 0
	},
	"touch": func(ctx context.Context, c *tool.Call) int {
		for _, p := range c.Args[1:] {
			c.FS.WriteFile(p, nil, 0o666)
		}
		return 0
	},
	"rm": func(ctx context.Context, c *tool.Call) int {
		for _, p := range c.Args[1:] {
			if !strings.HasPrefix(p, "-") {
				c.FS.RemoveAll(p)
			}
		}
		return 0
	},
	"chmod": func(ctx context.Context, c *tool.Call) int {
		if len(c.Args) < 3 {
			return 1
		}
		mode, _ := strconv.ParseUint(c.Args[1], 8, 32)
		for _, p := range c.Args[2:] {
			c.FS.Chmod(p, uint32(mode))
		}
		return 0
	},
	"sort": func(ctx context.Context, c *tool.Call) int {
		var lines []string
		for s := bufio.NewScanner(c.Stdin); s.Scan(); {
			lines = append(lines, s.Text())
		}
		for i := range lines {
			for j := i; j > 0 && lines[j] < lines[j-1]; j-- {
				lines[j], lines[j-1] = lines[j-1], lines[j]
			}
		}
		for _, l := range lines {
			c.Printf("%s\n", l)
		}
		return 0
	},
}

// sandbox is a small machine on which a shell runs.
type sandbox struct {
	fs  *vfs.FS
	env tool.Env
}

var base = func() *tree.Node {
	root := tree.NewDir(0o755)
	for name := range programs {
		root.PutAt("/usr/bin/"+name, tree.NewFile(0o755, tree.Declared(1000, "bin:"+name, map[string]string{"program": name, "elf": "static"})))
	}
	root.Put("bin", tree.NewSymlink("usr/bin"))
	root.PutAt("/etc/passwd", tree.NewFile(0o644, tree.Text("root:x:0:0:root:/root:/bin/bash\nnode:x:1000:1000::/home/node:/bin/sh\n")))
	tmp := tree.NewDir(0o777)
	root.Put("tmp", tmp)
	root.PutAt("/root/.keep", tree.NewFile(0o644, nil))
	root.PutAt("/w/.keep", tree.NewFile(0o644, nil))
	for _, name := range []string{"null", "zero"} {
		root.PutAt("/dev/"+name, &tree.Node{Type: tree.CharDevice, Attr: tree.Attr{Mode: 0o666}, Target: name})
	}
	return root
}()

func newSandbox() *sandbox {
	root := tree.Begin(base)
	root.Set("/usr/bin/sh", tree.NewSymlink("dash"))
	root.Remove("/w/.keep")
	now := int64(1_700_000_000_000_000_000)
	var mu sync.Mutex
	f := vfs.New(root, func() int64 { mu.Lock(); defer mu.Unlock(); now++; return now }, nil).In("/w")
	return &sandbox{fs: f, env: tool.Env{"PATH=/usr/bin:/bin", "HOME=/root"}}
}

// run calls a shell and returns what it printed to both streams, and its status.
func (s *sandbox) run(ctx context.Context, d shell.Dialect, stdin string, args ...string) (stdout, stderr string, status int) {
	var out, errs output
	c := &tool.Call{
		Args: args, Env: s.env, FS: s.fs, Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &errs,
		Host: &tool.Host{Models: programs, Record: func(report.Event) {}, Note: func(report.Note) {}, Arch: "amd64"},
	}
	status = shell.Model(d)(ctx, c)
	return out.String(), errs.String(), status
}

// called is the name by which images call their shell.
func called(d shell.Dialect) string {
	if d == shell.Bash {
		return "/bin/bash"
	}
	return "/bin/sh"
}

// transcript is stdout, stderr and status in one text, as the recorded cases have it.
func transcript(stdout, stderr string, status int) string {
	var b strings.Builder
	b.WriteString(stdout)
	if stdout != "" && !strings.HasSuffix(stdout, "\n") {
		b.WriteString("⏎\n")
	}
	for l := range strings.Lines(stderr) {
		b.WriteString("! " + strings.TrimSuffix(l, "\n") + "\n")
	}
	fmt.Fprintf(&b, "= %d\n", status)
	return b.String()
}

func dialects() []shell.Dialect { return []shell.Dialect{shell.Dash, shell.Ash, shell.Bash} }

func withTimeout(t testing.TB, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}
