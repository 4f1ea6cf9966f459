package npm_test

import (
	"testing"

	"drydock/grader/catalogue/npm"
)

func TestSatisfies(t *testing.T) {
	for _, c := range []struct {
		version, spec string
		want          bool
	}{
		{"1.2.3", "^1.2.0", true}, {"2.0.0", "^1.2.0", false}, {"1.3.0", "~1.2.0", false}, {"1.2.9", "~1.2", true},
		{"0.2.4", "^0.2.3", true}, {"0.3.0", "^0.2.3", false}, {"0.0.4", "^0.0.3", false}, {"0.9.0", "^0", true},
		{"1.0.0", "*", true}, {"1.0.0", "", true}, {"4.0.0", ">= 0.6", true}, {"18.20.8", ">=18.18.0 <19 || >=20", true},
		{"19.1.0", "^18.18.0 || >=20", false}, {"2.3.4", "1.2 - 2.3", true}, {"2.4.0", "1.2 - 2.3", false},
		{"2.0.0-beta.1", "^2.0.0", false}, {"2.0.0-beta.2", "^2.0.0-beta.1", true}, {"2.1.0-beta.2", "^2.0.0-beta.1", false},
		{"2.0.0-0", "<2", false}, {"1.9.9", "<2", true}, {"2.1.0", ">2", false}, {"3.0.0", ">2", true}, {"1.5.0", "1.x", true}, {"1.5.0", "=1.5.0", true},
		{"5.0.0", "latest", true}, {"1.2.3", ">1.2.3", false}, {"2.0.5", "<=2", true}, {"3.0.0", "<=2", false},
	} {
		if got := npm.Satisfies(c.version, c.spec); got != c.want {
			t.Errorf("Satisfies(%q, %q) = %v", c.version, c.spec, got)
		}
	}
}

func TestCompareVersions(t *testing.T) {
	// The order that the specification gives as its example (§11).
	order := []string{"1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0"}
	for i := 1; i < len(order); i++ {
		if npm.CompareVersions(order[i-1], order[i]) >= 0 {
			t.Errorf("%s should come before %s", order[i-1], order[i])
		}
	}
}

// TestRecorded walks every package that was recorded: it has a size, a listing with a package.json, and a readable manifest.
func TestRecorded(t *testing.T) {
	r, err := npm.Open()
	if err != nil {
		t.Fatal(err)
	}
	if r.Len() < 1000 {
		t.Errorf("only %d packages", r.Len())
	}
	for p := range r.All() {
		if p.Manifest().Name != p.Name || p.Manifest().Version != p.Version {
			t.Errorf("%s@%s: manifest says %s@%s", p.Name, p.Version, p.Manifest().Name, p.Manifest().Version)
		}
		files, err := r.Files(p)
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, f := range files {
			found = found || f.Path == "package.json"
		}
		if !found {
			t.Errorf("%s@%s: no package.json in its listing", p.Name, p.Version)
		}
		if p.Integrity != "" && p.Tarball == 0 {
			t.Errorf("%s@%s: no size of its archive", p.Name, p.Version)
		}
	}
}

func FuzzRange(f *testing.F) {
	for _, s := range []string{"^1.2.3", "1 - 2", "||", ">=", "x", "1.2.3-4+5", "<0.0.0-0", "999999999999999999999"} {
		f.Add(s, "1.2.3")
	}
	f.Fuzz(func(t *testing.T, spec, version string) {
		npm.Satisfies(version, spec)
		npm.CompareVersions(version, spec)
	})
}

func BenchmarkOpen(b *testing.B) {
	for b.Loop() {
		if _, err := npm.Open(); err != nil {
			b.Fatal(err)
		}
	}
}
