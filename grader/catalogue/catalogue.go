// Package catalogue holds facts about base images: which tags exist or ever existed, what an image weighs, its configuration, its
// layers and its filesystem. Facts are data files with their source; this package only reads them and, for images whose files were not
// recorded, composes a filesystem from the packages they hold (and says so).
//
// Start from [Open] and [Catalogue.Resolve]. Linux on amd64 and arm64 is known; other platforms resolve as amd64 would, under their name.
package catalogue

import (
	"drydock/grader/report"
	"drydock/grader/tree"
)

// Image is a base image for one platform. It is shared and must not be changed.
type Image struct {
	Ref      string // canonical: "docker.io/library/node:18-alpine"
	Name     string // familiar: "node:18-alpine"
	Platform string // "linux/amd64"
	Digest   string // made up from what is known, stable: "sha256:…"
	Config   report.Config
	Layers   []Layer
	History  []report.Entry
	Root     *tree.Node // the merged filesystem

	Bytes      int64 // sum of the layers' files
	Compressed int64 // what a pull transfers
	Estimate   bool  // Bytes or Compressed are estimates
	Composed   bool  // Root was composed, not recorded
	Unknown    bool  // nothing is known but the name: an opaque base

	OS        string // "debian 12", "alpine 3.24", …
	Libc      string // "glibc", "musl", "" for none
	EndOfLife string // date "2025-04-30" of the release of language or distribution it holds, "" if unknown
	Retired   string // date the tag left the official list, "" if current
	Source    string // where the facts come from
	Notes     []report.Note
}

// Layer is a layer of a base image, bottom first.
type Layer struct {
	CreatedBy  string
	Bytes      int64
	Compressed int64
}
