package vfs

import (
	"io"
	"syscall"

	"drydock/grader/tree"
)

// Open flags, a subset of the kernel's.
const (
	ReadOnly  = 0
	Write     = 1 << iota // open for writing
	Create                // make the file where it is missing
	Exclusive             // with Create: it must be missing
	Truncate
	Append
	Read // with Write: open for both
)

// File is an open file. Its writes are seen by all views at once.
type File struct {
	fs     *FS
	h      *handle
	path   string
	flags  int
	pos    int64
	reader io.Reader // of content that was there when a file was opened for reading only
	null   bool
}

// handle is a file that is being written.
type handle struct {
	fs      *FS
	s       spot
	data    []byte
	over    *tree.Content // declared content that data is appended to
	dirty   bool
	written bool
}

func (h *handle) flush() {
	if !h.dirty {
		return
	}
	h.dirty = false
	now := h.fs.now()
	c := tree.Bytes(append([]byte(nil), h.data...))
	if h.over != nil {
		c = h.over.Append(h.data)
	}
	set := func(n *tree.Node) { n.Content, n.ModTime = c, now }
	h.fs.change(h.s, set)
}

// Open opens p. perm, subject to the umask, is for a file that Create makes.
func (f *FS) Open(p string, flags int, perm uint32) (*File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, err := f.find("open", p, flags&Exclusive == 0)
	if err != nil {
		return nil, err
	}
	if s.node == nil {
		if flags&Create == 0 {
			return nil, fail("open", p, syscall.ENOENT)
		}
		if n := len(p); n > 0 && p[n-1] == '/' {
			return nil, fail("open", p, syscall.EISDIR)
		}
		if err := f.create("open", p, s, tree.NewFile(perm&^f.Umask, nil)); err != nil {
			return nil, err
		}
		s.node = s.m.Tree.Lookup(s.p)
	} else {
		switch {
		case flags&Exclusive != 0:
			return nil, fail("open", p, syscall.EEXIST)
		case s.node.Type == tree.Dir && flags&Write != 0:
			return nil, fail("open", p, syscall.EISDIR)
		case flags&Write != 0 && !f.Cred.may(s.node, 2), (flags&Write == 0 || flags&Read != 0) && !f.Cred.may(s.node, 4):
			return nil, fail("open", p, syscall.EACCES)
		case flags&Write != 0 && s.m.ReadOnly && s.node.Type == tree.File:
			return nil, fail("open", p, syscall.EROFS)
		}
	}
	file := &File{fs: f, path: p, flags: flags}
	if s.node.Type == tree.CharDevice {
		file.null = true
		switch s.node.Target {
		case "zero", "random", "urandom":
			file.reader = tree.Declared(1<<62, "device:"+s.node.Target, nil).Reader()
		case "full":
			file.null = false
			file.reader = tree.Declared(1<<62, "device:zero", nil).Reader()
		}
		return file, nil
	}
	if flags&Write == 0 {
		if s.node.Type == tree.Dir {
			return file, nil // opening a folder works, reading it does not
		}
		file.reader = s.node.Content.Reader()
		return file, nil
	}
	h := f.open[s.key()]
	if h == nil {
		h = &handle{fs: f, s: s}
		if data, ok := s.node.Content.Known(); ok {
			h.data = append([]byte(nil), data...)
		} else {
			h.over = s.node.Content
		}
		f.open[s.key()] = h
	}
	if flags&Truncate != 0 {
		h.data, h.over, h.dirty = nil, nil, true
		h.flush()
	}
	file.h = h
	return file, nil
}

