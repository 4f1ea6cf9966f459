package shell

import (
	"strconv"
	"strings"
)

// assigned expands the literal beginning of name=value, or of a value.
func (e *expander) assigned(s string, whole bool) {
	if i := strings.IndexByte(s, '='); i >= 0 && isAssignment(s) {
		e.lit(s[:i+1])
		s = s[i+1:]
		if strings.HasPrefix(s, "~") {
			s = e.tilde(s, whole)
		}
		if e.mode == toFields {
			e.lit(s)
			return
		}
	}
	e.colons(s)
}

// colons expands a literal of an assignment: a tilde may follow each colon.
func (e *expander) colons(s string) {
	for {
		i := strings.Index(s, ":~")
		if i < 0 {
			e.lit(s)
			return
		}
		e.lit(s[:i+1])
		s = e.tilde(s[i+1:], true)
	}
}

// tilde expands what begins with ~ and returns the rest. whole says that nothing follows the literal.
func (e *expander) tilde(s string, whole bool) string {
	end := strings.IndexByte(s, '/')
	if e.assign {
		if i := strings.IndexAny(s, "/:"); i >= 0 {
			end = i
		}
	}
	if end < 0 {
		if !whole {
			e.lit("~")
			return s[1:]
		}
		end = len(s)
	}
	name := s[1:end]
	home, ok := "", false
	switch {
	case name == "":
		if home, ok = e.sh.lookup("HOME"); !ok && e.sh.d == Bash {
			home, ok = e.sh.homeOf(""), true
		}
	case name == "+" && e.sh.d == Bash:
		home, ok = e.sh.lookup("PWD")
	case name == "-" && e.sh.d == Bash:
		home, ok = e.sh.lookup("OLDPWD")
	case strings.ContainsAny(name, "\\'\"$`"):
	default:
		home = e.sh.homeOf(name)
		ok = home != ""
	}
	if !ok {
		e.lit("~")
		return s[1:]
	}
	e.quoted(home)
	return s[end:]
}

// homeOf returns a user's home as /etc/passwd has it; "" is the user that the shell runs as.
func (sh *shell) homeOf(name string) string {
	data, err := sh.fs.ReadFile("/etc/passwd")
	if err != nil {
		return ""
	}
	uid := strconv.Itoa(sh.fs.Cred.UID)
	for line := range strings.SplitSeq(string(data), "\n") {
		f := strings.Split(line, ":")
		if len(f) >= 6 && (name != "" && f[0] == name || name == "" && f[2] == uid) {
			return f[5]
		}
	}
	return ""
}
