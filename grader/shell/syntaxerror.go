package shell

import (
	"fmt"
	"strings"
)

// errorKind is what is wrong with a script's grammar.
type errorKind uint8

const (
	unexpected errorKind = iota
	unterminatedString
	unterminatedBackquote
	missingBrace
	missingParens
	badLoopVariable
	badFunctionName
	badSubstitution
	tooComplex
	otherError
)

// syntaxError is an error of grammar, worded when it is reached.
type syntaxError struct {
	line   int
	kind   errorKind
	token  string // what was not expected; "" is the end of the file
	expect string
	source string // bash: the line that it is on
	opened int    // bash: where the quoted string began
	text   string
}

// token names as dash's and ash's messages have them.
func tokenName(s string) string {
	switch s {
	case "":
		return "end of file"
	case "\n":
		return "newline"
	case "word", "redirection":
		return s
	}
	return `"` + s + `"`
}

func (e *syntaxError) message(d Dialect) string {
	switch e.kind {
	case unterminatedString:
		return [...]string{"Unterminated quoted string", "unterminated quoted string"}[d]
	case unterminatedBackquote:
		return "EOF in backquote substitution"
	case missingBrace:
		return [...]string{"Missing '}'", "missing '}'"}[d]
	case missingParens:
		return [...]string{"Missing '))'", "missing '))'"}[d]
	case badLoopVariable:
		return [...]string{"Bad for loop variable", "bad for loop variable"}[d]
	case badFunctionName:
		return [...]string{"Bad function name", "bad function name"}[d]
	case badSubstitution:
		return [...]string{"Bad substitution", "bad substitution"}[d]
	case tooComplex:
		return "memory exhausted"
	case otherError:
		return e.text
	}
	expecting := ""
	if e.expect != "" {
		expecting = " (expecting " + tokenName(e.expect) + ")"
	}
	if d == Dash {
		return tokenName(e.token) + " unexpected" + expecting
	}
	return "unexpected " + tokenName(e.token) + expecting
}

// report prints the error and ends the shell, or in bash the eval that it is in.
func (sh *shell) syntaxError(e *syntaxError) {
	sh.line = e.line
	switch sh.d {
	case Dash:
		sh.fatal(2, "Syntax error: %s", e.message(Dash))
		return
	case Ash:
		sh.fatal(2, "syntax error: %s", e.message(Ash))
		return
	}
	head := sh.errorName() + ": "
	from := sh.prog.from
	switch {
	case from.eval:
		head += "eval: "
	case from.command:
		head += "-c: "
	}
	at := func(line int) string { return fmt.Sprintf("%sline %d: ", head, line+sh.base) }
	var out string
	switch {
	case e.kind == unterminatedString, e.kind == unterminatedBackquote, e.kind == missingBrace, e.kind == missingParens:
		out = at(e.opened) + fmt.Sprintf("unexpected EOF while looking for matching `%s'\n", e.text)
	case e.kind == tooComplex:
		out = at(e.line) + "memory exhausted\n"
	case e.kind == otherError:
		out = at(e.line) + "syntax error: " + e.text + "\n"
	case e.token == "" && e.expect == "]]":
		out = at(e.line) + "unexpected EOF while looking for `]]'\n"
	case e.token == "" && e.expect == "$()":
		out = at(e.line+1) + "unexpected EOF while looking for matching `)'\n"
	case e.token == "":
		lines := strings.Count(strings.TrimSuffix(sh.prog.text, "\n"), "\n") + 1
		out = at(min(e.line, lines)+1) + "syntax error: unexpected end of file\n"
	default:
		token := e.token
		if token == "\n" {
			token = "newline"
		}
		out = at(e.line) + fmt.Sprintf("syntax error near unexpected token `%s'\n", token) + at(e.line) + fmt.Sprintf("`%s'\n", e.source)
	}
	fmt.Fprint(sh.fds.writer(2), out)
	sh.status = 2
	if !from.eval && !from.dot {
		sh.exit(2)
	}
}

var operators = []string{
	"<<<", "&>>", ";;&", "<<-", "&&", "||", ";;", ";&", "<<", ">>", "<&", ">&", "<>", ">|", "&>", "|&", "<", ">", "|", "&", ";", "(", ")", "\n",
}

func isKeyword(s string) bool {
	switch s {
	case "!", "{", "}", "case", "do", "done", "elif", "else", "esac", "fi", "for", "if", "in", "then", "until", "while", "]]", "`":
		return true
	}
	return false
}

const (
	tokEOF tokenKind = iota
	tokNewline
	tokOp
	tokRedir
	tokWord
	tokKeyword
)

// What to look for when a token is read.
const (
	keywords = 1 << iota
	newlines // pass over them
)

func (g *grammar) fail(kind errorKind, text string, opened int) {
	panic(&syntaxError{line: g.line, kind: kind, text: text, opened: opened})
}
