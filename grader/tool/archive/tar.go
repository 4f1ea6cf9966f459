package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"syscall"
	"time"

	"drydock/grader/tool"
	"drydock/grader/tool/getopt"
	"drydock/grader/tool/unix"
	"drydock/grader/tree"
	"drydock/grader/vfs"
)

var tarSpec = getopt.Spec{
	Short: "AcdrtuxC:f:zjJaZvOpPsUkhmTX:b:l::",
	Long: "create/c extract/x get/x list/t append/r update/u diff/d catenate/A directory/C file/f gzip/z gunzip/z bzip2/j xz/J zstd auto-compress/a " +
		"verbose/v to-stdout/O preserve-permissions/p same-permissions/p absolute-names/P overwrite unlink-first/U keep-old-files/k " +
		"skip-old-files dereference/h touch/m files-from: exclude-from/X exclude: strip-components: strip: no-same-owner same-owner " +
		"no-same-permissions wildcards no-wildcards anchored no-anchored transform: xform: owner: group: mode: mtime: numeric-owner " +
		"sort: one-file-system no-recursion warning: checkpoint checkpoint-action: xattrs acls selinux format: posix remove-files " +
		"exclude-vcs keep-directory-symlink no-overwrite-dir use-compress-program: totals record-size: version help",
}

// tarJob is one run of tar.
type tarJob struct {
	*tool.Call
	fs       *vfs.FS // in the directory that -C named last
	opt      *getopt.Result
	failed   bool
	busybox  bool
	excludes []string
	strip    int
}

func tar_(ctx context.Context, c *tool.Call) int {
	args := append([]string(nil), c.Args[1:]...)
	if len(args) > 0 && args[0] != "" && args[0][0] != '-' {
		args = oldStyle(args)
	}
	for i, a := range args { // -T takes an argument, unlike getopt's T above
		if a == "-T" && i+1 < len(args) {
			args = append(append(append([]string{}, args[:i]...), "--files-from="+args[i+1]), args[i+2:]...)
			break
		}
	}
	dirs, args := takeDirs(args)
	opt, err := getopt.Parse(tarSpec, args)
	j := &tarJob{Call: c, fs: c.FS, opt: opt, busybox: c.Program.Fact("flavour") == "busybox"}
	if err != nil {
		j.say("%s", err)
		c.Errorf("Try 'tar --help' or 'tar --usage' for more information.")
		return 64
	}
	if opt.Has("version") {
		c.Printf("tar (GNU tar) 1.34\n")
		return 0
	}
	mode := opt.Last("c", "x", "t", "r", "u", "d")
	if mode == "" {
		if j.busybox {
			c.Errorf("tar: must specify exactly one of 'c', 'x' or 't'")
			return 1
		}
		j.say("You must specify one of the '-Acdtrux', '--delete' or '--test-label' options")
		c.Errorf("Try 'tar --help' or 'tar --usage' for more information.")
		return 2
	}
	if mode == "d" { // what was packed is taken to be as it was
		return 0
	}
	j.excludes = opt.Values("exclude")
	for _, f := range opt.Values("X") {
		if data, err := c.FS.ReadFile(f); err == nil {
			j.excludes = append(j.excludes, strings.Fields(string(data))...)
		}
	}
	fmt.Sscan(opt.Value("strip-components")+opt.Value("strip"), &j.strip)
	if mode == "c" || mode == "r" || mode == "u" {
		return j.create(ctx, dirs)
	}
	if len(dirs) > 0 {
		for _, d := range dirs {
			if !j.enter(d.dir) {
				return 2
			}
		}
	}
	return j.read(ctx, mode == "t")
}

// change is a -C, and before which operand it stands.
type change struct {
	before int
	dir    string
}

// takeDirs takes the -C options out of args, since where they stand matters for creating.
func takeDirs(args []string) (dirs []change, rest []string) {
	operands := 0
	for i := 0; i < len(args); i++ {
		a := args[i]
		switch {
		case (a == "-C" || a == "--directory") && i+1 < len(args):
			dirs = append(dirs, change{operands, args[i+1]})
			i++
			continue
		case strings.HasPrefix(a, "-C") && len(a) > 2:
			dirs = append(dirs, change{operands, a[2:]})
			continue
		case strings.HasPrefix(a, "--directory="):
			dirs = append(dirs, change{operands, a[len("--directory="):]})
			continue
		case strings.HasPrefix(a, "-") && !strings.HasPrefix(a, "--") && strings.HasSuffix(a, "C") && len(a) > 2 && !strings.Contains(a, "f") && i+1 < len(args):
			dirs = append(dirs, change{operands, args[i+1]})
			rest = append(rest, a[:len(a)-1])
			i++
			continue
		case strings.HasPrefix(a, "-") && !strings.HasPrefix(a, "--") && strings.HasSuffix(a, "f") && i+1 < len(args):
			rest = append(rest, a, args[i+1])
			i++
			continue
		}
		if !strings.HasPrefix(a, "-") || a == "-" {
			operands++
		}
		rest = append(rest, a)
	}
	return dirs, rest
}

