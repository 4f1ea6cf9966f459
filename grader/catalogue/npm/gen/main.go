// Command gen records packages of the npm registry for package npm: it lets npm install lock files (given as arguments) and the packages of
// sources.yaml into temporary folders, scripts off, and writes down what came.
//
//	go run ./grader/catalogue/npm/gen [LOCK...]
//
// What was recorded before is kept, so that lock files need not all be given again.
package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"log"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"
	"go.yaml.in/yaml/v3"

	"drydock/grader/catalogue/npm"
)

type sources struct {
	Packages  []string
	Platforms []struct{ CPU, Libc string }
}

// line is a package's line in the index.
type line struct {
	Name, Version      string
	Tarball, Packument int64
	Integrity          string
	Manifest           []byte

	files []npm.File
}

func main() {
	dir := flag.String("dir", "grader/catalogue/npm", "folder of package npm")
	only := flag.Bool("locks", false, "record only the lock files given")
	flag.Parse()
	if err := run(*dir, flag.Args(), *only); err != nil {
		log.Fatal(err)
	}
}

func run(dir string, locks []string, only bool) error {
	work, err := os.MkdirTemp("", "npm-record")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	r := &recorder{work: work, cache: filepath.Join(work, "cache"), known: map[string]*line{}, documents: map[string]string{}}
	if err := r.load(); err != nil {
		log.Printf("starting afresh: %v", err)
	}
	for _, lock := range locks {
		if err := r.lock(lock); err != nil {
			return fmt.Errorf("%s: %w", lock, err)
		}
	}
	if !only {
		text, err := os.ReadFile(filepath.Join(dir, "sources.yaml"))
		if err != nil {
			return err
		}
		var s sources
		if err := yaml.Unmarshal(text, &s); err != nil {
			return err
		}
		for _, p := range s.Packages {
			if err := r.packages(strings.Fields(p), s); err != nil {
				return fmt.Errorf("%s: %w", p, err)
			}
		}
	}
	return r.write(filepath.Join(dir, "data"))
}

type recorder struct {
	work, cache string
	n           int
	known       map[string]*line
	documents   map[string]string // integrity by name
}

// load takes over what was recorded before.
func (r *recorder) load() error {
	reg, err := npm.Open()
	if err != nil {
		return err
	}
	for p := range reg.All() {
		if d := reg.Document(p.Name); d != "" {
			r.documents[p.Name] = d
		}
		files, err := reg.Files(p)
		if err != nil {
			return err
		}
		r.known[p.Name+"@"+p.Version] = &line{Name: p.Name, Version: p.Version, Tarball: p.Tarball, Packument: p.Packument, Integrity: p.Integrity, Manifest: []byte(p.Text), files: files}
	}
	return nil
}

func (r *recorder) folder() (string, error) {
	r.n++
	dir := filepath.Join(r.work, fmt.Sprint("p", r.n))
	return dir, os.Mkdir(dir, 0o755)
}

func (r *recorder) npm(dir string, args ...string) error {
	log.Printf("npm %s", strings.Join(args, " "))
	cmd := exec.Command("npm", append(args, "--cache", r.cache, "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")...)
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	return cmd.Run()
}

// lock records what a lock file installs.
func (r *recorder) lock(path string) error {
	dir, err := r.folder()
	if err != nil {
		return err
	}
	for _, name := range []string{"package.json", "package-lock.json"} {
		data, err := os.ReadFile(filepath.Join(filepath.Dir(path), name))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			return err
		}
	}
	if err := r.npm(dir, "ci"); err != nil {
		return err
	}
	return r.record(dir)
}

// packages records what npm installs for some packages, on each platform.
func (r *recorder) packages(names []string, s sources) error {
	dir, err := r.folder()
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "package.json"), []byte("{}\n"), 0o644); err != nil {
		return err
	}
	if err := r.npm(dir, append([]string{"install", "--os=linux", "--cpu=x64", "--libc=glibc"}, names...)...); err != nil {
		return err
	}
	if err := r.record(dir); err != nil {
		return err
	}
	lock, err := os.ReadFile(filepath.Join(dir, "package-lock.json"))
	if err != nil || !bytes.Contains(lock, []byte(`"cpu"`)) {
		return err
	}
	for _, p := range s.Platforms {
		if err := r.npm(dir, "install", "--os=linux", "--cpu="+p.CPU, "--libc="+p.Libc); err != nil {
			return err
		}
		if err := r.record(dir); err != nil {
			return err
		}
	}
	return os.RemoveAll(dir)
}

// record reads what stands in a folder's node_modules.
func (r *recorder) record(dir string) error {
	var lock struct {
		Packages map[string]struct {
			Version, Integrity, Name string
			Link                     bool
		}
	}
	data, err := os.ReadFile(filepath.Join(dir, "node_modules/.package-lock.json"))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, &lock); err != nil {
		return err
	}
	archives, packuments, err := r.cached()
	if err != nil {
		return err
	}
	for path, p := range lock.Packages {
		if path == "" || p.Link {
			continue
		}
		l, err := read(filepath.Join(dir, path))
		if err != nil {
			return err
		}
		id := l.Name + "@" + l.Version
		if r.known[id] != nil {
			continue
		}
		l.Integrity, l.Tarball, l.Packument = p.Integrity, archives[p.Integrity], packuments[l.Name]
		if l.Tarball == 0 {
			log.Printf("%s: no archive in the cache", id)
		}
		r.known[id] = l
	}
	return nil
}

