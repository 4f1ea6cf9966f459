package users

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"drydock/grader/tool/unix"
)

// database is what stands in /etc about users and groups.
type database struct {
	*unix.Cmd
	tables map[string]*table
}

// table is one of the files: lines of fields.
type table struct {
	path  string
	there bool
	rows  [][]string
	old   []byte
	dirty bool
}

// The files, in the order they are written.
var files = []string{"passwd", "shadow", "group", "gshadow", "subuid", "subgid"}

func open(c *unix.Cmd) *database {
	d := &database{Cmd: c, tables: map[string]*table{}}
	for _, name := range files {
		t := &table{path: "/etc/" + name}
		if data, err := c.FS.ReadFile(t.path); err == nil {
			t.there, t.old = true, data
			for _, line := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n") {
				if line != "" {
					t.rows = append(t.rows, strings.Split(line, ":"))
				}
			}
		}
		d.tables[name] = t
	}
	return d
}

// locked opens the databases for changing. Only root may: others get the complaint of the shadow tools and the status 1.
func locked(c *unix.Cmd, file string) (*database, bool) {
	if c.FS.Cred.UID != 0 {
		c.Warn("Permission denied.")
		c.Warn("cannot lock /etc/%s; try again later.", file)
		return nil, false
	}
	return open(c), true
}

// modes are those of the files, should they be made anew.
var modes = map[string]uint32{"shadow": 0o640, "gshadow": 0o640}

// save writes what was changed, the former contents kept with a dash at the end of the name.
func (d *database) save() bool {
	for _, name := range files {
		t := d.tables[name]
		if !t.dirty {
			continue
		}
		mode := uint32(0o644)
		if m, ok := modes[name]; ok {
			mode = m
		}
		gid := 0
		if n, err := d.FS.Stat(t.path); err == nil {
			mode, gid = n.Mode, n.GID
		}
		if t.there && !d.Busybox || t.there && name != "subuid" {
			d.write(t.path+"-", t.old, mode, gid)
		}
		var b strings.Builder
		for _, row := range t.rows {
			b.WriteString(strings.Join(row, ":") + "\n")
		}
		if err := d.write(t.path, []byte(b.String()), mode, gid); err != nil {
			d.Warn("cannot open %s: %s", t.path, unix.Message(err))
			return false
		}
	}
	return true
}

// write puts a new file in the place of the old one.
func (d *database) write(p string, data []byte, mode uint32, gid int) error {
	tmp := p + "+"
	if err := d.FS.WriteFile(tmp, data, mode); err != nil {
		return err
	}
	d.FS.Chown(tmp, 0, gid, false)
	d.FS.Chmod(tmp, mode)
	err := d.FS.Rename(tmp, p)
	if err == syscall.EBUSY || err != nil && d.FS.MountAt(p) != nil {
		d.FS.Remove(tmp)
		return d.FS.WriteFile(p, data, mode)
	}
	return err
}

// row returns the line of a file that begins with name, or nil.
func (d *database) row(file, name string) []string {
	for _, r := range d.tables[file].rows {
		if r[0] == name {
			return r
		}
	}
	return nil
}

// numbered returns the line of a file whose third field is the number, or nil.
func (d *database) numbered(file string, id int) []string {
	want := strconv.Itoa(id)
	for _, r := range d.tables[file].rows {
		if len(r) > 2 && r[2] == want {
			return r
		}
	}
	return nil
}

// add appends a line. The shadow files are only written where they exist.
func (d *database) add(file string, fields ...string) {
	t := d.tables[file]
	if !t.there && file != "passwd" && file != "group" {
		return
	}
	t.rows, t.dirty = append(t.rows, fields), true
}

// remove takes out the lines that begin with name.
func (d *database) remove(file, name string) {
	t := d.tables[file]
	n := len(t.rows)
	t.rows = slices.DeleteFunc(t.rows, func(r []string) bool { return r[0] == name })
	t.dirty = t.dirty || len(t.rows) != n
}

// set changes a field of the line that begins with name.
func (d *database) set(file, name string, field int, value string) {
	r := d.row(file, name)
	if r == nil || len(r) <= field || r[field] == value {
		return
	}
	r[field] = value
	d.tables[file].dirty = true
}

func field(r []string, i int) string {
	if i < len(r) {
		return r[i]
	}
	return ""
}

func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return -1
	}
	return n
}

// group finds a group by name or number.
func (d *database) group(s string) []string {
	if r := d.row("group", s); r != nil {
		return r
	}
	if n, err := strconv.Atoi(s); err == nil {
		return d.numbered("group", n)
	}
	return nil
}

// The ranges numbers are taken from, as Debian's login.defs and adduser.conf have them.
const (
	firstUser, lastUser           = 1000, 60000
	firstSystem, lastSystem       = 100, 999
	firstSubordinate, subordinate = 100000, 65536
)

