package tree

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"strconv"
	"strings"
	"sync"
)

// Content is what a file holds: known bytes, or a declaration of them (size, identity, and what they are good for) where the
// bytes themselves would only cost memory: binaries, archives, a dependency's sources. It never changes after it was made.
//
// Facts say what a declared content is. Names in use, all optional:
//
//	program   the tool model that answers when the file is executed ("node", "npm", "bash", "busybox", "ls")
//	version   of that program ("18.20.8")
//	flavour   of a program that comes in several ("gnu", "busybox")
//	elf       "static" or "dynamic" for a Linux executable or shared library; absent for what is no ELF file
//	arch      "amd64", "arm64", …
//	interp    loader of a dynamic executable ("/lib64/ld-linux-x86-64.so.2", "/lib/ld-musl-x86_64.so.1")
//	needs     shared libraries, space separated ("libc.so.6 libstdc++.so.6")
//	package   what brought the file ("npm:express@4.21.2", "deb:git", "base")
//	kind      what a data file is ("jar", "class", "wheel", "tar", "addon")
//	listens   the port a program listens on
//
// A model may add its own, named after itself ("java.main", "java.major").
type Content struct {
	data  []byte
	known bool
	size  int64
	id    string
	facts map[string]string
	once  sync.Once
	lazy  func() []byte
}

// Bytes returns content that is known. The caller gives up data.
func Bytes(data []byte) *Content { return &Content{data: data, known: true, size: int64(len(data))} }

// Text is [Bytes] of a string.
func Text(s string) *Content { return Bytes([]byte(s)) }

// Program returns known bytes that also carry facts, such as a script that a model answers for.
func Program(data []byte, facts map[string]string) *Content {
	c := Bytes(data)
	c.facts = facts
	return c
}

// Declared returns content of size bytes whose bytes are not kept. Equal ids mean equal bytes; id must say everything that
// distinguishes them ("npm:express@4.21.2/lib/router.js"). facts must not be changed afterwards.
func Declared(size int64, id string, facts map[string]string) *Content {
	return &Content{size: size, id: id, facts: facts}
}

// Lazy returns content whose bytes are made by fn when first read; id is their identity as for [Declared].
func Lazy(size int64, id string, facts map[string]string, fn func() []byte) *Content {
	return &Content{size: size, id: id, facts: facts, lazy: fn}
}

// Size returns the number of bytes.
func (c *Content) Size() int64 {
	if c == nil {
		return 0
	}
	return c.size
}

// Known returns the bytes, and false where the content is only declared.
func (c *Content) Known() ([]byte, bool) {
	if c == nil {
		return nil, true
	}
	if c.lazy != nil {
		c.once.Do(func() { c.data, c.known = c.lazy(), true })
	}
	return c.data, c.known
}

// Fact returns a fact of the content, or "".
func (c *Content) Fact(name string) string {
	if c == nil {
		return ""
	}
	return c.facts[name]
}

// Facts returns all facts. Callers must not change the map.
func (c *Content) Facts() map[string]string {
	if c == nil {
		return nil
	}
	return c.facts
}

// ID identifies the bytes: equal IDs mean equal bytes. It is "sha256:…" for known bytes, and what [Declared] was given otherwise.
func (c *Content) ID() string {
	if c == nil {
		return emptyID
	}
	if c.id != "" {
		return c.id
	}
	c.once.Do(func() {
		s := sha256.Sum256(c.data)
		c.id = "sha256:" + hex.EncodeToString(s[:])
	})
	return c.id
}

// emptyID is the identity of no bytes at all.
const emptyID = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// Reader reads the bytes. Declared content reads as a repeating line that names it, cut to its size, so that tools that count,
// filter or hash it give stable answers.
func (c *Content) Reader() io.Reader {
	if data, ok := c.Known(); ok {
		return strings.NewReader(string(data))
	}
	return io.LimitReader(&repeat{line: "\x00" + c.id + "\n"}, c.size)
}

type repeat struct {
	line string
	at   int
}

func (r *repeat) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = r.line[r.at]
		r.at = (r.at + 1) % len(r.line)
	}
	return len(p), nil
}

// Append returns content that holds c followed by tail. Appending to declared content stays declared.
func (c *Content) Append(tail []byte) *Content {
	if data, ok := c.Known(); ok {
		out := make([]byte, 0, len(data)+len(tail))
		return Bytes(append(append(out, data...), tail...))
	}
	s := sha256.Sum256(tail)
	return Declared(c.size+int64(len(tail)), c.id+"+"+strconv.Itoa(len(tail))+":"+hex.EncodeToString(s[:8]), c.facts)
}
