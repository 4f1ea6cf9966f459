package apt

import (
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"drydock/grader/catalogue/debian"
	"drydock/grader/report"
	"drydock/grader/tree"
)

// install is apt-get install.
func (r *run) install(operands []string, again bool) int {
	db := r.state()
	r.Printf("Reading package lists...\nBuilding dependency tree...\n")
	r.estimate()
	var wanted []*debian.Package
	var gone, manual []string
	missing := 0
	installed := func(name string) {
		if !again {
			r.Printf("%s is already the newest version (%s).\n", name, db.state[name].Version)
		}
		if db.auto[name] {
			delete(db.auto, name)
			manual = append(manual, name)
		}
	}
	var files []string
	requests := expandPatterns(r, operands)
	var messages []func()
	for _, op := range requests {
		if strings.HasPrefix(op, "./") || strings.HasPrefix(op, "/") {
			if !r.FS.Exists(op) {
				missing++
				messages = append(messages, func() { r.Errorf("E: Unsupported file %s given on commandline", op) })
				continue
			}
			files = append(files, op)
			continue
		}
		name := op
		if base, ok := strings.CutSuffix(op, "-"); ok && r.candidate(op) == nil {
			gone = append(gone, base)
			continue
		}
		name = strings.TrimSuffix(name, "+")
		if name != op && r.candidate(op) != nil {
			name = op
		}
		name, version, pinned := strings.Cut(name, "=")
		name, _, _ = strings.Cut(name, "/")
		base, foreign, qualified := strings.Cut(name, ":")
		if qualified && (foreign == r.Arch || foreign == "any" || foreign == "all") {
			name = base
		}
		p := r.candidate(name)
		if p == nil {
			if have := db.state[name]; have != nil && !pinned {
				messages = append(messages, func() { installed(name) })
				continue
			}
			missing++
			messages = append(messages, func() { r.unlocatable(name) })
			continue
		}
		if p.Name != name {
			messages = append(messages, func() { r.Printf("Note, selecting '%s' instead of '%s'\n", p.Name, name) })
		}
		if pinned {
			q := r.version(p.Name, version)
			if q == nil {
				missing++
				messages = append(messages, func() { r.Errorf("E: Version '%s' for '%s' was not found", version, p.Name) })
				continue
			}
			p = q
		}
		if have := db.state[p.Name]; have != nil && !again && (have.Version == p.Version || !pinned && debian.CompareVersions(have.Version, p.Version) >= 0) {
			messages = append(messages, func() { installed(p.Name) })
			continue
		}
		if r.conf.flag("APT::Get::Only-Upgrade") && db.state[p.Name] == nil {
			continue
		}
		wanted = append(wanted, p)
	}
	if missing == 0 || r.FS.Exists(extendedFile) {
		r.readingState()
	}
	for _, m := range messages {
		m()
	}
	if missing > 0 {
		return 100
	}
	for _, name := range manual {
		r.Printf("%s set to manually installed.\n", name)
	}
	for _, p := range files {
		local := localPackage(r, p)
		if local == nil {
			return r.fail("Unsupported file %s given on commandline", p)
		}
		wanted = append(wanted, local)
	}
	plan := r.index.Plan(db.state, wanted, !r.conf.off("APT::Install-Recommends"))
	if again {
		for _, p := range wanted {
			if db.state[p.Name] != nil && !slices.ContainsFunc(plan.Upgrade, func(q *debian.Package) bool { return q.Name == p.Name }) {
				plan.Upgrade = append(plan.Upgrade, p)
			}
		}
	}
	if len(plan.Broken) > 0 {
		return r.unmet(plan)
	}
	plan.Remove = append(plan.Remove, gone...)
	return r.carryOut(plan, len(manual) > 0)
}

// expandPatterns replaces globs and regular expressions by the names they match, as apt does where no package has that very name.
func expandPatterns(r *run, operands []string) []string {
	var out []string
	for _, op := range operands {
		if !strings.ContainsAny(op, "*?[") || strings.ContainsAny(op, "/=") {
			out = append(out, op)
			continue
		}
		prefix := op[:strings.IndexAny(op, "*?[")]
		found := false
		for _, name := range r.index.Names(prefix, 400) {
			if ok, err := path.Match(op, name); err == nil && ok && r.candidate(name) != nil {
				out = append(out, name)
				found = true
			}
		}
		if !found {
			out = append(out, op)
		}
	}
	return out
}

