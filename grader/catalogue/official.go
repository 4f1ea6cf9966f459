package catalogue

import (
	"maps"
	"math"
	"slices"
	"strings"

	"drydock/grader/report"
)

// subject is an official image while it is put together: the recorded facts of it or of its nearest relative, and what its tag says.
type subject struct {
	repository string
	tag        tag
	version    string // full: "18.20.8"
	rec        *record
	like       string // name of the image that rec is of
	standin    bool
	java       string // major version of a JDK in a Maven or Gradle image, from the tag
}

// officialImage fills in an image of Docker's official repositories.
func (c *Catalogue) officialImage(img *Image, repository, tagged string) error {
	s := subject{repository: repository, tag: parseTag(tagged)}
	known, ok := c.tag(repository, tagged)
	if !ok {
		if err := c.neverPublished(img, &s); err != nil {
			return err
		}
	}
	img.Retired = known.Retired
	c.choose(img, &s)
	c.describe(img, &s)
	c.endOfLife(img, &s)
	c.compose(img, &s)
	return nil
}

// neverPublished finds a stand-in for a tag that never was.
func (c *Catalogue) neverPublished(img *Image, s *subject) error {
	for _, st := range c.facts.standins() {
		if st.Repository == s.repository && st.pattern.MatchString(s.tag.raw) {
			s.standin, s.like, s.rec = true, st.Like, c.facts.images()[st.Like]
			img.Source = st.Source
			img.note("advice", "%s", strings.NewReplacer("${tag}", s.tag.raw, "${major}", majorOf(s.tag.version)).Replace(st.Advice))
			return nil
		}
	}
	return &NotFoundError{Ref: img.Ref, Name: img.Name, Suggestion: c.Suggest(img.Name)}
}

// choose finds the facts to go by and the version that the image holds.
func (c *Catalogue) choose(img *Image, s *subject) {
	rel := c.release(s.repository)
	images := c.facts.images()
	if s.rec == nil {
		if r := images[img.Name]; r != nil {
			s.rec, s.like = r, img.Name
		}
	}
	version := s.tag.version
	if version == "" {
		version = rel.Moving[s.tag.raw]
		for _, w := range append([]string{strings.SplitN(s.tag.raw, "-", 2)[0]}, s.tag.words...) {
			if version == "" {
				version = rel.Moving[w]
			}
		}
		if version == "" && numericStart(rel.Moving["latest"]) {
			version = rel.Moving["latest"]
		}
	}
	if s.rec == nil {
		s.like, s.rec = c.relative(s.repository, s.tag, version)
	}
	s.version = c.latest(s.repository, version)
	if s.rec == nil {
		return
	}
	if had := s.rec.Env[rel.Versioned]; rel.Versioned != "" && had != "" && s.like == img.Name {
		if img.Retired == "" || s.version == "" {
			s.version = had // as it was seen
		} else if compareVersions(had, s.version) < 0 {
			img.Estimate = true
			img.note("estimate", "What is known of %s is its state of %s (%s); its last build held %s. Sizes are of the former.", img.Name, s.rec.Seen, had, s.version)
		}
	} else if s.version == "" {
		s.version = had
	}
}

func numericStart(s string) bool { return s != "" && s[0] >= '0' && s[0] <= '9' }

func (c *Catalogue) release(repository string) *release {
	if r := c.facts.releases()[repository]; r != nil {
		return r
	}
	return &release{}
}

// relative returns the image of the same repository that is most like a tag.
func (c *Catalogue) relative(repository string, t tag, version string) (string, *record) {
	best, at := "", math.MaxInt
	t.version = version
	names := slices.Sorted(maps.Keys(c.facts.images()))
	for _, name := range names {
		r, other := splitTag(name)
		if r != repository {
			continue
		}
		o := parseTag(other)
		if o.version == "" {
			o.version = c.release(repository).Moving[o.raw]
		}
		if d := t.distance(o); d < at || d == at && compareVersions(o.version, parseTag(tagOf(best)).version) > 0 {
			best, at = name, d
		}
	}
	if best == "" {
		return "", nil
	}
	return best, c.facts.images()[best]
}

