// Command conformance holds the simulated build against a real BuildKit on this machine: it does each case on both sides and prints a table
// of agreement. It is a module of its own, so that the product does not carry what only the real daemon needs.
//
//	go run . [-dir DIR] [-record] [-v] [CASE…]
//	go run . -publish
//	go run . -corpus
//
// Cases are the folders and txtar archives of ../fidelity/testdata. With -record the truth of the cases named is written beside
// them; without, the real daemon's answer of now is compared. With -publish the table is written, from what is recorded, to docs/agreement.md and
// ../fidelity/agreement.json; -corpus does the same after building BuildKit's own tests on both sides.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"drydock/grader/catalogue"
	"drydock/grader/fidelity"
	"drydock/grader/models"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	cache, err := os.UserCacheDir()
	if err != nil {
		return err
	}
	dir := flag.String("dir", filepath.Join(cache, "drydock-conformance"), "where the daemon, its state and the base images are kept")
	cases := flag.String("cases", "../fidelity/testdata", "where the cases are")
	record := flag.Bool("record", false, "write the truth of the cases")
	sample := flag.Int("every", 1, "take every n-th case only")
	verbose := flag.Bool("v", false, "print each difference")
	publishing := flag.Bool("publish", false, "write the agreement with what is recorded, without a daemon")
	own := flag.Bool("corpus", false, "build BuildKit's own tests on both sides, then publish")
	flag.Parse()
	found, err := fidelity.Find(*cases)
	if err != nil {
		return err
	}
	images := fidelity.Bases(catalogue.Open())
	if *publishing && !*own {
		return publish(ctx, found, images, nil)
	}
	d, err := StartDaemon(ctx, *dir, os.Stderr)
	if err != nil {
		return err
	}
	defer d.Stop()
	if *own {
		c, err := compareCorpus(ctx, d, images, *verbose)
		if err != nil {
			return err
		}
		return publish(ctx, found, images, c)
	}
	all, agree, known := 0, 0, 0
	for i, c := range found {
		if flag.NArg() > 0 && !wanted(c.Name, flag.Args()) || i%*sample != 0 {
			continue
		}
		truth, err := d.Record(ctx, c)
		if err != nil {
			return fmt.Errorf("%s: %w", c.Name, err)
		}
		if *record && c.Own {
			data, err := json.MarshalIndent(truth, "", " ")
			if err != nil {
				return err
			}
			if err := os.WriteFile(c.TruthFile, append(data, '\n'), 0o644); err != nil {
				return err
			}
		}
		got, err := fidelity.Simulate(ctx, c, images, models.All())
		if err != nil {
			return fmt.Errorf("%s: %w", c.Name, err)
		}
		diffs := fidelity.Compare(truth, got)
		all++
		word := "agrees"
		if len(diffs) > 0 {
			word = fmt.Sprintf("%d differences", len(diffs))
			if c.Differs != "" {
				known++
				word += ", as known: " + c.Differs
			}
		} else {
			agree++
		}
		fmt.Printf("%-40s %s\n", c.Name, word)
		if *verbose {
			for _, x := range diffs {
				fmt.Printf("    %s\n", x)
			}
		}
	}
	fmt.Printf("%d cases, %d agree, %d are known to differ\n", all, agree, known)
	if agree+known < all && !*record {
		return fmt.Errorf("%d cases differ, and nobody says why", all-agree-known)
	}
	return nil
}

func wanted(name string, globs []string) bool {
	for _, g := range globs {
		if ok, _ := filepath.Match(g, name); ok || strings.HasPrefix(name, g) {
			return true
		}
	}
	return false
}
