package shell

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"drydock/grader/tool"
)

// commandBuiltin is `command`: it runs what no function hides, or says what a name stands for.
func commandBuiltin(sh *shell, args []string) int {
	args = args[1:]
	describe := byte(0)
	standard := false
	for len(args) > 0 && strings.HasPrefix(args[0], "-") && args[0] != "-" {
		if args[0] == "--" {
			args = args[1:]
			break
		}
		for _, c := range args[0][1:] {
			switch c {
			case 'v', 'V':
				describe = byte(c)
			case 'p':
				standard = true
			default:
				return sh.illegalOption("-"+string(c), "command [-pVv] command [arg ...]")
			}
		}
		args = args[1:]
	}
	if len(args) == 0 {
		return 0
	}
	if describe != 0 {
		return sh.describeAll(args, describe)
	}
	old := sh.builtinName
	sh.builtinName = ""
	defer func() { sh.builtinName = old }()
	if standard {
		if _, ok := sh.builtin(args[0]); !ok {
			return sh.external(args, sh.environ().With("PATH", tool.DefaultPath))
		}
	}
	if b, ok := sh.builtin(args[0]); ok {
		status := sh.runBuiltin(b, args)
		return status
	}
	return sh.invoke(args, nil, false)
}

func builtinBuiltin(sh *shell, args []string) int {
	args = args[1:]
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		return 0
	}
	b, ok := sh.builtin(args[0])
	if !ok {
		sh.warn("%s: not a shell builtin", args[0])
		return 1
	}
	return sh.runBuiltin(b, args)
}

// describeAll is command -v and -V. Dash and ash look at the first name alone.
func (sh *shell) describeAll(names []string, how byte) int {
	if sh.d != Bash {
		return sh.describe(names[0], how)
	}
	found := false
	for _, n := range names {
		if sh.describe(n, how) == 0 {
			found = true
		}
	}
	if found {
		return 0
	}
	return 1
}

var keywordNames = map[Dialect]string{
	Dash: "! { } case do done elif else esac fi for if in then until while",
	Ash:  "! { } case do done elif else esac fi for function if in then until while",
	Bash: "! { } case coproc do done elif else esac fi for function if in select then time until while [[ ]]",
}

func (sh *shell) isReserved(name string) bool {
	return slices.Contains(strings.Fields(keywordNames[sh.d]), name)
}

// describe says what a name stands for: how is 'v' for its short form, 'V' for the long one.
func (sh *shell) describe(name string, how byte) int {
	long := how == 'V'
	if text, ok := sh.alias[name]; ok {
		switch {
		case sh.d == Bash && long:
			return sh.printf("%s is aliased to `%s'\n", name, text)
		case long:
			return sh.printf("%s is an alias for %s\n", name, text)
		}
		return sh.printf("alias %s=%s\n", name, singleQuote(text))
	}
	if sh.isReserved(name) {
		if long {
			return sh.printf("%s is a shell keyword\n", name)
		}
		return sh.print(name + "\n")
	}
	if f := sh.funcs[name]; f != nil {
		switch {
		case !long:
			return sh.print(name + "\n")
		case sh.d == Dash:
			return sh.printf("%s is a shell function\n", name)
		case sh.d == Ash:
			return sh.printf("%s is a function\n", name)
		}
		return sh.printf("%s is a function\n%s\n", name, f.print())
	}
	if b, ok := sh.builtin(name); ok {
		switch {
		case !long:
			return sh.print(name + "\n")
		case b.special && sh.d != Bash:
			return sh.printf("%s is a special shell builtin\n", name)
		}
		return sh.printf("%s is a shell builtin\n", name)
	}
	p, err := tool.Find(sh.fs, sh.environ(), name)
	if path, ok := sh.lookup("PATH"); ok && !strings.Contains(name, "/") {
		p, err = tool.Find(sh.fs, tool.Env{"PATH=" + path}, name)
	}
	if err != nil {
		if sh.d != Bash {
			if long {
				sh.printf("%s: not found\n", name)
			}
			return 127
		}
		if long {
			sh.warn("%s: not found", name)
		}
		return 1
	}
	if long {
		return sh.printf("%s is %s\n", name, p)
	}
	return sh.print(p + "\n")
}

