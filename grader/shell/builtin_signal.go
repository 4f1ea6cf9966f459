package shell

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
)

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