// oldStyle turns "xzf a.tar b" into "-x -z -f a.tar b": each letter that wants an argument takes the next word.
func oldStyle(args []string) []string {
	var out []string
	rest := args[1:]
	for _, l := range args[0] {
		out = append(out, "-"+string(l))
		if strings.ContainsRune("CfXTb", l) && len(rest) > 0 {
			out = append(out, rest[0])
			rest = rest[1:]
		}
	}
	return append(out, rest...)
}

func (j *tarJob) say(format string, a ...any) { j.Errorf("tar: "+format, a...) }

func (j *tarJob) fatal() int {
	if j.busybox {
		return 1
	}
	j.say("Error is not recoverable: exiting now")
	return 2
}

// enter changes the directory.
func (j *tarJob) enter(dir string) bool {
	if !j.fs.IsDir(dir) {
		msg := "No such file or directory"
		if j.fs.Exists(dir) {
			msg = "Not a directory"
		}
		if j.busybox {
			j.say("can't change directory to '%s': %s", dir, msg)
			return false
		}
		j.say("%s: Cannot open: %s", dir, msg)
		j.fatal()
		return false
	}
	j.fs = j.fs.In(j.fs.Abs(dir))
	return true
}

func (j *tarJob) compression(name string) string {
	switch {
	case j.opt.Has("z"):
		return "gz"
	case j.opt.Has("j"):
		return "bz2"
	case j.opt.Has("J"):
		return "xz"
	case j.opt.Has("zstd"):
		return "zst"
	case j.opt.Has("a"):
		k, _ := kindOfName(name)
		return k.Compression
	}
	return ""
}

func (j *tarJob) create(ctx context.Context, dirs []change) int {
	operands := j.opt.Operands
	if f := j.opt.Value("files-from"); f != "" {
		data, err := readAll(j.Call, f)
		if err != nil {
			j.say("%s: Cannot open: %s", f, vfs.Message(err))
			return j.fatal()
		}
		for _, line := range strings.Split(string(data), "\n") {
			if line != "" {
				operands = append(operands, line)
			}
		}
	}
	if len(operands) == 0 {
		j.say("Cowardly refusing to create an empty archive")
		j.Errorf("Try 'tar --help' or 'tar --usage' for more information.")
		return 2
	}
	names := owners(j.FS)
	var entries []Entry
	hard := map[uint64]string{}
	stripped := false
	out := j.opt.Value("f")
	for i, operand := range operands {
		for _, d := range dirs {
			if d.before == i && !j.enter(d.dir) {
				return 2
			}
		}
		j.fs.Walk(operand, func(p string, n *tree.Node, err error) bool {
			if ctx.Err() != nil || len(entries) >= MaxEntries {
				return false
			}
			if err != nil {
				if p == operand {
					j.say("%s: Cannot stat: %s", p, vfs.Message(err))
				} else {
					j.say("%s: Cannot open: %s", p, vfs.Message(err))
				}
				j.failed = true
				return false
			}
			if excluded(j.excludes, p) || out != "" && out != "-" && j.fs.Abs(p) == j.FS.Abs(out) {
				return false
			}
			if j.opt.Has("h") && n.Type == tree.Symlink {
				if to, err := j.fs.Stat(p); err == nil {
					n = to
				}
			}
			name := p
			if strings.HasPrefix(name, "/") && !j.opt.Has("P") {
				if !stripped && !j.busybox {
					j.say("Removing leading `/' from member names")
				}
				stripped = true
				name = strings.TrimLeft(name, "/")
				if name == "" {
					name = "./"
				}
			}
			if n.IsDir() && !strings.HasSuffix(name, "/") {
				name += "/"
			}
			if n.Type == tree.File && j.fs.Access(p, 4) != nil {
				j.say("%s: Cannot open: Permission denied", p)
				j.failed = true
				return false
			}
			e := Entry{Name: name, Node: j.adjust(n), User: names.user[n.UID], Group: names.group[n.GID]}
			if n.Inode != 0 && n.Type == tree.File {
				if first, ok := hard[n.Inode]; ok {
					e.Link = first
				} else {
					hard[n.Inode] = name
				}
			}
			if j.opt.Has("v") {
				if out == "-" || out == "" {
					j.Errorf("%s", name)
				} else {
					j.Printf("%s\n", name)
				}
			}
			entries = append(entries, e)
			return !j.opt.Has("no-recursion")
		})
	}
	how := j.compression(out)
	stream := out == "" || out == "-"
	c := packTar(entries, stream)
	if how != "" {
		var err error
		if c, err = compress(c, how); err != nil {
			j.say("%s: %v", how, err)
			return j.fatal()
		}
	}
	if stream {
		emit(j.Call, c)
	} else if err := j.FS.WriteContent(out, c, 0o666); err != nil {
		j.say("%s: Cannot open: %s", out, vfs.Message(err))
		return j.fatal()
	}
	if j.failed {
		if !j.busybox {
			j.say("Exiting with failure status due to previous errors")
			return 2
		}
		return 1
	}
	return 0
}

