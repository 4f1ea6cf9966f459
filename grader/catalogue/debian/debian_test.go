package debian_test

import (
	"slices"
	"strings"
	"testing"

	"drydock/grader/catalogue/debian"
)

// The order of versions is that of deb-version(7).
func TestCompareVersions(t *testing.T) {
	for _, tc := range []struct {
		a, b string
		want int
	}{
		{"1.0", "1.0", 0}, {"1.0~rc1", "1.0", -1}, {"1.0-1", "1.0-2", -1}, {"1:0.9", "2.0", 1}, {"1.10", "1.9", 1}, {"2.36-9+deb12u10", "2.36-9+deb12u9", 1},
		{"1.0a", "1.0", 1}, {"1.0+b", "1.0", 1}, {"1.0.", "1.0a", 1}, {"0", "00", 0}, {"1.0-1~bpo", "1.0-1", -1}, {"", "1", -1},
	} {
		got := debian.CompareVersions(tc.a, tc.b)
		if got < 0 != (tc.want < 0) || got > 0 != (tc.want > 0) {
			t.Errorf("compare %q with %q: %d, want %d", tc.a, tc.b, got, tc.want)
		}
	}
}

func TestPlan(t *testing.T) {
	base := debian.State{}
	for _, n := range []string{"libc6", "libgcc-s1", "gcc-12-base", "zlib1g", "debconf", "libssl3", "perl-base", "dpkg", "tar", "libstdc++6", "libzstd1", "libcrypt1", "libcom-err2", "libidn2-0", "libgnutls30", "libnettle8", "libhogweed6",
		"libgmp10", "libp11-kit0", "libtasn1-6", "libunistring2", "libffi8", "libacl1", "libattr1", "libpcre2-8-0", "libselinux1", "liblzma5", "libbz2-1.0", "libuuid1"} {
		p := debian.Open("bookworm").Package(n)
		if p != nil {
			base[n] = &debian.Installed{Version: p.Version, Provides: p.Provides}
		}
	}
	for _, tc := range []struct {
		want       string
		recommends bool
		all        string
	}{
		{"jq", false, "libonig5 libjq1 jq"},
		{"tini", false, "tini"},
		{"default-jre-headless", false, ""},
	} {
		r := debian.Open("bookworm")
		plan := r.Plan(base, []*debian.Package{r.Package(tc.want)}, tc.recommends)
		var names []string
		for _, p := range plan.Install {
			names = append(names, p.Name)
		}
		if tc.all != "" && strings.Join(names, " ") != tc.all {
			t.Errorf("%s: %v", tc.want, names)
		}
		if len(plan.Broken) > 0 {
			t.Errorf("%s: %v", tc.want, plan.Broken)
		}
		if tc.want == "default-jre-headless" && !slices.Contains(names, "openjdk-17-jre-headless") {
			t.Errorf("%s: %v", tc.want, names)
		}
	}
}

func TestNames(t *testing.T) {
	got := debian.Open("bookworm").Names("postgresql-client", 3)
	if len(got) == 0 || got[0] != "postgresql-client" {
		t.Errorf("names: %v", got)
	}
}

// Packages that are recorded hold their programs, others are composed to their size.
func TestContents(t *testing.T) {
	r := debian.Open("bookworm")
	c := r.Contents(r.Package("jq"), "arm64")
	found := false
	for _, e := range c.Files {
		found = found || e.Path == "/usr/bin/jq" && e.Facts["program"] == "jq" && e.Facts["arch"] == "arm64" && e.Facts["interp"] == "/lib/ld-linux-aarch64.so.1"
	}
	if !c.Recorded || !found {
		t.Errorf("jq: %+v", c.Files)
	}
	p := r.Package("0ad")
	c = r.Contents(p, "amd64")
	var sum int64
	for _, e := range c.Files {
		sum += e.Size
	}
	if c.Recorded || sum < p.Installed*1000 || sum > p.Installed*1050 {
		t.Errorf("0ad: %d bytes for %d KiB", sum, p.Installed)
	}
}

func BenchmarkPlan(b *testing.B) {
	r := debian.Open("bookworm")
	for b.Loop() {
		r.Plan(debian.State{}, []*debian.Package{r.Package("build-essential")}, true)
	}
}
