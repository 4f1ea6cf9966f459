// Package users models the commands that make and change users and groups, and that run programs as another user: those of shadow and
// Debian's adduser, busybox's own where the file's "flavour" fact says so, and su, runuser, gosu and su-exec.
//
// Start from [Models]. The databases under /etc are really changed, with their "-" backups. There is no PAM, no quota, no NSS beyond
// files; a password that would have to be typed is one that nobody types.
package users

import (
	"drydock/grader/tool"
	"drydock/grader/tool/getopt"
	"drydock/grader/tool/unix"
)

var shadow = []unix.Command{
	{Name: "useradd", Fail: 2, Args: "[options] LOGIN", Run: useradd, Spec: getopt.Spec{Short: "b:c:d:De:f:Fg:G:hk:K:lmMNop:rR:P:s:u:UZ:",
		Long: "badname base-dir/b btrfs-subvolume-home comment/c home-dir/d home/d defaults/D expiredate/e inactive/f add-subids-for-system/F gid/g " +
			"groups/G help/h skel/k key/K no-log-init/l create-home/m no-create-home/M no-user-group/N non-unique/o password/p system/r root/R " +
			"prefix/P shell/s uid/u user-group/U selinux-user/Z"}},
	{Name: "groupadd", Fail: 2, Args: "[options] GROUP", Run: groupadd, Spec: getopt.Spec{Short: "fg:hK:op:rR:P:U:",
		Long: "force/f gid/g help/h key/K non-unique/o password/p system/r root/R prefix/P users/U"}},
	{Name: "usermod", Fail: 2, Args: "[options] LOGIN", Run: usermod, Spec: getopt.Spec{Short: "abc:d:e:f:g:G:hl:Lmop:P:rR:s:u:Uv:V:w:W:Z:",
		Long: "append/a badname/b comment/c home/d expiredate/e inactive/f gid/g groups/G help/h login/l lock/L move-home/m non-unique/o password/p " +
			"prefix/P remove/r root/R shell/s uid/u unlock/U add-subuids/v del-subuids/V add-subgids/w del-subgids/W"}},
	{Name: "groupmod", Fail: 2, Args: "[options] GROUP", Run: groupmod, Spec: getopt.Spec{Short: "ag:hn:op:R:P:U:",
		Long: "append/a gid/g help/h new-name/n non-unique/o password/p root/R prefix/P users/U"}},
	{Name: "userdel", Fail: 2, Args: "[options] LOGIN", Run: userdel, Spec: getopt.Spec{Short: "fhrR:P:Z",
		Long: "force/f help/h remove/r root/R prefix/P"}},
	{Name: "groupdel", Fail: 2, Args: "[options] GROUP", Run: groupdel, Spec: getopt.Spec{Short: "fhR:P:", Long: "force/f help/h root/R prefix/P"}},
	{Name: "gpasswd", Fail: 2, Args: "[option] GROUP", Run: gpasswd, Spec: getopt.Spec{Short: "a:d:hQ:rRA:M:",
		Long: "add/a delete/d help/h root/Q remove-password/r restrict/R members/M administrators/A"}},
	{Name: "passwd", Fail: 6, Args: "[options] [LOGIN]", Run: passwd, Spec: getopt.Spec{Short: "adehi:kln:qr:R:Suw:x:",
		Long: "all/a delete/d expire/e help/h inactive/i keep-tokens/k lock/l mindays/n quiet/q repository/r root/R status/S unlock/u warndays/w " +
			"maxdays/x"}},
	{Name: "chpasswd", Fail: 1, Args: "[options]", Run: chpasswd, Spec: getopt.Spec{Short: "c:ehmR:s:",
		Long: "crypt-method/c encrypted/e help/h md5/m root/R sha-rounds/s"}},
	{Name: "chsh", Fail: 1, Args: "[options] [LOGIN]", Run: chsh, Spec: getopt.Spec{Short: "hR:s:", Long: "help/h root/R shell/s"}},
	{Name: "chage", Args: "[options] LOGIN", Run: chage, Spec: getopt.Spec{Short: "d:E:hiI:lm:M:R:W:"}},
	{Name: "chfn", Args: "[options] [LOGIN]", Run: func(*unix.Cmd) int { return 0 }, Spec: getopt.Spec{Short: "f:h:o:r:uw:"}},
	{Name: "getent", Suite: "GNU libc", Args: "[OPTION...] database [key ...]", Run: getent, Spec: getopt.Spec{Short: "is:", Long: "service/s no-idn/i"}},
}

var friendly = []unix.Command{
	{Name: "adduser", Args: "[OPTIONS] USER [GROUP]", Run: adduser, Spec: adduserSpec},
	{Name: "addgroup", Args: "[OPTIONS] [USER] GROUP", Run: addgroup, Spec: adduserSpec},
	{Name: "deluser", Args: "USER [GROUP]", Run: deluser, Spec: deluserSpec},
	{Name: "delgroup", Args: "[USER] GROUP", Run: delgroup, Spec: deluserSpec},
}

var switching = []unix.Command{
	{Name: "su", Fail: 1, Args: "[options] [-] [<user> [<argument>...]]", Suite: "util-linux", Run: su, Spec: suSpec},
	{Name: "runuser", Fail: 1, Args: "[options] -u <user> [[--] <command>]", Suite: "util-linux", Run: runuser,
		Spec: getopt.Spec{Short: "+" + suSpec.Short + "u:", Long: suSpec.Long + " user/u"}},
	{Name: "gosu", Raw: true, Run: gosu, Args: "user-spec command [args]"},
	{Name: "su-exec", Raw: true, Run: gosu, Args: "user-spec command [args]"},
	{Name: "setpriv", Fail: 127, Args: "[options] <program> [<argument>...]", Suite: "util-linux", Run: setpriv, Spec: getopt.Spec{Short: "+dhV",
		Long: "reuid: regid: ruid: euid: rgid: egid: groups: init-groups clear-groups keep-groups no-new-privs nnp bounding-set: inh-caps: " +
			"ambient-caps: securebits: pdeathsig: reset-env"}},
	{Name: "nologin", Raw: true, Args: "", Suite: "shadow", Run: nologin},
	{Name: "newgrp", Args: "[-] [group]", Run: newgrp, Spec: getopt.Spec{Short: "+c:"}},
}

// Models returns the models by program.
func Models() tool.Models { return unix.Models(shadow, friendly, switching) }
