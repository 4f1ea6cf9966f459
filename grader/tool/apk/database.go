package apk

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"drydock/grader/report"
	"drydock/grader/tree"
)

// entry is a package that is installed.
type entry struct {
	name, version string
	size          int64
	needs         []string
	files         []string
}

const (
	worldFile = "/etc/apk/world"
	dbFile    = "/lib/apk/db/installed"
)

// read reads world and the database. A package of the base has no list of files: it is never removed.
func (r *run) read() {
	if b, err := r.FS.ReadFile(r.root + worldFile); err == nil {
		r.world = strings.Fields(string(b))
	}
	b, err := r.FS.ReadFile(r.root + dbFile)
	if err != nil {
		return
	}
	for para := range strings.SplitSeq(string(b), "\n\n") {
		var e entry
		dir := ""
		for line := range strings.SplitSeq(para, "\n") {
			k, v, ok := strings.Cut(line, ":")
			if !ok {
				continue
			}
			switch k {
			case "P":
				e.name = v
			case "V":
				e.version = v
			case "I":
				n, err := strconv.ParseInt(v, 10, 64)
				if err == nil {
					e.size = n
				}
			case "D":
				e.needs = strings.Fields(v)
			case "F":
				dir = v
			case "R":
				e.files = append(e.files, "/"+path.Join(dir, v))
			}
		}
		if e.name != "" {
			r.db = append(r.db, e)
		}
	}
}

// write writes world and the database back.
func (r *run) write() {
	slices.Sort(r.world)
	r.attempt(r.FS.WriteFile(r.root+worldFile, []byte(strings.Join(r.world, "\n")+"\n"), 0o644))
	var b strings.Builder
	for _, e := range r.db {
		fmt.Fprintf(&b, "P:%s\nV:%s\nA:%s\nI:%d\n", e.name, e.version, uname(r.Arch), e.size)
		if len(e.needs) > 0 {
			fmt.Fprintf(&b, "D:%s\n", strings.Join(e.needs, " "))
		}
		dir := ""
		for _, f := range e.files {
			if d := strings.TrimPrefix(path.Dir(f), "/"); d != dir {
				dir = d
				fmt.Fprintf(&b, "F:%s\n", d)
			}
			fmt.Fprintf(&b, "R:%s\n", path.Base(f))
		}
		b.WriteByte('\n')
	}
	r.attempt(r.FS.WriteFile(r.root+dbFile, []byte(b.String()), 0o644))
	for _, name := range []string{"scripts.tar", "triggers"} {
		if !r.FS.Exists("/lib/apk/db/" + name) {
			r.attempt(r.FS.WriteContent("/lib/apk/db/"+name, tree.Declared(20480, "apk:"+name, nil), 0o644))
		}
	}
	r.attempt(r.FS.WriteFile("/lib/apk/db/lock", nil, 0o600))
}

func (r *run) attempt(err error) {
	if err != nil {
		r.Errorf("ERROR: %v", err)
	}
}

func (r *run) has(name string) *entry {
	for i := range r.db {
		if r.db[i].name == name {
			return &r.db[i]
		}
	}
	return nil
}

func (r *run) want(op string) {
	r.world = slices.DeleteFunc(r.world, func(w string) bool { return bare(w) == bare(op) })
	r.world = append(r.world, op)
}

// stamp is the version of a virtual package: the time.
func (r *run) stamp() string { return time.Unix(0, r.FS.Now()).UTC().Format("20060102.150405") }

// orphans takes out of the database what nothing in world needs, and returns it.
func (r *run) orphans() []entry {
	needed := map[string]bool{}
	var visit func(name string)
	visit = func(name string) {
		if e := r.has(name); e != nil && !needed[name] {
			needed[name] = true
			for _, n := range e.needs {
				visit(n)
			}
		}
	}
	for _, w := range r.world {
		visit(bare(w))
	}
	var gone, left []entry
	for _, e := range r.db {
		virtual := strings.HasPrefix(e.name, ".") || len(e.files) == 0 && packages()[e.name] == nil && e.size == 0
		if needed[e.name] || len(e.files) == 0 && !virtual {
			left = append(left, e)
		} else {
			gone = append(gone, e)
		}
	}
	r.db = left
	slices.Reverse(gone)
	return gone
}

