package debianutils

import (
	"context"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"drydock/grader/tool"
	"drydock/grader/tree"
)

// libraryDirs are where the loader looks, most specific first.
func libraryDirs(c *tool.Call) []string {
	dirs := []string{"/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib"}
	if c.Arch == "arm64" {
		dirs[0], dirs[1] = "/lib/aarch64-linux-gnu", "/usr/lib/aarch64-linux-gnu"
	}
	dirs = append(dirs, "/usr/local/lib")
	names, err := c.FS.ReadDir("/etc/ld.so.conf.d")
	if err != nil {
		return dirs
	}
	for _, n := range names {
		b, err := c.FS.ReadFile("/etc/ld.so.conf.d/" + n)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(b)) {
			if d := strings.TrimSpace(line); strings.HasPrefix(d, "/") && !slices.Contains(dirs, d) {
				dirs = append(dirs, d)
			}
		}
	}
	return dirs
}

var soname = regexp.MustCompile(`^(lib.+|ld-.+)\.so(\.[0-9]+)+$|^ld-linux.*\.so\.\d+$`)

// ldconfig rebuilds the loader's cache. Its size is that of the real one: a header and, for each library, 24 bytes and its path.
func ldconfig(_ context.Context, c *tool.Call) int {
	print := slices.Contains(c.Args, "-p") || slices.Contains(c.Args, "--print-cache")
	if !print && c.FS.Cred.UID != 0 {
		c.Errorf("/sbin/ldconfig.real: Can't create temporary cache file /etc/ld.so.cache~: Permission denied")
		return 1
	}
	libs := libraries(c)
	if print {
		c.Printf("%d libs found in cache `/etc/ld.so.cache'\n", len(libs))
		for _, l := range slices.Backward(libs) {
			c.Printf("\t%s (libc6,x86-64) => %s\n", path.Base(l), l)
		}
		return 0
	}
	size, id := int64(48), ""
	for _, l := range libs {
		size += 24 + int64(len(l)) + 1
		id += l + "\n"
	}
	size += 131 // the extension that names the generator
	if !put(c, "/etc/ld.so.cache", tree.NewFile(0o644, tree.Declared(size, "ld.so.cache:"+id, nil))) {
		return 1
	}
	if !c.FS.IsDir("/var/cache/ldconfig") {
		attempt(c, c.FS.MkdirAll("/var/cache/ldconfig", 0o755))
		attempt(c, c.FS.Chmod("/var/cache/ldconfig", 0o700))
	}
	put(c, "/var/cache/ldconfig/aux-cache", tree.NewFile(0o600, tree.Declared(size+size/100, "aux-cache:"+id, nil)))
	return 0
}

// libraries lists the sonames in the loader's folders, each once by its real folder, sorted by name.
func libraries(c *tool.Call) []string {
	var out []string
	seen := map[string]bool{}
	at := map[*tree.Node]int{}
	for _, dir := range libraryDirs(c) {
		real, err := c.FS.Real(dir)
		if err != nil || seen[real] || !c.FS.IsDir(dir) || strings.HasSuffix(dir, "lib64") && len(out) > 0 { // Debian's holds the loader only
			continue
		}
		seen[real] = true
		names, err := c.FS.ReadDir(dir)
		if err != nil {
			continue
		}
		for _, n := range names {
			plain := strings.HasPrefix(n, "lib") && strings.HasSuffix(n, ".so")
			if !plain && !soname.MatchString(n) {
				continue
			}
			p := dir + "/" + n
			node, err := c.FS.Lstat(p)
			if err != nil || plain && node.Type != tree.File { // libz.so -> libz.so.1 is for the compiler
				continue
			}
			// of libjq.so.1 -> libjq.so.1.0.4 the link is the soname
			if node.Type == tree.File && linked(names, n) {
				continue
			}
			target, err := c.FS.Stat(p)
			if err != nil || target.Content.Fact("elf") == "" {
				continue
			}
			if i, ok := at[target]; ok { // libbz2.so.1 and libbz2.so.1.0 are one: the longer name is the soname
				out[i] = p
				continue
			}
			at[target] = len(out)
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b string) int { return strings.Compare(path.Base(a), path.Base(b)) })
	return out
}

// linked reports whether a shorter version of the same library is there.
func linked(names []string, n string) bool {
	for cut := strings.LastIndexByte(n, '.'); cut > 0; cut = strings.LastIndexByte(n[:cut], '.') {
		if strings.HasSuffix(n[:cut], ".so") {
			return false
		}
		if slices.Contains(names, n[:cut]) {
			return true
		}
	}
	return false
}

// ldd prints what a program links to.
func ldd(_ context.Context, c *tool.Call) int {
	musl := c.FS.Exists("/lib/ld-musl-x86_64.so.1") || c.FS.Exists("/lib/ld-musl-aarch64.so.1")
	status := 0
	var files []string
	for _, a := range c.Args[1:] {
		switch {
		case a == "--version":
			if musl {
				c.Printf("musl libc (%s)\n", c.Arch)
			} else {
				c.Printf("ldd (Debian GLIBC) 2.36\n")
			}
			return 0
		case strings.HasPrefix(a, "-"):
		default:
			files = append(files, a)
		}
	}
	if len(files) == 0 {
		c.Errorf("ldd: missing file arguments\nTry `ldd --help' for more information.")
		return 1
	}
	for _, f := range files {
		content, err := c.FS.Content(f)
		if err != nil {
			c.Errorf("ldd: %s: No such file or directory", f)
			status = 1
			continue
		}
		if len(files) > 1 {
			c.Printf("%s:\n", f)
		}
		if content.Fact("elf") != "dynamic" {
			c.Printf("\tnot a dynamic executable\n")
			status = 1
			continue
		}
		if !musl {
			c.Printf("\tlinux-vdso.so.1 (0x00007ffd00000000)\n")
		}
		for i, so := range closure(c, content) {
			if at := find(c, so); at != "" {
				c.Printf("\t%s => %s (0x%012x)\n", so, at, 0x7f0000000000+i<<21)
			} else {
				c.Printf("\t%s => not found\n", so)
			}
		}
		if loader := content.Fact("interp"); loader != "" {
			c.Printf("\t%s (0x00007f0010000000)\n", loader)
		}
	}
	return status
}

// closure lists what a binary needs and what that needs.
func closure(c *tool.Call, content *tree.Content) []string {
	var out []string
	todo := strings.Fields(content.Fact("needs"))
	for len(todo) > 0 && len(out) < 500 {
		so := todo[0]
		todo = todo[1:]
		if slices.Contains(out, so) || strings.HasPrefix(so, "ld-linux") {
			continue
		}
		out = append(out, so)
		if at := find(c, so); at != "" {
			if inner, err := c.FS.Content(at); err == nil {
				todo = append(todo, strings.Fields(inner.Fact("needs"))...)
			}
		}
	}
	return out
}

func find(c *tool.Call, so string) string {
	for _, d := range libraryDirs(c) {
		if p := fmt.Sprintf("%s/%s", d, so); c.FS.Exists(p) {
			return p
		}
	}
	return ""
}