func typeBuiltin(sh *shell, args []string) int {
	args = args[1:]
	kindOnly, all, pathOnly := false, false, false
	if sh.d != Dash {
		for len(args) > 0 && strings.HasPrefix(args[0], "-") && len(args[0]) > 1 {
			for _, c := range args[0][1:] {
				switch c {
				case 't':
					kindOnly = true
				case 'a':
					all = true
				case 'p', 'P':
					pathOnly = true
				}
			}
			args = args[1:]
		}
	}
	status := 0
	for _, name := range args {
		found := 0
		switch {
		case kindOnly && sh.d == Bash:
			found = sh.typeWord(name)
		case pathOnly && sh.d == Bash:
			p, err := tool.Find(sh.fs, sh.environ(), name)
			if err != nil {
				found = 1
			} else {
				sh.print(p + "\n")
			}
		case all && sh.d == Bash:
			found = sh.typeAll(name)
		case (all || kindOnly) && sh.d == Ash:
			found = sh.describe(name, 'v')
		default:
			found = sh.describe(name, 'V')
		}
		if found != 0 {
			status = found
		}
		if sh.ctl != goOn {
			return sh.status
		}
	}
	return status
}

func (sh *shell) typeWord(name string) int {
	word := ""
	_, isBuiltin := sh.builtin(name)
	switch {
	case sh.alias[name] != "" && sh.shopt["expand_aliases"]:
		word = "alias"
	case sh.isReserved(name):
		word = "keyword"
	case sh.funcs[name] != nil:
		word = "function"
	case isBuiltin:
		word = "builtin"
	default:
		if _, err := tool.Find(sh.fs, sh.environ(), name); err != nil {
			return 1
		}
		word = "file"
	}
	return sh.print(word + "\n")
}

// typeAll is type -a: the builtin and every file on PATH.
func (sh *shell) typeAll(name string) int {
	status := 1
	if _, ok := sh.builtin(name); ok || sh.funcs[name] != nil || sh.isReserved(name) {
		status = sh.describe(name, 'V')
	}
	dirs, _ := sh.lookup("PATH")
	for dir := range strings.SplitSeq(dirs, ":") {
		p := strings.TrimSuffix(dir, "/") + "/" + name
		if n, err := sh.fs.Stat(p); err == nil && !n.IsDir() && sh.fs.Access(p, 1) == nil {
			sh.printf("%s is %s\n", name, p)
			status = 0
		}
	}
	if status != 0 {
		sh.warn("%s: not found", name)
	}
	return status
}

func hashBuiltin(sh *shell, args []string) int {
	args = args[1:]
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		args = args[1:]
	}
	if len(args) == 0 && sh.d == Bash {
		return sh.print("hash: hash table empty\n")
	}
	status := 0
	for _, name := range args {
		if _, ok := sh.builtin(name); ok || sh.funcs[name] != nil {
			continue
		}
		if _, err := tool.Find(sh.fs, sh.environ(), name); err != nil {
			sh.warn("%s: not found", name)
			status = 1
		}
	}
	return status
}

func aliasBuiltin(sh *shell, args []string) int {
	show := func(name, text string) {
		if sh.d == Bash {
			sh.printf("alias %s='%s'\n", name, strings.ReplaceAll(text, "'", `'\''`))
		} else {
			sh.printf("%s=%s\n", name, singleQuote(text))
		}
	}
	args = args[1:]
	if len(args) > 0 && args[0] == "-p" && sh.d == Bash {
		args = args[1:]
	}
	if len(args) == 0 {
		names := make([]string, 0, len(sh.alias))
		for n := range sh.alias {
			names = append(names, n)
		}
		sort.Strings(names)
		for _, n := range names {
			show(n, sh.alias[n])
		}
		return 0
	}
	status := 0
	for _, a := range args {
		name, text, ok := strings.Cut(a, "=")
		if ok {
			if sh.alias == nil {
				sh.alias = map[string]string{}
			}
			sh.hold(len(a) - len(sh.alias[name]))
			sh.alias[name] = text
			continue
		}
		if text, ok := sh.alias[name]; ok {
			show(name, text)
			continue
		}
		status = 1
		if sh.d == Bash {
			sh.warn("%s: not found", name)
		} else {
			fmt.Fprintf(sh.fds.writer(2), "alias: %s not found\n", name)
		}
	}
	return status
}

