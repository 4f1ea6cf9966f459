package npm

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"drydock/grader/report"
	"drydock/grader/tree"
)

// item is something that npm fetches and keeps: an archive, or a registry's document about a package.
type item struct {
	keys    []string // in the index
	sum     string   // hexadecimal SHA-512 of its content
	size    int64
	content string // identity
	pkg     *planned
}

// file is where its content lies below _cacache.
func (i item) file() string {
	return "content-v2/sha512/" + i.sum[:2] + "/" + i.sum[2:4] + "/" + i.sum[4:]
}

// indexFile is where the index keeps a key.
func indexFile(key string) string {
	s := sha256.Sum256([]byte(key))
	h := hex.EncodeToString(s[:])
	return "index-v5/" + h[:2] + "/" + h[2:4] + "/" + h[4:]
}

// indexEntry is content as long as npm's line for a key is.
func indexEntry(key string) *tree.Content {
	size := int64(205 + len(key)) // a checksum, the key, an SRI string, time and size
	if strings.HasPrefix(key, "make-fetch-happen:") {
		size += int64(len(key)) - 33 + 185 // the address again, and the headers that are kept
		if !strings.HasSuffix(key, ".tgz") {
			size += 80
		}
	}
	return tree.Declared(size, "npm-index:"+key, nil)
}

// archive is the item of a package's archive.
func (n *session) archive(p *planned) item {
	known := n.reg.Package(p.name, p.Version)
	it := item{size: typical.archive, content: "npm:" + p.name + "@" + p.Version + ".tgz", pkg: p}
	if known != nil && known.Tarball > 0 {
		it.size = known.Tarball
	}
	it.sum = sumOf(p.Integrity, it.content)
	address := p.Resolved
	if address == "" {
		address = n.registryURL() + p.name + "/-/" + path.Base(p.name) + "-" + p.Version + ".tgz"
		it.keys = append(it.keys, "pacote:tarball:"+p.name+"@"+p.Version)
	}
	it.keys = append(it.keys, "make-fetch-happen:request-cache:"+address)
	return it
}

// packument is the item of the registry's document about a package.
func (n *session) packument(name string) item {
	it := item{size: typical.packument, content: "npm-packument:" + name}
	for _, v := range n.reg.Versions(name) {
		if p := n.reg.Package(name, v); p.Packument > 0 {
			it.size = p.Packument
		}
	}
	it.sum = sumOf(n.reg.Document(name), it.content)
	it.keys = []string{"make-fetch-happen:request-cache:" + n.registryURL() + strings.ReplaceAll(name, "/", "%2f")}
	return it
}

func sumOf(integrity, content string) string {
	for field := range strings.FieldsSeq(integrity) {
		if b64, ok := strings.CutPrefix(field, "sha512-"); ok {
			if b, err := base64.StdEncoding.DecodeString(b64); err == nil && len(b) == sha512.Size {
				return hex.EncodeToString(b)
			}
		}
	}
	s := sha512.Sum512([]byte(content))
	return hex.EncodeToString(s[:])
}

// fetch gets items from the cache or the registry, records which, and leaves what came in the cache.
func (n *session) fetch(items []item) error {
	if len(items) == 0 {
		return nil
	}
	dir := path.Join(n.cacheDir(), "_cacache")
	if err := n.makeCache(); err != nil {
		return err
	}
	fresh := !n.FS.Exists(dir)
	var missing []item
	for _, it := range items {
		if !fresh && n.FS.Exists(path.Join(dir, it.file())) {
			if it.pkg != nil {
				n.Record(report.Event{Kind: "cache-hit", Tool: n.tool, Name: it.pkg.name, Version: it.pkg.Version, Bytes: it.size, Dev: it.pkg.Dev})
			}
			continue
		}
		missing = append(missing, it)
	}
	if len(missing) == 0 {
		return nil
	}
	if n.Offline || n.cfg.is("offline") {
		return n.unreachable(missing[0])
	}
	for _, it := range missing {
		n.fetched++
		e := report.Event{Kind: "download", Tool: n.tool, Bytes: it.size}
		if it.pkg != nil {
			e.Name, e.Version, e.Dev = it.pkg.name, it.pkg.Version, it.pkg.Dev
		} else {
			e.Name = strings.TrimPrefix(it.content, "npm-packument:") + " (metadata)"
		}
		n.Record(e)
	}
	o := owner{uid: n.FS.Cred.UID, gid: n.FS.Cred.GID}
	if fresh {
		node, err := n.shelf.cache(missing, o)
		if err != nil {
			return err
		}
		return n.FS.Graft(dir, node)
	}
	for _, it := range missing {
		if err := n.store(dir, it.file(), it.contentOf()); err != nil {
			return n.cacheDenied(err)
		}
		for _, k := range it.keys {
			if err := n.store(dir, indexFile(k), indexEntry(k)); err != nil {
				return n.cacheDenied(err)
			}
		}
	}
	return nil
}

func (i item) contentOf() *tree.Content {
	facts := map[string]string{}
	if i.pkg != nil {
		facts["package"] = "npm:" + i.pkg.name + "@" + i.pkg.Version
		facts["kind"] = "tar"
	}
	return tree.Declared(i.size, i.content, facts)
}

