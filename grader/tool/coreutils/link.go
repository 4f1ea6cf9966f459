package coreutils

import (
	"path"
	"strings"
	"syscall"

	"drydock/grader/tool/getopt"
	"drydock/grader/tool/unix"
	"drydock/grader/tree"
	"drydock/grader/vfs"
)

var linking = []unix.Command{
	{Name: "ln", Args: "[OPTION]... [-T] TARGET LINK_NAME", Run: ln, Spec: getopt.Spec{Short: "bdFfiLnPrsS:t:Tv",
		Long: "backup? directory/d force/f interactive/i logical/L no-dereference/n physical/P relative/r symbolic/s suffix/S target-directory/t " +
			"no-target-directory/T verbose/v"}},
	{Name: "link", Args: "FILE1 FILE2", Run: link},
	{Name: "readlink", Args: "[OPTION]... FILE...", Run: readlink, Spec: getopt.Spec{Short: "efmnqsvz",
		Long: "canonicalize/f canonicalize-existing/e canonicalize-missing/m no-newline/n quiet/q silent/s verbose/v zero/z"}},
	{Name: "realpath", Args: "[OPTION]... FILE...", Run: realpath, Spec: getopt.Spec{Short: "eLmPqsz",
		Long: "canonicalize-existing/e canonicalize-missing/m logical/L physical/P quiet/q relative-to: relative-base: strip/s no-symlinks/s zero/z"}},
}

func ln(c *unix.Cmd) int {
	args := c.Operands
	dir, into := c.Lookup("t")
	switch {
	case len(args) == 0:
		return c.Usage("missing file operand")
	case into:
		if !c.FS.IsDir(dir) {
			return c.Die(1, "target directory %s: %s", unix.QuoteName(dir), unix.Message(notDir(c.FS, dir)))
		}
	case c.Has("T"):
		if len(args) == 1 {
			return c.Usage("missing destination file operand after %s", c.Quote(args[0]))
		}
		if len(args) > 2 {
			return c.Usage("extra operand %s", c.Quote(args[2]))
		}
		linkTo(c, args[0], args[1])
		return c.Status
	case len(args) == 1:
		dir, into = ".", true
	default:
		last := args[len(args)-1]
		n, err := c.FS.Lstat(last)
		if err == nil && n.Type == tree.Symlink && !c.Has("n") {
			n, err = c.FS.Stat(last)
		}
		if err == nil && n.IsDir() {
			dir, into, args = last, true, args[:len(args)-1]
		} else if len(args) > 2 && !c.Busybox {
			return c.Die(1, "target %s: %s", unix.QuoteName(last), unix.Message(notDir(c.FS, last)))
		} else if len(args) > 2 {
			dir, into, args = last, true, args[:len(args)-1]
		}
	}
	if !into {
		linkTo(c, args[0], args[1])
		return c.Status
	}
	for _, target := range args {
		name := base(target)
		if dir != "." || len(c.Operands) > 1 {
			name = under(dir, name)
		}
		linkTo(c, target, name)
	}
	return c.Status
}

func notDir(f *vfs.FS, p string) error {
	if _, err := f.Stat(p); err != nil {
		return err
	}
	return syscall.ENOTDIR
}

func linkTo(c *unix.Cmd, target, name string) {
	if c.Has("r") && c.Has("s") {
		target = relativeLink(c.FS, target, name)
	}
	kind := "hard link"
	if c.Has("s") {
		kind = "symbolic link"
	} else {
		n, err := c.FS.Stat(target)
		if err == nil && !c.Has("L") {
			n, err = c.FS.Lstat(target)
		}
		switch {
		case err != nil && c.Busybox:
			c.Warn("%s: %s", target, unix.Message(err))
			return
		case err != nil:
			c.Warn("failed to access %s: %s", unix.QuoteName(target), unix.Message(err))
			return
		case n.IsDir():
			c.Warn("%s: hard link not allowed for directory", c.Plain(target))
			return
		}
	}
	if old, err := c.FS.Lstat(name); err == nil {
		suffix := backupSuffix(c)
		switch {
		case !c.Has("f") && suffix == "":
		case old.IsDir():
			c.Warn("%s: cannot overwrite directory", c.Plain(name))
			return
		case sameFile(c, target, name):
			c.Warn("%s and %s are the same file", unix.QuoteName(target), unix.QuoteName(name))
			return
		case suffix != "":
			c.FS.Rename(name, name+suffix)
		default:
			c.FS.Remove(name)
		}
	}
	var err error
	if c.Has("s") {
		err = c.FS.Symlink(target, name)
	} else {
		err = c.FS.Link(target, name)
	}
	switch {
	case err != nil && c.Busybox:
		c.Warn("%s: %s", name, unix.Message(err))
	case err != nil:
		to := ""
		if kind == "hard link" && !vfs.Is(err, syscall.EEXIST) {
			to = " => " + unix.QuoteName(target)
		}
		c.Warn("failed to create %s %s%s: %s", kind, unix.QuoteName(name), to, unix.Message(err))
	case c.Has("v") && c.Has("s"):
		c.Printf("%s -> %s\n", unix.QuoteName(name), unix.QuoteName(target))
	case c.Has("v"):
		c.Printf("%s => %s\n", unix.QuoteName(name), unix.QuoteName(target))
	}
}

