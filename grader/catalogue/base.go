package catalogue

import (
	"fmt"
	"maps"
	"path"
	"strings"
	"sync"

	"drydock/grader/catalogue/listing"
	"drydock/grader/tree"
)

// share computes a tree once for all images that stand on it.
func (c *Catalogue) share(key string, fn func() *tree.Node) *tree.Node {
	v, _ := c.trees.LoadOrStore(key, sync.OnceValue(fn))
	return v.(func() *tree.Node)()
}

// debian returns the tree of debian:SUITE-slim: recorded for bookworm and trixie, for others that of bookworm under their name.
func (c *Catalogue) debian(suite, arch string) *tree.Node {
	return c.share("debian "+suite+" "+arch, func() *tree.Node {
		switch suite {
		case "bookworm", "trixie":
			return recorded(suite+"-slim.zst", "debian:"+suite, arch)
		}
		v := &canvas{Txn: tree.Begin(c.debian("bookworm", arch)), arch: arch}
		numbers := map[string]string{"bullseye": "11", "buster": "10", "stretch": "9", "jessie": "8", "sid": "14", "forky": "14"}
		n := numbers[suite]
		v.write("/usr/lib/os-release", fmt.Sprintf("PRETTY_NAME=\"Debian GNU/Linux %s (%s)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"%s\"\nVERSION=\"%s (%s)\"\nVERSION_CODENAME=%s\nID=debian\n"+
			"HOME_URL=\"https://www.debian.org/\"\nSUPPORT_URL=\"https://www.debian.org/support\"\nBUG_REPORT_URL=\"https://bugs.debian.org/\"\n", n, suite, n, n, suite, suite), 0o644)
		v.write("/etc/debian_version", n+".11\n", 0o644)
		v.write("/etc/apt/sources.list.d/debian.sources", strings.ReplaceAll(v.text("/etc/apt/sources.list.d/debian.sources"), "bookworm", suite), 0o644)
		return v.Commit()
	})
}

// ubuntu returns Debian's tree under Ubuntu's name: nearly the same packages, and since 23.04 a user of their own.
func (c *Catalogue) ubuntu(release, arch string) *tree.Node {
	return c.share("ubuntu "+release+" "+arch, func() *tree.Node {
		v := &canvas{Txn: tree.Begin(c.debian("bookworm", arch)), arch: arch}
		name := map[string]string{"18.04": "bionic", "20.04": "focal", "22.04": "jammy", "24.04": "noble", "26.04": "resolute"}[release]
		v.write("/usr/lib/os-release", fmt.Sprintf("PRETTY_NAME=\"Ubuntu %s LTS\"\nNAME=\"Ubuntu\"\nVERSION_ID=\"%s\"\nVERSION_CODENAME=%s\nID=ubuntu\nID_LIKE=debian\n"+
			"HOME_URL=\"https://www.ubuntu.com/\"\nUBUNTU_CODENAME=%s\n", release, release, name, name), 0o644)
		v.write("/etc/lsb-release", fmt.Sprintf("DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=%s\nDISTRIB_CODENAME=%s\nDISTRIB_DESCRIPTION=\"Ubuntu %s LTS\"\n", release, name, release), 0o644)
		v.write("/etc/debian_version", "bookworm/sid\n", 0o644)
		v.Remove("/etc/apt/sources.list.d/debian.sources")
		v.write("/etc/apt/sources.list.d/ubuntu.sources", fmt.Sprintf("Types: deb\nURIs: http://archive.ubuntu.com/ubuntu/\nSuites: %s %s-updates %s-backports\nComponents: main universe restricted multiverse\n"+
			"Signed-By: /usr/share/keyrings/ubuntu-archive-keyring.gpg\n\nTypes: deb\nURIs: http://security.ubuntu.com/ubuntu/\nSuites: %s-security\nComponents: main universe restricted multiverse\n"+
			"Signed-By: /usr/share/keyrings/ubuntu-archive-keyring.gpg\n", name, name, name, name), 0o644)
		if release >= "23.04" {
			v.user("ubuntu", 1000, 1000, "/home/ubuntu", "/bin/bash")
		}
		return v.Commit()
	})
}

// recorded reads a listing that the generator made.
func recorded(file, id, arch string) *tree.Node {
	t := tree.Begin(nil)
	var links []listing.Entry
	err := listing.Parse(mustUnpack(file), func(e listing.Entry) error {
		e = e.ForArch(arch)
		if e.Type == 'h' {
			links = append(links, e)
			return nil
		}
		t.Set(e.Path, e.Node(id+"/"+arch, modTime))
		return nil
	})
	if err != nil {
		panic("catalogue: " + err.Error())
	}
	for _, e := range links {
		if n := t.Lookup(e.Target); n != nil {
			inode := n.Inode
			if inode == 0 {
				inode = tree.NewInode()
				t.Edit(e.Target, func(n *tree.Node) { n.Inode = inode })
			}
			same := t.Lookup(e.Target).Clone()
			t.Set(e.Path, same)
		}
	}
	if arch != "amd64" {
		if status := t.Lookup("/var/lib/dpkg/status"); status != nil {
			b, _ := status.Content.Known()
			n := status.Clone()
			n.Content = tree.Text(strings.ReplaceAll(string(b), "Architecture: amd64", "Architecture: "+arch))
			t.Set("/var/lib/dpkg/status", n)
		}
	}
	for p, mode := range map[string]uint32{"/dev": 0o755, "/proc": 0o755, "/sys": 0o755} {
		if t.Lookup(p) == nil {
			n := tree.NewDir(mode)
			n.ModTime = modTime
			t.Set(p, n)
		}
	}
	return t.Commit()
}

