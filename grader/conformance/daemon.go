package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// Daemon is a real buildkitd on this machine.
type Daemon struct {
	dir    string // binaries, state, bases
	socket string
	cmd    *exec.Cmd
	bases  map[string]base
}

// base is an image that cases build on, kept as an OCI layout.
type base struct{ layout, digest string }

// StartDaemon builds buildkitd and buildctl into dir, makes the base images there unless they are, and starts the daemon. It needs root, a network and Debian.
func StartDaemon(ctx context.Context, dir string, log io.Writer) (*Daemon, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	d := &Daemon{dir: dir, socket: filepath.Join(dir, "buildkitd.sock"), bases: map[string]base{}}
	for _, pkg := range []string{"runc", "debootstrap"} {
		if _, err := exec.LookPath(pkg); err != nil {
			if err := command(ctx, log, "apt-get", "install", "-y", "--no-install-recommends", pkg); err != nil {
				return nil, fmt.Errorf("install %s: %w", pkg, err)
			}
		}
	}
	for _, name := range []string{"buildkitd", "buildctl"} {
		bin := filepath.Join(dir, name)
		if _, err := os.Stat(bin); err != nil {
			if err := command(ctx, log, "go", "build", "-o", bin, "github.com/moby/buildkit/cmd/"+name); err != nil {
				return nil, fmt.Errorf("build %s: %w", name, err)
			}
		}
	}
	logFile, err := os.Create(filepath.Join(dir, "buildkitd.log"))
	if err != nil {
		return nil, err
	}
	d.cmd = exec.Command(filepath.Join(dir, "buildkitd"), "--addr", "unix://"+d.socket, "--root", filepath.Join(dir, "state"),
		"--oci-worker-net=host", "--containerd-worker=false")
	d.cmd.Stdout, d.cmd.Stderr = logFile, logFile
	if err := d.cmd.Start(); err != nil {
		return nil, err
	}
	for range 100 {
		if d.ctl(ctx, io.Discard, "debug", "workers") == nil {
			return d, d.makeBases(ctx, log)
		}
		time.Sleep(200 * time.Millisecond)
	}
	d.Stop()
	return nil, fmt.Errorf("buildkitd does not answer: see %s", logFile.Name())
}

// Stop ends the daemon.
func (d *Daemon) Stop() {
	d.cmd.Process.Signal(os.Interrupt)
	done := make(chan struct{})
	go func() { d.cmd.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		d.cmd.Process.Kill()
	}
}

func (d *Daemon) ctl(ctx context.Context, out io.Writer, args ...string) error {
	return command(ctx, out, filepath.Join(d.dir, "buildctl"), append([]string{"--addr", "unix://" + d.socket}, args...)...)
}

func command(ctx context.Context, out io.Writer, name string, args ...string) error {
	c := exec.CommandContext(ctx, name, args...)
	c.Stdout, c.Stderr = out, out
	return c.Run()
}
