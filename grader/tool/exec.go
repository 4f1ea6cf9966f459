package tool

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"syscall"

	"drydock/grader/report"
	"drydock/grader/tree"
	"drydock/grader/vfs"
)

// DefaultPath is what a C library searches where PATH is not set.
const DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Find returns the path of the program that name stands for: name itself if it holds a slash, else the first executable file in PATH. The error is
// fs.ErrNotExist or EACCES (found, but not executable), as an *fs.PathError.
func Find(f *vfs.FS, env Env, name string) (string, error) {
	if strings.Contains(name, "/") {
		n, err := f.Stat(name)
		switch {
		case err != nil:
			return name, err
		case n.Type == tree.Dir:
			return name, &fs.PathError{Op: "exec", Path: name, Err: syscall.EACCES}
		case f.Access(name, 1) != nil:
			return name, &fs.PathError{Op: "exec", Path: name, Err: syscall.EACCES}
		}
		return name, nil
	}
	dirs, ok := env.Lookup("PATH")
	if !ok {
		dirs = DefaultPath
	}
	var denied error
	denied = &fs.PathError{Op: "exec", Path: name, Err: syscall.ENOENT}
	if name == "" {
		return "", denied
	}
	for _, dir := range strings.Split(dirs, ":") {
		p := path.Join(dir, name)
		if dir == "" {
			p = "./" + name
		}
		n, err := f.Stat(p)
		if err != nil || n.Type == tree.Dir {
			continue
		}
		if f.Access(p, 1) == nil {
			return p, nil
		}
		denied = &fs.PathError{Op: "exec", Path: p, Err: syscall.EACCES}
	}
	return "", denied
}

// Exec finds and runs the program c.Args names, as execvp would, and returns its exit status. An error means that it could not be started: an
// *fs.PathError over ENOENT, EACCES, ENOEXEC (no program and no #! line: a shell would then run it as a script), ELOOP.
func (c *Call) Exec(ctx context.Context) (int, error) {
	p, err := Find(c.FS, c.Env, c.Args[0])
	if err != nil {
		return 0, err
	}
	return c.start(ctx, p, 0)
}

// ExecFile is [Call.Exec] for the program at a path, whatever c.Args calls it.
func (c *Call) ExecFile(ctx context.Context, program string) (int, error) {
	p, err := Find(c.FS, c.Env, program)
	if err != nil {
		return 0, err
	}
	return c.start(ctx, p, 0)
}

// Run is [Call.Exec] for a model that runs another program: where it cannot be started, a message like env's is printed and the status is 126 or 127.
func (c *Call) Run(ctx context.Context) int {
	status, err := c.Exec(ctx)
	if err == nil {
		return status
	}
	c.Errorf("%s: %s", c.Args[0], vfs.Message(err))
	if errors.Is(err, fs.ErrNotExist) {
		return 127
	}
	return 126
}