func relativeLink(f *vfs.FS, target, name string) string {
	from, err1 := canonical(f, path.Dir(name), 'm')
	to, err2 := canonical(f, target, 'm')
	if err1 != nil || err2 != nil {
		return target
	}
	return relativeTo(to, from)
}

// relativeTo writes to as seen from a folder; both are absolute and clean.
func relativeTo(to, from string) string {
	a, b := strings.Split(strings.Trim(from, "/"), "/"), strings.Split(strings.Trim(to, "/"), "/")
	if from == "/" {
		a = nil
	}
	if to == "/" {
		b = nil
	}
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	parts := append(strings.Split(strings.Repeat("../", len(a)), "/")[:len(a)], b...)
	if len(parts) == 0 {
		return "."
	}
	return strings.Join(parts, "/")
}

func link(c *unix.Cmd) int {
	switch n := len(c.Operands); {
	case n == 0:
		return c.Usage("missing operand")
	case n == 1:
		return c.Usage("missing operand after %s", c.Quote(c.Operands[0]))
	case n > 2:
		return c.Usage("extra operand %s", c.Quote(c.Operands[2]))
	}
	old, name := c.Operands[0], c.Operands[1]
	if err := c.FS.Link(old, name); err != nil {
		c.Warn("cannot create link %s to %s: %s", unix.QuoteName(name), unix.QuoteName(old), unix.Message(err))
	}
	return c.Status
}

// canonical resolves a path: under 'e' all of it must exist, under 'f' all but the last element, under 'm' nothing need.
func canonical(f *vfs.FS, p string, how byte) (string, error) {
	real, err := f.Real(p)
	if err == nil && how == 'e' {
		_, err = f.Stat(p)
	}
	if how != 'm' {
		return real, err
	}
	if err == nil {
		return real, nil
	}
	if p == "" {
		return "", err
	}
	clean := strings.TrimRight(f.Abs(p), "/")
	dir, name := path.Split(clean)
	if clean == "" || len(strings.Split(clean, "/")) > 256 {
		return "/", nil
	}
	parent, err := canonical(f, path.Clean(dir), 'm')
	return path.Join(parent, name), err
}

func readlink(c *unix.Cmd) int {
	if len(c.Operands) == 0 {
		return c.Usage("missing operand")
	}
	end := "\n"
	if c.Has("z") {
		end = "\x00"
	}
	if c.Has("n") && len(c.Operands) == 1 {
		end = ""
	}
	how := c.Last("e", "f", "m")
	for _, name := range c.Operands {
		var out string
		var err error
		if how == "" {
			out, err = c.FS.Readlink(name)
		} else {
			out, err = canonical(c.FS, name, how[0])
		}
		if err != nil {
			c.Status = 1
			if c.Has("v") {
				c.Warn("%s: %s", c.Plain(name), unix.Message(err))
			}
			continue
		}
		c.Print(out + end)
	}
	return c.Status
}

func realpath(c *unix.Cmd) int {
	if len(c.Operands) == 0 {
		return c.Usage("missing operand")
	}
	how := byte('f')
	if s := c.Last("e", "m"); s != "" {
		how = s[0]
	}
	resolve := func(p string) (string, error) {
		if c.Has("s") {
			abs := c.FS.Abs(p)
			if how == 'm' {
				return abs, nil
			}
			dir, _ := path.Split(strings.TrimRight(p, "/"))
			if dir == "" {
				return abs, nil
			}
			_, err := c.FS.Stat(dir)
			return abs, err
		}
		return canonical(c.FS, p, how)
	}
	end := "\n"
	if c.Has("z") {
		end = "\x00"
	}
	for _, name := range c.Operands {
		out, err := resolve(name)
		if err != nil {
			if c.Status = 1; !c.Has("q") {
				c.Warn("%s: %s", c.Plain(name), unix.Message(err))
			}
			continue
		}
		if dir, ok := c.Lookup("relative-to"); ok {
			if from, err := resolve(dir); err == nil {
				out = relativeTo(out, from)
			}
		} else if dir, ok := c.Lookup("relative-base"); ok {
			if from, err := resolve(dir); err == nil && (out == from || strings.HasPrefix(out, strings.TrimRight(from, "/")+"/")) {
				out = relativeTo(out, from)
			}
		}
		c.Print(out + end)
	}
	return c.Status
}

// sameFile reports whether what target leads to is the very entry name, so that replacing it would lose the file.
func sameFile(c *unix.Cmd, target, name string) bool {
	old, err := c.FS.Lstat(name)
	if err != nil || old.Type == tree.Symlink {
		return c.FS.Abs(target) == c.FS.Abs(name) && !c.Has("s")
	}
	from, err := c.FS.Real(target)
	if err != nil {
		return false
	}
	to, err := c.FS.Real(name)
	return err == nil && from == to
}
