package coreutils

import "strings"

// versionCompare orders names with numbers in them as sort -V and ls -v do: runs of digits compare as numbers, letters before other
// characters, and a tilde before everything.
func versionCompare(a, b string) int {
	if a == b {
		return 0
	}
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		for i < len(a) && !digit(a[i]) || j < len(b) && !digit(b[j]) {
			x, y := order(a, i), order(b, j)
			if x != y {
				return x - y
			}
			i, j = i+1, j+1
		}
		si, sj := i, j
		for i < len(a) && digit(a[i]) {
			i++
		}
		for j < len(b) && digit(b[j]) {
			j++
		}
		x, y := strings.TrimLeft(a[si:i], "0"), strings.TrimLeft(b[sj:j], "0")
		if len(x) != len(y) {
			return len(x) - len(y)
		}
		if d := strings.Compare(x, y); d != 0 {
			return d
		}
	}
	return strings.Compare(a, b)
}

func digit(b byte) bool { return b >= '0' && b <= '9' }

func order(s string, i int) int {
	if i >= len(s) {
		return 0
	}
	switch ch := s[i]; {
	case digit(ch):
		return 0
	case ch >= 'a' && ch <= 'z' || ch >= 'A' && ch <= 'Z':
		return int(ch)
	case ch == '~':
		return -1
	default:
		return int(ch) + 256
	}
}
