package apt

import (
	_ "embed"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"drydock/grader/catalogue/debian"
	"drydock/grader/tree"
)

//go:embed data/accounts.txt
var accountsData string

//go:embed data/alternatives.txt
var alternativesData string

// interpreter is a package with Python's interpreter.
var interpreter = regexp.MustCompile(`^(python3\.\d+)(-minimal)?$`)

// linesOf returns the fields of the data lines that begin with a package's name.
func linesOf(data, name string) [][]string {
	var out [][]string
	for line := range strings.Lines(data) {
		if strings.HasPrefix(line, name+" ") {
			out = append(out, strings.Fields(line)[1:])
		}
	}
	return out
}

// configure does what a package's postinst does, as far as it shows in the filesystem.
func (r *run) configure(p *debian.Package, c *debian.Contents, log *journal) {
	for _, f := range linesOf(accountsData, p.Name) {
		r.account(f)
	}
	for _, f := range linesOf(alternativesData, p.Name) {
		r.alternative(f[0], f[1], f[2], f[3] == "slave", log)
	}
	for i, e := range c.Files {
		if strings.HasPrefix(e.Path, "/usr/lib/jvm/.") && strings.HasSuffix(e.Path, ".jinfo") {
			r.javaAlternatives(c, string(e.Data), log)
		}
		if c.Flags["py3compile"] && strings.HasSuffix(e.Path, ".py") && strings.HasPrefix(e.Path, "/usr/lib/python3") {
			r.compiled(e.Path, c.Nodes()[i])
		}
	}
	if m := interpreter.FindStringSubmatch(p.Name); m != nil { // compiles its library, which is a package of its own
		library := "lib" + m[1] + "-stdlib"
		if m[2] != "" {
			library = "lib" + m[1] + "-minimal"
		}
		if l := r.index.Package(library); l != nil {
			lc := r.index.Contents(l, r.Arch)
			for i, e := range lc.Files {
				if strings.HasSuffix(e.Path, ".py") && r.FS.Exists(e.Path) {
					r.compiled(e.Path, lc.Nodes()[i])
				}
			}
		}
	}
	if c.Has("templates") {
		r.debconf(p)
	}
	switch p.Name {
	case "ca-certificates":
		r.certificates(c)
	case "ca-certificates-java":
		r.attempt(r.FS.MkdirAll("/etc/ssl/certs/java", 0o755))
		r.put("/etc/ssl/certs/java/cacerts", tree.NewFile(0o644, tree.Declared(157000, "deb:cacerts", nil)))
	case "tzdata":
		if !r.FS.Exists("/etc/localtime") {
			r.attempt(r.FS.Symlink("/usr/share/zoneinfo/Etc/UTC", "/etc/localtime"))
		}
		if !r.FS.Exists("/etc/timezone") {
			r.attempt(r.FS.WriteFile("/etc/timezone", []byte("Etc/UTC\n"), 0o644))
		}
	case "locales":
		if !r.FS.Exists("/etc/locale.gen") {
			r.put("/etc/locale.gen", tree.NewFile(0o644, tree.Text("# This file lists locales that you wish to have built.\n# en_US.UTF-8 UTF-8\n# C.UTF-8 UTF-8\n")))
		}
	}
}

// account makes what a line of accounts.txt says, as adduser --system does.
func (r *run) account(f []string) {
	if f[0] == "group" {
		r.group(f[1])
		return
	}
	name, home, shell := f[1], f[2], f[3]
	passwd, err := r.FS.ReadFile("/etc/passwd")
	if err != nil || strings.HasPrefix(string(passwd), name+":") || strings.Contains(string(passwd), "\n"+name+":") {
		return
	}
	gid := 65534
	if len(f) < 5 {
		gid = r.group(name)
	}
	uid := 100
	for strings.Contains(string(passwd), fmt.Sprintf(":x:%d:", uid)) {
		uid++
	}
	r.attempt(r.FS.Append("/etc/passwd", fmt.Appendf(nil, "%s:x:%d:%d::%s:%s\n", name, uid, gid, home, shell), 0o644))
	if r.FS.Exists("/etc/shadow") {
		r.attempt(r.FS.Append("/etc/shadow", fmt.Appendf(nil, "%s:!:%d::::::\n", name, r.FS.Now()/86400e9), 0o640))
	}
	if home != "/nonexistent" && home != "/" && !strings.HasPrefix(home, "/run") {
		r.attempt(r.FS.MkdirAll(home, 0o755))
		r.attempt(r.FS.Chown(home, uid, gid, true))
	}
}

