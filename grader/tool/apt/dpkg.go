package apt

import (
	"context"
	"path"
	"slices"
	"strings"

	"drydock/grader/catalogue/debian"
	"drydock/grader/tool"
)

// dpkg is dpkg: -i, -r, -P, -l, -L, -S, -s, --print-architecture, --configure -a and what asks the same of dpkg-query.
func dpkg(ctx context.Context, c *tool.Call) int {
	action, operands := "", []string{}
	for _, a := range c.Args[1:] {
		switch {
		case a == "--configure" || a == "-a" || a == "--pending" || strings.HasPrefix(a, "--force") || strings.HasPrefix(a, "--no-") || a == "-E" || a == "-G" || strings.HasPrefix(a, "--root"):
			if a == "--configure" {
				action = a
			}
		case strings.HasPrefix(a, "-") && action == "":
			action = a
		case strings.HasPrefix(a, "-"):
		default:
			operands = append(operands, a)
		}
	}
	r := newRun(ctx, c, readConfig(c.FS))
	switch action {
	case "--print-architecture":
		c.Printf("%s\n", c.Arch)
		return 0
	case "--print-foreign-architectures", "--add-architecture", "--remove-architecture", "--configure", "--clear-selections", "--audit", "-C", "--update-avail":
		if action == "--add-architecture" && c.FS.Cred.UID == 0 && len(operands) > 0 {
			r.attempt(c.FS.WriteFile("/var/lib/dpkg/arch", []byte(c.Arch+"\n"+operands[0]+"\n"), 0o644))
		}
		return 0
	case "--version":
		c.Printf("Debian 'dpkg' package management program version %s (%s).\n", c.Program.Fact("version"), c.Arch)
		return 0
	case "-l", "--list", "-L", "--listfiles", "-S", "--search", "-s", "--status", "-W", "--show", "-p":
		return dpkgQuery(ctx, c)
	case "--get-selections":
		db := r.state()
		for _, p := range db.paragraphs {
			c.Printf("%s\t\t\t\t\t\tinstall\n", p.Name)
		}
		return 0
	case "--compare-versions":
		return compareVersions(c, operands)
	case "-c", "--contents", "-I", "--info", "-x", "--extract", "-X", "-e", "--control", "-f", "--field":
		return dpkgDeb(ctx, c)
	case "-i", "--install", "--unpack", "-r", "--remove", "-P", "--purge":
	case "":
		c.Errorf("dpkg: error: need an action option\n\nType dpkg --help for help about installing and deinstalling packages [*];\nUse 'apt' or 'aptitude' for user-friendly package management;\n" +
			"Type dpkg -Dhelp for a list of dpkg debug flag values;\nType dpkg --force-help for a list of forcing options;\nType dpkg-deb --help for help about manipulating *.deb files;\n\n" +
			"Options marked [*] produce a lot of output - pipe it through 'less' or 'more' !")
		return 2
	default:
		c.Errorf("dpkg: error: unknown option %s", action)
		return 2
	}
	if c.FS.Cred.UID != 0 {
		c.Errorf("dpkg: error: requested operation requires superuser privilege")
		return 2
	}
	if len(operands) == 0 {
		c.Errorf("dpkg: error: %s needs at least one package name argument", action)
		return 2
	}
	db := r.state()
	if action == "-i" || action == "--install" || action == "--unpack" {
		return r.installFiles(operands)
	}
	purge := action == "-P" || action == "--purge"
	log := &journal{at: timeOf(c.FS.Now())}
	for _, name := range operands {
		if db.state[name] == nil {
			c.Errorf("dpkg: warning: ignoring request to remove %s which isn't installed", name)
			continue
		}
		if db.state[name].Essential {
			c.Errorf("dpkg: error processing package %s (--remove):\n this is an essential package; it should not be removed\nErrors were encountered while processing:\n %s", name, name)
			return 1
		}
		if others := db.state.Dependents([]string{name}); len(others) > 1 {
			other := others[slices.IndexFunc(others, func(o string) bool { return o != name })]
			c.Errorf("dpkg: dependency problems prevent removal of %s:\n %s depends on %s.\n\ndpkg: error processing package %s (--remove):\n dependency problems - not removing", name, other, name, name)
			c.Errorf("Errors were encountered while processing:\n %s", name)
			return 1
		}
		r.takeAway([]string{name}, purge, log)
	}
	r.writeLogs(&debian.Plan{}, nil, log, false)
	return 0
}