// describe fills in configuration, sizes, layers and history.
func (c *Catalogue) describe(img *Image, s *subject) {
	img.OS, img.Libc = c.system(s)
	r := s.rec
	if r == nil {
		c.describeUnseen(img, s)
		return
	}
	if img.Source == "" {
		img.Source = "docker-library/repo-info (" + r.From + "), seen " + r.Seen
	}
	rel := c.release(s.repository)
	swap := strings.NewReplacer()
	if had := r.Env[rel.Versioned]; rel.Versioned != "" && had != "" && s.version != "" && had != s.version && s.repository != "openjdk" {
		swap = strings.NewReplacer(had, s.version, minorOf(had), minorOf(s.version))
	}
	if had := r.Env["JAVA_VERSION"]; had != "" && s.like != img.Name {
		was, major := javaMajorOf(had), c.javaMajor(s)
		if now := c.javaRelease(s.repository, major); major != was && now != "" {
			swap = strings.NewReplacer(had, now, "openjdk-"+was, "openjdk-"+major, "java-"+was, "java-"+major)
		}
	}
	img.Config = report.Config{
		Env: environment(r, swap), Entrypoint: r.Entrypoint, Cmd: r.Cmd, WorkingDir: r.Workdir, ExposedPorts: set(r.Ports), Volumes: set(r.Volumes),
		StopSignal: stopSignal(r.History),
	}
	for _, h := range r.History {
		img.History = append(img.History, report.Entry{CreatedBy: swap.Replace(h.instruction), EmptyLayer: h.empty, Base: true})
	}
	if len(img.History) == 0 {
		img.History = []report.Entry{{CreatedBy: "unknown", Base: true}}
	}
	img.Bytes, img.Compressed = r.Bytes, r.Compressed
	if s.like != img.Name {
		img.Estimate = true
		if !s.standin {
			img.note("estimate", "No facts about %s were at hand: sizes and layers are estimated from %s.", img.Name, s.like)
		}
	}
	if s.tag.runtimeOnly() && s.like != img.Name && slices.Contains(r.Tools, "javac") {
		whole, runtime := c.facts.images()["eclipse-temurin:17"], c.facts.images()["eclipse-temurin:17-jre"]
		if whole != nil && runtime != nil && whole.Compressed > 0 { // what a runtime weighs beside its JDK, where both were seen
			img.Bytes = img.Bytes * runtime.Compressed / whole.Compressed
			img.Compressed = img.Compressed * runtime.Compressed / whole.Compressed
		}
	}
	if img.Compressed == 0 {
		img.Compressed, img.Estimate = img.Bytes*10/c.factor(img, s), true
	}
	if img.Bytes == 0 {
		img.Bytes, img.Estimate = img.Compressed*c.factor(img, s)/10, true
		if s.like == img.Name {
			img.note("estimate", "The size of %s on disk is estimated from what a pull transfers.", img.Name)
		}
	}
}

// factor is ten times bytes over compressed bytes, as images of the kind have it on average (catalogue data: see images.json's description).
func (c *Catalogue) factor(img *Image, s *subject) int64 {
	switch {
	case slices.Contains(s.rec.Tools, "javac"):
		return 20
	case strings.HasPrefix(img.OS, "alpine") && !slices.Contains(s.rec.Tools, "java"):
		return 24
	case s.repository == "alpine":
		return 22
	}
	return 27
}

// describeUnseen describes a tag of a repository without any facts.
func (c *Catalogue) describeUnseen(img *Image, s *subject) {
	img.Estimate = true
	img.Source = "docker-library/official-images: the tag, and nothing else"
	img.Config = report.Config{Env: []string{"PATH=" + defaultPath}, Cmd: []string{"sh"}}
	img.History = []report.Entry{{CreatedBy: "unknown", Base: true}}
	img.Compressed = 120e6
	if strings.HasPrefix(img.OS, "alpine") {
		img.Compressed = 60e6
	}
	img.Bytes = img.Compressed * 27 / 10
	img.note("estimate", "Of %s only the tag is known: its size is a guess, and of its contents only those of %s are there.", img.Name, img.OS)
}

// system says which distribution an image is built on.
func (c *Catalogue) system(s *subject) (os, libc string) {
	rel := c.release(s.repository)
	version := s.version
	if version == "" {
		version = s.tag.version
	}
	rec := s.rec
	if rec == nil {
		rec = &record{}
	}
	ubuntu := map[string]string{"resolute": "26.04", "noble": "24.04", "jammy": "22.04", "focal": "20.04", "bionic": "18.04"}
	switch {
	case s.repository == "alpine":
		return "alpine " + minorOf(version), "musl"
	case s.repository == "debian":
		name := s.tag.suite
		for _, word := range append(s.tag.words, s.tag.raw) {
			if name == "" {
				name = rel.Moving[word]
			}
		}
		numbers := map[string]string{"10": "buster", "11": "bullseye", "12": "bookworm", "13": "trixie"}
		if n := numbers[majorOf(s.tag.version)]; n != "" {
			name = n
		}
		if name == "" {
			name = "trixie"
		}
		return "debian " + name, "glibc"
	case s.repository == "ubuntu":
		name := s.tag.version
		if name == "" {
			name = ubuntu[s.tag.suite]
		}
		if name == "" {
			name = rel.Moving["latest"]
		}
		return "ubuntu " + minorOf(name), "glibc"
	case s.tag.alpine || strings.HasPrefix(rec.OS, "alpine") && s.tag.raw != "" && parseTag(tagOf(s.like)).alpine == s.tag.alpine:
		release := s.tag.alpineV
		if release == "" && s.like != s.repository+":"+s.tag.raw || s.version != "" && rec.Env[rel.Versioned] != s.version {
			if release == "" {
				release = at(rel.Alpine, version)
			}
		}
		if release == "" {
			release = strings.TrimPrefix(rec.OS, "alpine ")
		}
		if release == "" || release == "alpine" {
			release = "3.24"
		}
		return "alpine " + release, "musl"
	case ubuntu[s.tag.suite] != "":
		return "ubuntu " + ubuntu[s.tag.suite], "glibc"
	case s.tag.suite != "":
		return "debian " + s.tag.suite, "glibc"
	case rec.OS != "" && s.tag.alpine == strings.HasPrefix(rec.OS, "alpine") && (s.like == s.repository+":"+s.tag.raw && rec.Env[rel.Versioned] == s.version || at(rel.Debian, version) == ""):
		return rec.OS, rec.Libc
	case at(rel.Debian, version) != "":
		return "debian " + at(rel.Debian, version), "glibc"
	}
	switch s.repository {
	case "fedora", "rockylinux", "almalinux", "oraclelinux", "amazonlinux":
		return s.repository + " " + majorOf(s.tag.version), "glibc"
	}
	return "debian trixie", "glibc"
}

