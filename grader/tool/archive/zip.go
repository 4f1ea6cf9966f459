package archive

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"

	"drydock/grader/tool"
	"drydock/grader/tool/getopt"
	"drydock/grader/tree"
	"drydock/grader/vfs"
)

var unzipSpec = getopt.Spec{Short: "oqnjd:x:ltpvujC:P:aLX", Long: "help version"}

func unzip_(ctx context.Context, c *tool.Call) int {
	args := append([]string(nil), c.Args[1:]...)
	var excludes []string
	for i, a := range args { // -x takes all words after it
		if a == "-x" {
			for k := i + 1; k < len(args); k++ {
				if args[k] == "-d" {
					args = append(args[:i:i], args[k:]...)
					break
				}
				excludes = append(excludes, args[k])
				if k == len(args)-1 {
					args = args[:i]
				}
			}
			break
		}
	}
	opt, err := getopt.Parse(unzipSpec, args)
	if err != nil || len(opt.Operands) == 0 {
		c.Errorf("UnZip 6.00 of 20 April 2009, by Debian. Original by Info-ZIP.\n\nUsage: unzip [-Z] [-opts[modifiers]] file[.zip] [list] [-x xlist] [-d exdir]")
		return 10
	}
	name := opt.Operands[0]
	content, err := c.FS.Content(name)
	if err != nil && c.FS.Exists(name+".zip") {
		name += ".zip"
		content, err = c.FS.Content(name)
	}
	if err != nil {
		c.Errorf("unzip:  cannot find or open %s, %s.zip or %s.ZIP.", name, name, name)
		return 9
	}
	entries, err := Entries(content)
	if k, ok := Detect(content); !ok || k.Archive != "zip" || err != nil && !errors.Is(err, ErrTooLarge) {
		c.Printf("Archive:  %s\n", name)
		c.Errorf("  End-of-central-directory signature not found.  Either this file is not\n" +
			"  a zipfile, or it constitutes one disk of a multi-part archive.  In the\n" +
			"  latter case the central directory and zipfile comment will be found on\n" +
			"  the last disk(s) of this archive.")
		c.Errorf("unzip:  cannot find zipfile directory in one of %s or\n        %s.zip, and cannot find %s.ZIP, period.", name, name, name)
		return 9
	}
	if err != nil {
		c.Errorf("%s:  write error (disk full?).", name)
		return 50
	}
	quiet := opt.Has("q")
	dir := opt.Value("d")
	f := c.FS
	if dir != "" {
		if err := f.MkdirAll(dir, 0o777); err != nil {
			c.Errorf("checkdir:  cannot create extraction directory: %s\n           %s", dir, vfs.Message(err))
			return 2
		}
		f = f.In(f.Abs(dir))
	}
	if !quiet && !opt.Has("p") {
		c.Printf("Archive:  %s\n", name)
	}
	want, hit := opt.Operands[1:], false
	for _, e := range entries {
		if len(want) > 0 && !anyMatch(want, e.Name) || anyMatch(excludes, e.Name) {
			continue
		}
		hit = true
		switch {
		case opt.Has("l"), opt.Has("t"):
			c.Printf("%9d  %s   %s\n", e.Node.Size(), time.Unix(0, e.Node.ModTime).UTC().Format("2006-01-02 15:04"), e.Name)
			continue
		case opt.Has("p"):
			if e.Node.Type == tree.File {
				io.Copy(c.Stdout, io.LimitReader(e.Node.Content.Reader(), MaxBytes))
			}
			continue
		}
		p := strings.TrimLeft(path.Clean("/"+e.Name), "/")
		if opt.Has("j") {
			p = path.Base(p)
		}
		if p == "" || e.Node.IsDir() && opt.Has("j") {
			continue
		}
		if !e.Node.IsDir() && f.Exists(p) && !opt.Has("o") {
			if opt.Has("n") {
				continue
			}
			c.Errorf("replace %s? [y]es, [n]o, [A]ll, [N]one, [r]ename:  NULL\n(EOF or read error, treating as \"[N]one\" ...)", p)
			return 1
		}
		x := &extraction{tarJob: &tarJob{Call: c, fs: f, opt: &getopt.Result{Options: []getopt.Option{{Name: "no-same-owner"}}}}}
		node := e
		node.Name = p
		if err := x.put(p, node); err != nil {
			c.Errorf("error:  cannot create %s\n        %s", path.Join(dir, p), vfs.Message(err))
			return 50
		}
		x.finish()
		if !quiet && !e.Node.IsDir() {
			c.Printf("  inflating: %-24s\n", path.Join(dir, p))
		}
	}
	if !hit && len(want) > 0 {
		c.Errorf("caution: filename not matched:  %s", want[0])
		return 11
	}
	return 0
}