func (c *Call) start(ctx context.Context, p string, depth int) (int, error) {
	if err := ctx.Err(); err != nil {
		return 124, nil
	}
	deny := func(e error) (int, error) { return 0, &fs.PathError{Op: "exec", Path: p, Err: e} }
	if depth > 4 {
		return deny(syscall.ELOOP)
	}
	content, err := c.FS.Content(p)
	if errors.Is(err, syscall.EACCES) { // execute permission suffices
		if n, serr := c.FS.Stat(p); serr == nil {
			content, err = n.Content, nil
		}
	}
	if err != nil {
		return deny(syscall.EACCES)
	}
	d := *c
	d.Path, d.Program = p, content
	head := headOf(content)
	if bytes.HasPrefix(head, []byte("#!")) {
		line, _, _ := bytes.Cut(head[2:], []byte("\n"))
		interp, arg, _ := strings.Cut(strings.Trim(string(line), " \t"), " ")
		interp, arg2, tabbed := strings.Cut(interp, "\t")
		if tabbed {
			arg = arg2 + " " + arg
		}
		arg = strings.Trim(arg, " \t")
		if _, err := c.FS.Stat(interp); err != nil || interp == "" {
			return deny(syscall.ENOENT)
		}
		if _, err := Find(c.FS, c.Env, interp); err != nil {
			return deny(syscall.EACCES)
		}
		if content.Fact("program") != "" {
			if path.Base(interp) == "env" {
				want := strings.TrimPrefix(arg, "-S ")
				want, _, _ = strings.Cut(want, " ")
				if _, err := Find(c.FS, c.Env, want); err != nil {
					c.Errorf("%s", missingForEnv(c.FS, c.Env, interp, want, err))
					return 127, nil
				}
			}
			return d.model(ctx), nil
		}
		args := []string{interp}
		if arg != "" {
			args = append(args, arg)
		}
		d.Args = append(append(args, p), c.Args[1:]...)
		return d.start(ctx, interp, depth+1)
	}
	if content.Fact("elf") != "" {
		if a := content.Fact("arch"); a != "" && a != c.Arch && c.Arch != "" && !(c.Emulated && a == "amd64") {
			return deny(syscall.ENOEXEC)
		}
		if content.Fact("elf") == "dynamic" {
			if loader := content.Fact("interp"); loader != "" && !c.FS.Exists(loader) {
				return deny(syscall.ENOENT)
			}
			if lib := missingLibrary(c.FS, content); lib != "" {
				if strings.Contains(content.Fact("interp"), "musl") {
					c.Errorf("Error loading shared library %s: No such file or directory (needed by %s)", lib, p)
				} else {
					c.Errorf("%s: error while loading shared libraries: %s: cannot open shared object file: No such file or directory", c.Args[0], lib)
				}
				return 127, nil
			}
		}
	}
	if content.Fact("program") != "" || content.Fact("elf") != "" {
		return d.model(ctx), nil
	}
	return deny(syscall.ENOEXEC)
}

// missingForEnv is what env prints when it cannot start a program. GNU's quotes follow the locale.
func missingForEnv(f *vfs.FS, env Env, interp, want string, err error) string {
	if n, serr := f.Stat(interp); serr == nil && n.Content.Fact("program") == "busybox" {
		return fmt.Sprintf("env: can't execute '%s': %s", want, vfs.Message(err))
	}
	open, shut := "'", "'"
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := env.Get(name); v != "" {
			if strings.HasSuffix(strings.ToUpper(strings.ReplaceAll(v, "-", "")), "UTF8") {
				open, shut = "\u2018", "\u2019"
			}
			break
		}
	}
	return fmt.Sprintf("%s: %s%s%s: %s", interp, open, want, shut, vfs.Message(err))
}

// headOf returns the first bytes of known content.
func headOf(c *tree.Content) []byte {
	data, ok := c.Known()
	if !ok {
		return nil
	}
	return data[:min(len(data), 256)]
}

func (c *Call) model(ctx context.Context) int {
	m := c.Models[c.Program.Fact("program")]
	if m == nil {
		c.Note(report.Note{Kind: "unknown", Text: fmt.Sprintf("Drydock has no model of %s: it is taken to succeed and to change nothing.", c.Name())})
		return 0
	}
	return m(ctx, c)
}

// libraryDirs are where the loaders of Debian, Fedora's kin and Alpine look.
var libraryDirs = []string{
	"/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu", "/usr/lib/aarch64-linux-gnu",
	"/lib64", "/usr/lib64", "/lib", "/usr/lib", "/usr/local/lib",
}

// missingLibrary returns the first shared library that content needs and that the loader would not find.
func missingLibrary(f *vfs.FS, content *tree.Content) string {
	for _, lib := range strings.Fields(content.Fact("needs")) {
		if !HasLibrary(f, lib) {
			return lib
		}
	}
	return ""
}

// HasLibrary reports whether the dynamic loader finds a shared library of that name in the folders it searches by itself.
func HasLibrary(f *vfs.FS, name string) bool {
	for _, dir := range libraryDirs {
		if f.Exists(dir + "/" + name) {
			return true
		}
	}
	return false
}
