package shell_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"drydock/grader/report"
	"drydock/grader/shell"
	"drydock/grader/tool"
	"drydock/grader/tree"
	"drydock/grader/vfs"
)

// check runs a script with -c and compares its transcript.
func check(t *testing.T, d shell.Dialect, script, want string) {
	t.Helper()
	out, errs, status := newSandbox().run(withTimeout(t, 10*time.Second), d, "", called(d), "-c", script)
	if got := transcript(out, errs, status); got != want {
		t.Errorf("%v: %s\n--- want\n%s--- got\n%s", d, script, want, got)
	}
}

// TestDialects is the table by which the shells were told apart before this one was written.
func TestDialects(t *testing.T) {
	for _, c := range []struct{ script, dash, ash string }{
		{`echo -e "a\tb"`, "-e a\tb\n= 0\n", "a\tb\n= 0\n"},
		{`echo "a\tb"`, "a\tb\n= 0\n", "a\\tb\n= 0\n"},
		{`set -o pipefail; echo on`, "! /bin/sh: 1: set: Illegal option -o pipefail\n= 2\n", "on\n= 0\n"},
		{`[[ a ]] && echo yes`, "! /bin/sh: 1: [[: not found\n= 127\n", "yes\n= 0\n"},
		{`x=abc; echo ${x:1:2}`, "! /bin/sh: 1: Bad substitution\n= 2\n", "bc\n= 0\n"},
		{`a=(1)`, "! /bin/sh: 1: Syntax error: \"(\" unexpected\n= 2\n", "! /bin/sh: syntax error: unexpected \"(\"\n= 2\n"},
		{`[ a == a ] && echo same`, "! /bin/sh: 1: [: a: unexpected operator\n= 2\n", "same\n= 0\n"},
		{`echo {1..3}`, "{1..3}\n= 0\n", "{1..3}\n= 0\n"},
		{`shift 9; echo $?`, "! /bin/sh: 1: shift: can't shift that many\n= 2\n", "1\n= 0\n"},
		{`return 3`, "= 3\n", "= 3\n"},
		{`x`, "! /bin/sh: 1: x: not found\n= 127\n", "! /bin/sh: x: not found\n= 127\n"},
	} {
		check(t, shell.Dash, c.script, c.dash)
		check(t, shell.Ash, c.script, c.ash)
	}
}

func TestInvocation(t *testing.T) {
	for _, c := range []struct {
		name  string
		d     shell.Dialect
		stdin string
		args  []string
		want  string
	}{
		{"script from standard input", shell.Dash, "echo $0 $1\n", []string{"sh", "-s", "a"}, "sh a\n= 0\n"},
		{"name and parameters", shell.Dash, "", []string{"/bin/sh", "-c", `echo $0 "$@"`, "n", "a b", "c"}, "n a b c\n= 0\n"},
		{"errexit", shell.Ash, "", []string{"/bin/sh", "-ec", "false; echo no"}, "= 1\n"},
		{"bash -euo pipefail", shell.Bash, "", []string{"/bin/bash", "-euo", "pipefail", "-c", "false | true; echo no"}, "= 1\n"},
		{"missing script", shell.Dash, "", []string{"sh", "no.sh"}, "! sh: 0: cannot open no.sh: No such file\n= 2\n"},
		{"missing script in bash", shell.Bash, "", []string{"bash", "no.sh"}, "! bash: no.sh: No such file or directory\n= 127\n"},
		{"no argument to -c", shell.Dash, "", []string{"sh", "-c"}, "! sh: 0: -c requires an argument\n= 2\n"},
		{"no such option", shell.Bash, "", []string{"bash", "--nope"}, "! bash: --nope: invalid option\n= 2\n"},
		{"commands read what the script leaves", shell.Bash, "", []string{"bash", "-c", "read x; echo [$x] $?"}, "[] 1\n= 0\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, errs, status := newSandbox().run(withTimeout(t, 5*time.Second), c.d, c.stdin, c.args...)
			if got := transcript(out, errs, status); got != c.want {
				t.Errorf("--- want\n%s--- got\n%s", c.want, got)
			}
		})
	}
}

// TestPipesEnd runs writers that never stop by themselves and do not look at errors.
func TestPipesEnd(t *testing.T) {
	for _, d := range dialects() {
		check(t, d, "yes | head -n 1", "y\n= 0\n")
		check(t, d, "yes | while read x; do echo $x; break; done; echo done", "y\ndone\n= 0\n")
		check(t, d, "while :; do echo a; done | head -n 2", "a\na\n= 0\n")
		check(t, d, "x=$(yes | head -n 2); echo $x", "y y\n= 0\n")
	}
	check(t, shell.Bash, "yes | head -n 1; echo ${PIPESTATUS[@]}", "y\n141 0\n= 0\n")
	check(t, shell.Bash, "set -o pipefail; yes | head -n 1", "y\n= 141\n")
	check(t, shell.Bash, "head -n 1 < <(yes | head -n 5)", "y\n= 0\n")
}

