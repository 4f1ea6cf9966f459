package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

//go:embed bases.sh
var basesScript string

// layouts are the base images by the name that cases use in FROM.
var layouts = map[string]string{"debian:bookworm-slim": "slim", "node:20-bookworm-slim": "node"}

// makeBases makes the base images as OCI layouts, unless they are there.
func (d *Daemon) makeBases(ctx context.Context, log io.Writer) error {
	dir := filepath.Join(d.dir, "bases")
	script := filepath.Join(d.dir, "bases.sh")
	if err := os.WriteFile(script, []byte(basesScript), 0o755); err != nil {
		return err
	}
	for name, folder := range layouts {
		layout := filepath.Join(dir, folder+".oci")
		if _, err := os.Stat(filepath.Join(layout, "index.json")); err != nil {
			if _, err := os.Stat(filepath.Join(dir, folder, "rootfs.tar")); err != nil {
				if err := command(ctx, log, "bash", script, dir); err != nil {
					return fmt.Errorf("make base images: %w", err)
				}
			}
			from := filepath.Join(dir, folder)
			if err := d.ctl(ctx, log, "build", "--frontend", "dockerfile.v0", "--local", "context="+from, "--local", "dockerfile="+from,
				"--output", "type=oci,tar=false,dest="+layout); err != nil {
				return fmt.Errorf("pack %s: %w", name, err)
			}
		}
		data, err := os.ReadFile(filepath.Join(layout, "index.json"))
		if err != nil {
			return err
		}
		var index struct {
			Manifests []struct{ Digest string }
		}
		if err := json.NewDecoder(bytes.NewReader(data)).Decode(&index); err != nil || len(index.Manifests) == 0 {
			return fmt.Errorf("read %s: no manifest", layout)
		}
		d.bases[name] = base{layout: layout, digest: index.Manifests[0].Digest}
	}
	return nil
}
