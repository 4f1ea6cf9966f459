package shell

import (
	"strings"

	"drydock/grader/tree"
)

// pathnames returns the paths that a pattern matches, sorted, or the text itself where there are none.
func (sh *shell) pathnames(pat, field string) []string {
	if len(pat) > 4096 {
		return []string{field}
	}
	found := sh.globPaths(pat)
	if len(found) > 0 {
		return found
	}
	if sh.shopt["failglob"] {
		sh.warn("no match: %s", field)
		sh.discardLine()
		return nil
	}
	if sh.shopt["nullglob"] {
		return nil
	}
	return []string{field}
}

// globPaths matches a pattern against the filesystem, folder by folder.
func (sh *shell) globPaths(pat string) []string {
	parts := splitPattern(pat)
	bases := []string{""}
	for i, part := range parts {
		last := i == len(parts)-1
		if part == "" { // a slash at the beginning, the end, or doubled
			for j := range bases {
				if last && !sh.fs.IsDir(nonEmpty(bases[j])) {
					bases[j] = "\x00"
					continue
				}
				if !last {
					bases[j] += "/"
				}
			}
			bases = without(bases)
			continue
		}
		var next []string
		for _, base := range bases {
			next = append(next, sh.globIn(base, part, last)...)
			if !sh.make(len(next)) || len(next) > 1<<17 {
				return nil
			}
		}
		bases = next
		if !last {
			for j := range bases {
				bases[j] += "/"
			}
		}
	}
	return bases
}

func nonEmpty(p string) string {
	if p == "" {
		return "."
	}
	return p
}

func without(list []string) []string {
	out := list[:0]
	for _, s := range list {
		if s != "\x00" {
			out = append(out, s)
		}
	}
	return out
}

// globIn returns base joined with the entries of its folder that match one element of a pattern.
func (sh *shell) globIn(base, part string, last bool) []string {
	if !hasMeta(part) {
		p := base + unescape(part)
		if _, err := sh.fs.Lstat(p); err != nil {
			return nil
		}
		if !last && !sh.fs.IsDir(p) {
			return nil
		}
		return []string{p}
	}
	names, err := sh.fs.ReadDir(nonEmpty(base))
	if err != nil {
		return nil
	}
	var out []string
	if part == "**" && sh.shopt["globstar"] {
		if !last {
			out = append(out, strings.TrimSuffix(base, "/"))
		}
		return sh.globStar(out, base, last, 0)
	}
	dots := strings.HasPrefix(part, ".") || sh.shopt["dotglob"]
	if strings.HasPrefix(part, ".") && sh.d != Bash {
		names = append([]string{".", ".."}, names...)
	}
	for _, name := range names {
		if name[0] == '.' && !dots {
			continue
		}
		if sh.matches(part, name) && (last || sh.fs.IsDir(base+name)) {
			out = append(out, base+name)
		}
	}
	return out
}

// globStar lists everything below base, for ** with globstar.
func (sh *shell) globStar(out []string, base string, last bool, depth int) []string {
	names, err := sh.fs.ReadDir(nonEmpty(base))
	if err != nil || depth > 64 {
		return out
	}
	for _, name := range names {
		if name[0] == '.' && !sh.shopt["dotglob"] || !sh.make(len(base)+len(name)) {
			continue
		}
		n, err := sh.fs.Lstat(base + name)
		if err != nil {
			continue
		}
		if last || n.Type == tree.Dir {
			out = append(out, base+name)
		}
		if n.Type == tree.Dir {
			out = sh.globStar(out, base+name+"/", last, depth+1)
		}
	}
	return out
}

// splitPattern splits at slashes, which nothing in a path pattern matches.
func splitPattern(pat string) []string {
	var parts []string
	start := 0
	for i := 0; i < len(pat); i++ {
		switch pat[i] {
		case '\\':
			i++
		case '/':
			parts = append(parts, pat[start:i])
			start = i + 1
		}
	}
	return append(parts, pat[start:])
}