// candidate returns the package that would be installed for a name: of that name, or the only one that provides it. Without lists there is none.
func (r *run) candidate(name string) *debian.Package {
	for _, p := range r.index.Versions(name) {
		if r.available(p.Pocket) {
			return &p
		}
	}
	if providers := r.index.Providers(name); len(providers) == 1 && r.available("") {
		return r.index.Package(providers[0])
	}
	return nil
}

// version returns a package of that version; a version may end in *.
func (r *run) version(name, version string) *debian.Package {
	for _, p := range r.index.Versions(name) {
		ok := p.Version == version
		if prefix, glob := strings.CutSuffix(version, "*"); glob {
			ok = strings.HasPrefix(p.Version, prefix)
		}
		if ok && r.available(p.Pocket) {
			return &p
		}
	}
	return nil
}

// unlocatable says why a name cannot be installed.
func (r *run) unlocatable(name string) {
	if providers := r.index.Providers(name); len(providers) > 0 && r.available("") {
		r.Printf("Package %s is a virtual package provided by:\n", name)
		for _, p := range providers {
			r.Printf("  %s %s\n", p, r.index.Package(p).Version)
		}
		r.Printf("You should explicitly select one to install.\n\n")
		r.Errorf("E: Package '%s' has no installation candidate", name)
		return
	}
	if strings.Contains(name, ".") && r.available("") {
		r.Errorf("E: Unable to locate package %s", name)
		r.Errorf("E: Couldn't find any package by glob '%s'", name)
		return
	}
	r.Errorf("E: Unable to locate package %s", name)
}

// unmet prints what cannot be satisfied.
func (r *run) unmet(plan *debian.Plan) int {
	r.Printf("Some packages could not be installed. This may mean that you have\nrequested an impossible situation or if you are using the unstable\ndistribution that some required packages have not yet been created\n" +
		"or been moved out of Incoming.\nThe following information may help to resolve the situation:\n\nThe following packages have unmet dependencies:\n")
	for _, u := range plan.Broken {
		r.Printf(" %s : %s: %s %s\n", u.Package, u.Kind, u.Want, u.Why)
	}
	return r.fail("Unable to correct problems, you have held broken packages.")
}

