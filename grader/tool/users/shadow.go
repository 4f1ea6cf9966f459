package users

import (
	"slices"
	"strconv"
	"strings"

	"drydock/grader/tool/unix"
)

// operand returns the only operand; without one the usage is shown.
func operand(c *unix.Cmd) (string, bool) {
	if len(c.Operands) != 1 || c.Has("h") {
		c.Errorf("Usage: %s [options] %s", c.Prog(), map[string]string{"useradd": "LOGIN", "usermod": "LOGIN", "userdel": "LOGIN"}[c.Prog()])
		return "", false
	}
	return c.Operands[0], true
}

func useradd(c *unix.Cmd) int {
	if c.Has("D") && len(c.Options) == 1 {
		c.Print("GROUP=100\nHOME=/home\nINACTIVE=-1\nEXPIRE=\nSHELL=/bin/sh\nSKEL=/etc/skel\nCREATE_MAIL_SPOOL=no\nLOG_INIT=yes\n")
		return 0
	}
	home, homeGiven := c.Lookup("d")
	if homeGiven && (!strings.HasPrefix(home, "/") || strings.ContainsAny(home, ":\n")) {
		return c.Die(3, "invalid home directory '%s'", home)
	}
	uid, uidGiven := -1, false
	if s, ok := c.Lookup("u"); ok {
		n, err := strconv.ParseUint(s, 0, 32)
		if err != nil {
			return c.Die(3, "invalid user ID '%s'", s)
		}
		uid, uidGiven = int(n), true
	}
	shell := "/bin/sh"
	if s, ok := c.Lookup("s"); ok {
		if s != "" && s[0] != '/' && s[0] != '*' {
			return c.Die(3, "invalid shell '%s'", s)
		}
		if s != "" && s[0] != '*' && s != "/sbin/nologin" && (c.FS.Access(s, 1) != nil || c.FS.IsDir(s)) {
			c.Say("Warning: missing or non-executable shell '%s'", s)
		}
		shell = s
	}
	if c.Has("o") && !uidGiven {
		c.Say("-o flag is only allowed with the -u flag")
		return 2
	}
	name, ok := operand(c)
	if !ok {
		return 2
	}
	if !validName(name) && !c.Has("badname") {
		return c.Die(3, "invalid user name '%s': use --badname to ignore", name)
	}
	d, ok := locked(c, "passwd")
	if !ok {
		return 1
	}
	var extra []string
	if list, ok := c.Lookup("G"); ok {
		bad := false
		for _, g := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' }) {
			r := d.group(g)
			if r == nil {
				c.Warn("group '%s' does not exist", g)
				bad = true
				continue
			}
			extra = append(extra, r[0])
		}
		if bad {
			return 6
		}
	}
	gid := -1
	if g, ok := c.Lookup("g"); ok {
		r := d.group(g)
		if r == nil {
			return c.Die(6, "group '%s' does not exist", g)
		}
		gid = number(field(r, 2))
	}
	if d.row("passwd", name) != nil {
		return c.Die(9, "user '%s' already exists", name)
	}
	own := gid < 0 && !c.Has("N")
	if own && d.row("group", name) != nil {
		return c.Die(9, "group %s exists - if you want to add this user to that group, use -g.", name)
	}
	system := c.Has("r")
	if uidGiven && !c.Has("o") && d.numbered("passwd", uid) != nil {
		return c.Die(4, "UID %d is not unique", uid)
	}
	if !uidGiven {
		if uid = d.next("passwd", system); uid < 0 {
			return c.Die(4, "Can't get unique system UID (no more available UIDs)")
		}
	}
	switch {
	case own:
		gid = uid
		if d.numbered("group", gid) != nil {
			gid = d.next("group", system)
		}
		d.addGroup(name, gid, "")
	case gid < 0:
		gid = 100
	}
	if !homeGiven {
		base := "/home"
		if b, ok := c.Lookup("b"); ok {
			base = b
		}
		home = strings.TrimRight(base, "/") + "/" + name
	}
	password := "!"
	if p, ok := c.Lookup("p"); ok {
		password = p
	}
	if system && uidGiven && uid > lastSystem {
		c.Say("warning: %s's uid %d is greater than SYS_UID_MAX %d", name, uid, lastSystem)
	}
	if !system && uidGiven && (uid < firstUser || uid > lastUser) {
		c.Say("warning: %s's uid %d outside of the UID_MIN %d and UID_MAX %d range.", name, uid, firstUser, lastUser)
	}
	d.addUser(name, uid, gid, c.Value("c"), home, shell, password, system)
	if !system || c.Has("F") {
		d.subordinates(name)
	}
	for _, g := range extra {
		d.member(name, g, true)
	}
	if !d.save() {
		return 10
	}
	if c.Has("m") && !c.Has("M") {
		skel := "/etc/skel"
		if s, ok := c.Lookup("k"); ok {
			skel = s
		}
		if c.FS.Exists(home) {
			c.Say("warning: the home directory %s already exists.", home)
			c.Say("Not copying any file from skel directory into it.")
		} else if err := d.home(home, skel, 0o755, uid, gid); err != nil {
			return c.Die(12, "cannot create directory %s", home)
		}
	}
	return 0
}

