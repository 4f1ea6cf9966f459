package archive

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"

	"drydock/grader/tree"
)

// Bounds of one archive, so that a bomb ends as on a full disk.
const (
	MaxBytes   = 64 << 20 // of unpacked known bytes
	MaxEntries = 100_000
)

// ErrTooLarge is returned where an archive unpacks to more than [MaxBytes] or [MaxEntries].
var ErrTooLarge = errors.New("archive unpacks to more than the simulation allows")

// ErrFormat is returned for what is no archive.
var ErrFormat = errors.New("not an archive")

// Kind is a format: "tar" or "zip", "" where content is a single compressed file; and how it is compressed: "gz", "bz2", "xz", "zst", or "".
type Kind struct {
	Archive     string
	Compression string
}

var magic = []struct {
	head, name string
}{{"\x1f\x8b", "gz"}, {"BZh", "bz2"}, {"\xfd7zXZ\x00", "xz"}, {"\x28\xb5\x2f\xfd", "zst"}}

func compressionOf(data []byte) string {
	for _, m := range magic {
		if bytes.HasPrefix(data, []byte(m.head)) {
			return m.name
		}
	}
	return ""
}

func isTar(data []byte) bool {
	if len(data) < 512 {
		return false
	}
	if bytes.HasPrefix(data[257:], []byte("ustar")) {
		return true
	}
	_, err := tar.NewReader(bytes.NewReader(data)).Next()
	return err == nil && data[0] != 0
}

// Detect tells what kind of archive content is. ok is false for what is neither an archive nor compressed. As for ADD, a zip is no
// archive that is unpacked by itself: callers look at Kind.Archive.
func Detect(c *tree.Content) (k Kind, ok bool) {
	data, isKnown := c.Known()
	if !isKnown {
		if k, ok := declaredKind(c); ok {
			return k, true
		}
		return Kind{}, false
	}
	k.Compression = compressionOf(data)
	switch {
	case bytes.HasPrefix(data, []byte("PK\x03\x04")), bytes.HasPrefix(data, []byte("PK\x05\x06")):
		return Kind{Archive: "zip"}, true
	case k.Compression == "" && isTar(data):
		return Kind{Archive: "tar"}, true
	case k.Compression == "":
		return k, false
	}
	r, err := decompressor(data, k.Compression)
	if err != nil {
		return k, true
	}
	head := make([]byte, 1536)
	n, _ := io.ReadFull(r, head)
	if isTar(head[:n]) {
		k.Archive = "tar"
	}
	return k, true
}

// declaredKind reads the kind of a declared archive from its facts, or from the name in its url.
func declaredKind(c *tree.Content) (Kind, bool) {
	if a := c.Fact("archive.format"); a != "" || c.Fact("archive.compression") != "" {
		return Kind{a, c.Fact("archive.compression")}, true
	}
	name := path.Base(strings.SplitN(c.Fact("url"), "?", 2)[0])
	return kindOfName(name)
}

// kindOfName reads a kind from a file's name.
func kindOfName(name string) (Kind, bool) {
	for _, s := range []struct {
		suffix string
		kind   Kind
	}{
		{".tar.gz", Kind{"tar", "gz"}}, {".tgz", Kind{"tar", "gz"}}, {".tar.xz", Kind{"tar", "xz"}}, {".txz", Kind{"tar", "xz"}},
		{".tar.bz2", Kind{"tar", "bz2"}}, {".tbz2", Kind{"tar", "bz2"}}, {".tar.zst", Kind{"tar", "zst"}}, {".tar", Kind{"tar", ""}},
		{".zip", Kind{"zip", ""}}, {".jar", Kind{"zip", ""}}, {".whl", Kind{"zip", ""}},
		{".gz", Kind{"", "gz"}}, {".xz", Kind{"", "xz"}}, {".bz2", Kind{"", "bz2"}}, {".zst", Kind{"", "zst"}},
	} {
		if strings.HasSuffix(strings.ToLower(name), s.suffix) {
			return s.kind, true
		}
	}
	return Kind{}, false
}

func decompressor(data []byte, compression string) (io.Reader, error) {
	r := bytes.NewReader(data)
	switch compression {
	case "gz":
		return gzip.NewReader(r)
	case "bz2":
		return bzip2.NewReader(r), nil
	case "xz":
		return xz.ReaderConfig{DictCap: 8 << 20}.NewReader(r)
	case "zst":
		d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(MaxBytes))
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	}
	return r, nil
}

// decompress returns the bytes inside, MaxBytes at most.
func decompress(data []byte, compression string) ([]byte, error) {
	r, err := decompressor(data, compression)
	if err != nil {
		return nil, err
	}
	out, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if len(out) > MaxBytes {
		return nil, ErrTooLarge
	}
	return out, err
}

// Entry is one member of an archive.
type Entry struct {
	Name  string // as stored, cleaned of nothing
	Node  *tree.Node
	Link  string    // the member that a hard link names
	Attr  tree.Attr // as stored: of links too, whose node has another
	User  string
	Group string
}

// Extract unpacks a tar (compressed or not) or zip into a tree: its owners, modes and times are the archive's. Members that would land
// outside are put below the root, as the kernel resolves them in a chroot.
func Extract(c *tree.Content) (*tree.Node, error) {
	entries, err := Entries(c)
	if err != nil {
		return nil, err
	}
	return assemble(entries), nil
}