// adjust applies --owner, --group, --mode and --mtime to a member.
func (j *tarJob) adjust(n *tree.Node) *tree.Node {
	o, okO := j.opt.Lookup("owner")
	g, okG := j.opt.Lookup("group")
	t, okT := j.opt.Lookup("mtime")
	perm, okM := j.opt.Lookup("mode")
	if !okO && !okG && !okT && !okM {
		return n
	}
	m := n.Clone()
	if mode, ok := unix.ParseMode(perm); ok && okM && n.Type != tree.Symlink {
		m.Mode = mode.Apply(n.Mode, n.IsDir(), 0)
	}
	if okO {
		m.UID = atoi(o)
	}
	if okG {
		m.GID = atoi(g)
	}
	if okT {
		m.ModTime = 0
		if secs, ok := strings.CutPrefix(t, "@"); ok {
			m.ModTime = int64(atoi(secs)) * 1e9
		}
	}
	return m
}

func atoi(s string) int {
	n := 0
	if _, id, ok := strings.Cut(s, ":"); ok {
		s = id
	}
	fmt.Sscan(s, &n)
	return n
}

// emit writes content to standard output: its bytes, or the marker that stands for them.
func emit(c *tool.Call, content *tree.Content) {
	if data, ok := content.Known(); ok {
		c.Stdout.Write(data)
		return
	}
	known.keep(content.ID(), known.tree(content.Fact("archive.of")), content)
	c.Stdout.Write(Marker(content))
}

func excluded(patterns []string, p string) bool {
	p = strings.TrimSuffix(p, "/")
	for _, pat := range patterns {
		pat = strings.TrimSuffix(pat, "/")
		for q := p; ; { // a pattern matches at any slash, and * matches slashes
			if match(pat, q) {
				return true
			}
			_, rest, ok := strings.Cut(q, "/")
			if !ok {
				break
			}
			q = rest
		}
	}
	return false
}

// match is fnmatch without FNM_PATHNAME: a star also stands for slashes.
func match(pat, s string) bool {
	ok, err := path.Match(strings.ReplaceAll(pat, "/", "\x01"), strings.ReplaceAll(s, "/", "\x01"))
	return err == nil && ok
}

// read lists or extracts.
func (j *tarJob) read(ctx context.Context, list bool) int {
	name := j.opt.Value("f")
	var content *tree.Content
	var err error
	if name == "" || name == "-" {
		content, err = fromStream(j.Stdin, MaxBytes)
	} else {
		content, err = j.FS.Content(name)
	}
	if err != nil {
		if j.busybox {
			j.say("can't open '%s': %s", name, vfs.Message(err))
			return 1
		}
		j.say("%s: Cannot open: %s", name, vfs.Message(err))
		return j.fatal()
	}
	if status, bad := j.checkKind(content); bad {
		return status
	}
	entries, err := Entries(content)
	switch {
	case errors.Is(err, ErrTooLarge):
		j.say("Cannot write: No space left on device")
		return j.fatal()
	case err != nil && len(entries) == 0:
		j.say("This does not look like a tar archive")
		j.say("Exiting with failure status due to previous errors")
		return 2
	case err != nil:
		j.say("Unexpected EOF in archive")
		j.failed = true
	}
	wanted := j.opt.Operands
	hit := make([]bool, len(wanted))
	x := &extraction{tarJob: j, names: ids(j.FS)}
	for _, e := range entries {
		if ctx.Err() != nil {
			break
		}
		if !selected(wanted, hit, e.Name, j.opt.Has("wildcards")) || excluded(j.excludes, strings.TrimPrefix(e.Name, "./")) || excluded(j.excludes, e.Name) {
			continue
		}
		if list {
			j.list(e)
			continue
		}
		x.member(e)
	}
	for i, w := range wanted {
		if !hit[i] {
			j.say("%s: Not found in archive", w)
			j.failed = true
		}
	}
	x.finish()
	if j.failed {
		if j.busybox {
			return 1
		}
		j.say("Exiting with failure status due to previous errors")
		return 2
	}
	return 0
}

