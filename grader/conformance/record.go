package main

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"drydock/grader/fidelity"
	"drydock/grader/folder"
	"drydock/grader/tree"
)

// Record does a case's builds with the real daemon, starting with an empty cache.
func (d *Daemon) Record(ctx context.Context, c *fidelity.Case) (*fidelity.Truth, error) {
	if err := d.ctl(ctx, io.Discard, "prune", "--all"); err != nil {
		return nil, fmt.Errorf("empty the cache: %w", err)
	}
	work, err := os.MkdirTemp("", "conformance")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(work)
	t := &fidelity.Truth{BuildKit: fidelity.Version}
	root := c.Context
	now := time.Now()
	for i := -1; i < len(c.Builds); i++ {
		if i >= 0 {
			now = now.Add(time.Second)
			root = c.Builds[i].Apply(root, now.UnixNano())
		}
		dir := filepath.Join(work, fmt.Sprint(i+1))
		if err := folder.Write(dir, withoutSyntax(root)); err != nil {
			return nil, err
		}
		b, err := d.build(ctx, c, work, dir, i < 0)
		if err != nil {
			return nil, err
		}
		t.Builds = append(t.Builds, *b)
	}
	return t, nil
}

// withoutSyntax makes a plain comment of the Dockerfile's syntax line, as the recordings had it: there is no registry to fetch a frontend
// from, and the one built into the daemon is the one that is compared. The text keeps its length.
func withoutSyntax(root *tree.Node) *tree.Node {
	n := root.Lookup("/Dockerfile")
	if n == nil || n.Type != tree.File {
		return root
	}
	data, known := n.Content.Known()
	rest, ok := bytes.CutPrefix(data, []byte("# syntax="))
	if !known || !ok {
		return root
	}
	t := tree.Begin(root)
	t.Edit("/Dockerfile", func(n *tree.Node) { n.Content = tree.Text("# syntax-" + string(rest)) })
	return t.Commit()
}

func (d *Daemon) build(ctx context.Context, c *fidelity.Case, work, dir string, whole bool) (*fidelity.Build, error) {
	args := []string{"--addr", "unix://" + d.socket, "build", "--progress=rawjson", "--frontend", "dockerfile.v0",
		"--local", "context=" + dir, "--local", "dockerfile=" + dir}
	for name, b := range d.bases {
		id := strings.NewReplacer(":", "-", ".", "-").Replace(name)
		args = append(args, "--opt", "context:"+name+"=oci-layout://"+id+"@"+b.digest, "--oci-layout", id+"="+b.layout)
	}
	if c.Target != "" {
		args = append(args, "--opt", "target="+c.Target)
	}
	for k, v := range c.Args {
		args = append(args, "--opt", "build-arg:"+k+"="+v)
	}
	for id, v := range c.Secrets {
		f := filepath.Join(work, "secret-"+id)
		if err := os.WriteFile(f, []byte(v), 0o600); err != nil {
			return nil, err
		}
		args = append(args, "--secret", "id="+id+",src="+f)
	}
	out := filepath.Join(work, "out")
	os.RemoveAll(out)
	args = append(args, "--output", "type=oci,tar=false,dest="+out)
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(d.dir, "buildctl"), args...)
	var progress, stdout bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &progress
	runErr := cmd.Run()
	b, err := readProgress(progress.Bytes())
	if err != nil {
		return nil, err
	}
	b.OK = runErr == nil
	if !b.OK {
		return b, nil
	}
	b.Error = ""
	if whole {
		err = readImage(out, b)
	}
	return b, err
}

