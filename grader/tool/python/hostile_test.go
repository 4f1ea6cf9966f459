package python_test

import (
	"strings"
	"testing"
	"time"
)

// TestHostileSources gives the interpreter sources that are large or deep; each is answered soon.
func TestHostileSources(t *testing.T) {
	const n = 300_000
	sources := map[string]string{
		"brackets":    strings.Repeat("(", n),
		"closed":      strings.Repeat("(", n) + strings.Repeat(")", n),
		"opens":       strings.Repeat("open(", n/5),
		"open calls":  strings.Repeat("open('x').read() + ", n/20) + "''",
		"sums":        "x = " + strings.Repeat("'a' + ", n/6) + "'a'",
		"doubling":    "x = 'aaaaaaaaaaaaaaaa'\n" + strings.Repeat("x = x + x\n", 60) + "print(x)",
		"formats":     "x = 'aaaaaaaaaaaaaaaa'\n" + strings.Repeat("x = f'{x}{x}{x}'\n", 40) + "print(x)",
		"environ":     strings.Repeat("os.environ[", n/11),
		"ifs":         strings.Repeat("if x:\n", n/6),
		"deep":        deep(1500),
		"quotes":      strings.Repeat("'", n),
		"imports":     "import " + strings.Repeat("a,", n/2) + "a",
		"recursion":   "def f():\n    f()\n    g()\ndef g():\n    f()\nf()\n",
		"self import": "import x\nfrom x import x\n",
		"run":         strings.Repeat("app.run(", n/8),
		"dots":        "from " + strings.Repeat(".", n) + " import x",
		"attributes":  "print(" + strings.Repeat("a.parent.", n/9) + "x)",
	}
	for name, src := range sources {
		t.Run(name, func(t *testing.T) {
			m := machine(t, false, map[string]string{"/app/x.py": src})
			start := time.Now()
			m.Run("python x.py")
			if d := time.Since(start); d > 2*time.Second {
				t.Errorf("took %v", d)
			}
		})
	}
}

func deep(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(" ", i) + "with a:\n")
	}
	return b.String()
}
