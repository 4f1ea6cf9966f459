package coreutils

import (
	"fmt"
	"strings"

	"drydock/grader/tool/getopt"
	"drydock/grader/tool/unix"
	"drydock/grader/tree"
)

const (
	chownShort = "HLPRcfhv"
	chownLong  = "changes/c dereference from: no-dereference/h no-preserve-root preserve-root quiet/f recursive/R reference: silent/f verbose/v"
)

var owning = []unix.Command{
	{Name: "chmod", Args: "[OPTION]... MODE[,MODE]... FILE...", Run: chmod, Fix: chmodArgs, Spec: getopt.Spec{Short: "Rcfv",
		Long: "changes/c recursive/R no-preserve-root preserve-root quiet/f reference: silent/f verbose/v"}},
	{Name: "chown", Args: "[OPTION]... [OWNER][:[GROUP]] FILE...", Run: chown, Spec: getopt.Spec{Short: chownShort, Long: chownLong}},
	{Name: "chgrp", Args: "[OPTION]... GROUP FILE...", Run: chgrp, Spec: getopt.Spec{Short: chownShort, Long: chownLong}},
}

// dashed marks a mode that begins with a dash, so that it is not read as options.
const dashed = "\x00"

// chmodArgs finds modes such as -x and -w,o=r among the arguments.
func chmodArgs(args []string) []string {
	out := append([]string(nil), args...)
	for i, a := range out {
		if a == "--" {
			break
		}
		if len(a) > 1 && a[0] == '-' && strings.Trim(a[1:], "rwxXstugoa,+=-01234567") == "" && a[1] != '-' {
			out[i] = dashed + a
			break
		}
	}
	return out
}

func chmod(c *unix.Cmd) int {
	args := c.Operands
	var mode unix.Mode
	if ref, ok := c.Lookup("reference"); ok {
		n, err := c.FS.Stat(ref)
		if err != nil {
			return c.Die(1, "failed to get attributes of %s: %s", unix.QuoteName(ref), unix.Message(err))
		}
		mode, _ = unix.ParseMode(fmt.Sprintf("%05o", n.Mode))
	} else {
		if len(args) == 0 {
			return c.Usage("missing operand")
		}
		text := strings.TrimPrefix(args[0], dashed)
		if len(args) == 1 {
			return c.Usage("missing operand after %s", c.Quote(text))
		}
		m, ok := unix.ParseMode(text)
		if !ok {
			if c.Busybox {
				return c.Die(1, "invalid mode '%s'", text)
			}
			return c.Usage("invalid mode: %s", c.Quote(text))
		}
		mode, args = m, args[1:]
	}
	if len(args) == 0 {
		return c.Usage("missing operand")
	}
	m := moder{c, mode}
	for _, name := range args {
		m.change(strings.TrimPrefix(name, dashed), true)
	}
	return c.Status
}

type moder struct {
	*unix.Cmd
	mode unix.Mode
}

func (m moder) change(p string, named bool) {
	if m.Stopped() {
		return
	}
	n, err := m.FS.Lstat(p)
	if err == nil && n.Type == tree.Symlink {
		if !named {
			return
		}
		if n, err = m.FS.Stat(p); err != nil && !m.Busybox {
			m.fail("cannot operate on dangling symlink %s", unix.QuoteName(p))
			return
		}
	}
	if err != nil {
		if m.Busybox {
			m.fail("%s: %s", p, unix.Message(err))
		} else {
			m.fail("cannot access %s: %s", unix.QuoteName(p), unix.Message(err))
		}
		return
	}
	was := n.Mode // n changes with the file
	want := m.mode.Apply(was, n.IsDir(), m.FS.Umask)
	err = nil
	if cred := m.FS.Cred; want != was || cred.UID != 0 && cred.UID != n.UID {
		err = m.FS.Chmod(p, want)
	}
	switch {
	case err != nil && m.Busybox:
		m.fail("%s: %s", p, unix.Message(err))
	case err != nil:
		m.fail("changing permissions of %s: %s", unix.QuoteName(p), unix.Message(err))
	case want != was && m.Has("v", "c"):
		m.Printf("mode of %s changed from %04o (%s) to %04o (%s)\n", unix.QuoteName(p), was, unix.Permissions(was), want, unix.Permissions(want))
	case m.Has("v"):
		m.Printf("mode of %s retained as %04o (%s)\n", unix.QuoteName(p), want, unix.Permissions(want))
	}
	if m.Has("R") && n.IsDir() {
		names, err := m.FS.ReadDir(p)
		if err != nil {
			m.fail(m.Pick("cannot read directory %s: %s", "%[1]s: %[2]s"), unix.QuoteName(p), unix.Message(err))
		}
		for _, name := range names {
			m.change(under(p, name), false)
		}
	}
}

