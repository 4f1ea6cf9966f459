package coreutils

import (
	"path"
	"strconv"
	"strings"
	"syscall"
	"time"

	"drydock/grader/tool/getopt"
	"drydock/grader/tool/unix"
	"drydock/grader/tree"
	"drydock/grader/vfs"
)

var making = []unix.Command{
	{Name: "mkdir", Args: "[OPTION]... DIRECTORY...", Run: mkdir, Spec: getopt.Spec{Short: "m:pvZ", Long: "mode/m parents/p verbose/v context?"}},
	{Name: "touch", Args: "[OPTION]... FILE...", Run: touch, Spec: getopt.Spec{Short: "acd:fhmr:t:",
		Long: "no-create/c date/d no-dereference/h reference/r time:"}},
	{Name: "mkfifo", Args: "[OPTION]... NAME...", Run: mkfifo, Spec: getopt.Spec{Short: "m:Z", Long: "mode/m context?"}},
	{Name: "mknod", Args: "[OPTION]... NAME TYPE [MAJOR MINOR]", Run: mknod, Spec: getopt.Spec{Short: "m:Z", Long: "mode/m context?"}},
	{Name: "mktemp", Args: "[OPTION]... [TEMPLATE]", Run: mktemp, Spec: getopt.Spec{Short: "dp:qtu",
		Long: "directory/d dry-run/u quiet/q suffix: tmpdir?"}},
	{Name: "fallocate", Suite: "util-linux", Args: "[options] <filename>", Run: fallocate, Spec: getopt.Spec{Short: "cdil:no:pvxz",
		Long: "collapse-range/c dig-holes/d insert-range/i length/l keep-size/n offset/o punch-hole/p verbose/v posix/x zero-range/z"}},
	{Name: "truncate", Args: "OPTION... FILE...", Run: truncate, Spec: getopt.Spec{Short: "cor:s:", Long: "no-create/c io-blocks/o reference/r size/s"}},
}

func mkdir(c *unix.Cmd) int {
	if len(c.Operands) == 0 {
		return c.Usage("missing operand")
	}
	var mode *unix.Mode
	if s, ok := c.Lookup("m"); ok {
		m, ok := unix.ParseMode(s)
		if !ok {
			return c.Die(1, "invalid mode %s", c.Quote(s))
		}
		mode = &m
	}
	for _, dir := range c.Operands {
		if c.Has("p") {
			makeParents(c, dir, mode)
		} else {
			makeDir(c, dir, mode)
		}
	}
	return c.Status
}

func makeDir(c *unix.Cmd, dir string, mode *unix.Mode) bool {
	err := c.FS.Mkdir(dir, 0o777)
	if err != nil {
		c.Warn(c.Pick("cannot create directory %s: %s", "can't create directory %s: %s"), c.Quote(dir), unix.Message(err))
		return false
	}
	if c.Has("v") {
		if c.Busybox {
			c.Printf("created directory: '%s'\n", dir)
		} else {
			c.Printf("%s: created directory %s\n", c.Prog(), c.Quote(dir))
		}
	}
	if mode != nil {
		now := uint32(0o777)
		if n, err := c.FS.Stat(dir); err == nil {
			now |= n.Mode & 0o7000 // inherited, and kept by a mode that does not speak of it
		}
		c.FS.Chmod(dir, mode.Apply(now, true, c.FS.Umask))
	}
	return true
}

func makeParents(c *unix.Cmd, dir string, mode *unix.Mode) {
	at := ""
	if strings.HasPrefix(dir, "/") {
		at = "/"
	}
	parts := strings.FieldsFunc(dir, func(r rune) bool { return r == '/' })
	for i, part := range parts {
		at += part
		n, err := c.FS.Stat(at)
		switch {
		case err == nil && n.IsDir():
		case err == nil:
			reason := syscall.ENOTDIR
			if i == len(parts)-1 {
				reason = syscall.EEXIST
			}
			c.Warn(c.Pick("cannot create directory %s: %s", "can't create directory %s: %s"), c.Quote(at), unix.Message(reason))
			return
		default:
			m := mode
			if i < len(parts)-1 {
				m = nil
			}
			if !makeDir(c, at, m) {
				return
			}
		}
		at += "/"
	}
}

