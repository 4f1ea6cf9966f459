package apt

import (
	"fmt"
	"path"
	"strings"

	"drydock/grader/catalogue/debian"
	"drydock/grader/report"
	"drydock/grader/tree"
)

// update fetches the lists of all sources.
func (r *run) update() int {
	r.estimate()
	if len(r.sources) == 0 {
		r.Printf("Reading package lists...\n")
		return 0
	}
	if r.Offline {
		return r.updateOffline()
	}
	quiet := r.conf.get("quiet") == "2"
	r.lists()
	var total int64
	n := 0
	line := func(verb string, s source, what string, size int64) {
		n++
		if quiet {
			return
		}
		text := ""
		if verb == "Get" {
			text = " [" + sizeText(size) + "B]"
		}
		r.Printf("%s:%d %s %s%s\n", verb, n, strings.TrimSuffix(s.uri, "/"), what, text)
	}
	type part struct {
		s       source
		stored  []int64
		fetched []int64
	}
	moved := r.Stale != nil && r.Stale("apt")
	var parts []part
	unknown := 0
	for _, s := range r.sources {
		list := r.listOf(s)
		name := path.Join("/var/lib/apt/lists", s.prefix()+"InRelease")
		verb := "Get"
		if r.FS.Exists(name) && r.fetched(s) && !(moved && !r.fresh(name)) {
			verb = "Hit"
		}
		line(verb, s, s.suite+" InRelease", list.Release)
		if verb == "Hit" {
			continue
		}
		total += list.Release
		r.put(name, tree.NewFile(0o644, tree.Declared(list.Release, r.id("release", s, moved), r.generation(moved))))
		p := part{s: s}
		for i := range s.components {
			stored, fetched := list.Stored, list.Fetched
			if i > 0 { // contrib, non-free and the like are small
				stored, fetched = 400e3, 190e3
			}
			p.stored, p.fetched = append(p.stored, stored), append(p.fetched, fetched)
		}
		parts = append(parts, p)
		if !s.known() {
			unknown++
		}
	}
	ext := ""
	if r.conf.flag("Acquire::GzipIndexes") {
		ext = ".lz4"
	}
	for _, p := range parts {
		for i, component := range p.s.components {
			line("Get", p.s, fmt.Sprintf("%s/%s %s Packages", p.s.suiteName(), component, r.Arch), p.fetched[i])
			total += p.fetched[i]
			size := p.stored[i]
			if ext == "" {
				size = size * 266 / 100
			}
			file := p.s.prefix() + component + "_binary-" + r.Arch + "_Packages" + ext
			r.put(path.Join("/var/lib/apt/lists", file), tree.NewFile(0o644, tree.Declared(size, r.id(component, p.s, moved), r.generation(moved))))
			r.Record(report.Event{Kind: "download", Tool: "apt", Name: "package list of " + p.s.suite, Bytes: p.fetched[i]})
		}
	}
	if total > 0 && !quiet {
		seconds := max(1, total/8_000_000)
		r.Printf("Fetched %sB in %ds (%sB/s)\n", sizeText(total), seconds, sizeText(total/seconds))
	}
	if unknown > 0 {
		r.Note(report.Note{Kind: "unknown", Text: "Drydock does not know what the package sources other than Debian's hold: their lists are estimates."})
	}
	r.cacheFiles()
	if !quiet {
		r.Printf("Reading package lists...\n")
	}
	return 0
}

func (s source) suiteName() string { return strings.TrimSuffix(s.suite, "/") }

// updateOffline is update without a network: a warning, old lists stay.
func (r *run) updateOffline() int {
	r.lists()
	for i, s := range r.sources {
		host := hostOf(s.uri)
		r.Printf("Ign:%d %s %s InRelease\n", i+1, strings.TrimSuffix(s.uri, "/"), s.suite)
		defer r.Errorf("W: Failed to fetch %s/dists/%s/InRelease  Temporary failure resolving '%s'", strings.TrimSuffix(s.uri, "/"), s.suite, host)
	}
	for i, s := range r.sources {
		r.Printf("Err:%d %s %s InRelease\n  Temporary failure resolving '%s'\n", i+1, strings.TrimSuffix(s.uri, "/"), s.suite, hostOf(s.uri))
	}
	r.Printf("Reading package lists...\n")
	defer r.Errorf("W: Some index files failed to download. They have been ignored, or old ones used instead.")
	return 0
}

