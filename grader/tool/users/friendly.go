package users

import (
	_ "embed"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"drydock/grader/tool/getopt"
	"drydock/grader/tool/unix"
)

// The letters are busybox's, the words Debian's; where both have an option it has one name.
var adduserSpec = getopt.Spec{Short: "h:g:s:G:SDHu:k:",
	Long: "uid/u firstuid: lastuid: gid: firstgid: lastgid: ingroup: add-extra-groups shell/s comment: gecos: home: no-create-home/H " +
		"allow-all-names allow-bad-names allow-badname force-badname disabled-password disabled-login system/S group conf: quiet verbose debug"}

// adduserUsage is what Debian's adduser answers to options that it does not know.
//
//go:embed data/adduser.txt
var adduserUsage string

var deluserSpec = getopt.Spec{Short: "S", Long: "system group remove-home remove-all-files backup backup-to: force conf: quiet only-if-empty debug"}

var nameRegexp = regexp.MustCompile(`^[a-z][-a-z0-9_]*$`)

func adduser(c *unix.Cmd) int {
	if c.Name() == "addgroup" { // a link to adduser
		return addgroup(c)
	}
	if c.Busybox {
		return busyboxAdduser(c)
	}
	switch {
	case c.Has("D"):
		c.Errorf("Option d is ambiguous (debug, disabled-login, disabled-password)")
		c.Print(adduserUsage)
		return 1
	case c.FS.Cred.UID != 0:
		return c.Die(1, "Only root may add a user or group to the system.")
	case len(c.Operands) == 0 || len(c.Operands) > 2:
		return c.Die(1, "Only one or two names allowed.")
	case c.Has("group") && !c.Has("S"):
		return addgroup(c)
	case len(c.Operands) == 2:
		return enroll(c, open(c), c.Operands[0], c.Operands[1])
	}
	if c.FS.IsDir("/run") { // the lock that it takes
		c.FS.WriteFile("/run/adduser", nil, 0o644)
	}
	d := open(c)
	name := c.Operands[0]
	if c.Has("S") {
		return d.systemUser(name)
	}
	return d.normalUser(name)
}

// say prints progress, unless --quiet.
func (d *database) say(format string, a ...any) {
	if !d.Has("quiet") {
		d.Printf(format+"\n", a...)
	}
}

// enroll is adduser USER GROUP.
func enroll(c *unix.Cmd, d *database, user, group string) int {
	switch {
	case d.row("passwd", user) == nil:
		return c.Die(1, "The user `%s' does not exist.", user)
	case d.row("group", group) == nil:
		return c.Die(1, "The group `%s' does not exist.", group)
	case slices.Contains(d.memberships(user), group):
		c.Say("The user `%s' is already a member of `%s'.", user, group)
		return 0
	}
	d.say("Adding user `%s' to group `%s' ...", user, group)
	d.member(user, group, true)
	d.save()
	d.say("Done.")
	return 0
}

func (d *database) nameOK(name string) bool {
	if nameRegexp.MatchString(name) || d.Has("allow-bad-names", "force-badname", "allow-badname", "allow-all-names") && validName(name) {
		return true
	}
	d.Warn("Please enter a username matching the regular expression\n            configured via the NAME_REGEX configuration variable.  Use the\n" +
		"            `--allow-bad-names' option to relax this check or reconfigure\n            NAME_REGEX in configuration.")
	return false
}

// ingroup is the main group asked for, or nil; ok is false after a complaint.
func (d *database) ingroup() (row []string, ok bool) {
	s := d.Value("ingroup")
	if s == "" {
		s = d.Value("G")
	}
	if s != "" {
		if row = d.row("group", s); row == nil {
			d.Warn("The group `%s' does not exist.", s)
			return nil, false
		}
		return row, true
	}
	if g, given := d.Lookup("gid"); given {
		if row = d.group(g); row == nil {
			d.Warn("The GID %s does not exist.", g)
			return nil, false
		}
	}
	return row, true
}

