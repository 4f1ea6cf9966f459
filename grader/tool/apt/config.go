package apt

import (
	"regexp"
	"slices"
	"strings"

	"drydock/grader/tool"
	"drydock/grader/vfs"
)

// config is apt's configuration: the last value of each name, in lower case, and the values of lists.
type config struct {
	values map[string]string
	lists  map[string][]string
}

func (c config) get(name string) string { return c.values[strings.ToLower(name)] }

func (c config) set(name, value string) {
	name = strings.ToLower(name)
	if list, ok := strings.CutSuffix(name, "::"); ok {
		c.lists[list] = append(c.lists[list], value)
		return
	}
	c.values[name] = value
}

// flag reports whether a name is set to a value that apt takes for true.
func (c config) flag(name string) bool {
	switch strings.ToLower(c.get(name)) {
	case "1", "yes", "true", "on", "with", "enable":
		return true
	}
	return false
}

// off reports whether a name is set to a value that apt takes for false.
func (c config) off(name string) bool {
	switch strings.ToLower(c.get(name)) {
	case "0", "no", "false", "off", "without", "disable":
		return true
	}
	return false
}

// readConfig reads /etc/apt/apt.conf and the files of apt.conf.d.
func readConfig(f *vfs.FS) config {
	c := config{values: map[string]string{}, lists: map[string][]string{}}
	names, err := f.ReadDir("/etc/apt/apt.conf.d")
	if err == nil {
		for _, name := range names {
			if confName.MatchString(name) {
				readInto(c, f, "/etc/apt/apt.conf.d/"+name)
			}
		}
	}
	readInto(c, f, "/etc/apt/apt.conf")
	return c
}

// confName is what apt accepts as the name of a configuration file: no extension, or .conf.
var confName = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.conf)?$`)

func readInto(c config, f *vfs.FS, p string) {
	if content, err := f.Content(p); err != nil || content.Size() > 1<<20 {
		return
	}
	b, err := f.ReadFile(p)
	if err != nil {
		return
	}
	parseConfig(c, string(b))
}

var confToken = regexp.MustCompile(`"[^"]*"|[{};]|[^\s{};"]+`)

// parseConfig reads apt.conf(5): NAME "value"; and NAME { … };, nested or not.
func parseConfig(c config, text string) {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		trimmed := strings.TrimSpace(line)
		if strings.HasPrefix(trimmed, "#") || strings.HasPrefix(trimmed, "//") {
			continue
		}
		lines = append(lines, line)
	}
	var scope []string
	var words []string
	prefix := func(name string) string { return strings.Join(append(slices.Clone(scope), name), "::") }
	for _, tok := range confToken.FindAllString(strings.Join(lines, "\n"), -1) {
		switch tok {
		case "{":
			name := ""
			if len(words) > 0 {
				name = words[0]
			}
			scope, words = append(scope, name), nil
		case "}":
			if len(scope) > 0 {
				scope = scope[:len(scope)-1]
			}
			words = nil
		case ";":
			switch {
			case len(words) == 0:
			case len(words) == 1 && strings.HasPrefix(words[0], `"`):
				c.set(strings.Join(scope, "::")+"::", strings.Trim(words[0], `"`))
			case len(words) == 2:
				c.set(prefix(words[0]), strings.Trim(words[1], `"`))
			}
			words = nil
		default:
			if len(words) < 3 {
				words = append(words, tok)
			}
		}
	}
}

// arguments are apt's command line, taken apart.
type arguments struct {
	command  string
	operands []string
	options  []string
	conf     config
}

func (a *arguments) has(name string) bool { return slices.Contains(a.options, name) }

