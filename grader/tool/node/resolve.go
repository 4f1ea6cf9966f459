package node

import (
	"encoding/json"
	"errors"
	"path"
	"slices"
	"strings"

	"drydock/grader/tree"
	"drydock/grader/vfs"
)

// manifest is what module resolution wants of a package.json.
type manifest struct {
	Name                 string
	Version              string
	Type                 string
	Main                 json.RawMessage
	Exports              json.RawMessage
	Dependencies         map[string]string
	OptionalDependencies map[string]string
	OS, CPU, Libc        json.RawMessage
}

func (m *manifest) main() string {
	var s string
	_ = json.Unmarshal(m.Main, &s)
	return s
}

// builtins are the modules that come with Node.js.
var builtins = strings.Fields(`assert async_hooks buffer child_process cluster console constants crypto dgram diagnostics_channel dns domain events fs http http2
	https inspector module net os path perf_hooks process punycode querystring readline repl stream string_decoder sys timers tls trace_events tty url util v8 vm
	wasi worker_threads zlib`)

func builtin(spec string) bool {
	if strings.HasPrefix(spec, "node:") {
		return true
	}
	name, _, _ := strings.Cut(spec, "/")
	return slices.Contains(builtins, name)
}

// notFound is why a specifier cannot be resolved.
type notFound struct {
	kind   string // "module", "package", "main", "exports", "target"
	what   string // the specifier, or the file that is missing
	inside string // the package.json concerned
}

func (e *notFound) Error() string { return "cannot find " + e.kind + " " + e.what }

// resolver finds modules in a filesystem.
type resolver struct {
	fs        *vfs.FS
	manifests *manifests
	nodePath  string
}

// manifestAt reads the package.json in a folder; nil where there is none.
func (r *resolver) manifestAt(dir string) *manifest {
	c, err := r.fs.Content(path.Join(dir, "package.json"))
	if err != nil {
		return nil
	}
	return r.manifests.get(c)
}

// file tries a path as it is and with the extensions that require adds.
func (r *resolver) file(p string) (string, bool) {
	for _, ext := range []string{"", ".js", ".json", ".node", ".cjs", ".mjs"} {
		if ext == ".cjs" {
			break
		}
		if n, err := r.fs.Stat(p + ext); err == nil && n.Type == tree.File {
			return r.real(p + ext), true
		}
	}
	return "", false
}

func (r *resolver) real(p string) string {
	if q, err := r.fs.Real(p); err == nil {
		return q
	}
	return r.fs.Abs(p)
}

// folder resolves a folder: its package.json's main, else index.
func (r *resolver) folder(dir string) (string, error) {
	if m := r.manifestAt(dir); m != nil {
		if main := m.main(); main != "" {
			at := path.Join(dir, main)
			if f, ok := r.file(at); ok {
				return f, nil
			}
			if f, ok := r.file(path.Join(at, "index")); ok {
				return f, nil
			}
			if f, ok := r.file(path.Join(dir, "index")); ok {
				return f, nil
			}
			return "", &notFound{kind: "main", what: at, inside: path.Join(dir, "package.json")}
		}
	}
	if f, ok := r.file(path.Join(dir, "index")); ok {
		return f, nil
	}
	return "", &notFound{kind: "module", what: dir}
}

// resolve finds what a module names. from is the module's folder. dir is the folder of the package found, "" for a file of the application.
func (r *resolver) resolve(spec, from string, esm bool) (file, dir string, err error) {
	if strings.HasPrefix(spec, "file://") {
		spec = strings.TrimPrefix(spec, "file://")
	}
	if spec == "." || spec == ".." || strings.HasPrefix(spec, "./") || strings.HasPrefix(spec, "../") || strings.HasPrefix(spec, "/") {
		at := spec
		if !strings.HasPrefix(spec, "/") {
			at = path.Join(from, spec)
		}
		if esm {
			spec, _, _ = strings.Cut(at, "?")
			n, err := r.fs.Stat(spec)
			switch {
			case err != nil:
				return "", "", &notFound{kind: "module", what: spec}
			case n.Type == tree.Dir:
				return "", "", &notFound{kind: "directory", what: spec}
			}
			return r.real(spec), "", nil
		}
		if !strings.HasSuffix(spec, "/") {
			if f, ok := r.file(at); ok {
				return f, "", nil
			}
		}
		if r.fs.IsDir(at) {
			f, err := r.folder(at)
			var nf *notFound
			if errors.As(err, &nf) && nf.kind == "module" {
				nf.what = spec
			}
			return f, "", err
		}
		return "", "", &notFound{kind: "module", what: spec}
	}
	name, sub := splitPackage(spec)
	for _, base := range r.lookup(from) {
		dir := path.Join(base, name)
		if !r.fs.IsDir(dir) {
			if f, ok := r.file(path.Join(base, spec)); ok && !esm {
				return f, "", nil
			}
			continue
		}
		f, err := r.inPackage(dir, name, sub, esm)
		return f, r.real(dir), err
	}
	if esm {
		return "", "", &notFound{kind: "package", what: name}
	}
	return "", "", &notFound{kind: "module", what: spec}
}