// gecosOf is the comment asked for.
func (d *database) gecosOf() (string, bool) {
	for _, o := range []string{"comment", "gecos"} {
		if v, ok := d.Lookup(o); ok {
			return v, true
		}
	}
	return "", false
}

func (d *database) systemUser(name string) int {
	if old := d.row("passwd", name); old != nil {
		if n := number(field(old, 2)); n >= firstSystem && n <= lastSystem {
			d.say("The system user `%s' already exists. Exiting.", name)
			return 0
		}
		return d.die(1, "The user `%s' already exists, but is not a system user. Exiting.", name)
	}
	if !d.nameOK(name) {
		return 1
	}
	group, ok := d.ingroup()
	if !ok {
		return 1
	}
	uid := d.free(firstSystem, lastSystem, false, "passwd")
	if s, given := d.Lookup("u"); given {
		n, valid := parseID(s)
		if !valid {
			return d.die(1, "Option --uid requires a number")
		}
		if d.numbered("passwd", n) != nil {
			return d.die(1, "The UID %d is already in use.", n)
		}
		uid = n
	}
	d.say("Adding system user `%s' (UID %d) ...", name, uid)
	groupName, gid := "nogroup", 65534
	switch {
	case group != nil:
		groupName, gid = group[0], number(field(group, 2))
	case d.Has("group"):
		if old := d.row("group", name); old != nil {
			gid = number(field(old, 2))
		} else {
			gid = d.free(firstSystem, lastSystem, false, "group")
			d.say("Adding new group `%s' (GID %d) ...", name, gid)
			d.addGroup(name, gid, "")
		}
		groupName = name
	}
	d.say("Adding new user `%s' (UID %d) with group `%s' ...", name, uid, groupName)
	if uid > lastSystem {
		d.Out.Flush()
		d.Errorf("useradd warning: %s's uid %d is greater than SYS_UID_MAX %d", name, uid, lastSystem)
	}
	home, shell := "/nonexistent", "/usr/sbin/nologin"
	if v, ok := d.Lookup("home"); ok {
		home = v
	}
	if v, ok := d.Lookup("s"); ok {
		shell = v
	}
	gecos, _ := d.gecosOf()
	d.addUser(name, uid, gid, gecos, home, shell, "!", true)
	d.save()
	d.friendlyHome(home, uid, gid, 0o755, "")
	return 0
}

// friendlyHome makes a home directory and says so.
func (d *database) friendlyHome(home string, uid, gid int, mode uint32, skel string) {
	switch {
	case d.Has("H") || home == "/nonexistent":
		if d.Has("S") {
			d.say("Not creating `%s'.", home)
		} else {
			d.say("Not creating home directory `%s'.", home)
		}
	case d.FS.Exists(home):
		d.say("The home directory `%s' already exists.  Not touching this directory.", home)
	default:
		d.say("Creating home directory `%s' ...", home)
		if skel != "" {
			d.say("Copying files from `%s' ...", skel)
		}
		d.home(home, skel, mode, uid, gid)
	}
}

