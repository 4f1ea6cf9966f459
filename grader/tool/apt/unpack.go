package apt

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"drydock/grader/catalogue/debian"
	"drydock/grader/catalogue/listing"
	"drydock/grader/report"
	"drydock/grader/tree"
)

// unpack does dpkg's part of a plan: removals, files, status, logs, and what the packages' scripts do.
func (r *run) unpack(plan *debian.Plan, removed []string) {
	db := r.state()
	log := &journal{at: time.Unix(0, r.FS.Now()).UTC()}
	filter := readFilter(r.FS)
	if len(removed) > 0 {
		r.takeAway(removed, false, log)
	}
	all := append(slices.Clone(plan.Upgrade), plan.Install...)
	count := r.countFiles()
	log.dpkg("startup archives unpack")
	for i, p := range all {
		c := r.index.Contents(p, r.Arch)
		name := label(p.Name, r.Arch, p.All, c)
		old := "<none>"
		if have := db.state[p.Name]; have != nil {
			old = have.Version
		} else {
			r.say(log, "Selecting previously unselected package %s.", name)
		}
		if i == 0 {
			r.reading(log, count)
		}
		r.say(log, "Preparing to unpack .../%s ...", r.shownArchive(p, i, len(all)))
		if old == "<none>" {
			r.say(log, "Unpacking %s (%s) ...", name, p.Version)
		} else {
			r.say(log, "Unpacking %s (%s) over (%s) ...", name, p.Version, old)
		}
		r.files(p, c, filter)
		r.info(p, c)
		log.unpacked(name, p.Version, p.Arch(r.Arch), old)
		control := r.control(p, c)
		db.set(p.Name, debian.StatusParagraph(control, "install ok installed"))
		if old == "<none>" {
			db.auto[p.Name] = !plan.Asked[p.Name]
		}
		r.Record(report.Event{Kind: "install", Tool: "apt", Name: p.Name, Version: p.Version})
		if r.ctx.Err() != nil {
			return
		}
	}
	if len(all) > 0 {
		log.dpkg("startup packages configure")
	}
	r.writeStatus()
	for _, p := range all {
		c := r.index.Contents(p, r.Arch)
		name := label(p.Name, r.Arch, p.All, c)
		r.say(log, "Setting up %s (%s) ...", name, p.Version)
		log.configured(name, p.Version, p.Arch(r.Arch))
		r.configure(p, c, log)
	}
	if len(all) > 0 {
		r.triggers(all, log)
	}
	r.writeExtended()
	r.finish(plan, removed, log)
}

// say prints a line and keeps it for the terminal's log.
func (r *run) say(log *journal, format string, a ...any) {
	line := fmt.Sprintf(format, a...)
	log.term.WriteString(line + "\r\n")
	if r.conf.get("quiet") != "2" {
		r.Printf("%s\n", line)
	}
}

// reading prints how dpkg counts its way through the database.
func (r *run) reading(log *journal, count int) {
	var b strings.Builder
	b.WriteString("(Reading database ... \r")
	for pc := 5; pc <= 100; pc += 5 {
		fmt.Fprintf(&b, "(Reading database ... %d%%\r", pc)
	}
	log.term.WriteString(b.String())
	if r.conf.get("quiet") != "2" {
		r.Printf("%s", b.String())
	}
	r.say(log, "(Reading database ... %d files and directories currently installed.)", count)
}

// countFiles is how many paths dpkg's lists hold.
func (r *run) countFiles() int {
	names, err := r.FS.ReadDir(infoDir)
	if err != nil {
		return 0
	}
	seen := map[string]bool{}
	for _, n := range names {
		if !strings.HasSuffix(n, ".list") {
			continue
		}
		if c, err := r.FS.Content(path.Join(infoDir, n)); err == nil {
			if b, ok := c.Known(); ok {
				for line := range strings.Lines(string(b)) {
					seen[line] = true
				}
			}
		}
	}
	return len(seen)
}

// shownArchive is how a package's file is named while it is unpacked: numbered where there are many.
func (r *run) shownArchive(p *debian.Package, i, n int) string {
	name := archiveName(p, r.Arch)
	if n < 5 {
		return name
	}
	return fmt.Sprintf("%0*d-%s", len(fmt.Sprint(n-1)), i, name)
}