// next is the number shadow gives to the next user or group: one more than the highest, or for the system's own the highest free.
func (d *database) next(file string, system bool) int {
	if system {
		for id := lastSystem; id >= firstSystem; id-- {
			if d.numbered(file, id) == nil {
				return id
			}
		}
		return -1
	}
	id := firstUser
	for _, r := range d.tables[file].rows {
		if n := number(field(r, 2)); n >= id && n < lastUser {
			id = n + 1
		}
	}
	return id
}

// free is the first number of a range that no user has, nor, with groups, any group.
func (d *database) free(low, high int, both bool, file string) int {
	for id := low; id <= high; id++ {
		if d.numbered(file, id) != nil || both && (d.numbered("passwd", id) != nil || d.numbered("group", id) != nil) {
			continue
		}
		return id
	}
	return -1
}

// days is today as the shadow file counts.
func (d *database) days() string { return strconv.FormatInt(d.FS.Now()/86400e9, 10) }

func (d *database) addUser(name string, uid, gid int, gecos, home, shell, password string, system bool) {
	d.add("passwd", name, "x", strconv.Itoa(uid), strconv.Itoa(gid), gecos, home, shell)
	if system {
		d.add("shadow", name, password, d.days(), "", "", "", "", "", "")
	} else {
		d.add("shadow", name, password, d.days(), "0", "99999", "7", "", "", "")
	}
}

func (d *database) addGroup(name string, gid int, password string) {
	d.add("group", name, "x", strconv.Itoa(gid), "")
	if password == "" {
		password = "!"
	}
	d.add("gshadow", name, password, "", "")
}

// subordinates gives a user its range of subordinate numbers.
func (d *database) subordinates(name string) {
	for _, file := range []string{"subuid", "subgid"} {
		start := firstSubordinate
		for _, r := range d.tables[file].rows {
			if end := number(field(r, 1)) + number(field(r, 2)); end > start {
				start = end
			}
		}
		d.add(file, name, strconv.Itoa(start), strconv.Itoa(subordinate))
	}
}

// member puts a user into a group or takes it out. It reports whether that changed anything.
func (d *database) member(user, group string, in bool) bool {
	changed := false
	for _, file := range []string{"group", "gshadow"} {
		r := d.row(file, group)
		if len(r) < 4 {
			continue
		}
		list := strings.FieldsFunc(r[3], func(r rune) bool { return r == ',' })
		has := slices.Contains(list, user)
		switch {
		case in && !has:
			list = append(list, user)
		case !in && has:
			list = slices.DeleteFunc(list, func(s string) bool { return s == user })
		default:
			continue
		}
		d.set(file, group, 3, strings.Join(list, ","))
		changed = true
	}
	return changed
}

// memberships are the groups that list a user.
func (d *database) memberships(user string) []string {
	var out []string
	for _, r := range d.tables["group"].rows {
		if slices.Contains(strings.Split(field(r, 3), ","), user) {
			out = append(out, r[0])
		}
	}
	return out
}

// home makes a home directory, a copy of /etc/skel in it.
func (d *database) home(dir, skel string, mode uint32, uid, gid int) error {
	at := ""
	for _, part := range strings.FieldsFunc(dir, func(r rune) bool { return r == '/' }) {
		at += "/" + part
		if d.FS.IsDir(at) {
			continue
		}
		if err := d.FS.Mkdir(at, 0o755); err != nil {
			return err
		}
	}
	d.populate(skel, dir, uid, gid, 0)
	d.FS.Chown(dir, uid, gid, true)
	return d.FS.Chmod(dir, mode)
}

func (d *database) populate(from, to string, uid, gid, depth int) {
	names, err := d.FS.ReadDir(from)
	if err != nil || depth > 16 {
		return
	}
	for _, name := range names {
		src, dst := from+"/"+name, to+"/"+name
		n, err := d.FS.Lstat(src)
		if err != nil {
			continue
		}
		switch {
		case n.IsDir():
			if d.FS.Mkdir(dst, n.Mode) == nil {
				d.populate(src, dst, uid, gid, depth+1)
			}
		case n.Target != "":
			d.FS.Symlink(n.Target, dst)
		default:
			when := n.ModTime
			if d.FS.WriteContent(dst, n.Content, n.Mode) == nil {
				d.FS.Chtimes(dst, when)
			}
		}
		d.FS.Chown(dst, uid, gid, false)
	}
}

// validName is what Debian's shadow takes for a name.
func validName(s string) bool {
	return s != "" && len(s) <= 32 && s[0] != '-' && s[0] != '+' && s[0] != '~' && !strings.ContainsAny(s, ":,/ \t\n\\")
}

// die prints a message of a shadow tool and returns its status.
func (d *database) die(status int, format string, a ...any) int {
	d.Warn("%s", fmt.Sprintf(format, a...))
	return status
}
