// Package tool is what a command is to the simulated build: arguments, environment, streams and a view of the filesystem in, an
// exit status and events out.
//
// A [Model] stands for a program (npm, apt-get, ls). Which model answers is not a matter of names: a file's content says which program it
// is (see the facts of tree.Content), so that a copied, renamed or missing binary behaves as it would. A model knows the filesystem
// and the catalogue, and no other model: what it wants of another program it runs by name with [Call.Exec].
package tool

import (
	"context"
	"fmt"
	"io"
	"strings"

	"drydock/grader/report"
	"drydock/grader/tree"
	"drydock/grader/vfs"
)

// Model runs a program and returns its exit status. It must return soon after ctx is done. What it prints must be what the real
// program prints where somebody could see it matter: error messages to the letter, progress in outline.
type Model func(ctx context.Context, c *Call) int

// Models are the programs that are known, by the "program" fact of their file.
type Models map[string]Model

// Call is one execution of a program.
type Call struct {
	Args    []string      // as given, Args[0] is the name it was called by
	Path    string        // where the program was found
	Program *tree.Content // what was found there
	Env     Env
	FS      *vfs.FS // with working directory, user and umask
	Stdin   io.Reader
	Stdout  io.Writer
	Stderr  io.Writer
	*Host
}

// Host is what surrounds all calls of a step.
type Host struct {
	Models   Models
	Record   func(report.Event) // says what was downloaded, installed, compiled
	Note     func(report.Note)  // says what the simulation does not know
	Running  bool               // a container is being started, not a step built
	Arch     string             // of the platform built for: "amd64", "arm64"
	Offline  bool               // RUN --network=none
	Emulated bool               // the platform is not the machine's own

	// Serve is called by a program that would go on running (a server listening on port; 0 for none, such as sleep infinity). In a build it waits until ctx
	// is done; when a container is started it notes the port and returns at once. The program then returns the status it gets.
	Serve func(ctx context.Context, c *Call, s Service) int

	Stale func(kind string) bool // scenario "index-moved": whether a package index fetched before is out of date
}

// Service is a process that keeps running.
type Service struct {
	Port     int
	Runtime  string   // "node 20.20.2"
	Graceful bool     // ends on the stop signal as process 1
	Loaded   []string // files it read
}

// Env is a process's environment, in order. Later entries win.
type Env []string

// Get returns a variable's value, or "".
func (e Env) Get(name string) string { v, _ := e.Lookup(name); return v }

// Lookup returns a variable's value and whether it is set.
func (e Env) Lookup(name string) (string, bool) {
	for i := len(e) - 1; i >= 0; i-- {
		if k, v, ok := strings.Cut(e[i], "="); ok && k == name {
			return v, true
		}
	}
	return "", false
}

// With returns a copy with a variable set.
func (e Env) With(name, value string) Env {
	out := make(Env, 0, len(e)+1)
	for _, kv := range e {
		if k, _, _ := strings.Cut(kv, "="); k != name {
			out = append(out, kv)
		}
	}
	return append(out, name+"="+value)
}

// Name is the base name that the program was called by.
func (c *Call) Name() string {
	if len(c.Args) == 0 {
		return ""
	}
	return c.Args[0][strings.LastIndexByte(c.Args[0], '/')+1:]
}

// Printf writes to standard output.
func (c *Call) Printf(format string, a ...any) { fmt.Fprintf(c.Stdout, format, a...) }

// Errorf writes to standard error, with a newline added.
func (c *Call) Errorf(format string, a ...any) { fmt.Fprintf(c.Stderr, format+"\n", a...) }

// Child returns a call of another program that shares this one's streams, environment and view.
func (c *Call) Child(args ...string) *Call {
	d := *c
	d.Args, d.Path, d.Program = args, "", nil
	return &d
}
