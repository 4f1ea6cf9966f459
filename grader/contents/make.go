package contents

import (
	"errors"
	"io/fs"
	"path"
	"syscall"

	"drydock/grader/tree"
)

// Mkdir makes a folder. An existing one is left as it is.
func Mkdir(dst *tree.Txn, p string, perm uint32, parents bool, owner *Owner, stamp int64) error {
	real, err := resolved(dst.Root(), p, true)
	if err != nil {
		return err
	}
	if parents {
		return mkdirAll(dst, real, perm&0o777, owner, stamp)
	}
	parent := dst.Lookup(path.Dir(real))
	switch {
	case dst.Lookup(real) != nil:
		return nil
	case parent == nil:
		return notExist("mkdir", real)
	case !parent.IsDir():
		return &fs.PathError{Op: "mkdir", Path: real, Err: syscall.ENOTDIR}
	}
	return mkdirAll(dst, real, perm&0o777, owner, stamp)
}

// Mkfile writes a file, replacing what is there.
func Mkfile(dst *tree.Txn, p string, perm uint32, data []byte, owner *Owner, stamp int64) error {
	real, err := resolved(dst.Root(), p, true)
	if err != nil {
		return err
	}
	if real == "/" {
		return &fs.PathError{Op: "mkfile", Path: p, Err: syscall.EISDIR}
	}
	parent := dst.Lookup(path.Dir(real))
	switch {
	case parent == nil:
		return notExist("open", real)
	case !parent.IsDir():
		return &fs.PathError{Op: "open", Path: real, Err: syscall.ENOTDIR}
	case dst.Lookup(real).IsDir():
		return &fs.PathError{Op: "rename", Path: real, Err: errFileExists}
	}
	n := tree.NewFile(perm&0o777, tree.Bytes(data))
	n.ModTime = stamp
	if owner != nil {
		n.UID, n.GID = owner.UID, owner.GID
	}
	dst.Set(real, n)
	return nil
}

var errFileExists = errors.New("file exists")

// Symlink makes a link.
func Symlink(dst *tree.Txn, target, p string, owner *Owner, stamp int64) error {
	real, err := resolved(dst.Root(), p, true)
	if err != nil {
		return err
	}
	if dst.Lookup(real) != nil {
		return &fs.PathError{Op: "symlink", Path: real, Err: syscall.EEXIST}
	}
	n := tree.NewSymlink(target)
	n.ModTime = stamp
	if owner != nil {
		n.UID, n.GID = owner.UID, owner.GID
	}
	if !dst.Set(real, n) {
		return notExist("symlink", real)
	}
	return nil
}

// Remove takes away what is at p, or what matches it.
func Remove(dst *tree.Txn, p string, wildcard, allowMissing bool) error {
	matches := []string{p}
	if wildcard {
		var err error
		if matches, err = resolveWildcards(dst.Root(), cleanPath(p), false); err != nil {
			return err
		}
	}
	for _, m := range matches {
		m = path.Join("/", m)
		if m == "/" {
			return errors.New("rmPath: invalid empty path")
		}
		dir, err := resolved(dst.Root(), path.Dir(m), true)
		if err != nil {
			return err
		}
		real := path.Join(dir, path.Base(m))
		if dst.Lookup(real) == nil && !allowMissing {
			return notExist("stat", real)
		}
		dst.Remove(real)
	}
	return nil
}
