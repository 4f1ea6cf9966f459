package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	"drydock/grader/catalogue/internal/pack"
	"drydock/grader/catalogue/listing"
)

// recordTree writes the listing of the Debian tree at root to out.
func recordTree(root, suite, out string) error {
	owner, err := owners(root)
	if err != nil {
		return err
	}
	replaced := sources(suite)
	var text []byte
	inodes := map[uint64]string{}
	err = filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		p := strings.TrimPrefix(file, root)
		if p == "" {
			return nil
		}
		if strings.HasPrefix(p, "/dev/") || strings.HasPrefix(p, "/proc/") || strings.HasPrefix(p, "/sys/") {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		st := info.Sys().(*syscall.Stat_t)
		e := listing.Entry{Mode: unixMode(info.Mode()), UID: int(st.Uid), GID: int(st.Gid), Path: p}
		switch {
		case info.IsDir():
			e.Type = 'd'
		case info.Mode()&fs.ModeSymlink != 0:
			e.Type = 'l'
			if e.Target, err = os.Readlink(file); err != nil {
				return err
			}
		case !info.Mode().IsRegular():
			return nil
		case st.Nlink > 1 && inodes[st.Ino] != "":
			e.Type, e.Target = 'h', inodes[st.Ino]
		default:
			inodes[st.Ino] = p
			e, err = entry(p, info.Mode(), e.UID, e.GID, info.Size(), func() ([]byte, error) { return os.ReadFile(file) })
			if err != nil {
				return err
			}
			if o, ok := owner[p]; ok && e.Facts["program"] != "" {
				e.Facts["package"], e.Facts["version"] = "deb:"+o[0], upstream(o[1])
			}
		}
		text = listing.Append(text, e)
		if p == "/etc/apt/sources.list.d" {
			text = listing.Append(text, replaced)
		}
		return nil
	})
	if err != nil {
		return err
	}
	packed, err := pack.Pack(text)
	if err != nil {
		return err
	}
	fmt.Printf("%s: %d bytes, packed %d\n", out, len(text), len(packed))
	return os.WriteFile(out, packed, 0o644)
}

// sources is debian.sources as the official images have it.
func sources(suite string) listing.Entry {
	var b strings.Builder
	fmt.Fprintf(&b, "Types: deb\nURIs: http://deb.debian.org/debian\nSuites: %s %s-updates\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.%s\n\n", suite, suite, keyringExt(suite))
	fmt.Fprintf(&b, "Types: deb\nURIs: http://deb.debian.org/debian-security\nSuites: %s-security\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.%s\n", suite, keyringExt(suite))
	return listing.Entry{Type: 'k', Mode: 0o644, Size: int64(b.Len()), Path: "/etc/apt/sources.list.d/debian.sources", Data: []byte(b.String())}
}

func keyringExt(suite string) string {
	if suite == "bookworm" {
		return "gpg"
	}
	return "pgp"
}

// owners maps paths to package and version by dpkg's own lists.
func owners(root string) (map[string][2]string, error) {
	status, err := os.ReadFile(root + "/var/lib/dpkg/status")
	if err != nil {
		return nil, err
	}
	versions := map[string]string{}
	for para := range strings.SplitSeq(string(status), "\n\n") {
		f := fields(para)
		versions[f["Package"]] = f["Version"]
	}
	lists, err := filepath.Glob(root + "/var/lib/dpkg/info/*.list")
	if err != nil {
		return nil, err
	}
	out := map[string][2]string{}
	for _, l := range lists {
		b, err := os.ReadFile(l)
		if err != nil {
			return nil, err
		}
		name, _, _ := strings.Cut(strings.TrimSuffix(filepath.Base(l), ".list"), ":")
		for p := range strings.SplitSeq(string(b), "\n") {
			out[merged(p)] = [2]string{name, versions[name]}
		}
	}
	return out, nil
}

// merged is a path as it is where /bin, /sbin and /lib are links.
func merged(p string) string {
	for _, d := range []string{"/bin/", "/sbin/", "/lib/", "/lib64/", "/lib32/"} {
		if strings.HasPrefix(p, d) {
			return "/usr" + p
		}
	}
	return p
}

var revision = regexp.MustCompile(`^(\d+:)?(.*?)(-[^-]*)?$`)

// upstream is a Debian version without epoch, revision and what repacking added.
func upstream(v string) string {
	m := revision.FindStringSubmatch(v)
	u, _, _ := strings.Cut(m[2], "+")
	u, _, _ = strings.Cut(u, "~")
	return u
}

// fields reads a paragraph of a control file; continuation lines are joined.
func fields(para string) map[string]string {
	out, last := map[string]string{}, ""
	for line := range strings.SplitSeq(para, "\n") {
		if strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t") {
			out[last] += "\n" + line
			continue
		}
		k, v, ok := strings.Cut(line, ":")
		if ok {
			last = k
			out[k] = strings.TrimSpace(v)
		}
	}
	return out
}
