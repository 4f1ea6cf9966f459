package catalogue

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"drydock/grader/tree"
)

// canvas is a tree being composed.
type canvas struct {
	*tree.Txn
	arch string
	vars map[string]string
}

// modTime is the time that composed files carry: 2026-01-01, in nanoseconds.
const modTime = 1767225600 * 1e9

// put sets a node, making missing folders.
func (v *canvas) put(p string, n *tree.Node) {
	p = v.real(p)
	v.mkdir(path.Dir(p))
	if n.ModTime == 0 {
		n.ModTime = modTime
	}
	v.Set(p, n)
}

// real follows links in the folders on the way to p.
func (v *canvas) real(p string) string {
	at := "/"
	parts := strings.Split(strings.Trim(path.Clean(p), "/"), "/")
	for i, part := range parts {
		next := path.Join(at, part)
		if n := v.Lookup(next); i < len(parts)-1 && n != nil && n.Type == tree.Symlink {
			to := n.Target
			if !path.IsAbs(to) {
				to = path.Join(at, to)
			}
			next = path.Clean(to)
		}
		at = next
	}
	return at
}

func (v *canvas) mkdir(p string) {
	if p == "/" || v.Lookup(p) != nil {
		return
	}
	v.mkdir(path.Dir(p))
	d := tree.NewDir(0o755)
	d.ModTime = modTime
	v.Set(p, d)
}

// text returns the bytes of a text file, "" where there is none.
func (v *canvas) text(p string) string {
	n, _ := v.Root().Resolve(p)
	if n == nil {
		return ""
	}
	b, _ := n.Content.Known()
	return string(b)
}

func (v *canvas) write(p, text string, mode uint32) {
	v.put(p, tree.NewFile(mode, tree.Text(text)))
}

// appendLine adds a line to a text file, unless it is there.
func (v *canvas) appendLine(p, line string, mode uint32) {
	old := v.text(p)
	if !strings.Contains("\n"+old, "\n"+line+"\n") {
		v.write(p, old+line+"\n", mode)
	}
}

// apply draws a part. A mistake in a part is a fault of the data, which the tests find.
func (v *canvas) apply(name string) {
	lines := strings.Split(string(mustRead("parts/"+name+".part")), "\n")
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		if line == "" || line[0] == '#' {
			continue
		}
		f := strings.Fields(v.expand(line))
		var body strings.Builder
		for i+1 < len(lines) && (strings.HasPrefix(lines[i+1], "| ") || lines[i+1] == "|") {
			i++
			body.WriteString(v.expand(strings.TrimPrefix(strings.TrimPrefix(lines[i], "|"), " ")) + "\n")
		}
		if err := v.draw(f, body.String()); err != nil {
			panic(fmt.Sprintf("catalogue: part %s, line %d: %v", name, i+1, err))
		}
	}
}

func (v *canvas) expand(s string) string {
	for {
		i := strings.Index(s, "${")
		if i < 0 {
			return s
		}
		name, rest, ok := strings.Cut(s[i+2:], "}")
		if !ok {
			return s
		}
		value, ok := v.vars[name]
		if !ok {
			return s[:i] + "$\x00{" + name + "}" + rest
		}
		s = s[:i] + value + rest
	}
}

