package fidelity

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"strings"
	"time"

	"drydock/grader/build"
	"drydock/grader/catalogue"
	"drydock/grader/report"
	"drydock/grader/tool"
	"drydock/grader/tree"
)

// Version is the BuildKit whose frontend and solver are used.
const Version = "v0.34.2"

// mirror is the host that package lists are named after; recordings have HOST in its place, the whiteouts' prefix included.
var mirror = regexp.MustCompile(`(\.wh\.)?deb\.debian\.org`)

// Simulate does a case's builds in the simulator.
func Simulate(ctx context.Context, c *Case, images build.Images, models tool.Models) (*Truth, error) {
	s := build.NewSession(images, models)
	defer s.Close()
	t := &Truth{BuildKit: Version}
	root := c.Context
	secrets := map[string][]byte{}
	for id, v := range c.Secrets {
		secrets[id] = []byte(v)
	}
	now := time.Now().UnixNano()
	for i := -1; i < len(c.Builds); i++ {
		if i >= 0 {
			now += int64(time.Second)
			root = c.Builds[i].Apply(root, now)
		}
		b, err := s.Build(ctx, build.Request{
			Context: root, Target: c.Target, Args: c.Args, Secrets: secrets,
			NamedBases: map[string]bool{"debian:bookworm-slim": true, "node:20-bookworm-slim": true}, Timeout: 20 * time.Second,
		})
		if err != nil {
			return nil, err
		}
		t.Builds = append(t.Builds, record(b, i < 0))
	}
	return t, nil
}

func record(b *report.Build, whole bool) Build {
	out := Build{OK: b.OK, Steps: []Step{}, Output: map[string]string{}}
	if !b.OK {
		out.Error = Normalize("error: " + b.Error[strings.LastIndex(b.Error, "\n")+1:])
	}
	for _, s := range b.Steps {
		if s.Internal || s.Kind == "source" && !strings.Contains(s.Name, "FROM") {
			continue
		}
		out.Steps = append(out.Steps, Step{s.Name, s.Cached})
		if s.Output != "" && len(s.Output) <= 2000 {
			out.Output[s.Name] = mirror.ReplaceAllString(s.Output, "HOST")
		}
	}
	if !whole || !b.OK {
		return out
	}
	var config struct {
		Config json.RawMessage `json:"config"`
	}
	if json.Unmarshal(b.Image.ConfigJSON, &config) == nil {
		out.Config = config.Config
	}
	for _, h := range b.Image.History {
		if !h.Base {
			out.History = append(out.History, Entry{h.CreatedBy, h.EmptyLayer})
		}
	}
	for _, l := range b.Image.Layers {
		if !l.Base {
			out.Layers = append(out.Layers, layer(l))
		}
	}
	return out
}

func layer(l report.Layer) Layer {
	changes := l.Changes()
	out := Layer{Bytes: l.Bytes, Compressed: l.Bytes * 2 / 5, Count: len(changes), Files: map[string]File{}}
	if len(changes) > 400 {
		out.Folders = map[string][2]int64{}
	}
	links := map[uint64]string{}
	for _, c := range changes {
		p, f := entry(c, links)
		p = mirror.ReplaceAllString(p, "HOST")
		if out.Folders == nil {
			out.Files[p] = f
			continue
		}
		parts := strings.SplitN(strings.TrimPrefix(p, "/"), "/", 4)
		k := "/" + strings.Join(parts[:min(3, len(parts))], "/")
		v := out.Folders[k]
		out.Folders[k] = [2]int64{v[0] + 1, v[1] + f.Size}
	}
	return out
}