// installFiles is dpkg -i: packages from files, whose dependencies must be there.
func (r *run) installFiles(files []string) int {
	plan := &debian.Plan{Asked: map[string]bool{}}
	for _, f := range files {
		if !r.FS.Exists(f) {
			r.Errorf("dpkg: error: cannot access archive '%s': No such file or directory", f)
			return 2
		}
		p := localPackage(r, f)
		if p == nil {
			c, err := r.FS.Content(f)
			if err == nil && c.Fact("kind") == "" {
				r.Errorf("dpkg-deb: error: '%s' is not a Debian format archive\ndpkg: error processing archive %s (--install):\n dpkg-deb --control subprocess returned error exit status 2\nErrors were encountered while processing:\n %s", path.Base(f), f, f)
				return 1
			}
			r.say(&journal{}, "Unpacking %s ...", f)
			continue
		}
		plan.Asked[p.Name] = true
		plan.Install = append(plan.Install, p)
	}
	have := debian.State{}
	for k, v := range r.db.state {
		have[k] = v
	}
	for _, p := range plan.Install {
		have[p.Name] = &debian.Installed{Version: p.Version, Provides: p.Provides}
	}
	r.unpackOnly(plan)
	for _, p := range plan.Install {
		if others := r.index.Plan(have, []*debian.Package{p}, false); len(others.Install) > 0 {
			r.Errorf("dpkg: dependency problems prevent configuration of %s:\n %s depends on %s; however:\n  Package %s is not installed.\n\ndpkg: error processing package %s (--install):\n dependency problems - leaving unconfigured\nErrors were encountered while processing:\n %s",
				p.Name, p.Name, others.Install[0].Name, others.Install[0].Name, p.Name, p.Name)
			return 1
		}
	}
	return 0
}

// unpackOnly installs without apt's part: no question, no logs of apt.
func (r *run) unpackOnly(plan *debian.Plan) {
	if len(plan.Install) > 0 {
		r.unpack(plan, nil)
	}
}

func compareVersions(c *tool.Call, operands []string) int {
	if len(operands) != 3 {
		c.Errorf("dpkg: error: --compare-versions takes three arguments: <version> <relation> <version>")
		return 2
	}
	d := debian.CompareVersions(operands[0], operands[2])
	ok, known := map[string]bool{"lt": d < 0, "le": d <= 0, "eq": d == 0, "ne": d != 0, "ge": d >= 0, "gt": d > 0, "<<": d < 0, "<=": d <= 0, "=": d == 0, ">=": d >= 0, ">>": d > 0}[operands[1]]
	switch {
	case !known:
		c.Errorf("dpkg: error: --compare-versions bad relation")
		return 2
	case ok:
		return 0
	}
	return 1
}

// dpkgQuery is dpkg-query.
func dpkgQuery(ctx context.Context, c *tool.Call) int {
	r := newRun(ctx, c, readConfig(c.FS))
	db := r.state()
	action, format := "", "${binary:Package}\t${Version}\n"
	var operands []string
	for i := 1; i < len(c.Args); i++ {
		a := c.Args[i]
		switch {
		case a == "-f" || a == "--showformat":
			if i++; i < len(c.Args) {
				format = unescape(c.Args[i])
			}
		case strings.HasPrefix(a, "-f="):
			format = unescape(a[3:])
		case strings.HasPrefix(a, "-f") && len(a) > 2:
			format = unescape(a[2:])
		case strings.HasPrefix(a, "--showformat="):
			format = unescape(strings.TrimPrefix(a, "--showformat="))
		case strings.HasPrefix(a, "-"):
			if action == "" {
				action = a
			}
		default:
			operands = append(operands, a)
		}
	}
	match := func() []string {
		var out []string
		for _, p := range db.paragraphs {
			if len(operands) == 0 || slices.ContainsFunc(operands, func(op string) bool { op, _, _ = strings.Cut(op, ":"); return wild(op, p.Name) }) {
				out = append(out, p.Name)
			}
		}
		return out
	}
	missing := func() int {
		status := 0
		for _, op := range operands {
			if !slices.ContainsFunc(db.paragraphs, func(p debian.Paragraph) bool { base, _, _ := strings.Cut(op, ":"); return wild(base, p.Name) }) {
				c.Errorf("dpkg-query: no packages found matching %s", op)
				status = 1
			}
		}
		return status
	}
	text := map[string]string{}
	for _, p := range db.paragraphs {
		text[p.Name] = p.Text
	}
	switch action {
	case "-W", "--show":
		for _, n := range match() {
			c.Printf("%s", expandFormat(format, text[n], c.Arch))
		}
		return missing()
	case "-l", "--list":
		shown := match()
		if len(shown) == 0 {
			return missing()
		}
		wide := [3]int{14, 12, 12} // columns grow with what is in them
		for _, n := range shown {
			for i, v := range []string{n, debian.Field(text[n], "Version"), debian.Field(text[n], "Architecture")} {
				wide[i] = max(wide[i], len(v))
			}
		}
		c.Printf("Desired=Unknown/Install/Remove/Purge/Hold\n| Status=Not/Inst/Conf-files/Unpacked/halF-conf/Half-inst/trig-aWait/Trig-pend\n"+
			"|/ Err?=(none)/Reinst-required (Status,Err: uppercase=bad)\n||/ %-*s %-*s %-*s Description\n+++-%s-%s-%s-=================================\n",
			wide[0], "Name", wide[1], "Version", wide[2], "Architecture", strings.Repeat("=", wide[0]), strings.Repeat("=", wide[1]), strings.Repeat("=", wide[2]))
		for _, n := range shown {
			state := "ii"
			if strings.HasSuffix(debian.Field(text[n], "Status"), "config-files") {
				state = "rc"
			}
			c.Printf("%s  %-*s %-*s %-*s %s\n", state, wide[0], n, wide[1], debian.Field(text[n], "Version"), wide[2], debian.Field(text[n], "Architecture"),
				debian.Field(text[n], "Description"))
		}
		return missing()
	case "-s", "--status":
		status := 0
		for _, n := range operands {
			t := text[n]
			if t == "" {
				c.Errorf("dpkg-query: package '%s' is not installed and no information is available\nUse dpkg --info (= dpkg-deb --info) to examine archive files.", n)
				status = 1
				continue
			}
			c.Printf("%s\n", t)
		}
		return status
	case "-L", "--listfiles":
		status := 0
		for _, n := range operands {
			base, _, _ := strings.Cut(n, ":")
			paths, _ := r.listedFiles(base)
			if paths == nil {
				c.Errorf("dpkg-query: package '%s' is not installed\nUse dpkg --contents (= dpkg-deb --contents) to list archive files contents.", n)
				status = 1
				continue
			}
			c.Printf("/.\n%s\n", strings.Join(paths, "\n"))
		}
		return status
	case "-S", "--search":
		status := 0
		for _, p := range operands {
			if !r.search(p) {
				c.Errorf("dpkg-query: no path found matching pattern %s", p)
				status = 1
			}
		}
		return status
	}
	c.Errorf("dpkg-query: error: need an action option")
	return 2
}

