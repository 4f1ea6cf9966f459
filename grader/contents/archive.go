package contents

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/bzip2"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"syscall"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"

	"drydock/grader/tree"
)

// unpack extracts the file at src if it is a tar archive, plain or compressed; it reports whether it was.
func unpack(ctx context.Context, root *tree.Node, src string, dst *tree.Txn, dest string, o CopyOptions) (bool, error) {
	n := root.Lookup(rootPath(root, src, true))
	if n == nil || n.Type != tree.File {
		return false, nil
	}
	data, known := n.Content.Known()
	if !known {
		return false, nil
	}
	if r, err := openTar(data); err != nil {
		return false, nil
	} else if _, err := r.Next(); err != nil {
		return false, nil
	}
	at := rootPath(dst.Root(), dest, true)
	if err := mkdirAll(dst, at, 0o755, o.Owner, o.Now); err != nil {
		return true, err
	}
	return true, Untar(ctx, data, dst, at, o.Owner, o.MaxArchive)
}

// openTar reads a tar archive behind gzip, bzip2, xz, zstd or nothing.
func openTar(data []byte) (*tar.Reader, error) {
	r, err := Decompress(data)
	if err != nil {
		return nil, err
	}
	return tar.NewReader(r), nil
}

// Decompress undoes gzip, bzip2, xz or zstd compression, told by the first bytes; other data comes back as it is.
func Decompress(data []byte) (io.Reader, error) {
	br := bufio.NewReader(bytes.NewReader(data))
	switch {
	case bytes.HasPrefix(data, []byte{0x1f, 0x8b, 0x08}):
		return gzip.NewReader(br)
	case bytes.HasPrefix(data, []byte("BZh")):
		return bzip2.NewReader(br), nil
	case bytes.HasPrefix(data, []byte{0xfd, '7', 'z', 'X', 'Z', 0}):
		return xz.ReaderConfig{DictCap: 1 << 26}.NewReader(br)
	case bytes.HasPrefix(data, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(br, zstd.WithDecoderMaxMemory(64<<20), zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		return z.IOReadCloser(), nil
	}
	return br, nil
}

var errArchiveTooLarge = errors.New("archive too large")

// Untar extracts an archive into the folder at, which must exist. Entries replace what is there, folders merge; nothing leaves the folder. It
// stops with an error once more than limit bytes (or, where limit is 0, 64 MiB) have been read.
func Untar(ctx context.Context, data []byte, dst *tree.Txn, at string, owner *Owner, limit int64) error {
	if limit <= 0 {
		limit = 64 << 20
	}
	r, err := openTar(data)
	if err != nil {
		return err
	}
	for entries := 0; ; entries++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		h, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if entries > 200_000 || h.Size > limit {
			return errArchiveTooLarge
		}
		name := path.Join("/", h.Name)
		if name == "/" {
			continue
		}
		if len(at)+len(name) > maxPath {
			return &fs.PathError{Op: "open", Path: name, Err: syscall.ENAMETOOLONG}
		}
		parent := rootPath(dst.Root(), path.Join(at, path.Dir(name)), true)
		if err := mkdirAll(dst, parent, 0o755, nil, h.ModTime.UnixNano()); err != nil {
			return err
		}
		p := path.Join(parent, path.Base(name))
		n := &tree.Node{Attr: tree.Attr{Mode: uint32(h.Mode) & 0o7777, UID: h.Uid, GID: h.Gid, ModTime: h.ModTime.UnixNano()}}
		if owner != nil {
			n.UID, n.GID = owner.UID, owner.GID
		}
		for k, v := range h.PAXRecords {
			if attr, ok := cutXattr(k); ok {
				if n.Xattrs == nil {
					n.Xattrs = map[string]string{}
				}
				n.Xattrs[attr] = v
			}
		}
		old := dst.Lookup(p)
		switch h.Typeflag {
		case tar.TypeDir:
			if old.IsDir() {
				dst.Edit(p, func(d *tree.Node) { d.Attr = n.Attr })
				continue
			}
			d := tree.NewDir(n.Mode)
			d.Attr = n.Attr
			n = d
		case tar.TypeReg:
			body, err := io.ReadAll(io.LimitReader(r, limit+1))
			if err != nil {
				return err
			}
			if limit -= int64(len(body)); limit < 0 {
				return errArchiveTooLarge
			}
			n.Content = tree.Bytes(body)
		case tar.TypeSymlink:
			n.Type, n.Target, n.Mode = tree.Symlink, h.Linkname, 0o777
		case tar.TypeLink:
			from := path.Join(at, path.Join("/", h.Linkname))
			orig := dst.Lookup(from)
			if orig == nil {
				return fmt.Errorf("link %s %s: no such file or directory", from, p)
			}
			if orig.Inode == 0 {
				inode := tree.NewInode()
				dst.Edit(from, func(o *tree.Node) { o.Inode = inode })
				orig = dst.Lookup(from)
			}
			// Owner and mode of the entry go to the file, and so to all its names.
			attr := n.Attr
			for _, name := range sameFile(dst.Root(), orig.Inode) {
				dst.Edit(name, func(o *tree.Node) { o.Attr = attr })
			}
			n = orig.Clone()
			n.Attr = attr
		case tar.TypeFifo:
			n.Type = tree.Fifo
		case tar.TypeChar:
			n.Type = tree.CharDevice
		case tar.TypeBlock:
			n.Type = tree.BlockDevice
		default:
			continue
		}
		if old != nil {
			dst.Remove(p)
		}
		dst.Set(p, n)
	}
}

// sameFile lists the names of a hard-linked file.
func sameFile(root *tree.Node, inode uint64) []string {
	var out []string
	root.Walk("/", func(p string, n *tree.Node) bool {
		if n.Inode == inode {
			out = append(out, p)
		}
		return true
	})
	return out
}

func cutXattr(record string) (string, bool) {
	const prefix = "SCHILY.xattr."
	if len(record) > len(prefix) && record[:len(prefix)] == prefix {
		return record[len(prefix):], true
	}
	return "", false
}