func (v *canvas) draw(f []string, body string) error {
	arg := func(i int) string {
		if i < len(f) {
			return f[i]
		}
		return ""
	}
	facts := func(from int) map[string]string {
		m := map[string]string{}
		for _, kv := range f[min(from, len(f)):] {
			if k, val, ok := strings.Cut(kv, "="); ok {
				m[k] = strings.ReplaceAll(val, ",", " ")
			}
		}
		return m
	}
	size := func(s string) (int64, error) { return strconv.ParseInt(s, 10, 64) }
	mode := func(s string, otherwise uint32) uint32 {
		if m, err := strconv.ParseUint(s, 8, 32); err == nil && s != "" {
			return uint32(m)
		}
		return otherwise
	}
	if slices.ContainsFunc(f, func(s string) bool { return strings.Contains(s, "$\x00") }) {
		return fmt.Errorf("unset variable in %q", f)
	}
	p := arg(1)
	switch f[0] {
	case "dir":
		n := tree.NewDir(mode(arg(2), 0o755))
		n.UID, n.GID = owner(arg(3))
		if old := v.Lookup(v.real(p)); old.IsDir() {
			if arg(2) != "" {
				v.Edit(v.real(p), func(o *tree.Node) { o.Mode, o.UID, o.GID = n.Mode, n.UID, n.GID })
			}
			return nil
		}
		v.put(p, n)
	case "link":
		v.put(p, tree.NewSymlink(arg(2)))
	case "prog":
		n, err := size(arg(3))
		if err != nil {
			return err
		}
		v.program(p, arg(2), n, facts(4))
	case "lib":
		n, err := size(arg(2))
		if err != nil {
			return err
		}
		m := facts(3)
		m["elf"], m["arch"] = "dynamic", v.arch
		v.put(p, tree.NewFile(0o755, tree.Declared(n, "composed:"+v.vars["id"]+p, m)))
	case "script":
		n, err := size(arg(3))
		if err != nil {
			return err
		}
		v.script(p, arg(2), n, strings.Join(f[4:], " "))
	case "file":
		n, err := size(arg(2))
		if err != nil {
			return err
		}
		v.put(p, tree.NewFile(0o644, tree.Declared(n, "composed:"+v.vars["id"]+p, facts(3))))
	case "text":
		v.write(p, body, mode(arg(2), 0o644))
	case "user":
		uid, err := strconv.Atoi(arg(2))
		if err != nil {
			return err
		}
		gid, err := strconv.Atoi(arg(3))
		if err != nil {
			return err
		}
		v.user(p, uid, gid, arg(4), arg(5))
	case "group":
		v.appendLine("/etc/group", arg(1)+":x:"+arg(2)+":"+arg(3), 0o644)
	case "applets":
		v.applets(p)
	default:
		return fmt.Errorf("%q is no kind of line", f[0])
	}
	return nil
}

func owner(s string) (uid, gid int) {
	u, g, _ := strings.Cut(s, ":")
	return number(u), number(g)
}

// program puts a binary that a model answers for.
func (v *canvas) program(p, program string, size int64, facts map[string]string) {
	facts["program"], facts["arch"] = program, v.arch
	if facts["elf"] == "" {
		facts["elf"] = "dynamic"
	}
	if facts["elf"] == "dynamic" {
		facts["interp"] = v.vars["interp"]
		if facts["needs"] == "" {
			facts["needs"] = v.vars["libc.so"]
		}
	}
	v.put(p, tree.NewFile(0o755, tree.Declared(size, "composed:"+v.vars["id"]+p, facts)))
}

// script puts a text of that size that begins with a #! line. What the official file says is not kept.
func (v *canvas) script(p, program string, size int64, interpreter string) {
	var facts map[string]string
	if program != "-" {
		facts = map[string]string{"program": program}
		interpreter, facts["version"], _ = strings.Cut(interpreter, " ")
		if interpreter == "/usr/bin/env" { // the rest is its argument
			interpreter, facts["version"] = interpreter+" "+facts["version"], ""
		}
		if facts["version"] == "" {
			facts["version"] = v.vars[program]
		}
	}
	text := "#!" + interpreter + "\n"
	if pad := size - int64(len(text)); pad > 2 && pad < 64<<10 {
		text += "# " + strings.Repeat("-", int(pad)-3) + "\n"
	}
	v.put(p, tree.NewFile(0o755, tree.Program([]byte(text), facts)))
}

// user adds an account as useradd -m does, or renames the one that has the number.
func (v *canvas) user(name string, uid, gid int, home, shell string) {
	v.appendLine("/etc/group", fmt.Sprintf("%s:x:%d:", name, gid), 0o644)
	v.appendLine("/etc/passwd", fmt.Sprintf("%s:x:%d:%d::%s:%s", name, uid, gid, home, shell), 0o644)
	if v.text("/etc/shadow") != "" {
		v.appendLine("/etc/shadow", name+":!:20454:0:99999:7:::", 0o640)
		if strings.Contains(v.text("/etc/group"), "shadow:x:42:") {
			v.Edit("/etc/shadow", func(n *tree.Node) { n.GID = 42 })
		}
	}
	if home != "/nonexistent" && home != "" {
		d := tree.NewDir(0o755)
		d.UID, d.GID = uid, gid
		if old := v.Lookup(home); old == nil {
			v.put(home, d)
		} else {
			v.Edit(home, func(n *tree.Node) { n.UID, n.GID = uid, gid })
		}
	}
}

// applets links the names in a list to busybox, where nothing is yet.
func (v *canvas) applets(list string) {
	for line := range strings.Lines(string(mustRead(list))) {
		f := strings.Fields(line)
		if len(f) == 0 || f[0] == "#" {
			continue
		}
		for _, name := range f[1:] {
			if p := path.Join(f[0], name); v.Lookup(p) == nil {
				v.put(p, tree.NewSymlink("/bin/busybox"))
			}
		}
	}
}
