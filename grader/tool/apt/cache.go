package apt

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"drydock/grader/catalogue/debian"
	"drydock/grader/tool"
)

func timeOf(ns int64) time.Time { return time.Unix(0, ns).UTC() }

// aptCache is apt-cache: policy, show, search, depends, pkgnames.
func aptCache(ctx context.Context, c *tool.Call) int {
	args, err := parseArgs(c)
	if err != "" {
		c.Errorf("E: %s", err)
		return 100
	}
	r := newRun(ctx, c, args.conf)
	r.state()
	if args.command == "" {
		c.Printf("apt %s (%s)\nUsage: apt-cache [options] command\n", c.Program.Fact("version"), c.Arch)
		return 0
	}
	return cacheCommand(r, args.command, args)
}

// cacheCommand answers a question about packages.
func cacheCommand(r *run, command string, args *arguments) int {
	r.state()
	switch command {
	case "policy", "madison":
		for _, name := range args.operands {
			r.policy(name, command == "madison")
		}
		return 0
	case "show", "showpkg", "depends", "rdepends":
		if len(args.operands) == 0 {
			return r.fail("No packages found")
		}
		status := 0
		for _, name := range args.operands {
			p := r.candidate(name)
			if p == nil {
				if command != "show" || !r.available("") {
					r.Errorf("N: Unable to locate package %s", name)
				} else {
					r.Errorf("N: Unable to locate package %s", name)
				}
				r.Errorf("E: No packages found")
				status = 100
				continue
			}
			r.show(p, command)
		}
		return status
	case "search":
		for _, word := range args.operands {
			for _, n := range r.index.Names(word, 200) {
				if r.candidate(n) != nil {
					r.Printf("%s - %s\n", n, n)
				}
			}
		}
		return 0
	case "pkgnames":
		prefix := ""
		if len(args.operands) > 0 {
			prefix = args.operands[0]
		}
		for _, n := range r.index.Names(prefix, 100000) {
			r.Printf("%s\n", n)
		}
		return 0
	case "list":
		r.list(args)
		return 0
	case "gencaches", "stats", "unmet", "dump":
		return 0
	}
	return r.fail("Invalid operation %s", command)
}

// policy prints which versions there are.
func (r *run) policy(name string, madison bool) {
	have := r.db.state[name]
	var versions []debian.Package
	for _, v := range r.index.Versions(name) {
		if r.available(v.Pocket) {
			versions = append(versions, v)
		}
	}
	if have == nil && len(versions) == 0 {
		if !madison {
			r.Errorf("N: Unable to locate package %s", name)
		}
		return
	}
	if madison {
		for _, v := range versions {
			url, suite := r.index.Site(v.Pocket)
			r.Printf("%10s | %10s | %s %s/main %s Packages\n", v.Name, v.Version, url, suite, r.Arch)
		}
		return
	}
	installed, candidate := "(none)", "(none)"
	if have != nil {
		installed, candidate = have.Version, have.Version
	}
	if len(versions) > 0 {
		candidate = versions[0].Version
	}
	r.Printf("%s:\n  Installed: %s\n  Candidate: %s\n  Version table:\n", name, installed, candidate)
	for _, v := range versions {
		mark := "    "
		if have != nil && have.Version == v.Version {
			mark = "*** "
		}
		url, suite := r.index.Site(v.Pocket)
		r.Printf(" %s%s 500\n        500 %s %s/main %s Packages\n", mark, v.Version, url, suite, r.Arch)
		if mark != "    " {
			r.Printf("        100 %s\n", statusFile)
		}
	}
	if have != nil && !slices.ContainsFunc(versions, func(v debian.Package) bool { return v.Version == have.Version }) {
		r.Printf(" *** %s 100\n        100 %s\n", have.Version, statusFile)
	}
}

func (r *run) show(p *debian.Package, command string) {
	if command != "show" {
		r.Printf("%s\n", p.Name)
		for kind, field := range map[string]string{"Depends": p.Depends} {
			for _, alts := range debian.Relations(field) {
				for _, rel := range alts {
					r.Printf("  %s: %s\n", kind, rel.Name)
				}
			}
		}
		return
	}
	text := r.control(p, r.index.Contents(p, r.Arch))
	r.Printf("%sFilename: %s\nSize: %d\n\n", text, poolPath(p, r.Arch), p.Size)
}

