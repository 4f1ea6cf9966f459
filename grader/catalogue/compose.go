package catalogue

import (
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"drydock/grader/tree"
)

// compose gives an image its filesystem, and its layers their sizes.
func (c *Catalogue) compose(img *Image, s *subject) {
	family, release, _ := strings.Cut(img.OS, " ")
	base, baseBytes := c.baseTree(family, release, img.arch())
	v := &canvas{Txn: tree.Begin(base), arch: img.arch()}
	if img.Libc == "musl" {
		v.vars = muslVars(v.arch)
	} else {
		v.vars = glibcVars(v.arch)
	}
	c.variables(v, img, s)
	bare := (s.repository == "debian" || s.repository == "alpine" || s.repository == "ubuntu" || s.repository == "busybox") && s.repository == family
	if s.repository == "debian" && !s.tag.slim {
		v.Remove("/etc/dpkg/dpkg.cfg.d/docker")
	}
	if !bare {
		if suite := indexOf(family, release); suite != "" && s.rec != nil {
			tools := slices.DeleteFunc(slices.Clone(s.rec.Tools), func(name string) bool { return c.ownTool(s, name) })
			if names := packagesFor(tools); len(names) > 0 {
				v.Txn = tree.Begin(c.withPackages(v.Commit(), suite, v.arch, s.tag.slim, names))
			}
		}
		c.addTools(v, s)
		for _, part := range c.parts(s) {
			v.apply(part)
		}
		if s.repository == "amazoncorretto" {
			v.put(path.Join("/usr/lib/jvm/default-jvm"), tree.NewSymlink(path.Base(v.vars["home"])))
		}
	}
	if family == "alpine" {
		apkDatabase(v, s.rec)
	}
	img.Composed = !(bare && s.tag.slim && (release == "bookworm" || release == "trixie"))
	if family == "debian" && bare && !img.Composed {
		img.Bytes = weigh(v.Root()) // recorded: the files themselves are the better witness
	} else {
		fill(v, img.Bytes)
	}
	img.Root = v.Commit()
	if total := weigh(img.Root); total > img.Bytes { // composed of more than the image weighs: the sizes must agree all the same
		img.Bytes = total
	}
	img.Layers = layers(img, s.rec, baseBytes)
}

// indexOf is the release of Debian whose packages an image is composed of, "" where none fits.
func indexOf(family, release string) string {
	switch {
	case family == "debian" && (release == "bookworm" || release == "trixie"):
		return release
	case family == "debian" || family == "ubuntu":
		return "bookworm"
	}
	return ""
}

// baseTree returns the tree of a distribution and what its own image weighs, 0 if unknown.
func (c *Catalogue) baseTree(family, release, arch string) (*tree.Node, int64) {
	switch family {
	case "debian":
		t := c.debian(release, arch)
		return t, weigh(t)
	case "ubuntu":
		if r := c.facts.images()["ubuntu:"+release]; r != nil {
			return c.ubuntu(release, arch), r.Bytes
		}
		return c.ubuntu(release, arch), 0
	case "alpine":
		var bytes int64
		if r := c.facts.images()["alpine:"+release]; r != nil {
			bytes = r.Bytes
		}
		return c.alpine(release, arch), bytes
	case "busybox":
		return c.busybox(arch), 0
	case "scratch":
		return c.share("scratch", func() *tree.Node { return tree.Begin(nil).Commit() }), 0
	case "fedora", "rockylinux", "almalinux", "oraclelinux", "amazonlinux":
		return c.rpm(family, release, arch), 0
	}
	t := c.debian("trixie", arch)
	return t, weigh(t)
}

// busybox returns the tree of the busybox image: one binary under many names.
func (c *Catalogue) busybox(arch string) *tree.Node {
	return c.share("busybox "+arch, func() *tree.Node {
		vars := muslVars(arch)
		vars["id"] = "busybox"
		v := &canvas{Txn: tree.Begin(nil), arch: arch, vars: vars}
		v.apply("busybox")
		for line := range strings.Lines(string(mustRead("alpine-applets.txt"))) {
			f := strings.Fields(line)
			if len(f) == 0 || f[0] == "#" {
				continue
			}
			for _, name := range f[1:] {
				v.put("/bin/"+name, tree.NewSymlink("busybox"))
			}
		}
		return v.Commit()
	})
}

