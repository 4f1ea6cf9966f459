package unix

import (
	"slices"
	"strconv"
	"strings"

	"drydock/grader/tree"
	"drydock/grader/vfs"
)

// User is a line of /etc/passwd.
type User struct {
	Name, Password     string
	UID, GID           int
	Gecos, Home, Shell string
}

// Group is a line of /etc/group.
type Group struct {
	Name, Password string
	GID            int
	Members        []string
}

// Accounts are the users and groups that a filesystem knows.
type Accounts struct {
	Users  []User
	Groups []Group
}

// ReadAccounts reads /etc/passwd and /etc/group. What is missing or malformed is passed over, as the C library does.
func ReadAccounts(f *vfs.FS) *Accounts {
	root := f.As(vfs.Cred{})
	a := &Accounts{}
	for _, line := range lines(root, "/etc/passwd") {
		p := strings.Split(line, ":")
		if len(p) < 7 {
			continue
		}
		uid, err1 := strconv.Atoi(p[2])
		gid, err2 := strconv.Atoi(p[3])
		if err1 == nil && err2 == nil {
			a.Users = append(a.Users, User{p[0], p[1], uid, gid, p[4], p[5], p[6]})
		}
	}
	for _, line := range lines(root, "/etc/group") {
		p := strings.Split(line, ":")
		if len(p) < 4 {
			continue
		}
		if gid, err := strconv.Atoi(p[2]); err == nil {
			g := Group{Name: p[0], Password: p[1], GID: gid}
			if p[3] != "" {
				g.Members = strings.Split(p[3], ",")
			}
			a.Groups = append(a.Groups, g)
		}
	}
	return a
}

func lines(f *vfs.FS, p string) []string {
	data, err := f.ReadFile(p)
	if err != nil {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
}

// User returns the user of that name, or nil.
func (a *Accounts) User(name string) *User {
	return find(a.Users, func(u *User) bool { return u.Name == name })
}

// UID returns the first user of that number, or nil.
func (a *Accounts) UID(uid int) *User {
	return find(a.Users, func(u *User) bool { return u.UID == uid })
}

// Group returns the group of that name, or nil.
func (a *Accounts) Group(name string) *Group {
	return find(a.Groups, func(g *Group) bool { return g.Name == name })
}

// GID returns the first group of that number, or nil.
func (a *Accounts) GID(gid int) *Group {
	return find(a.Groups, func(g *Group) bool { return g.GID == gid })
}

func find[T any](list []T, ok func(*T) bool) *T {
	for i := range list {
		if ok(&list[i]) {
			return &list[i]
		}
	}
	return nil
}

// GroupsOf returns the supplementary groups of a user, in the order of /etc/group.
func (a *Accounts) GroupsOf(name string) []int {
	var out []int
	for _, g := range a.Groups {
		if slices.Contains(g.Members, name) {
			out = append(out, g.GID)
		}
	}
	return out
}

// UserName returns the name of a number, or the number.
func (a *Accounts) UserName(uid int) string {
	if u := a.UID(uid); u != nil {
		return u.Name
	}
	return strconv.Itoa(uid)
}

// GroupName returns the name of a number, or the number.
func (a *Accounts) GroupName(gid int) string {
	if g := a.GID(gid); g != nil {
		return g.Name
	}
	return strconv.Itoa(gid)
}

// LookupUID returns the number of a user given by name or number.
func (a *Accounts) LookupUID(s string) (int, bool) {
	if u := a.User(s); u != nil {
		return u.UID, true
	}
	n, err := strconv.ParseUint(strings.TrimPrefix(s, "+"), 10, 32)
	return int(n), err == nil
}

// LookupGID returns the number of a group given by name or number.
func (a *Accounts) LookupGID(s string) (int, bool) {
	if g := a.Group(s); g != nil {
		return g.GID, true
	}
	n, err := strconv.ParseUint(strings.TrimPrefix(s, "+"), 10, 32)
	return int(n), err == nil
}

// Owner is what chown sets; -1 leaves a number as it is.
type Owner struct{ UID, GID int }

// ParseOwner reads USER, USER:GROUP, USER:, :GROUP. Where it does not understand, it says "invalid user" or the like.
func (a *Accounts) ParseOwner(s string) (Owner, string) {
	o := Owner{-1, -1}
	user, group, split := strings.Cut(s, ":")
	if !split && a.User(s) == nil {
		if u, g, dotted := strings.Cut(s, "."); dotted {
			user, group, split = u, g, true
		}
	}
	if user != "" {
		uid, ok := a.LookupUID(user)
		if !ok {
			return o, "invalid user"
		}
		o.UID = uid
		if split && group == "" {
			u := a.UID(uid)
			if u == nil {
				return o, "invalid spec"
			}
			o.GID = u.GID
		}
	}
	if group != "" {
		gid, ok := a.LookupGID(group)
		if !ok {
			return o, "invalid group"
		}
		o.GID = gid
	}
	return o, ""
}

// Change is what of the owner differs from a node's.
func (o Owner) Change(n *tree.Node) (Owner, bool) {
	same := (o.UID < 0 || o.UID == n.UID) && (o.GID < 0 || o.GID == n.GID)
	return o, !same
}