// files puts a package's files, apart from those that dpkg is told to leave out.
func (r *run) files(p *debian.Package, c *debian.Contents, filter filter) {
	nodes := c.Nodes()
	var kept map[string]bool
	if have := r.db.state[p.Name]; have != nil {
		kept = conffiles(c)
	}
	dirs := map[string]bool{}
	for i, e := range c.Files {
		if filter.skips(e.Path, e.Type == 'd') {
			continue
		}
		switch {
		case e.Type == 'd':
			if dirs[e.Path] || r.FS.IsDir(e.Path) {
				dirs[e.Path] = true
				continue
			}
			dirs[e.Path] = true
			r.attempt(r.FS.Graft(e.Path, nodes[i]))
		case e.Type == 'h':
			if !r.FS.Exists(e.Path) {
				r.attempt(r.FS.Link(e.Target, e.Path))
			}
		case kept[e.Path] && r.FS.Exists(e.Path):
			// a configuration file that is there stays
		default:
			if parent := path.Dir(e.Path); !dirs[parent] {
				r.attempt(r.FS.MkdirAll(parent, 0o755))
				dirs[parent] = true
			}
			r.attempt(r.FS.Graft(e.Path, nodes[i]))
		}
	}
}

func conffiles(c *debian.Contents) map[string]bool {
	out := map[string]bool{}
	for _, e := range c.Control {
		if e.Path == "conffiles" {
			for _, p := range strings.Fields(string(e.Data)) {
				out[p] = true
			}
		}
	}
	return out
}

// control is a package's control file.
func (r *run) control(p *debian.Package, c *debian.Contents) string {
	for _, e := range c.Control {
		if e.Path == "control" {
			text := string(e.Data)
			if r.Arch != "amd64" {
				text = strings.Replace(text, "Architecture: amd64", "Architecture: "+r.Arch, 1)
			}
			return text
		}
	}
	return ""
}

// info writes what dpkg keeps of a package: its list, and its control files apart from control itself.
func (r *run) info(p *debian.Package, c *debian.Contents) {
	base := path.Join(infoDir, stem(p.Name, r.Arch, c))
	var list strings.Builder
	list.WriteString("/.\n")
	for _, e := range c.Files {
		list.WriteString(e.Path + "\n")
	}
	r.put(base+".list", tree.NewFile(0o644, tree.Text(list.String())))
	for _, e := range c.Control {
		if e.Path == "control" {
			continue
		}
		e.Mode = 0o644
		if e.Path == "postinst" || e.Path == "preinst" || e.Path == "postrm" || e.Path == "prerm" || e.Path == "config" {
			e.Mode = 0o755
		}
		name := e.Path
		r.put(base+"."+name, listing.Entry{Type: e.Type, Mode: e.Mode, Size: e.Size, Data: e.Data, Path: name}.Node("deb-info:"+p.Name+"_"+p.Version+"/", 0))
	}
	if c.Recorded || len(c.Control) > 1 {
		r.touchTriggers(c)
	}
}

func (r *run) touchTriggers(c *debian.Contents) {
	r.touch("/var/lib/dpkg/triggers/Lock", 0o600)
	r.touch("/var/lib/dpkg/lock", 0o640)
}

// filter is dpkg's path-exclude and path-include, in order: the last that matches decides.
type filter []filterRule

type filterRule struct {
	include bool
	pattern string
}

func readFilter(f interface {
	ReadDir(string) ([]string, error)
	ReadFile(string) ([]byte, error)
}) filter {
	var out filter
	names, err := f.ReadDir("/etc/dpkg/dpkg.cfg.d")
	if err != nil {
		names = nil
	}
	paths := []string{"/etc/dpkg/dpkg.cfg"}
	for _, n := range names {
		paths = append(paths, "/etc/dpkg/dpkg.cfg.d/"+n)
	}
	for _, p := range paths {
		b, err := f.ReadFile(p)
		if err != nil {
			continue
		}
		for line := range strings.SplitSeq(string(b), "\n") {
			line = strings.TrimSpace(line)
			for _, kind := range []string{"path-exclude", "path-include"} {
				if rest, ok := strings.CutPrefix(line, kind); ok {
					out = append(out, filterRule{include: kind == "path-include", pattern: strings.Trim(rest, " =\t")})
				}
			}
		}
	}
	return out
}

// skips reports whether dpkg leaves a path out. A folder stays where something below it may be included.
func (f filter) skips(p string, dir bool) bool {
	skip := false
	for _, rule := range f {
		if wild(rule.pattern, p) {
			skip = !rule.include
		}
	}
	if skip && dir {
		for _, rule := range f {
			if !rule.include {
				continue
			}
			fixed := rule.pattern
			if i := strings.IndexAny(fixed, `*?[\`); i >= 0 {
				fixed = fixed[:i]
			}
			fixed = strings.TrimRight(fixed, "/")
			if strings.HasPrefix(p, fixed) {
				return false
			}
		}
	}
	return skip
}

// wild matches a shell pattern in which * also matches slashes.
func wild(pattern, s string) bool {
	p, i, star, mark := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case star >= 0:
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}
