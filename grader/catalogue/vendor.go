package catalogue

import (
	"maps"
	"slices"
	"strings"

	"drydock/grader/report"
	"drydock/grader/tree"
)

// vendor returns what is known of an image outside Docker Hub, or nil. Distroless names may carry the release: java17-debian12.
func (c *Catalogue) vendor(name string) *vendored {
	base, suite, cut := strings.Cut(name, "-debian")
	v := c.facts.vendors()[base]
	if v == nil || cut && (!strings.HasPrefix(name, "gcr.io/distroless/") || v.Suites != "" && !strings.Contains(v.Suites, "debian"+suite) || suite != "12" && suite != "13") {
		return nil
	}
	return v
}

// vendorImage fills in an image of Google's distroless or Microsoft's .NET.
func (c *Catalogue) vendorImage(img *Image, name, tagged string) error {
	v := c.vendor(name)
	img.Composed, img.Estimate, img.Libc = true, true, v.Libc
	img.Bytes, img.Compressed = v.Bytes, v.Compressed
	img.Retired = v.Retired
	if strings.HasPrefix(name, "gcr.io/distroless/") {
		return c.distroless(img, v, name, tagged)
	}
	img.OS = "debian bookworm"
	if strings.Contains(tagged, "alpine") {
		img.OS, img.Libc = "alpine 3.22", "musl"
		img.Bytes, img.Compressed = img.Bytes*6/10, img.Compressed*6/10
	} else if strings.Contains(tagged, "noble") {
		img.OS = "ubuntu 24.04"
	}
	img.Source = "github.com/dotnet/dotnet-docker: composed"
	version := tagged
	if !numericStart(version) {
		version = v.Version
	}
	version, _, _ = strings.Cut(version, "-")
	if strings.Count(version, ".") < 2 {
		version = minorOf(version) + strings.Repeat(".0", 2-strings.Count(version, "."))
	}
	img.Config = report.Config{Env: append([]string{"PATH=" + defaultPath}, v.Env...), Cmd: v.Cmd}
	img.Config.Env = append(img.Config.Env, "DOTNET_VERSION="+version)
	family, release, _ := strings.Cut(img.OS, " ")
	base, baseBytes := c.baseTree(family, release, img.arch())
	d := &canvas{Txn: tree.Begin(base), arch: img.arch(), vars: varsFor(img)}
	maps.Copy(d.vars, map[string]string{"id": img.Name + "/" + img.arch(), "version": version, "kind": v.Kind})
	d.apply(v.Part)
	c.finish(img, d, baseBytes)
	img.note("estimate", "%s is composed from what is known of .NET's images; its size is an estimate.", img.Name)
	return nil
}

func varsFor(img *Image) map[string]string {
	if img.Libc == "musl" {
		return muslVars(img.arch())
	}
	return glibcVars(img.arch())
}

// finish adds what is missing to the size and makes the layers.
func (c *Catalogue) finish(img *Image, d *canvas, baseBytes int64) {
	fill(d, img.Bytes)
	img.Root = d.Commit()
	img.Bytes = max(img.Bytes, weigh(img.Root))
	if baseBytes == 0 || baseBytes >= img.Bytes {
		img.Layers = []Layer{{CreatedBy: "composed", Bytes: img.Bytes, Compressed: img.Compressed}}
		img.History = []report.Entry{{CreatedBy: "composed", Base: true}}
		return
	}
	first := img.Compressed * baseBytes / img.Bytes
	img.Layers = []Layer{{CreatedBy: "base", Bytes: baseBytes, Compressed: first}, {CreatedBy: "composed", Bytes: img.Bytes - baseBytes, Compressed: img.Compressed - first}}
	img.History = []report.Entry{{CreatedBy: "base", Base: true}, {CreatedBy: "composed", Base: true}}
}

