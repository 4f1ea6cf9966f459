package shell

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
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

func breakBuiltin(sh *shell, args []string) int {
	n := 1
	if len(args) > 1 {
		v, ok := numeric(args[1])
		if sh.d == Bash && sh.loops == 0 {
			ok, v = true, 1
		}
		if !ok || v < 1 {
			if sh.d != Bash {
				return sh.fatal(2, "Illegal number: %s", args[1])
			}
			if ok {
				sh.warn("%s: loop count out of range", args[1])
				sh.ctl, sh.levels = doBreak, sh.loops
				return 1
			}
			return sh.fatal(128, "%s: numeric argument required", args[1])
		}
		n = v
	}
	if sh.loops == 0 {
		if sh.d == Bash {
			sh.warn("only meaningful in a `for', `while', or `until' loop")
		}
		return 0
	}
	sh.levels = min(n, sh.loops)
	sh.ctl = doBreak
	if args[0] == "continue" {
		sh.ctl = doContinue
	}
	return 0
}

// statusArg reads the status that exit and return are given.
func (sh *shell) statusArg(args []string) (status int, ok bool) {
	if len(args) > 1 && args[1] == "--" {
		args = args[1:]
	}
	if len(args) < 2 {
		return sh.status, true
	}
	n, ok := numeric(args[1])
	if !ok || n < 0 && sh.d != Bash {
		if sh.d == Bash {
			sh.warn("%s: numeric argument required", args[1])
			return 2, true
		}
		sh.fatal(2, "Illegal number: %s", args[1])
		return 2, false
	}
	return n & 0xff, true
}

func exitBuiltin(sh *shell, args []string) int {
	status, ok := sh.statusArg(args)
	if ok {
		sh.exit(status)
	}
	return status
}

func returnBuiltin(sh *shell, args []string) int {
	if sh.d == Bash && sh.fn == nil && sh.inDot == 0 {
		sh.warn("can only `return' from a function or sourced script")
		return 2
	}
	status, ok := sh.statusArg(args)
	if ok {
		sh.ctl, sh.status = doReturn, status
	}
	return status
}

func evalBuiltin(sh *shell, args []string) int {
	args = args[1:]
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	text := strings.Join(args, " ")
	if strings.TrimSpace(text) == "" {
		return 0
	}
	if sh.tooDeep() {
		return sh.status
	}
	if sh.d == Bash {
		sh.builtinName = ""
	}
	base := sh.base
	line := sh.line
	sh.base += sh.lastLine - 1
	if sh.d != Bash {
		sh.base = 0
	}
	sh.depth++
	sh.traceDepth++
	sh.status = 0
	file := ""
	if sh.prog != nil {
		file = sh.prog.from.file
	}
	if sh.d != Bash {
		file = ""
	}
	sh.source(text, origin{eval: true, file: file})
	sh.traceDepth--
	sh.depth--
	sh.base, sh.line = base, line
	return sh.status
}

// evalTrap runs the text of a trap.
func (sh *shell) evalTrap(action string) {
	old, base := sh.builtinName, sh.base
	sh.builtinName = ""
	sh.source(action, origin{eval: true})
	sh.builtinName, sh.base = old, base
}

