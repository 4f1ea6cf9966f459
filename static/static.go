// Package static holds the built assets, embedded: style sheet, script and fonts, each with a hash of its content in its name, so that a
// browser may keep it for good. They are built from web/ui; see web/build.mjs.
package static

import (
	"embed"
	"io/fs"
	"path"
	"strings"
)

//go:embed all:assets
var embedded embed.FS

// Files are the assets by their hashed names.
var Files = func() fs.FS {
	files, err := fs.Sub(embedded, "assets")
	if err != nil {
		panic(err) // the name is valid
	}
	return files
}()

var hashed = index()

// index maps "site.css" to "site-HASH.css".
func index() map[string]string {
	names := map[string]string{}
	entries, err := fs.ReadDir(Files, ".")
	if err != nil {
		panic(err) // embedded
	}
	for _, entry := range entries {
		ext := path.Ext(entry.Name())
		stem := strings.TrimSuffix(entry.Name(), ext)
		if i := strings.LastIndexByte(stem, '-'); i > 0 {
			names[stem[:i]+ext] = entry.Name()
		}
	}
	return names
}

// URL is where an asset is served: URL("site.css") is "/static/site-HASH.css".
func URL(name string) string { return "/static/" + hashed[name] }

// Has tells whether there is an asset of that hashed name.
func Has(name string) bool {
	info, err := fs.Stat(Files, name)
	return err == nil && !info.IsDir()
}