// variables sets what parts ask for.
func (c *Catalogue) variables(v *canvas, img *Image, s *subject) {
	rel := c.release(s.repository)
	env := map[string]string{}
	for _, kv := range img.Config.Env {
		k, val, _ := strings.Cut(kv, "=")
		env[k] = val
	}
	version := s.version
	if strings.Contains(version, "-") || version == "" {
		version = strings.SplitN(version, "-", 2)[0]
	}
	maps.Copy(v.vars, map[string]string{
		"id": img.Name + "/" + v.arch, "version": version, "major": majorOf(version), "minor": minorOf(version),
		"npm": at(rel.NPM, version), "yarn": at(rel.Yarn, version), "pip": at(rel.Pip, version), "kind": "jdk",
		"maven": c.mavenVersion(s), "gradle": s.version, "php.command": "php", "vendor": "Eclipse Adoptium", "home": env["JAVA_HOME"],
	})
	if s.repository == "maven" || s.repository == "gradle" || s.repository == "openjdk" || s.repository == "eclipse-temurin" || s.repository == "amazoncorretto" {
		v.vars["version"] = c.javaVersion(s, env)
		v.vars["java.short"], _, _ = strings.Cut(v.vars["version"], "+")
		if s.rec != nil && !slices.Contains(s.rec.Tools, "javac") || s.tag.runtimeOnly() {
			v.vars["kind"] = "jre"
		}
		if v.vars["home"] == "" {
			v.vars["home"] = "/opt/java/openjdk"
		}
		if s.repository == "amazoncorretto" {
			v.vars["vendor"] = "Amazon.com Inc."
			if v.vars["home"] == "/usr/lib/jvm/default-jvm" {
				v.vars["home"] = "/usr/lib/jvm/java-" + majorOf(v.vars["version"]) + "-amazon-corretto"
			}
		}
		if s.repository == "openjdk" || strings.Contains(s.tag.raw, "openjdk") {
			v.vars["vendor"] = "Oracle Corporation"
		}
	}
}

// javaMajor is the Java version that a tag of openjdk, eclipse-temurin, maven or gradle asks for.
func (c *Catalogue) javaMajor(s *subject) string {
	switch s.repository {
	case "maven", "gradle":
		for _, w := range s.tag.words {
			if w = strings.TrimPrefix(strings.TrimPrefix(w, "jdk"), "jre"); numeric(w) {
				return majorOf(w)
			}
		}
		return "21"
	}
	return majorOf(s.tag.version)
}

// javaVersion is the full version of the Java in an image as "java -version" says it: "17.0.20+8", "1.8.0_191".
func (c *Catalogue) javaVersion(s *subject, env map[string]string) string {
	v := env["JAVA_VERSION"]
	if v == "" {
		v = c.javaRelease(s.repository, c.javaMajor(s))
	}
	v = strings.Replace(strings.TrimPrefix(v, "jdk-"), "-ea", "", 1)
	if update, ok := strings.CutPrefix(v, "8u"); ok {
		return "1.8.0_" + update
	}
	return v
}

// javaMajorOf is the major version in a JAVA_VERSION variable: "jdk-17.0.20+8", "17-ea+27", "8u191".
func javaMajorOf(v string) string {
	return strconv.Itoa(number(strings.TrimPrefix(v, "jdk-")))
}

// javaRelease is the newest known release of a major version, written as a repository writes it in JAVA_VERSION. What no image told is
// taken from openjdk's tags.
func (c *Catalogue) javaRelease(repository, major string) string {
	best, bare := "", ""
	for name, r := range c.facts.images() {
		of, _ := splitTag(name)
		v := r.Env["JAVA_VERSION"]
		if v == "" || javaMajorOf(v) != major || (of == "openjdk") != (repository == "openjdk") || strings.Contains(v, "-ea") {
			continue
		}
		if b := strings.ReplaceAll(strings.TrimPrefix(v, "jdk-"), "+", "."); best == "" || compareVersions(b, bare) > 0 {
			best, bare = v, b
		}
	}
	if v := c.latest("openjdk", major); best == "" || repository == "openjdk" && compareVersions(v, bare) > 0 {
		return v
	}
	return best
}

