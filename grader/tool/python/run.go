package python

import (
	"context"
	"io"
	"path"
	"regexp"
	"strconv"
	"strings"

	"drydock/grader/tool"
	"drydock/grader/vfs"
)

// script runs a file, or a folder with a __main__.py.
func (in *interp) script(ctx context.Context, p string, args []string) int {
	if in.FS.IsDir(p) {
		main := path.Join(p, "__main__.py")
		if !in.FS.Exists(main) {
			in.Errorf("%s: can't find '__main__' module in '%s'", in.exe, in.FS.Abs(p))
			return 1
		}
		p = main
	}
	c, err := in.FS.Content(p)
	if err != nil {
		in.Errorf("%s: can't open file '%s': [Errno %d] %s", in.exeShown(), in.FS.Abs(p), errno(err), vfs.Message(err))
		return 2
	}
	real, err := in.FS.Real(p)
	if err != nil {
		real = in.FS.Abs(p)
	}
	in.path0 = path.Dir(real)
	in.loaded = append(in.loaded, in.FS.Abs(p))
	if name := c.Fact("py.script"); name != "" {
		return in.consoleScript(ctx, p, name, args)
	}
	data, ok := c.Known()
	if !ok {
		return 0
	}
	return in.main(ctx, in.FS.Abs(p), string(data), args)
}

// exeShown is how the interpreter calls itself in messages.
func (in *interp) exeShown() string {
	if strings.Contains(in.Args[0], "/") {
		return in.FS.Abs(in.Args[0])
	}
	return in.exe
}

func errno(err error) int {
	switch vfs.Message(err) {
	case "No such file or directory":
		return 2
	case "Permission denied":
		return 13
	case "Is a directory":
		return 21
	case "Not a directory":
		return 20
	}
	return 5
}

// consoleScript runs a script that pip wrote: it imports its package and then does what that package's program does.
func (in *interp) consoleScript(ctx context.Context, p, name string, args []string) int {
	c, _ := in.FS.Content(p)
	module := c.Fact("py.module")
	if module != "" && name != "pip" {
		top := in.path0
		in.path0 = path.Dir(in.FS.Abs(p))
		if e := in.importModule(module); e != nil {
			return in.print(e.at(frame{in.FS.Abs(p), 5, "<module>", "from " + module + " import main"}))
		}
		in.path0 = top
	}
	return in.entry(ctx, name, args)
}

// command runs -c.
func (in *interp) command(ctx context.Context, text string, args []string) int {
	in.path0 = in.FS.Abs(".")
	return in.main(ctx, "<string>", text, args)
}

func (in *interp) stdin(ctx context.Context) int {
	data, _ := io.ReadAll(io.LimitReader(in.Stdin, 4<<20))
	in.path0 = in.FS.Abs(".")
	return in.main(ctx, "<stdin>", string(data), nil)
}

// runModule runs -m.
func (in *interp) runModule(ctx context.Context, name string, args []string) int {
	in.path0 = in.FS.Abs(".")
	switch name {
	case "pip":
		if _, sub := in.find(in.search(), "pip"); sub == "" && !in.ownPip() {
			in.Errorf("%s: No module named pip", in.exe)
			return 1
		}
		return in.pip(ctx, args)
	case "venv":
		return in.makeVenv(args, false)
	case "ensurepip":
		in.installPip(in.prefix)
		return 0
	case "compileall":
		return in.compileAll(args)
	case "http.server":
		port := 8000
		for _, a := range args {
			if n, err := strconv.Atoi(a); err == nil {
				port = n
			}
		}
		return in.serve(ctx, port, false)
	case "site", "sysconfig", "json.tool", "timeit", "zipfile", "unittest", "py_compile", "base64", "this", "platform", "pdb", "cProfile":
		return 0
	}
	top, _, _ := strings.Cut(name, ".")
	if in.inStdlib(top) && !in.shadows(top) {
		return 0
	}
	dirs := in.search()
	var file, sub string
	for _, part := range strings.Split(name, ".") {
		file, sub = in.find(dirs, part)
		if file == "" && sub == "" {
			in.Errorf("%s: No module named %s", in.exe, name)
			return 1
		}
		dirs = []string{sub}
	}
	if c, err := in.FS.Content(file); err == nil && c.Fact("py.dist") != "" {
		if e := in.importModule(name); e != nil {
			return in.print(e)
		}
		return in.entry(ctx, top, args)
	}
	if sub != "" {
		main := sub + "/__main__.py"
		if !in.FS.Exists(main) {
			in.Errorf("%s: No module named %s.__main__; '%[2]s' is a package and cannot be directly executed", in.exe, name)
			return 1
		}
		if file != "" {
			if e := in.importModule(name); e != nil {
				return in.print(e)
			}
		}
		file = main
	}
	data, err := in.FS.ReadFile(file)
	if err != nil {
		in.Errorf("%s: Error while finding module specification for '%s'", in.exe, name)
		return 1
	}
	in.loaded = append(in.loaded, file)
	pkg := name
	if sub == "" {
		pkg, _, _ = cutLast(name, ".")
	}
	return in.mainIn(ctx, file, string(data), args, pkg)
}

func (in *interp) main(ctx context.Context, file, src string, args []string) int {
	return in.mainIn(ctx, file, src, args, "")
}