func groupadd(c *unix.Cmd) int {
	gid, given := -1, false
	if s, ok := c.Lookup("g"); ok {
		n, err := strconv.ParseUint(s, 0, 32)
		if err != nil {
			return c.Die(3, "invalid group ID '%s'", s)
		}
		gid, given = int(n), true
	}
	if len(c.Operands) != 1 || c.Has("h") {
		c.Errorf("Usage: groupadd [options] GROUP")
		return 2
	}
	name := c.Operands[0]
	if !validName(name) {
		return c.Die(3, "'%s' is not a valid group name", name)
	}
	d, ok := locked(c, "group")
	if !ok {
		return 10
	}
	if d.row("group", name) != nil {
		if c.Has("f") {
			return 0
		}
		return c.Die(9, "group '%s' already exists", name)
	}
	if given && !c.Has("o") && d.numbered("group", gid) != nil {
		if !c.Has("f") {
			return c.Die(4, "GID '%d' already exists", gid)
		}
		given = false
	}
	if !given {
		gid = d.next("group", c.Has("r"))
	}
	d.addGroup(name, gid, c.Value("p"))
	for _, u := range strings.FieldsFunc(c.Value("U"), func(r rune) bool { return r == ',' }) {
		d.member(u, name, true)
	}
	if !d.save() {
		return 10
	}
	return 0
}

func usermod(c *unix.Cmd) int {
	name, ok := operand(c)
	if !ok {
		return 2
	}
	if len(c.Options) == 0 {
		c.Say("no options")
		c.Errorf("Usage: usermod [options] LOGIN")
		return 2
	}
	d, ok := locked(c, "passwd")
	if !ok {
		return 1
	}
	user := d.row("passwd", name)
	if user == nil {
		return c.Die(6, "user '%s' does not exist", name)
	}
	oldHome, oldUID, oldGID := field(user, 5), number(field(user, 2)), number(field(user, 3))
	if s, ok := c.Lookup("g"); ok {
		g := d.group(s)
		if g == nil {
			return c.Die(6, "group '%s' does not exist", s)
		}
		d.set("passwd", name, 3, field(g, 2))
	}
	if list, ok := c.Lookup("G"); ok {
		var wanted []string
		for _, s := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' }) {
			g := d.group(s)
			if g == nil {
				return c.Die(6, "group '%s' does not exist", s)
			}
			wanted = append(wanted, g[0])
		}
		if !c.Has("a") {
			for _, g := range d.memberships(name) {
				if slices.Contains(wanted, g) == c.Has("r") {
					d.member(name, g, false)
				}
			}
		}
		for _, g := range wanted {
			if !c.Has("r") {
				d.member(name, g, true)
			}
		}
	}
	if s, ok := c.Lookup("u"); ok {
		n, err := strconv.ParseUint(s, 10, 32)
		if err != nil {
			return c.Die(3, "invalid user ID '%s'", s)
		}
		if int(n) != oldUID && !c.Has("o") && d.numbered("passwd", int(n)) != nil {
			return c.Die(4, "UID '%d' already exists", n)
		}
		d.set("passwd", name, 2, strconv.FormatUint(n, 10))
	}
	for option, at := range map[string]int{"c": 4, "d": 5, "s": 6} {
		if v, ok := c.Lookup(option); ok {
			if option == "d" && !strings.HasPrefix(v, "/") && v != "" {
				return c.Die(3, "invalid home directory '%s'", v)
			}
			if option == "s" && v != "" && v != "/sbin/nologin" && c.FS.Access(v, 1) != nil {
				c.Say("Warning: missing or non-executable shell '%s'", v)
			}
			d.set("passwd", name, at, v)
		}
	}
	password := field(d.row("shadow", name), 1)
	switch {
	case c.Has("p"):
		d.set("shadow", name, 1, c.Value("p"))
	case c.Has("L") && !strings.HasPrefix(password, "!"):
		d.set("shadow", name, 1, "!"+password)
	case c.Has("U") && strings.HasPrefix(password, "!"):
		if password == "!" {
			return c.Die(1, "unlocking the user's password would result in a passwordless account.\nYou should set a password with usermod -p to unlock this user's password.")
		}
		d.set("shadow", name, 1, password[1:])
	}
	newHome, newUID, newGID := field(user, 5), number(field(user, 2)), number(field(user, 3))
	if login, ok := c.Lookup("l"); ok && login != name {
		if d.row("passwd", login) != nil {
			return c.Die(9, "user '%s' already exists", login)
		}
		for _, g := range d.memberships(name) {
			d.member(name, g, false)
			d.member(login, g, true)
		}
		for _, file := range []string{"shadow", "subuid", "subgid", "passwd"} {
			d.set(file, name, 0, login)
		}
	}
	d.tables["passwd"].dirty, d.tables["shadow"].dirty = true, true // usermod writes them again also where nothing changes
	if !d.save() {
		return 10
	}
	if c.Has("m") && newHome != oldHome && c.FS.IsDir(oldHome) {
		if c.FS.Exists(newHome) {
			return c.Die(12, "directory %s exists", newHome)
		}
		if err := c.FS.Rename(oldHome, newHome); err != nil {
			return c.Die(12, "cannot rename directory %s to %s", oldHome, newHome)
		}
	}
	if newUID != oldUID || newGID != oldGID {
		d.reown(newHome, oldUID, oldGID, newUID, newGID, 0)
	}
	return 0
}