func anyMatch(patterns []string, name string) bool {
	for _, p := range patterns {
		if match(p, strings.TrimSuffix(name, "/")) || match(p, name) {
			return true
		}
	}
	return false
}

var zipSpec = getopt.Spec{Short: "rqjymx:i:0123456789uXdv", Long: "recurse-paths/r quiet/q junk-paths/j symlinks/y exclude/x version"}

func zip_(ctx context.Context, c *tool.Call) int {
	args := append([]string(nil), c.Args[1:]...)
	var excludes []string
	for i, a := range args {
		if a == "-x" {
			excludes = append(excludes, args[i+1:]...)
			args = args[:i]
			break
		}
	}
	opt, err := getopt.Parse(zipSpec, args)
	if err != nil || len(opt.Operands) == 0 {
		c.Errorf("\nzip error: Invalid command arguments (%v)", err)
		return 16
	}
	target := opt.Operands[0]
	if path.Ext(target) == "" {
		target += ".zip"
	}
	var entries []Entry
	missing := false
	for _, operand := range opt.Operands[1:] {
		c.FS.Walk(operand, func(p string, n *tree.Node, err error) bool {
			if err != nil {
				c.Errorf("\tzip warning: name not matched: %s", p)
				missing = true
				return false
			}
			if len(entries) >= MaxEntries || ctx.Err() != nil {
				return false
			}
			name := strings.TrimLeft(path.Clean(p), "/")
			if opt.Has("j") {
				name = path.Base(name)
			}
			if anyMatch(excludes, name) {
				return !n.IsDir()
			}
			if n.Type == tree.Symlink && !opt.Has("y") {
				if to, err := c.FS.Stat(p); err == nil {
					n = to
				}
			}
			if n.IsDir() {
				if name != "." && !opt.Has("j") {
					entries = append(entries, Entry{Name: name + "/", Node: n})
				}
				return opt.Has("r")
			}
			if !opt.Has("q") {
				c.Printf("  adding: %s (deflated %d%%)\n", name, 100-ratio["zip"])
			}
			entries = append(entries, Entry{Name: name, Node: n})
			return true
		})
	}
	if len(entries) == 0 {
		c.Errorf("\nzip error: Nothing to do! (%s)", target)
		return 12
	}
	content := declareOrZip(entries)
	if err := c.FS.WriteContent(target, content, 0o666); err != nil {
		c.Errorf("zip I/O error: %s\nzip error: Could not create output file (%s)", vfs.Message(err), target)
		return 15
	}
	if missing {
		return 18
	}
	return 0
}

func declareOrZip(entries []Entry) *tree.Content {
	if !allKnown(entries) {
		return declareArchive("zip", entries)
	}
	var b bytes.Buffer
	zw := zip.NewWriter(&b)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.Name, Method: zip.Deflate, Modified: time.Unix(0, e.Node.ModTime).UTC()}
		h.SetMode(0o777 & fsMode(e.Node))
		w, err := zw.CreateHeader(h)
		if err != nil {
			break
		}
		data, _ := e.Node.Content.Known()
		w.Write(data)
	}
	zw.Close()
	return tree.Bytes(b.Bytes())
}

func fsMode(n *tree.Node) fs.FileMode { return fs.FileMode(n.Mode) }
