package npm

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"drydock/grader/tool"
	"drydock/grader/tree"
)

// ls lists what is installed, one level deep, and what is missing.
func (n *session) ls() error {
	p, err := n.project()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if p == nil {
		p = &project{}
	}
	n.Printf("%s %s\n", label(p), n.root)
	wants := p.wants()
	names := slices.Sorted(maps.Keys(wants))
	dev, _, _ := n.omits()
	if dev {
		names = slices.DeleteFunc(names, func(s string) bool { return p.DevDependencies[s] != "" })
	}
	var missing []string
	if len(names) == 0 {
		n.Printf("%s(empty)\n", branch(n.Env, true))
	}
	for i, name := range names {
		mark := branch(n.Env, i == len(names)-1)
		version := n.installedVersion(name)
		if version == "" {
			n.Printf("%sUNMET DEPENDENCY %s@%s\n", mark, name, wants[name])
			missing = append(missing, fmt.Sprintf("missing: %s@%s, required by %s", name, wants[name], label(p)))
			continue
		}
		n.Printf("%s%s@%s\n", mark, name, version)
	}
	n.Printf("\n")
	if len(missing) > 0 {
		return &failure{code: "ELSPROBLEMS", lines: missing}
	}
	return nil
}

// branch is how a line of a tree begins: in a locale that has no lines to draw with, with signs of ASCII.
func branch(env tool.Env, last bool) string {
	locale := cmp.Or(env.Get("LC_ALL"), env.Get("LC_CTYPE"), env.Get("LANG"))
	drawn := strings.HasSuffix(strings.ToUpper(strings.ReplaceAll(locale, "-", "")), "UTF8")
	switch {
	case drawn && last:
		return "└── "
	case drawn:
		return "├── "
	case last:
		return "`-- "
	}
	return "+-- "
}

func (n *session) installedVersion(name string) string {
	data, err := n.FS.ReadFile(path.Join(n.root, "node_modules", name, "package.json"))
	if err != nil {
		return ""
	}
	var p project
	_ = json.Unmarshal(data, &p)
	return p.Version
}

// config is npm config get, set, delete and list, and npm get and set.
func (n *session) config() error {
	args := n.args
	sub := n.command
	if sub == "config" && len(args) > 0 {
		sub, args = args[0], args[1:]
	}
	switch sub {
	case "get":
		for _, k := range args {
			switch k {
			case "registry":
				n.Printf("%s\n", n.registryURL())
			case "cache":
				n.Printf("%s\n", n.cacheDir())
			case "prefix":
				n.Printf("%s\n", n.prefix())
			default:
				v := n.cfg.get(k)
				if v == "" {
					v = "undefined"
				}
				n.Printf("%s\n", v)
			}
		}
		return nil
	case "set", "delete", "rm":
		if len(args) == 0 {
			return &failure{code: "EUSAGE", lines: []string{"", "Manage the npm configuration files"}}
		}
		return n.setConfig(sub, args)
	}
	for _, k := range slices.Sorted(maps.Keys(n.cfg)) {
		n.Printf("%s = %q\n", k, n.cfg.get(k))
	}
	return nil
}

func (n *session) setConfig(sub string, args []string) error {
	file := path.Join(n.home(), ".npmrc")
	switch n.cfg.get("location") {
	case "project":
		file = path.Join(n.root, ".npmrc")
	case "global":
		file = path.Join(n.prefix(), "etc/npmrc")
	}
	if n.cfg.is("global") {
		file = path.Join(n.prefix(), "etc/npmrc")
	}
	pairs := map[string]string{}
	if !strings.Contains(args[0], "=") && len(args) == 2 && sub == "set" {
		pairs[args[0]] = args[1]
	} else {
		for _, a := range args {
			k, v, _ := strings.Cut(a, "=")
			pairs[k] = v
		}
	}
	data, _ := n.FS.ReadFile(file)
	var out []string
	for line := range strings.Lines(string(data)) {
		line = strings.TrimRight(line, "\n")
		k, _, _ := strings.Cut(line, "=")
		if _, set := pairs[strings.TrimSpace(k)]; !set && line != "" {
			out = append(out, line)
		}
	}
	if sub == "set" {
		for _, k := range slices.Sorted(maps.Keys(pairs)) {
			out = append(out, k+"="+pairs[k])
		}
	}
	if err := n.FS.MkdirAll(path.Dir(file), 0o755); err != nil {
		return n.filesystem(err)
	}
	if err := n.FS.WriteFile(file, []byte(strings.Join(out, "\n")+"\n"), 0o600); err != nil {
		return n.filesystem(err)
	}
	return nil
}