// search prints which packages list a path.
func (r *run) search(pattern string) bool {
	names, err := r.FS.ReadDir(infoDir)
	if err != nil {
		return false
	}
	found := false
	want := pattern
	if !strings.HasPrefix(want, "/") && !strings.HasPrefix(want, "*") {
		want = "*" + want + "*"
	}
	for _, n := range names {
		base, ok := strings.CutSuffix(n, ".list")
		if !ok {
			continue
		}
		b, err := r.FS.ReadFile(path.Join(infoDir, n))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(b)) {
			if p := strings.TrimSuffix(line, "\n"); wild(want, p) {
				r.Printf("%s: %s\n", base, p)
				found = true
			}
		}
	}
	return found
}

func unescape(s string) string {
	return strings.NewReplacer(`\n`, "\n", `\t`, "\t", `\\`, `\`).Replace(s)
}

// expandFormat replaces ${Field} by what a paragraph says; ${Field;width} pads.
func expandFormat(format, para, arch string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(format, "${")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		name, after, ok := strings.Cut(rest, "}")
		if !ok {
			return b.String() + rest
		}
		format = after
		name, _, _ = strings.Cut(name, ";")
		status := strings.Fields(debian.Field(para, "Status"))
		switch name {
		case "binary:Package":
			b.WriteString(debian.Field(para, "Package"))
			if debian.Field(para, "Multi-Arch") == "same" {
				b.WriteString(":" + arch)
			}
		case "db:Status-Status":
			if len(status) == 3 {
				b.WriteString(status[2])
			}
		case "db:Status-Abbrev":
			b.WriteString("ii ")
		default:
			b.WriteString(debian.Field(para, name))
		}
	}
}

// dpkgDeb is dpkg-deb: what a package's file holds.
func dpkgDeb(ctx context.Context, c *tool.Call) int {
	r := newRun(ctx, c, readConfig(c.FS))
	action := ""
	var operands []string
	for _, a := range c.Args[1:] {
		if strings.HasPrefix(a, "-") {
			action = a
		} else {
			operands = append(operands, a)
		}
	}
	if len(operands) == 0 {
		c.Errorf("dpkg-deb: error: need an action option")
		return 2
	}
	p := localPackage(r, operands[0])
	if p == nil {
		if !c.FS.Exists(operands[0]) {
			c.Errorf("dpkg-deb: error: failed to read archive '%s': No such file or directory", operands[0])
		} else {
			c.Errorf("dpkg-deb: error: '%s' is not a Debian format archive", operands[0])
		}
		return 2
	}
	contents := r.index.Contents(p, c.Arch)
	switch action {
	case "-c", "--contents":
		for _, e := range contents.Files {
			c.Printf("%s\n", "."+e.Path)
		}
	case "-I", "--info", "-f", "--field":
		c.Printf("%s", r.control(p, contents))
	case "-x", "--extract", "-X":
		if len(operands) < 2 {
			c.Errorf("dpkg-deb: error: --extract needs a target directory")
			return 2
		}
		for i, e := range contents.Files {
			to := path.Join(operands[1], e.Path)
			r.attempt(c.FS.MkdirAll(path.Dir(to), 0o755))
			if e.Type == 'd' {
				r.attempt(c.FS.MkdirAll(to, e.Mode))
			} else if n := contents.Nodes()[i]; n != nil {
				r.attempt(c.FS.Graft(to, n))
			}
		}
	default:
		c.Errorf("dpkg-deb: error: unknown option %s", action)
		return 2
	}
	return 0
}
