package shell

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"syscall"

	"drydock/grader/vfs"
)

// builtin is a command of the shell itself.
type builtin struct {
	run     func(sh *shell, args []string) int
	special bool // POSIX's special ones: errors in them end the shell, assignments before them last
	in      uint8
}

// Sets of dialects.
const (
	inDash uint8 = 1 << iota
	inAsh
	inBash
	inAll = inDash | inAsh | inBash
)

// builtins is filled by init, because builtins such as type look into it.
var builtins map[string]builtin

func init() {
	builtins = map[string]builtin{
		":":         {func(*shell, []string) int { return 0 }, true, inAll},
		"true":      {func(*shell, []string) int { return 0 }, false, inAll},
		"false":     {func(*shell, []string) int { return 1 }, false, inAll},
		".":         {dotBuiltin, true, inAll},
		"source":    {dotBuiltin, true, inAsh | inBash},
		"break":     {breakBuiltin, true, inAll},
		"continue":  {breakBuiltin, true, inAll},
		"return":    {returnBuiltin, true, inAll},
		"exit":      {exitBuiltin, true, inAll},
		"eval":      {evalBuiltin, true, inAll},
		"exec":      {execBuiltin, true, inAll},
		"set":       {setBuiltin, true, inAll},
		"shift":     {shiftBuiltin, true, inAll},
		"unset":     {unsetBuiltin, true, inAll},
		"times":     {timesBuiltin, true, inAll},
		"trap":      {trapBuiltin, true, inAll},
		"export":    {exportBuiltin, true, inAll},
		"readonly":  {exportBuiltin, true, inAll},
		"local":     {localBuiltin, true, inAll},
		"declare":   {declareBuiltin, false, inBash},
		"typeset":   {declareBuiltin, false, inBash},
		"alias":     {aliasBuiltin, false, inAll},
		"unalias":   {unaliasBuiltin, false, inAll},
		"cd":        {cdBuiltin, false, inAll},
		"chdir":     {cdBuiltin, false, inDash | inAsh},
		"pwd":       {pwdBuiltin, false, inAll},
		"echo":      {echoBuiltin, false, inAll},
		"printf":    {printfBuiltin, false, inAll},
		"test":      {testBuiltin, false, inAll},
		"[":         {testBuiltin, false, inAll},
		"[[":        {testBuiltin, false, inAsh},
		"read":      {readBuiltin, false, inAll},
		"getopts":   {getoptsBuiltin, false, inAll},
		"umask":     {umaskBuiltin, false, inAll},
		"ulimit":    {ulimitBuiltin, false, inAll},
		"wait":      {waitBuiltin, false, inAll},
		"kill":      {killBuiltin, false, inAll},
		"jobs":      {func(*shell, []string) int { return 0 }, false, inAll},
		"fg":        {noJobs, false, inAll},
		"bg":        {noJobs, false, inAll},
		"disown":    {func(*shell, []string) int { return 0 }, false, inBash},
		"command":   {commandBuiltin, false, inAll},
		"builtin":   {builtinBuiltin, false, inBash},
		"type":      {typeBuiltin, false, inAll},
		"hash":      {hashBuiltin, false, inAll},
		"let":       {letBuiltin, false, inAsh | inBash},
		"shopt":     {shoptBuiltin, false, inBash},
		"mapfile":   {mapfileBuiltin, false, inBash},
		"readarray": {mapfileBuiltin, false, inBash},
		"enable":    {func(*shell, []string) int { return 0 }, false, inBash},
		"history":   {func(*shell, []string) int { return 0 }, false, inBash},
		"bind":      {func(*shell, []string) int { return 0 }, false, inBash},
		"complete":  {func(*shell, []string) int { return 0 }, false, inBash},
		"caller":    {func(*shell, []string) int { return 1 }, false, inBash},
		"pushd":     {pushdBuiltin, false, inBash},
		"popd":      {pushdBuiltin, false, inBash},
		"dirs":      {pushdBuiltin, false, inBash},
	}
}

func (sh *shell) builtin(name string) (builtin, bool) {
	b, ok := builtins[name]
	return b, ok && b.in&(1<<sh.d) != 0
}

func isSpecial(name string) bool { return builtins[name].special }

// print writes to standard output. Nobody reading it ends the shell as a signal would.
func (sh *shell) print(s string) int {
	if s == "" {
		return 0
	}
	_, err := io.WriteString(sh.fds.writer(1), s)
	if err == nil {
		return 0
	}
	if errors.Is(err, syscall.EPIPE) {
		sh.traps = nil
		sh.exit(141)
		return 141
	}
	switch sh.d {
	case Bash:
		sh.warn("write error: %s", vfs.Message(err))
	case Ash:
		sh.applet("write error: %s", vfs.Message(err))
	default:
		sh.warn("%s: I/O error", sh.builtinName)
	}
	return 1
}

func (sh *shell) printf(format string, a ...any) int { return sh.print(fmt.Sprintf(format, a...)) }

// illegalOption is what a builtin says of an option that it does not know.
func (sh *shell) illegalOption(option, usage string) int {
	switch sh.d {
	case Dash:
		sh.warn("Illegal option %s", option)
	case Ash:
		sh.warn("illegal option %s", option)
	default:
		sh.warn("%s: invalid option", option)
		sh.usage(usage)
	}
	return 2
}

// usage prints bash's usage line of the running builtin.
func (sh *shell) usage(text string) {
	if text != "" {
		fmt.Fprintf(sh.fds.writer(2), "%s: usage: %s\n", sh.builtinName, text)
	}
}

// numeric reads a whole number that a builtin wants.
func numeric(s string) (int, bool) {
	n, err := strconv.Atoi(s)
	return n, err == nil
}