// group makes a system group and returns its number.
func (r *run) group(name string) int {
	b, err := r.FS.ReadFile("/etc/group")
	if err != nil {
		return 100
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Split(line, ":"); len(f) > 2 && f[0] == name {
			n := 0
			fmt.Sscan(f[2], &n)
			return n
		}
	}
	gid := 101
	for strings.Contains(string(b), fmt.Sprintf(":x:%d:", gid)) {
		gid++
	}
	r.attempt(r.FS.Append("/etc/group", fmt.Appendf(nil, "%s:x:%d:\n", name, gid), 0o644))
	if r.FS.Exists("/etc/gshadow") {
		r.attempt(r.FS.Append("/etc/gshadow", fmt.Appendf(nil, "%s:!::\n", name), 0o640))
	}
	return gid
}

// alternative links a name through /etc/alternatives, unless one of a higher rank is there.
func (r *run) alternative(name, link, target string, slave bool, log *journal) {
	through := "/etc/alternatives/" + name
	if !r.FS.Exists(target) {
		return
	}
	if _, err := r.FS.Lstat(through); err == nil {
		if to, err := r.FS.Readlink(through); err == nil && r.FS.Exists(through) && to != target {
			if !r.outranks(name, target, to) {
				return
			}
		}
		r.attempt(r.FS.Remove(through))
	} else if !slave {
		log.alt.WriteString(fmt.Sprintf("update-alternatives %s: run with --install %s %s %s\nupdate-alternatives %s: link group %s updated to point to %s\n",
			log.at.Format("2006-01-02 15:04:05"), link, name, target, log.at.Format("2006-01-02 15:04:05"), through, target))
	}
	r.attempt(r.FS.MkdirAll("/etc/alternatives", 0o755))
	r.attempt(r.FS.Symlink(target, through))
	if _, err := r.FS.Lstat(link); err != nil {
		r.attempt(r.FS.Symlink(through, link))
	}
	if slave { // listed with its master
		return
	}
	r.attempt(r.FS.WriteFile("/var/lib/dpkg/alternatives/"+name, []byte("auto\n"+link+"\n\n"+target+"\n50\n\n"), 0o644))
}

// outranks reports whether one target of an alternative has a higher priority than another.
func (r *run) outranks(name, a, b string) bool {
	rank := func(target string) string {
		for line := range strings.Lines(alternativesData) {
			if f := strings.Fields(line); len(f) == 5 && f[1] == name && f[3] == target {
				return fmt.Sprintf("%08s", f[4])
			}
		}
		return ""
	}
	return rank(a) > rank(b)
}

// javaAlternatives registers the commands that a JDK's jinfo file lists ("hl java /usr/lib/jvm/…/bin/java").
func (r *run) javaAlternatives(c *debian.Contents, jinfo string, log *journal) {
	for line := range strings.Lines(jinfo) {
		f := strings.Fields(line)
		if len(f) == 3 && (f[0] == "hl" || f[0] == "jre" || f[0] == "jdk" || f[0] == "jdkhl") && strings.Contains(f[2], "/bin/") {
			r.alternative(f[1], "/usr/bin/"+f[1], r.native(f[2]), false, log)
		}
	}
	// a JDK brings its commands in a package of its own, which comes after the runtime with the jinfo file
	for _, e := range c.Files {
		if strings.HasPrefix(e.Path, "/usr/lib/jvm/") && path.Base(path.Dir(e.Path)) == "bin" && e.Type == 'f' {
			r.alternative(path.Base(e.Path), "/usr/bin/"+path.Base(e.Path), e.Path, false, log)
		}
	}
}

func (r *run) native(p string) string {
	return strings.ReplaceAll(p, "-openjdk-amd64", "-openjdk-"+r.Arch)
}

