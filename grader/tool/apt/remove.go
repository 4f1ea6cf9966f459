package apt

import (
	"bytes"
	"path"
	"slices"
	"strings"

	"drydock/grader/catalogue/debian"
	"drydock/grader/report"
)

// remove is apt-get remove, purge and autoremove.
func (r *run) remove(operands []string, command string) int {
	db := r.state()
	purge := command == "purge" || command == "autopurge" || r.conf.flag("APT::Get::Purge")
	auto := strings.HasPrefix(command, "auto") || r.conf.flag("APT::Get::AutomaticRemove")
	r.Printf("Reading package lists...\nBuilding dependency tree...\n")
	r.readingState()
	var gone []string
	status := 0
	for _, op := range operands {
		name, _, _ := strings.Cut(op, ":")
		matched := false
		if strings.ContainsAny(name, "*?[") {
			for n := range db.state {
				if ok, err := path.Match(name, n); err == nil && ok {
					gone = append(gone, n)
					matched = true
				}
			}
		}
		switch {
		case matched:
		case db.state[name] != nil:
			gone = append(gone, name)
		case r.index.Package(name) != nil && r.available("") || r.leftovers(name):
			if purge && r.leftovers(name) {
				gone = append(gone, name)
				continue
			}
			r.Printf("Package '%s' is not installed, so not removed\n", name)
		default:
			r.Errorf("E: Unable to locate package %s", name)
			status = 100
		}
	}
	if status != 0 {
		return status
	}
	for _, n := range gone {
		if p := db.state[n]; p != nil && p.Essential && !r.conf.flag("APT::Get::allow-remove-essential") {
			r.announce("The following packages will be REMOVED:", slices.Clone(gone))
			r.Printf("WARNING: The following essential packages will be removed.\nThis should NOT be done unless you know exactly what you are doing!\n  %s\n", n)
			return r.fail("Essential packages were removed and -y was used without --allow-remove-essential.")
		}
	}
	gone = db.state.Dependents(gone)
	if auto {
		left := debian.State{}
		for k, v := range db.state {
			if !slices.Contains(gone, k) {
				left[k] = v
			}
		}
		gone = append(gone, left.Unneeded(db.auto)...)
	} else if rest := r.unneededAfter(gone); len(rest) > 0 {
		r.announce("The following packages were automatically installed and are no longer required:", rest)
		hint := "apt autoremove"
		r.Printf("Use '%s' to remove %s.\n", hint, map[bool]string{true: "it", false: "them"}[len(rest) == 1])
	}
	slices.Sort(gone)
	gone = slices.Compact(gone)
	shown := slices.Clone(gone)
	if purge {
		for i := range shown {
			shown[i] += "*"
		}
	}
	r.announce("The following packages will be REMOVED:", shown)
	r.Printf("0 upgraded, 0 newly installed, %d to remove and %d not upgraded.\n", len(gone), r.outdated())
	if len(gone) == 0 {
		return 0
	}
	var freed int64
	for _, n := range gone {
		if p := db.state[n]; p != nil {
			freed += p.Size << 10
		}
	}
	if r.conf.flag("APT::Get::Simulate") {
		return 0
	}
	r.Printf("After this operation, %sB disk space will be freed.\n", sizeText(freed))
	if status, stop := r.ask(); stop {
		return status
	}
	log := &journal{at: timeOf(r.FS.Now())}
	r.takeAway(gone, purge, log)
	r.writeExtended()
	r.finish(&debian.Plan{}, gone, log)
	return 0
}

// leftovers reports whether a removed package's configuration is still there.
func (r *run) leftovers(name string) bool {
	return slices.ContainsFunc(r.db.paragraphs, func(p debian.Paragraph) bool {
		return p.Name == name && strings.HasSuffix(debian.Field(p.Text, "Status"), "config-files")
	})
}

func (r *run) unneededAfter(gone []string) []string {
	left := debian.State{}
	for k, v := range r.db.state {
		if !slices.Contains(gone, k) {
			left[k] = v
		}
	}
	return left.Unneeded(r.db.auto)
}

