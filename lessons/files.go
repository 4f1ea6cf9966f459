package lessons

import (
	"embed"
	"errors"
	"io/fs"
	"path"
	"strings"
)

//go:embed all:docker-images
var embedded embed.FS

// suffix is dropped from the names of files that could not be embedded under their own.
const suffix = ".embed"

// unsuffixed is a filesystem in which names have lost the suffix.
type unsuffixed struct{ fs.FS }

func (u unsuffixed) Open(name string) (fs.File, error) {
	f, err := u.FS.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		if g, err := u.FS.Open(name + suffix); err == nil {
			return g, nil
		}
	}
	return f, err
}

func (u unsuffixed) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(u.FS, name)
	for i, e := range entries {
		if plain, ok := strings.CutSuffix(e.Name(), suffix); ok && !e.IsDir() {
			entries[i] = renamed{e, plain}
		}
	}
	return entries, err
}

type renamed struct {
	fs.DirEntry
	name string
}

func (r renamed) Name() string { return r.name }

// courseFolder finds the course in a lessons folder.
func courseFolder(fsys fs.FS) (string, error) {
	if _, err := fs.Stat(fsys, courseFile); err == nil {
		return ".", nil
	}
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		if _, err := fs.Stat(fsys, path.Join(e.Name(), courseFile)); err == nil {
			return e.Name(), nil
		}
	}
	return "", errors.New("there is no course: no " + courseFile + " in the folder or in a folder of it")
}

// reason is an error without the path that a problem already names.
func reason(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}