// reown gives what belongs to a user below its home to its new numbers.
func (d *database) reown(p string, oldUID, oldGID, uid, gid, depth int) {
	n, err := d.FS.Lstat(p)
	if err != nil || depth > 200 || p == "/" {
		return
	}
	u, g := -1, -1
	if n.UID == oldUID {
		u = uid
	}
	if n.GID == oldGID && n.UID == oldUID {
		g = gid
	}
	if u >= 0 || g >= 0 {
		d.FS.Chown(p, u, g, false)
	}
	if !n.IsDir() {
		return
	}
	names, _ := d.FS.ReadDir(p)
	for _, name := range names {
		d.reown(p+"/"+name, oldUID, oldGID, uid, gid, depth+1)
	}
}

func groupmod(c *unix.Cmd) int {
	if len(c.Operands) != 1 {
		c.Errorf("Usage: groupmod [options] GROUP")
		return 2
	}
	name := c.Operands[0]
	d, ok := locked(c, "group")
	if !ok {
		return 10
	}
	g := d.row("group", name)
	if g == nil {
		return c.Die(6, "group '%s' does not exist", name)
	}
	if s, ok := c.Lookup("g"); ok {
		n, err := strconv.Atoi(s)
		if err != nil {
			return c.Die(3, "invalid group ID '%s'", s)
		}
		if field(g, 2) != s && !c.Has("o") && d.numbered("group", n) != nil {
			return c.Die(4, "GID '%d' already exists", n)
		}
		for _, u := range d.tables["passwd"].rows {
			if field(u, 3) == field(g, 2) {
				d.set("passwd", u[0], 3, s)
			}
		}
		d.set("group", name, 2, s)
	}
	if s, ok := c.Lookup("n"); ok && s != name {
		if d.row("group", s) != nil {
			return c.Die(9, "group '%s' already exists", s)
		}
		d.set("gshadow", name, 0, s)
		d.set("group", name, 0, s)
	}
	d.save()
	return 0
}

func userdel(c *unix.Cmd) int {
	name, ok := operand(c)
	if !ok {
		return 2
	}
	d, ok := locked(c, "passwd")
	if !ok {
		return 1
	}
	user := d.row("passwd", name)
	if user == nil {
		return c.Die(6, "user '%s' does not exist", name)
	}
	home := field(user, 5)
	d.drop(name)
	if g := d.row("group", name); g != nil && field(g, 2) == field(user, 3) {
		inUse := slices.ContainsFunc(d.tables["passwd"].rows, func(r []string) bool { return field(r, 3) == field(g, 2) })
		if !inUse {
			d.remove("group", name)
			d.remove("gshadow", name)
		}
	}
	d.save()
	if !c.Has("r") {
		return 0
	}
	spool := "/var/mail/" + name
	if c.FS.Exists(spool) {
		c.FS.Remove(spool)
	} else {
		c.Say("%s mail spool (%s) not found", name, spool)
	}
	if !c.FS.Exists(home) {
		c.Say("%s home directory (%s) not found", name, home)
		return 0
	}
	if err := c.FS.RemoveAll(home); err != nil {
		return c.Die(12, "error removing directory %s", home)
	}
	return 0
}