func dotBuiltin(sh *shell, args []string) int {
	name := args[0]
	args = args[1:]
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		if sh.d == Bash {
			sh.warn("filename argument required")
			sh.builtinName = name
			sh.usage(name + " filename [arguments]")
			return 2
		}
		if sh.d == Dash {
			return 0
		}
		return sh.fatal(2, "missing argument")
	}
	p := args[0]
	if !strings.Contains(p, "/") {
		found := ""
		dirs, _ := sh.lookup("PATH")
		for dir := range strings.SplitSeq(dirs, ":") {
			candidate := strings.TrimSuffix(dir, "/") + "/" + p
			if n, err := sh.fs.Stat(candidate); err == nil && !n.IsDir() {
				found = candidate
				break
			}
		}
		switch {
		case found != "":
			p = found
		case sh.d == Bash && sh.fs.Exists(p):
		case sh.d == Bash:
			sh.builtinName = ""
			sh.warn("%s: No such file or directory", p)
			return 1
		default:
			return sh.fatal(2, "%s: not found", p)
		}
	}
	data, err := sh.fs.ReadFile(p)
	if err != nil {
		switch sh.d {
		case Bash:
			if n, serr := sh.fs.Stat(p); serr == nil && n.IsDir() {
				sh.warn("%s: is a directory", p)
				return 1
			}
			sh.builtinName = ""
			sh.warn("%s: %s", p, vfs.Message(err))
			return 1
		case Ash:
			return sh.fatal(2, "can't open '%s': %s", p, vfs.Message(err))
		}
		return sh.fatal(2, "cannot open %s: %s", p, dashOpenError(err, false))
	}
	if sh.tooDeep() {
		return sh.status
	}
	params := sh.params
	if len(args) > 1 && sh.d != Dash {
		sh.params = args[1:]
	}
	if sh.d == Bash {
		sh.builtinName = ""
	} else {
		sh.builtinName = p
	}
	base, fn, line := sh.base, sh.fn, sh.line
	sh.base = 0
	if fn != nil {
		f := *fn
		f.source = ""
		sh.fn = &f
	}
	sh.depth++
	sh.inDot++
	sh.status = 0
	sh.source(string(data), origin{file: p, dot: true})
	sh.inDot--
	sh.depth--
	if fn != nil {
		fn.locals = sh.fn.locals
		sh.fn = fn
	}
	sh.base, sh.line = base, line
	if len(args) > 1 && sh.d != Dash {
		sh.params = params
	}
	if sh.ctl == doReturn {
		sh.ctl = goOn
	}
	return sh.status
}

func execBuiltin(sh *shell, args []string) int {
	args = args[1:]
	env := sh.environ()
	for len(args) > 0 && strings.HasPrefix(args[0], "-") && args[0] != "-" {
		opt := args[0]
		args = args[1:]
		if opt == "--" {
			break
		}
		if sh.d == Dash {
			args = append([]string{opt}, args...)
			break
		}
		switch {
		case opt == "-a" && len(args) > 0:
			args = args[1:] // the name is not told to models: they know their file
		case opt == "-c" && sh.d == Bash:
			env = nil
		case opt == "-l":
		default:
			return sh.illegalOption(opt, "exec [-cl] [-a name] [command [argument ...]] [redirection ...]")
		}
	}
	if len(args) == 0 {
		return 0
	}
	c, ctx, finish := sh.child(args, env)
	defer finish()
	status, err := c.Exec(ctx)
	if err != nil {
		status = sh.notRun(ctx, c, args, err, "exec")
		sh.exit(status)
		return status
	}
	sh.traps = nil
	sh.exit(sh.ended(ctx, status))
	return sh.status
}

func shiftBuiltin(sh *shell, args []string) int {
	n := 1
	if len(args) > 1 {
		v, ok := numeric(args[1])
		if !ok || v < 0 {
			if sh.d == Bash {
				if ok {
					sh.warn("%s: shift count out of range", args[1])
				} else {
					sh.warn("%s: numeric argument required", args[1])
				}
				return 1
			}
			return sh.fatal(2, "Illegal number: %s", args[1])
		}
		n = v
	}
	if n > len(sh.params) {
		if sh.d == Dash {
			return sh.fatal(2, "can't shift that many")
		}
		return 1
	}
	sh.params = sh.params[n:]
	sh.getopt = 0
	return 0
}

