package main

import (
	"bytes"
	"debug/elf"
	"io"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"unicode/utf8"

	"drydock/grader/catalogue/listing"
)

// keepLimit is the size up to which the bytes of a text file are kept.
const keepLimit = 64 << 10

// modelled are shell scripts that a model answers for; all other shell scripts are interpreted.
var modelled = map[string]bool{
	"ldd": true, "update-ca-certificates": true, "which": true, "which.debianutils": true, "gunzip": true, "zcat": true, "uncompress": true, "egrep": true, "fgrep": true,
	"adduser": true, "addgroup": true, "deluser": true, "delgroup": true, "apt-key": true, "invoke-rc.d": true, "service": true, "mvn": true, "ant": true,
	"javaws": true, "savelog": true, "locale-gen": true, "update-rc.d": true, "deb-systemd-helper": true, "policy-rc.d": true, "add-shell": true, "remove-shell": true,
	"dpkg-reconfigure": true, "lsb_release": true, "php": true, "xzgrep": true, "zgrep": true, "zless": true, "git-sh-setup": true, "npm": true, "npx": true,
}

// facts describes a file: which program it is, what it links to, and whether its bytes are to be kept.
func facts(p string, mode fs.FileMode, size int64, open func() ([]byte, error)) (f map[string]string, data []byte, err error) {
	executable := mode&0o111 != 0 && isProgram(p)
	library := strings.Contains(path.Base(p), ".so") && size > 0
	text := (size <= keepLimit || p == "/var/lib/dpkg/status") && keepText(p)
	if !executable && !library && !text && mode&0o111 == 0 {
		return nil, nil, nil
	}
	b, err := open()
	if err != nil {
		return nil, nil, err
	}
	name := path.Base(p)
	program := programName(name)
	switch {
	case bytes.HasPrefix(b, []byte("\x7fELF")):
		f = elfFacts(b)
		if executable && !library {
			f["program"] = program
		}
		return f, nil, nil
	case bytes.HasPrefix(b, []byte("#!")) && mode&0o111 != 0:
		line, _, _ := bytes.Cut(b, []byte("\n"))
		shell := bytes.HasSuffix(line, []byte("/sh")) || bytes.Contains(line, []byte("/sh ")) || bytes.Contains(line, []byte("/bash"))
		if executable && (!shell || modelled[name]) {
			f = map[string]string{"program": program}
		}
		if size > keepLimit {
			return f, nil, nil
		}
		return f, b, nil
	case text && utf8.Valid(b):
		return nil, b, nil
	}
	return nil, nil, nil
}

// families are the names that Debian gives to programs that come in several versions or makes, with the name of the program.
var families = []struct {
	pattern *regexp.Regexp
	program string
}{
	{regexp.MustCompile(`^python3?(\.\d+)?$`), "python"}, {regexp.MustCompile(`^pip3?(\.\d+)?$`), "pip"}, {regexp.MustCompile(`^npm-cli\.js$`), "npm"}, {regexp.MustCompile(`^npx-cli\.js$`), "npx"},
	{regexp.MustCompile(`^(x86_64-linux-gnu-)?(gcc|cc)(-\d+)?$`), "gcc"}, {regexp.MustCompile(`^(x86_64-linux-gnu-)?(g\+\+|c\+\+)(-\d+)?$`), "g++"}, {regexp.MustCompile(`^(x86_64-linux-gnu-)?cpp(-\d+)?$`), "cpp"},
	{regexp.MustCompile(`^x86_64-linux-gnu-(as|ar|ld|nm|strip|objdump|objcopy|ranlib|readelf)$`), ""}, {regexp.MustCompile(`^x86_64-linux-gnu-ld\.bfd$`), "ld"},
	{regexp.MustCompile(`^perl5[\d.]*$`), "perl"}, {regexp.MustCompile(`^vim\.(tiny|basic)$`), "vim"}, {regexp.MustCompile(`^nc\.(openbsd|traditional)$`), "nc"}, {regexp.MustCompile(`^php\d\.\d$`), "php"},
	{regexp.MustCompile(`^php-fpm\d\.\d$`), "php-fpm"}, {regexp.MustCompile(`^ruby\d\.\d$`), "ruby"}, {regexp.MustCompile(`^(gem|bundle|irb|erb)\d\.\d$`), ""}, {regexp.MustCompile(`^bundler$`), "bundle"},
	{regexp.MustCompile(`^(convert|identify|mogrify|composite|magick)-im\d\.q16$`), ""},
}