// lookup lists the node_modules folders that are searched from a folder.
func (r *resolver) lookup(from string) []string {
	var out []string
	for d := from; ; d = path.Dir(d) {
		if path.Base(d) != "node_modules" {
			out = append(out, path.Join(d, "node_modules"))
		}
		if d == "/" || d == "." {
			break
		}
	}
	for p := range strings.SplitSeq(r.nodePath, ":") {
		if p != "" {
			out = append(out, p)
		}
	}
	return out
}

func splitPackage(spec string) (name, sub string) {
	parts := strings.SplitN(spec, "/", 3)
	n := 1
	if strings.HasPrefix(spec, "@") {
		n = 2
	}
	if len(parts) <= n {
		return spec, "."
	}
	name = strings.Join(parts[:n], "/")
	return name, "./" + strings.TrimPrefix(spec, name+"/")
}

func (r *resolver) inPackage(dir, name, sub string, esm bool) (string, error) {
	m := r.manifestAt(dir)
	if m != nil && len(m.Exports) > 0 && string(m.Exports) != "null" {
		target, ok := exported(m.Exports, sub, esm)
		if !ok {
			return "", &notFound{kind: "exports", what: sub, inside: path.Join(dir, "package.json")}
		}
		if f, ok := r.file(path.Join(dir, target)); ok {
			return f, nil
		}
		return "", &notFound{kind: "target", what: path.Join(dir, target), inside: path.Join(dir, "package.json")}
	}
	at := path.Join(dir, sub)
	if sub != "." {
		if f, ok := r.file(at); ok {
			return f, nil
		}
		if !r.fs.IsDir(at) {
			return "", &notFound{kind: "module", what: path.Join(name, sub)}
		}
	}
	f, err := r.folder(at)
	var nf *notFound
	if errors.As(err, &nf) && nf.kind == "module" {
		nf.what = path.Join(name, sub)
	}
	return f, err
}

// exported looks a subpath up in a package's exports.
func exported(raw json.RawMessage, sub string, esm bool) (string, bool) {
	var table map[string]json.RawMessage
	if json.Unmarshal(raw, &table) != nil {
		if sub != "." {
			return "", false
		}
		return target(raw, "", esm, 0)
	}
	paths := false
	for k := range table {
		paths = paths || strings.HasPrefix(k, ".")
	}
	if !paths {
		if sub != "." {
			return "", false
		}
		return target(raw, "", esm, 0)
	}
	if t, ok := table[sub]; ok && !strings.Contains(sub, "*") {
		return target(t, "", esm, 0)
	}
	best, star := "", ""
	for k := range table {
		pre, post, has := strings.Cut(k, "*")
		if !has && strings.HasSuffix(k, "/") {
			pre, has = k, true
		}
		if has && len(sub) >= len(pre)+len(post) && strings.HasPrefix(sub, pre) && strings.HasSuffix(sub, post) && len(k) > len(best) {
			best, star = k, sub[len(pre):len(sub)-len(post)]
		}
	}
	if best == "" {
		return "", false
	}
	t, ok := target(table[best], star, esm, 0)
	if ok && strings.HasSuffix(best, "/") {
		t += star
	}
	return t, ok
}

// target chooses a file by the conditions that hold, in the order in which they are written.
func target(raw json.RawMessage, star string, esm bool, depth int) (string, bool) {
	if depth > 20 {
		return "", false
	}
	var s string
	if json.Unmarshal(raw, &s) == nil && s != "" {
		return strings.ReplaceAll(s, "*", star), true
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) == nil {
		for _, l := range list {
			if t, ok := target(l, star, esm, depth+1); ok {
				return t, true
			}
		}
		return "", false
	}
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return "", false
	}
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return "", false
		}
		var v json.RawMessage
		if dec.Decode(&v) != nil {
			return "", false
		}
		switch c, _ := t.(string); {
		case c == "node", c == "default", c == "node-addons", c == "module-sync" && false, c == "import" && esm, c == "require" && !esm:
			if s, ok := target(v, star, esm, depth+1); ok {
				return s, true
			}
		}
	}
	return "", false
}
