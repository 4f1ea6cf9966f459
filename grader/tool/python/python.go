// Package python models Python: the interpreter, virtual environments, pip, uv and the servers that are started through console scripts.
//
// A program's imports are resolved for real: its own modules are read, the standard library is a list, and everything else is looked for on sys.path
// as that interpreter would have it (its prefix, pyvenv.cfg, PYTHONPATH). What a module's code computes is not run; statements at its top level
// that open files, print literals or start a server are recognised. See source.go for how a module is read.
//
// Installed packages carry facts: "py.dist" (name==version) and on the package's first file "py.imports" (top-level modules that it imports),
// "py.ext" (an extension module that it imports). Extension modules are shared objects with "needs" and the interpreter's tag in their
// name (cpython-313-x86_64-linux-gnu, …-musl), so that an interpreter of another version or C library does not find them.
//
// pip's downloads are known from its cache, as files of the image or of a cache mount. What the index holds is package pypi's data.
//
// Start from [Models].
package python

import (
	"context"
	"path"
	"strings"

	"drydock/grader/tool"
)

// Models returns the programs of this package.
func Models() tool.Models {
	return tool.Models{
		"python": python, "python3": python, "pip": pipProgram, "pip3": pipProgram, "uv": uv, "uvx": uv, "poetry": poetry,
		"gunicorn": consoleScript, "uvicorn": consoleScript, "flask": consoleScript,
	}
}

// python runs the interpreter.
func python(ctx context.Context, c *tool.Call) int {
	in := locate(c)
	args := c.Args[1:]
	for len(args) > 0 && strings.HasPrefix(args[0], "-") && args[0] != "-" {
		a := args[0]
		switch {
		case a == "--version" || a == "-V" || a == "-VV":
			c.Printf("Python %s\n", in.version)
			return 0
		case a == "--help" || a == "-h":
			c.Printf("usage: %s [option] ... [-c cmd | -m mod | file | -] [arg] ...\n", c.Args[0])
			return 0
		case a == "-c":
			if len(args) < 2 {
				return in.usage("Argument expected for the -c option")
			}
			return in.command(ctx, args[1], args[2:])
		case a == "-m":
			if len(args) < 2 {
				return in.usage("Argument expected for the -m option")
			}
			return in.runModule(ctx, args[1], args[2:])
		case strings.HasPrefix(a, "-m"):
			return in.runModule(ctx, a[2:], args[1:])
		case a == "-W" || a == "-X":
			if len(args) < 2 {
				return in.usage("Argument expected for the " + a + " option")
			}
			args = args[2:]
			continue
		case a == "-I":
			in.isolated = true
		case strings.HasPrefix(a, "--"):
			return in.usage("unknown option " + a)
		default:
			for i, l := range a[1:] {
				switch l {
				case 'B', 'E', 'O', 'P', 's', 'S', 'u', 'v', 'q', 'b', 'd', 'i', 'x', 'R':
				case 'W', 'X':
					i = len(a)
				case 'c', 'm': // -uc, -Bm: the option's argument follows
					if len(args) < 2 {
						return in.usage("Argument expected for the -" + string(l) + " option")
					}
					if l == 'c' {
						return in.command(ctx, args[1], args[2:])
					}
					return in.runModule(ctx, args[1], args[2:])
				default:
					return in.usage("Unknown option: -" + string(l))
				}
				if i >= len(a)-2 {
					break
				}
			}
		}
		args = args[1:]
	}
	if len(args) == 0 || args[0] == "-" {
		return in.stdin(ctx)
	}
	return in.script(ctx, args[0], args[1:])
}

// pipProgram is pip where the catalogue put a program of its own rather than a script: it belongs to the Python beside it.
func pipProgram(ctx context.Context, c *tool.Call) int {
	in := besides(c)
	if in == nil {
		c.Errorf("%s: cannot find its Python interpreter", c.Path)
		return 1
	}
	return in.pip(ctx, c.Args[1:])
}

// consoleScript is a server's program that has no script text.
func consoleScript(ctx context.Context, c *tool.Call) int {
	in := besides(c)
	if in == nil {
		c.Errorf("%s: cannot find its Python interpreter", c.Path)
		return 1
	}
	return in.entry(ctx, c.Program.Fact("program"), c.Args[1:])
}

// besides finds the interpreter in the folder of a program.
func besides(c *tool.Call) *interp {
	real, err := c.FS.Real(c.Path)
	if err != nil {
		real = c.FS.Abs(c.Path)
	}
	for _, dir := range []string{path.Dir(c.FS.Abs(c.Path)), path.Dir(real), "/usr/local/bin", "/usr/bin"} {
		for _, name := range []string{"python3", "python"} {
			p := path.Join(dir, name)
			content, err := c.FS.Content(p)
			if err != nil {
				continue
			}
			d := *c
			d.Path, d.Program = p, content
			return locate(&d)
		}
	}
	return nil
}
