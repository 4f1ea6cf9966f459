package golang_test

import (
	"strings"
	"testing"
	"time"
)

// TestHostileSources builds sources that are large or deep; each is answered soon.
func TestHostileSources(t *testing.T) {
	sources := map[string]string{
		"parentheses": "package main\n\nvar x = " + strings.Repeat("(", 100_000) + "1" + strings.Repeat(")", 100_000) + "\n\nfunc main() {}\n",
		"assignments": "package main\n\nimport \"net/http\"\n\nfunc main() {\n\ta := \"x\"\n" + strings.Repeat("\ta = a + a\n", 2000) + "\thttp.ListenAndServe(a, nil)\n}\n",
		"constants":   "package main\n\nconst a = 1\n" + strings.Repeat("const b = a << 500\n", 500) + "func main() {}\n",
		"garbage":     strings.Repeat("{[(", 50_000),
	}
	for name, src := range sources {
		t.Run(name, func(t *testing.T) {
			m := machine(t, map[string]string{"/src/go.mod": "module example.com/a\n\ngo 1.26\n", "/src/main.go": src})
			start := time.Now()
			m.Run("go build -o /app .")
			if d := time.Since(start); d > 2*time.Second {
				t.Errorf("took %v", d)
			}
		})
	}
}

func FuzzBuild(f *testing.F) {
	f.Add(server, "module example.com/app\n\ngo 1.26\n")
	f.Add("package main\n\n//go:embed x\nvar s string\n\nfunc main() {}\n", "module m\n\nreplace a => ./b\n")
	f.Fuzz(func(t *testing.T, src, mod string) {
		m := machine(t, map[string]string{"/src/go.mod": mod, "/src/main.go": src})
		m.Run("go build -o /app .")
	})
}