// essentials are the fields of a package.json that are kept.
var essentials = []string{
	"name", "version", "type", "main", "exports", "imports", "browser", "bin", "dependencies", "optionalDependencies",
	"peerDependencies", "peerDependenciesMeta", "engines", "os", "cpu", "libc", "gypfile", "license",
}

func read(dir string) (*line, error) {
	data, err := os.ReadFile(filepath.Join(dir, "package.json"))
	if err != nil {
		return nil, err
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, err
	}
	keep := map[string]json.RawMessage{}
	for _, k := range essentials {
		if v, ok := all[k]; ok {
			keep[k] = v
		}
	}
	var scripts map[string]string
	_ = json.Unmarshal(all["scripts"], &scripts)
	maps.DeleteFunc(scripts, func(k, _ string) bool { return k != "preinstall" && k != "install" && k != "postinstall" })
	if len(scripts) > 0 {
		if keep["scripts"], err = json.Marshal(scripts); err != nil {
			return nil, err
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "binding.gyp")); err == nil {
		keep["gypfile"] = json.RawMessage("true")
	}
	l := &line{}
	if l.Manifest, err = json.Marshal(keep); err != nil {
		return nil, err
	}
	var m npm.Manifest
	if err := json.Unmarshal(l.Manifest, &m); err != nil {
		return nil, err
	}
	l.Name, l.Version = m.Name, m.Version
	err = filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, p)
		if d.IsDir() {
			if rel == "node_modules" { // what is nested has lines of its own; a bundled dependency is part of the archive
				return filepath.SkipDir
			}
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if info.Mode().IsRegular() {
			l.files = append(l.files, npm.File{Path: rel, Size: info.Size(), Exec: info.Mode()&0o111 != 0})
		}
		return nil
	})
	return l, err
}

// cached reads npm's cache: the size of archives by integrity, of packuments by name.
func (r *recorder) cached() (archives, packuments map[string]int64, err error) {
	archives, packuments = map[string]int64{}, map[string]int64{}
	err = filepath.WalkDir(filepath.Join(r.cache, "_cacache/index-v5"), func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		for l := range bytes.Lines(data) {
			_, text, ok := bytes.Cut(bytes.TrimSpace(l), []byte("\t"))
			if !ok {
				continue
			}
			var e struct {
				Key, Integrity string
				Size           int64
			}
			if json.Unmarshal(text, &e) != nil {
				continue
			}
			archives[e.Integrity] = e.Size
			if rest, ok := strings.CutPrefix(e.Key, "make-fetch-happen:request-cache:https://"); ok && !strings.HasSuffix(rest, ".tgz") {
				_, name, _ := strings.Cut(rest, "/")
				name = strings.ReplaceAll(name, "%2f", "/")
				packuments[name] = e.Size
				r.documents[name] = e.Integrity
			}
		}
		return nil
	})
	return archives, packuments, err
}

// chunkSize is how much text of listings goes into one file.
const chunkSize = 256 << 10

func (r *recorder) write(dir string) error {
	lines := slices.SortedFunc(maps.Values(r.known), func(a, b *line) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), npm.CompareVersions(a.Version, b.Version))
	})
	old, err := filepath.Glob(filepath.Join(dir, "*.zst"))
	if err != nil {
		return err
	}
	for _, p := range old {
		if err := os.Remove(p); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression))
	if err != nil {
		return err
	}
	pack := func(name string, data []byte) error {
		return os.WriteFile(filepath.Join(dir, name), enc.EncodeAll(data, nil), 0o644)
	}
	var index, chunk bytes.Buffer
	n := 0
	for _, l := range lines {
		fmt.Fprintf(&index, "%s %s %d %d %s %d %s\n", l.Name, l.Version, l.Tarball, l.Packument, cmp.Or(l.Integrity, "-"), n, l.Manifest)
		fmt.Fprintf(&chunk, "# %s@%s\n", l.Name, l.Version)
		for _, f := range l.files {
			if f.Exec {
				chunk.WriteByte('*')
			}
			fmt.Fprintf(&chunk, "%d %s\n", f.Size, f.Path)
		}
		if chunk.Len() > chunkSize {
			if err := pack(fmt.Sprintf("files-%02d.zst", n), chunk.Bytes()); err != nil {
				return err
			}
			chunk.Reset()
			n++
		}
	}
	if err := pack(fmt.Sprintf("files-%02d.zst", n), chunk.Bytes()); err != nil {
		return err
	}
	var documents bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(r.documents)) {
		fmt.Fprintf(&documents, "%s %s\n", name, r.documents[name])
	}
	if err := pack("documents.zst", documents.Bytes()); err != nil {
		return err
	}
	log.Printf("%d packages", len(lines))
	return pack("index.zst", index.Bytes())
}