func setBuiltin(sh *shell, args []string) int {
	args = args[1:]
	if len(args) == 0 {
		return sh.listVars()
	}
	for len(args) > 0 {
		arg := args[0]
		if arg == "--" || arg == "-" {
			args = args[1:]
			if arg == "-" {
				sh.opts.bits &^= optXtrace | optVerbose
				if len(args) == 0 {
					return 0
				}
			}
			sh.params = slices.Clone(args)
			sh.getopt = 0
			return 0
		}
		if len(arg) < 2 && arg != "+" || arg[0] != '-' && arg[0] != '+' {
			sh.params = slices.Clone(args)
			sh.getopt = 0
			return 0
		}
		args = args[1:]
		on := arg[0] == '-'
		for _, letter := range arg[1:] {
			if letter == 'o' {
				if len(args) == 0 {
					return sh.print(sh.opts.list(sh.d, on))
				}
				name := args[0]
				args = args[1:]
				if !sh.opts.setName(sh.d, name, on) {
					switch sh.d {
					case Dash:
						return sh.fatal(2, "Illegal option %co %s", arg[0], name)
					case Ash:
						sh.warn("illegal option %co %s", arg[0], name)
						return 1
					}
					sh.warn("%s: invalid option name", name)
					return 2
				}
				continue
			}
			if !sh.opts.setLetter(sh.d, byte(letter), on) {
				text := arg[:1] + string(letter)
				switch sh.d {
				case Dash:
					return sh.fatal(2, "Illegal option %s", text)
				case Ash:
					return sh.fatal(2, "illegal option %s", text)
				}
				return sh.illegalOption(text, "set [-abefhkmnptuvxBCEHPT] [-o option-name] [--] [-] [arg ...]")
			}
		}
	}
	return 0
}

// listVars prints all variables in a form that can be read back.
func (sh *shell) listVars() int {
	var b strings.Builder
	for _, name := range sh.names() {
		v := sh.vars[name]
		switch {
		case v.kind == indexed || v.kind == associative:
			_, text, _ := strings.Cut(v.describe(name), name)
			b.WriteString(name + text + "\n")
		case !v.isSet:
		case sh.d == Bash:
			b.WriteString(name + "=" + sh.bashQuoteValue(v.value) + "\n")
		default:
			b.WriteString(name + "=" + singleQuote(v.value) + "\n")
		}
	}
	return sh.print(b.String())
}

func (sh *shell) bashQuoteValue(s string) string {
	if s == "" {
		return ""
	}
	return sh.bashQuote(s)
}

func timesBuiltin(sh *shell, _ []string) int {
	zero := map[Dialect]string{Dash: "0m0.000000s", Ash: "0m0.000s", Bash: "0m0.000s"}[sh.d]
	return sh.printf("%s %s\n%s %s\n", zero, zero, zero, zero)
}

func noJobs(sh *shell, args []string) int {
	switch sh.d {
	case Bash:
		sh.warn("no job control")
		return 1
	case Ash:
		sh.warn("no job control")
		return 2
	}
	sh.warn("No current job")
	return 2
}

func umaskBuiltin(sh *shell, args []string) int {
	args = args[1:]
	symbolic := false
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		switch args[0] {
		case "-S":
			symbolic = true
		case "-p":
		default:
			return sh.illegalOption(args[0], "umask [-p] [-S] [mode]")
		}
		args = args[1:]
	}
	if len(args) == 0 {
		if !symbolic {
			return sh.printf("%04o\n", sh.fs.Umask)
		}
		text := func(bits uint32) string {
			s := ""
			for i, c := range "rwx" {
				if bits&(4>>i) == 0 {
					s += string(c)
				}
			}
			return s
		}
		return sh.printf("u=%s,g=%s,o=%s\n", text(sh.fs.Umask>>6), text(sh.fs.Umask>>3), text(sh.fs.Umask))
	}
	mode := args[0]
	if n, err := strconv.ParseUint(mode, 8, 32); err == nil && n <= 0o777 {
		sh.fs.Umask = uint32(n)
		return 0
	}
	mask, ok := symbolicMask(sh.fs.Umask, mode)
	if !ok {
		switch sh.d {
		case Dash:
			return sh.fatal(2, "Illegal mode: %s", mode)
		case Ash:
			return sh.fatal(2, "illegal mode: %s", mode)
		}
		if mode[0] >= '0' && mode[0] <= '9' {
			sh.warn("%s: octal number out of range", mode)
		} else {
			i := 0
			for i < len(mode)-1 && strings.IndexByte("ugoa", mode[i]) >= 0 {
				i++
			}
			sh.warn("`%c': invalid symbolic mode operator", mode[i])
		}
		return 1
	}
	sh.fs.Umask = mask
	return 0
}