// compiled puts the bytecode that py3compile makes of a module.
func (r *run) compiled(p string, n *tree.Node) {
	tag := "311"
	if r.index.Suite == "trixie" {
		tag = "313"
	}
	cache := path.Join(path.Dir(p), "__pycache__")
	if !r.FS.IsDir(cache) {
		r.attempt(r.FS.Graft(cache, tree.NewDir(0o755)))
	}
	name := strings.TrimSuffix(path.Base(p), ".py") + ".cpython-" + tag + ".pyc"
	r.put(path.Join(cache, name), tree.NewFile(0o644, tree.Declared(n.Size()*11/10+200, "pyc:"+n.Content.ID(), nil)))
}

// debconf writes the database of templates, which grows with every package that asks something.
func (r *run) debconf(p *debian.Package) {
	const dir = "/var/cache/debconf/"
	for _, name := range []string{"templates.dat", "config.dat"} {
		c, err := r.FS.Content(dir + name)
		if err != nil {
			continue
		}
		r.put(dir+name+"-old", tree.NewFile(0o644, c))
		r.put(dir+name, tree.NewFile(0o644, tree.Declared(c.Size()+900, fmt.Sprintf("debconf:%s+%s", c.ID(), p.Name), nil)))
	}
	r.touch(dir+"passwords.dat", 0o600)
}

// certificates writes the list of authorities and has the links to them made.
func (r *run) certificates(c *debian.Contents) {
	var b strings.Builder
	b.WriteString("# This file lists certificates that you wish to use or to ignore to be\n# installed in /etc/ssl/certs.\n# update-ca-certificates(8) will update /etc/ssl/certs by reading this file.\n#\n" +
		"# This is autogenerated by dpkg-reconfigure ca-certificates.\n# Certificates should be installed under /usr/share/ca-certificates\n# and files with extension '.crt' is recognized as available certs.\n#\n" +
		"# line begins with # is comment.\n# line begins with ! is certificate filename to be deselected.\n#\n")
	for _, e := range c.Files {
		if name, ok := strings.CutPrefix(e.Path, "/usr/share/ca-certificates/"); ok && strings.HasSuffix(name, ".crt") {
			b.WriteString(name + "\n")
		}
	}
	r.attempt(r.FS.WriteFile("/etc/ca-certificates.conf", []byte(b.String()), 0o644))
	r.attempt(r.FS.MkdirAll("/usr/local/share/ca-certificates", 0o755))
	child := r.Child("update-ca-certificates")
	if child.Run(r.ctx) != 0 {
		r.Errorf("W: update-ca-certificates failed")
	}
}

// triggers runs what several packages ask for once, at the end.
func (r *run) triggers(all []*debian.Package, log *journal) {
	any := func(flag string) bool {
		return slices.ContainsFunc(all, func(p *debian.Package) bool { return r.index.Contents(p, r.Arch).Flags[flag] })
	}
	if any("ldconfig") {
		r.trigger("libc-bin", log)
		if _, err := r.Child("ldconfig").Exec(r.ctx); err != nil {
			r.Errorf("ldconfig: %v", err)
		}
	}
	certs := slices.ContainsFunc(all, func(p *debian.Package) bool { return p.Name == "ca-certificates" })
	if certs || any("update-ca-certificates") && r.db.state["ca-certificates"] != nil {
		r.trigger("ca-certificates", log)
		r.say(log, "Updating certificates in /etc/ssl/certs...")
		r.say(log, "0 added, 0 removed; done.")
		r.say(log, "Running hooks in /etc/ca-certificates/update.d...")
		r.say(log, "done.")
	}
}

// trigger notes that a package's triggers are run.
func (r *run) trigger(name string, log *journal) {
	have := r.db.state[name]
	if have == nil {
		return
	}
	r.say(log, "Processing triggers for %s (%s) ...", name, have.Version)
	full := qualified(name, have.Arch)
	log.dpkg("status triggers-pending %s %s", full, have.Version)
	log.dpkg("trigproc %s %s <none>", full, have.Version)
	log.dpkg("status half-configured %s %s", full, have.Version)
	log.dpkg("status installed %s %s", full, have.Version)
}
