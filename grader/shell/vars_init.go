package shell

import (
	"path"
	"strconv"
	"strings"

	"drydock/grader/tool"
)

// hostname is what BuildKit calls the machine of a build step (util/network and executor's default).
const hostname = "buildkitsandbox"

// initVars sets what the shell begins with: the environment, then its own variables.
func (sh *shell) initVars(inv *invocation) {
	add := func(name, value string, exported bool) {
		sh.seq++
		sh.vars[name] = &variable{value: value, isSet: true, exported: exported, seq: sh.seq}
	}
	for _, kv := range inv.call.Env {
		if name, value, ok := strings.Cut(kv, "="); ok && isName(name) {
			add(name, value, sh.d != Bash || name != "_")
		}
	}
	give := func(name, value string) {
		if sh.vars[name] == nil {
			add(name, value, false)
		}
	}
	add("IFS", " \t\n", false)
	add("OPTIND", "1", false)
	give("PS4", "+ ")
	pwd := sh.fs.Dir
	if v := sh.vars["PWD"]; v != nil && path.IsAbs(v.value) && v.value != pwd {
		if real, err := sh.fs.Real(v.value); err == nil && real == pwd {
			pwd = v.value
		}
	}
	if v := sh.vars["PWD"]; v != nil {
		v.value = pwd
	} else {
		add("PWD", pwd, true)
	}
	sh.vars["PPID"] = &variable{value: strconv.Itoa(max(0, sh.pid-6)), isSet: true, readonly: sh.d == Bash, integer: sh.d == Bash}
	switch sh.d {
	case Dash:
		give("PATH", tool.DefaultPath)
		give("PS1", "$ ")
		give("PS2", "> ")
		if sh.fs.Cred.UID == 0 {
			sh.vars["PS1"].value = "# "
		}
	case Ash:
		give("PATH", "/sbin:/usr/sbin:/bin:/usr/bin")
		give("PS1", `\w \$ `)
		give("PS2", "> ")
		give("HOSTNAME", hostname)
		sh.bumpLevel(add)
	case Bash:
		give("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
		if v := sh.vars["OLDPWD"]; v == nil {
			sh.seq++
			sh.vars["OLDPWD"] = &variable{exported: true, seq: sh.seq}
		}
		sh.bumpLevel(add)
		sh.initBash(give)
	}
}

func (sh *shell) bumpLevel(add func(string, string, bool)) {
	level := int64(0)
	if v := sh.vars["SHLVL"]; v != nil {
		level, _ = parseInt(v.value)
		v.value = strconv.FormatInt(level+1, 10)
		return
	}
	add("SHLVL", "1", true)
}

func (sh *shell) initBash(give func(string, string)) {
	self := sh.call.Path
	if self == "" {
		self = "/bin/bash"
	}
	give("BASH", self)
	version := bashVersion(sh.call)
	number, rest, _ := strings.Cut(version, "(")
	give("BASH_VERSION", number+"(1)-release")
	machine := strings.TrimSuffix(strings.TrimPrefix(rest, "1)-release ("), ")")
	parts := append(strings.Split(number, "."), "0", "0", "0")[:3]
	info := &variable{kind: indexed, isSet: true, readonly: true}
	for i, s := range append(parts, "1", "release", machine) {
		info.list = append(info.list, element{index: int64(i), value: s})
	}
	sh.vars["BASH_VERSINFO"] = info
	id := strconv.Itoa(sh.fs.Cred.UID)
	sh.vars["UID"] = &variable{value: id, isSet: true, readonly: true, integer: true}
	sh.vars["EUID"] = sh.vars["UID"]
	give("HOSTNAME", hostname)
	cpu, _, _ := strings.Cut(machine, "-")
	give("HOSTTYPE", cpu)
	give("MACHTYPE", machine)
	give("OSTYPE", "linux-gnu")
	give("TERM", "dumb")
	give("_", self)
}
