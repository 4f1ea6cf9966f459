package pypi_test

import (
	"regexp"
	"strings"
	"testing"

	"drydock/grader/catalogue/pypi"
)

func TestEveryPackage(t *testing.T) {
	version := regexp.MustCompile(`^[0-9]+(\.[0-9]+)*$`)
	for _, name := range pypi.Names() {
		p, _ := pypi.Lookup(name)
		for _, v := range p.Versions {
			if !version.MatchString(v) {
				t.Errorf("%s: version %q", name, v)
			}
		}
		switch p.Kind {
		case pypi.Pure, pypi.Both, pypi.Glibc, pypi.Sdist, pypi.Build:
		default:
			t.Errorf("%s: kind %q", name, p.Kind)
		}
		if p.Wheel <= 0 || p.Installed <= 0 || p.Files <= 0 {
			t.Errorf("%s: sizes %d %d %d", name, p.Wheel, p.Installed, p.Files)
		}
		for _, r := range p.Requires {
			n := strings.FieldsFunc(r, func(c rune) bool { return strings.ContainsRune("<>=!~[", c) })[0]
			if _, ok := pypi.Lookup(n); !ok {
				t.Errorf("%s requires %s, which is not listed", name, n)
			}
		}
	}
}

func TestExists(t *testing.T) {
	for name, want := range map[string]bool{"flask": true, "Flask": true, "acme-internal-lib": true, "nosuch": false, "flaskk": false, "reqeusts": false, "psycopg3x": true} {
		if got := pypi.Exists(name); got != want {
			t.Errorf("Exists(%s) = %v", name, got)
		}
	}
}