// mavenVersion is the newest release under the version of a tag, by the tags that carry it: "3.8-openjdk-17" is 3.8.5.
func (c *Catalogue) mavenVersion(s *subject) string {
	if s.repository != "maven" {
		return ""
	}
	rest := strings.TrimPrefix(s.tag.raw, s.tag.version)
	best := s.tag.version
	for _, t := range c.Tags("maven") {
		v, ok := strings.CutSuffix(t.Name, rest)
		if ok && numeric(v) && (best == "" || under(v, s.tag.version)) && strings.Count(v, ".") == 2 && (strings.Count(best, ".") < 2 || compareVersions(v, best) > 0) {
			best = v
		}
	}
	return best
}

// parts lists what an image of a repository is composed of.
func (c *Catalogue) parts(s *subject) []string {
	java := "jdk"
	if s.tag.runtimeOnly() || s.rec != nil && slices.Contains(s.rec.Tools, "java") && !slices.Contains(s.rec.Tools, "javac") {
		java = "jre"
	}
	switch s.repository {
	case "node":
		return []string{"node"}
	case "python":
		return []string{"python"}
	case "golang":
		return []string{"go"}
	case "openjdk":
		return []string{java}
	case "eclipse-temurin":
		return []string{java, "cacert-entrypoint"}
	case "amazoncorretto":
		return []string{java, "java-links"}
	case "maven":
		if slices.Contains(s.tag.words, "corretto") || slices.Contains(s.tag.words, "amazoncorretto") {
			return []string{java, "java-links", "maven"}
		}
		return []string{java, "cacert-entrypoint", "maven"}
	case "gradle":
		return []string{java, "cacert-entrypoint", "gradle"}
	case "nginx", "rust", "ruby", "httpd", "redis", "postgres":
		return []string{s.repository}
	case "composer":
		return []string{"php", "composer"}
	case "php":
		switch {
		case slices.Contains(s.tag.words, "apache"):
			return []string{"php", "php-apache"}
		case slices.Contains(s.tag.words, "fpm"):
			return []string{"php", "php-fpm"}
		}
		return []string{"php"}
	}
	return nil
}

// addTools puts the tools that an image is known to have and its base lacks.
func (c *Catalogue) addTools(v *canvas, s *subject) {
	if s.rec == nil {
		return
	}
	if s.rec.OS == "scratch" { // one static program
		for _, p := range s.rec.Tools {
			v.program(p, path.Base(p), s.rec.Bytes, map[string]string{"elf": "static"})
		}
		return
	}
	lib := "/usr/lib/" + v.vars["triplet"]
	if v.vars["shell"] == "/bin/sh" || v.Lookup("/usr/lib/x86_64-linux-gnu") == nil && v.Lookup("/usr/lib/aarch64-linux-gnu") == nil {
		lib = "/usr/lib"
		if v.Lookup("/usr/lib64") != nil {
			lib = "/usr/lib64"
		}
	}
	for _, so := range []string{"libstdc++.so.6", "libgcc_s.so.1", "libz.so.1", "libssl.so.3", "libcrypto.so.3", "libpcre2-8.so.0", "libcrypt.so.1"} {
		if c.wants(s, so) && v.Lookup(path.Join(lib, so)) == nil {
			v.put(path.Join(lib, so), tree.NewFile(0o644, tree.Declared(800000, "composed:"+v.vars["id"]+so, map[string]string{"elf": "dynamic", "arch": v.arch})))
		}
	}
	for _, name := range s.rec.Tools {
		if !toolName(name) || c.ownTool(s, name) {
			continue
		}
		found := false
		for dir := range strings.SplitSeq(defaultPath, ":") {
			found = found || v.Lookup(v.real(path.Join(dir, name))) != nil
		}
		if !found {
			program := name
			switch name {
			case "cc":
				program = "gcc"
			case "python3":
				v.program("/usr/bin/python3", "python", 6800000, map[string]string{"version": "3.13.5"})
				continue
			}
			v.program("/usr/bin/"+name, program, 300000, map[string]string{})
		}
	}
}

func toolName(name string) bool {
	return name != "" && !strings.ContainsAny(name, "/ ") && name[0] != '_'
}

