package unix

import (
	"fmt"
	"strconv"
	"strings"

	"drydock/grader/tree"
)

// Mode is a change of permission bits: a number, or clauses such as u+x,go=rX.
type Mode struct {
	octal   bool
	bits    uint32
	digits  int
	clauses []clause
}

type clause struct {
	who   uint32 // bits of the classes named; 0 means all that the umask allows
	op    byte
	perm  uint32 // of one class: rwx
	x     bool   // X
	s, t  bool
	copy  byte // u, g, o: take that class's bits
	given bool
}

// ParseMode reads a mode as chmod does.
func ParseMode(s string) (Mode, bool) {
	if s == "" {
		return Mode{}, false
	}
	if n, err := strconv.ParseUint(s, 8, 32); err == nil {
		return Mode{octal: true, bits: uint32(n), digits: len(s)}, n <= 0o7777
	}
	var m Mode
	for _, part := range strings.Split(s, ",") {
		if !m.parse(part) {
			return Mode{}, false
		}
	}
	return m, true
}

func (m *Mode) parse(part string) bool {
	who := uint32(0)
	i := 0
	for ; i < len(part) && strings.IndexByte("ugoa", part[i]) >= 0; i++ {
		who |= map[byte]uint32{'u': 0o4700, 'g': 0o2070, 'o': 0o1007, 'a': 0o7777}[part[i]]
	}
	if i == len(part) {
		return false
	}
	for i < len(part) {
		c := clause{who: who, given: who != 0, op: part[i]}
		if strings.IndexByte("+-=", c.op) < 0 {
			return false
		}
		i++
		if j := i; j < len(part) && part[j] >= '0' && part[j] <= '7' {
			for j < len(part) && part[j] >= '0' && part[j] <= '7' {
				j++
			}
			n, err := strconv.ParseUint(part[i:j], 8, 32)
			if err != nil || n > 0o7777 || j != len(part) || who != 0 {
				return false
			}
			m.clauses = append(m.clauses, clause{op: c.op, perm: uint32(n), copy: '0'})
			return true
		}
		for ; i < len(part) && strings.IndexByte("+-=", part[i]) < 0; i++ {
			switch part[i] {
			case 'r':
				c.perm |= 4
			case 'w':
				c.perm |= 2
			case 'x':
				c.perm |= 1
			case 'X':
				c.x = true
			case 's':
				c.s = true
			case 't':
				c.t = true
			case 'u', 'g', 'o':
				c.copy = part[i]
			default:
				return false
			}
		}
		m.clauses = append(m.clauses, c)
	}
	return true
}

// Apply returns the bits that the mode makes of old. A folder keeps setuid and setgid under a short number, as GNU chmod has it.
func (m Mode) Apply(old uint32, dir bool, umask uint32) uint32 {
	if m.octal {
		if dir && m.digits < 5 {
			return m.bits | old&0o6000
		}
		return m.bits
	}
	mode := old
	for _, c := range m.clauses {
		mode = c.apply(mode, dir, umask)
	}
	return mode
}

func (c clause) apply(mode uint32, dir bool, umask uint32) uint32 {
	if c.copy == '0' {
		switch c.op {
		case '+':
			return mode | c.perm
		case '-':
			return mode &^ c.perm
		}
		return c.perm
	}
	perm := c.perm
	switch c.copy {
	case 'u':
		perm |= mode >> 6 & 7
	case 'g':
		perm |= mode >> 3 & 7
	case 'o':
		perm |= mode & 7
	}
	if c.x && (dir || mode&0o111 != 0) {
		perm |= 1
	}
	bits := perm<<6 | perm<<3 | perm
	if c.s {
		bits |= 0o6000
	}
	if c.t {
		bits |= 0o1000
	}
	who := c.who
	if !c.given {
		who = 0o7777
		bits &^= umask
	}
	// t belongs to everyone, whoever is named with o or nobody
	bits &= who
	switch c.op {
	case '+':
		return mode | bits
	case '-':
		return mode &^ bits
	}
	clear := who
	if dir && !c.s {
		clear &^= 0o6000
	}
	return mode&^clear | bits
}