// takeAway removes packages: their files, and with purge what they leave behind.
func (r *run) takeAway(gone []string, purge bool, log *journal) {
	db := r.state()
	r.reading(log, r.countFiles())
	libraries := false
	log.dpkg("startup packages remove")
	for _, name := range gone {
		have := db.state[name]
		listed, base := r.listedFiles(name)
		conf := r.listedConffiles(base)
		version, arch := "", "all"
		if have != nil {
			version, arch = have.Version, have.Arch
			shown := strings.TrimPrefix(base, infoDir+"/")
			r.say(log, "Removing %s (%s) ...", shown, version)
			log.dpkg("remove %s %s <none>", qualified(name, arch), version)
		}
		for _, p := range slices.Backward(listed) {
			n, err := r.FS.Lstat(p)
			if err != nil || conf[p] && !purge {
				continue
			}
			if n.Target != "" && r.FS.IsDir(p) && r.shared(p, base+".list") {
				continue // a link in the place of a folder that others list, such as /lib
			}
			if r.FS.IsDir(p) && n.Target == "" {
				if n.Len() > 0 || r.shared(p, base+".list") {
					continue
				}
				if children, err := r.FS.ReadDir(p); err == nil && len(children) == 0 && p != "/" {
					r.attempt(r.FS.Remove(p))
				}
				continue
			}
			if strings.Contains(p, ".so") {
				libraries = true
			}
			if strings.HasSuffix(p, ".py") {
				r.dropCompiled(p)
			}
			r.attempt(r.FS.Remove(p))
		}
		r.dropAlternatives(listed)
		r.dropInfo(base, len(conf) > 0 && !purge)
		if have != nil {
			r.Record(report.Event{Kind: "remove", Tool: "apt", Name: name, Version: version})
		}
		if len(conf) > 0 && !purge && have != nil {
			for _, p := range db.paragraphs {
				if p.Name == name {
					db.set(name, strings.Replace(p.Text, "Status: install ok installed", "Status: deinstall ok config-files", 1))
				}
			}
			log.dpkg("status config-files %s %s", qualified(name, arch), version)
		} else {
			if purge {
				r.say(log, "Purging configuration files for %s (%s) ...", name, version)
				log.dpkg("purge %s %s <none>", qualified(name, arch), version)
			}
			db.drop(name)
			log.dpkg("status not-installed %s <none>", qualified(name, arch))
		}
		delete(db.auto, name)
	}
	r.touch("/var/lib/dpkg/triggers/Lock", 0o600)
	r.touch("/var/lib/dpkg/lock", 0o640)
	r.writeStatus()
	if libraries {
		r.trigger("libc-bin", log)
		if _, err := r.Child("ldconfig").Exec(r.ctx); err != nil {
			r.Errorf("ldconfig: %v", err)
		}
	}
}

// shared reports whether a folder is one that some package that stays lists too: dpkg leaves those.
func (r *run) shared(p string, but string) bool {
	if strings.Count(p, "/") == 1 {
		return true
	}
	names, err := r.FS.ReadDir(infoDir)
	if err != nil {
		return false
	}
	line := []byte(p + "\n")
	for _, name := range names {
		if !strings.HasSuffix(name, ".list") || infoDir+"/"+name == but {
			continue
		}
		b, err := r.FS.ReadFile(infoDir + "/" + name)
		if err != nil {
			continue
		}
		if i := bytes.Index(b, line); i == 0 || i > 0 && b[i-1] == '\n' {
			return true
		}
	}
	return false
}

// listedFiles reads a package's list; base is how the names of its control files begin.
func (r *run) listedFiles(name string) (paths []string, base string) {
	base = path.Join(infoDir, name)
	if !r.FS.Exists(base+".list") && r.FS.Exists(base+":"+r.Arch+".list") {
		base += ":" + r.Arch
	}
	b, err := r.FS.ReadFile(base + ".list")
	if err != nil {
		return nil, base
	}
	for line := range strings.Lines(string(b)) {
		if p := strings.TrimSpace(line); p != "/." && p != "" {
			paths = append(paths, p)
		}
	}
	return paths, base
}

func (r *run) listedConffiles(base string) map[string]bool {
	out := map[string]bool{}
	if b, err := r.FS.ReadFile(base + ".conffiles"); err == nil {
		for _, p := range strings.Fields(string(b)) {
			out[p] = true
		}
	}
	return out
}

// dropInfo removes a package's control files; list and postrm stay where configuration does.
func (r *run) dropInfo(base string, keep bool) {
	prefix := path.Base(base) + "."
	r.sweep(infoDir, func(n string) bool {
		return strings.HasPrefix(n, prefix) && !strings.Contains(strings.TrimPrefix(n, prefix), ".") && !(keep && (n == prefix+"list" || n == prefix+"postrm"))
	})
}

// dropCompiled removes the bytecode of a module.
func (r *run) dropCompiled(p string) {
	cache := path.Join(path.Dir(p), "__pycache__")
	prefix := strings.TrimSuffix(path.Base(p), ".py") + ".cpython-"
	r.sweep(cache, func(n string) bool { return strings.HasPrefix(n, prefix) })
	if names, err := r.FS.ReadDir(cache); err == nil && len(names) == 0 {
		r.attempt(r.FS.Remove(cache))
	}
}

// dropAlternatives removes the links to programs that are gone.
func (r *run) dropAlternatives(gone []string) {
	names, err := r.FS.ReadDir("/etc/alternatives")
	if err != nil {
		return
	}
	for _, n := range names {
		through := "/etc/alternatives/" + n
		to, err := r.FS.Readlink(through)
		if err != nil || !slices.Contains(gone, to) {
			continue
		}
		r.attempt(r.FS.Remove(through))
		for _, dir := range []string{"/usr/bin/", "/bin/", "/usr/sbin/"} {
			if back, err := r.FS.Readlink(dir + n); err == nil && back == through {
				r.attempt(r.FS.Remove(dir + n))
			}
		}
		if r.FS.Exists("/var/lib/dpkg/alternatives/" + n) {
			r.attempt(r.FS.Remove("/var/lib/dpkg/alternatives/" + n))
		}
	}
}