func tagOf(name string) string { _, t := splitTag(name); return t }

// endOfLife says what a build should know about the age of what it stands on.
func (c *Catalogue) endOfLife(img *Image, s *subject) {
	rel := c.release(s.repository)
	version := s.version
	if version == "" {
		version = s.tag.version
	}
	key := version
	if s.repository == "debian" {
		_, key, _ = strings.Cut(img.OS, " ")
	}
	img.EndOfLife = at(rel.EOL, key)
	if img.EndOfLife == "" && s.repository != "debian" {
		family, release, _ := strings.Cut(img.OS, " ")
		img.EndOfLife = at(c.release(family).EOL, release)
	}
	if img.Retired == "" || s.standin {
		return
	}
	if use := c.instead(s); use != "" {
		img.note("advice", "%s is no longer built: it left the official list on %s. Use %s.", img.Name, img.Retired, use)
	} else {
		img.note("advice", "%s is no longer built: it left the official list on %s.", img.Name, img.Retired)
	}
}

// instead is the image to use in place of a retired one.
func (c *Catalogue) instead(s *subject) string {
	rel := c.release(s.repository)
	kind := "jdk"
	if slices.Contains(s.tag.words, "jre") {
		kind = "jre"
	}
	if to := at(rel.Replace, s.tag.version); to != "" {
		to = strings.NewReplacer("${major}", majorOf(s.tag.version), "${kind}", kind, "${java}", c.javaMajor(s)).Replace(to)
		repository, name := splitTag(to)
		if s.tag.alpine {
			if t, ok := c.tag(repository, name+"-alpine"); ok && t.Retired == "" {
				return repository + ":" + name + "-alpine"
			}
		}
		if t, ok := c.tag(repository, name); ok && t.Retired == "" {
			return to
		}
		return ""
	}
	now := at(rel.Supported, "")
	if now == "" || s.tag.version == "" && s.repository != "debian" {
		return ""
	}
	variants := []string{strings.Replace(s.tag.raw, s.tag.version, now, 1)}
	if s.tag.alpineV != "" {
		variants = append(variants, strings.Replace(variants[0], "alpine"+s.tag.alpineV, "alpine", 1))
	}
	if s.tag.slim {
		variants = append(variants, now+"-slim")
	}
	for _, v := range append(variants, now) {
		if t, ok := c.tag(s.repository, v); ok && t.Retired == "" {
			return s.repository + ":" + v
		}
	}
	return ""
}

func set(keys []string) map[string]struct{} {
	if len(keys) == 0 {
		return nil
	}
	m := map[string]struct{}{}
	for _, k := range keys {
		m[k] = struct{}{}
	}
	return m
}

func stopSignal(history []historyLine) string {
	for _, h := range history {
		if sig, ok := strings.CutPrefix(h.instruction, "STOPSIGNAL "); ok {
			return sig
		}
	}
	return ""
}

// environment lists variables in the order in which the history sets them, PATH first as the bases have it.
func environment(r *record, swap *strings.Replacer) []string {
	path := r.Env["PATH"]
	if path == "" {
		path = defaultPath
	}
	out := []string{"PATH=" + path}
	order := map[string]int{}
	for i, h := range r.History {
		if rest, ok := strings.CutPrefix(h.instruction, "ENV "); ok {
			for k := range r.Env {
				if at := strings.Index(" "+rest, " "+k+"="); at >= 0 {
					order[k] = i*1000 + at + 1
				}
			}
		}
	}
	keys := slices.Sorted(maps.Keys(r.Env))
	slices.SortStableFunc(keys, func(a, b string) int { return order[a] - order[b] })
	for _, k := range keys {
		if k != "PATH" {
			out = append(out, k+"="+r.Env[k])
		}
	}
	for i := range out {
		out[i] = swap.Replace(out[i])
	}
	return out
}