// ownTool reports whether a part of the image brings the tool.
func (c *Catalogue) ownTool(s *subject, name string) bool {
	if s.repository == "python" && name == "python3" { // its part names it with its version
		return true
	}
	for _, p := range c.parts(s) {
		text := string(mustRead("parts/" + p + ".part"))
		if strings.Contains(text, "/"+name+" ") {
			return true
		}
	}
	return false
}

// wants reports whether a repository's programs need a library.
func (c *Catalogue) wants(s *subject, so string) bool {
	switch so {
	case "libstdc++.so.6", "libgcc_s.so.1":
		return s.repository == "node" || s.repository == "rust" || slices.Contains(s.rec.Tools, "g++")
	case "libpcre2-8.so.0", "libcrypt.so.1":
		return s.repository == "nginx" || s.repository == "httpd" || s.repository == "php"
	case "libz.so.1":
		return true
	}
	return s.repository != "openjdk" && s.repository != "eclipse-temurin"
}

// fill adds one file for all that an image holds beyond what was composed, so that sizes add up.
func fill(v *canvas, total int64) {
	if rest := total - weigh(v.Root()); rest > 0 {
		v.put("/usr/share/unrecorded-files", tree.NewFile(0o644, tree.Declared(rest, "composed:"+v.vars["id"]+"unrecorded", map[string]string{"kind": "filler"})))
	}
}

// layers spreads an image's bytes over its layers: in proportion to what a pull transfers, apart from the base, of which more is known.
func layers(img *Image, rec *record, baseBytes int64) []Layer {
	if rec == nil || len(rec.Layers) == 0 {
		return []Layer{{CreatedBy: createdBy(img, 0), Bytes: img.Bytes, Compressed: img.Compressed}}
	}
	out := make([]Layer, len(rec.Layers))
	var sum int64
	for i, n := range rec.Layers {
		out[i] = Layer{CreatedBy: createdBy(img, i), Compressed: n}
		if i > 0 || baseBytes == 0 {
			sum += n
		}
	}
	rest, last := img.Bytes, 0
	if baseBytes > 0 && len(out) > 1 && baseBytes < img.Bytes {
		out[0].Bytes = baseBytes
		rest -= baseBytes
	} else if baseBytes > 0 {
		sum += rec.Layers[0]
		baseBytes = 0
	}
	left := rest
	for i := range out {
		if i == 0 && baseBytes > 0 {
			continue
		}
		if sum > 0 {
			out[i].Bytes = int64(float64(rest) * float64(out[i].Compressed) / float64(sum))
		}
		left -= out[i].Bytes
		if out[i].Bytes > out[last].Bytes || last == 0 && baseBytes > 0 {
			last = i
		}
	}
	out[last].Bytes += left
	return out
}

// createdBy is the instruction that made the k-th layer.
func createdBy(img *Image, k int) string {
	for _, h := range img.History {
		if h.EmptyLayer {
			continue
		}
		if k == 0 {
			return h.CreatedBy
		}
		k--
	}
	return ""
}

// apkDatabase writes which packages are there, as apk keeps it.
func apkDatabase(v *canvas, rec *record) {
	names := strings.Fields("alpine-baselayout alpine-baselayout-data alpine-keys alpine-release apk-tools busybox busybox-binsh ca-certificates-bundle libcrypto3 libssl3 musl musl-utils scanelf ssl_client zlib")
	if rec != nil && len(rec.Packages) > 0 {
		names = rec.Packages
	}
	var b strings.Builder
	for _, n := range names {
		version, size := "1.0-r0", int64(60<<10)
		if busybox, _ := v.Root().Resolve("/bin/busybox"); busybox != nil && strings.HasPrefix(n, "busybox") {
			version = busybox.Content.Fact("version") + "-r0"
			size = busybox.Size()
		}
		switch n {
		case "libcrypto3":
			size = 4600 << 10
		case "libssl3", "musl":
			size = 700 << 10
		}
		b.WriteString("P:" + n + "\nV:" + version + "\nA:" + v.vars["uname"] + "\nI:" + strconv.FormatInt(size, 10) + "\n\n")
	}
	v.write("/lib/apk/db/installed", b.String(), 0o644)
}
