package debian

import (
	"fmt"
	"path"
	"strconv"
	"strings"
	"sync"

	"drydock/grader/catalogue/listing"
	"drydock/grader/tree"
)

// Contents is what a package holds.
type Contents struct {
	Recorded bool // read from the package itself; otherwise composed
	ModTime  int64
	Flags    map[string]bool  // what its scripts do: "ldconfig", "py3compile", "update-ca-certificates", "same" (Multi-Arch), …
	Control  []listing.Entry  // control files, by name
	Files    []listing.Entry  // in the order of the archive
	names    map[string]int64 // control file → size

	once  sync.Once
	id    string
	nodes []*tree.Node
}

// Nodes returns what [Contents.Files] stand for, to be shared: nil for hard links.
func (c *Contents) Nodes() []*tree.Node {
	c.once.Do(func() {
		c.nodes = make([]*tree.Node, len(c.Files))
		for i, e := range c.Files {
			c.nodes[i] = e.Node(c.id, c.ModTime)
		}
	})
	return c.nodes
}

// Has reports whether there is a control file of that name.
func (c *Contents) Has(control string) bool { _, ok := c.names[control]; return ok }

// Contents returns the files of a package as built for an architecture.
func (r *Release) Contents(p *Package, arch string) *Contents {
	key := p.Name + " " + arch
	if v, ok := r.known.Load(key); ok {
		return v.(*Contents)
	}
	c := r.read(p, arch)
	if c == nil {
		c = compose(p, arch)
	}
	c.id = "deb:" + p.Name + "_" + p.Version + "_" + arch
	c.names = map[string]int64{}
	for _, e := range c.Control {
		c.names[e.Path] = e.Size
	}
	v, _ := r.known.LoadOrStore(key, c)
	return v.(*Contents)
}

func (r *Release) read(p *Package, arch string) *Contents {
	text, err := r.files().Get(p.Name)
	if err != nil {
		panic(err)
	}
	if text == nil {
		return nil
	}
	head, rest, _ := strings.Cut(string(text), "\n")
	f := strings.Fields(head)
	if len(f) < 2 {
		panic(fmt.Sprintf("debian: bad head of %s: %q", p.Name, head))
	}
	c := &Contents{Recorded: true, Flags: map[string]bool{}}
	seconds, err := strconv.ParseInt(f[1], 10, 64)
	if err != nil {
		panic(err)
	}
	c.ModTime = seconds * 1e9
	for _, flag := range f[2:] {
		c.Flags[flag] = true
	}
	err = listing.Parse([]byte(rest), func(e listing.Entry) error {
		if name, ok := strings.CutPrefix(e.Path, "control/"); ok {
			e.Path = name
			c.Control = append(c.Control, e)
			return nil
		}
		e = e.ForArch(arch)
		if e.Facts["program"] != "" {
			e.Facts["package"] = "deb:" + p.Name
		}
		c.Files = append(c.Files, e)
		return nil
	})
	if err != nil {
		panic(err)
	}
	return c
}