// entry writes a change as the archive of a layer holds it.
func entry(c tree.Change, links map[uint64]string) (string, File) {
	if c.Kind == tree.Removed {
		return path.Join(path.Dir(c.Path), ".wh."+path.Base(c.Path)), File{Type: "file", Mode: "0o0"}
	}
	n := c.Node
	f := File{Mode: fmt.Sprintf("0o%o", n.Mode), UID: n.UID, GID: n.GID}
	switch n.Type {
	case tree.File:
		f.Type, f.Size = "file", n.Size()
		if n.Inode != 0 {
			if first, ok := links[n.Inode]; ok {
				f.Type, f.Size, f.To = "hard", 0, strings.TrimPrefix(first, "/")
			} else {
				links[n.Inode] = c.Path
			}
		}
	case tree.Dir:
		f.Type = "dir"
	case tree.Symlink:
		f.Type, f.To = "link", n.Target
	default:
		f.Type = "other"
	}
	return c.Path, f
}

// Bases returns the base images that the cases were recorded with: a bookworm made with debootstrap and, for node:20-bookworm-slim, the same with
// Node.js under /usr/local. Other images come from the catalogue as they are.
func Bases(cat *catalogue.Catalogue) build.Images {
	return func(ref, platform string) (*catalogue.Image, error) {
		name, _, _ := strings.Cut(strings.TrimPrefix(ref, "docker.io/library/"), "@")
		if name == "debian:bookworm-slim" || name == "node:20-bookworm-slim" {
			platform = "linux/amd64" // what the layout holds, whatever is asked for
		}
		img, err := cat.Resolve(ref, platform)
		if err != nil {
			return nil, err
		}
		switch name {
		case "debian:bookworm-slim":
			return recorded(img, img.Root, []string{"bash"}), nil
		case "node:20-bookworm-slim":
			slim, err := cat.Resolve("debian:bookworm-slim", platform)
			if err != nil {
				return nil, err
			}
			return recorded(img, withNode(slim.Root, img.Root), []string{"node"}, "NODE_VERSION=20.20.2"), nil
		}
		return img, nil
	}
}

func recorded(img *catalogue.Image, root *tree.Node, cmd []string, env ...string) *catalogue.Image {
	c := *img
	c.Root = root
	c.Config = report.Config{
		Env: append([]string{"PATH=" + tool.DefaultPath}, env...), Cmd: cmd, WorkingDir: "/", ArgsEscaped: true,
	}
	c.History = []report.Entry{{CreatedBy: "ADD rootfs.tar / # buildkit"}, {CreatedBy: "ENV PATH", EmptyLayer: true}, {CreatedBy: "CMD", EmptyLayer: true}}
	c.Layers = []catalogue.Layer{{CreatedBy: "ADD rootfs.tar / # buildkit", Bytes: root.Totals().Bytes, Compressed: img.Compressed}}
	c.Notes = nil
	return &c
}

// withNode is the second base: what node's image has under /usr/local, a user and the certificates.
func withNode(slim, node *tree.Node) *tree.Node {
	t := tree.Begin(slim)
	for _, p := range []string{"/usr/local/bin/node", "/usr/local/bin/npm", "/usr/local/bin/npx", "/usr/local/lib/node_modules"} {
		n := node.Lookup(p)
		if n == nil {
			continue
		}
		if p == "/usr/local/lib/node_modules" {
			n = tree.NewDir(0o755).Put("npm", n.Child("npm"))
		}
		t.Set(p, n)
	}
	t.Set("/usr/local/etc/npmrc", tree.NewFile(0o644, tree.Text("audit=false\nfund=false\nupdate-notifier=false\n")))
	home := tree.NewDir(0o755)
	home.UID, home.GID = 1000, 1000
	t.Set("/home/node", home)
	for p, line := range map[string]string{"/etc/passwd": "node:x:1000:1000::/home/node:/bin/bash\n", "/etc/group": "node:x:1000:\n"} {
		t.Edit(p, func(n *tree.Node) { n.Content = n.Content.Append([]byte(line)) })
	}
	if n := t.Lookup("/etc/ssl/certs"); n == nil {
		t.Set("/etc/ssl", tree.NewDir(0o755))
		t.Set("/etc/ssl/certs", tree.NewDir(0o755))
	}
	t.Set("/etc/ssl/certs/ca-certificates.crt", tree.NewFile(0o644, tree.Declared(219_342, "ca-certificates.crt", nil)))
	return t.Commit()
}