func unaliasBuiltin(sh *shell, args []string) int {
	status := 0
	for _, a := range args[1:] {
		if a == "-a" {
			sh.alias = nil
			continue
		}
		if _, ok := sh.alias[a]; !ok {
			status = 1
			if sh.d == Bash {
				sh.warn("%s: not found", a)
			} else {
				fmt.Fprintf(sh.fds.writer(2), "unalias: %s not found\n", a)
			}
		}
		delete(sh.alias, a)
	}
	return status
}

// signals by number, as on Linux.
var signals = []string{
	"EXIT", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM", "STKFLT",
	"CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
}

// signal returns a signal's name and number.
func (sh *shell) signal(s string) (string, int, bool) {
	if n, err := strconv.Atoi(s); err == nil {
		if n >= 0 && n < len(signals) {
			return signals[n], n, true
		}
		return "", 0, n >= 0 && n <= 64
	}
	name := s
	if sh.d != Dash {
		name = strings.ToUpper(name)
		name = strings.TrimPrefix(name, "SIG")
	}
	if n := slices.Index(signals, name); n >= 0 {
		return name, n, true
	}
	switch {
	case name == "ERR" && sh.d != Dash, (name == "DEBUG" || name == "RETURN") && sh.d == Bash:
		return name, -1, true
	}
	return "", 0, false
}

func trapBuiltin(sh *shell, args []string) int {
	args = args[1:]
	list := len(args) == 0
	if len(args) > 0 && strings.HasPrefix(args[0], "-") && len(args[0]) > 1 {
		switch {
		case args[0] == "--":
			args = args[1:]
		case args[0] == "-l" && sh.d != Dash:
			return killBuiltin(sh, []string{"kill", "-l"})
		case args[0] == "-p" && sh.d == Bash:
			args, list = args[1:], true
		case sh.d != Bash:
			return sh.fatal(2, "%s", [...]string{"Illegal option ", "illegal option "}[sh.d]+args[0])
		default:
			return sh.illegalOption(args[0], "trap [-lp] [[arg] signal_spec ...]")
		}
	}
	if list {
		for i, name := range append(slices.Clone(signals), "DEBUG", "ERR", "RETURN") {
			action, ok := sh.traps[name]
			if !ok || len(args) > 0 && !slices.Contains(args, name) && !slices.Contains(args, "SIG"+name) {
				continue
			}
			if sh.d == Bash && i > 0 && i < len(signals) {
				name = "SIG" + name
			}
			quoted := singleQuote(action)
			if sh.d == Bash {
				quoted = "'" + strings.ReplaceAll(action, "'", `'\''`) + "'"
			}
			sh.printf("trap -- %s %s\n", quoted, name)
		}
		return 0
	}
	if len(args) == 0 {
		return 0
	}
	action := args[0]
	reset := action == "-"
	names := args[1:]
	if len(names) == 0 || strings.Trim(action, "0123456789") == "" && action != "" {
		names, reset = args, true
	}
	status := 0
	for _, s := range names {
		name, _, ok := sh.signal(s)
		if !ok {
			status = 1
			if sh.d == Dash {
				fmt.Fprintf(sh.fds.writer(2), "trap: %s: bad trap\n", s)
			} else {
				sh.warn("%s: invalid signal specification", s)
			}
			continue
		}
		if name == "" {
			continue
		}
		if reset {
			delete(sh.traps, name)
			continue
		}
		if sh.traps == nil {
			sh.traps = map[string]string{}
		}
		if sh.hold(len(action)) {
			sh.traps[name] = action
		}
	}
	return status
}

const bashKillUsage = "kill [-s sigspec | -n signum | -sigspec] pid | jobspec ... or kill -l [sigspec]"

