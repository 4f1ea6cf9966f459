package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"drydock/grader/catalogue/internal/pack"
	"drydock/grader/catalogue/listing"
)

// packPackages records the files of every package in apt's archive folder. A package's text begins with a line "VERSION MTIME FLAG…", then come its
// control files (paths below "control/"), then its files.
func packPackages(aptDir, out string) error {
	debs, err := filepath.Glob(filepath.Join(aptDir, "archives", "*.deb"))
	if err != nil {
		return err
	}
	var w pack.Writer
	var dict []byte
	total := 0
	for _, deb := range debs {
		name, text, err := recordDeb(deb)
		if err != nil {
			return fmt.Errorf("%s: %w", deb, err)
		}
		total += len(text)
		w.Add(name, text)
		if len(dict) < 96<<10 && len(text) > 2000 && len(text) < 12000 {
			dict = append(dict, text...)
		}
	}
	b, err := w.Bytes(dict)
	if err != nil {
		return err
	}
	fmt.Printf("%s: %d packages, %d bytes, packed %d\n", out, len(debs), total, len(b))
	return os.WriteFile(out, b, 0o644)
}

// recordDeb returns a package's name and text.
func recordDeb(deb string) (string, []byte, error) {
	var name, version string
	var control []byte
	flags := map[string]bool{}
	err := walkTar(exec.Command("dpkg-deb", "--ctrl-tarfile", deb), func(h *tar.Header, r io.Reader) error {
		if h.Typeflag != tar.TypeReg {
			return nil
		}
		b, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		e := listing.Entry{Type: 'f', Mode: uint32(h.Mode), Size: h.Size, Path: "control/" + path.Base(h.Name)}
		switch path.Base(h.Name) {
		case "control":
			f := fields(string(b))
			name, version = f["Package"], f["Version"]
			if f["Multi-Arch"] == "same" {
				flags["same"] = true
			}
			e.Type, e.Data = 'k', b
		case "conffiles":
			e.Type, e.Data = 'k', b
		case "triggers":
			if bytes.Contains(b, []byte("ldconfig")) {
				flags["ldconfig"] = true
			}
			e.Type, e.Data = 'k', b
		case "postinst":
			for _, word := range []string{"py3compile", "update-ca-certificates", "update-alternatives", "adduser", "addgroup", "useradd", "update-rc.d", "ldconfig"} {
				if bytes.Contains(b, []byte(word)) {
					flags[word] = true
				}
			}
		}
		if e.Type == 'k' {
			e.Size = int64(len(e.Data))
		}
		control = listing.Append(control, e)
		return nil
	})
	if err != nil {
		return "", nil, err
	}
	var files []byte
	var newest int64
	err = walkTar(exec.Command("dpkg-deb", "--fsys-tarfile", deb), func(h *tar.Header, r io.Reader) error {
		p := path.Clean("/" + strings.TrimPrefix(h.Name, "."))
		if p == "/" {
			return nil
		}
		newest = max(newest, h.ModTime.Unix())
		e := listing.Entry{Mode: uint32(h.Mode) & 0o7777, UID: h.Uid, GID: h.Gid, Path: p}
		switch h.Typeflag {
		case tar.TypeDir:
			e.Type = 'd'
		case tar.TypeSymlink:
			e.Type, e.Target = 'l', h.Linkname
		case tar.TypeLink:
			e.Type, e.Target = 'h', path.Clean("/"+strings.TrimPrefix(h.Linkname, "."))
		case tar.TypeReg:
			var err error
			e, err = entry(p, h.FileInfo().Mode(), h.Uid, h.Gid, h.Size, func() ([]byte, error) { return io.ReadAll(r) })
			if err != nil {
				return err
			}
			if strings.HasPrefix(p, "/usr/share/ca-certificates/") {
				hash, err := subjectHash(deb, h.Name)
				if err != nil {
					return err
				}
				e.Facts = map[string]string{"cahash": hash}
			}
			if e.Facts["program"] != "" {
				e.Facts["version"] = upstream(version)
			}
		default:
			return nil
		}
		files = listing.Append(files, e)
		return nil
	})
	if err != nil {
		return "", nil, err
	}
	set := make([]string, 0, len(flags))
	for f := range flags {
		set = append(set, f)
	}
	slices.Sort(set)
	text := fmt.Appendf(nil, "%s %d %s\n", version, newest, strings.Join(set, " "))
	return name, append(append(text, control...), files...), nil
}

func walkTar(cmd *exec.Cmd, fn func(*tar.Header, io.Reader) error) error {
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return err
	}
	tr := tar.NewReader(pipe)
	for {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if err := fn(h, tr); err != nil {
			return err
		}
	}
	if _, err := io.Copy(io.Discard, pipe); err != nil {
		return err
	}
	return cmd.Wait()
}

// subjectHash is the name under which openssl finds a certificate.
func subjectHash(deb, member string) (string, error) {
	cert := exec.Command("sh", "-c", `dpkg-deb --fsys-tarfile "$1" | tar -xO "$2" | openssl x509 -noout -hash`, "sh", deb, member)
	out, err := cert.Output()
	return strings.TrimSpace(string(out)), err
}

// lz4Size is how large lz4 makes a text.
func lz4Size(text []byte) (int, error) {
	cmd := exec.Command("lz4", "-q", "-1", "-c")
	cmd.Stdin = bytes.NewReader(text)
	out, err := cmd.Output()
	return len(out), err
}