// list is apt list.
func (r *run) list(args *arguments) {
	r.Printf("Listing...\n")
	var names []string
	switch {
	case r.conf.flag("APT::Cmd::Upgradable"):
		for _, p := range r.newer() {
			r.Printf("%s/%s %s %s [upgradable from: %s]\n", p.Name, r.index.Suite, p.Version, p.Arch(r.Arch), r.db.state[p.Name].Version)
		}
		return
	case r.conf.flag("APT::Cmd::Installed"):
		for n := range r.db.state {
			names = append(names, n)
		}
	default:
		for _, op := range args.operands {
			names = append(names, r.index.Names(strings.TrimRight(op, "*"), 1000)...)
		}
	}
	slices.Sort(names)
	for _, n := range names {
		if len(args.operands) > 0 && !slices.ContainsFunc(args.operands, func(op string) bool { return wild(op, n) }) {
			continue
		}
		if have := r.db.state[n]; have != nil {
			state := "installed"
			if r.db.auto[n] {
				state = "installed,automatic"
			} else if !r.available("") {
				state = "installed,local"
			}
			r.Printf("%s/%s %s %s [%s]\n", n, "now", have.Version, have.Arch, state)
		} else if p := r.candidate(n); p != nil && p.Name == n {
			r.Printf("%s/%s %s %s\n", n, r.index.Suite, p.Version, p.Arch(r.Arch))
		}
	}
}

// aptMark is apt-mark: auto, manual, hold, unhold, showauto, showmanual, showhold.
func aptMark(ctx context.Context, c *tool.Call) int {
	args, err := parseArgs(c)
	if err != "" {
		c.Errorf("E: %s", err)
		return 100
	}
	r := newRun(ctx, c, args.conf)
	db := r.state()
	names := args.operands
	show := func(keep func(string, *debian.Installed) bool) int {
		var out []string
		for n, p := range db.state {
			if keep(n, p) && (len(names) == 0 || slices.Contains(names, n)) {
				out = append(out, n)
			}
		}
		slices.Sort(out)
		for _, n := range out {
			c.Printf("%s\n", n)
		}
		return 0
	}
	switch args.command {
	case "showauto":
		return show(func(n string, _ *debian.Installed) bool { return db.auto[n] })
	case "showmanual":
		return show(func(n string, _ *debian.Installed) bool { return !db.auto[n] })
	case "showhold", "showholds":
		return show(func(_ string, p *debian.Installed) bool { return p.Hold })
	case "auto", "manual", "hold", "unhold", "markauto", "unmarkauto":
	default:
		return r.fail("Invalid operation %s", args.command)
	}
	if c.FS.Cred.UID != 0 {
		r.Errorf("E: Could not create temporary file for /var/lib/apt/extended_states - mkstemp (13: Permission denied)")
		return r.fail("Failed to write temporary StateFile /var/lib/apt/extended_states")
	}
	if len(names) == 0 {
		return r.fail("No packages found")
	}
	var matched []string
	for _, pattern := range names {
		found := false
		for n := range db.state {
			if n == pattern || strings.ContainsAny(pattern, ".*?[^$|") && wild(strings.ReplaceAll(pattern, ".*", "*"), n) {
				matched = append(matched, n)
				found = true
			}
		}
		if !found {
			if r.candidate(pattern) == nil {
				return r.fail("Unable to locate package %s", pattern)
			}
			c.Printf("%s can not be marked as it is not installed.\n", pattern)
		}
	}
	slices.Sort(matched)
	changed := false
	for _, n := range slices.Compact(matched) {
		switch args.command {
		case "auto", "markauto":
			if db.auto[n] {
				c.Printf("%s was already set to automatically installed.\n", n)
				continue
			}
			db.auto[n] = true
			c.Printf("%s set to automatically installed.\n", n)
		case "manual", "unmarkauto":
			if !db.auto[n] {
				c.Printf("%s was already set to manually installed.\n", n)
				continue
			}
			delete(db.auto, n)
			c.Printf("%s set to manually installed.\n", n)
		case "hold", "unhold":
			from, to, words := "Status: install ok", "Status: hold ok", fmt.Sprintf("%s set on hold.\n", n)
			if args.command == "unhold" {
				from, to, words = to, from, fmt.Sprintf("Canceled hold on %s.\n", n)
			}
			for _, p := range db.paragraphs {
				if p.Name == n {
					db.set(n, strings.Replace(p.Text, from, to, 1))
				}
			}
			r.writeStatus()
			c.Printf("%s", words)
			continue
		}
		changed = true
	}
	if changed {
		r.writeExtended()
	}
	return 0
}

// aptConfig is apt-config dump and shell.
func aptConfig(ctx context.Context, c *tool.Call) int {
	args, err := parseArgs(c)
	if err != "" {
		c.Errorf("E: %s", err)
		return 100
	}
	switch args.command {
	case "dump":
		var lines []string
		for k, v := range args.conf.values {
			lines = append(lines, fmt.Sprintf("%s %q;", k, v))
		}
		for k, list := range args.conf.lists {
			for _, v := range list {
				lines = append(lines, fmt.Sprintf("%s:: %q;", k, v))
			}
		}
		slices.Sort(lines)
		for _, l := range lines {
			c.Printf("%s\n", l)
		}
		return 0
	case "shell":
		for i := 0; i+1 < len(args.operands); i += 2 {
			key, _, _ := strings.Cut(args.operands[i+1], "/")
			if v := args.conf.get(key); v != "" {
				c.Printf("%s='%s'\n", args.operands[i], v)
			}
		}
		return 0
	}
	c.Errorf("E: Invalid operation %s", args.command)
	return 100
}