func killBuiltin(sh *shell, args []string) int {
	args = args[1:]
	number := 15
	usage := func() int {
		switch sh.d {
		case Dash:
			return sh.usageError("Usage: kill [-s sigspec | -signum | -sigspec] [pid | job]... or\nkill -l [exitstatus]")
		case Ash:
			sh.applet("you need to specify whom to kill")
			return 1
		}
		fmt.Fprintf(sh.fds.writer(2), "kill: usage: %s\n", bashKillUsage)
		return 2
	}
	if len(args) > 0 && args[0] == "-l" {
		return sh.listSignals(args[1:])
	}
	if len(args) > 0 && strings.HasPrefix(args[0], "-") && len(args[0]) > 1 && args[0] != "--" {
		spec := args[0][1:]
		args = args[1:]
		if spec == "s" || spec == "n" {
			if len(args) == 0 {
				return usage()
			}
			spec, args = args[0], args[1:]
		}
		_, n, ok := sh.signal(spec)
		if !ok || n < 0 {
			switch sh.d {
			case Bash:
				sh.warn("%s: invalid signal specification", spec)
				return 1
			case Ash:
				sh.applet("bad signal name '%s'", spec)
				return 1
			}
			sh.warn("invalid signal number or name: %s", spec)
			return 2
		}
		number = n
	} else if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		return usage()
	}
	status := 0
	for _, a := range args {
		if st := sh.signalProcess(a, number); st != 0 {
			status = st
		}
		if sh.ctl != goOn {
			return sh.status
		}
	}
	return status
}

// usageError prints a message for status 2.
func (sh *shell) usageError(text string) int { sh.warn("%s", text); return 2 }

func (sh *shell) signalProcess(who string, number int) int {
	pid, err := strconv.Atoi(strings.TrimPrefix(who, "%"))
	if err != nil && !strings.HasPrefix(who, "%") {
		switch sh.d {
		case Bash:
			sh.warn("%s: arguments must be process or job IDs", who)
			return 1
		case Ash:
			sh.applet("invalid number '%s'", who)
			return 1
		}
		sh.warn("Illegal number: %s", who)
		return 2
	}
	if strings.HasPrefix(who, "%") {
		pid = sh.lastJob
	}
	if pid == sh.pid || pid == 0 {
		if number == 0 {
			return 0
		}
		name := signals[min(number, len(signals)-1)]
		if action, ok := sh.traps[name]; ok && number != 9 {
			sh.evalTrap(action)
			return 0
		}
		if sh.pid == 1 { // process 1 is not ended by signals that it does not handle
			return 0
		}
		switch name {
		case "CHLD", "CONT", "URG", "WINCH":
			return 0
		}
		sh.traps = nil
		sh.exit(128 + number)
		return sh.status
	}
	if j := sh.children[pid]; j != nil {
		select {
		case <-j.done:
		default:
			if number != 0 {
				j.cancel(errKilled(number))
			}
			return 0
		}
	}
	switch sh.d {
	case Bash:
		sh.warn("(%d) - No such process", pid)
	case Ash:
		sh.applet("can't kill pid %d: No such process", pid)
	default:
		sh.warn("No such process\n")
	}
	return 1
}

func (sh *shell) listSignals(args []string) int {
	if len(args) > 0 {
		for _, a := range args {
			name, n, ok := sh.signal(a)
			if v, err := strconv.Atoi(a); err == nil && v > 128 {
				name, n, ok = sh.signal(strconv.Itoa(v - 128))
			}
			_, numErr := strconv.Atoi(a)
			switch {
			case !ok || n < 0:
				return sh.fail(1, "%s: invalid signal specification", a)
			case numErr == nil:
				sh.print(name + "\n")
			case sh.d == Dash:
				return sh.fatal(2, "Illegal number: %s", a)
			default:
				sh.printf("%d\n", n)
			}
		}
		return 0
	}
	var b strings.Builder
	switch sh.d {
	case Dash:
		b.WriteString("0\n")
		for _, s := range signals[1:] {
			b.WriteString(s + "\n")
		}
	case Ash:
		for i, s := range signals[1:] {
			fmt.Fprintf(&b, "%2d) %s\n", i+1, s)
		}
	default:
		for i, s := range signals[1:] {
			end := "\t"
			if (i+1)%5 == 0 || i == len(signals)-2 {
				end = "\n"
			}
			fmt.Fprintf(&b, "%2d) SIG%s%s", i+1, s, end)
		}
	}
	return sh.print(b.String())
}

