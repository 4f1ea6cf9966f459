package shell_test

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"drydock/grader/shell"

	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "record what the machine's own dash, busybox and bash do with the scripts of testdata")

// realShells are the programs that cases are recorded from: dash 0.5.12, busybox 1.35, bash 5.2 of Debian 12.
var realShells = map[shell.Dialect]string{shell.Dash: "/bin/dash", shell.Ash: "/usr/bin/busybox", shell.Bash: "/bin/bash"}

// TestRecorded runs scripts that the real shells were seen running: testdata holds, for each, the script as NAME.sh and a transcript for each
// shell (standard output, standard error after "! ", the status after "= "); dialects that agree share one file, NAME.dash+ash+bash.
func TestRecorded(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recorded cases: %v", err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		topic := strings.TrimSuffix(filepath.Base(file), ".txtar")
		if *update {
			record(t, file, archive)
			continue
		}
		var name, script string
		for _, f := range archive.Files {
			base, ext, _ := strings.Cut(f.Name, ".")
			if ext == "sh" {
				name, script = base, strings.TrimSuffix(string(f.Data), "\n")
				continue
			}
			if base != name {
				t.Fatalf("%s: %s has no script", file, f.Name)
			}
			for _, d := range dialects() {
				if !strings.Contains("+"+ext+"+", "+"+d.String()+"+") {
					continue
				}
				t.Run(topic+"/"+name+"/"+d.String(), func(t *testing.T) {
					out, errs, status := newSandbox().run(withTimeout(t, 10*time.Second), d, "", called(d), "-c", script)
					if got := transcript(out, errs, status); got != string(f.Data) {
						t.Errorf("%s\n--- recorded\n%s--- got\n%s", script, f.Data, got)
					}
				})
			}
		}
	}
}

// record writes an archive anew from the scripts that it holds.
func record(t *testing.T, file string, old *txtar.Archive) {
	t.Helper()
	fresh := &txtar.Archive{Comment: old.Comment}
	for _, f := range old.Files {
		if !strings.HasSuffix(f.Name, ".sh") {
			continue
		}
		fresh.Files = append(fresh.Files, f)
		script := strings.TrimSuffix(string(f.Data), "\n")
		var order []string
		by := map[string][]string{}
		for _, d := range dialects() {
			text := runReal(t, d, script)
			if by[text] == nil {
				order = append(order, text)
			}
			by[text] = append(by[text], d.String())
		}
		for _, text := range order {
			name := strings.TrimSuffix(f.Name, "sh") + strings.Join(by[text], "+")
			fresh.Files = append(fresh.Files, txtar.File{Name: name, Data: []byte(text)})
		}
	}
	if err := os.WriteFile(file, txtar.Format(fresh), 0o644); err != nil {
		t.Fatal(err)
	}
}

// runReal runs a script with the machine's own shell in an empty folder /w, as the sandbox has it.
func runReal(t *testing.T, d shell.Dialect, script string) string {
	t.Helper()
	if err := os.RemoveAll("/w"); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll("/w", 0o755); err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll("/w")
	cmd := exec.Command(realShells[d])
	cmd.Args = []string{called(d), "-c", script}
	cmd.Dir, cmd.Env = "/w", []string{"PATH=/usr/bin:/bin", "HOME=/root"}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		t.Skipf("cannot record: %v", err)
	}
	timer := time.AfterFunc(10*time.Second, func() { cmd.Process.Kill() })
	defer timer.Stop()
	cmd.Wait()
	return transcript(out.String(), errs.String(), cmd.ProcessState.ExitCode())
}