func (d *database) normalUser(name string) int {
	if d.row("passwd", name) != nil {
		return d.die(1, "The user `%s' already exists.", name)
	}
	if !d.nameOK(name) {
		return 1
	}
	group, ok := d.ingroup()
	if !ok {
		return 1
	}
	uid := d.free(firstUser, lastUser, group == nil, "passwd")
	if s, given := d.Lookup("u"); given {
		n, valid := parseID(s)
		if !valid {
			return d.die(1, "Option --uid requires a number")
		}
		if d.numbered("passwd", n) != nil {
			return d.die(1, "The UID %d is already in use.", n)
		}
		uid = n
	}
	if group == nil && d.row("group", name) != nil {
		return d.die(1, "The group `%s' already exists.", name)
	}
	d.say("Adding user `%s' ...", name)
	groupName, gid := name, uid
	if group != nil {
		groupName, gid = group[0], number(field(group, 2))
	} else {
		if d.numbered("group", gid) != nil {
			gid = d.free(firstUser, lastUser, false, "group")
		}
		d.say("Adding new group `%s' (%d) ...", name, gid)
		d.addGroup(name, gid, "")
	}
	d.say("Adding new user `%s' (%d) with group `%s (%d)' ...", name, uid, groupName, gid)
	home, shell := "/home/"+name, "/bin/bash"
	if v, ok := d.Lookup("home"); ok {
		home = v
	}
	if v, ok := d.Lookup("s"); ok {
		shell = v
	}
	gecos, given := d.gecosOf()
	if !given || strings.Count(gecos, ",") < 3 {
		gecos += strings.Repeat(",", max(0, 3-strings.Count(gecos, ",")))
	}
	d.addUser(name, uid, gid, "", home, shell, "!", false)
	d.subordinates(name)
	d.save()
	d.friendlyHome(home, uid, gid, 0o700, "/etc/skel")
	if given { // chfn does this, in a change of its own
		named := open(d.Cmd)
		named.set("passwd", name, 4, gecos)
		named.save()
	}
	d.prompts(name, given)
	if d.row("group", "users") != nil && group == nil {
		d.say("Adding new user `%s' to supplemental / extra groups `users' ...", name)
		d.say("Adding user `%s' to group `users' ...", name)
		again := open(d.Cmd)
		again.member(name, "users", true)
		again.save()
	}
	return 0
}

// prompts are what adduser asks where it was not told; in a build nobody answers.
func (d *database) prompts(name string, described bool) {
	if !d.Has("disabled-password", "disabled-login") {
		d.Out.Flush()
		d.Errorf("New password: Password change has been aborted.\npasswd: Authentication token manipulation error\npasswd: password unchanged")
		d.Print("Try again? [y/N] ")
	}
	if !described {
		d.Printf("Changing the user information for %s\nEnter the new value, or press ENTER for the default\n"+
			"\tFull Name []: \tRoom Number []: \tWork Phone []: \tHome Phone []: \tOther []: Is the information correct? [Y/n] ", name)
	}
}

func addgroup(c *unix.Cmd) int {
	if c.Busybox {
		return busyboxAddgroup(c)
	}
	if c.FS.Cred.UID != 0 {
		return c.Die(1, "Only root may add a user or group to the system.")
	}
	d := open(c)
	switch len(c.Operands) {
	case 1:
	case 2:
		return enroll(c, d, c.Operands[0], c.Operands[1])
	default:
		return c.Die(1, "Only one or two names allowed.")
	}
	name, system := c.Operands[0], c.Has("S")
	if old := d.row("group", name); old != nil {
		if n := number(field(old, 2)); system && n >= firstSystem && n <= lastSystem {
			c.Say("The group `%s' already exists as a system group. Exiting.", name)
			return 0
		}
		return c.Die(1, "The group `%s' already exists.", name)
	}
	if !d.nameOK(name) {
		return 1
	}
	gid := d.free(firstUser, lastUser, false, "group")
	if system {
		gid = d.free(firstSystem, lastSystem, false, "group")
	}
	if s, given := c.Lookup("gid"); given {
		n, valid := parseID(s)
		if !valid {
			return c.Die(1, "Option --gid requires a number")
		}
		if d.numbered("group", n) != nil {
			return c.Die(1, "The GID `%d' is already in use.", n)
		}
		gid = n
	}
	d.say("Adding group `%s' (GID %d) ...", name, gid)
	d.addGroup(name, gid, "")
	d.save()
	d.say("Done.")
	return 0
}

