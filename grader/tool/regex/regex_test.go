package regex_test

import (
	"fmt"
	"testing"

	"drydock/grader/tool/regex"
)

func Example() {
	re, _ := regex.Compile(`\(a*\)b\1`, regex.Basic, regex.Options{})
	text := []byte("xaabaa")
	m := re.Find(text)
	fmt.Println(string(text[m[0]:m[1]]), string(text[m[2]:m[3]]))
	// Output: aabaa aa
}

// What grep -o prints, or the error it gives.
func TestFind(t *testing.T) {
	tests := []struct {
		syntax              regex.Syntax
		pattern, text, want string
	}{
		{regex.Basic, `a+`, "aa+", "a+"},
		{regex.Basic, `a\+`, "baab", "aa"},
		{regex.Basic, `*a`, "b*a", "*a"},
		{regex.Basic, `x\(*a\)`, "x*a", "x*a"},
		{regex.Basic, `a^b$c`, "a^b$c", "a^b$c"},
		{regex.Basic, `\(^a\|b$\)`, "xb", "b"},
		{regex.Basic, `a\{2,3\}`, "aaaa", "aaa"},
		{regex.Basic, `[]x]*`, "]x]y", "]x]"},
		{regex.Basic, `[^]a]`, "]ab", "b"},
		{regex.Basic, `[[:digit:]-]*`, "1-2a", "1-2"},
		{regex.Basic, `[\]`, `a\b`, `\`},
		{regex.Basic, `\<w\w*`, "a word", "word"},
		{regex.Basic, `a{2}`, "a{2}", "a{2}"},
		{regex.Extended, `a{2}`, "aaa", "aa"},
		{regex.Extended, `a{,2}b`, "aaab", "aab"},
		{regex.Extended, `a|ab`, "ab", "ab"},
		{regex.Extended, `(a|b)+c?`, "abac", "abac"},
		{regex.Extended, `a**`, "aaa", "aaa"},
		{regex.Extended, `a+?`, "aaa", "aaa"},
		{regex.Extended, `(.)\1`, "abccd", "cc"},
		{regex.Extended, `{x`, "a{x", "{x"},
		{regex.Extended, `^[0-9]+\.[0-9]+$`, "12.5", "12.5"},
		{regex.Fixed, `a.b*`, "xa.b*", "a.b*"},
		{regex.Perl, `v\K\d+`, "v42", "42"},
		{regex.Perl, `(?<=a)b(?!c)`, "abc ab", "b"},
		{regex.Basic, `[a`, "", "Unmatched [, [^, [:, [., or [="},
		{regex.Basic, `\(a`, "", `Unmatched ( or \(`},
		{regex.Basic, `a\)`, "", `Unmatched ) or \)`},
		{regex.Basic, `a\{1`, "", `Unmatched \{`},
		{regex.Basic, `\(a\)\2`, "", "Invalid back reference"},
		{regex.Basic, `a\`, "", "Trailing backslash"},
		{regex.Extended, `[b-a]`, "", "Invalid range end"},
	}
	for _, tt := range tests {
		t.Run(tt.pattern, func(t *testing.T) {
			got := ""
			re, err := regex.Compile(tt.pattern, tt.syntax, regex.Options{})
			if err != nil {
				got = err.Error()
			} else if m := re.Find([]byte(tt.text)); m != nil {
				got = tt.text[m[0]:m[1]]
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func FuzzCompile(f *testing.F) {
	f.Add(`\(a*\)\1[[:alpha:]]\{1,2\}`, "aab")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		for _, syntax := range []regex.Syntax{regex.Basic, regex.Extended, regex.Awk, regex.Perl} {
			if re, err := regex.Compile(pattern, syntax, regex.Options{}); err == nil {
				re.FindAll([]byte(text), -1)
			}
		}
	})
}
