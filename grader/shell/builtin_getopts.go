package shell

import (
	"fmt"
	"strconv"
	"strings"
)

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
