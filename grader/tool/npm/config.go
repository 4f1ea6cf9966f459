package npm

import (
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"drydock/grader/tool"
)

// config holds npm's settings, the values of repeated ones in order.
type config map[string][]string

// is reports whether a setting is on.
func (c config) is(name string) bool {
	v := c[name]
	return len(v) > 0 && v[len(v)-1] != "false" && v[len(v)-1] != "0" && v[len(v)-1] != ""
}

// off reports whether a setting is explicitly off.
func (c config) off(name string) bool {
	v := c[name]
	return len(v) > 0 && (v[len(v)-1] == "false" || v[len(v)-1] == "0")
}

func (c config) get(name string) string {
	if v := c[name]; len(v) > 0 {
		return v[len(v)-1]
	}
	return ""
}

func (c config) level() string {
	if l := c.get("loglevel"); l != "" {
		return l
	}
	return "notice"
}

// switches are the flags that take no value.
var switches = words(`version help production audit fund global save save-dev save-prod save-optional save-exact save-peer force
	legacy-peer-deps strict-peer-deps ignore-scripts optional dev yes if-present package-lock package-lock-only engine-strict progress
	foreground-scripts prefer-offline prefer-online offline bin-links workspaces include-workspace-root dry-run json long all parseable
	update-notifier color unicode silent quiet verbose install-links unsafe-perm shrinkwrap allow-same-version git-tag-version
	omit-lockfile-registry-resolved legacy-bundling global-style strict-ssl usage timing
	frozen-lockfile immutable prod non-interactive pure-lockfile recursive`)

func words(s string) map[string]bool {
	out := map[string]bool{}
	for w := range strings.FieldsSeq(s) {
		out[w] = true
	}
	return out
}

// short are the one-letter flags, and what they stand for.
var short = map[string][]string{
	"g": {"global", "true"}, "D": {"save-dev", "true"}, "P": {"save-prod", "true"}, "O": {"save-optional", "true"}, "E": {"save-exact", "true"},
	"S": {"save", "true"}, "B": {"save-bundle", "true"}, "f": {"force", "true"}, "y": {"yes", "true"}, "s": {"loglevel", "silent"},
	"q": {"loglevel", "warn"}, "d": {"loglevel", "info"}, "dd": {"loglevel", "verbose"}, "ddd": {"loglevel", "silly"}, "v": {"version", "true"},
	"h": {"help", "true"}, "a": {"all", "true"}, "l": {"long", "true"}, "w": {"workspace"}, "C": {"prefix"}, "c": {"call"}, "p": {"package"},
	"ws": {"workspaces", "true"}, "n": {"yes", "false"},
}

// configure reads settings from files, environment and flags, and returns the other arguments: before and after --.
func (n *session) configure(args []string) (plain, rest []string, err error) {
	cli := config{}
	set := func(k, v string) {
		switch k {
		case "silent":
			k, v = "loglevel", "silent"
		case "quiet":
			k, v = "loglevel", "warn"
		case "verbose":
			k, v = "loglevel", "verbose"
		}
		cli[k] = append(cli[k], v)
	}
	for i := 0; i < len(args); i++ {
		a := args[i]
		if a == "--" {
			rest = args[i+1:]
			break
		}
		if name, ok := strings.CutPrefix(a, "--"); ok {
			name, value, has := strings.Cut(name, "=")
			base, no := strings.CutPrefix(name, "no-")
			switch {
			case has:
				set(name, value)
			case no:
				set(base, "false")
			case switches[name] || i+1 == len(args) || strings.HasPrefix(args[i+1], "-"):
				if switches[name] && i+1 < len(args) && (args[i+1] == "true" || args[i+1] == "false") {
					i++
					set(name, args[i])
				} else {
					set(name, "true")
				}
			default:
				i++
				set(name, args[i])
			}
			continue
		}
		if name, ok := strings.CutPrefix(a, "-"); ok && name != "" {
			name, value, has := strings.Cut(name, "=")
			s := short[name]
			switch {
			case s == nil:
				for _, letter := range name { // several in one: -DE
					if s := short[string(letter)]; len(s) == 2 {
						set(s[0], s[1])
					}
				}
			case has:
				set(s[0], value)
			case len(s) == 2:
				set(s[0], s[1])
			case i+1 < len(args):
				i++
				set(s[0], args[i])
			}
			continue
		}
		plain = append(plain, a)
		if n.isExec(plain) && len(plain) > n.execAt() { // what follows the program is its own
			plain = append(plain, args[i+1:]...)
			break
		}
	}
	n.cfg = cli
	n.root = n.findRoot()
	merged := config{}
	for _, p := range []string{"/usr/local/etc/npmrc", path.Join(n.home(), ".npmrc"), path.Join(n.root, ".npmrc")} {
		maps.Copy(merged, n.npmrc(p))
	}
	for _, kv := range n.Env {
		k, v, _ := strings.Cut(kv, "=")
		if len(k) > 11 && strings.EqualFold(k[:11], "npm_config_") && v != "" {
			merged[strings.ReplaceAll(strings.ToLower(k[11:]), "_", "-")] = strings.Split(v, "\n\n")
		}
	}
	maps.Copy(merged, cli)
	n.cfg = merged
	return plain, rest, nil
}

