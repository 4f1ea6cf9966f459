// Package folder reads a folder of this machine into a tree, as a client reads a build context.
package folder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"drydock/grader/tree"
)

// Read reads a folder of this machine as a client would send it: owners are root's, links stay links.
func Read(dir string) (*tree.Node, error) {
	root := tree.NewDir(0o755)
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, p)
		if err != nil || rel == "." {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		attr := tree.Attr{Mode: modeBits(info.Mode()), ModTime: info.ModTime().UnixNano()}
		var n *tree.Node
		switch {
		case d.IsDir():
			n = tree.NewDir(attr.Mode)
		case info.Mode()&fs.ModeSymlink != 0:
			to, err := os.Readlink(p)
			if err != nil {
				return err
			}
			n = tree.NewSymlink(to)
			attr.Mode = 0o777
		case info.Mode().IsRegular():
			c, err := contentOf(p, info)
			if err != nil {
				return err
			}
			n = tree.NewFile(attr.Mode, c)
		default:
			return nil // sockets and devices are not sent
		}
		n.Attr = attr
		root.PutAt(filepath.ToSlash(rel), n)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read context: %w", err)
	}
	return root, nil
}

// eager is the size up to which files are read at once.
const eager = 256 << 10

// contentOf reads a small file; a large one is read when it is looked at, and until then known by its path, size and time.
func contentOf(p string, info fs.FileInfo) (*tree.Content, error) {
	if info.Size() > eager {
		id := fmt.Sprintf("file:%s:%d:%d", p, info.Size(), info.ModTime().UnixNano())
		return tree.Lazy(info.Size(), id, nil, func() []byte {
			data, err := os.ReadFile(p)
			if err != nil {
				return nil
			}
			return data
		}), nil
	}
	data, err := os.ReadFile(p)
	if err != nil {
		return nil, err
	}
	return tree.Bytes(data), nil
}

func modeBits(m fs.FileMode) uint32 {
	out := uint32(m.Perm())
	for bit, flag := range map[uint32]fs.FileMode{0o4000: fs.ModeSetuid, 0o2000: fs.ModeSetgid, 0o1000: fs.ModeSticky} {
		if m&flag != 0 {
			out |= bit
		}
	}
	return out
}

// Write puts a tree into a folder of this machine, which must not exist yet. Owners are not kept.
func Write(dir string, root *tree.Node) error {
	var failed error
	var folders []func() error // modes are set last, so that a folder that may not be written can be filled
	root.Walk("/", func(p string, n *tree.Node) bool {
		if failed != nil {
			return false
		}
		at := filepath.Join(dir, filepath.FromSlash(p))
		switch n.Type {
		case tree.Dir:
			failed = os.MkdirAll(at, 0o755)
			if p != "/" {
				folders = append(folders, func() error { return os.Chmod(at, fileMode(n.Mode)) })
			}
		case tree.Symlink:
			failed = os.Symlink(n.Target, at)
		case tree.File:
			data, known := n.Content.Known()
			if !known {
				failed = fmt.Errorf("%s is only declared", p)
				return false
			}
			if failed = os.WriteFile(at, data, 0o644); failed == nil {
				failed = os.Chmod(at, fileMode(n.Mode))
			}
			if failed == nil {
				at := time.Unix(0, n.ModTime)
				failed = os.Chtimes(filepath.Join(dir, filepath.FromSlash(p)), at, at)
			}
		}
		return failed == nil
	})
	for _, set := range folders {
		failed = errors.Join(failed, set())
	}
	return failed
}

func fileMode(m uint32) fs.FileMode {
	out := fs.FileMode(m & 0o777)
	for bit, flag := range map[uint32]fs.FileMode{0o4000: fs.ModeSetuid, 0o2000: fs.ModeSetgid, 0o1000: fs.ModeSticky} {
		if m&bit != 0 {
			out |= flag
		}
	}
	return out
}
