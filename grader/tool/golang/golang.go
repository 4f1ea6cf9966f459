// Package golang models the go command and the programs it builds.
//
// Modules, packages and sources are read for real: go.mod and go.sum with golang.org/x/mod, Go files with go/parser, own code with
// go/types (what a dependency exports is not known and taken to be right). What is compiled is known from the build cache, what is
// downloaded from the module cache; both are files of the image or of a cache mount. Of a program's code nothing is run: a walk over main and what
// it calls finds what it would do at its start. Sizes are estimates from std.txt and modules.txt.
//
// A built binary is declared content with the facts of an ELF file and
//
//	program        "go-binary"
//	go.version     of the toolchain
//	go.module      import path of its main package
//	go.listen      address it listens on (":8080"); "{PORT|8080}" in it stands for a variable and its default
//	go.connects    hosts that it calls by HTTPS, space separated
//	go.zones       time zones it loads
//	go.zonesFatal  "yes" if it ends without them
//	go.tzdata      "yes" if zone data is built in (-tags timetzdata, import of time/tzdata)
//	go.reads       files it reads at its start, one a line; a leading "!" says that it ends without them
//	go.temp        "yes" if it makes temporary files
//	go.user        "yes" if it asks for the current user
//	go.ignores     "yes" if it ignores the stop signal
//	go.prints      lines it prints at its start
//
// When such a binary is started in a container, it records an event for each: Kind "connect" (Name the host), "timezone" (Name the
// zone) and "tempfile" (Name the folder), with Version empty where it works and Go's own error text where it does not.
//
// Start from [Models].
package golang

import (
	"context"
	"strings"

	"drydock/grader/tool"
)

// Models returns the programs of this package.
func Models() tool.Models {
	return tool.Models{"go": goCommand, "gofmt": gofmt, "go-binary": binary}
}

// commands are the subcommands of go.
var commands = map[string]func(context.Context, *job, []string) int{
	"build": build, "install": install, "run": run, "test": test, "vet": vet, "mod": mod, "get": get, "env": env, "version": version,
	"list": list, "generate": generate, "clean": clean, "fmt": succeed, "tool": succeed, "work": succeed, "telemetry": succeed, "doc": succeed, "fix": succeed, "bug": succeed,
}

func goCommand(ctx context.Context, c *tool.Call) int {
	args := c.Args[1:]
	if len(args) > 0 && (args[0] == "-C" || strings.HasPrefix(args[0], "-C=")) {
		dir, used := strings.TrimPrefix(args[0], "-C="), 1
		if args[0] == "-C" && len(args) > 1 {
			dir, used = args[1], 2
		}
		if !c.FS.IsDir(dir) {
			c.Errorf("go: chdir %s: no such file or directory", dir)
			return 2
		}
		d := *c
		d.FS = c.FS.In(c.FS.Abs(dir))
		c, args = &d, args[used:]
	}
	if len(args) == 0 {
		c.Errorf("Go is a tool for managing Go source code.\n\nUsage:\n\n\tgo <command> [arguments]\n")
		return 2
	}
	run, ok := commands[args[0]]
	if !ok {
		if args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
			c.Printf("Go is a tool for managing Go source code.\n\nUsage:\n\n\tgo <command> [arguments]\n")
			return 0
		}
		c.Errorf("go %s: unknown command\nRun 'go help' for usage.", args[0])
		return 2
	}
	return run(ctx, newJob(c), args[1:])
}

func succeed(context.Context, *job, []string) int { return 0 }