// checkKind refuses what the options or the missing decompressor do not fit.
func (j *tarJob) checkKind(c *tree.Content) (int, bool) {
	k, ok := Detect(c)
	want := j.compression("")
	if want != "" && k.Compression != want {
		switch want {
		case "gz":
			j.Errorf("\ngzip: stdin: not in gzip format")
		case "xz":
			j.Errorf("xz: (stdin): File format not recognized")
		case "bz2":
			j.Errorf("bzip2: (stdin) is not a bzip2 file.")
		}
		j.say("Child returned status 1")
		return j.fatal(), true
	}
	if ok && k.Archive == "tar" {
		return j.helper(k.Compression)
	}
	if ok && k.Compression != "" && k.Archive == "" {
		if data, known := c.Known(); !known || len(data) > 0 {
			j.say("This does not look like a tar archive")
			j.say("Exiting with failure status due to previous errors")
			return 2, true
		}
	}
	if data, isKnown := c.Known(); isKnown && len(data) == 0 && j.opt.Value("f") != "" && j.opt.Value("f") != "-" {
		return 0, true
	}
	if !ok || k.Archive != "tar" {
		if j.busybox {
			j.say("invalid tar magic")
			return 1, true
		}
		j.say("This does not look like a tar archive")
		if data, _ := c.Known(); len(data) > 512 && !bytes.Equal(data[:512], make([]byte, 512)) {
			j.say("Skipping to next header")
		}
		j.say("Exiting with failure status due to previous errors")
		return 2, true
	}
	return 0, false
}

// helper checks that the program GNU tar hands the decompression to is there.
func (j *tarJob) helper(how string) (int, bool) {
	name := map[string]string{"gz": "gzip", "bz2": "bzip2", "xz": "xz", "zst": "zstd"}[how]
	if name == "" || j.busybox {
		return 0, false
	}
	if _, err := tool.Find(j.FS, j.Env, name); err == nil {
		return 0, false
	}
	if how == "bz2" {
		if _, err := tool.Find(j.FS, j.Env, "lbzip2"); err == nil {
			return 0, false
		}
		j.Errorf("tar (child): lbzip2: Cannot exec: No such file or directory")
	} else {
		j.Errorf("tar (child): %s: Cannot exec: No such file or directory", name)
	}
	j.Errorf("tar (child): Error is not recoverable: exiting now")
	j.say("Child returned status 2")
	return j.fatal(), true
}

func selected(wanted []string, hit []bool, name string, wild bool) bool {
	if len(wanted) == 0 {
		return true
	}
	clean := strings.TrimSuffix(name, "/")
	found := false
	for i, w := range wanted {
		w = strings.TrimSuffix(w, "/")
		if clean == w || strings.HasPrefix(clean, w+"/") || wild && match(w, clean) {
			hit[i], found = true, true
		}
	}
	return found
}

func (j *tarJob) list(e Entry) {
	if !j.opt.Has("v") {
		j.Printf("%s\n", e.Name)
		return
	}
	owner := e.User + "/" + e.Group
	if e.User == "" || j.opt.Has("numeric-owner") {
		owner = fmt.Sprintf("%d/%d", e.Attr.UID, e.Attr.GID)
	}
	kind, arrow, size := byte('h'), " link to "+e.Link, "0"
	if n := e.Node; n != nil && e.Link == "" {
		kind, arrow = kinds[n.Type], ""
		switch n.Type {
		case tree.Symlink:
			arrow = " -> " + n.Target
		case tree.File:
			size = fmt.Sprint(n.Size())
		}
	}
	j.Printf("%c%s %s%*s %s %s%s\n", kind, modeText(e.Attr.Mode), owner, max(19-len(owner), len(size)+1), size,
		time.Unix(0, e.Attr.ModTime).UTC().Format("2006-01-02 15:04"), e.Name, arrow)
}

// kinds are the letters that a listing begins with.
var kinds = map[tree.Type]byte{tree.File: '-', tree.Dir: 'd', tree.Symlink: 'l', tree.Fifo: 'p', tree.CharDevice: 'c', tree.BlockDevice: 'b', tree.Socket: 's'}

func modeText(mode uint32) string {
	b := []byte("rwxrwxrwx")
	for i := range b {
		if mode&(1<<(8-i)) == 0 {
			b[i] = '-'
		}
	}
	for i, letter := range "sst" { // setuid, setgid, sticky in the place of an x
		if mode&(0o4000>>i) == 0 {
			continue
		}
		at := 3*i + 2
		if b[at] == '-' {
			letter += 'S' - 's'
		}
		b[at] = byte(letter)
	}
	return string(b)
}

var errEscape = &pathError{"Member name contains '..'"}

type pathError struct{ text string }

func (e *pathError) Error() string { return e.text }

// isMissing reports ENOENT.
func isMissing(err error) bool { return vfs.Is(err, syscall.ENOENT) }
