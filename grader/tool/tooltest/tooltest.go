// Package tooltest replays transcripts of real commands against their models.
//
// A transcript is a txtar archive. Its files are what a fresh working folder holds; its comment is a dialogue: a line that begins
// with "$ " is a command, what follows is its standard output, then its standard error, then its status in brackets where that is not
// zero. Commands may be piped and redirected (|, <, >, >>); there is no other shell syntax.
//
// Run the tests with -update as root on the system that the models imitate (Debian 12) to record what the real commands say, and
// read the difference before it is committed.
package tooltest

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"drydock/grader/report"
	"drydock/grader/tool"
	"drydock/grader/tree"
	"drydock/grader/vfs"
)

var update = flag.Bool("update", false, "record what the real commands say")

// Now is the time of a simulated step.
var Now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// accounts are those of a Debian base image, in part.
const (
	passwd = "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\nwww-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\n" +
		"nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
	group = "root:x:0:\ndaemon:x:1:\nadm:x:4:\nshadow:x:42:\nwww-data:x:33:\nstaff:x:50:\nusers:x:100:\nnogroup:x:65534:\n"
)

// World is a simulated machine that holds the programs of some models and little else.
type World struct {
	FS     *vfs.FS
	Models tool.Models
	Host   *tool.Host
	Notes  []report.Note
}

// NewWorld returns a machine whose working folder is /work. flavour is a fact of all programs, "gnu" or "busybox".
func NewWorld(models tool.Models, flavour string) *World {
	root := tree.NewDir(0o755)
	for name := range models {
		facts := map[string]string{"program": name, "flavour": flavour, "version": "9.1", "elf": "static"}
		root.PutAt("/usr/bin/"+name, tree.NewFile(0o755, tree.Declared(100000, "program:"+name, facts)))
	}
	tmp := tree.NewDir(0o1777)
	root.PutAt("/etc/passwd", tree.NewFile(0o644, tree.Text(passwd)))
	root.PutAt("/etc/group", tree.NewFile(0o644, tree.Text(group)))
	root.Put("tmp", tmp).Put("root", tree.NewDir(0o700)).Put("home", tree.NewDir(0o755)).Put("work", tree.NewDir(0o755))
	w := &World{Models: models}
	w.FS = vfs.New(tree.Begin(root), func() int64 { return Now.UnixNano() }, &vfs.Budget{Bytes: 1 << 26, Entries: 100000}).In("/work")
	w.Host = &tool.Host{Models: models, Arch: "amd64", Record: func(report.Event) {}, Note: func(n report.Note) { w.Notes = append(w.Notes, n) }}
	return w
}

// Call returns a call of a program on the machine.
func (w *World) Call(stdin io.Reader, stdout, stderr io.Writer, args ...string) *tool.Call {
	return &tool.Call{Args: args, Env: tool.Env{"PATH=/usr/bin", "LC_ALL=C", "HOME=/root"}, FS: w.FS, Stdin: stdin, Stdout: stdout, Stderr: stderr, Host: w.Host}
}

// Run runs one line of a transcript.
func (w *World) Run(line string) (stdout, stderr string, status int) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	out, errs := &bytes.Buffer{}, &bytes.Buffer{}
	var in io.Reader = strings.NewReader("")
	for _, stage := range split(line) {
		out.Reset()
		if stage.in != "" {
			data, err := w.FS.ReadFile(stage.in)
			if err != nil {
				return "", err.Error(), 1
			}
			in = bytes.NewReader(data)
		}
		var err error
		status, err = w.Call(in, out, errs, stage.args...).Exec(ctx)
		if err != nil {
			return "", fmt.Sprintf("sh: %s: %s\n", stage.args[0], vfs.Message(err)), 127
		}
		if stage.out != "" {
			if stage.append {
				w.FS.Append(stage.out, bytes.Clone(out.Bytes()), 0o666)
			} else {
				w.FS.WriteFile(stage.out, bytes.Clone(out.Bytes()), 0o666)
			}
			out.Reset()
		}
		in = bytes.NewReader(bytes.Clone(out.Bytes()))
	}
	return out.String(), errs.String(), status
}

type stage struct {
	args    []string
	in, out string
	append  bool
}

