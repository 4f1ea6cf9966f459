package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"drydock/grader/catalogue/internal/pack"
)

// packFacts compresses images.json as it is, and tags.json by repository, so that one is read without the others.
func packFacts(from, to string) error {
	images, err := os.ReadFile(filepath.Join(from, "images.json"))
	if err != nil {
		return err
	}
	packed, err := pack.Pack(images)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(to, "images.json.zst"), packed, 0o644); err != nil {
		return err
	}
	raw, err := os.ReadFile(filepath.Join(from, "tags.json"))
	if err != nil {
		return err
	}
	var repos map[string]struct {
		Current []string          `json:"current"`
		Retired map[string]string `json:"retired"`
	}
	if err := json.Unmarshal(raw, &repos); err != nil {
		return err
	}
	var w pack.Writer
	var dict []byte
	for name, r := range repos {
		var text []byte
		slices.Sort(r.Current)
		for _, t := range r.Current {
			text = fmt.Appendf(text, "%s\n", t)
		}
		var retired []string
		for t := range r.Retired {
			retired = append(retired, t)
		}
		slices.Sort(retired)
		for _, t := range retired {
			text = fmt.Appendf(text, "%s %s\n", t, r.Retired[t])
		}
		if name == "node" {
			dict = text[:min(len(text), 32<<10)]
		}
		w.Add(name, text)
	}
	tags, err := w.Bytes(dict)
	if err != nil {
		return err
	}
	fmt.Printf("images %d, tags %d bytes\n", len(packed), len(tags))
	return os.WriteFile(filepath.Join(to, "tags.pack"), tags, 0o644)
}
