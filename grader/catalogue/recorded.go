package catalogue

import (
	"fmt"
	"maps"

	"drydock/grader/report"
	"drydock/grader/tree"
)

// Recorded returns a base image as it was when the cases that the simulator is held against were recorded: not the official image, but one
// made with debootstrap, and for Node.js with what lay on that machine. Names: "debian:bookworm-slim", "node:20-bookworm-slim". It
// returns nil for others.
func (c *Catalogue) Recorded(name string) *Image {
	base := c.debian("bookworm", "amd64")
	img := &Image{
		Ref: "docker.io/library/" + name, Name: name, Platform: "linux/amd64", OS: "debian bookworm", Libc: "glibc", Root: base,
		Source: "debootstrap, as the recipe of the recorded cases says", Config: report.Config{Env: []string{"PATH=" + defaultPath}, Cmd: []string{"bash"}},
		History: []report.Entry{
			{CreatedBy: "ADD rootfs.tar /", Comment: "buildkit.dockerfile.v0", Base: true},
			{CreatedBy: "ENV PATH=" + defaultPath, Comment: "buildkit.dockerfile.v0", EmptyLayer: true, Base: true},
			{CreatedBy: `CMD ["bash"]`, Comment: "buildkit.dockerfile.v0", EmptyLayer: true, Base: true},
		},
	}
	switch name {
	case "debian:bookworm-slim":
	case "node:20-bookworm-slim":
		const version = "20.20.2"
		v := &canvas{Txn: tree.Begin(base), arch: "amd64", vars: glibcVars("amd64")}
		maps.Copy(v.vars, map[string]string{"id": "recorded/" + name, "version": version, "npm": "11.13.0"})
		v.apply("recorded-node")
		img.Root = v.Commit()
		img.Config.Cmd = []string{"node"}
		img.Config.Env = append(img.Config.Env, "NODE_VERSION="+version)
		img.History[1].CreatedBy = fmt.Sprintf("ENV PATH=%s NODE_VERSION=%s", defaultPath, version)
		img.History[2].CreatedBy = `CMD ["node"]`
	default:
		return nil
	}
	img.Bytes = weigh(img.Root)
	img.Compressed = img.Bytes * 37 / 100
	img.Layers = []Layer{{CreatedBy: "ADD rootfs.tar /", Bytes: img.Bytes, Compressed: img.Compressed}}
	img.Digest = img.Root.Digest()
	return img
}
