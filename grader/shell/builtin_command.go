package shell

import (
	"fmt"
	"slices"
	"sort"
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

// print returns a function as bash shows it.
func (f *function) print() string {
	return f.name + " () \n" + printBody(f)
}
