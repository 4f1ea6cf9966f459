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

var removing = []unix.Command{
	{Name: "rm", Args: "[OPTION]... [FILE]...", Run: rm, Spec: getopt.Spec{Short: "dfirRIv",
		Long: "dir/d force/f interactive? one-file-system no-preserve-root preserve-root? recursive/r verbose/v"}},
	{Name: "rmdir", Args: "[OPTION]... DIRECTORY...", Run: rmdir, Spec: getopt.Spec{Short: "pv",
		Long: "ignore-fail-on-non-empty parents/p verbose/v"}},
	{Name: "unlink", Args: "FILE", Run: unlink},
}

func rm(c *unix.Cmd) int {
	if len(c.Operands) == 0 {
		if c.Has("f") {
			return 0
		}
		return c.Usage("missing operand")
	}
	recursive := c.Has("r", "R")
	for _, name := range c.Operands {
		if c.Stopped() {
			break
		}
		if b := base(name); recursive && (b == "." || b == "..") {
			if c.Busybox {
				c.Warn("can't remove '.' or '..'")
			} else {
				c.Warn("refusing to remove '.' or '..' directory: skipping %s", unix.QuoteName(name))
			}
			continue
		}
		if recursive && c.FS.Abs(name) == "/" && !c.Has("no-preserve-root") && !c.Busybox {
			c.Warn("it is dangerous to operate recursively on %s", unix.QuoteName(name))
			c.Say("use --no-preserve-root to override this failsafe")
			continue
		}
		n, err := c.FS.Lstat(name)
		switch {
		case err != nil && c.Has("f") && (vfs.Is(err, syscall.ENOENT) || vfs.Is(err, syscall.ENOTDIR)):
		case err != nil:
			cannotRemove(c, name, err)
		case n.IsDir() && !recursive && !c.Has("d"):
			if c.Busybox {
				c.Warn("%s is a directory", unix.QuoteName(name))
			} else {
				cannotRemove(c, name, syscall.EISDIR)
			}
		case recursive && c.FS.Cred.UID == 0 && !c.Has("v") && c.FS.RemoveAll(name) == nil:
		default:
			removeTree(c, strings.TrimRight(name, "/"), n)
		}
	}
	return c.Status
}

func cannotRemove(c *unix.Cmd, name string, err error) {
	c.Warn(c.Pick("cannot remove %s: %s", "can't remove %s: %s"), unix.QuoteName(name), unix.Message(err))
}

// removeTree removes p and what is below it, saying what it cannot. It reports whether all is gone.
func removeTree(c *unix.Cmd, p string, n *tree.Node) bool {
	if c.Stopped() {
		return false
	}
	if n.IsDir() {
		names, err := c.FS.ReadDir(p)
		if err != nil && n.Len() > 0 {
			cannotRemove(c, p, err)
			return false
		}
		ok := true
		for _, name := range names {
			child := under(p, name)
			m, err := c.FS.Lstat(child)
			if err != nil {
				cannotRemove(c, child, err)
				ok = false
			} else if !removeTree(c, child, m) {
				ok = false
			}
		}
		if !ok {
			return false
		}
	}
	if err := c.FS.Remove(p); err != nil {
		cannotRemove(c, p, err)
		return false
	}
	switch {
	case c.Has("v") && n.IsDir():
		c.Printf("removed directory %s\n", unix.QuoteName(p))
	case c.Has("v"):
		c.Printf("removed %s\n", unix.QuoteName(p))
	}
	return true
}

func rmdir(c *unix.Cmd) int {
	if len(c.Operands) == 0 {
		return c.Usage("missing operand")
	}
	for _, name := range c.Operands {
		for p := name; ; p = path.Dir(p) {
			if c.Has("v") {
				c.Printf("%s: removing directory, %s\n", c.Prog(), c.Quote(p))
			}
			err := removeDir(c, p)
			if vfs.Is(err, syscall.ENOTEMPTY) && c.Has("ignore-fail-on-non-empty") {
				break
			}
			if err != nil {
				what := "failed to remove %s: %s"
				if p != name { // a parent
					what = "failed to remove directory %s: %s"
				}
				c.Warn(c.Pick(what, "%s: %s"), c.Pick(c.Quote(p), "'"+p+"'"), unix.Message(err))
				break
			}
			if !c.Has("p") || path.Dir(p) == "." || p == "/" {
				break
			}
		}
	}
	return c.Status
}

func removeDir(c *unix.Cmd, p string) error {
	n, err := c.FS.Lstat(p)
	switch {
	case err != nil:
		return err
	case !n.IsDir():
		return syscall.ENOTDIR
	case base(p) == ".":
		return syscall.EINVAL
	}
	return c.FS.Remove(p)
}

func unlink(c *unix.Cmd) int {
	switch len(c.Operands) {
	case 0:
		return c.Usage("missing operand")
	case 1:
	default:
		return c.Usage("extra operand %s", c.Quote(c.Operands[1]))
	}
	name := c.Operands[0]
	n, err := c.FS.Lstat(name)
	if err == nil && n.IsDir() {
		err = syscall.EISDIR
	}
	if err == nil {
		err = c.FS.Remove(name)
	}
	if err != nil {
		c.Warn(c.Pick("cannot unlink %s: %s", "can't remove file %s: %s"), unix.QuoteName(name), unix.Message(err))
	}
	return c.Status
}