// init writes a package.json, as npm init -y does.
func (n *session) init() error {
	if len(n.args) > 0 {
		n.unknown("npm init with a template is not modelled: it is taken to change nothing.")
		return nil
	}
	file := path.Join(n.FS.Dir, "package.json")
	if n.FS.Exists(file) {
		return nil
	}
	kind := ""
	if n.version >= "11" && len(strings.SplitN(n.version, ".", 2)[0]) == 2 {
		kind = ",\n  \"type\": \"commonjs\""
	}
	text := fmt.Sprintf("{\n  \"name\": %q,\n  \"version\": \"1.0.0\",\n  \"main\": \"index.js\",\n  \"scripts\": {\n    \"test\": \"echo \\\"Error: no test specified\\\" && exit 1\"\n  },\n"+
		"  \"keywords\": [],\n  \"author\": \"\",\n  \"license\": \"ISC\",\n  \"description\": \"\"%s\n}\n", strings.ToLower(path.Base(n.FS.Dir)), kind)
	if err := n.FS.WriteFile(file, []byte(text), 0o644); err != nil {
		return n.filesystem(err)
	}
	n.Printf("Wrote to %s:\n\n%s\n\n\n", file, text)
	return nil
}

// versions is npm version without an argument.
func (n *session) versions() error {
	p, err := n.project()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if len(n.args) > 0 {
		n.unknown("npm version is modelled only where it prints: the version stays as it is.")
		return nil
	}
	n.Printf("{\n")
	if p != nil && p.Name != "" && p.Version != "" {
		n.Printf("  %s: '%s',\n", p.Name, p.Version)
	}
	n.Printf("  npm: '%s',\n  node: '%s'\n}\n", n.version, n.nodeVersion())
	return nil
}

// pack writes the archive that npm publish would send: package.json and what its files field names, all else where there is none.
func (n *session) pack() error {
	p, err := n.project()
	if errors.Is(err, fs.ErrNotExist) {
		return n.missingProject()
	}
	if err != nil {
		return err
	}
	var size int64
	id := "npm-pack:"
	count := 0
	n.FS.Walk(n.root, func(at string, node *tree.Node, err error) bool {
		base := path.Base(at)
		if err != nil || base == "node_modules" || base == ".git" || base == "package-lock.json" || base == ".npmrc" || count > 20_000 {
			return false
		}
		if node.Type != tree.File {
			return true
		}
		rel := strings.TrimPrefix(at, strings.TrimSuffix(n.root, "/")+"/")
		if len(p.Files) > 0 && rel != "package.json" && !slices.ContainsFunc(p.Files, func(f string) bool {
			f = strings.TrimSuffix(strings.Trim(path.Clean("/"+f), "/"), "/**")
			return rel == f || strings.HasPrefix(rel, strings.TrimSuffix(f, "/*")+"/")
		}) && rel != p.Main && !strings.HasPrefix(strings.ToUpper(rel), "README") && !strings.HasPrefix(strings.ToUpper(rel), "LICENSE") {
			return true
		}
		size += node.Size()
		id += " " + node.Content.ID()
		count++
		return true
	})
	name := strings.ReplaceAll(strings.TrimPrefix(p.Name, "@"), "/", "-") + "-" + p.Version + ".tgz"
	if !n.cfg.is("dry-run") {
		if err := n.FS.WriteContent(path.Join(n.FS.Dir, name), tree.Declared(size/3+300, id, map[string]string{"kind": "tar"}), 0o644); err != nil {
			return n.filesystem(err)
		}
	}
	n.Printf("%s\n", name)
	return nil
}