// split takes a line apart: words with quotes, pipes and redirections.
func split(line string) []stage {
	var stages []stage
	cur := stage{}
	target := &cur.args
	var into *string
	var word strings.Builder
	started := false
	flush := func() {
		if !started {
			return
		}
		if into != nil {
			*into, into = word.String(), nil
		} else {
			*target = append(*target, word.String())
		}
		word.Reset()
		started = false
	}
	for i := 0; i < len(line); i++ {
		switch ch := line[i]; ch {
		case ' ':
			flush()
		case '\'':
			end := strings.IndexByte(line[i+1:], '\'')
			word.WriteString(line[i+1 : i+1+end])
			i += end + 1
			started = true
		case '"':
			end := strings.IndexByte(line[i+1:], '"')
			word.WriteString(line[i+1 : i+1+end])
			i += end + 1
			started = true
		case '\\':
			i++
			word.WriteByte(line[i])
			started = true
		case '|':
			flush()
			stages = append(stages, cur)
			cur = stage{}
			target = &cur.args
		case '<':
			flush()
			into = &cur.in
		case '>':
			flush()
			if cur.append = strings.HasPrefix(line[i:], ">>"); cur.append {
				i++
			}
			into = &cur.out
		default:
			word.WriteByte(ch)
			started = true
		}
	}
	flush()
	return append(stages, cur)
}

// ByHand as Replay's real command says that transcripts cannot be recorded on a machine that is in use.
const ByHand = "by hand"

// Replay runs every transcript that pattern matches as a subtest. real is put before the real commands: "busybox" for its applets.
func Replay(t *testing.T, pattern string, models tool.Models, flavour string, real ...string) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts at %s: %v", pattern, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if *update && len(real) > 0 && real[0] == ByHand {
				t.Skip("recorded by hand")
			}
			if *update {
				record(t, file, archive, real)
				return
			}
			w := NewWorld(models, flavour)
			for _, f := range archive.Files {
				w.FS.MkdirAll(filepath.Dir(f.Name), 0o755)
				if err := w.FS.WriteFile(f.Name, f.Data, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			for _, s := range parse(string(archive.Comment)) {
				if s.command == "" {
					continue
				}
				if got := show(w.Run(s.command)); got != s.output {
					t.Errorf("%s:%d: $ %s\ngot:\n%s\nwant:\n%s", file, s.line, s.command, got, s.output)
				}
			}
		})
	}
}

// step is a command with what it said; text that belongs to no command is a comment.
type step struct {
	command, output string
	line            int
}

func parse(text string) []step {
	steps := []step{{}}
	for i, line := range strings.SplitAfter(text, "\n") {
		if command, ok := strings.CutPrefix(line, "$ "); ok {
			steps = append(steps, step{command: strings.TrimSuffix(command, "\n"), line: i + 1})
			continue
		}
		steps[len(steps)-1].output += line
	}
	return steps
}

// show writes what a command said as a transcript has it.
func show(stdout, stderr string, status int) string {
	out := stdout
	if out != "" && !strings.HasSuffix(out, "\n") {
		out += "\\\n"
	}
	out += stderr
	if status != 0 {
		out += fmt.Sprintf("[%d]\n", status)
	}
	return out
}

// record runs the real commands in a temporary folder and rewrites the transcript.
func record(t *testing.T, file string, archive *txtar.Archive, real []string) {
	t.Helper()
	dir := t.TempDir()
	for _, f := range archive.Files {
		p := filepath.Join(dir, f.Name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(p), 0o755), os.WriteFile(p, f.Data, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	var b strings.Builder
	for _, s := range parse(string(archive.Comment)) {
		if s.command == "" {
			b.WriteString(s.output)
			continue
		}
		fmt.Fprintf(&b, "$ %s\n%s", s.command, show(runReal(dir, s.command, real)))
	}
	archive.Comment = []byte(b.String())
	if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
		t.Fatal(err)
	}
}

func runReal(dir, line string, real []string) (stdout, stderr string, status int) {
	out, errs := &bytes.Buffer{}, &bytes.Buffer{}
	var in io.Reader
	for _, stage := range split(line) {
		out.Reset()
		if stage.in != "" {
			data, _ := os.ReadFile(filepath.Join(dir, stage.in))
			in = bytes.NewReader(data)
		}
		args := append(append([]string(nil), real...), stage.args...)
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = dir, in, out, errs
		cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "HOME=/root", "TZ=UTC"}
		status = 0
		var exit *exec.ExitError
		if err := cmd.Run(); errors.As(err, &exit) {
			status = exit.ExitCode()
		} else if err != nil {
			errs.WriteString(err.Error() + "\n")
			status = 127
		}
		if stage.out != "" {
			p := filepath.Join(dir, stage.out)
			data := bytes.Clone(out.Bytes())
			if old, err := os.ReadFile(p); stage.append && err == nil {
				data = append(old, data...)
			}
			os.WriteFile(p, data, 0o644)
			out.Reset()
		}
		in = bytes.NewReader(bytes.Clone(out.Bytes()))
	}
	return out.String(), errs.String(), status
}
