package lessons

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// settle is how long files must have been left alone before they are read again.
const settle = 150 * time.Millisecond

// Watch renders all pages, and then, where the course is a folder on disk, reads it again whenever its files change, until ctx ends. Only
// what changed is parsed and rendered again. A broken file is a problem, and its last good version stays.
func (l *Library) Watch(ctx context.Context) error {
	if l.options.Dir == "" || l.options.FS != nil {
		return ended(ctx, l.Render(ctx))
	}
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watch %s: %w", l.options.Dir, err)
	}
	defer func() { _ = w.Close() }()
	if err := watchFolders(w, l.options.Dir); err != nil {
		return fmt.Errorf("watch %s: %w", l.options.Dir, err)
	}
	if err := l.Render(ctx); err != nil {
		return ended(ctx, err)
	}
	quiet := time.NewTimer(settle)
	quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case e, ok := <-w.Events:
			if !ok {
				return nil
			}
			if e.Has(fsnotify.Create) {
				_ = watchFolders(w, e.Name) // a file, or gone again: nothing to watch
			}
			if e.Op != fsnotify.Chmod && !ofEditor(e.Name) {
				quiet.Reset(settle)
			}
		case err, ok := <-w.Errors:
			if !ok {
				return nil
			}
			l.log.Warn("watching the course", "error", err)
			quiet.Reset(settle) // events may have been lost
		case <-quiet.C:
			if err := watchFolders(w, l.options.Dir); err != nil {
				l.log.Warn("watching the course", "error", err)
			}
			if err := l.Render(ctx); err != nil {
				return ended(ctx, err)
			}
		}
	}
}

// ended makes no error of being told to stop.
func ended(ctx context.Context, err error) error {
	if errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}

// watchFolders watches a folder and all below it.
func watchFolders(w *fsnotify.Watcher, dir string) error {
	return filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist) && p != dir:
			return nil
		case err != nil:
			return err
		case !e.IsDir():
			return nil
		}
		return w.Add(p)
	})
}

// ofEditor reports whether a name is that of a file that an editor keeps beside the one that is edited.
func ofEditor(name string) bool {
	base := filepath.Base(name)
	return strings.HasSuffix(base, "~") || strings.HasSuffix(base, ".swp") || strings.HasPrefix(base, ".#") || base == "4913"
}