func touch(c *unix.Cmd) int {
	now := c.FS.Now()
	if s, ok := c.Lookup("d"); ok {
		t, ok := unix.ParseDate(s, unix.Time(now))
		if !ok {
			return c.Die(1, "invalid date format %s", c.Quote(s))
		}
		now = t.UnixNano()
	}
	if s, ok := c.Lookup("t"); ok {
		t, ok := stamp(s, unix.Time(now))
		if !ok {
			return c.Die(1, "invalid date format %s", c.Quote(s))
		}
		now = t.UnixNano()
	}
	if ref, ok := c.Lookup("r"); ok {
		n, err := c.FS.Stat(ref)
		if err != nil {
			return c.Die(1, "failed to get attributes of %s: %s", unix.QuoteName(ref), unix.Message(err))
		}
		now = n.ModTime
	}
	if len(c.Operands) == 0 {
		return c.Usage("missing file operand")
	}
	for _, name := range c.Operands {
		if !c.FS.Exists(name) {
			if c.Has("c") {
				continue
			}
			f, err := c.FS.Open(name, vfs.Write|vfs.Create, 0o666)
			if err != nil {
				cannotTouch(c, name, err)
				continue
			}
			f.Close()
		}
		if c.Has("a") && !c.Has("m") {
			continue
		}
		err := c.FS.Chtimes(name, now)
		if vfs.Is(err, syscall.EPERM) {
			if werr := c.FS.Access(name, 2); werr != nil {
				err = werr
			} else if !c.Has("d", "t", "r") {
				err = nil
			}
		}
		if err != nil {
			cannotTouch(c, name, err)
		}
	}
	return c.Status
}

func cannotTouch(c *unix.Cmd, name string, err error) {
	if c.Busybox {
		c.Warn("%s: %s", name, unix.Message(err))
		return
	}
	if vfs.Is(err, syscall.EPERM) {
		c.Warn("setting times of %s: %s", unix.QuoteName(name), unix.Message(err))
		return
	}
	c.Warn("cannot touch %s: %s", unix.QuoteName(name), unix.Message(err))
}

// stamp reads [[CC]YY]MMDDhhmm[.ss].
func stamp(s string, now time.Time) (time.Time, bool) {
	main, sec, dotted := strings.Cut(s, ".")
	if !dotted {
		sec = "00"
	}
	switch len(main) {
	case 8:
		main = now.Format("2006") + main
	case 10:
		century := "20"
		if main >= "69" {
			century = "19"
		}
		main = century + main
	}
	t, err := time.Parse("20060102150405", main+sec)
	return t, err == nil
}

func mkfifo(c *unix.Cmd) int {
	if len(c.Operands) == 0 {
		return c.Usage("missing operand")
	}
	for _, name := range c.Operands {
		if err := c.FS.Mknod(name, tree.Fifo, 0o666); err != nil {
			c.Warn("cannot create fifo %s: %s", unix.QuoteName(name), unix.Message(err))
			continue
		}
		if m, ok := unix.ParseMode(c.Value("m")); ok {
			c.FS.Chmod(name, m.Apply(0o666, false, 0))
		}
	}
	return c.Status
}

func mknod(c *unix.Cmd) int {
	kinds := map[string]tree.Type{"b": tree.BlockDevice, "c": tree.CharDevice, "u": tree.CharDevice, "p": tree.Fifo}
	switch n := len(c.Operands); {
	case n == 0:
		return c.Usage("missing operand")
	case n == 1:
		return c.Usage("missing operand after %s", c.Quote(c.Operands[0]))
	}
	kind, ok := kinds[c.Operands[1]]
	if !ok {
		return c.Usage("invalid device type %s", c.Quote(c.Operands[1]))
	}
	if kind != tree.Fifo && len(c.Operands) < 4 {
		return c.Usage("missing operand after %s", c.Quote(c.Operands[len(c.Operands)-1]))
	}
	name := c.Operands[0]
	err := c.FS.Mknod(name, kind, 0o666)
	if kind != tree.Fifo && c.FS.Cred.UID != 0 {
		err = syscall.EPERM
	}
	if err != nil {
		c.Warn("%s: %s", c.Plain(name), unix.Message(err))
	}
	return c.Status
}

func mktemp(c *unix.Cmd) int {
	template := "tmp.XXXXXXXXXX"
	if c.Busybox {
		template = "tmp.XXXXXX"
	}
	dir := ""
	switch len(c.Operands) {
	case 0:
		dir = "/tmp"
	case 1:
		template = c.Operands[0]
	default:
		return c.Usage("too many templates")
	}
	suffix := c.Value("suffix")
	if len(c.Operands) == 1 && suffix == "" {
		if i := strings.LastIndexByte(template, 'X'); i >= 0 && i < len(template)-1 {
			template, suffix = template[:i+1], template[i+1:]
		}
	}
	stem := strings.TrimRight(template, "X")
	if len(template)-len(stem) < 3 {
		if c.Busybox {
			return c.Die(1, "(null): Invalid argument")
		}
		return c.Die(1, "too few X's in template %s", c.Quote(template+suffix))
	}
	if c.Has("t", "p", "tmpdir") {
		dir = "/tmp"
	}
	if dir != "" {
		if t := c.Env.Get("TMPDIR"); t != "" {
			dir = t
		}
		for _, o := range c.Options {
			if (o.Name == "p" || o.Name == "tmpdir") && o.Value != "" {
				dir = o.Value
			}
		}
	}
	for try := range 1000 {
		name := stem + scramble(c.FS.Now(), try, len(template)-len(stem)) + suffix
		if dir != "" {
			name = under(dir, name)
		}
		if _, err := c.FS.Lstat(name); err == nil {
			continue
		}
		var err error
		switch {
		case c.Has("u"):
		case c.Has("d"):
			err = c.FS.Mkdir(name, 0o700)
		default:
			var f *vfs.File
			if f, err = c.FS.Open(name, vfs.Write|vfs.Create|vfs.Exclusive, 0o600); err == nil {
				f.Close()
			}
		}
		if err != nil {
			if !c.Has("q") {
				kind := "file"
				if c.Has("d") {
					kind = "directory"
				}
				shown := template + suffix
				if dir != "" {
					shown = under(dir, shown)
				}
				if c.Busybox {
					c.Warn("%s: %s", shown, unix.Message(err))
				} else {
					c.Warn("failed to create %s via template %s: %s", kind, c.Quote(shown), unix.Message(err))
				}
			}
			return 1
		}
		c.Print(name + "\n")
		return 0
	}
	return c.Die(1, "failed to create file: File exists")
}