func hostOf(uri string) string {
	_, rest, ok := strings.Cut(uri, "://")
	if !ok {
		rest = uri
	}
	host, _, _ := strings.Cut(rest, "/")
	return host
}

// lists makes the folders and the lock that apt keeps its lists in.
func (r *run) lists() {
	r.folder("/var/lib/apt/lists", 0o755, 0)
	r.folder("/var/lib/apt/lists/partial", 0o700, 42)
	r.folder("/var/lib/apt/lists/auxfiles", 0o755, 42)
	r.touch("/var/lib/apt/lists/lock", 0o640)
}

// folder makes a folder with that owner, or gives an existing one to it.
func (r *run) folder(p string, mode uint32, uid int) {
	if err := r.FS.MkdirAll(p, 0o755); err != nil {
		return
	}
	n, err := r.FS.Lstat(p)
	if err != nil || n.UID == uid && n.Mode == mode {
		return
	}
	r.attempt(r.FS.Chmod(p, mode))
	r.attempt(r.FS.Chown(p, uid, -1, true))
}

// touch opens a file as a lock is opened: made where it is missing, its time set.
func (r *run) touch(p string, mode uint32) {
	if r.FS.Exists(p) {
		r.attempt(r.FS.Chtimes(p, r.FS.Now()))
		return
	}
	r.attempt(r.FS.WriteFile(p, nil, 0o666))
	r.attempt(r.FS.Chmod(p, mode))
}

// attempt reports an error of the filesystem: apt's own files could not be written.
func (r *run) attempt(err error) {
	if err != nil {
		r.Errorf("E: %v", err)
	}
}

// put writes a file as the program itself does, with root's ownership and the time of now.
func (r *run) put(p string, n *tree.Node) {
	n.ModTime = r.FS.Now()
	r.attempt(r.FS.Graft(p, n))
}

// generation marks lists that were fetched after the indexes moved on.
func (r *run) generation(moved bool) map[string]string {
	if moved {
		return map[string]string{"kind": "moved-list"}
	}
	return map[string]string{"kind": "list"}
}

func (r *run) fresh(name string) bool {
	c, err := r.FS.Content(name)
	return err == nil && c.Fact("kind") == "moved-list"
}

func (r *run) id(what string, s source, moved bool) string {
	return fmt.Sprintf("apt-list:%s %s %s %v", s.uri, s.suite, what, moved)
}

// listOf returns the sizes of a source's lists.
func (r *run) listOf(s source) debian.List {
	want := s.pocket
	if want == "" {
		want = "main"
	}
	if s.known() {
		for _, l := range debian.Open(s.release).Lists() {
			if l.Pocket == want {
				return l
			}
		}
	}
	return debian.List{Release: 12600, Fetched: 14000, Stored: 42000}
}

// cacheFiles writes the binary caches, unless the configuration turns them off as Docker's images do.
func (r *run) cacheFiles() {
	if r.runsClean("APT::Update::Post-Invoke") {
		return
	}
	for _, name := range []string{"pkgcache", "srcpkgcache"} {
		if v, ok := r.conf.values["dir::cache::"+name]; ok && v == "" {
			continue
		}
		if r.FS.IsDir("/var/cache/apt") {
			r.put("/var/cache/apt/"+name+".bin", tree.NewFile(0o644, tree.Declared(46e6, "apt:"+name, nil)))
		}
	}
}

// runsClean reports whether a hook takes away the archives, as docker-clean's do.
func (r *run) runsClean(hook string) bool {
	for _, cmd := range r.conf.lists[strings.ToLower(hook)] {
		if strings.Contains(cmd, "/var/cache/apt/archives/*.deb") || strings.Contains(cmd, "apt-get clean") {
			return true
		}
	}
	return false
}

// sizeText writes a number of bytes as apt does: "188 k", "1239 k", "19.9 M".
func sizeText(n int64) string {
	v := float64(n)
	for i, unit := range []string{"", "k", "M", "G", "T"} {
		if v < 100 && i > 0 {
			return fmt.Sprintf("%.1f %s", v, unit)
		}
		if v < 10000 {
			return fmt.Sprintf("%.0f %s", v, unit)
		}
		v /= 1000
	}
	return fmt.Sprintf("%.0f P", v)
}