// distroless fills in one of Google's images without shell and package manager.
func (c *Catalogue) distroless(img *Image, v *vendored, name, tagged string) error {
	if !slices.Contains([]string{"latest", "nonroot", "debug", "debug-nonroot"}, strings.TrimSuffix(strings.TrimSuffix(tagged, "-amd64"), "-arm64")) {
		return &NotFoundError{Ref: img.Ref, Name: img.Name, Suggestion: c.Suggest(img.Name)}
	}
	suite := "bookworm"
	if strings.HasSuffix(name, "-debian13") || v.Suites == "debian13" {
		suite = "trixie"
	}
	img.OS, img.Source = "debian "+suite, "github.com/GoogleContainerTools/distroless: composed from Debian's packages"
	img.Config = report.Config{
		Env: []string{"PATH=" + defaultPath, "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"}, Entrypoint: v.Entrypoint, WorkingDir: "/", User: "0",
	}
	if strings.Contains(tagged, "nonroot") {
		img.Config.User, img.Config.WorkingDir = "65532", "/home/nonroot"
	}
	if strings.HasPrefix(v.Part, "jre") {
		img.Config.Env = append(img.Config.Env, "LANG=C.UTF-8", "JAVA_VERSION="+v.Version)
		img.Config.WorkingDir = "/"
	}
	d := &canvas{Txn: tree.Begin(nil), arch: img.arch(), vars: varsFor(img)}
	if d.vars["interp"] == "" {
		d.vars = glibcVars(img.arch())
	}
	home := strings.Replace(v.Home, "-amd64", "-"+img.arch(), 1)
	maps.Copy(d.vars, map[string]string{
		"id": img.Name + "/" + img.arch(), "version": v.Version, "kind": "jre", "home": home, "vendor": "Debian", "minor": minorOf(v.Version), "major": majorOf(v.Version),
	})
	d.vars["java.short"], _, _ = strings.Cut(v.Version, "+")
	if suite == "bookworm" && v.Part == "distroless-python" {
		d.vars["version"], d.vars["minor"] = "3.11.2", "3.11"
	}
	for _, dir := range []string{"bin", "sbin", "lib", "lib64"} {
		d.mkdir("/usr/" + dir)
		d.put("/"+dir, tree.NewSymlink("usr/"+dir))
	}
	d.apply("distroless")
	c.distrolessPackages(d, v, suite)
	if v.Part != "" {
		d.apply(v.Part)
		if v.Part == "jre" {
			d.put("/usr/bin/java", tree.NewSymlink(home+"/bin/java"))
		}
	}
	if strings.Contains(tagged, "debug") {
		d.vars["id"] += "debug"
		d.program("/busybox/busybox", "busybox", 1200000, map[string]string{"flavour": "busybox", "elf": "static"})
		for line := range strings.Lines(string(mustRead("alpine-applets.txt"))) {
			if f := strings.Fields(line); len(f) > 1 && f[0] != "#" {
				for _, applet := range f[1:] {
					d.put("/busybox/"+applet, tree.NewSymlink("busybox"))
				}
			}
		}
		img.Config.Env[0] += ":/busybox"
		if len(img.Config.Entrypoint) == 0 {
			img.Config.Entrypoint = []string{"/busybox/sh"}
		}
		img.Bytes, img.Compressed = img.Bytes+1200000, img.Compressed+700000
	}
	c.finish(img, d, 0)
	img.note("estimate", "%s is composed from the packages it is built of; its size is an estimate.", img.Name)
	if v.Retired != "" {
		img.note("advice", "%s is no longer built (since %s).", name, v.Retired)
	}
	return nil
}

// distrolessPackages copies the files of Debian's packages that the image is made of from Debian's own tree: the libraries.
func (c *Catalogue) distrolessPackages(d *canvas, v *vendored, suite string) {
	packages := strings.Fields(v.Packages)
	if v.Base != "" {
		packages = append(packages, strings.Fields(c.facts.vendors()[v.Base].Packages)...)
	}
	from := c.debian(suite, d.arch)
	release, _ := from.Resolve("/etc/os-release")
	d.put("/usr/lib/os-release", tree.NewFile(0o644, release.Content))
	d.put("/etc/os-release", tree.NewSymlink("../usr/lib/os-release"))
	for _, p := range packages {
		for _, list := range []string{"/var/lib/dpkg/info/" + p + ".list", "/var/lib/dpkg/info/" + p + ":" + d.arch + ".list"} {
			n := from.Lookup(list)
			if n == nil {
				continue
			}
			text, _ := n.Content.Known()
			for file := range strings.Lines(string(text)) {
				file = strings.TrimSpace(file)
				if !strings.Contains(file, "/lib") && !strings.HasPrefix(file, "/usr/share/zoneinfo/") {
					continue
				}
				real := from
				for _, part := range strings.Split(strings.Trim(d.real(file), "/"), "/") {
					real = real.Child(part)
				}
				if real != nil && real.Type != tree.Dir {
					same := real.Clone()
					d.put(file, same)
				}
			}
		}
	}
	libs := "/usr/lib/" + d.vars["triplet"]
	need := map[string][]string{"libssl3": {"libssl.so.3", "libcrypto.so.3"}, "libstdc++6": {"libstdc++.so.6"}, "libgcc-s1": {"libgcc_s.so.1"}, "libgomp1": {"libgomp.so.1"}, "zlib1g": {"libz.so.1"}}
	for p, sos := range need {
		for _, so := range sos {
			if slices.Contains(packages, p) && d.Lookup(libs+"/"+so) == nil {
				d.put(libs+"/"+so, tree.NewFile(0o644, tree.Declared(900000, "composed:"+suite+so, map[string]string{"elf": "dynamic", "arch": d.arch})))
			}
		}
	}
}