func deluser(c *unix.Cmd) int {
	if c.Name() == "delgroup" { // a link to deluser
		return delgroup(c)
	}
	if len(c.Operands) == 0 {
		return c.Usage("Only one or two names allowed.")
	}
	d := open(c)
	if len(c.Operands) == 2 {
		return expel(c, d, c.Operands[0], c.Operands[1])
	}
	if c.Has("group") {
		return delgroup(c)
	}
	name := c.Operands[0]
	user := d.row("passwd", name)
	switch {
	case c.Has("remove-home", "remove-all-files", "backup") && !c.Busybox && !perl(c):
		c.Say("In order to use the --remove-home, --remove-all-files, and --backup features,\nyou need to install the `perl' package. To accomplish that, run\napt-get install perl.")
		return 8
	case user == nil && c.Busybox:
		return c.Die(1, "unknown user %s", name)
	case user == nil && c.Has("system"):
		d.say("The user `%s' does not exist, but --system was given. Exiting.", name)
		return 0
	case user == nil:
		return c.Die(2, "The user `%s' does not exist.", name)
	case c.FS.Cred.UID != 0:
		return c.Die(1, c.Pick("Only root may remove a user or group from the system.%s", "can't lock passwd file%s"), "")
	}
	if !c.Busybox {
		if !c.FS.Exists("/usr/bin/crontab") {
			c.Say("`/usr/bin/crontab' not executed. Skipping crontab removal. Package `cron' required.")
		}
		if c.Has("remove-home") {
			d.say("Looking for files to backup/remove ...")
			c.FS.RemoveAll(field(user, 5))
		}
		d.say("Removing user `%s' ...", name)
	}
	d.drop(name)
	if g := d.row("group", name); g != nil && field(g, 2) == field(user, 3) && field(g, 3) == "" {
		d.remove("group", name)
		d.remove("gshadow", name)
	}
	d.save()
	if !c.Busybox {
		d.say("Done.")
	}
	return 0
}

// perl reports whether the whole of perl is there: Debian's slim images have perl-base alone.
func perl(c *unix.Cmd) bool {
	return c.FS.Exists("/usr/share/perl/5.36/File/Find.pm") || c.FS.Exists("/usr/share/doc/perl")
}

// expel is deluser USER GROUP.
func expel(c *unix.Cmd, d *database, user, group string) int {
	switch {
	case d.row("passwd", user) == nil:
		return c.Die(2, c.Pick("The user `%s' does not exist.", "unknown user %s"), user)
	case d.row("group", group) == nil:
		return c.Die(3, c.Pick("The group `%s' does not exist.", "unknown group %s"), group)
	case !slices.Contains(d.memberships(user), group) && !c.Busybox:
		return c.Die(6, "The user `%s' is not a member of group `%s'.", user, group)
	}
	if !c.Busybox {
		d.say("Removing user `%s' from group `%s' ...", user, group)
	}
	d.member(user, group, false)
	d.save()
	if !c.Busybox {
		d.say("Done.")
	}
	return 0
}

func delgroup(c *unix.Cmd) int {
	if len(c.Operands) == 0 {
		return c.Usage("Only one or two names allowed.")
	}
	d := open(c)
	if len(c.Operands) == 2 {
		return expel(c, d, c.Operands[0], c.Operands[1])
	}
	name := c.Operands[0]
	g := d.row("group", name)
	switch {
	case g == nil && c.Busybox:
		return c.Die(1, "unknown group %s", name)
	case g == nil && c.Has("system"):
		d.say("The group `%s' does not exist, but --system was given. Exiting.", name)
		return 0
	case g == nil:
		return c.Die(3, "The group `%s' does not exist.", name)
	}
	for _, u := range d.tables["passwd"].rows {
		if field(u, 3) == field(g, 2) {
			return c.Die(8, c.Pick("`%[1]s' still has `%[2]s' as their primary group!", "'%[1]s' still has '%[2]s' as their primary group!"), u[0], name)
		}
	}
	if !c.Busybox {
		d.say("Removing group `%s' ...", name)
	}
	d.remove("group", name)
	d.remove("gshadow", name)
	d.save()
	if !c.Busybox {
		d.say("Done.")
	}
	return 0
}