// assemble builds the tree of entries; later ones win.
func assemble(entries []Entry) *tree.Node {
	t := tree.Begin(nil)
	for _, e := range entries {
		p := path.Clean("/" + e.Name)
		if e.Link != "" {
			if n := t.Lookup(path.Clean("/" + e.Link)); n != nil {
				t.Set(p, n)
			}
			continue
		}
		ensure(t, path.Dir(p))
		if p == "/" || e.Node.Type == tree.Dir && t.Lookup(p).IsDir() {
			t.Edit(p, func(n *tree.Node) { n.Attr = e.Node.Attr })
			continue
		}
		t.Set(p, e.Node)
	}
	return t.Commit()
}

func ensure(t *tree.Txn, dir string) {
	if t.Lookup(dir).IsDir() {
		return
	}
	ensure(t, path.Dir(dir))
	t.Set(dir, tree.NewDir(0o755))
}

// Entries lists what an archive holds, in its order.
func Entries(c *tree.Content) ([]Entry, error) {
	data, isKnown := c.Known()
	if !isKnown {
		if n := known.tree(c.Fact("archive.of")); n != nil {
			return entriesOf(n), nil
		}
		if inner := known.content(c.Fact("archive.of")); inner != nil && inner != c {
			return Entries(inner)
		}
		if k, ok := declaredKind(c); ok && k.Archive != "" {
			return entriesOf(layout(c)), nil
		}
		return nil, ErrFormat
	}
	k, ok := Detect(c)
	if !ok || k.Archive == "" {
		return nil, ErrFormat
	}
	if k.Archive == "zip" {
		return zipEntries(data)
	}
	r, err := decompressor(data, k.Compression)
	if err != nil {
		return nil, err
	}
	return tarEntries(r)
}

func entriesOf(n *tree.Node) []Entry {
	var out []Entry
	n.Walk("/", func(p string, n *tree.Node) bool {
		if p != "/" {
			out = append(out, Entry{Name: strings.TrimPrefix(p, "/"), Node: n})
		}
		return true
	})
	return out
}

// declaredRecord is the record of a tar header that names the declared content of a member written to a pipe.
const declaredRecord = "DRYDOCK.content"

func tarEntries(r io.Reader) ([]Entry, error) {
	var out []Entry
	left := int64(MaxBytes)
	tr := tar.NewReader(r)
	for {
		h, err := tr.Next()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		if len(out) >= MaxEntries {
			return out, ErrTooLarge
		}
		e := Entry{Name: h.Name, User: h.Uname, Group: h.Gname}
		attr := tree.Attr{Mode: uint32(h.Mode) & 0o7777, UID: h.Uid, GID: h.Gid, ModTime: h.ModTime.UnixNano()}
		for k, v := range h.PAXRecords {
			if name, ok := strings.CutPrefix(k, "SCHILY.xattr."); ok {
				if attr.Xattrs == nil {
					attr.Xattrs = map[string]string{}
				}
				attr.Xattrs[name] = v
			}
		}
		switch h.Typeflag {
		case tar.TypeDir:
			e.Node = tree.NewDir(0)
		case tar.TypeSymlink:
			e.Node = tree.NewSymlink(h.Linkname)
			e.Attr = attr
			attr.Mode = 0o777
		case tar.TypeLink:
			e.Link, e.Attr = h.Linkname, attr
			out = append(out, e)
			continue
		case tar.TypeFifo:
			e.Node = &tree.Node{Type: tree.Fifo}
		case tar.TypeChar:
			e.Node = &tree.Node{Type: tree.CharDevice, Target: "null"}
		case tar.TypeBlock:
			e.Node = &tree.Node{Type: tree.BlockDevice}
		case tar.TypeReg:
			if id := h.PAXRecords[declaredRecord]; id != "" {
				if c := known.content(id); c != nil {
					e.Node = tree.NewFile(0, c)
					break
				}
			}
			data, err := io.ReadAll(io.LimitReader(tr, left+1))
			if err != nil {
				return out, err
			}
			if left -= int64(len(data)); left < 0 {
				return out, ErrTooLarge
			}
			e.Node = tree.NewFile(0, tree.Bytes(data))
		default:
			continue
		}
		e.Node.Attr = attr
		if e.Node.Type != tree.Symlink {
			e.Attr = attr
		}
		out = append(out, e)
	}
}

func zipEntries(data []byte) ([]Entry, error) {
	zr, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	if len(zr.File) > MaxEntries {
		return nil, ErrTooLarge
	}
	var out []Entry
	left := int64(MaxBytes)
	for _, f := range zr.File {
		e := Entry{Name: f.Name}
		mode := uint32(f.Mode().Perm())
		attr := tree.Attr{Mode: mode, ModTime: f.Modified.UnixNano()}
		if strings.HasSuffix(f.Name, "/") {
			e.Node = tree.NewDir(0)
			if attr.Mode == 0 {
				attr.Mode = 0o755
			}
			e.Node.Attr = attr
			out = append(out, e)
			continue
		}
		rc, err := f.Open()
		if err != nil {
			return out, fmt.Errorf("read %s: %w", f.Name, err)
		}
		body, err := io.ReadAll(io.LimitReader(rc, left+1))
		rc.Close()
		if err != nil {
			return out, fmt.Errorf("read %s: %w", f.Name, err)
		}
		if left -= int64(len(body)); left < 0 {
			return out, ErrTooLarge
		}
		if f.Mode()&fs.ModeSymlink != 0 {
			e.Node = tree.NewSymlink(string(body))
			attr.Mode = 0o777
		} else {
			if attr.Mode == 0 {
				attr.Mode = 0o644
			}
			e.Node = tree.NewFile(0, tree.Bytes(body))
		}
		e.Node.Attr = attr
		out = append(out, e)
	}
	return out, nil
}
