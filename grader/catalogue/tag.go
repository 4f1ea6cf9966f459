package catalogue

import (
	"slices"
	"strconv"
	"strings"
)

// tag is a tag taken apart: "3.13.1-slim-bookworm" is version 3.13.1, slim, on bookworm.
type tag struct {
	raw     string
	version string // "" for tags such as latest and slim
	slim    bool
	alpine  bool
	alpineV string   // "3.21" of alpine3.21
	suite   string   // of Debian or Ubuntu
	words   []string // what else there is, sorted: jre, fpm, eclipse, temurin, 17
}

var suites = []string{"trixie", "bookworm", "bullseye", "buster", "stretch", "jessie", "sid", "resolute", "noble", "jammy", "focal", "bionic"}

func parseTag(raw string) tag {
	t := tag{raw: raw}
	for i, w := range strings.Split(raw, "-") {
		switch {
		case i == 0 && w != "" && w[0] >= '0' && w[0] <= '9':
			t.version = w
		case w == "slim":
			t.slim = true
		case w == "alpine":
			t.alpine = true
		case strings.HasPrefix(w, "alpine3"):
			t.alpine, t.alpineV = true, strings.TrimPrefix(w, "alpine")
		case slices.Contains(suites, w):
			t.suite = w
		case w == "latest" || w == "jdk" || w == "cli" || w == "mainline":
			// what a plain tag means anyway
		default:
			t.words = append(t.words, w)
		}
	}
	slices.Sort(t.words)
	return t
}

// distance says how unlike two tags of one repository are.
func (t tag) distance(o tag) int {
	d := 0
	if t.alpine != o.alpine {
		d += 100000
	}
	if t.slim != o.slim {
		d += 20000
	}
	for _, w := range t.words {
		if !slices.Contains(o.words, w) {
			d += 3000
		}
	}
	for _, w := range o.words {
		if !slices.Contains(t.words, w) {
			d += 3000
		}
	}
	return d + versionDistance(t.version, o.version)
}

func versionDistance(a, b string) int {
	if a == "" || b == "" {
		return 0
	}
	d, weight := 0, 100
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(x), len(y), 3) {
		d += weight * min(abs(number(x[i])-number(y[i])), 15)
		weight = max(weight/16, 1)
	}
	return d
}

func abs(n int) int { return max(n, -n) }

// number is the leading digits of s.
func number(s string) int {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	n, err := strconv.Atoi(s[:i])
	if err != nil {
		return 0
	}
	return n
}

// compareVersions orders dotted numbers.
func compareVersions(a, b string) int {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for i := range max(len(x), len(y)) {
		var m, n int
		if i < len(x) {
			m = number(x[i])
		}
		if i < len(y) {
			n = number(y[i])
		}
		if m != n {
			return m - n
		}
	}
	return 0
}

// numeric reports whether s is nothing but dotted numbers.
func numeric(s string) bool {
	return s != "" && strings.Trim(s, "0123456789.") == ""
}

// under reports whether version v is prefix itself or below it: 3.9.16 is under 3.9, 3.91 is not.
func under(v, prefix string) bool {
	return v == prefix || strings.HasPrefix(v, prefix+".")
}

// majorOf is the first number of a version.
func majorOf(v string) string { m, _, _ := strings.Cut(v, "."); return m }

// minorOf is the first two numbers of a version.
func minorOf(v string) string {
	p := strings.SplitN(v, ".", 3)
	return strings.Join(p[:min(len(p), 2)], ".")
}

// runtimeOnly reports whether a tag of a Java image asks for a runtime without a compiler.
func (t tag) runtimeOnly() bool {
	return slices.Contains(t.words, "jre") || slices.Contains(t.words, "headless") || slices.Contains(t.words, "headful")
}
