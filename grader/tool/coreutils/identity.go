package coreutils

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"drydock/grader/tool/getopt"
	"drydock/grader/tool/unix"
	"drydock/grader/vfs"
)

var identity = []unix.Command{
	{Name: "id", Args: "[OPTION]... [USER]...", Run: id, Spec: getopt.Spec{Short: "aGgnruzZ",
		Long: "group/g groups/G name/n real/r user/u zero/z context/Z"}},
	{Name: "whoami", Args: "[OPTION]...", Run: whoami},
	{Name: "groups", Args: "[OPTION]... [USERNAME]...", Run: groups},
	{Name: "who", Args: "[OPTION]... [ FILE | ARG1 ARG2 ]", Spec: getopt.Spec{Short: "abdHlmpqrstuTw"}, Run: func(*unix.Cmd) int { return 0 }},
	{Name: "users", Args: "[OPTION]... [FILE]", Run: func(*unix.Cmd) int { return 0 }},
	{Name: "logname", Args: "[OPTION]", Run: func(c *unix.Cmd) int { return c.Die(1, "no login name") }},
}

// person is whose identity is shown.
type person struct {
	uid, gid int
	groups   []int // the main one first
}

func personOf(a *unix.Accounts, u *unix.User) person {
	p := person{uid: u.UID, gid: u.GID, groups: []int{u.GID}}
	for _, g := range a.GroupsOf(u.Name) {
		if g != u.GID {
			p.groups = append(p.groups, g)
		}
	}
	return p
}

func currentPerson(cred vfs.Cred) person {
	p := person{uid: cred.UID, gid: cred.GID, groups: []int{cred.GID}}
	for _, g := range cred.Groups {
		if !slices.Contains(p.groups, g) {
			p.groups = append(p.groups, g)
		}
	}
	return p
}

func id(c *unix.Cmd) int {
	accounts := unix.ReadAccounts(c.FS)
	which := c.Last("u", "g", "G")
	if which == "" && (c.Has("n") || c.Has("r")) {
		return c.Die(1, "cannot print only names or real IDs in default format")
	}
	var people []person
	for _, name := range c.Operands {
		u := accounts.User(name)
		if u == nil {
			if n, err := strconv.Atoi(strings.TrimPrefix(name, "+")); err == nil {
				u = accounts.UID(n)
			}
		}
		if u == nil {
			if c.Busybox {
				c.Warn("unknown user %s", name)
			} else {
				c.Warn("%s: no such user", c.Quote(name))
			}
			continue
		}
		people = append(people, personOf(accounts, u))
	}
	if len(c.Operands) == 0 {
		people = []person{currentPerson(c.FS.Cred)}
	}
	end, sep := "\n", " "
	if c.Has("z") {
		end, sep = "\x00", "\x00"
	}
	for _, p := range people {
		c.Print(describe(c, accounts, p, which, sep) + end)
	}
	return c.Status
}

func describe(c *unix.Cmd, a *unix.Accounts, p person, which, sep string) string {
	name := func(n int, lookup func(int) string, kind string) string {
		if !c.Has("n") {
			return strconv.Itoa(n)
		}
		s := lookup(n)
		if _, err := strconv.Atoi(s); err == nil {
			c.Warn("cannot find name for %s ID %d", kind, n)
		}
		return s
	}
	switch which {
	case "u":
		return name(p.uid, a.UserName, "user")
	case "g":
		return name(p.gid, a.GroupName, "group")
	case "G":
		var list []string
		for _, g := range p.groups {
			list = append(list, name(g, a.GroupName, "group"))
		}
		return strings.Join(list, sep)
	}
	full := func(n int, name string) string {
		if name == strconv.Itoa(n) {
			return name
		}
		return fmt.Sprintf("%d(%s)", n, name)
	}
	out := "uid=" + full(p.uid, a.UserName(p.uid)) + " gid=" + full(p.gid, a.GroupName(p.gid))
	var list []string
	for _, g := range p.groups {
		list = append(list, full(g, a.GroupName(g)))
	}
	return out + " groups=" + strings.Join(list, ",")
}

func whoami(c *unix.Cmd) int {
	if len(c.Operands) > 0 {
		return c.Usage("extra operand %s", c.Quote(c.Operands[0]))
	}
	uid := c.FS.Cred.UID
	u := unix.ReadAccounts(c.FS).UID(uid)
	if u == nil {
		if c.Busybox {
			return c.Die(1, "unknown uid %d", uid)
		}
		return c.Die(1, "cannot find name for user ID %d", uid)
	}
	c.Print(u.Name + "\n")
	return 0
}

func groups(c *unix.Cmd) int {
	accounts := unix.ReadAccounts(c.FS)
	list := func(p person) string {
		var names []string
		for _, g := range p.groups {
			name := accounts.GroupName(g)
			if accounts.GID(g) == nil {
				c.Warn("cannot find name for group ID %d", g)
			}
			names = append(names, name)
		}
		return strings.Join(names, " ")
	}
	if len(c.Operands) == 0 {
		c.Print(list(currentPerson(c.FS.Cred)) + "\n")
		return c.Status
	}
	for _, name := range c.Operands {
		u := accounts.User(name)
		if u == nil {
			if c.Busybox {
				c.Warn("unknown user %s", name)
			} else {
				c.Warn("%s: no such user", c.Quote(name))
			}
			continue
		}
		c.Printf("%s : %s\n", name, list(personOf(accounts, u)))
	}
	return c.Status
}