// fail is Warn, silent under -f.
func (m moder) fail(format string, a ...any) { complain(m.Cmd, format, a...) }

func complain(c *unix.Cmd, format string, a ...any) {
	if c.Has("f") {
		c.Status = max(c.Status, 1)
		return
	}
	c.Warn(format, a...)
}

func chown(c *unix.Cmd) int {
	return changeOwner(c, "owner", func(a *unix.Accounts, s string) (unix.Owner, string) {
		o, bad := a.ParseOwner(s)
		if bad != "" && c.Busybox {
			user, group, _ := strings.Cut(s, ":")
			if bad == "invalid group" {
				return o, "unknown group " + group
			}
			return o, "unknown user " + user
		}
		if bad != "" {
			bad += ": " + c.Quote(s)
		}
		return o, bad
	})
}

func chgrp(c *unix.Cmd) int {
	return changeOwner(c, "group", func(a *unix.Accounts, s string) (unix.Owner, string) {
		gid, ok := a.LookupGID(s)
		switch {
		case ok || s == "":
			return unix.Owner{UID: -1, GID: gid}, ""
		case c.Busybox:
			return unix.Owner{}, "unknown group " + s
		}
		return unix.Owner{}, "invalid group: " + c.Quote(s)
	})
}

func changeOwner(c *unix.Cmd, what string, parse func(*unix.Accounts, string) (unix.Owner, string)) int {
	o := owner{Cmd: c, what: what, accounts: unix.ReadAccounts(c.FS), from: unix.Owner{UID: -1, GID: -1}}
	args := c.Operands
	if ref, ok := c.Lookup("reference"); ok {
		n, err := c.FS.Stat(ref)
		if err != nil {
			return c.Die(1, "failed to get attributes of %s: %s", unix.QuoteName(ref), unix.Message(err))
		}
		o.to = unix.Owner{UID: n.UID, GID: n.GID}
		if what == "group" {
			o.to.UID = -1
		}
	} else {
		if len(args) == 0 {
			return c.Usage("missing operand")
		}
		if len(args) == 1 {
			return c.Usage("missing operand after %s", c.Quote(args[0]))
		}
		to, bad := parse(o.accounts, args[0])
		o.spec = args[0]
		if what == "owner" && strings.Contains(o.spec, ".") && !strings.Contains(o.spec, ":") && o.accounts.User(o.spec) == nil && bad == "" && !c.Busybox {
			c.Say("warning: '.' should be ':': %s", c.Quote(o.spec))
		}
		if bad != "" {
			return c.Die(1, "%s", bad)
		}
		o.to, args = to, args[1:]
	}
	if s, ok := c.Lookup("from"); ok {
		from, bad := o.accounts.ParseOwner(s)
		if bad != "" {
			return c.Die(1, "%s: %s", bad, c.Quote(s))
		}
		o.from = from
	}
	if len(args) == 0 {
		return c.Usage("missing operand")
	}
	for _, name := range args {
		if c.Has("R") && o.whole(name) {
			continue
		}
		o.change(name, !c.Has("h") && (!c.Has("R") || c.Last("H", "L", "P") == "H" || c.Has("L")))
	}
	return c.Status
}

type owner struct {
	*unix.Cmd
	what     string // "owner" or "group"
	accounts *unix.Accounts
	to, from unix.Owner
	spec     string // what to was given as
}

