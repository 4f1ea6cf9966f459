// Package listing is the written form of recorded file trees: one line an entry, the bytes of small text files inline. The generators of
// the catalogue write it, its readers turn it into tree nodes.
//
// A line is
//
//	TYPE MODE UID GID SIZE PATH[\tREST]
//
// TYPE is d for a folder, f for a file whose bytes were not kept, k for one whose SIZE bytes follow the line (and then a newline), l for a
// symbolic link, h for a hard link to an earlier entry. REST is the target of a link, else facts as "name=value;name=value". MODE is octal.
package listing

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"drydock/grader/tree"
)

// Entry is a line of a listing.
type Entry struct {
	Type   byte // 'd', 'f', 'k', 'l' or 'h'
	Mode   uint32
	UID    int
	GID    int
	Size   int64
	Path   string
	Target string
	Facts  map[string]string
	Data   []byte // of 'k'
}

// Append writes e at the end of dst.
func Append(dst []byte, e Entry) []byte {
	dst = fmt.Appendf(dst, "%c %o %d %d %d %s", e.Type, e.Mode, e.UID, e.GID, e.Size, e.Path)
	switch {
	case e.Type == 'l' || e.Type == 'h':
		dst = append(append(dst, '\t'), e.Target...)
	case len(e.Facts) > 0:
		sep := byte('\t')
		for _, k := range factOrder {
			if v, ok := e.Facts[k]; ok {
				dst = append(append(append(append(dst, sep), k...), '='), v...)
				sep = ';'
			}
		}
	}
	dst = append(dst, '\n')
	if e.Type == 'k' {
		dst = append(append(dst, e.Data...), '\n')
	}
	return dst
}

// factOrder lists the facts that are written, in the order in which they are.
var factOrder = []string{"program", "version", "flavour", "elf", "arch", "interp", "needs", "package", "kind", "cahash"}

// Parse calls fn for each entry.
func Parse(data []byte, fn func(Entry) error) error {
	for n := 1; len(data) > 0; n++ {
		line, rest, _ := bytes.Cut(data, []byte{'\n'})
		e, err := parse(string(line))
		if err != nil {
			return fmt.Errorf("listing: entry %d: %w", n, err)
		}
		if e.Type == 'k' {
			if int64(len(rest)) < e.Size+1 {
				return fmt.Errorf("listing: entry %d: %s is cut short", n, e.Path)
			}
			e.Data, rest = rest[:e.Size:e.Size], rest[e.Size+1:]
		}
		if err := fn(e); err != nil {
			return err
		}
		data = rest
	}
	return nil
}

func parse(line string) (Entry, error) {
	head, rest, _ := strings.Cut(line, "\t")
	f := strings.SplitN(head, " ", 6)
	if len(f) != 6 || len(f[0]) != 1 {
		return Entry{}, fmt.Errorf("%.80q is no entry", line)
	}
	e := Entry{Type: f[0][0], Path: f[5]}
	mode, err := strconv.ParseUint(f[1], 8, 32)
	if err != nil {
		return e, err
	}
	e.Mode = uint32(mode)
	if e.UID, err = strconv.Atoi(f[2]); err != nil {
		return e, err
	}
	if e.GID, err = strconv.Atoi(f[3]); err != nil {
		return e, err
	}
	if e.Size, err = strconv.ParseInt(f[4], 10, 64); err != nil {
		return e, err
	}
	switch {
	case e.Type == 'l' || e.Type == 'h':
		e.Target = rest
	case rest != "":
		e.Facts = map[string]string{}
		for kv := range strings.SplitSeq(rest, ";") {
			k, v, _ := strings.Cut(kv, "=")
			e.Facts[k] = v
		}
	}
	return e, nil
}

// Node returns what e stands for. id names the collection, so that contents of the same path in two collections differ.
// A hard link gives nil: it needs its partner.
func (e Entry) Node(id string, modTime int64) *tree.Node {
	attr := tree.Attr{Mode: e.Mode, UID: e.UID, GID: e.GID, ModTime: modTime}
	switch e.Type {
	case 'd':
		n := tree.NewDir(e.Mode)
		n.Attr = attr
		return n
	case 'l':
		return &tree.Node{Type: tree.Symlink, Attr: attr, Target: e.Target}
	case 'k':
		return &tree.Node{Type: tree.File, Attr: attr, Content: tree.Program(e.Data, e.Facts)}
	case 'f':
		return &tree.Node{Type: tree.File, Attr: attr, Content: tree.Declared(e.Size, id+e.Path, e.Facts)}
	}
	return nil
}

// ForArch returns e as it is in the same package built for another architecture: the listings are recorded on amd64.
func (e Entry) ForArch(arch string) Entry {
	if arch == "amd64" {
		return e
	}
	triplet, loader := "aarch64-linux-gnu", "/lib/ld-linux-aarch64.so.1"
	swap := strings.NewReplacer("x86_64-linux-gnu", triplet, "x86-64-linux-gnu", "aarch64-linux-gnu", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1",
		"ld-musl-x86_64", "ld-musl-aarch64", "musl-x86_64", "musl-aarch64", "java-1.17.0-openjdk-amd64", "java-1.17.0-openjdk-"+arch,
		"-openjdk-amd64", "-openjdk-"+arch, ":amd64.", ":"+arch+".")
	e.Path, e.Target = swap.Replace(e.Path), swap.Replace(e.Target)
	if len(e.Facts) > 0 {
		facts := make(map[string]string, len(e.Facts))
		for k, v := range e.Facts {
			switch k {
			case "arch":
				v = arch
			case "interp":
				if strings.Contains(v, "musl") {
					v = swap.Replace(v)
				} else {
					v = loader
				}
			case "needs":
				v = swap.Replace(v)
			}
			facts[k] = v
		}
		e.Facts = facts
	}
	return e
}
