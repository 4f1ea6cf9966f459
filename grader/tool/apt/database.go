package apt

import (
	"slices"
	"strings"

	"drydock/grader/catalogue/debian"
	"drydock/grader/vfs"
)

const (
	statusFile   = "/var/lib/dpkg/status"
	extendedFile = "/var/lib/apt/extended_states"
	infoDir      = "/var/lib/dpkg/info"
)

// database is dpkg's status and what apt adds to it.
type database struct {
	state      debian.State
	paragraphs []debian.Paragraph
	auto       map[string]bool // installed for others
	text       string          // status as it was read
}

// readDatabase reads what is installed. A missing database is an empty one.
func readDatabase(f *vfs.FS) *database {
	db := &database{auto: map[string]bool{}}
	if b, err := f.ReadFile(statusFile); err == nil {
		db.text = string(b)
	}
	db.state, db.paragraphs = debian.ParseStatus(db.text)
	if b, err := f.ReadFile(extendedFile); err == nil {
		for para := range strings.SplitSeq(string(b), "\n\n") {
			if debian.Field(para, "Auto-Installed") == "1" {
				db.auto[debian.Field(para, "Package")] = true
			}
		}
	}
	return db
}

// set enters a package's paragraph, in place or in the order of names.
func (db *database) set(name, text string) {
	i := slices.IndexFunc(db.paragraphs, func(p debian.Paragraph) bool { return p.Name == name })
	if i >= 0 {
		db.paragraphs[i].Text = text
		return
	}
	i, _ = slices.BinarySearchFunc(db.paragraphs, name, func(p debian.Paragraph, n string) int { return strings.Compare(p.Name, n) })
	db.paragraphs = slices.Insert(db.paragraphs, i, debian.Paragraph{Name: name, Text: text})
}

// drop takes a package's paragraph out.
func (db *database) drop(name string) {
	db.paragraphs = slices.DeleteFunc(db.paragraphs, func(p debian.Paragraph) bool { return p.Name == name })
}

// writeStatus writes dpkg's status and keeps the one before.
func (r *run) writeStatus() {
	var b strings.Builder
	for _, p := range r.db.paragraphs {
		b.WriteString(p.Text)
		b.WriteByte('\n')
	}
	r.attempt(r.FS.WriteFile("/var/lib/dpkg/status-old", []byte(r.db.text), 0o644))
	r.db.text = b.String()
	r.attempt(r.FS.WriteFile(statusFile, []byte(r.db.text), 0o644))
	r.db.state, r.db.paragraphs = debian.ParseStatus(r.db.text)
}

// writeExtended writes what apt knows of automatically installed packages.
func (r *run) writeExtended() {
	var names []string
	for n, auto := range r.db.auto {
		if auto && r.db.state[n] != nil {
			names = append(names, n)
		}
	}
	if len(names) == 0 && !r.FS.Exists(extendedFile) {
		return
	}
	slices.Sort(names)
	var b strings.Builder
	for _, n := range names {
		arch := r.db.state[n].Arch
		if arch == "all" {
			arch = r.Arch
		}
		b.WriteString("Package: " + n + "\nArchitecture: " + arch + "\nAuto-Installed: 1\n\n")
	}
	r.attempt(r.FS.WriteFile(extendedFile, []byte(b.String()), 0o644))
}

// stem is how dpkg names a package's files: with the architecture where several may be installed side by side.
func stem(name, arch string, c *debian.Contents) string {
	if c.Flags["same"] {
		return name + ":" + arch
	}
	return name
}

// label is how dpkg prints a package.
func label(name, arch string, all bool, c *debian.Contents) string {
	if c.Flags["same"] && !all {
		return name + ":" + arch
	}
	return name
}
