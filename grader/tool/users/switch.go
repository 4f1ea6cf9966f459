package users

import (
	"path"
	"strings"

	"drydock/grader/tool"
	"drydock/grader/tool/getopt"
	"drydock/grader/tool/unix"
	"drydock/grader/vfs"
)

var suSpec = getopt.Spec{Short: "c:fg:G:lmpPs:T", Long: "command/c session-command: fast/f group/g supp-group/G login/l preserve-environment/p pty/P shell/s " +
	"no-pty/T whitelist-environment:"}

// The search paths of a login, as Debian's login.defs has them.
const (
	rootPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	userPath = "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games"
)

// start runs a program as another process would see the world.
func start(c *unix.Cmd, f *vfs.FS, env tool.Env, args []string) int {
	inner := *c.Call
	inner.FS, inner.Env = f, env
	child := *c
	child.Call = &inner
	run := child.Become
	if c.Prog() == "su" || c.Prog() == "runuser" { // they wait, to close the session
		run = func(args ...string) (int, error) { return child.Start(c.Stdin, args...) }
	}
	status, err := run(args...)
	if err != nil {
		if c.Prog() == "gosu" {
			c.Errorf("error: exec: \"%s\": %s", args[0], goMessage(err))
			return 1
		}
		c.Warn("failed to execute %s: %s", args[0], unix.Message(err))
		return unix.ExecStatus(err)
	}
	return status
}

// goMessage words why a program was not found as os/exec does.
func goMessage(err error) string {
	if unix.ExecStatus(err) == 127 {
		return "executable file not found in $PATH"
	}
	return "permission denied"
}

func credOf(a *unix.Accounts, u *unix.User) vfs.Cred {
	return vfs.Cred{UID: u.UID, GID: u.GID, Groups: a.GroupsOf(u.Name)}
}

func su(c *unix.Cmd) int {
	args := c.Operands
	login := c.Has("l")
	if len(args) > 0 && args[0] == "-" {
		login, args = true, args[1:]
	}
	name := "root"
	if len(args) > 0 {
		name, args = args[0], args[1:]
	}
	return become(c, name, login, args)
}

func runuser(c *unix.Cmd) int {
	name, ok := c.Lookup("u")
	if !ok {
		return su(c)
	}
	accounts := unix.ReadAccounts(c.FS)
	u := accounts.User(name)
	if u == nil {
		return noUser(c, name)
	}
	if c.FS.Cred.UID != 0 {
		return c.Die(1, "may not be used by non-root users")
	}
	if len(c.Operands) == 0 {
		return c.Die(1, "no command was specified")
	}
	return start(c, c.FS.As(credOf(accounts, u)), c.Env, c.Operands)
}

func noUser(c *unix.Cmd, name string) int {
	if c.Busybox {
		return c.Die(1, "unknown user %s", name)
	}
	return c.Die(1, "user %s does not exist or the user entry does not contain all the required fields", name)
}

// become starts a user's shell with what su was given.
func become(c *unix.Cmd, name string, login bool, args []string) int {
	accounts := unix.ReadAccounts(c.FS)
	u := accounts.User(name)
	if u == nil {
		return noUser(c, name)
	}
	if c.FS.Cred.UID != 0 {
		c.Errorf("Password: ")
		return c.Die(1, c.Pick("Authentication failure%s", "incorrect password%s"), "")
	}
	shell := u.Shell
	if shell == "" {
		shell = "/bin/sh"
	}
	if s, ok := c.Lookup("s"); ok {
		shell = s
	}
	env := append(tool.Env(nil), c.Env...)
	search := rootPath
	if u.UID != 0 {
		search = userPath
	}
	dir := c.FS.Dir
	if login {
		env = tool.Env{"HOME=" + u.Home, "SHELL=" + shell, "USER=" + u.Name, "LOGNAME=" + u.Name, "PATH=" + search}
		if c.FS.IsDir(u.Home) {
			dir = u.Home
		} else {
			c.Say("warning: cannot change directory to %s: No such file or directory", u.Home)
		}
	} else if !c.Has("m", "p") {
		env = env.With("HOME", u.Home).With("SHELL", shell)
		if u.UID != 0 {
			env = env.With("USER", u.Name).With("LOGNAME", u.Name)
		}
		if !c.Busybox {
			env = env.With("PATH", search)
		}
	}
	command := []string{shell}
	if login {
		command = append(command, "-l")
	}
	if s, ok := c.Lookup("c"); ok {
		command = append(command, "-c", s)
	}
	if c.Busybox {
		return start(c, c.FS.As(credOf(accounts, u)).In(dir), env, append(command, args...))
	}
	command[0] = path.Base(shell) // what the shell goes by
	c.Out.Flush()
	child := c.Child(append(command, args...)...)
	child.FS, child.Env, child.Stdin = c.FS.As(credOf(accounts, u)).In(dir), env, c.Stdin
	status, err := child.ExecFile(c.Ctx, shell)
	if err != nil {
		c.Warn("failed to execute %s: %s", shell, unix.Message(err))
		return unix.ExecStatus(err)
	}
	return status
}