// scramble makes n letters that look random but are the same in every build.
func scramble(seed int64, try, n int) string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	x := uint64(seed)*6364136223846793005 + uint64(try)*1442695040888963407 + 1
	b := make([]byte, n)
	for i := range b {
		x = x*6364136223846793005 + 1442695040888963407
		b[i] = letters[(x>>33)%uint64(len(letters))]
	}
	return string(b)
}

func truncate(c *unix.Cmd) int {
	size, given := c.Lookup("s")
	if !given && !c.Has("r") {
		return c.Usage("you must specify either %s or %s", c.Quote("--size"), c.Quote("--reference"))
	}
	if len(c.Operands) == 0 {
		return c.Usage("missing file operand")
	}
	var reference int64
	if ref, ok := c.Lookup("r"); ok {
		n, err := c.FS.Stat(ref)
		if err != nil {
			return c.Die(1, "cannot stat %s: %s", unix.QuoteName(ref), unix.Message(err))
		}
		reference = n.Size()
	}
	op := byte(0)
	if size != "" && strings.IndexByte("+-<>/%", size[0]) >= 0 {
		op, size = size[0], size[1:]
	}
	n, ok := unix.ParseSize(size)
	if given && !ok || (op == '/' || op == '%') && n == 0 {
		return c.Die(1, "Invalid number: %s", c.Quote(c.Value("s")))
	}
	for _, name := range c.Operands {
		node, err := c.FS.Stat(name)
		if err != nil && c.Has("c") {
			continue
		}
		old := reference
		if err == nil && !c.Has("r") {
			old = node.Size()
		}
		if err := resize(c, name, node, resized(op, old, n, given)); err != nil {
			c.Warn("cannot open %s for writing: %s", unix.QuoteName(name), unix.Message(err))
		}
	}
	return c.Status
}

// fallocate is util-linux's: it makes a file of a length.
func fallocate(c *unix.Cmd) int {
	size, ok := c.Lookup("l")
	if !ok {
		return c.Die(1, "no length argument specified")
	}
	if len(c.Operands) == 0 {
		return c.Die(1, "no filename specified")
	}
	n, ok := unix.ParseSize(size)
	if !ok {
		return c.Die(1, "failed to parse length")
	}
	name := c.Operands[0]
	node, err := c.FS.Stat(name)
	if err == nil && node.Size() >= n {
		return 0
	}
	if err := resize(c, name, node, n); err != nil {
		return c.Die(1, "cannot open %s: %s", name, unix.Message(err))
	}
	return 0
}

func resized(op byte, old, n int64, given bool) int64 {
	switch {
	case !given:
		return old
	case op == '+':
		return old + n
	case op == '-':
		return max(0, old-n)
	case op == '<':
		return min(old, n)
	case op == '>':
		return max(old, n)
	case op == '/':
		return old / n * n
	case op == '%':
		return (old + n - 1) / n * n
	}
	return n
}

// resize cuts a file or fills it up with zeros. What becomes large is declared rather than kept.
func resize(c *unix.Cmd, name string, node *tree.Node, size int64) error {
	if size < 0 || size > 1<<50 {
		return syscall.EFBIG
	}
	if node.IsDir() {
		return syscall.EISDIR
	}
	var content *tree.Content
	if node != nil {
		content = node.Content
	}
	data, known := content.Known()
	switch {
	case size == content.Size() && node != nil:
		return nil
	case known && size <= int64(len(data)):
		content = tree.Bytes(append([]byte(nil), data[:size]...))
	case known && size <= 1<<20:
		content = tree.Bytes(append(append([]byte(nil), data...), make([]byte, size-int64(len(data)))...))
	default:
		content = tree.Declared(size, content.ID()+"@"+strconv.FormatInt(size, 10), nil)
	}
	return c.FS.WriteContent(path.Clean(name), content, 0o666)
}
