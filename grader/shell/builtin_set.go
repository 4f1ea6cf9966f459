package shell

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

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
			if mode != "" && mode[0] >= '0' && mode[0] <= '9' {
				return sh.fatal(2, "Illegal number: %s", mode)
			}
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
