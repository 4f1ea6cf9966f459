package container

import (
	"drydock/grader/tree"
	"drydock/grader/vfs"
)

// MountHostname mounts /etc/hostname, which an engine provides and BuildKit does not.
func MountHostname(view *vfs.FS, hostname string) {
	n := tree.NewDir(0o755).Put("file", tree.NewFile(0o644, tree.Text(hostname+"\n")))
	view.Mount(vfs.Mount{At: "/etc/hostname", Tree: tree.Begin(n), Source: "/file", Kind: "bind"})
}

// MountSystem mounts what every container has: /proc, /dev, /sys, and the files that an engine provides.
func MountSystem(view *vfs.FS, hostname string) {
	mountKernel(view)
	mountNames(view, "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n172.17.0.2\t"+hostname+"\n", false)
}

// MountBuild mounts what BuildKit gives a step. Unlike an engine's, its files cannot be written (executor/oci).
func MountBuild(view *vfs.FS, hostname string) {
	mountKernel(view)
	mountNames(view, "127.0.0.1\tlocalhost "+hostname+"\n::1\tlocalhost ip6-localhost ip6-loopback\n", true)
}

// mountNames mounts the files that say how names are resolved.
func mountNames(view *vfs.FS, hosts string, readOnly bool) {
	for at, text := range map[string]string{"/etc/resolv.conf": "nameserver 127.0.0.11\noptions ndots:0\n", "/etc/hosts": hosts} {
		n := tree.NewDir(0o755).Put("file", tree.NewFile(0o644, tree.Text(text)))
		view.Mount(vfs.Mount{At: at, Tree: tree.Begin(n), Source: "/file", Kind: "bind", ReadOnly: readOnly})
	}
}

func mountKernel(view *vfs.FS) {
	view.Mount(vfs.Mount{At: "/proc", Tree: tree.Begin(proc), ReadOnly: true, Kind: "proc"})
	view.Mount(vfs.Mount{At: "/dev", Tree: tree.Begin(dev), Kind: "dev"})
	view.Mount(vfs.Mount{At: "/sys", Tree: tree.Begin(tree.NewDir(0o555)), ReadOnly: true, Kind: "sys"})
}

var proc = func() *tree.Node {
	text := func(s string) *tree.Node { return tree.NewFile(0o444, tree.Text(s)) }
	init := tree.NewDir(0o555).Put("fd", tree.NewDir(0o500)).Put("cgroup", text("0::/\n")).Put("environ", text("")).
		Put("status", text("Name:\tsh\nUmask:\t0022\nState:\tR (running)\nPid:\t1\nPPid:\t0\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n"+
			"CapInh:\t0000000000000000\nCapPrm:\t00000000a80425fb\nCapEff:\t00000000a80425fb\nCapBnd:\t00000000a80425fb\nCapAmb:\t0000000000000000\n"+
			"NoNewPrivs:\t0\nSeccomp:\t2\n")).
		Put("mounts", text("overlay / overlay rw,relatime 0 0\nproc /proc proc rw,nosuid,nodev,noexec,relatime 0 0\n"))
	return tree.NewDir(0o555).Put("1", init).Put("self", tree.NewSymlink("1")).Put("mounts", tree.NewSymlink("self/mounts")).
		Put("meminfo", text("MemTotal:        8000000 kB\nMemFree:         6000000 kB\nMemAvailable:    7000000 kB\n")).
		Put("cpuinfo", text("processor\t: 0\n\nprocessor\t: 1\n\n")).Put("loadavg", text("0.00 0.00 0.00 1/1 1\n"))
}()

var dev = func() *tree.Node {
	d := tree.NewDir(0o755)
	for _, name := range []string{"null", "zero", "full", "random", "urandom", "tty"} {
		d.Put(name, &tree.Node{Type: tree.CharDevice, Attr: tree.Attr{Mode: 0o666}, Target: name})
	}
	return d.Put("stdin", tree.NewSymlink("/proc/self/fd/0")).Put("stdout", tree.NewSymlink("/proc/self/fd/1")).
		Put("stderr", tree.NewSymlink("/proc/self/fd/2")).Put("fd", tree.NewSymlink("/proc/self/fd")).
		Put("pts", tree.NewDir(0o755)).Put("shm", tree.NewDir(0o1777)).Put("mqueue", tree.NewDir(0o1777))
}()
