// Command gen makes the catalogue's embedded data from what fetch.sh has fetched:
//
//	sudo grader/catalogue/internal/gen/fetch.sh DIR
//	go run ./grader/catalogue/internal/gen -in DIR -facts FACTS -out grader/catalogue
//
// FACTS is the folder with images.json and tags.json. With -only, only that part is made: trees, facts, index or packages.
package main

import (
	"flag"
	"log"
	"path/filepath"
)

func main() {
	in := flag.String("in", "", "the folder that fetch.sh filled")
	factsDir := flag.String("facts", "", "the folder with images.json and tags.json")
	out := flag.String("out", "grader/catalogue", "the catalogue's folder")
	only := flag.String("only", "", "make only this part")
	flag.Parse()
	log.SetFlags(0)
	want := func(part string) bool { return *only == "" || *only == part }
	for _, suite := range []string{"bookworm", "trixie"} {
		if want("trees") {
			check(recordTree(filepath.Join(*in, suite+".slim"), suite, filepath.Join(*out, "data", suite+"-slim.zst")))
		}
		if want("index") {
			check(packIndex(filepath.Join(*in, suite+".apt"), suite, filepath.Join(*out, "debian", "data", suite+"-index.pack")))
		}
		if want("packages") {
			check(packPackages(filepath.Join(*in, suite+".apt"), filepath.Join(*out, "debian", "data", suite+"-packages.pack")))
		}
	}
	if want("facts") {
		check(packFacts(*factsDir, filepath.Join(*out, "data")))
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
