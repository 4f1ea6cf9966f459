package main

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"drydock/grader/build"
	"drydock/grader/fidelity"
	"drydock/grader/models"
)

//go:embed corpus.txt
var corpusReasons string

// reason is why a test of BuildKit's own is known to come out otherwise.
func reason(name string) string {
	for line := range strings.Lines(corpusReasons) {
		if test, why, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok && strings.HasPrefix(name, test+"-") {
			return why
		}
	}
	return ""
}

// compareCorpus builds BuildKit's own tests on both sides.
func compareCorpus(ctx context.Context, d *Daemon, images build.Images, verbose bool) (*fidelity.Corpus, error) {
	cases, skipped, err := corpus(ctx)
	if err != nil {
		return nil, err
	}
	out := &fidelity.Corpus{Date: time.Now().Format(time.DateOnly), Skipped: skipped}
	for _, n := range skipped {
		out.Found += n
	}
	out.Found += len(cases)
	for _, c := range cases {
		truth, err := d.Record(ctx, c)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.Name, err)
		}
		if unreachable.MatchString(truth.Builds[0].Error) {
			skipped["something from the network"]++
			continue
		}
		got, err := fidelity.Simulate(ctx, c, images, models.All())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.Name, err)
		}
		out.Usable++
		diffs := fidelity.Compare(truth, got)
		if len(diffs) == 0 {
			out.Agree++
			fmt.Printf("%-60s agrees\n", c.Name)
			continue
		}
		out.Differ = append(out.Differ, fidelity.Differing{Case: c.Name, Point: diffs[0].Point, Text: short(diffs[0].Text), Why: reason(c.Name)})
		fmt.Printf("%-60s %d differences\n", c.Name, len(diffs))
		if verbose {
			for _, x := range diffs {
				fmt.Printf("    %s\n", x)
			}
		}
	}
	return out, nil
}

func short(s string) string {
	if len(s) > 200 {
		s = strings.ToValidUTF8(s[:200], "") + "…"
	}
	return s
}

// publish holds the simulator against all that is recorded and writes what came out: as data for the product and as a page for readers. Without a
// new corpus the last one's figures stay.
func publish(ctx context.Context, cases []*fidelity.Case, images build.Images, corpus *fidelity.Corpus) error {
	old := fidelity.Published()
	a := &fidelity.Agreement{BuildKit: fidelity.Version, Date: time.Now().Format(time.DateOnly), Corpus: old.Corpus}
	if corpus != nil {
		a.Corpus = *corpus
	}
	kinds := map[string]*fidelity.Kind{}
	for _, c := range cases {
		want, err := c.Truth()
		if err != nil {
			return err
		}
		got, err := fidelity.Simulate(ctx, c, images, models.All())
		if err != nil {
			return fmt.Errorf("%s: %w", c.Name, err)
		}
		name := c.Kind()
		k := kinds[name]
		if k == nil {
			k = &fidelity.Kind{Name: name}
			kinds[name] = k
		}
		k.Cases++
		if diffs := fidelity.Compare(want, got); len(diffs) > 0 {
			k.Differ = append(k.Differ, fidelity.Differing{Case: c.Name, Point: diffs[0].Point, Text: short(diffs[0].Text), Why: c.Differs})
		} else {
			k.Agree++
		}
	}
	for _, name := range slices.Sorted(maps.Keys(kinds)) {
		a.Kinds = append(a.Kinds, *kinds[name])
	}
	data, err := json.MarshalIndent(a, "", " ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join("..", "fidelity", "agreement.json"), append(data, '\n'), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join("..", "..", "docs", "agreement.md"), page(a), 0o644)
}

// page writes an agreement as Markdown.
func page(a *fidelity.Agreement) []byte {
	var b bytes.Buffer
	cases, agree := a.Total()
	fmt.Fprintf(&b, "# How far the simulation agrees with BuildKit\n\nWritten by `go run . -publish` in `grader/conformance` on %s; do not edit.\n\n", a.Date)
	fmt.Fprintf(&b, "%d of %d cases that were recorded from BuildKit %s on linux/amd64 come out the same in all points: success, error text, each step's name "+
		"and whether it was cached, output, configuration, history, and every entry of every layer. Layers that apt, npm or pip wrote are compared "+
		"within 10 %%, since they change from day to day.\n\n", agree, cases, a.BuildKit)
	b.WriteString("| kind | cases | agree |\n|---|--:|--:|\n")
	for _, k := range a.Kinds {
		fmt.Fprintf(&b, "| %s | %d | %d |\n", k.Name, k.Cases, k.Agree)
	}
	b.WriteString("\n## What differs\n\n")
	if agree == cases {
		b.WriteString("No recorded case.\n")
	}
	for _, k := range a.Kinds {
		for _, d := range k.Differ {
			why := d.Why
			if why == "" {
				why = "not looked into yet"
			}
			fmt.Fprintf(&b, "- `%s` (%s): %s\n", d.Case, d.Point, why)
		}
	}
	c := a.Corpus
	fmt.Fprintf(&b, "\n## BuildKit's own tests\n\nThe frontend's tests solve a Dockerfile in %d places. %d of them are written out there and need nothing but what the simulator has, "+
		"with Debian in the place of busybox and alpine; built on both sides on %s, %d agree in all points.\n\nThe others need:\n\n", c.Found, c.Usable, c.Date, c.Agree)
	for _, why := range slices.Sorted(maps.Keys(c.Skipped)) {
		fmt.Fprintf(&b, "- %s: %d\n", why, c.Skipped[why])
	}
	if len(c.Differ) > 0 {
		b.WriteString("\nThese differ:\n\n")
	}
	for _, d := range c.Differ {
		fmt.Fprintf(&b, "- `%s` (%s): %s\n", d.Case, d.Point, cmp.Or(d.Why, "not looked into yet"))
	}
	return b.Bytes()
}
