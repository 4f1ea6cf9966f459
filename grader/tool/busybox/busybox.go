// Package busybox models the busybox binary: one program whose applet is told by the name it was called by, or by its first argument.
//
// Start from [Models], which takes the model of the shell. The applets are the models of coreutils, findutils, textutils and users in
// their busybox flavour, cut to those that Alpine's busybox has.
package busybox

import (
	"context"
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"

	"drydock/grader/tool"
	"drydock/grader/tool/coreutils"
	"drydock/grader/tool/findutils"
	"drydock/grader/tool/textutils"
	"drydock/grader/tool/users"
	"drydock/grader/tree"
)

// applets are the applets of Alpine's busybox, one a line (the output of busybox --list).
//
//go:embed applets.txt
var applets string

// Models returns the model of busybox. shell answers for sh and ash; others are applets that have their models elsewhere (wget, tar,
// vi), by name.
func Models(shell tool.Model, others tool.Models) tool.Models {
	all := tool.Models{}
	for _, m := range []tool.Models{coreutils.Models(), findutils.Models(), textutils.Models(), users.Models(), others} {
		maps.Copy(all, m)
	}
	all["[["] = all["["]
	if shell != nil {
		all["sh"], all["ash"] = shell, shell
	}
	b := &binary{models: all, names: strings.Fields(applets)}
	return tool.Models{"busybox": b.run}
}

type binary struct {
	models tool.Models
	names  []string
}

func (b *binary) run(ctx context.Context, c *tool.Call) int {
	name := c.Name()
	call := *c
	if name == "busybox" || !slices.Contains(b.names, name) && strings.HasPrefix(name, "busybox") {
		if len(c.Args) < 2 {
			b.usage(c)
			return 0
		}
		switch c.Args[1] {
		case "--list":
			for _, n := range b.names {
				c.Printf("%s\n", n)
			}
			return 0
		case "--help":
			b.usage(c)
			return 0
		case "--install":
			return b.install(c)
		}
		name = c.Args[1][strings.LastIndexByte(c.Args[1], '/')+1:]
		call.Args = c.Args[1:]
	}
	name = strings.TrimPrefix(name, "-") // a login shell
	if !slices.Contains(b.names, name) {
		c.Errorf("%s: applet not found", name)
		return 127
	}
	if call.Program.Fact("flavour") != "busybox" {
		facts := maps.Clone(call.Program.Facts())
		if facts == nil {
			facts = map[string]string{}
		}
		facts["flavour"] = "busybox"
		call.Program = tree.Declared(call.Program.Size(), call.Program.ID(), facts)
	}
	m := b.models[name]
	if m == nil {
		m = c.Models[name]
	}
	if m == nil {
		return b.unknown(c, name)
	}
	return m(ctx, &call)
}

func (b *binary) usage(c *tool.Call) {
	version := c.Program.Fact("version")
	if version != "" {
		version = " v" + version
	}
	fmt.Fprintf(c.Stdout, "BusyBox%s multi-call binary.\nBusyBox is copyrighted by many authors between 1998-2015.\nLicensed under GPLv2. See source distribution for detailed\n"+
		"copyright notices.\n\nUsage: busybox [function [arguments]...]\n   or: busybox --list[-full]\n   or: busybox --show SCRIPT\n   or: busybox --install [-s] [DIR]\n"+
		"   or: function [arguments]...\n", version)
}

// install makes links for all applets, in one folder or where they belong.
func (b *binary) install(c *tool.Call) int {
	symbolic, dir := false, "/bin"
	for _, a := range c.Args[2:] {
		if a == "-s" {
			symbolic = true
		} else {
			dir = a
		}
	}
	for _, n := range b.names {
		p := strings.TrimRight(dir, "/") + "/" + n
		if _, err := c.FS.Lstat(p); err == nil {
			continue
		}
		var err error
		if symbolic {
			err = c.FS.Symlink("/bin/busybox", p)
		} else {
			err = c.FS.Link(c.Path, p)
		}
		if err != nil {
			c.Errorf("busybox: %s: %s", p, message(err))
			return 1
		}
	}
	return 0
}