// isExec reports whether the words so far are npx's, or npm exec's, whose program's own flags are not npm's.
func (n *session) isExec(plain []string) bool {
	return n.Name() == "npx" || n.Program.Fact("program") == "npx" || plain[0] == "exec" || plain[0] == "x"
}

func (n *session) execAt() int {
	if n.Name() == "npx" || n.Program.Fact("program") == "npx" {
		return 0
	}
	return 1
}

// npmrc reads a file of settings.
func (n *session) npmrc(p string) config {
	data, err := n.FS.ReadFile(p)
	if err != nil {
		return nil
	}
	c := config{}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == ';' || line[0] == '[' {
			continue
		}
		k, v, has := strings.Cut(line, "=")
		k, v = strings.TrimSpace(k), strings.Trim(strings.TrimSpace(v), `"'`)
		if !has {
			v = "true"
		}
		k, list := strings.CutSuffix(k, "[]")
		if list {
			c[k] = append(c[k], v)
		} else {
			c[k] = []string{v}
		}
	}
	return c
}

// home is the user's folder as Node.js tells it.
func (n *session) home() string {
	if h := n.Env.Get("HOME"); h != "" {
		return h
	}
	data, _ := n.FS.ReadFile("/etc/passwd")
	for line := range strings.Lines(string(data)) {
		f := strings.Split(strings.TrimSpace(line), ":")
		if len(f) > 5 && f[2] == strconv.Itoa(n.FS.Cred.UID) {
			return f[5]
		}
	}
	if n.FS.Cred.UID == 0 {
		return "/root"
	}
	return "/"
}

// findRoot is the nearest folder, upwards, that holds a package.json or node_modules; the working directory where there is none.
func (n *session) findRoot() string {
	if p := n.cfg.get("prefix"); p != "" && !n.cfg.is("global") {
		return n.FS.Abs(p)
	}
	for dir := n.FS.Dir; ; dir = path.Dir(dir) {
		if n.FS.Exists(path.Join(dir, "package.json")) || n.FS.IsDir(path.Join(dir, "node_modules")) && path.Base(dir) != "node_modules" {
			return dir
		}
		if dir == "/" {
			return n.FS.Dir
		}
	}
}

func (n *session) prefix() string {
	if !n.cfg.is("global") {
		return n.root
	}
	if p := n.cfg.get("prefix"); p != "" {
		return n.FS.Abs(p)
	}
	if node, err := tool.Find(n.FS, n.Env, "node"); err == nil {
		if real, err := n.FS.Real(node); err == nil && path.Base(path.Dir(real)) == "bin" {
			return path.Dir(path.Dir(real))
		}
	}
	return "/usr/local"
}

func (n *session) globalModules() string { return path.Join(n.prefix(), "lib/node_modules") }

func (n *session) cacheDir() string {
	if c := n.cfg.get("cache"); c != "" {
		if rest, ok := strings.CutPrefix(c, "~/"); ok {
			return path.Join(n.home(), rest)
		}
		return n.FS.Abs(c)
	}
	return path.Join(n.home(), ".npm")
}

// omits tells which kinds of dependencies are left out.
func (n *session) omits() (dev, optional, peer bool) {
	var omit []string
	if v, ok := n.cfg["omit"]; ok {
		for _, o := range v {
			omit = append(omit, strings.FieldsFunc(o, func(r rune) bool { return r == ',' || r == ' ' })...)
		}
	} else if n.Env.Get("NODE_ENV") == "production" {
		omit = append(omit, "dev")
	}
	if only := n.cfg.get("only"); only == "prod" || only == "production" || n.cfg.is("production") {
		omit = append(omit, "dev")
	}
	if n.cfg.off("optional") {
		omit = append(omit, "optional")
	}
	include := strings.Join(n.cfg["include"], ",")
	if n.cfg.get("also") == "dev" || n.cfg.get("also") == "development" || n.cfg.is("dev") {
		include += ",dev"
	}
	has := func(kind string) bool {
		return slices.Contains(omit, kind) && !slices.Contains(strings.Split(include, ","), kind)
	}
	return has("dev"), has("optional"), has("peer")
}

// defaultRegistry is what npm asks where nothing else is configured.
const defaultRegistry = "https://registry.npmjs.org/"

func (n *session) registryURL() string {
	if r := n.cfg.get("registry"); r != "" {
		return strings.TrimSuffix(r, "/") + "/"
	}
	return defaultRegistry
}
