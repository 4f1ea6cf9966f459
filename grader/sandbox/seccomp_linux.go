package sandbox

import (
	"errors"

	seccomp "github.com/elastic/go-seccomp-bpf"
)

// filterCalls takes away the system calls that reach beyond this process. Where the kernel has no seccomp, the other limits stand alone.
func filterCalls() error {
	if !seccomp.Supported() {
		return nil
	}
	err := seccomp.LoadFilter(seccomp.Filter{
		NoNewPrivs: true,
		Flag:       seccomp.FilterFlagTSync,
		Policy: seccomp.Policy{
			DefaultAction: seccomp.ActionAllow,
			Syscalls: []seccomp.SyscallGroup{{
				Action: seccomp.ActionErrno,
				Names: []string{
					"socket", "connect", "bind", "listen", "accept", "accept4", "sendto", "sendmsg",
					"open", "openat", "openat2", "creat", "execve", "execveat", "fork", "vfork",
					"ptrace", "mount", "umount2", "unlink", "unlinkat", "rename", "renameat", "renameat2", "mkdir", "mkdirat",
					"symlink", "symlinkat", "link", "linkat", "chmod", "fchmodat", "chown", "lchown", "fchownat", "truncate",
				},
			}},
		},
	})
	if err != nil {
		return errors.Join(errors.New("seccomp"), err)
	}
	return nil
}