func (o owner) change(p string, follow bool) {
	if o.Stopped() {
		return
	}
	n, err := o.FS.Lstat(p)
	if err == nil && follow && n.Type == tree.Symlink {
		if n, err = o.FS.Stat(p); err != nil && !o.Busybox {
			complain(o.Cmd, "cannot dereference %s: %s", unix.QuoteName(p), unix.Message(err))
			return
		}
	}
	if err != nil {
		if o.Busybox {
			complain(o.Cmd, "%s: %s", p, unix.Message(err))
		} else {
			complain(o.Cmd, "cannot access %s: %s", unix.QuoteName(p), unix.Message(err))
		}
		return
	}
	if o.applies(n) {
		was, differs := o.shown(n), false
		if _, differs = o.to.Change(n); differs {
			err = o.FS.Chown(p, o.to.UID, o.to.GID, follow)
		}
		o.say(p, was, differs, err)
	}
	if !o.Has("R") || !n.IsDir() {
		return
	}
	names, err := o.FS.ReadDir(p)
	if err != nil {
		complain(o.Cmd, o.Pick("cannot read directory %s: %s", "%[1]s: %[2]s"), unix.QuoteName(p), unix.Message(err))
	}
	for _, name := range names {
		o.change(under(p, name), o.Has("L"))
	}
}

func (o owner) applies(n *tree.Node) bool {
	return (o.from.UID < 0 || o.from.UID == n.UID) && (o.from.GID < 0 || o.from.GID == n.GID)
}

// shown is the part of a node's owner that is about to change.
func (o owner) shown(n *tree.Node) string {
	user, group := o.accounts.UserName(n.UID), o.accounts.GroupName(n.GID)
	switch {
	case o.what == "group":
		return group
	case o.to.GID < 0:
		return user
	}
	return user + ":" + group
}

func (o owner) say(p, was string, differs bool, err error) {
	what := "ownership"
	if o.what == "group" {
		what = "group"
	}
	switch {
	case err != nil && o.Busybox:
		complain(o.Cmd, "%s: %s", p, unix.Message(err))
	case err != nil:
		complain(o.Cmd, "changing %s of %s: %s", what, unix.QuoteName(p), unix.Message(err))
	case differs && o.Has("v", "c"):
		o.Printf("changed %s of %s from %s to %s\n", what, unix.QuoteName(p), was, o.spec)
	case o.Has("v"):
		o.Printf("%s of %s retained as %s\n", what, unix.QuoteName(p), was)
	}
}

// whole changes a folder and all below it in one go where nothing can fail and nothing is to be said. It reports whether it did.
func (o owner) whole(p string) bool {
	if o.FS.Cred.UID != 0 || o.Has("v", "c", "L", "H") || o.from.UID >= 0 || o.from.GID >= 0 {
		return false
	}
	n, err := o.FS.Lstat(p)
	real, rerr := o.FS.Real(p)
	if err != nil || rerr != nil || !n.IsDir() || real == "/" {
		return false
	}
	for _, m := range o.FS.Mounts() {
		if m.At == real || strings.HasPrefix(m.At, real+"/") {
			return false
		}
	}
	changes, linked := false, false
	n.Walk("/", func(_ string, n *tree.Node) bool {
		if _, differs := o.to.Change(n); differs {
			changes = true
		}
		linked = linked || n.Inode != 0
		return true
	})
	if linked {
		return false
	}
	if !changes {
		return true
	}
	parent := under(real, "..")
	before, err := o.FS.Stat(parent)
	if err != nil {
		return false
	}
	when := before.ModTime
	if err := o.FS.Graft(real, o.owned(n)); err != nil {
		return false
	}
	o.FS.Chtimes(parent, when)
	return true
}

// owned returns n with the new owner, all below it included.
func (o owner) owned(n *tree.Node) *tree.Node {
	d := n.Clone()
	if _, differs := o.to.Change(n); differs {
		if o.to.UID >= 0 {
			d.UID = o.to.UID
		}
		if o.to.GID >= 0 {
			d.GID = o.to.GID
		}
		if d.Type == tree.File && d.Mode&0o111 != 0 {
			d.Mode &^= 0o6000
		}
	}
	for _, name := range n.Names() {
		d.Put(name, o.owned(n.Child(name)))
	}
	return d
}
