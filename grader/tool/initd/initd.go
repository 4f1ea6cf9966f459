// Package initd models the small programs that run as process 1 and start another (tini, dumb-init, catatonit), and setcap and getcap, which
// images use beside them. Whether process 1 passes signals on is judged where a container is started.
//
// Start from [Models].
package initd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"drydock/grader/tool"
	"drydock/grader/vfs"
)

// Models returns the programs of this package.
func Models() tool.Models {
	return tool.Models{
		"tini": tini, "dumb-init": dumbInit, "catatonit": catatonit,
		"setcap": setcap, "getcap": getcap,
	}
}

// split parts a command line into options and the program with its arguments. valued lists the letters of options that take a value.
func split(args []string, valued string) (options, program []string) {
	for i := 0; i < len(args); i++ {
		a := args[i]
		switch {
		case a == "--":
			return options, args[i+1:]
		case !strings.HasPrefix(a, "-") || a == "-":
			return options, args[i:]
		}
		options = append(options, a)
		if (a == "--rewrite" || len(a) == 2 && strings.Contains(valued, a[1:])) && i+1 < len(args) {
			i++
			options = append(options, args[i])
		}
	}
	return options, nil
}

func tini(ctx context.Context, c *tool.Call) int {
	options, program := split(c.Args[1:], "peC")
	for _, o := range options {
		switch {
		case o == "--version":
			c.Printf("tini version %s\n", version(c, "0.19.0"))
			return 0
		case o == "-h" || o == "-l":
			c.Printf("tini (tini version %s)\nUsage: %s [OPTIONS] PROGRAM -- [ARGS] | --version\n", version(c, "0.19.0"), c.Args[0])
			return 0
		}
	}
	if len(program) == 0 {
		c.Errorf("tini (tini version %s)\nUsage: %s [OPTIONS] PROGRAM -- [ARGS] | --version", version(c, "0.19.0"), c.Args[0])
		return 1
	}
	return start(ctx, c, program, func(err error) string {
		return fmt.Sprintf("[FATAL tini (7)] exec %s failed: %s", program[0], vfs.Message(err))
	})
}

func dumbInit(ctx context.Context, c *tool.Call) int {
	options, program := split(c.Args[1:], "r")
	for _, o := range options {
		if o == "-V" || o == "--version" {
			c.Errorf("dumb-init v%s", version(c, "1.2.5"))
			return 0
		}
	}
	if len(program) == 0 {
		c.Errorf("Usage: %s [option] program [args]\nTry %[1]s --help for full usage.", c.Args[0])
		return 1
	}
	return start(ctx, c, program, func(err error) string {
		return fmt.Sprintf("[dumb-init] %s: %s", program[0], vfs.Message(err))
	})
}

func catatonit(ctx context.Context, c *tool.Call) int {
	options, program := split(c.Args[1:], "")
	for _, o := range options {
		switch o {
		case "-V", "--version":
			c.Printf("tini version 0.2.1_catatonit\n")
			return 0
		case "-P":
			return c.Serve(ctx, c, tool.Service{Runtime: "catatonit", Graceful: true})
		}
	}
	if len(program) == 0 {
		c.Errorf("usage: %s [-ghLPV] [--] <progname> [<arguments>...]", c.Args[0])
		return 1
	}
	return start(ctx, c, program, func(err error) string {
		return fmt.Sprintf("ERROR (catatonit:7): failed to exec pid1: %s", vfs.Message(err))
	})
}

// start runs the program; where it cannot be, it prints what say makes of the error and returns what a shell would.
func start(ctx context.Context, c *tool.Call, program []string, say func(error) string) int {
	status, err := c.Child(program...).Exec(ctx)
	if err == nil {
		return status
	}
	c.Errorf("%s", say(err))
	if c.Name() == "dumb-init" {
		return 2
	}
	if errors.Is(err, fs.ErrNotExist) {
		return 127
	}
	return 126
}

func version(c *tool.Call, unknown string) string {
	if v := c.Program.Fact("version"); v != "" {
		return v
	}
	return unknown
}