// FileMode writes type and permissions as ls -l does: "drwxr-xr-x".
func FileMode(n *tree.Node) string {
	kind := map[tree.Type]string{tree.File: "-", tree.Dir: "d", tree.Symlink: "l", tree.Fifo: "p", tree.CharDevice: "c",
		tree.BlockDevice: "b", tree.Socket: "s"}[n.Type]
	return kind + Permissions(n.Mode)
}

// Permissions writes permission bits as ls -l does: "rwxr-xr-x".
func Permissions(mode uint32) string {
	b := []byte("rwxrwxrwx")
	for i := range b {
		if mode&(1<<(8-i)) == 0 {
			b[i] = '-'
		}
	}
	special := func(bit uint32, at int, set, unset byte) {
		if mode&bit == 0 {
			return
		}
		if b[at] == 'x' {
			b[at] = set
		} else {
			b[at] = unset
		}
	}
	special(0o4000, 2, 's', 'S')
	special(0o2000, 5, 's', 'S')
	special(0o1000, 8, 't', 'T')
	return string(b)
}

// TypeBits are the bits of st_mode that say what a node is.
func TypeBits(n *tree.Node) uint32 {
	return map[tree.Type]uint32{tree.File: 0o100000, tree.Dir: 0o040000, tree.Symlink: 0o120000, tree.Fifo: 0o010000,
		tree.CharDevice: 0o020000, tree.BlockDevice: 0o060000, tree.Socket: 0o140000}[n.Type]
}

// TypeName says what a node is, as stat does.
func TypeName(n *tree.Node) string {
	switch n.Type {
	case tree.File:
		if n.Size() == 0 {
			return "regular empty file"
		}
		return "regular file"
	case tree.Dir:
		return "directory"
	case tree.Symlink:
		return "symbolic link"
	case tree.Fifo:
		return "fifo"
	case tree.CharDevice:
		return "character special file"
	case tree.BlockDevice:
		return "block special file"
	}
	return "socket"
}

// Blocks is what a node takes on disk in units of 512 bytes, on a filesystem with blocks of 4 KiB.
func Blocks(n *tree.Node) int64 {
	switch n.Type {
	case tree.Dir:
		return 8
	case tree.File:
		return (n.Size() + 4095) / 4096 * 8
	}
	return 0
}

// DiskSize is st_size: a folder's is a block.
func DiskSize(n *tree.Node) int64 {
	if n.Type == tree.Dir {
		return 4096
	}
	return n.Size()
}

// Human writes a number of bytes as -h does: "4.0K", "12M", rounded up.
func Human(n int64, base int64) string {
	if n < base {
		return fmt.Sprint(n)
	}
	units := "KMGTPE"
	if base == 1000 {
		units = "kMGTPE"
	}
	div, i := base, 0
	for n >= div*base && i < len(units)-1 {
		div *= base
		i++
	}
	if tenths := (n*10 + div - 1) / div; n < div*10 && tenths < 100 {
		return fmt.Sprintf("%d.%d%c", tenths/10, tenths%10, units[i])
	}
	whole := (n + div - 1) / div
	if whole >= base && i < len(units)-1 {
		return fmt.Sprintf("1.0%c", units[i+1])
	}
	return fmt.Sprintf("%d%c", whole, units[i])
}

// ParseSize reads a size with an optional suffix: 10, 4k, 1M, 2GB, 1MiB, 512b.
func ParseSize(s string) (int64, bool) {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	n, suffix := int64(1), s[i:]
	if i > 0 {
		var err error
		if n, err = strconv.ParseInt(s[:i], 10, 64); err != nil {
			return 0, false
		}
	} else if suffix == "" {
		return 0, false
	}
	switch suffix {
	case "":
		return n, true
	case "b":
		return n * 512, true
	case "c":
		return n, true
	case "w":
		return n * 2, true
	}
	power := strings.IndexByte("KMGTPE", suffix[0]&^0x20)
	if power < 0 {
		return 0, false
	}
	base := int64(1024)
	switch suffix[1:] {
	case "", "iB":
	case "B", "b":
		base = 1000
	default:
		return 0, false
	}
	for range power + 1 {
		if n > (1<<62)/base {
			return 0, false
		}
		n *= base
	}
	return n, true
}