// alpine returns the tree of alpine:RELEASE.
func (c *Catalogue) alpine(release, arch string) *tree.Node {
	return c.share("alpine "+release+" "+arch, func() *tree.Node {
		rel := c.release("alpine")
		vars := muslVars(arch)
		maps.Copy(vars, map[string]string{
			"id": "alpine" + release, "version": release, "busybox": at(rel.Busybox, release), "apk": at(rel.APK, release), "apk.major": majorOf(at(rel.APK, release)),
			"alpine.release": at(rel.Patch, release), "musl.size": "650000", "apk.libdir": "/usr/lib", "crypto.size": "4600000",
		})
		if vars["alpine.release"] == "" {
			vars["alpine.release"] = release + ".0"
		}
		if compareVersions(release, "3.17") < 0 { // OpenSSL 1.1
			vars["crypto.size"] = "2600000"
		}
		if compareVersions(release, "3.20") < 0 {
			vars["apk.libdir"] = "/lib"
		}
		v := &canvas{Txn: tree.Begin(nil), arch: arch, vars: vars}
		v.apply("alpine")
		v.Edit("/etc/shadow", func(n *tree.Node) { n.GID = 42 })
		return v.Commit()
	})
}

// rpm returns a tree of Fedora's kin: the programs of Debian's packages of the same names, Red Hat's layout and package manager.
func (c *Catalogue) rpm(family, release, arch string) *tree.Node {
	return c.share(family+" "+release+" "+arch, func() *tree.Node {
		vars := glibcVars(arch)
		vars["id"], vars["family"], vars["version"] = family+release, family, release
		manager := map[string]string{"oraclelinux": "microdnf"}[family]
		if manager == "" {
			manager = "dnf"
		}
		vars["manager"] = manager
		vars["pretty"] = map[string]string{"fedora": "Fedora Linux", "rockylinux": "Rocky Linux", "almalinux": "AlmaLinux", "oraclelinux": "Oracle Linux Server", "amazonlinux": "Amazon Linux"}[family]
		vars["os.id"] = map[string]string{"fedora": "fedora", "rockylinux": "rocky", "almalinux": "almalinux", "oraclelinux": "ol", "amazonlinux": "amzn"}[family]
		v := &canvas{Txn: tree.Begin(nil), arch: arch, vars: vars}
		v.apply("rpm")
		take := map[string]bool{}
		for _, p := range []string{"bash", "coreutils", "grep", "sed", "findutils", "util-linux", "mawk", "passwd", "diffutils", "login", "libc-bin", "ncurses-bin"} {
			take["deb:"+p] = true
		}
		from := c.debian("bookworm", arch)
		for _, dir := range []string{"/usr/bin", "/usr/sbin"} {
			for _, name := range from.Lookup(dir).Names() {
				n := from.Lookup(path.Join(dir, name))
				if n.Type == tree.File && take[n.Content.Fact("package")] {
					facts := maps.Clone(n.Content.Facts())
					facts["package"] = "rpm:" + strings.TrimPrefix(facts["package"], "deb:")
					if facts["needs"] != "" {
						facts["needs"] = "libc.so.6"
					}
					v.put(path.Join(dir, name), tree.NewFile(n.Mode, tree.Declared(n.Size(), "composed:"+vars["id"]+name, facts)))
				}
			}
		}
		if n := v.Lookup("/usr/bin/mawk"); n != nil {
			v.put("/usr/bin/awk", tree.NewSymlink("mawk"))
		}
		return v.Commit()
	})
}

func glibcVars(arch string) map[string]string {
	v := map[string]string{
		"arch": arch, "libc.so": "libc.so.6", "libm.so": "libm.so.6", "interp": "/lib64/ld-linux-x86-64.so.2", "uname": "x86_64", "shell": "/bin/bash", "nologin": "/usr/sbin/nologin",
		"triplet": "x86_64-linux-gnu", "rust.env": "gnu", "node.size": "121000000", "node.needs": "libdl.so.2,libstdc++.so.6,libm.so.6,libgcc_s.so.1,libpthread.so.0,libc.so.6",
		"nginx.needs": "libcrypt.so.1,libpcre2-8.so.0,libssl.so.3,libcrypto.so.3,libz.so.1,libc.so.6",
	}
	if arch == "arm64" {
		v["interp"], v["uname"], v["triplet"] = "/lib/ld-linux-aarch64.so.1", "aarch64", "aarch64-linux-gnu"
	}
	return v
}

func muslVars(arch string) map[string]string {
	uname := "x86_64"
	if arch == "arm64" {
		uname = "aarch64"
	}
	libc := "libc.musl-" + uname + ".so.1"
	return map[string]string{
		"arch": arch, "libc.so": libc, "libm.so": libc, "interp": "/lib/ld-musl-" + uname + ".so.1", "uname": uname, "shell": "/bin/sh", "nologin": "/sbin/nologin",
		"triplet": uname + "-linux-musl", "rust.env": "musl", "node.size": "118000000", "node.needs": "libstdc++.so.6,libgcc_s.so.1," + libc, "nginx.needs": "libcrypto.so.3,libz.so.1," + libc,
	}
}