// mainIn runs a program's main module: imports, then what is recognised of its statements.
func (in *interp) mainIn(ctx context.Context, file, src string, args []string, pkg string) int {
	list, open := statements(src)
	if open != "" {
		in.Errorf("  File \"%s\", line %d", file, strings.Count(src, "\n")+1)
		if open == "bracket" {
			in.Errorf("SyntaxError: '(' was never closed")
		} else {
			in.Errorf("SyntaxError: unterminated string literal (detected at line %d)", strings.Count(src, "\n")+1)
		}
		return 1
	}
	p := &program{interp: in, file: file, args: args, vars: map[string]value{"__file__": {text: file, known: true}, "__name__": {text: "__main__", known: true}}}
	var failed *raised
	status := reached(list, true, func(s statement, soft bool) int {
		if ctx.Err() != nil {
			return 124
		}
		at := frame{file, s.line, "<module>", s.text}
		if file == "<string>" || file == "<stdin>" {
			at.text = ""
			if in.minor >= 13 {
				at.text = s.text
			}
		}
		if e := in.statementImports(s, pkg); e != nil {
			if !soft {
				failed = e.at(at)
				return 1
			}
			return 0
		}
		e, exit := p.statement(s.text, soft)
		if e != nil {
			failed = e.at(at)
			return 1
		}
		return exit
	})
	if failed != nil {
		return in.print(failed)
	}
	if status != 0 {
		return status - exitBase
	}
	if strings.Contains(src, "execute_from_command_line") {
		return in.django(ctx, src, args)
	}
	if port, ok := p.server(src); ok {
		return in.serve(ctx, port, graceful(src))
	}
	if foreverRE.MatchString(src) {
		return in.serve(ctx, 0, graceful(src))
	}
	return 0
}

var foreverRE = regexp.MustCompile(`(?m)^\s*while\s+(True|1)\s*:`)

// exitBase is added to a status so that 0 can end a walk as well.
const exitBase = 1000

func graceful(src string) bool {
	return strings.Contains(src, "signal.SIGTERM") || strings.Contains(src, "uvicorn.run") || strings.Contains(src, "web.run_app") || strings.Contains(src, "waitress")
}

// serve goes on running.
func (in *interp) serve(ctx context.Context, port int, graceful bool) int {
	return in.Serve(ctx, in.Call, tool.Service{Port: port, Runtime: in.runtime(), Graceful: graceful, Loaded: in.loaded})
}

var serverREs = []struct {
	re   *regexp.Regexp
	port int
}{
	{regexp.MustCompile(`\buvicorn\.run\(`), 8000},
	{regexp.MustCompile(`\b\w+\.run\(`), 5000},
	{regexp.MustCompile(`\bweb\.run_app\(`), 8080},
	{regexp.MustCompile(`\bserve\(`), 8080},
	{regexp.MustCompile(`HTTPServer\(`), 0},
	{regexp.MustCompile(`TCPServer\(`), 0},
	{regexp.MustCompile(`\.serve_forever\(`), 0},
	{regexp.MustCompile(`\bmake_server\(`), 0},
	{regexp.MustCompile(`\.listen\(`), 8888},
	{regexp.MustCompile(`\.bind\(`), 0},
	{regexp.MustCompile(`\basyncio\.start_server\(`), 0},
}

var portRE = regexp.MustCompile(`port\s*=\s*([^,)\n]+(?:\([^)]*\)*\)?)?)`)

// server finds the port of a server that a program starts.
func (p *program) server(src string) (int, bool) {
	for _, s := range serverREs {
		for _, at := range s.re.FindAllStringIndex(src, 20) {
			call := src[at[0]:at[1]]
			if strings.Contains(call, ".run(") && !strings.Contains(call, "uvicorn") && !strings.Contains(call, "web.") &&
				(strings.HasPrefix(call, "subprocess") || strings.HasPrefix(call, "asyncio") || !p.imported("flask", "bottle", "fastapi", "quart", "sanic", "dash", "hug", "mcp")) {
				continue
			}
			if strings.HasPrefix(call, "serve(") && !p.imported("waitress", "hypercorn") || strings.HasPrefix(call, ".bind(") && !p.imported("socket") {
				continue
			}
			args, _ := arguments(src[at[1]-1:])
			if n, ok := p.port(args); ok {
				return n, true
			}
			if s.port > 0 {
				return s.port, true
			}
			if strings.Contains(call, "serve_forever") {
				continue
			}
			return 0, true
		}
	}
	return 0, false
}

func (p *program) imported(names ...string) bool {
	for _, n := range names {
		if p.modules[n] {
			return true
		}
	}
	return false
}

// port finds a port among a call's arguments.
func (p *program) port(args []string) (int, bool) {
	for _, a := range args {
		if v, ok := strings.CutPrefix(strings.ReplaceAll(a, " ", ""), "port="); ok {
			if n, ok := p.number(v); ok {
				return n, true
			}
			return 0, true
		}
	}
	for _, a := range args {
		if strings.HasPrefix(a, "(") { // an address: (host, port)
			inner, _ := arguments(a)
			if len(inner) == 2 {
				if n, ok := p.number(inner[1]); ok {
					return n, true
				}
			}
		}
		if n, ok := p.number(a); ok && n > 0 {
			return n, true
		}
		if v := p.eval(a, 0); v.known && !v.isNumber() {
			if list, _ := arguments(v.text); len(list) == 2 {
				if n, ok := p.number(list[1]); ok {
					return n, true
				}
			}
		}
	}
	return 0, false
}

func (p *program) number(e string) (int, bool) {
	v := p.eval(strings.TrimSpace(e), 0)
	if !v.known {
		return 0, false
	}
	n, err := strconv.Atoi(strings.TrimSpace(v.text))
	return n, err == nil
}
