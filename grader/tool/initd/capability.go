package initd

import (
	"context"
	"regexp"
	"strings"

	"drydock/grader/tool"
	"drydock/grader/tree"
	"drydock/grader/vfs"
)

// attribute is where the kernel keeps a file's capabilities. Its value here is their text, not the kernel's structure.
const attribute = "security.capability"

var clause = regexp.MustCompile(`^(cap_[a-z_]+(,cap_[a-z_]+)*|all)?[=+-]+[eip]*$`)

// setcap sets or removes the capabilities of files.
func setcap(_ context.Context, c *tool.Call) int {
	args := c.Args[1:]
	for len(args) > 0 && (args[0] == "-q" || args[0] == "-v" || args[0] == "-f") {
		args = args[1:]
	}
	remove := len(args) > 0 && args[0] == "-r"
	if len(args) < 2 {
		c.Errorf("usage: setcap [--license] [-f] [-h] [-n <rootid>] [-q] [-v] (-r|-|<caps>) <filename> [ ... (-r|-|<capsN>) <filenameN> ]")
		return 1
	}
	for len(args) >= 2 {
		text, file := strings.ToLower(args[0]), args[1]
		args = args[2:]
		if !remove && !valid(text) {
			c.Errorf("fatal error: Invalid argument\nusage: setcap [--license] [-f] [-h] [-n <rootid>] [-q] [-v] (-r|-|<caps>) <filename> [ ... (-r|-|<capsN>) <filenameN> ]")
			return 1
		}
		n, err := c.FS.Stat(file)
		switch {
		case err == nil && n.Type != tree.File:
			c.Errorf("Failed to set capabilities on file '%s': Invalid argument\nThe value of the capability argument is not permitted for a file. Or the file is not a regular (non-symlink) file", file)
			return 1
		case err == nil && c.FS.Cred.UID != 0:
			c.Errorf("unable to set CAP_SETFCAP effective capability: Operation not permitted")
			return 1
		case err == nil:
			value := strings.ReplaceAll(strings.ReplaceAll(text, "=+", "="), "+", "=")
			if remove {
				value = ""
			}
			err = c.FS.Setxattr(file, attribute, value)
		}
		if err != nil {
			c.Errorf("Failed to set capabilities on file '%s': %s", file, vfs.Message(err))
			return 1
		}
	}
	return 0
}

func valid(text string) bool {
	for _, w := range strings.Fields(text) {
		if !clause.MatchString(w) {
			return false
		}
	}
	return text != ""
}

// getcap prints the capabilities of files, below folders with -r.
func getcap(_ context.Context, c *tool.Call) int {
	deep := false
	for _, a := range c.Args[1:] {
		if strings.HasPrefix(a, "-") {
			deep = deep || strings.Contains(a, "r")
			continue
		}
		c.FS.Walk(a, func(p string, n *tree.Node, err error) bool {
			if err != nil {
				c.Errorf("%s (%s)", p, vfs.Message(err))
				return false
			}
			if v := n.Xattrs[attribute]; v != "" {
				c.Printf("%s %s\n", p, v)
			}
			return deep
		})
	}
	return 0
}