// busyboxAdduser is busybox's adduser: short options, no progress, and a home with the setgid bit.
func busyboxAdduser(c *unix.Cmd) int {
	if c.FS.Cred.UID != 0 {
		return c.Die(1, "must be superuser to use this applet")
	}
	d := open(c)
	if len(c.Operands) == 2 {
		return busyboxEnroll(c, d, c.Operands[0], c.Operands[1])
	}
	if len(c.Operands) != 1 {
		return c.Usage("")
	}
	name := c.Operands[0]
	if d.row("passwd", name) != nil {
		return c.Die(1, "user '%s' in use", name)
	}
	system := c.Has("S")
	low, high := firstUser, lastUser
	if system {
		low, high = firstSystem, lastSystem
	}
	uid := d.free(low, high, false, "passwd")
	if s, ok := c.Lookup("u"); ok {
		n, valid := parseID(s)
		if !valid {
			return c.Die(1, "invalid number '%s'", s)
		}
		if d.numbered("passwd", n) != nil {
			return c.Die(1, "uid '%d' in use", n)
		}
		uid = n
	}
	gid := uid
	switch s, ok := c.Lookup("G"); {
	case ok:
		g := d.row("group", s)
		if g == nil {
			return c.Die(1, "unknown group %s", s)
		}
		gid = number(field(g, 2))
	case system:
		g := d.row("group", "nogroup")
		if g == nil {
			return c.Die(1, "unknown group nogroup")
		}
		gid = number(field(g, 2))
	case d.row("group", name) != nil:
		c.Say("group '%s' in use", name)
		return 1
	default:
		if d.numbered("group", gid) != nil {
			c.Errorf("addgroup: gid '%d' in use", gid)
			return 1
		}
		d.addGroup(name, gid, "")
	}
	gecos, home, shell := "Linux User,,,", "/home/"+name, "/bin/sh"
	if system {
		shell = "/sbin/nologin"
	} else if root := d.row("passwd", "root"); root != nil && field(root, 6) != "" {
		shell = field(root, 6)
	}
	for option, at := range map[string]*string{"g": &gecos, "h": &home, "s": &shell, "gecos": &gecos, "home": &home} {
		if v, ok := c.Lookup(option); ok {
			*at = v
		}
	}
	d.addUser(name, uid, gid, gecos, home, shell, "!", false)
	if s, ok := c.Lookup("G"); ok {
		d.member(name, s, true)
	}
	d.save()
	if !c.Has("H") {
		skel := "/etc/skel"
		if s, ok := c.Lookup("k"); ok {
			skel = s
		}
		if c.FS.IsDir(home) {
			c.FS.Chown(home, uid, gid, true)
			c.FS.Chmod(home, 0o2755)
		} else if err := d.home(home, skel, 0o2755, uid, gid); err != nil {
			c.Warn("%s: %s", home, unix.Message(err))
		}
	}
	if !c.Has("D", "S", "disabled-password") {
		return d.ask(name)
	}
	return c.Status
}

func busyboxEnroll(c *unix.Cmd, d *database, user, group string) int {
	switch {
	case d.row("passwd", user) == nil:
		return c.Die(1, "unknown user %s", user)
	case d.row("group", group) == nil:
		return c.Die(1, "unknown group %s", group)
	}
	d.member(user, group, true)
	d.save()
	return 0
}

func busyboxAddgroup(c *unix.Cmd) int {
	if c.FS.Cred.UID != 0 {
		return c.Die(1, "must be superuser to use this applet")
	}
	d := open(c)
	if len(c.Operands) == 2 {
		return busyboxEnroll(c, d, c.Operands[0], c.Operands[1])
	}
	if len(c.Operands) != 1 {
		return c.Usage("")
	}
	name := c.Operands[0]
	if d.row("group", name) != nil {
		return c.Die(1, "group '%s' in use", name)
	}
	low, high := firstUser, lastUser
	if c.Has("S") {
		low, high = firstSystem, lastSystem
	}
	gid := d.free(low, high, false, "group")
	s, given := c.Lookup("g")
	if !given {
		s, given = c.Lookup("gid")
	}
	if given {
		n, err := strconv.Atoi(s)
		if err != nil {
			return c.Die(1, "invalid number '%s'", s)
		}
		if d.numbered("group", n) != nil {
			return c.Die(1, "gid '%d' in use", n)
		}
		gid = n
	}
	d.addGroup(name, gid, "")
	d.save()
	return 0
}