func (n *session) store(dir, file string, c *tree.Content) error {
	p := path.Join(dir, file)
	if err := n.FS.MkdirAll(path.Dir(p), 0o755); err != nil {
		return err
	}
	return n.FS.WriteContent(p, c, 0o644)
}

// cache builds the folder of a cache that holds just these items.
func (s *shelf) cache(items []item, o owner) (*tree.Node, error) {
	h := sha256.New()
	for _, it := range items {
		fmt.Fprintf(h, "%s %d\n", it.sum, it.size)
	}
	return recall(s, &s.caches, o.key()+string(h.Sum(nil)), func() (*tree.Node, error) {
		root := o.dir()
		root.Put("tmp", o.dir())
		for _, it := range items {
			o.putAt(root, it.file(), o.own(tree.NewFile(0o644, it.contentOf())))
			for _, k := range it.keys {
				o.putAt(root, indexFile(k), o.own(tree.NewFile(0o644, indexEntry(k))))
			}
		}
		return root, nil
	})
}

// makeCache makes sure that the cache's folder is there and can be written.
func (n *session) makeCache() error {
	dir := n.cacheDir()
	if err := n.FS.MkdirAll(dir, 0o755); err != nil {
		return n.cacheDenied(err)
	}
	inner := path.Join(dir, "_cacache")
	if n.FS.Exists(inner) {
		dir = inner
	}
	if err := n.FS.Access(dir, 2); err != nil {
		return n.cacheDenied(err)
	}
	return nil
}

// cacheDenied words what npm says of a cache that belongs to somebody else.
func (n *session) cacheDenied(err error) error {
	var pe *fs.PathError
	if !errors.Is(err, fs.ErrPermission) || !errors.As(err, &pe) {
		return n.filesystem(err)
	}
	uid, gid := n.FS.Cred.UID, n.FS.Cred.GID
	return &failure{code: "EACCES", status: 243, lines: []string{
		"syscall mkdir", "path " + pe.Path, "errno EACCES", "",
		"Your cache folder contains root-owned files, due to a bug in",
		"previous versions of npm which has since been addressed.", "",
		"To permanently fix this problem, please run:",
		fmt.Sprintf("  sudo chown -R %d:%d %q", uid, gid, n.cacheDir()),
	}}
}

// unreachable is the error of a step without a network.
func (n *session) unreachable(it item) error {
	url := strings.TrimPrefix(it.keys[len(it.keys)-1], "make-fetch-happen:request-cache:")
	if n.cfg.is("offline") {
		return &failure{code: "ENOTCACHED", lines: []string{
			"request to " + url + " failed: cache mode is 'only-if-cached' but no cached response is available."}}
	}
	host := strings.TrimSuffix(strings.TrimPrefix(n.registryURL(), "https://"), "/")
	return &failure{code: "EAI_AGAIN", lines: []string{
		"syscall getaddrinfo", "errno EAI_AGAIN",
		"request to " + url + " failed, reason: getaddrinfo EAI_AGAIN " + host,
	}}
}

// logContent is a log of a run that asked for some documents and archives.
func (n *session) logContent(id string) *tree.Content {
	switch n.command {
	case "install", "ci", "install-test", "install-ci-test", "uninstall", "update", "dedupe", "prune":
		if n.fetched == 0 {
			return tree.Declared(int64(820+180*n.moved), "npm-log:"+id, nil)
		}
		return tree.Declared(int64(1_600+203*n.fetched), "npm-log:"+id, nil)
	}
	quoted := make([]string, len(n.Args)-1)
	for i, a := range n.Args[1:] {
		quoted[i] = strconv.Quote(a)
	}
	const steps = 620 // of starting, reading the configuration and ending
	return tree.Declared(int64(steps+len(n.root)+len(strings.Join(n.Args[1:], " "))+len(strings.Join(quoted, " "))), "npm-log:"+id, nil)
}

// cacheCommand is npm cache clean, verify and so on.
func (n *session) cacheCommand() error {
	sub := ""
	if len(n.args) > 0 {
		sub = n.args[0]
	}
	dir := path.Join(n.cacheDir(), "_cacache")
	switch sub {
	case "clean", "clear", "rm":
		if !n.cfg.is("force") && len(n.args) < 2 {
			return &failure{lines: []string{
				"As of npm@5, the npm cache self-heals from corruption issues by treating integrity mismatches as cache misses.",
				"As a result, data extracted from the cache is guaranteed to be valid.",
				"If you want to make sure everything is consistent, use `npm cache verify` instead.",
				"Deleting the cache can only make npm go slower, and is not likely to correct any problems you may be encountering!", "",
				"On the other hand, if you're debugging an issue with the installer, or race conditions that depend on the timing of writing to an empty cache, you can use `npm install --cache /tmp/empty-cache` to use a temporary cache instead of removing the actual one.",
				"", "If you're sure you want to delete the entire cache, rerun this command with --force.",
			}}
		}
		n.warn("using --force Recommended protections disabled.")
		return n.FS.RemoveAll(dir)
	case "verify":
		n.Printf("Cache verified and compressed (%s)\n", dir)
		return nil
	}
	return &failure{code: "EUSAGE", lines: []string{"", "Manipulates packages cache", "", "Usage:", "npm cache add <package-spec>",
		"npm cache clean [<key>]", "npm cache ls [name@version]", "npm cache verify"}}
}
