package apt

import (
	"path"
	"slices"
	"strings"

	"drydock/grader/vfs"
)

// source is one suite of one archive with its components.
type source struct {
	uri        string
	suite      string // as written: "bookworm-updates"
	components []string
	release    string // of the index that answers: "bookworm"; "" where nothing is known
	pocket     string // "", "updates", "security", "backports"
	standsIn   bool   // the index is of another release
}

func (s source) known() bool { return s.release != "" }

// prefix is how the names of its lists begin.
func (s source) prefix() string {
	uri := s.uri
	if _, rest, ok := strings.Cut(uri, "://"); ok {
		uri = rest
	}
	uri = strings.Trim(uri, "/")
	if suite, flat := strings.CutSuffix(s.suite, "/"); flat {
		return strings.ReplaceAll(path.Join(uri, suite), "/", "_") + "_"
	}
	return strings.ReplaceAll(uri, "/", "_") + "_dists_" + strings.ReplaceAll(s.suite, "/", "_") + "_"
}

// readSources reads sources.list and sources.list.d.
func readSources(f *vfs.FS) []source {
	var out []source
	read := func(p string) string {
		if c, err := f.Content(p); err != nil || c.Size() > 1<<20 {
			return ""
		}
		b, err := f.ReadFile(p)
		if err != nil {
			return ""
		}
		return string(b)
	}
	out = append(out, oneLine(read("/etc/apt/sources.list"))...)
	names, err := f.ReadDir("/etc/apt/sources.list.d")
	if err == nil {
		for _, name := range names {
			p := "/etc/apt/sources.list.d/" + name
			switch path.Ext(name) {
			case ".list":
				out = append(out, oneLine(read(p))...)
			case ".sources":
				out = append(out, deb822(read(p))...)
			}
		}
	}
	for i := range out {
		out[i].place()
	}
	return out
}

// oneLine reads the old format: deb [options] URI SUITE COMPONENT….
func oneLine(text string) []source {
	var out []source
	for line := range strings.SplitSeq(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		f := strings.Fields(line)
		if len(f) < 3 || f[0] != "deb" {
			continue
		}
		f = f[1:]
		if strings.HasPrefix(f[0], "[") {
			for len(f) > 0 && !strings.HasSuffix(f[0], "]") {
				f = f[1:]
			}
			if len(f) > 0 {
				f = f[1:]
			}
		}
		if len(f) >= 2 {
			out = append(out, source{uri: f[0], suite: f[1], components: f[2:]})
		}
	}
	return out
}

// deb822 reads the new format.
func deb822(text string) []source {
	var out []source
	for para := range strings.SplitSeq(text, "\n\n") {
		field := map[string][]string{}
		last := ""
		for line := range strings.SplitSeq(para, "\n") {
			if strings.HasPrefix(line, "#") {
				continue
			}
			if strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t") {
				field[last] = append(field[last], strings.Fields(line)...)
				continue
			}
			if k, v, ok := strings.Cut(line, ":"); ok {
				last = strings.ToLower(k)
				field[last] = strings.Fields(v)
			}
		}
		if !slices.Contains(field["types"], "deb") || slices.Contains([]string{"no", "false"}, strings.Join(field["enabled"], "")) {
			continue
		}
		for _, uri := range field["uris"] {
			for _, suite := range field["suites"] {
				out = append(out, source{uri: uri, suite: suite, components: field["components"]})
			}
		}
	}
	return out
}

// place finds the index that answers for a source: Debian's own archives and their mirrors by the names of their suites.
func (s *source) place() {
	suite := s.suite
	if base, pocket, ok := strings.Cut(suite, "-"); ok {
		suite, s.pocket = base, pocket
	} else if base, pocket, ok := strings.Cut(suite, "/"); ok && pocket == "updates" {
		suite, s.pocket = base, "security"
	}
	if !strings.Contains(s.uri, "debian") && !strings.Contains(s.uri, "ubuntu") || strings.Contains(s.uri, "docker.com") || strings.Contains(s.uri, "pkg") {
		return
	}
	switch suite {
	case "bookworm", "oldstable":
		s.release = "bookworm"
	case "trixie", "stable":
		s.release = "trixie"
	case "sid", "unstable", "testing", "forky":
		s.release, s.standsIn = "trixie", true
	case "bullseye", "buster", "stretch", "jessie", "oldoldstable", "resolute", "noble", "jammy", "focal", "bionic":
		s.release, s.standsIn = "bookworm", true
	}
}

// fetched reports whether the lists of a source are there.
func (r *run) fetched(s source) bool {
	names, err := r.FS.ReadDir("/var/lib/apt/lists")
	if err != nil {
		return false
	}
	prefix := s.prefix()
	return slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, prefix) && strings.Contains(n, "_Packages") })
}

// available reports whether the lists of a pocket of the index are there.
func (r *run) available(pocket string) bool {
	return slices.ContainsFunc(r.sources, func(s source) bool { return s.known() && s.pocket == pocket && r.fetched(s) })
}
