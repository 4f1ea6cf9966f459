// Package container is what a container runtime adds to an image when it starts a process: who the process is, the filesystems that every
// container has, and the words in which runc says that something could not be started.
package container

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"drydock/grader/tree"
	"drydock/grader/vfs"
)

// User is who a process runs as.
type User struct {
	vfs.Cred
	Home string
}

// FindUser resolves a USER ("node", "1000", "node:staff", "1000:0") by the image's /etc/passwd and /etc/group, as runc does.
func FindUser(root *tree.Node, spec string) (User, error) {
	name, group, _ := strings.Cut(spec, ":")
	if name == "" {
		name = "0"
	}
	who := User{Home: "/"}
	entry := lookUp(records(root, "/etc/passwd"), name, 7)
	switch {
	case entry != nil:
		who.UID, _ = strconv.Atoi(entry[2])
		who.GID, _ = strconv.Atoi(entry[3])
		if entry[5] != "" {
			who.Home = entry[5]
		}
	default:
		id, err := number(name)
		if err != nil {
			return who, fmt.Errorf("unable to find user %s: no matching entries in passwd file", name)
		}
		who.UID = id
		if id == 0 {
			who.Home = "/root"
		}
	}
	groups := records(root, "/etc/group")
	if group == "" {
		if entry != nil {
			who.Groups = memberships(groups, entry[0])
		}
		return who, nil
	}
	if g := lookUp(groups, group, 4); g != nil {
		who.GID, _ = strconv.Atoi(g[2])
		return who, nil
	}
	gid, err := number(group)
	if err != nil {
		return who, fmt.Errorf("unable to find group %s: no matching entries in group file", group)
	}
	who.GID = gid
	return who, nil
}

// records reads the lines of a file like /etc/passwd.
func records(root *tree.Node, file string) [][]string {
	n, _ := root.Resolve(file)
	if n == nil || n.Type != tree.File {
		return nil
	}
	data, _ := n.Content.Known()
	var out [][]string
	for line := range strings.Lines(string(data)) {
		out = append(out, strings.Split(strings.TrimSpace(line), ":"))
	}
	return out
}

// lookUp finds the record of a name or number among those with enough fields.
func lookUp(all [][]string, name string, fields int) []string {
	for _, r := range all {
		if len(r) >= fields && (r[0] == name || r[2] == name) {
			return r
		}
	}
	return nil
}

func memberships(groups [][]string, user string) []int {
	var out []int
	for _, g := range groups {
		if len(g) >= 4 && slices.Contains(strings.Split(g[3], ","), user) {
			if id, err := strconv.Atoi(g[2]); err == nil {
				out = append(out, id)
			}
		}
	}
	return out
}

// number reads an id; runc takes what fits into 31 bits.
func number(s string) (int, error) {
	n, err := strconv.ParseUint(s, 10, 31)
	return int(n), err
}

// StartError words why a program could not be started. name is as the image's command or a RUN has it, err comes from tool's Exec.
func StartError(name string, err error) string {
	var pe *fs.PathError
	kernel := errors.As(err, &pe) && pe.Op == "exec" // the file is there, the kernel will not have it
	switch {
	case errors.Is(err, syscall.ENOEXEC) && kernel:
		return "exec " + pe.Path + ": exec format error"
	case errors.Is(err, syscall.ELOOP) && kernel:
		return "exec " + pe.Path + ": too many levels of symbolic links"
	case errors.Is(err, fs.ErrNotExist) && !strings.Contains(name, "/") && !deep(pe, name):
		return fmt.Sprintf("exec: %q: executable file not found in $PATH", name)
	case errors.Is(err, fs.ErrNotExist) && kernel:
		return "exec " + pe.Path + ": no such file or directory"
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Sprintf("exec: %q: stat %s: no such file or directory", name, name)
	case errors.Is(err, syscall.ENOTDIR):
		return fmt.Sprintf("exec: %q: stat %s: not a directory", name, name)
	}
	return fmt.Sprintf("exec: %q: permission denied", name)
}

// deep reports whether the error is about the program that was found for name, and not about name.
func deep(pe *fs.PathError, name string) bool { return pe != nil && pe.Path != name }