// optionSettings are what command line options stand for.
var optionSettings = map[string][2]string{
	"y": {"APT::Get::Assume-Yes", "true"}, "yes": {"APT::Get::Assume-Yes", "true"}, "assume-yes": {"APT::Get::Assume-Yes", "true"}, "assume-no": {"APT::Get::Assume-No", "true"},
	"q": {"quiet", "1"}, "quiet": {"quiet", "1"}, "qq": {"quiet", "2"}, "s": {"APT::Get::Simulate", "true"}, "simulate": {"APT::Get::Simulate", "true"}, "dry-run": {"APT::Get::Simulate", "true"},
	"just-print": {"APT::Get::Simulate", "true"}, "d": {"APT::Get::Download-Only", "true"}, "download-only": {"APT::Get::Download-Only", "true"},
	"no-install-recommends": {"APT::Install-Recommends", "false"}, "install-recommends": {"APT::Install-Recommends", "true"}, "install-suggests": {"APT::Install-Suggests", "true"},
	"no-install-suggests": {"APT::Install-Suggests", "false"},
	"purge":               {"APT::Get::Purge", "true"}, "auto-remove": {"APT::Get::AutomaticRemove", "true"}, "autoremove": {"APT::Get::AutomaticRemove", "true"}, "no-upgrade": {"APT::Get::Upgrade", "false"},
	"reinstall": {"APT::Get::ReInstall", "true"}, "f": {"APT::Get::Fix-Broken", "true"}, "fix-broken": {"APT::Get::Fix-Broken", "true"}, "fix-missing": {"APT::Get::Fix-Missing", "true"},
	"m": {"APT::Get::Fix-Missing", "true"}, "allow-unauthenticated": {"APT::Get::AllowUnauthenticated", "true"}, "allow-downgrades": {"APT::Get::allow-downgrades", "true"},
	"allow-remove-essential": {"APT::Get::allow-remove-essential", "true"}, "allow-change-held-packages": {"APT::Get::allow-change-held-packages", "true"}, "force-yes": {"APT::Get::force-yes", "true"},
	"no-remove": {"APT::Get::Remove", "false"}, "only-upgrade": {"APT::Get::Only-Upgrade", "true"}, "V": {"APT::Get::Show-Versions", "true"}, "show-progress": {"x", ""}, "u": {"x", ""},
	"no-show-upgraded": {"x", ""}, "ignore-missing": {"x", ""}, "no-download": {"x", ""}, "allow-insecure-repositories": {"x", ""}, "allow-releaseinfo-change": {"x", ""}, "trivial-only": {"x", ""},
	"installed": {"APT::Cmd::Installed", "true"}, "a": {"APT::Cache::AllVersions", "true"}, "all-versions": {"APT::Cmd::All-Versions", "true"}, "upgradable": {"APT::Cmd::Upgradable", "true"}, "no-all-versions": {"x", ""},
	"n": {"APT::Cache::NamesOnly", "true"}, "names-only": {"APT::Cache::NamesOnly", "true"},
}

// parseArgs reads a command line of apt-get. The second result is an error message.
func parseArgs(c *tool.Call) (*arguments, string) {
	a := &arguments{conf: readConfig(c.FS)}
	set := func(s string) string {
		k, v, ok := strings.Cut(s, "=")
		if !ok {
			return "Option -o: Configuration item specification must have an =<val>."
		}
		a.conf.set(k, v)
		return ""
	}
	words := c.Args[1:]
	for i := 0; i < len(words); i++ {
		w := words[i]
		switch {
		case w == "--":
			for _, rest := range words[i+1:] {
				a.operand(rest)
			}
			return a, ""
		case strings.HasPrefix(w, "--"):
			name, value, given := strings.Cut(w[2:], "=")
			switch name {
			case "option":
				if !given && i+1 < len(words) {
					i++
					value = words[i]
				}
				if msg := set(value); msg != "" {
					return nil, msg
				}
				continue
			case "config-file", "default-release", "target-release", "host-architecture", "solver":
				if !given {
					i++
				}
				continue
			case "help", "version":
				a.options = append(a.options, name)
				continue
			}
			s, ok := optionSettings[name]
			if !ok {
				if s, ok = optionSettings[strings.TrimPrefix(name, "no-")]; !ok {
					return nil, "Command line option --" + name + " is not understood in combination with the other options"
				}
				s[1] = "false"
			}
			a.options = append(a.options, name)
			if given {
				s[1] = value
			}
			a.conf.set(s[0], s[1])
		case len(w) > 1 && w[0] == '-':
			for j := 1; j < len(w); j++ {
				letter := w[j : j+1]
				if letter == "o" || letter == "t" || letter == "c" {
					value := strings.TrimPrefix(w[j+1:], "=")
					if value == "" && i+1 < len(words) {
						i++
						value = words[i]
					}
					if letter == "o" {
						if msg := set(value); msg != "" {
							return nil, msg
						}
					}
					break
				}
				if letter == "h" || letter == "v" {
					a.options = append(a.options, letter)
					continue
				}
				if letter == "q" {
					level := "1"
					if a.conf.get("quiet") != "" {
						level = "2"
					}
					a.conf.set("quiet", level)
					if rest := w[j+1:]; strings.HasPrefix(rest, "=") {
						a.conf.set("quiet", rest[1:])
						break
					}
					continue
				}
				s, ok := optionSettings[letter]
				if !ok {
					return nil, "Command line option '" + letter + "' [from " + w + "] is not understood in combination with the other options."
				}
				a.options = append(a.options, letter)
				a.conf.set(s[0], s[1])
			}
		default:
			a.operand(w)
		}
	}
	return a, ""
}

func (a *arguments) operand(w string) {
	if a.command == "" {
		a.command = w
	} else {
		a.operands = append(a.operands, w)
	}
}