// carryOut says what a plan comes to, asks, downloads, unpacks and configures.
func (r *run) carryOut(plan *debian.Plan, marked bool) int {
	db := r.state()
	var names, extra []string
	var download, space int64
	all := append(slices.Clone(plan.Install), plan.Upgrade...)
	for _, p := range plan.Install {
		names = append(names, p.Name)
		if !plan.Asked[p.Name] {
			extra = append(extra, p.Name)
		}
		space += p.Installed << 10
	}
	var upgraded []string
	for _, p := range plan.Upgrade {
		upgraded = append(upgraded, p.Name)
		space += p.Installed<<10 - db.state[p.Name].Size<<10
	}
	removed := slices.DeleteFunc(slices.Clone(plan.Remove), func(n string) bool { return db.state[n] == nil })
	for _, n := range removed {
		space -= db.state[n].Size << 10
	}
	unneeded := r.unneededNow()
	if len(unneeded) > 0 && len(removed) == 0 {
		r.announce("The following packages were automatically installed and are no longer required:", unneeded)
		r.Printf("Use 'apt autoremove' to remove them.\n")
	}
	r.announce("The following additional packages will be installed:", extra)
	r.announce("The following packages will be REMOVED:", removed)
	r.announce("The following NEW packages will be installed:", names)
	r.announce("The following packages will be upgraded:", upgraded)
	r.Printf("%d upgraded, %d newly installed, %d to remove and %d not upgraded.\n", len(upgraded), len(names), len(removed), max(0, r.outdated()-len(upgraded)))
	if len(all) == 0 && len(removed) == 0 {
		if marked {
			r.writeExtended()
		}
		return 0
	}
	if r.conf.flag("APT::Get::Simulate") {
		for _, p := range all {
			r.Printf("Inst %s (%s Debian:%s [%s])\n", p.Name, p.Version, r.index.Suite, p.Arch(r.Arch))
		}
		for _, p := range all {
			r.Printf("Conf %s (%s Debian:%s [%s])\n", p.Name, p.Version, r.index.Suite, p.Arch(r.Arch))
		}
		return 0
	}
	var missing []*debian.Package
	for _, p := range all {
		if !r.FS.Exists(archivePath(p, r.Arch)) {
			download += p.Size
			missing = append(missing, p)
		}
	}
	total := int64(0)
	for _, p := range all {
		total += p.Size
	}
	switch {
	case download == total && total > 0:
		r.Printf("Need to get %sB of archives.\n", sizeText(download))
	case total > 0:
		r.Printf("Need to get %sB/%sB of archives.\n", sizeText(download), sizeText(total))
	}
	if space < 0 {
		r.Printf("After this operation, %sB disk space will be freed.\n", sizeText(-space))
	} else {
		r.Printf("After this operation, %sB of additional disk space will be used.\n", sizeText(space))
	}
	if len(extra) > 0 || len(removed) > 0 || len(plan.Upgrade) > 0 {
		if status, stop := r.ask(); stop {
			return status
		}
	}
	if status := r.fetch(all, missing); status != 0 {
		return status
	}
	if r.conf.flag("APT::Get::Download-Only") {
		r.Printf("Download complete and in download only mode\n")
		return 0
	}
	r.unpack(plan, removed)
	return 0
}

// unneededNow lists what autoremove would take away as things are.
func (r *run) unneededNow() []string {
	if len(r.db.auto) == 0 {
		return nil
	}
	return r.db.state.Unneeded(r.db.auto)
}

// announce prints a heading and names, wrapped as apt does in a terminal of 80 columns.
func (r *run) announce(heading string, names []string) {
	if len(names) == 0 {
		return
	}
	slices.Sort(names)
	r.Printf("%s\n", heading)
	line := " "
	for _, n := range names {
		if len(line)+1+len(n) > 79 && line != " " {
			r.Printf("%s\n", line)
			line = " "
		}
		line += " " + n
	}
	r.Printf("%s\n", line)
}

// ask puts apt's question, unless it was answered beforehand.
func (r *run) ask() (status int, stop bool) {
	switch {
	case r.conf.flag("APT::Get::Assume-Yes") || r.conf.get("quiet") == "2":
		return 0, false
	case r.conf.flag("APT::Get::Assume-No"):
		r.Printf("Do you want to continue? [Y/n] N\nAbort.\n")
		return 1, true
	}
	r.Printf("Do you want to continue? [Y/n] ")
	answer := ""
	if r.Stdin != nil {
		b := make([]byte, 1)
		for len(answer) < 1024 {
			n, err := r.Stdin.Read(b)
			if n > 0 {
				answer += string(b)
				if b[0] == '\n' {
					break
				}
			}
			if err != nil {
				if err == io.EOF && answer == "" {
					r.Printf("Abort.\n")
					return 1, true
				}
				break
			}
		}
	}
	if answer == "" {
		r.Printf("Abort.\n")
		return 1, true
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "", "y", "yes":
		return 0, false
	}
	r.Printf("Abort.\n")
	return 1, true
}

// outdated counts the packages that a newer version is there for.
func (r *run) outdated() int { return len(r.newer()) }

