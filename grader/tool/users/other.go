package users

import (
	"crypto/sha512"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"

	"drydock/grader/tool/unix"
)

// hashed looks like a password in /etc/shadow. It is not one: a login against it is no part of the simulation.
func hashed(name, password string) string {
	sum := sha512.Sum512([]byte(name + "\x00" + password))
	text := strings.NewReplacer("+", ".", "=", "").Replace(base64.StdEncoding.EncodeToString(sum[:]))
	return "$y$j9T$" + text[:22] + "$" + text[22:65]
}

func chpasswd(c *unix.Cmd) int {
	d, ok := locked(c, "passwd")
	if !ok {
		return 1
	}
	data, err := unix.ReadAll(c.Stdin)
	if err != nil {
		return c.Die(1, "%s", unix.Message(err))
	}
	for i, line := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n") {
		if line == "" {
			continue
		}
		name, password, ok := strings.Cut(line, ":")
		switch {
		case !ok && c.Busybox:
			return c.Die(1, "missing new password")
		case !ok:
			c.Warn("line %d: missing new password", i+1)
			continue
		case d.row("passwd", name) == nil && c.Busybox:
			return c.Die(1, "unknown user %s", name)
		case d.row("passwd", name) == nil:
			c.Warn("(user %s) pam_chauthtok() failed, error:", name)
			c.Errorf("Authentication token manipulation error")
			c.Warn("(line %d, user %s) password not changed", i+1, name)
			continue
		}
		if !c.Has("e") {
			password = hashed(name, password)
		}
		d.set("shadow", name, 1, password)
		d.set("shadow", name, 2, d.days())
		if c.Busybox {
			c.Printf("%s: password for '%s' changed\n", c.Prog(), name)
		}
	}
	d.save()
	return c.Status
}

func chsh(c *unix.Cmd) int {
	d := open(c)
	name := "root"
	if len(c.Operands) > 0 {
		name = c.Operands[0]
	}
	if d.row("passwd", name) == nil {
		return c.Die(1, "user '%s' does not exist", name)
	}
	if c.FS.Cred.UID != 0 {
		c.Errorf("Password: ")
		return c.Die(1, "PAM: Authentication failure")
	}
	shell, ok := c.Lookup("s")
	if !ok {
		return 0
	}
	if !c.FS.Exists(shell) {
		c.Say("Warning: %s does not exist", shell)
	} else if c.FS.Access(shell, 1) != nil {
		c.Say("Warning: %s is not executable", shell)
	}
	d.set("passwd", name, 6, shell)
	d.save()
	return 0
}

func getent(c *unix.Cmd) int {
	if len(c.Operands) == 0 {
		return c.Die(1, "wrong number of arguments")
	}
	name, keys := c.Operands[0], c.Operands[1:]
	d := open(c)
	var rows [][]string
	sep := ":"
	switch name {
	case "passwd", "group", "shadow", "gshadow":
		rows = d.tables[name].rows
	case "hosts", "ahosts", "ahostsv4", "services", "protocols", "networks", "rpc":
		rows, sep = hosts(c, name), " "
	default:
		c.Errorf("Unknown database: %s", name)
		c.Errorf("Try `getent --help' or `getent --usage' for more information.")
		return 1
	}
	if len(keys) == 0 {
		for _, r := range rows {
			c.Print(strings.Join(r, sep) + "\n")
		}
		return 0
	}
	status := 0
	for _, key := range keys {
		found := false
		for _, r := range rows {
			if r[0] == key || (name == "passwd" || name == "group") && field(r, 2) == key || sep == " " && slices.Contains(r, key) {
				c.Print(strings.Join(r, sep) + "\n")
				found = true
				break
			}
		}
		if !found {
			status = 2
		}
	}
	return status
}

func hosts(c *unix.Cmd, name string) [][]string {
	file := "/etc/" + name
	if strings.HasPrefix(name, "ahosts") {
		file = "/etc/hosts"
	}
	data, _ := c.FS.ReadFile(file)
	var rows [][]string
	for _, line := range strings.Split(string(data), "\n") {
		line, _, _ = strings.Cut(line, "#")
		if f := strings.Fields(line); len(f) > 1 {
			f[0] = f[0] + strings.Repeat(" ", max(0, 15-len(f[0])))
			rows = append(rows, f)
		}
	}
	return rows
}

func newgrp(c *unix.Cmd) int {
	if len(c.Operands) == 0 {
		return 0
	}
	g := unix.ReadAccounts(c.FS).Group(c.Operands[0])
	if g == nil {
		return c.Die(1, "group '%s' does not exist", c.Operands[0])
	}
	cred := c.FS.Cred
	cred.GID = g.GID
	return start(c, c.FS.As(cred), c.Env, []string{"/bin/sh"})
}

func parseID(s string) (int, bool) {
	n, err := strconv.ParseUint(s, 10, 32)
	return int(n), err == nil
}

// chage lists how a password ages or sets it.
func chage(c *unix.Cmd) int {
	name, ok := operand(c)
	if !ok {
		return 2
	}
	if c.FS.Cred.UID != 0 && !c.Has("l") {
		return c.Die(1, "Permission denied.")
	}
	d := open(c)
	row := d.row("shadow", name)
	if d.row("passwd", name) == nil || row == nil {
		return c.Die(1, "user '%s' does not exist in /etc/passwd", name)
	}
	for option, at := range map[string]int{"d": 2, "m": 3, "M": 4, "W": 5, "I": 6, "E": 7} {
		if v, ok := c.Lookup(option); ok {
			if v == "-1" {
				v = ""
			}
			d.set("shadow", name, at, v)
		}
	}
	if !c.Has("l") {
		d.save()
		return c.Status
	}
	date := func(at int, none string) string {
		n, err := strconv.Atoi(field(row, at))
		if err != nil || n < 0 {
			return none
		}
		return time.Unix(int64(n)*86400, 0).UTC().Format("Jan 02, 2006")
	}
	inactive := "never"
	if field(row, 6) != "" {
		inactive = "password must be changed"
	}
	count := func(at int) string {
		if v := field(row, at); v != "" {
			return v
		}
		return "-1"
	}
	c.Printf("Last password change\t\t\t\t\t: %s\nPassword expires\t\t\t\t\t: never\nPassword inactive\t\t\t\t\t: %s\n"+
		"Account expires\t\t\t\t\t\t: %s\nMinimum number of days between password change\t\t: %s\n"+
		"Maximum number of days between password change\t\t: %s\nNumber of days of warning before password expires\t: %s\n",
		date(2, "never"), inactive, date(7, "never"), count(3), count(4), count(5))
	return 0
}