// repositories reads /etc/apk/repositories.
func (r *run) repositories() []string {
	b, err := r.FS.ReadFile("/etc/apk/repositories")
	if err != nil {
		return nil
	}
	var out []string
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "@") {
			_, line, _ = strings.Cut(line, " ")
		}
		if line != "" && !strings.HasPrefix(line, "#") {
			out = append(out, line)
		}
	}
	return out
}

// index makes sure that the indexes are at hand: fetched for this run alone with --no-cache, else kept in /var/cache/apk.
func (r *run) index(refresh bool) bool {
	for _, repo := range r.repositories() {
		url := strings.TrimSuffix(repo, "/") + "/" + uname(r.Arch) + "/APKINDEX.tar.gz"
		size := int64(480e3)
		if strings.Contains(repo, "community") {
			size = 2100e3
		}
		kept := "/var/cache/apk/APKINDEX." + short(url) + ".tar.gz"
		if !refresh && !r.noCache && r.FS.Exists(kept) && !(r.Stale != nil && r.Stale("apk")) {
			continue
		}
		if !r.quiet {
			r.Printf("fetch %s\n", url)
		}
		if r.Offline {
			r.Errorf("WARNING: Ignoring %s: DNS lookup error", strings.TrimSuffix(url, "/"+uname(r.Arch)+"/APKINDEX.tar.gz"))
			return r.offline()
		}
		r.Record(report.Event{Kind: "download", Tool: "apk", Name: "index of " + repo, Bytes: size})
		if !r.noCache {
			r.attempt(r.FS.MkdirAll("/var/cache/apk", 0o755))
			r.attempt(r.FS.WriteContent(kept, tree.Declared(size, "apk-index:"+url, nil), 0o644))
		}
	}
	return true
}

// short is the beginning of a checksum, as apk names what it keeps.
func short(s string) string {
	sum := sha1.Sum([]byte(s))
	return hex.EncodeToString(sum[:4])
}

// offline words what follows where no index can be had.
func (r *run) offline() bool {
	r.Errorf("ERROR: unable to select packages:")
	for _, a := range r.Args[1:] {
		if packages()[bare(a)] != nil {
			r.Errorf("  %s (no such package):\n    required by: world[%s]", bare(a), bare(a))
		}
	}
	return false
}

// cacheDir is where packages are kept, where /etc/apk/cache says so.
func (r *run) cacheDir() string {
	if r.noCache {
		return ""
	}
	if to, err := r.FS.Readlink("/etc/apk/cache"); err == nil {
		if !path.IsAbs(to) {
			to = path.Join("/etc/apk", to)
		}
		return to
	}
	if r.FS.IsDir("/etc/apk/cache") {
		return "/etc/apk/cache"
	}
	return ""
}

func (r *run) cleanCache() {
	dir := r.cacheDir()
	if dir == "" {
		dir = "/var/cache/apk"
	}
	names, err := r.FS.ReadDir(dir)
	if err != nil {
		return
	}
	for _, n := range names {
		r.attempt(r.FS.Remove(path.Join(dir, n)))
	}
}