func TestBackground(t *testing.T) {
	check(t, shell.Dash, "(sleep 0.05; exit 3) & wait $!; echo $?", "3\n= 0\n")
	check(t, shell.Dash, "x=$(sleep 0.05 & echo now); echo $x", "now\n= 0\n")
	start := time.Now()
	check(t, shell.Ash, "sleep 60 & echo gone", "gone\n= 0\n")
	check(t, shell.Ash, "sleep 60 & p=$!; kill $p; wait $p; echo $?", "143\n= 0\n")
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("background jobs were waited for: %v", took)
	}
}

// TestBounds runs scripts without end: the shell must end soon after its context, or at its bounds, and leave no goroutine behind.
func TestBounds(t *testing.T) {
	before := runtime.NumGoroutine()
	for _, script := range []string{
		"while :; do :; done",
		"f() { f; }; f",
		"f() { f | f; }; f",
		"f() { f & f; }; f",
		"x=a; while :; do x=$x$x; done",
		"set -- a; while :; do set -- \"$@\" \"$@\"; done",
		"while :; do (:) & done",
		"eval 'x=\"eval \\$x\"'; eval $x",
		"x='eval \"$x\"'; eval \"$x\"",
		"yes",
		"yes | cat | cat | sort",
		"x=$(yes)",
		"until false; do sleep 0; done",
		"sh -c 'while :; do :; done' & wait",
		"echo 'sh ./s' > s; sh ./s",
		"printf '. ./d\\n' > d; . ./d",
		"trap 'kill -TERM $$' TERM; kill -TERM $$",
		"trap 'while :; do :; done' EXIT",
		"x=; i=0; while :; do i=$((i+1)); x=\"$x $i\"; done",
		"cat <<E\n$(yes)\nE",
		"alias a=a; a; alias b='b b'\nb",
		"printf '%100000000d' 1",
		strings.Repeat("(", 50_000),
		strings.Repeat("if ", 50_000),
		strings.Repeat("$((", 20_000),
		"echo $((" + strings.Repeat("-", 5000) + "1))",
		"echo {1..100000}{1..100000}",
		"a=(); while :; do a+=(x); done",
		"x=" + strings.Repeat("a", 1000) + "; y=${x//a/$x$x}; z=${y//a/$y}; w=${z//a/$z}",
		"[[ " + strings.Repeat("a", 200) + " == " + strings.Repeat("*a", 40) + "b ]]; x=*(*(a|aa)|b)c; [[ " + strings.Repeat("a", 60) + " == $x ]]",
		"while read x; do :; done < /dev/zero",
		"mapfile x < /dev/zero",
	} {
		for _, d := range dialects() {
			ctx, cancel := context.WithTimeout(context.Background(), 60*time.Millisecond)
			start := time.Now()
			newSandbox().run(ctx, d, "", called(d), "-c", script)
			if took := time.Since(start); took > 4*time.Second {
				t.Errorf("%v: %.60s took %v", d, script, took)
			}
			cancel()
		}
	}
	for range 100 {
		if runtime.NumGoroutine() <= before+2 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}

func TestMemory(t *testing.T) {
	for _, d := range dialects() {
		_, errs, status := newSandbox().run(withTimeout(t, 20*time.Second), d, "", called(d), "-c", "x=a; while :; do x=$x$x; done")
		if status != 2 || !strings.Contains(errs, "cannot allocate memory") {
			t.Errorf("%v: status %d, %q", d, status, errs)
		}
	}
}

// TestOwner checks that the shell acts as the user it is run as.
func TestOwner(t *testing.T) {
	s := newSandbox()
	s.fs = s.fs.As(vfs.Cred{UID: 1000, GID: 1000})
	out, errs, status := s.run(withTimeout(t, 5*time.Second), shell.Dash, "", "/bin/sh", "-c", "echo a > /etc/x; cd /root; echo b > /tmp/y; echo ~node")
	want := "/home/node\n! /bin/sh: 1: cannot create /etc/x: Permission denied\n= 0\n"
	if got := transcript(out, errs, status); got != want {
		t.Errorf("got\n%s", got)
	}
	n, err := s.fs.Stat("/tmp/y")
	if err != nil || n.UID != 1000 || n.Mode != 0o644 {
		t.Errorf("/tmp/y: %v %v", n, err)
	}
}

func ExampleRun() {
	root := tree.NewDir(0o755).PutAt("/tmp/x", tree.NewFile(0o644, nil))
	c := &tool.Call{
		Args: []string{"/bin/sh"}, FS: vfs.New(tree.Begin(root), func() int64 { return 0 }, nil),
		Stdin: strings.NewReader(""), Stdout: printer{}, Stderr: printer{},
		Host: &tool.Host{Note: func(report.Note) {}},
	}
	fmt.Println(shell.Run(context.Background(), shell.Dash, c, `for i in a b; do echo "$i: $((1 + 1))"; done; nosuch`))
	// Output:
	// a: 2
	// b: 2
	// /bin/sh: 1: nosuch: not found
	// 127
}

// printer prints to where an example's output is looked for.
type printer struct{}

func (printer) Write(p []byte) (int, error) { return fmt.Print(string(p)) }
