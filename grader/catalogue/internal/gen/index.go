package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"drydock/grader/catalogue/debian"
	"drydock/grader/catalogue/internal/pack"
)

// blockSize is how many packages stand in one text of the index.
const blockSize = 128

// packIndex writes the index of a release: all packages of main with the updates and security fixes that stand over them.
func packIndex(aptDir, suite, out string) error {
	all := map[string][]debian.Package{}
	for _, pocket := range []struct{ file, name string }{
		{"debian_dists_" + suite + "_main", ""}, {"debian_dists_" + suite + "-updates_main", "updates"}, {"debian-security_dists_" + suite + "-security_main", "security"},
	} {
		files, err := filepath.Glob(filepath.Join(aptDir, "lists", "*_"+pocket.file+"_binary-amd64_Packages"))
		if err != nil || len(files) != 1 {
			return fmt.Errorf("%s: no list of %s", aptDir, pocket.file)
		}
		b, err := os.ReadFile(files[0])
		if err != nil {
			return err
		}
		for para := range strings.SplitSeq(string(b), "\n\n") {
			f := fields(para)
			if f["Package"] == "" {
				continue
			}
			p := debian.Package{
				Name: f["Package"], Version: f["Version"], All: f["Architecture"] == "all", Pocket: pocket.name, Size: num(f["Size"]), Installed: num(f["Installed-Size"]),
				Essential: f["Essential"] == "yes", Priority: f["Priority"], Section: f["Section"], Depends: short(f["Depends"]), PreDepends: short(f["Pre-Depends"]), Recommends: short(f["Recommends"]),
				Provides: short(f["Provides"]), Conflicts: short(f["Conflicts"]), Source: f["Source"],
			}
			all[p.Name] = append(all[p.Name], p)
		}
	}
	names := make([]string, 0, len(all))
	provides := map[string][]string{}
	for name, versions := range all {
		names = append(names, name)
		slices.SortStableFunc(versions, func(a, b debian.Package) int { return debian.CompareVersions(b.Version, a.Version) })
		for p := range strings.SplitSeq(versions[0].Provides, ", ") {
			v, _, _ := strings.Cut(p, " ")
			if v != "" {
				provides[v] = append(provides[v], name)
			}
		}
	}
	slices.Sort(names)
	var w pack.Writer
	var block, dict []byte
	first := ""
	for i, name := range names {
		if first == "" {
			first = name
		}
		for _, p := range all[name] {
			block = p.AppendTo(block)
		}
		if (i+1)%blockSize == 0 || i == len(names)-1 {
			w.Add(first, bytes.Clone(block))
			if len(dict) < 64<<10 && i > len(names)/3 {
				dict = append(dict, block...)
			}
			block, first = block[:0], ""
		}
	}
	var virtual []byte
	keys := make([]string, 0, len(provides))
	for v := range provides {
		keys = append(keys, v)
	}
	slices.Sort(keys)
	for _, v := range keys {
		slices.Sort(provides[v])
		virtual = fmt.Appendf(virtual, "%s %s\n", v, strings.Join(provides[v], " "))
	}
	w.Add("~provides", virtual)
	lists, err := listSizes(aptDir, suite)
	if err != nil {
		return err
	}
	w.Add("~lists", lists)
	b, err := w.Bytes(dict)
	if err != nil {
		return err
	}
	fmt.Printf("%s: %d packages, %d bytes\n", out, len(names), len(b))
	return os.WriteFile(out, b, 0o644)
}

func num(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// short takes out of a dependency field what the resolver does not use.
func short(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	return strings.ReplaceAll(s, ":any", "")
}

// listSizes describes the files that apt-get update leaves: "POCKET RELEASE-BYTES DOWNLOADED-BYTES STORED-BYTES DATE" a line. Stored lists are compressed with
// lz4; how far is measured with the package's own text.
func listSizes(aptDir, suite string) ([]byte, error) {
	var out []byte
	for _, pocket := range []struct{ file, name string }{
		{"debian_dists_" + suite, "main"}, {"debian_dists_" + suite + "-updates", "updates"}, {"debian-security_dists_" + suite + "-security", "security"},
	} {
		files, err := filepath.Glob(filepath.Join(aptDir, "lists", "*_"+pocket.file+"_InRelease"))
		if err != nil || len(files) != 1 {
			return nil, fmt.Errorf("%s: no release file of %s", aptDir, pocket.file)
		}
		release, err := os.ReadFile(files[0])
		if err != nil {
			return nil, err
		}
		m := regexp.MustCompile(`(?m)^ [0-9a-f]{64}\s+(\d+) main/binary-amd64/Packages.xz$`).FindSubmatch(release)
		if m == nil {
			return nil, fmt.Errorf("%s: no size of its list", files[0])
		}
		date := regexp.MustCompile(`(?m)^Date: (.*)$`).FindSubmatch(release)
		list, err := os.ReadFile(strings.TrimSuffix(files[0], "InRelease") + "main_binary-amd64_Packages")
		if err != nil {
			return nil, err
		}
		stored, err := lz4Size(list)
		if err != nil {
			return nil, err
		}
		out = fmt.Appendf(out, "%s %d %s %d %s\n", pocket.name, len(release), m[1], stored, date[1])
	}
	return out, nil
}