func waitBuiltin(sh *shell, args []string) int {
	args = args[1:]
	anyJob := false
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		anyJob = anyJob || args[0] == "-n"
		args = args[1:]
	}
	if len(args) == 0 {
		pids := make([]int, 0, len(sh.children))
		for pid := range sh.children {
			pids = append(pids, pid)
		}
		sort.Ints(pids)
		status := 0
		for _, pid := range pids {
			status = sh.wait(sh.children[pid])
			delete(sh.children, pid)
			if sh.ctl != goOn {
				return sh.status
			}
			if anyJob {
				return status
			}
		}
		if anyJob {
			return 127
		}
		return 0
	}
	status := 0
	for _, a := range args {
		pid, err := strconv.Atoi(a)
		if strings.HasPrefix(a, "%") {
			pid, err = sh.lastJob, nil
		}
		if err != nil {
			if sh.d == Bash {
				sh.warn("`%s': not a pid or valid job spec", a)
				return 1
			}
			sh.warn("Illegal number: %s", a)
			return 2
		}
		j := sh.children[pid]
		if j == nil {
			if sh.d == Bash {
				sh.warn("pid %d is not a child of this shell", pid)
			}
			status = 127
			continue
		}
		status = sh.wait(j)
		if sh.ctl != goOn {
			return sh.status
		}
	}
	return status
}

// getoptsBuiltin reads one option of the positional parameters, or of its own arguments.
func getoptsBuiltin(sh *shell, args []string) int {
	if len(args) < 3 {
		switch sh.d {
		case Dash:
			sh.warn("Usage: getopts optstring var [arg...]")
		case Ash:
			sh.warn("usage: getopts optstring var [arg]")
		default:
			sh.usage("getopts optstring name [arg ...]")
		}
		return 2
	}
	spec, name := args[1], args[2]
	params := sh.params
	if len(args) > 3 {
		params = args[3:]
	}
	text, _ := sh.lookup("OPTIND")
	index, _ := strconv.Atoi(text)
	if index < 1 {
		index, sh.getopt = 1, 0
	}
	silent := strings.HasPrefix(spec, ":")
	finish := func(option, arg string, hasArg bool, at, within int) int {
		sh.set("OPTIND", strconv.Itoa(at))
		sh.getopt = within
		if hasArg {
			sh.set("OPTARG", arg)
		} else {
			sh.drop("OPTARG")
		}
		if !isName(name) {
			if sh.d == Bash {
				sh.warn("`%s': not a valid identifier", name)
				return 1
			}
			return sh.fatal(2, "%s: bad variable name", name)
		}
		sh.set(name, option)
		if option == "?" && !hasArg && at == index && within == 0 && (index > len(params) || !isOption(params[index-1])) {
			return 1
		}
		return 0
	}
	if sh.getopt == 0 {
		if index > len(params) || !isOption(params[index-1]) {
			finish("?", "", false, index, 0)
			return 1
		}
		if params[index-1] == "--" {
			finish("?", "", false, index+1, 0)
			return 1
		}
		sh.getopt = 1
	}
	if index > len(params) || sh.getopt >= len(params[index-1]) {
		finish("?", "", false, min(index, len(params)+1), 0)
		return 1
	}
	word := params[index-1]
	letter := word[sh.getopt]
	next, within := index, sh.getopt+1
	if within >= len(word) {
		next, within = index+1, 0
	}
	i := strings.IndexByte(strings.TrimPrefix(spec, ":"), letter)
	body := strings.TrimPrefix(spec, ":")
	if i < 0 || letter == ':' {
		if silent {
			return finish("?", string(letter), true, next, within)
		}
		if sh.d == Bash {
			fmt.Fprintf(sh.fds.writer(2), "%s: illegal option -- %c\n", sh.name, letter)
		} else {
			fmt.Fprintf(sh.fds.writer(2), "Illegal option -%c\n", letter)
		}
		finish("?", "", false, next, within)
		return 0
	}
	if i+1 >= len(body) || body[i+1] != ':' {
		return finish(string(letter), "", false, next, within)
	}
	if within != 0 {
		return finish(string(letter), word[within:], true, index+1, 0)
	}
	if next > len(params) {
		if silent {
			return finish(":", string(letter), true, next, 0)
		}
		if sh.d == Bash {
			fmt.Fprintf(sh.fds.writer(2), "%s: option requires an argument -- %c\n", sh.name, letter)
		} else {
			fmt.Fprintf(sh.fds.writer(2), "No arg for -%c option\n", letter)
		}
		finish("?", "", false, next, 0)
		return 0
	}
	return finish(string(letter), params[next-1], true, next+1, 0)
}

func isOption(s string) bool { return len(s) > 1 && s[0] == '-' }

// print returns a function as bash shows it.
func (f *function) print() string {
	return f.name + " () \n" + printBody(f)
}
