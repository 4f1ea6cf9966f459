package sandbox

import (
	"errors"

	seccomp "github.com/elastic/go-seccomp-bpf"
	"github.com/elastic/go-seccomp-bpf/arch"
)

// beyond are the calls that reach beyond a process. Not every kind of processor has all of them.
var beyond = []string{
	"socket", "connect", "bind", "listen", "accept", "accept4", "sendto", "sendmsg",
	"open", "openat", "openat2", "creat", "execve", "execveat", "fork", "vfork",
	"stat", "lstat", "newfstatat", "statx", "statfs", "access", "faccessat", "faccessat2", "readlink", "readlinkat", "chdir", "chroot",
	"ptrace", "process_vm_readv", "process_vm_writev", "mount", "umount2", "unlink", "unlinkat", "rename", "renameat", "renameat2",
	"mkdir", "mkdirat", "mknod", "mknodat", "symlink", "symlinkat", "link", "linkat", "chmod", "fchmodat", "chown", "lchown", "fchownat",
	"truncate", "io_uring_setup", "bpf", "keyctl", "unshare", "setns",
}

// filterCalls takes away the system calls that reach beyond this process. Where the kernel has no seccomp, the other limits stand alone.
func filterCalls() error {
	if !seccomp.Supported() {
		return nil
	}
	machine, err := arch.GetInfo("")
	if err != nil {
		return nil
	}
	var names []string
	for _, name := range beyond {
		if _, ok := machine.SyscallNames[name]; ok {
			names = append(names, name)
		}
	}
	err = seccomp.LoadFilter(seccomp.Filter{
		NoNewPrivs: true,
		Flag:       seccomp.FilterFlagTSync,
		Policy: seccomp.Policy{
			DefaultAction: seccomp.ActionAllow,
			Syscalls:      []seccomp.SyscallGroup{{Action: seccomp.ActionErrno, Names: names}},
		},
	})
	if err != nil {
		return errors.Join(errors.New("seccomp"), err)
	}
	return nil
}