// Read reads from where the last Read or Write ended.
func (o *File) Read(p []byte) (int, error) {
	if o.reader != nil {
		return o.reader.Read(p)
	}
	if o.null {
		return 0, io.EOF
	}
	if o.h == nil {
		return 0, fail("read", o.path, syscall.EISDIR)
	}
	o.fs.mu.Lock()
	defer o.fs.mu.Unlock()
	if o.flags&Read == 0 {
		return 0, fail("read", o.path, syscall.EBADF)
	}
	if o.pos >= int64(len(o.h.data)) {
		return 0, io.EOF
	}
	n := copy(p, o.h.data[o.pos:])
	o.pos += int64(n)
	return n, nil
}

// Write writes at the file's position, or at its end if it was opened with Append.
func (o *File) Write(p []byte) (int, error) {
	if o.null {
		return len(p), nil
	}
	if o.h == nil {
		if o.reader != nil && o.flags&Write != 0 {
			return 0, fail("write", o.path, syscall.ENOSPC) // /dev/full
		}
		return 0, fail("write", o.path, syscall.EBADF)
	}
	o.fs.mu.Lock()
	defer o.fs.mu.Unlock()
	if o.fs.closed {
		return 0, fail("write", o.path, syscall.EIO)
	}
	if err := o.fs.spend(int64(len(p)), 0); err != nil {
		return 0, fail("write", o.path, err)
	}
	h := o.h
	if o.flags&Append != 0 || h.over != nil {
		o.pos = int64(len(h.data))
	}
	if gap := o.pos - int64(len(h.data)); gap > 0 {
		h.data = append(h.data, make([]byte, gap)...)
	}
	n := copy(h.data[o.pos:], p)
	h.data = append(h.data, p[n:]...)
	o.pos += int64(len(p))
	h.dirty = true
	return len(p), nil
}

// Close ends the file.
func (o *File) Close() error {
	if o.h == nil {
		return nil
	}
	o.fs.mu.Lock()
	defer o.fs.mu.Unlock()
	if !o.fs.closed {
		o.h.flush()
	}
	if o.fs.open[o.h.s.key()] == o.h {
		delete(o.fs.open, o.h.s.key())
	}
	return nil
}

// IsDir reports whether a folder was opened.
func (o *File) IsDir() bool { return o.h == nil && o.reader == nil && !o.null }

// ReadFile returns a file's bytes. Declared content of more than 16 MiB is an error (EFBIG): work on [FS.Content] instead.
func (f *FS) ReadFile(p string) ([]byte, error) {
	c, err := f.Content(p)
	if err != nil {
		return nil, err
	}
	if data, ok := c.Known(); ok {
		return data, nil
	}
	if c.Size() > 16<<20 {
		return nil, fail("read", p, syscall.EFBIG)
	}
	return io.ReadAll(c.Reader())
}

// WriteFile sets a file's bytes, making it with perm (subject to the umask) where it is missing.
func (f *FS) WriteFile(p string, data []byte, perm uint32) error {
	if err := f.spendLocked(int64(len(data))); err != nil {
		return fail("write", p, err)
	}
	return f.WriteContent(p, tree.Bytes(data), perm)
}

func (f *FS) spendLocked(n int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.spend(n, 0)
}

// WriteContent is [FS.WriteFile] for content of any kind; declared content costs nothing.
func (f *FS) WriteContent(p string, c *tree.Content, perm uint32) error {
	o, err := f.Open(p, Write|Create|Truncate, perm)
	if err != nil {
		return err
	}
	if o.h == nil {
		return nil
	}
	f.mu.Lock()
	s, now := o.h.s, f.now()
	set := func(n *tree.Node) { n.Content, n.ModTime = c, now }
	f.change(s, set)
	o.h.dirty = false
	if f.open[s.key()] == o.h {
		delete(f.open, s.key())
	}
	f.mu.Unlock()
	return nil
}

// Append adds bytes to the end of a file, making it with perm where it is missing.
func (f *FS) Append(p string, data []byte, perm uint32) error {
	o, err := f.Open(p, Write|Create|Append, perm)
	if err != nil {
		return err
	}
	_, err = o.Write(data)
	o.Close()
	return err
}