// drop takes a user out of all files, its group left alone.
func (d *database) drop(name string) {
	for _, file := range []string{"passwd", "shadow", "subuid", "subgid"} {
		d.remove(file, name)
	}
	for _, g := range d.memberships(name) {
		d.member(name, g, false)
	}
}

func groupdel(c *unix.Cmd) int {
	if len(c.Operands) != 1 {
		c.Errorf("Usage: groupdel [options] GROUP")
		return 2
	}
	name := c.Operands[0]
	d, ok := locked(c, "group")
	if !ok {
		return 10
	}
	g := d.row("group", name)
	if g == nil {
		return c.Die(6, "group '%s' does not exist", name)
	}
	for _, u := range d.tables["passwd"].rows {
		if field(u, 3) == field(g, 2) && !c.Has("f") {
			return c.Die(8, "cannot remove the primary group of user '%s'", u[0])
		}
	}
	d.remove("group", name)
	d.remove("gshadow", name)
	d.save()
	return 0
}

func gpasswd(c *unix.Cmd) int {
	if len(c.Operands) != 1 {
		c.Errorf("Usage: gpasswd [option] GROUP")
		return 2
	}
	group := c.Operands[0]
	d := open(c)
	if d.row("group", group) == nil {
		return c.Die(3, "group '%s' does not exist in /etc/group", group)
	}
	if c.FS.Cred.UID != 0 {
		return c.Die(1, "Permission denied.")
	}
	user := c.Value("a")
	if c.Has("d") {
		user = c.Value("d")
	}
	switch {
	case c.Has("M"):
		d.set("group", group, 3, c.Value("M"))
		d.set("gshadow", group, 3, c.Value("M"))
	case c.Has("a") && d.row("passwd", user) == nil:
		return c.Die(3, "user '%s' does not exist", user)
	case c.Has("a"):
		c.Printf("Adding user %s to group %s\n", user, group)
		d.member(user, group, true)
	case c.Has("d"):
		c.Printf("Removing user %s from group %s\n", user, group)
		if !d.member(user, group, false) {
			return c.Die(3, "user '%s' is not a member of '%s'", user, group)
		}
	}
	d.save()
	return 0
}

func passwd(c *unix.Cmd) int {
	d := open(c)
	name := ""
	if len(c.Operands) > 0 {
		name = c.Operands[0]
	} else if u := unix.ReadAccounts(c.FS).UID(c.FS.Cred.UID); u != nil {
		name = u.Name
	}
	if d.row("passwd", name) == nil {
		return c.Die(1, "%s", c.Pick("user '"+name+"' does not exist", "unknown user "+name))
	}
	if c.FS.Cred.UID != 0 {
		return c.Die(1, "Permission denied.")
	}
	old := field(d.row("shadow", name), 1)
	switch {
	case c.Has("S"):
		c.Printf("%s %s %s 0 99999 7 -1\n", name, map[bool]string{true: "L", false: "P"}[strings.HasPrefix(old, "!")],
			unix.Strftime("%m/%d/%Y", unix.Time(c.FS.Now())))
		return 0
	case c.Has("d"):
		d.set("shadow", name, 1, "")
	case c.Has("l"):
		if !strings.HasPrefix(old, "!") {
			d.set("shadow", name, 1, "!"+old)
		}
		d.tables["shadow"].dirty = true // passwd writes the file again also where nothing changes
	case c.Has("u"):
		d.set("shadow", name, 1, strings.TrimPrefix(old, "!"))
	case c.Has("e"):
		d.set("shadow", name, 2, "0")
	default:
		return d.ask(name)
	}
	d.save()
	if c.Busybox {
		c.Printf("passwd: password for %s changed by root\n", name)
	} else if !c.Has("q") {
		c.Say("password changed.")
	}
	return 0
}

// ask reads a password twice.
func (d *database) ask(name string) int {
	data, _ := unix.ReadAll(d.Stdin)
	lines := strings.Split(string(data), "\n")
	if d.Busybox {
		d.Printf("Changing password for %s\nNew password: ", name)
		if len(lines) < 3 || lines[0] == "" {
			d.Out.Flush()
			d.Warn("password for %s is unchanged", name)
			return 1
		}
		d.Printf("\nRetype password: \n")
	} else if len(lines) < 3 || lines[0] != lines[1] || lines[0] == "" {
		d.Errorf("New password: Password change has been aborted.")
		d.Warn("Authentication token manipulation error")
		d.Warn("password unchanged")
		return 10
	} else {
		d.Errorf("New password: Retype new password: passwd: password updated successfully")
	}
	d.set("shadow", name, 1, hashed(name, lines[0]))
	d.set("shadow", name, 2, d.days())
	d.save()
	return 0
}