// unpack downloads a package, unless it is kept, and puts its files.
func (r *run) unpack(p *pkg) {
	event := report.Event{Kind: "download", Tool: "apk", Name: p.name, Version: p.version, Bytes: p.download}
	if dir := r.cacheDir(); dir != "" && r.FS.IsDir(dir) {
		kept := path.Join(dir, fmt.Sprintf("%s-%s.%s.apk", p.name, p.version, short(p.name+p.version)))
		if r.FS.Exists(kept) {
			event.Kind, event.Bytes = "cache-hit", 0
		} else {
			r.attempt(r.FS.WriteContent(kept, tree.Declared(p.download, "apk:"+p.name+p.version, nil), 0o644))
		}
	}
	r.Record(event)
	r.Record(report.Event{Kind: "install", Tool: "apk", Name: p.name, Version: p.version})
	e := entry{name: p.name, version: p.version, size: p.installed, needs: p.needs}
	rest := p.installed
	put := func(at string, n *tree.Node) {
		at = r.root + at
		r.attempt(r.FS.MkdirAll(path.Dir(at), 0o755))
		n.ModTime = r.FS.Now()
		if err := r.FS.Graft(at, n); err != nil {
			r.attempt(err)
			return
		}
		e.files = append(e.files, at)
	}
	libc := "libc.musl-" + uname(r.Arch) + ".so.1"
	parts := int64(len(p.bins) + len(p.libs))
	for i, b := range p.bins {
		size := rest / 2
		if parts > 1 {
			size = rest / (parts + 1)
		}
		if size > 80<<20 {
			size = 80 << 20
		}
		facts := map[string]string{"program": b[1], "version": version(p.version), "package": "apk:" + p.name}
		if script := scripts[b[1]]; script != "" {
			rest -= 300
			put(b[0], tree.NewFile(0o755, tree.Program([]byte("#!"+script+"\n"), facts)))
			continue
		}
		if strings.Contains(p.name, "openjdk") {
			facts["kind"] = "jre"
			if strings.HasSuffix(p.name, "-jdk") || p.name == "openjdk8" {
				facts["kind"] = "jdk"
			}
			size = min(size, 14<<10)
		}
		maps.Copy(facts, map[string]string{"elf": "dynamic", "arch": r.Arch, "interp": "/lib/ld-musl-" + uname(r.Arch) + ".so.1", "needs": strings.Join(append(needs(b[1]), libc), " ")})
		rest -= size
		put(b[0], tree.NewFile(0o755, tree.Declared(size, fmt.Sprintf("apk:%s-%s/%d", p.name, p.version, i), facts)))
	}
	for _, so := range p.libs {
		size := rest / (int64(len(p.libs)) + 1)
		rest -= size
		dir := "/usr/lib/"
		if strings.HasPrefix(so, "ld-linux") {
			dir = "/lib/"
			if r.Arch == "arm64" {
				so = "ld-linux-aarch64.so.1"
			}
		}
		put(dir+so, tree.NewFile(0o755, tree.Declared(size, "apk:"+p.name+"-"+p.version+so, map[string]string{"elf": "dynamic", "arch": r.Arch})))
	}
	for _, l := range p.links {
		put(l[0], tree.NewSymlink(l[1]))
	}
	if rest > 512 {
		put("/usr/share/"+p.name+"/files.bundle", tree.NewFile(0o644, tree.Declared(rest, "apk:"+p.name+"-"+p.version+"/rest", nil)))
	}
	r.special(p, put)
	r.db = append(r.db, e)
}

// scripts are programs that are texts for an interpreter.
var scripts = map[string]string{
	"npm": "/usr/bin/env node", "npx": "/usr/bin/env node", "yarn": "/usr/bin/env node", "pnpm": "/usr/bin/env node", "pip": "/usr/bin/python3", "mvn": "/bin/sh", "gradle": "/bin/sh",
	"poetry": "/usr/bin/python3", "virtualenv": "/usr/bin/python3", "supervisord": "/usr/bin/python3", "aws": "/usr/bin/python3", "composer": "/usr/bin/env php", "gem": "/usr/bin/ruby",
	"update-ca-certificates": "/bin/sh", "automake": "/usr/bin/perl", "autoconf": "/bin/sh",
}

// needs are the libraries of programs whose absence shows.
func needs(program string) []string {
	switch program {
	case "node":
		return []string{"libstdc++.so.6", "libgcc_s.so.1"}
	case "curl":
		return []string{"libcurl.so.4", "libz.so.1"}
	case "psql", "pg_dump":
		return []string{"libpq.so.5"}
	case "bash":
		return []string{"libreadline.so.8"}
	case "jq":
		return []string{"libonig.so.5"}
	}
	return nil
}

func version(v string) string {
	v, _, _ = strings.Cut(v, "-r")
	return strings.ReplaceAll(v, "_p", "+")
}

