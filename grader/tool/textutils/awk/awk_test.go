package awk_test

import (
	"context"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"drydock/grader/tool/textutils/awk"
)

func Example() {
	p, err := awk.Parse(`{ n[$1]++ } END { for (k in n) print k, n[k] }`)
	if err != nil {
		panic(err)
	}
	p.Run(context.Background(), awk.World{Stdin: strings.NewReader("a\nb\na\n"), Stdout: os.Stdout}, nil, nil)
	// Output:
	// a 2
	// b 1
}

// Programs that never end, or that are no programs, end all the same.
func TestBounds(t *testing.T) {
	for _, src := range []string{
		`BEGIN { while (1) x = x "y" }`, `function f(n) { return f(n+1) } BEGIN { f(1) }`, `BEGIN { x = "y"; for (;;) x = x x }`, `BEGIN { $1e9 = 1 }`,
		`BEGIN { for (;;) a[i++] = 1 }`, `BEGIN { printf "%999999999d", 1 }`, strings.Repeat("(", 5000), `BEGIN { print substr("a", "nan", -1) }`,
	} {
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		if p, err := awk.Parse(src); err == nil {
			p.Run(ctx, awk.World{Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: io.Discard}, nil, nil)
		}
		cancel()
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`BEGIN { x["a"] = $1 ~ /b/ ? 1 : -2^3; printf "%s", x } function f(a) { return a++ }`)
	f.Fuzz(func(t *testing.T, src string) { awk.Parse(src) })
}
