package shell

import (
	"strings"

	"drydock/grader/vfs"
)

func pwdBuiltin(sh *shell, args []string) int {
	physical := false
	for _, a := range args[1:] {
		switch a {
		case "-P":
			physical = true
		case "-L":
			physical = false
		default:
			if strings.HasPrefix(a, "-") {
				return sh.illegalOption(a, "pwd [-LP]")
			}
		}
	}
	if !physical {
		if p, ok := sh.lookup("PWD"); ok && strings.HasPrefix(p, "/") {
			if real, err := sh.fs.Real(p); err == nil && real == sh.fs.Dir {
				return sh.print(p + "\n")
			}
		}
	}
	return sh.print(sh.fs.Dir + "\n")
}

func cdBuiltin(sh *shell, args []string) int {
	args = args[1:]
	logical := true
	for len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-' {
		switch args[0] {
		case "-P":
			logical = false
		case "-L", "-e", "-@":
			logical = true
		case "--":
		default:
			return sh.illegalOption(args[0][:2], "cd [-L|[-P [-e]] [-@]] [dir]")
		}
		done := args[0] == "--"
		args = args[1:]
		if done {
			break
		}
	}
	if len(args) > 1 && sh.d == Bash {
		sh.warn("too many arguments")
		return 1
	}
	dir, show := "", false
	switch {
	case len(args) == 0:
		home, ok := sh.lookup("HOME")
		if !ok && sh.d == Bash {
			sh.warn("HOME not set")
			return 1
		}
		if dir = home; dir == "" {
			return 0
		}
	case args[0] == "-":
		old, ok := sh.lookup("OLDPWD")
		if !ok && sh.d == Bash {
			sh.warn("OLDPWD not set")
			return 1
		}
		show = true
		if dir = old; dir == "" {
			dir = sh.fs.Dir
		}
	default:
		dir = args[0]
	}
	if dir == "" {
		dir = "."
	}
	first := strings.SplitN(dir, "/", 2)[0]
	if first != "" && first != "." && first != ".." {
		if cdpath, _ := sh.lookup("CDPATH"); cdpath != "" {
			for base := range strings.SplitSeq(cdpath, ":") {
				if base == "" {
					continue
				}
				if p := strings.TrimSuffix(base, "/") + "/" + dir; sh.fs.IsDir(p) {
					dir, show = p, true
					break
				}
			}
		}
	}
	target, err := sh.changeDir(dir, logical)
	if err != nil {
		text := vfs.Message(err)
		switch sh.d {
		case Dash:
			sh.warn("can't cd to %s", dir)
			return 2
		case Ash:
			sh.warn("can't cd to %s: %s", dir, text)
			return 2
		}
		sh.warn("%s: %s", dir, text)
		return 1
	}
	old, ok := sh.lookup("PWD")
	export := func(name, value string) bool {
		if !sh.set(name, value) {
			return false
		}
		if sh.d != Bash {
			sh.change(name, func(v *variable) { v.exported = true })
		}
		return true
	}
	if ok || sh.d != Bash {
		if !export("OLDPWD", old) {
			return sh.status
		}
	}
	if !export("PWD", target) {
		return sh.status
	}
	if show {
		return sh.print(target + "\n")
	}
	return 0
}

// pushdBuiltin keeps the stack of folders in the variable DIRSTACK.
func pushdBuiltin(sh *shell, args []string) int {
	v := sh.vars["DIRSTACK"]
	var stack []string
	if v != nil {
		stack, _ = v.values()
	}
	pwd, _ := sh.lookup("PWD")
	show := func() int {
		pwd, _ := sh.lookup("PWD")
		home, _ := sh.lookup("HOME")
		out := append([]string{pwd}, stack...)
		for i, p := range out {
			if rest, ok := strings.CutPrefix(p, home); ok && home != "" && (rest == "" || rest[0] == '/') {
				out[i] = "~" + rest
			}
		}
		return sh.print(strings.Join(out, " ") + "\n")
	}
	store := func() {
		n := &variable{kind: indexed, isSet: true}
		for i, s := range stack {
			n.list = append(n.list, element{index: int64(i), value: s})
		}
		sh.put("DIRSTACK", n)
	}
	var target string
	switch {
	case args[0] == "dirs":
		return show()
	case args[0] == "popd":
		if len(stack) == 0 {
			sh.warn("directory stack empty")
			return 1
		}
		target, stack = stack[0], stack[1:]
	case len(args) > 1:
		target, stack = args[len(args)-1], append([]string{pwd}, stack...)
	case len(stack) > 0:
		target = stack[0]
		stack = append([]string{pwd}, stack[1:]...)
	default:
		sh.warn("no other directory")
		return 1
	}
	if status := cdBuiltin(sh, []string{"cd", "--", target}); status != 0 {
		return status
	}
	store()
	return show()
}