// special does what some packages' scripts and triggers do.
func (r *run) special(p *pkg, put func(string, *tree.Node)) {
	switch p.name {
	case "coreutils":
		for _, name := range []string{"cat", "cp", "date", "dd", "df", "du", "head", "ls", "mkdir", "mv", "rm", "sha256sum", "sort", "stat", "tail", "touch", "tr", "wc"} {
			dir := "/bin/"
			if _, err := r.FS.Lstat("/usr/bin/" + name); err == nil {
				dir = "/usr/bin/"
			}
			facts := map[string]string{"program": name, "flavour": "gnu", "version": version(p.version), "package": "apk:coreutils", "elf": "dynamic", "arch": r.Arch, "interp": "/lib/ld-musl-" + uname(r.Arch) + ".so.1"}
			put(dir+name, tree.NewFile(0o755, tree.Declared(0, "apk:coreutils/"+name, facts)))
		}
	case "bash":
		if b, err := r.FS.ReadFile("/etc/shells"); err == nil && !strings.Contains(string(b), "/bin/bash") {
			r.attempt(r.FS.Append("/etc/shells", []byte("/bin/bash\n"), 0o644))
		}
	case "java-common":
		put("/usr/lib/jvm/.keep-java-common", tree.NewFile(0o644, nil))
	case "tzdata":
		for _, zone := range []string{"UTC", "Etc/UTC", "Europe/Berlin", "Europe/London", "Europe/Paris", "America/New_York", "America/Los_Angeles", "America/Sao_Paulo", "Asia/Tokyo", "Asia/Kolkata", "Asia/Shanghai", "Asia/Seoul", "Australia/Sydney"} {
			put("/usr/share/zoneinfo/"+zone, tree.NewFile(0o644, tree.Declared(1300, "zone:"+zone, nil)))
		}
	case "nginx":
		r.account("nginx", 100, 101, "/var/lib/nginx")
		put("/etc/nginx/nginx.conf", tree.NewFile(0o644, tree.Text("user nginx;\nevents { }\nhttp {\n\tinclude /etc/nginx/http.d/*.conf;\n}\n")))
	case "redis":
		r.account("redis", 100, 101, "/var/lib/redis")
	}
	if strings.HasPrefix(p.name, "openjdk") && len(p.bins) > 0 {
		home := path.Dir(path.Dir(p.bins[0][0]))
		if _, err := r.FS.Lstat("/usr/lib/jvm/default-jvm"); err != nil {
			put("/usr/lib/jvm/default-jvm", tree.NewSymlink(path.Base(home)))
		}
		for _, b := range p.bins {
			link := "/usr/bin/" + path.Base(b[0])
			if _, err := r.FS.Lstat(link); err != nil {
				put(link, tree.NewSymlink("../lib/jvm/default-jvm/bin/"+path.Base(b[0])))
			}
		}
	}
}

func (r *run) account(name string, uid, gid int, home string) {
	b, err := r.FS.ReadFile("/etc/passwd")
	if err != nil || strings.Contains(string(b), "\n"+name+":") {
		return
	}
	r.attempt(r.FS.Append("/etc/passwd", fmt.Appendf(nil, "%s:x:%d:%d:%s:%s:/sbin/nologin\n", name, uid, gid, name, home), 0o644))
	r.attempt(r.FS.Append("/etc/group", fmt.Appendf(nil, "%s:x:%d:%s\n", name, gid, name), 0o644))
}

// erase removes a package's files, and folders that are empty then.
func (r *run) erase(e entry) {
	r.Record(report.Event{Kind: "remove", Tool: "apk", Name: e.name, Version: e.version})
	for _, f := range slices.Backward(e.files) {
		if _, err := r.FS.Lstat(f); err != nil {
			continue
		}
		r.attempt(r.FS.Remove(f))
		for dir := path.Dir(f); strings.Count(dir, "/") > 2; dir = path.Dir(dir) {
			names, err := r.FS.ReadDir(dir)
			if err != nil || len(names) > 0 {
				break
			}
			r.attempt(r.FS.Remove(dir))
		}
	}
}
