package archive

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"path"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"

	"drydock/grader/tree"
)

// maxKnown is up to how many bytes of files an archive is really written; above, it is declared.
const maxKnown = 16 << 20

// ratio estimates what compression leaves of a declared file, in percent: between program code (30) and what is compressed already (95).
var ratio = map[string]int64{"gz": 38, "bz2": 35, "xz": 30, "zst": 36, "zip": 38}

// packed is an archive's members and whether all are known.
func allKnown(entries []Entry) bool {
	var sum int64
	for _, e := range entries {
		if e.Node == nil || e.Node.Type != tree.File {
			continue
		}
		if e.Node.Content != nil {
			if _, ok := e.Node.Content.Known(); !ok {
				return false
			}
		}
		if sum += e.Node.Size(); sum > maxKnown {
			return false
		}
	}
	return true
}

// packTar makes the archive of entries. The stream form, for pipes, is always real bytes: declared members are named in their header.
func packTar(entries []Entry, stream bool) *tree.Content {
	if !stream && !allKnown(entries) {
		return declareArchive("tar", entries)
	}
	var b bytes.Buffer
	tw := tar.NewWriter(&b)
	for _, e := range entries {
		if err := writeMember(tw, e, stream); err != nil {
			break
		}
	}
	tw.Close()
	if pad := b.Len() % 10240; pad != 0 { // tar writes whole records of 20 blocks
		b.Write(make([]byte, 10240-pad))
	}
	return tree.Bytes(b.Bytes())
}

func writeMember(tw *tar.Writer, e Entry, stream bool) error {
	h := &tar.Header{Name: e.Name, Uname: e.User, Gname: e.Group}
	if e.Link != "" {
		h.Typeflag, h.Linkname = tar.TypeLink, e.Link
		if n := e.Node; n != nil {
			h.Mode, h.Uid, h.Gid, h.ModTime = int64(n.Mode), n.UID, n.GID, time.Unix(n.ModTime/1e9, 0)
		}
		return tw.WriteHeader(h)
	}
	n := e.Node
	h.Mode, h.Uid, h.Gid, h.ModTime = int64(n.Mode), n.UID, n.GID, time.Unix(n.ModTime/1e9, 0)
	var body []byte
	switch n.Type {
	case tree.Dir:
		h.Typeflag = tar.TypeDir
	case tree.Symlink:
		h.Typeflag, h.Linkname = tar.TypeSymlink, n.Target
	case tree.Fifo:
		h.Typeflag = tar.TypeFifo
	case tree.File:
		h.Typeflag = tar.TypeReg
		data, ok := n.Content.Known()
		if !ok && stream {
			known.keep(n.Content.ID(), nil, n.Content)
			h.Format, h.PAXRecords = tar.FormatPAX, map[string]string{declaredRecord: n.Content.ID()}
		}
		body = data
		h.Size = int64(len(body))
	default:
		return nil
	}
	if err := tw.WriteHeader(h); err != nil {
		return err
	}
	_, err := tw.Write(body)
	return err
}

// declareArchive remembers a tree and returns the declared archive of it.
func declareArchive(format string, entries []Entry) *tree.Content {
	root := assemble(entries)
	size := int64(1024)
	for _, e := range entries {
		size += 512
		if e.Node != nil && e.Node.Type == tree.File {
			size += (e.Node.Size() + 511) / 512 * 512
		}
	}
	size = (size + 10239) / 10240 * 10240
	if format == "zip" {
		size = size * ratio["zip"] / 100
	}
	id := format + ":" + root.Digest()
	c := tree.Declared(size, id, map[string]string{"kind": format, "archive.of": id, "archive.format": format})
	known.keep(id, root, c)
	return c
}

// compress returns content compressed.
func compress(c *tree.Content, how string) (*tree.Content, error) {
	data, ok := c.Known()
	if !ok || how == "bz2" || len(data) > maxKnown {
		id := how + ":" + c.ID()
		facts := map[string]string{"kind": how, "archive.of": id, "archive.format": c.Fact("archive.format"), "archive.compression": how}
		if facts["archive.format"] == "" && ok && isTar(data) {
			facts["archive.format"] = "tar"
		}
		out := tree.Declared(max(c.Size()*ratio[how]/100, 20), id, facts)
		n := known.tree(c.Fact("archive.of"))
		if n != nil {
			known.keep(c.ID(), n, c)
		}
		known.keep(id, n, c)
		return out, nil
	}
	var b bytes.Buffer
	var w io.WriteCloser
	var err error
	switch how {
	case "gz":
		w = gzip.NewWriter(&b)
	case "xz":
		w, err = xz.WriterConfig{DictCap: 1 << 20}.NewWriter(&b)
	case "zst":
		w, err = zstd.NewWriter(&b, zstd.WithEncoderConcurrency(1))
	default:
		return c, nil
	}
	if err != nil {
		return nil, err
	}
	if _, err = w.Write(data); err != nil {
		return nil, err
	}
	if err = w.Close(); err != nil {
		return nil, err
	}
	return tree.Bytes(b.Bytes()), nil
}

// expand undoes compress.
func expand(c *tree.Content, how string) (*tree.Content, error) {
	data, ok := c.Known()
	if ok {
		out, err := decompress(data, how)
		return tree.Bytes(out), err
	}
	if inner := known.content(c.Fact("archive.of")); inner != nil && inner != c {
		return inner, nil
	}
	k, ok := declaredKind(c)
	if !ok || k.Compression == "" {
		return nil, ErrFormat
	}
	url := strings.TrimSuffix(strings.TrimSuffix(c.Fact("url"), path.Ext(c.Fact("url"))), ".tar")
	facts := map[string]string{"url": url}
	if k.Archive == "tar" {
		facts = map[string]string{"url": c.Fact("url"), "kind": "tar", "archive.format": "tar"}
	}
	return tree.Declared(c.Size()*100/ratio[k.Compression], "unpacked:"+c.ID(), facts), nil
}
