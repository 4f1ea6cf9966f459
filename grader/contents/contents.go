// Package contents does to a tree what BuildKit's file operations do to a snapshot: copy, make, remove and unpack ([Copy], [Mkdir],
// [Mkfile], [Symlink], [Remove]), and sums up the part of a tree that a copy depends on ([Checksum]), by which its result is cached.
//
// The rules are those of BuildKit's solver/llbsolver/file, cache/contenthash and of github.com/tonistiigi/fsutil/copy, down to their corner cases. Digests are
// not BuildKit's numbers, but are equal exactly where BuildKit's are.
package contents

import (
	"path"
	"strings"

	"drydock/grader/tree"
)

// Owner is who a file operation gives its files to.
type Owner struct{ UID, GID int }

const maxLinks = 255

// maxPath is the length of a path that Linux takes.
const maxPath = 4095

// rootPath resolves p below root as if root were the file system: links are followed, missing parts taken as they are, and nothing
// leads out. The last element is followed only if follow. It returns "" where links loop.
func rootPath(root *tree.Node, p string, follow bool) string {
	at, node, links := "/", root, 0
	rest := strings.Split(path.Join("/", p), "/")
	for len(rest) > 0 {
		part := rest[0]
		rest = rest[1:]
		switch part {
		case "", ".":
			continue
		case "..":
			at = path.Dir(at)
			node = root.Lookup(at)
			continue
		}
		next := node.Child(part)
		if next == nil || next.Type != tree.Symlink || !follow && len(rest) == 0 {
			at, node = join(at, part), next
			continue
		}
		if links++; links > maxLinks {
			return ""
		}
		if path.IsAbs(next.Target) {
			at, node = "/", root
		}
		// ".." in the target climbs lexically from where the link stands.
		rest = append(strings.Split(next.Target, "/"), rest...)
	}
	return at
}

// resolved is [rootPath] with an error where links loop.
func resolved(root *tree.Node, p string, follow bool) (string, error) {
	if real := rootPath(root, p, follow); real != "" {
		return real, nil
	}
	return "", errTooManyLinks
}

// join is path.Join of a clean path and a name.
func join(dir, name string) string {
	if dir == "/" {
		return "/" + name
	}
	return dir + "/" + name
}

// HasWildcard reports whether a path holds *, ? or [ that is not escaped.
func HasWildcard(p string) bool {
	for i := 0; i < len(p); i++ {
		switch p[i] {
		case '\\':
			i++
		case '*', '?', '[':
			return true
		}
	}
	return false
}

// splitWildcard cuts a clean path before its first element with a wildcard.
func splitWildcard(p string) (fixed, wild string) {
	parts := strings.Split(path.Clean(p), "/")
	for i, part := range parts {
		if HasWildcard(part) {
			fixed = strings.Join(parts[:i], "/")
			if fixed == "" && strings.HasPrefix(p, "/") {
				fixed = "/"
			}
			return fixed, strings.Join(parts[i:], "/")
		}
	}
	return path.Clean(p), ""
}

// cleanPath is path.Join("/", s) that keeps a trailing "/" or "/.", which copies tell apart.
func cleanPath(s string) string {
	c := path.Join("/", s)
	switch {
	case strings.HasSuffix(s, "/.") && c != "/":
		return c + "/."
	case strings.HasSuffix(s, "/.") || c == "/":
		if strings.HasSuffix(s, "/.") {
			return "/."
		}
		return c
	case strings.HasSuffix(s, "/"):
		return c + "/"
	}
	return c
}