// programName is the program that a file stands for.
func programName(name string) string {
	for _, f := range families {
		m := f.pattern.FindStringSubmatch(name)
		if m == nil {
			continue
		}
		if f.program != "" {
			return f.program
		}
		return m[1]
	}
	return name
}

func isProgram(p string) bool {
	switch path.Dir(p) {
	case "/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/games":
		return true
	}
	return strings.HasSuffix(path.Dir(p), "/bin") || strings.HasPrefix(p, "/usr/libexec/") || strings.HasPrefix(p, "/usr/lib/git-core/")
}

// keepText tells where text files are worth their bytes: what a Dockerfile reads, edits or sources.
func keepText(p string) bool {
	if strings.HasPrefix(p, "/var/lib/dpkg/info/") {
		switch path.Ext(p) {
		case ".list", ".conffiles":
			return true
		}
		return false
	}
	for _, prefix := range []string{"/etc/", "/root/", "/var/lib/dpkg/", "/var/lib/apt/", "/usr/share/base-passwd/", "/usr/share/base-files/", "/usr/share/bash-completion/bash_completion",
		"/usr/lib/os-release", "/usr/share/adduser/", "/usr/share/passwd/", "/usr/share/nginx/html/", "/usr/lib/jvm/.", "/usr/lib/python3/dist-packages/EXTERNALLY", "/usr/lib/python3.11/EXTERNALLY",
		"/usr/lib/python3.13/EXTERNALLY", "/usr/lib/python3.", "/usr/include/postgresql/libpq-fe.h"} {
		if strings.HasPrefix(p, prefix) {
			return prefix != "/usr/lib/python3." || path.Base(p) == "EXTERNALLY-MANAGED"
		}
	}
	return strings.HasSuffix(p, ".pc")
}

// elfFacts reads what the loader would ask of a binary.
func elfFacts(b []byte) map[string]string {
	f := map[string]string{"elf": "static"}
	e, err := elf.NewFile(bytes.NewReader(b))
	if err != nil {
		return f
	}
	defer e.Close()
	switch e.Machine {
	case elf.EM_X86_64:
		f["arch"] = "amd64"
	case elf.EM_AARCH64:
		f["arch"] = "arm64"
	case elf.EM_386:
		f["arch"] = "386"
	}
	for _, p := range e.Progs {
		switch p.Type {
		case elf.PT_INTERP:
			if raw, err := io.ReadAll(p.Open()); err == nil {
				f["interp"] = strings.TrimRight(string(raw), "\x00")
			}
			f["elf"] = "dynamic"
		case elf.PT_DYNAMIC:
			if e.Type == elf.ET_DYN {
				f["elf"] = "dynamic"
			}
		}
	}
	if libs, err := e.ImportedLibraries(); err == nil && len(libs) > 0 {
		f["needs"] = strings.Join(libs, " ")
	}
	return f
}

// entry makes a line of a listing.
func entry(p string, mode fs.FileMode, uid, gid int, size int64, open func() ([]byte, error)) (listing.Entry, error) {
	e := listing.Entry{Type: 'f', Mode: unixMode(mode), UID: uid, GID: gid, Size: size, Path: p}
	f, data, err := facts(p, mode, size, open)
	if err != nil {
		return e, err
	}
	e.Facts = f
	if data != nil || size == 0 {
		e.Type, e.Data, e.Size = 'k', data, int64(len(data))
	}
	return e, nil
}

func unixMode(m fs.FileMode) uint32 {
	u := uint32(m.Perm())
	if m&fs.ModeSetuid != 0 {
		u |= 0o4000
	}
	if m&fs.ModeSetgid != 0 {
		u |= 0o2000
	}
	if m&fs.ModeSticky != 0 {
		u |= 0o1000
	}
	return u
}