// compose makes up plausible files of the right total size: a library for lib…, headers for …-dev, a module for python3-…, a program
// for what stands in a section of programs, data for the rest.
func compose(p *Package, arch string) *Contents {
	c := &Contents{ModTime: 1700000000 * 1e9, Flags: map[string]bool{}}
	triplet := "x86_64-linux-gnu"
	if arch == "arm64" {
		triplet = "aarch64-linux-gnu"
	}
	rest := max(p.Installed*1024-12<<10, 1024)
	seen := map[string]bool{}
	var add func(e listing.Entry)
	add = func(e listing.Entry) {
		if dir := path.Dir(e.Path); dir != "/" && !seen[dir] {
			seen[dir] = true
			add(listing.Entry{Type: 'd', Mode: 0o755, Path: dir})
		}
		if e.Type == 0 {
			e.Type = 'f'
		}
		if e.Mode == 0 {
			e.Mode = 0o644
		}
		c.Files = append(c.Files, e)
	}
	short := strings.TrimPrefix(p.Name, "lib")
	binary := func(program string) map[string]string {
		f := map[string]string{"program": program, "elf": "dynamic", "arch": arch, "interp": "/lib64/ld-linux-x86-64.so.2", "needs": "libc.so.6", "package": "deb:" + p.Name, "version": upstreamOf(p.Version)}
		if arch == "arm64" {
			f["interp"] = "/lib/ld-linux-aarch64.so.1"
		}
		return f
	}
	switch {
	case strings.HasSuffix(p.Name, "-dev"):
		add(listing.Entry{Path: "/usr/include/" + strings.TrimSuffix(short, "-dev") + "/headers.bundle", Size: rest})
	case strings.HasPrefix(p.Name, "python3-"):
		add(listing.Entry{Path: "/usr/lib/python3/dist-packages/" + strings.ReplaceAll(strings.TrimPrefix(p.Name, "python3-"), "-", "_") + "/__init__.py", Size: rest})
		c.Flags["py3compile"] = true
	case strings.HasPrefix(p.Name, "fonts-"):
		add(listing.Entry{Path: "/usr/share/fonts/truetype/" + strings.TrimPrefix(p.Name, "fonts-") + "/fonts.bundle", Size: rest})
	case strings.HasPrefix(p.Name, "lib") && !p.All:
		stem := strings.TrimRight(short, "0123456789.-")
		version := strings.Trim(short[len(stem):], "-.")
		if version == "" {
			version = "1"
		}
		so := "lib" + stem + ".so." + version
		add(listing.Entry{Path: "/usr/lib/" + triplet + "/" + so, Size: rest, Facts: map[string]string{"elf": "dynamic", "arch": arch}})
		c.Flags["ldconfig"] = true
	case p.All || p.Section == "libs" || p.Section == "doc" || p.Section == "metapackages" || strings.HasPrefix(p.Name, "lib"):
		if p.Installed > 20 {
			add(listing.Entry{Path: "/usr/share/" + p.Name + "/data.bundle", Size: rest})
		}
	default:
		size := min(rest, 2<<20)
		add(listing.Entry{Path: "/usr/bin/" + p.Name, Mode: 0o755, Size: size, Facts: binary(p.Name)})
		if rest > size {
			add(listing.Entry{Path: "/usr/lib/" + p.Name + "/data.bundle", Size: rest - size})
		}
	}
	add(listing.Entry{Path: "/usr/share/doc/" + p.Name + "/changelog.Debian.gz", Size: 2400})
	add(listing.Entry{Path: "/usr/share/doc/" + p.Name + "/copyright", Size: 3200})
	c.Control = []listing.Entry{{Type: 'k', Path: "control", Data: []byte(paragraph(p, arch))}, {Type: 'f', Path: "md5sums", Size: int64(70 * len(c.Files))}}
	return c
}

// paragraph is a package's control file, as far as the index knows it.
func paragraph(p *Package, arch string) string {
	var b strings.Builder
	line := func(k, v string) {
		if v != "" {
			fmt.Fprintf(&b, "%s: %s\n", k, v)
		}
	}
	line("Package", p.Name)
	line("Source", p.Source)
	line("Version", p.Version)
	line("Architecture", p.Arch(arch))
	line("Installed-Size", strconv.FormatInt(p.Installed, 10))
	line("Pre-Depends", p.PreDepends)
	line("Depends", p.Depends)
	line("Recommends", p.Recommends)
	line("Conflicts", p.Conflicts)
	line("Provides", p.Provides)
	line("Section", p.Section)
	line("Priority", p.Priority)
	line("Description", p.Name)
	return b.String()
}

// upstreamOf is a version without epoch and revision.
func upstreamOf(v string) string {
	_, u, _ := splitVersion(v)
	u, _, _ = strings.Cut(u, "+")
	u, _, _ = strings.Cut(u, "~")
	return u
}