func (r *run) newer() []*debian.Package {
	if !r.available("") {
		return nil
	}
	var out []*debian.Package
	for name, have := range r.db.state {
		if p := r.candidate(name); p != nil && p.Name == name && debian.CompareVersions(p.Version, have.Version) > 0 {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b *debian.Package) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// archivePath is where apt keeps a package's file.
func archivePath(p *debian.Package, arch string) string {
	return "/var/cache/apt/archives/" + archiveName(p, arch)
}

func archiveName(p *debian.Package, arch string) string {
	return p.Name + "_" + strings.ReplaceAll(p.Version, ":", "%3a") + "_" + p.Arch(arch) + ".deb"
}

// fetch downloads what is missing into the archive folder.
func (r *run) fetch(all, missing []*debian.Package) int {
	r.folder("/var/cache/apt/archives", 0o755, 0)
	r.folder("/var/cache/apt/archives/partial", 0o700, 42)
	r.touch("/var/cache/apt/archives/lock", 0o640)
	if r.Offline && len(missing) > 0 {
		for i, p := range missing {
			url, _ := r.index.Site(p.Pocket)
			r.Printf("Err:%d %s %s/main %s %s %s %s\n  Temporary failure resolving '%s'\n", i+1, url, r.index.Suite, r.Arch, p.Name, p.Arch(r.Arch), p.Version, hostOf(url))
		}
		for _, p := range missing {
			url, _ := r.index.Site(p.Pocket)
			r.Errorf("E: Failed to fetch %s/%s  Temporary failure resolving '%s'", url, poolPath(p, r.Arch), hostOf(url))
		}
		return r.fail("Unable to fetch some archives, maybe run apt-get update or try with --fix-missing?")
	}
	if r.Stale != nil && r.Stale("apt") && len(missing) > 0 && r.outOfDate() {
		return r.notThere(missing)
	}
	var total int64
	for i, p := range missing {
		url, suite := r.index.Site(p.Pocket)
		if r.conf.get("quiet") != "2" {
			r.Printf("Get:%d %s %s/main %s %s %s %s [%sB]\n", i+1, r.mirror(p.Pocket, url), suite, r.Arch, p.Name, p.Arch(r.Arch), p.Version, sizeText(p.Size))
		}
		total += p.Size
		r.put(archivePath(p, r.Arch), tree.NewFile(0o644, archive(p, r.Arch)))
	}
	for _, p := range all {
		kind, bytes := "cache-hit", int64(0)
		if slices.Contains(missing, p) {
			kind, bytes = "download", p.Size
		}
		r.Record(report.Event{Kind: kind, Tool: "apt", Name: p.Name, Version: p.Version, Bytes: bytes})
	}
	if total > 0 && !r.FS.Exists("/usr/bin/apt-extracttemplates") && !r.hasExtract(all) {
		for _, p := range all {
			if r.index.Contents(p, r.Arch).Has("templates") {
				r.Errorf("debconf: delaying package configuration, since apt-utils is not installed")
				break
			}
		}
	}
	if total > 0 && r.conf.get("quiet") != "2" {
		seconds := total / 20_000_000
		r.Printf("Fetched %sB in %ds (%sB/s)\n", sizeText(total), seconds, sizeText(total/max(1, seconds)))
	}
	return 0
}

func (r *run) hasExtract(all []*debian.Package) bool {
	return slices.ContainsFunc(all, func(p *debian.Package) bool { return p.Name == "apt-utils" })
}

// archive is what a package's file holds.
func archive(p *debian.Package, arch string) *tree.Content {
	return tree.Declared(p.Size, "deb-archive:"+archiveName(p, arch), map[string]string{"kind": "deb", "package": "deb:" + p.Name, "version": p.Version})
}

// mirror is the address of the archive that the sources name for a pocket.
func (r *run) mirror(pocket, otherwise string) string {
	for _, s := range r.sources {
		if s.known() && s.pocket == pocket {
			return strings.TrimSuffix(s.uri, "/")
		}
	}
	return otherwise
}

// outOfDate reports whether the lists are older than the indexes.
func (r *run) outOfDate() bool {
	for _, s := range r.sources {
		if s.known() && r.fetched(s) && !r.fresh("/var/lib/apt/lists/"+s.prefix()+"InRelease") {
			return true
		}
	}
	return false
}

// notThere is what happens with lists of yesterday: the versions they name are gone from the archive.
func (r *run) notThere(missing []*debian.Package) int {
	for i, p := range missing {
		url, suite := r.index.Site(p.Pocket)
		r.Printf("Err:%d %s %s/main %s %s %s %s\n  404  Not Found\n", i+1, url, suite, r.Arch, p.Name, p.Arch(r.Arch), p.Version)
	}
	for _, p := range missing {
		url, _ := r.index.Site(p.Pocket)
		r.Errorf("E: Failed to fetch %s/%s  404  Not Found", url, poolPath(p, r.Arch))
	}
	return r.fail("Unable to fetch some archives, maybe run apt-get update or try with --fix-missing?")
}

// poolPath is where the archive keeps a package.
func poolPath(p *debian.Package, arch string) string {
	source, _, _ := strings.Cut(p.Source, " ")
	if source == "" {
		source = p.Name
	}
	letter := source[:1]
	if strings.HasPrefix(source, "lib") && len(source) > 3 {
		letter = source[:4]
	}
	_, version, ok := strings.Cut(p.Version, ":")
	if !ok {
		version = p.Version
	}
	return fmt.Sprintf("pool/main/%s/%s/%s_%s_%s.deb", letter, source, p.Name, version, p.Arch(arch))
}

// clean empties the archive folder; lists too for distclean.
func (r *run) clean(lists bool) int {
	if r.conf.flag("APT::Get::Simulate") {
		r.Printf("Del /var/cache/apt/archives/* /var/cache/apt/archives/partial/*\nDel /var/lib/apt/lists/partial/*\nDel /var/cache/apt/pkgcache.bin /var/cache/apt/srcpkgcache.bin\n")
		return 0
	}
	r.folder("/var/cache/apt/archives", 0o755, 0)
	r.folder("/var/cache/apt/archives/partial", 0o700, 42)
	r.touch("/var/cache/apt/archives/lock", 0o640)
	r.sweep("/var/cache/apt/archives", func(n string) bool { return strings.HasSuffix(n, ".deb") })
	r.sweep("/var/cache/apt/archives/partial", func(string) bool { return true })
	r.sweep("/var/cache/apt", func(n string) bool { return strings.HasSuffix(n, "pkgcache.bin") })
	if lists {
		r.sweep("/var/lib/apt/lists", func(n string) bool { return strings.Contains(n, "_") })
	}
	return 0
}

// sweep removes the files of a folder that match.
func (r *run) sweep(dir string, match func(string) bool) {
	names, err := r.FS.ReadDir(dir)
	if err != nil {
		return
	}
	for _, n := range names {
		if p := path.Join(dir, n); match(n) && !r.FS.IsDir(p) {
			r.attempt(r.FS.Remove(p))
		}
	}
}

// download is apt-get download: packages into the working directory.
func (r *run) download(operands []string) int {
	for _, name := range operands {
		p := r.candidate(name)
		if p == nil {
			r.unlocatable(name)
			return 100
		}
		url, suite := r.index.Site(p.Pocket)
		r.Printf("Get:1 %s %s/main %s %s %s %s [%sB]\n", url, suite, r.Arch, p.Name, p.Arch(r.Arch), p.Version, sizeText(p.Size))
		r.Record(report.Event{Kind: "download", Tool: "apt", Name: p.Name, Version: p.Version, Bytes: p.Size})
		r.attempt(r.FS.WriteContent(archiveName(p, r.Arch), archive(p, r.Arch), 0o644))
	}
	return 0
}

// localPackage returns the package that a file given by name holds, where it came from the archive.
func localPackage(r *run, p string) *debian.Package {
	c, err := r.FS.Content(p)
	if err != nil || c.Fact("kind") != "deb" {
		return nil
	}
	name := strings.TrimPrefix(c.Fact("package"), "deb:")
	for _, v := range r.index.Versions(name) {
		if v.Version == c.Fact("version") {
			return &v
		}
	}
	return nil
}

// upgrade installs newer versions of what is there.
func (r *run) upgrade() int {
	r.state()
	r.Printf("Reading package lists...\nBuilding dependency tree...\n")
	r.readingState()
	r.Printf("Calculating upgrade...\n")
	r.estimate()
	newer := r.newer()
	plan := r.index.Plan(r.db.state, newer, false)
	return r.carryOut(plan, false)
}
