package catalogue

import (
	"path"
	"slices"
	"strings"

	"drydock/grader/catalogue/debian"
	"drydock/grader/tree"
)

// packagesFor lists the Debian packages that bring the tools an image is known to have.
func packagesFor(tools []string) []string {
	var out []string
	full := slices.Contains(tools, "autoconf") && slices.Contains(tools, "convert")
	for line := range strings.Lines(string(mustRead("toolpackages.txt"))) {
		f := strings.Fields(line)
		if len(f) < 2 || f[0] == "#" {
			continue
		}
		if slices.Contains(tools, f[0]) || f[0] == "buildpack" && full {
			out = append(out, f[1:]...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// withPackages returns a Debian tree with packages installed, as their files were recorded.
func (c *Catalogue) withPackages(base *tree.Node, suite, arch string, slim bool, names []string) *tree.Node {
	key := strings.Join(append([]string{"packages", suite, arch}, names...), " ")
	if slim {
		key += " slim"
	}
	return c.share(key, func() *tree.Node {
		release := debian.Open(suite)
		v := &canvas{Txn: tree.Begin(base), arch: arch}
		state, paragraphs := debian.ParseStatus(v.text("/var/lib/dpkg/status"))
		var asked []*debian.Package
		for _, n := range names {
			if p := release.Package(n); p != nil {
				asked = append(asked, p)
			} else if of := release.Providers(n); len(of) > 0 {
				asked = append(asked, release.Package(of[0]))
			}
		}
		plan := release.Plan(state, asked, false)
		for _, p := range plan.Install {
			contents := release.Contents(p, arch)
			v.install(p, contents, slim)
			for _, e := range contents.Control {
				if e.Path == "control" {
					paragraphs = append(paragraphs, debian.Paragraph{Name: p.Name, Text: debian.StatusParagraph(string(e.Data), "install ok installed")})
				}
			}
		}
		slices.SortFunc(paragraphs, func(a, b debian.Paragraph) int { return strings.Compare(a.Name, b.Name) })
		var status strings.Builder
		for _, p := range paragraphs {
			status.WriteString(p.Text + "\n")
		}
		v.write("/var/lib/dpkg/status", status.String(), 0o644)
		if v.Lookup("/usr/share/ca-certificates/mozilla") != nil {
			v.put("/etc/ssl/certs/ca-certificates.crt", tree.NewFile(0o644, tree.Declared(215000, "composed:ca-bundle", nil)))
		}
		for link, target := range map[string]string{"/usr/bin/cc": "gcc", "/usr/bin/c++": "g++", "/usr/bin/python3-config": "python3.11-config"} {
			if v.Lookup(link) == nil && v.Lookup("/usr/bin/"+target) != nil {
				v.put(link, tree.NewSymlink(target))
			}
		}
		return v.Commit()
	})
}

// install puts a package's files; slim leaves out what the slim images' dpkg leaves out.
func (v *canvas) install(p *debian.Package, c *debian.Contents, slim bool) {
	nodes := c.Nodes()
	dirs := map[string]string{} // folder → where it really is
	var list strings.Builder
	list.WriteString("/.\n")
	for i, e := range c.Files {
		list.WriteString(e.Path + "\n")
		if slim && documentation(e.Path) {
			continue
		}
		dir := path.Dir(e.Path)
		real, ok := dirs[dir]
		if !ok {
			real = v.real(dir + "/x")
			real = real[:len(real)-2]
			if real == "" {
				real = "/"
			}
			v.mkdir(real)
			dirs[dir] = real
		}
		at := path.Join(real, path.Base(e.Path))
		old := v.Lookup(at)
		switch {
		case e.Type == 'd':
			if old == nil {
				v.Set(at, nodes[i])
			}
		case e.Type == 'h':
			if target := v.Lookup(v.real(e.Target)); target != nil {
				v.Set(at, tree.NewSymlink(e.Target)) // one file under two names: a link weighs the same
			}
		case old.IsDir():
		default:
			v.Set(at, nodes[i])
		}
	}
	stem := "/var/lib/dpkg/info/" + p.Name
	if c.Flags["same"] {
		stem += ":" + v.arch
	}
	v.write(stem+".list", list.String(), 0o644)
}

// documentation reports whether the slim images leave a path out.
func documentation(p string) bool {
	for _, dir := range []string{"/usr/share/man/", "/usr/share/info/", "/usr/share/locale/", "/usr/share/linda/", "/usr/share/lintian/overrides/"} {
		if strings.HasPrefix(p, dir) {
			return true
		}
	}
	return strings.HasPrefix(p, "/usr/share/doc/") && path.Base(p) != "copyright" && path.Ext(p) != ""
}

// weigh sums up the sizes of files, those with several names once.
func weigh(root *tree.Node) int64 {
	total := root.Totals().Bytes
	seen := map[uint64]bool{}
	root.Walk("/", func(_ string, n *tree.Node) bool {
		if n.Inode != 0 {
			if seen[n.Inode] {
				total -= n.Size()
			}
			seen[n.Inode] = true
		}
		return true
	})
	return total
}
