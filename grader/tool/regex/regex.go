// Package regex matches as the C library's regular expressions do for grep, sed, awk, find and expr: basic and extended ones with the
// GNU additions, fixed strings, and Perl's.
//
// Start from [Compile]. Patterns are translated for package regexp, which takes linear time; only back references and what Perl alone
// has go to a backtracking matcher, under a time limit. Characters are those of UTF-8. Where several matches begin at one place the
// longest wins, as POSIX has it.
package regex

import (
	"errors"
	"regexp"
	"strings"
	"time"

	"github.com/dlclark/regexp2/v2"
)

// Syntax is a dialect of regular expressions.
type Syntax uint8

// The dialects.
const (
	Basic Syntax = iota
	Extended
	Fixed
	Perl
	Awk // extended, with C's escapes
)

// Options change how a pattern matches.
type Options struct {
	Fold  bool // upper and lower case are one
	Lines bool // ^ and $ match at the lines of a text, too
	Line  bool // the whole line must match
	Word  bool // the match must be a whole word
}

// Regexp is a compiled pattern.
type Regexp struct {
	re     *regexp.Regexp
	back   *regexp2.Regexp
	groups int
}

// matchLimit bounds one match of the backtracking matcher.
const matchLimit = 200 * time.Millisecond

// Compile compiles a pattern. Errors are worded as the C library's regerror does.
func Compile(pattern string, syntax Syntax, o Options) (*Regexp, error) {
	expr, backrefs := pattern, syntax == Perl
	groups := 0
	switch syntax {
	case Fixed:
		expr = regexp.QuoteMeta(pattern)
	case Perl:
		if i := strings.Index(expr, `\K`); i >= 0 {
			expr = "(?<=" + expr[:i] + ")" + expr[i+2:]
		}
		groups = strings.Count(expr, "(") // at most
	default:
		t := translator{syntax: syntax, in: pattern}
		if err := t.translate(); err != nil {
			return nil, err
		}
		expr, backrefs, groups = t.out.String(), t.backrefs, t.groups
	}
	if o.Word {
		expr = `\b(?:` + expr + `)\b`
	}
	if o.Line {
		expr = `^(?:` + expr + `)$`
	}
	flags := "s"
	if o.Fold {
		flags += "i"
	}
	if o.Lines {
		flags += "m"
	}
	expr = "(?" + flags + ":" + expr + ")"
	r := &Regexp{groups: groups}
	re, err := regexp.Compile(expr)
	if err == nil && !(backrefs && syntax != Perl) {
		if syntax != Perl {
			re.Longest()
		}
		r.re, r.groups = re, re.NumSubexp()
		return r, nil
	}
	if !backrefs {
		return nil, worded(err)
	}
	back, err := regexp2.Compile(expr, regexp2.None)
	if err != nil {
		return nil, errors.New("unrecognized character after (? or (?-")
	}
	back.MatchTimeout = matchLimit
	r.back, r.groups = back, len(back.GetGroupNumbers())-1
	return r, nil
}

// worded turns an error of package regexp into regerror's words.
func worded(err error) error {
	text := err.Error()
	switch {
	case strings.Contains(text, "character class range"):
		return errors.New("Invalid range end")
	case strings.Contains(text, "missing closing ]"):
		return errBracket
	case strings.Contains(text, "character class"):
		return errors.New("Invalid character class name")
	case strings.Contains(text, "repeat"):
		return errors.New("Regular expression too big")
	}
	return errors.New("Invalid preceding regular expression")
}

// Groups is the number of groups in the pattern.
func (r *Regexp) Groups() int { return r.groups }

// Match reports whether the pattern is found in text.
func (r *Regexp) Match(text []byte) bool {
	if r.re != nil {
		return r.re.Match(text)
	}
	ok, _ := r.back.MatchString(string(text))
	return ok
}

// Find returns the first match as pairs of offsets, the groups after the whole; nil if there is none.
func (r *Regexp) Find(text []byte) []int {
	if all := r.FindAll(text, 1); len(all) > 0 {
		return all[0]
	}
	return nil
}

// FindAll returns up to n matches that do not overlap (all if n < 0). Empty matches right after another are left out.
func (r *Regexp) FindAll(text []byte, n int) [][]int {
	if r.re != nil {
		return r.re.FindAllSubmatchIndex(text, n)
	}
	var out [][]int
	end := -1
	m, err := r.back.FindStringMatch(string(text))
	for err == nil && m != nil && (n < 0 || len(out) < n) {
		var at []int
		for _, g := range m.Groups() {
			if len(g.Captures) == 0 {
				at = append(at, -1, -1)
				continue
			}
			i, length := g.ByteRange()
			at = append(at, i, i+length)
		}
		if at[0] != at[1] || at[0] != end {
			out = append(out, at)
		}
		end = at[1]
		m, err = r.back.FindNextMatch(m)
	}
	return out
}