// symbolicMask applies u=rwx,g-w,… to a mask.
func symbolicMask(mask uint32, mode string) (uint32, bool) {
	allowed := ^mask & 0o777
	for clause := range strings.SplitSeq(mode, ",") {
		i := strings.IndexAny(clause, "=+-")
		if i < 0 {
			return 0, false
		}
		var who uint32
		for _, c := range clause[:i] {
			switch c {
			case 'u':
				who |= 0o700
			case 'g':
				who |= 0o070
			case 'o':
				who |= 0o007
			case 'a':
				who |= 0o777
			default:
				return 0, false
			}
		}
		if who == 0 {
			who = 0o777
		}
		var bits uint32
		for _, c := range clause[i+1:] {
			switch c {
			case 'r':
				bits |= 0o444
			case 'w':
				bits |= 0o222
			case 'x', 'X':
				bits |= 0o111
			default:
				return 0, false
			}
		}
		switch clause[i] {
		case '=':
			allowed = allowed&^who | bits&who
		case '+':
			allowed |= bits & who
		case '-':
			allowed &^= bits & who
		}
	}
	return ^allowed & 0o777, true
}

func ulimitBuiltin(sh *shell, args []string) int {
	// The limits that BuildKit's runc sets in a build step are the daemon's own: files are what people ask for.
	limits := map[string]string{"n": "1048576", "c": "0", "s": "8192", "p": "8", "i": "0", "q": "819200"}
	what := "f"
	for _, a := range args[1:] {
		if strings.HasPrefix(a, "-") && len(a) > 1 {
			for _, c := range a[1:] {
				if c != 'H' && c != 'S' {
					what = string(c)
				}
			}
			continue
		}
		return 0
	}
	if what == "a" {
		return sh.print("core file size (blocks) 0\nopen files 1048576\nfile size (blocks) unlimited\n")
	}
	known := "fndcstmlvwpr"
	if sh.d != Dash {
		known += "ieqxuRkbP"
	}
	if !strings.Contains(known, what) {
		if sh.d != Bash {
			return sh.fatal(2, "%s", [...]string{"Illegal option -" + what, "illegal option -" + what}[sh.d])
		}
		return sh.illegalOption("-"+what, "ulimit [-SHabcdefiklmnpqrstuvxPRT] [limit]")
	}
	if v, ok := limits[what]; ok {
		return sh.print(v + "\n")
	}
	return sh.print("unlimited\n")
}

func shoptBuiltin(sh *shell, args []string) int {
	set, names := 0, args[1:]
	quiet, named := false, false
	for len(names) > 0 && strings.HasPrefix(names[0], "-") {
		for _, c := range names[0][1:] {
			switch c {
			case 's':
				set = 1
			case 'u':
				set = -1
			case 'q':
				quiet = true
			case 'o':
				named = true
			case 'p':
			default:
				return sh.illegalOption("-"+string(c), "shopt [-pqsu] [-o] [optname ...]")
			}
		}
		names = names[1:]
	}
	if len(names) == 0 {
		var b strings.Builder
		for _, n := range shopts {
			fmt.Fprintf(&b, "%-15s\t%s\n", n, onOff(sh.shopt[n]))
		}
		return sh.print(b.String())
	}
	status := 0
	for _, n := range names {
		if named {
			if set != 0 {
				if !sh.opts.setName(Bash, n, set > 0) {
					sh.warn("%s: invalid option name", n)
					status = 1
				}
			}
			continue
		}
		if !slices.Contains(shopts, n) {
			sh.warn("%s: invalid shell option name", n)
			status = 1
			continue
		}
		if set == 0 {
			if !sh.shopt[n] {
				status = 1
			}
			if !quiet {
				sh.printf("%-15s\t%s\n", n, onOff(sh.shopt[n]))
			}
			continue
		}
		if sh.shopt == nil {
			sh.shopt = map[string]bool{}
		}
		sh.shopt[n] = set > 0
	}
	return status
}

// shopts are bash's options that this shell knows of, whether or not they change what it does.
var shopts = []string{
	"autocd", "checkhash", "checkwinsize", "cmdhist", "dotglob", "expand_aliases", "extglob", "extquote", "failglob", "globasciiranges", "globskipdots",
	"globstar", "huponexit", "inherit_errexit", "interactive_comments", "lastpipe", "nocaseglob", "nocasematch", "nullglob", "patsub_replacement",
	"progcomp", "promptvars", "sourcepath", "xpg_echo",
}