// nologin is the shell of those who have none.
func nologin(c *unix.Cmd) int {
	c.Print("This account is currently not available.\n")
	return 1
}

// gosu is gosu and su-exec: user[:group], then a program that takes this one's place.
func gosu(c *unix.Cmd) int {
	args := c.Operands
	own := c.Name() == "su-exec" || c.Program.Fact("program") == "su-exec"
	if len(args) > 0 && args[0] == "--version" && !own {
		c.Print(c.Program.Fact("version") + "\n")
		return 0
	}
	if len(args) < 2 {
		if own {
			c.Errorf("Usage: %s user-spec command [args]", c.Name())
		} else {
			c.Errorf("Usage: %s user-spec command [args]\n   eg: %s tianon bash", c.Name(), c.Name())
		}
		return 1
	}
	accounts := unix.ReadAccounts(c.FS)
	name, group, grouped := strings.Cut(args[0], ":")
	cred, home := c.FS.Cred, ""
	if u := accounts.User(name); u != nil {
		cred, home = credOf(accounts, u), u.Home
	} else if n, ok := parseID(name); ok {
		cred = vfs.Cred{UID: n, GID: c.FS.Cred.GID}
		if u := accounts.UID(n); u != nil {
			cred, home = credOf(accounts, u), u.Home
		}
	} else if own {
		return c.Die(1, "getpwnam(%s): Success", name)
	} else {
		c.Errorf("error: failed switching to %q: unable to find user %s: no matching entries in passwd file", args[0], name)
		return 1
	}
	if grouped && group != "" {
		gid, ok := accounts.LookupGID(group)
		if !ok && own {
			return c.Die(1, "getgrnam(%s): Success", group)
		}
		if !ok {
			c.Errorf("error: failed switching to %q: unable to find group %s: no matching entries in group file", args[0], group)
			return 1
		}
		cred.GID, cred.Groups = gid, nil
	}
	if c.FS.Cred.UID != 0 && cred.UID != c.FS.Cred.UID {
		if own {
			return c.Die(1, "setgroups: Operation not permitted")
		}
		c.Errorf("error: failed switching to %q: operation not permitted", args[0])
		return 1
	}
	if home == "" {
		home = "/"
	}
	return start(c, c.FS.As(cred), c.Env.With("HOME", home), args[1:])
}

func setpriv(c *unix.Cmd) int {
	if len(c.Operands) == 0 {
		return c.Die(1, "No program specified")
	}
	accounts := unix.ReadAccounts(c.FS)
	cred := c.FS.Cred
	for _, o := range c.Options {
		switch o.Name {
		case "reuid", "euid", "ruid":
			uid, ok := accounts.LookupUID(o.Value)
			if !ok {
				return c.Die(1, "failed to parse reuid: '%s'", o.Value)
			}
			cred.UID = uid
		case "regid", "egid", "rgid":
			gid, ok := accounts.LookupGID(o.Value)
			if !ok {
				return c.Die(1, "failed to parse regid: '%s'", o.Value)
			}
			cred.GID = gid
		case "clear-groups":
			cred.Groups = nil
		case "init-groups":
			if u := accounts.UID(cred.UID); u != nil {
				cred.Groups = accounts.GroupsOf(u.Name)
			}
		}
	}
	if c.FS.Cred.UID != 0 && cred.UID != c.FS.Cred.UID {
		return c.Die(127, "setresuid failed: Operation not permitted")
	}
	return start(c, c.FS.As(cred), c.Env, c.Operands)
}
