// Package apt models Debian's package tools: apt-get, apt, apt-cache, apt-mark, apt-config, dpkg, dpkg-query and dpkg-deb.
//
// What is installed, which lists were fetched and how apt is configured is read from the filesystem, as the real tools do, so that a
// removed list, a dpkg.cfg or a cache mount has the effect that it has. Packages come from package debian's index. Of Ubuntu and of older
// releases no index is at hand: bookworm's stands in, and the note says so.
//
// Start from [Models].
package apt

import (
	"context"
	"strings"

	"drydock/grader/catalogue/debian"
	"drydock/grader/report"
	"drydock/grader/tool"
)

// Models returns the programs of this package by the name in their file's facts.
func Models() tool.Models {
	return tool.Models{
		"apt-get": aptGet, "apt": aptGet, "apt-cache": aptCache, "apt-mark": aptMark, "apt-config": aptConfig,
		"dpkg": dpkg, "dpkg-query": dpkgQuery, "dpkg-deb": dpkgDeb,
	}
}

// run is one execution of apt.
type run struct {
	*tool.Call
	ctx     context.Context
	conf    config
	sources []source
	index   *debian.Release
	db      *database
}

// newRun reads configuration and sources.
func newRun(ctx context.Context, c *tool.Call, conf config) *run {
	r := &run{Call: c, ctx: ctx, conf: conf}
	r.sources = readSources(c.FS)
	suite := "bookworm"
	for _, s := range r.sources {
		if s.known() {
			suite = s.release
			break
		}
	}
	r.index = debian.Open(suite)
	return r
}

// fail prints an error as apt does and returns its status.
func (r *run) fail(format string, a ...any) int {
	r.Errorf("E: "+format, a...)
	return 100
}

// state reads dpkg's database.
func (r *run) state() *database {
	if r.db == nil {
		r.db = readDatabase(r.FS)
	}
	return r.db
}

// estimate notes once per run that another release's index stands in.
func (r *run) estimate() {
	for _, s := range r.sources {
		if s.standsIn {
			r.Note(report.Note{Kind: "estimate", Text: "Drydock has no package index of " + s.suite + ": Debian " + s.release + "'s stands in, so versions and sizes differ."})
			return
		}
	}
}

// aptGet runs apt-get and apt.
func aptGet(ctx context.Context, c *tool.Call) int {
	args, err := parseArgs(c)
	if err != "" {
		c.Errorf("E: %s", err)
		return 100
	}
	if c.Name() == "apt" {
		c.Errorf("\nWARNING: apt does not have a stable CLI interface. Use with caution in scripts.\n")
	}
	r := newRun(ctx, c, args.conf)
	switch {
	case args.has("version") || args.has("v"):
		c.Printf("apt %s (%s)\n", c.Program.Fact("version"), c.Arch)
		return 0
	case args.has("help") || args.has("h") || args.command == "" || args.command == "help":
		c.Printf("apt %s (%s)\nUsage: apt-get [options] command\n", c.Program.Fact("version"), c.Arch)
		if args.command == "" && !args.has("help") && !args.has("h") {
			return 1
		}
		return 0
	}
	if privileged[args.command] && c.FS.Cred.UID != 0 && !r.conf.flag("APT::Get::Simulate") {
		return r.refuse(args.command)
	}
	switch args.command {
	case "update":
		return r.update()
	case "install", "reinstall":
		return r.install(args.operands, args.command == "reinstall" || r.conf.flag("APT::Get::ReInstall"))
	case "remove", "purge", "autoremove", "autopurge", "auto-remove":
		return r.remove(args.operands, args.command)
	case "upgrade", "dist-upgrade", "full-upgrade":
		return r.upgrade()
	case "clean":
		return r.clean(false)
	case "autoclean", "auto-clean":
		r.Printf("Reading package lists...\nBuilding dependency tree...\n")
		r.readingState()
		return 0
	case "distclean", "dist-clean":
		if strings.HasPrefix(c.Program.Fact("version"), "2.") {
			return r.fail("Invalid operation %s", args.command)
		}
		r.clean(true)
		return 0
	case "check":
		r.Printf("Reading package lists...\nBuilding dependency tree...\n")
		r.readingState()
		return 0
	case "download":
		return r.download(args.operands)
	case "build-dep", "source":
		return r.fail("You must put some 'deb-src' URIs in your sources.list")
	case "list", "show", "search", "policy":
		return cacheCommand(r, args.command, args)
	}
	return r.fail("Invalid operation %s", args.command)
}

// privileged are the commands that only root may run.
var privileged = map[string]bool{
	"update": true, "install": true, "reinstall": true, "remove": true, "purge": true, "autoremove": true, "autopurge": true, "auto-remove": true, "upgrade": true, "dist-upgrade": true,
	"full-upgrade": true, "clean": true, "autoclean": true, "auto-clean": true, "distclean": true, "dist-clean": true,
}

// refuse words the failure of somebody who is not root: the lock cannot be opened.
func (r *run) refuse(command string) int {
	switch command {
	case "update":
		r.Printf("Reading package lists...\n")
		r.Errorf("E: List directory /var/lib/apt/lists/partial is missing. - Acquire (13: Permission denied)")
		return 100
	case "clean", "autoclean", "auto-clean", "distclean", "dist-clean":
		r.Errorf("E: Could not open lock file /var/cache/apt/archives/lock - open (13: Permission denied)")
		return 100
	}
	r.Errorf("E: Could not open lock file /var/lib/dpkg/lock-frontend - open (13: Permission denied)")
	r.Errorf("E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), are you root?")
	return 100
}

func (r *run) readingState() {
	if r.FS.Exists("/var/lib/apt/extended_states") {
		r.Printf("Reading state information...\n")
	}
}
