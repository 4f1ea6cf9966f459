package archive

import (
	"io"
	"path"
	"strconv"
	"strings"
	"syscall"

	"drydock/grader/tool"
	"drydock/grader/tree"
	"drydock/grader/vfs"
)

// accounts maps names of users and groups to numbers and back.
type accounts struct {
	user, group     map[int]string
	userID, groupID map[string]int
}

func owners(f *vfs.FS) accounts { return ids(f) }

// ids reads /etc/passwd and /etc/group.
func ids(f *vfs.FS) accounts {
	a := accounts{map[int]string{}, map[int]string{}, map[string]int{}, map[string]int{}}
	read := func(p string, names map[int]string, numbers map[string]int) {
		data, err := f.ReadFile(p)
		if err != nil {
			return
		}
		for _, line := range strings.Split(string(data), "\n") {
			if w := strings.Split(line, ":"); len(w) > 2 {
				if id, err := strconv.Atoi(w[2]); err == nil {
					if _, ok := names[id]; !ok {
						names[id] = w[0]
					}
					numbers[w[0]] = id
				}
			}
		}
	}
	read("/etc/passwd", a.user, a.userID)
	read("/etc/group", a.group, a.groupID)
	return a
}

// extraction puts members on the filesystem.
type extraction struct {
	*tarJob
	names   accounts
	later   []func() // attributes of folders, set when their entries are there
	warned  bool
	stopped bool
}

func (x *extraction) member(e Entry) {
	if x.stopped {
		return
	}
	name := e.Name
	if strings.HasPrefix(name, "/") && !x.opt.Has("P") {
		if !x.warned && !x.busybox {
			x.say("Removing leading `/' from member names")
		}
		x.warned = true
		name = strings.TrimLeft(name, "/")
	}
	if x.strip > 0 {
		parts := strings.Split(strings.TrimSuffix(name, "/"), "/") // a leading "." counts as one
		if len(parts) <= x.strip {
			return
		}
		name = strings.Join(parts[x.strip:], "/")
	}
	if !x.opt.Has("P") {
		for _, part := range strings.Split(name, "/") {
			if part == ".." {
				x.say("%s: %s", e.Name, errEscape)
				x.failed = true
				return
			}
		}
	}
	if name == "" {
		name = "."
	}
	if x.opt.Has("v") {
		if x.opt.Has("O") {
			x.Errorf("%s", e.Name)
		} else {
			x.Printf("%s\n", e.Name)
		}
	}
	if x.opt.Has("O") {
		if e.Node != nil && e.Node.Type == tree.File {
			io.Copy(x.Stdout, io.LimitReader(e.Node.Content.Reader(), MaxBytes))
		}
		return
	}
	if err := x.put(name, e); err != nil {
		x.failed = true
		what := "open"
		switch {
		case e.Node != nil && e.Node.Type == tree.Dir:
			what = "mkdir"
		case e.Node != nil && e.Node.Type == tree.Symlink:
			what = "create symlink to '" + e.Node.Target + "'"
		case e.Link != "":
			what = "hard link to '" + e.Link + "'"
		}
		if x.busybox {
			x.say("can't %s '%s': %s", what, name, vfs.Message(err))
			x.stopped = true
			return
		}
		if vfs.Is(err, syscall.ENOSPC) {
			x.say("%s: Cannot write: %s", name, vfs.Message(err))
			x.stopped = true
			return
		}
		x.say("%s: Cannot %s: %s", name, what, vfs.Message(err))
	}
}

func (x *extraction) put(name string, e Entry) error {
	f := x.fs
	if dir := path.Dir(strings.TrimSuffix(name, "/")); dir != "." && dir != "/" && !f.IsDir(dir) {
		if err := f.MkdirAll(dir, 0o777); err != nil {
			return err
		}
	}
	if e.Link != "" {
		target := strings.TrimLeft(e.Link, "/")
		f.Remove(name)
		return f.Link(target, name)
	}
	attr := x.attr(e)
	if e.Node.Type == tree.Dir {
		if n, err := f.Lstat(name); err == nil && n.Type != tree.Dir && !f.IsDir(name) {
			f.Remove(name)
		}
		existed := f.IsDir(name)
		if !existed {
			if err := f.Mkdir(strings.TrimSuffix(name, "/"), attr.Mode|0o700); err != nil {
				return err
			}
		}
		if existed && x.opt.Has("no-overwrite-dir") {
			return nil
		}
		x.later = append(x.later, func() {
			if f.Cred.UID == 0 {
				f.Chown(name, attr.UID, attr.GID, true)
			}
			f.Chmod(name, attr.Mode)
			f.Chtimes(name, attr.ModTime)
		})
		return nil
	}
	if old, err := f.Lstat(name); err == nil {
		if x.opt.Has("k") {
			return syscall.EEXIST
		}
		if x.opt.Has("skip-old-files") {
			return nil
		}
		if old.Type == tree.Dir {
			if err := f.Remove(name); err != nil {
				return syscall.EISDIR
			}
		} else if err := f.Remove(name); err != nil {
			return err
		}
	} else if !isMissing(err) {
		return err
	}
	n := e.Node.Clone()
	n.Attr, n.Inode = attr, 0
	if n.Type == tree.Symlink {
		n.Mode = 0o777
	}
	if data, ok := n.Content.Known(); ok && n.Type == tree.File && n.Content != nil { // counts against the budget of what may be written
		if err := f.WriteFile(name, data, 0o600); err != nil {
			return err
		}
	}
	return f.Graft(name, n)
}

// attr is what a member's owner and mode become for this user.
func (x *extraction) attr(e Entry) tree.Attr {
	a := e.Node.Attr
	root := x.fs.Cred.UID == 0
	if root && !x.opt.Has("no-same-owner") {
		if !x.opt.Has("numeric-owner") {
			if id, ok := x.names.userID[e.User]; ok && e.User != "" {
				a.UID = id
			}
			if id, ok := x.names.groupID[e.Group]; ok && e.Group != "" {
				a.GID = id
			}
		}
	} else {
		a.UID, a.GID = x.fs.Cred.UID, x.fs.Cred.GID
	}
	if (!root && !x.opt.Has("p")) || x.opt.Has("no-same-permissions") {
		a.Mode &^= x.fs.Umask
		if !root {
			a.Mode &^= 0o6000
		}
	}
	if x.opt.Has("m") {
		a.ModTime = x.fs.Now()
	}
	return a
}

func (x *extraction) finish() {
	for i := len(x.later) - 1; i >= 0; i-- {
		x.later[i]()
	}
}

// readAll reads a file, or standard input for "-".
func readAll(c *tool.Call, name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(io.LimitReader(c.Stdin, MaxBytes))
	}
	return c.FS.ReadFile(name)
}