// readProgress reads the client's raw progress: a JSON object a line, and an error at the end.
func readProgress(data []byte) (*fidelity.Build, error) {
	type vertex struct {
		Digest, Name, Error string
		Started, Completed  *time.Time
		Cached              bool
	}
	var order []string
	all := map[string]*vertex{}
	output := map[string]*bytes.Buffer{}
	b := &fidelity.Build{Steps: []fidelity.Step{}, Output: map[string]string{}}
	sc := bufio.NewScanner(bytes.NewReader(data))
	sc.Buffer(nil, 64<<20)
	for sc.Scan() {
		line := bytes.TrimSpace(sc.Bytes())
		if !bytes.HasPrefix(line, []byte("{")) {
			if s := string(line); strings.Contains(s, "failed to solve") {
				b.Error = s[strings.Index(s, "failed to solve")-len("error: "):]
				if i := strings.Index(s, "error: failed to solve"); i >= 0 {
					b.Error = s[i:]
				} else {
					b.Error = "error: " + s[strings.Index(s, "failed to solve"):]
				}
			}
			continue
		}
		var s struct {
			Vertexes []*vertex
			Logs     []struct {
				Vertex string
				Data   []byte
			}
		}
		if err := json.Unmarshal(line, &s); err != nil {
			return nil, fmt.Errorf("read progress: %w", err)
		}
		for _, v := range s.Vertexes {
			if old := all[v.Digest]; old == nil {
				order = append(order, v.Digest)
			} else if old.Cached {
				v.Cached = true
			}
			all[v.Digest] = v
		}
		for _, l := range s.Logs {
			if output[l.Vertex] == nil {
				output[l.Vertex] = &bytes.Buffer{}
			}
			output[l.Vertex].Write(l.Data)
		}
	}
	for _, id := range order {
		v := all[id]
		if strings.HasPrefix(v.Name, "[internal]") || strings.HasPrefix(v.Name, "exporting ") || strings.HasPrefix(v.Name, "[context ") ||
			strings.HasPrefix(v.Name, "importing ") || v.Started == nil && !v.Cached {
			continue
		}
		b.Steps = append(b.Steps, fidelity.Step{Name: v.Name, Cached: v.Cached})
		if o := output[id]; o != nil && o.Len() > 0 && o.Len() <= 2000 {
			b.Output[v.Name] = hosts.ReplaceAllString(o.String(), "HOST")
		}
	}
	return b, sc.Err()
}

// hosts is how the mirror of this machine is called.
var hosts = regexp.MustCompile(`(\.wh\.)?\b[a-z0-9.-]+\.(org|com|net|internal|local)(_|/|:\d+)?(debian)`)

func readImage(layout string, b *fidelity.Build) error {
	blob := func(digest string, into any) error {
		f, err := os.ReadFile(filepath.Join(layout, "blobs", strings.Replace(digest, ":", "/", 1)))
		if err != nil {
			return err
		}
		return json.Unmarshal(f, into)
	}
	type desc struct{ Digest string }
	var index struct{ Manifests []desc }
	data, err := os.ReadFile(filepath.Join(layout, "index.json"))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, &index); err != nil {
		return err
	}
	var manifest struct {
		Config desc
		Layers []struct {
			Digest string
			Size   int64
		}
	}
	if err := blob(index.Manifests[0].Digest, &manifest); err != nil {
		return err
	}
	var config struct {
		Config  json.RawMessage
		History []struct {
			CreatedBy  string `json:"created_by"`
			EmptyLayer bool   `json:"empty_layer"`
		}
	}
	if err := blob(manifest.Config.Digest, &config); err != nil {
		return err
	}
	b.Config = config.Config
	based := 0
	if len(config.History) >= 3 && strings.HasPrefix(config.History[0].CreatedBy, "ADD rootfs.tar") {
		based = 3
	}
	for _, h := range config.History[based:] {
		b.History = append(b.History, fidelity.Entry{CreatedBy: h.CreatedBy, EmptyLayer: h.EmptyLayer})
	}
	if based > 0 {
		manifest.Layers = manifest.Layers[1:]
	}
	for _, l := range manifest.Layers {
		layer, err := readLayer(filepath.Join(layout, "blobs", strings.Replace(l.Digest, ":", "/", 1)))
		if err != nil {
			return err
		}
		layer.Compressed = l.Size
		b.Layers = append(b.Layers, *layer)
	}
	return nil
}

func readLayer(file string) (*fidelity.Layer, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	out := &fidelity.Layer{Files: map[string]fidelity.File{}}
	folders := map[string][2]int64{}
	r := tar.NewReader(z)
	for {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		out.Count++
		e := fidelity.File{Size: h.Size, Mode: fmt.Sprintf("0o%o", h.Mode), UID: h.Uid, GID: h.Gid, To: h.Linkname}
		switch h.Typeflag {
		case tar.TypeReg:
			e.Type = "file"
		case tar.TypeDir:
			e.Type = "dir"
		case tar.TypeSymlink:
			e.Type = "link"
		case tar.TypeLink:
			e.Type = "hard"
		default:
			e.Type = "other"
		}
		out.Bytes += h.Size
		p := hosts.ReplaceAllString(path.Join("/", h.Name), "HOST$3$4")
		out.Files[p] = e
		parts := strings.SplitN(strings.TrimPrefix(p, "/"), "/", 4)
		k := "/" + strings.Join(parts[:min(3, len(parts))], "/")
		folders[k] = [2]int64{folders[k][0] + 1, folders[k][1] + h.Size}
	}
	if out.Count > 400 {
		out.Files, out.Folders = map[string]fidelity.File{}, folders
	}
	return out, nil
}
