package archive

import (
	"context"
	"errors"
	"io"
	"path"
	"strings"

	"drydock/grader/tool"
	"drydock/grader/tool/getopt"
	"drydock/grader/tree"
	"drydock/grader/vfs"
)

var compressorSpec = getopt.Spec{
	Short: "cdfklnNqrtvzT:S:0123456789eo:",
	Long:  "stdout/c to-stdout/c decompress/d uncompress/d force/f keep/k list/l no-name/n quiet/q test/t verbose/v threads/T suffix/S best/9 fast/1 extreme/e rm compress/z rsyncable no-sparse memlimit: version help",
}

// compressor models the program of one compression, under all its names.
func compressor(how string) tool.Model {
	suffix := "." + how
	return func(ctx context.Context, c *tool.Call) int {
		name := c.Name()
		opt, err := getopt.Parse(compressorSpec, c.Args[1:])
		if err != nil {
			c.Errorf("%s: %s", name, err)
			return 1
		}
		if opt.Has("version") {
			c.Printf("%s\n", name)
			return 0
		}
		decompress := opt.Has("d") || strings.HasPrefix(name, "un") || strings.HasPrefix(name, "gun") || strings.HasPrefix(name, "bun") || strings.HasSuffix(name, "cat")
		toStdout := opt.Has("c") || strings.HasSuffix(name, "cat")
		job := &squeeze{Call: c, how: how, suffix: suffix, name: name, undo: decompress || opt.Has("t"), stdout: toStdout,
			keep: opt.Has("k") || how == "zst" && !opt.Has("rm"), force: opt.Has("f"), test: opt.Has("t")}
		if strings.HasPrefix(name, "un") || name == "gunzip" || name == "zcat" {
			job.name = map[string]string{"gz": "gzip", "xz": "xz", "bz2": "bzip2", "zst": "zstd"}[how]
		}
		operands := opt.Operands
		if len(operands) == 0 {
			operands = []string{"-"}
		}
		status := 0
		for _, o := range operands {
			if s := job.file(o); s > status {
				status = s
			}
		}
		return status
	}
}

type squeeze struct {
	*tool.Call
	how, suffix, name               string
	undo, stdout, keep, force, test bool
}

func (s *squeeze) file(name string) int {
	var in *tree.Content
	var err error
	if name == "-" {
		in, err = fromStream(s.Stdin, MaxBytes)
	} else {
		if s.undo && !s.FS.Exists(name) && s.FS.Exists(name+s.suffix) {
			name += s.suffix
		}
		in, err = s.FS.Content(name)
	}
	if err != nil {
		if s.FS.IsDir(name) {
			s.Errorf("%s: %s is a directory -- ignored", s.name, name)
			return 2
		}
		if s.how == "bz2" {
			s.Errorf("%s: Can't open input file %s: %s.", s.name, name, vfs.Message(err))
			return 1
		}
		s.Errorf("%s: %s: %s", s.name, name, vfs.Message(err))
		return 1
	}
	target := name + s.suffix
	var out *tree.Content
	if s.undo {
		k, ok := Detect(in)
		if name != "-" && !s.stdout {
			switch base := path.Base(name); {
			case strings.HasSuffix(base, s.suffix):
				target = strings.TrimSuffix(name, s.suffix)
			case s.how == "gz" && strings.HasSuffix(base, ".tgz"), s.how == "xz" && strings.HasSuffix(base, ".txz"):
				target = name[:len(name)-4] + ".tar"
			case s.test:
			default:
				s.Errorf("%s: %s: unknown suffix -- ignored", s.name, name)
				return 2
			}
		}
		if !ok || k.Compression != s.how {
			shown := name
			if name == "-" {
				shown = "stdin"
			}
			switch s.how {
			case "gz":
				s.Errorf("\n%s: %s: not in gzip format", s.name, shown)
			case "xz":
				s.Errorf("%s: %s: File format not recognized", s.name, name)
			default:
				s.Errorf("%s: %s: unsupported format", s.name, name)
			}
			return 1
		}
		out, err = expand(in, s.how)
	} else {
		out, err = compress(in, s.how)
	}
	switch {
	case errors.Is(err, ErrTooLarge):
		s.Errorf("%s: %s: No space left on device", s.name, target)
		return 1
	case errors.Is(err, io.ErrUnexpectedEOF):
		s.Errorf("\n%s: %s: unexpected end of file", s.name, name)
		return 1
	case err != nil:
		s.Errorf("\n%s: %s: invalid compressed data--format violated", s.name, name)
		return 1
	case s.test:
		return 0
	case name == "-" || s.stdout:
		emit(s.Call, out)
		return 0
	}
	if s.FS.Exists(target) && !s.force {
		s.Errorf("%s: %s already exists;\tnot overwritten", s.name, target)
		return 2
	}
	before, _ := s.FS.Stat(name)
	if err := s.FS.WriteContent(target, out, 0o600); err != nil {
		s.Errorf("%s: %s: %s", s.name, target, vfs.Message(err))
		return 1
	}
	if before != nil {
		s.FS.Chmod(target, before.Mode)
		s.FS.Chown(target, before.UID, before.GID, true)
		s.FS.Chtimes(target, before.ModTime)
	}
	if !s.keep {
		s.FS.Remove(name)
	}
	return 0
}
