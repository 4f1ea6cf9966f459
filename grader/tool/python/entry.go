package python

import (
	"context"
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"

	"drydock/grader/report"
)

// entry does what the program of an installed package does.
func (in *interp) entry(ctx context.Context, name string, args []string) int {
	switch name {
	case "pip", "pip3":
		return in.pip(ctx, args)
	case "gunicorn":
		return in.gunicorn(ctx, args)
	case "uvicorn", "hypercorn":
		return in.uvicorn(ctx, name, args)
	case "flask":
		return in.flask(ctx, args)
	case "fastapi":
		if len(args) > 0 && (args[0] == "run" || args[0] == "dev") {
			file := "main.py"
			for _, a := range operandsOf(args[1:], "--port", "--host", "--workers", "--root-path", "--app") {
				file = a
			}
			if e := in.importFile(file); e != nil {
				return in.print(e)
			}
			return in.serve(ctx, portOr(option(args, "--port"), 8000), true)
		}
	case "waitress-serve":
		if s := in.importApp(last(args), "waitress"); s != 0 {
			return s
		}
		return in.serve(ctx, portOr(portOf(or(option(args, "--listen"), option(args, "--port"))), 8080), true)
	case "streamlit":
		if len(args) > 1 && args[0] == "run" {
			if e := in.importFile(args[1]); e != nil {
				return in.print(e)
			}
			return in.serve(ctx, portOr(option(args, "--server.port"), 8501), true)
		}
	case "jupyter":
		return in.serve(ctx, portOr(option(args, "--port"), 8888), true)
	case "celery", "rq", "rqworker":
		if app := or(option(args, "-A"), option(args, "--app")); app != "" {
			if s := in.importApp(app, name); s != 0 {
				return s
			}
		}
		return in.serve(ctx, 0, true)
	case "pytest", "py.test":
		in.Note(report.Note{Kind: "unknown", Text: "Drydock does not run tests: they are taken to pass."})
		in.Record(report.Event{Kind: "test", Tool: "pytest", Name: "tests"})
		return 0
	case "django-admin":
		return in.django(ctx, "", args)
	case "uv":
		return uv(ctx, in.with("uv", args))
	case "poetry":
		return poetry(ctx, in.with("poetry", args))
	}
	in.Note(report.Note{Kind: "unknown", Text: fmt.Sprintf("Drydock does not know what %s does: it is taken to succeed and to change nothing.", name)})
	return 0
}

// option returns an option's value: the word after it, or what follows "=".
func option(args []string, name string) string {
	for i, a := range args {
		if a == name && i+1 < len(args) {
			return args[i+1]
		}
		if v, ok := strings.CutPrefix(a, name+"="); ok {
			return v
		}
		if len(name) == 2 && strings.HasPrefix(a, name) && len(a) > 2 {
			return a[2:]
		}
	}
	return ""
}

// operandsOf returns the words that are neither options nor values of those named.
func operandsOf(args []string, valued ...string) (out []string) {
	for i := 0; i < len(args); i++ {
		if strings.HasPrefix(args[i], "-") {
			for _, v := range valued {
				if args[i] == v {
					i++
					break
				}
			}
			continue
		}
		out = append(out, args[i])
	}
	return out
}

func last(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[len(args)-1]
}

func portOr(text string, port int) int {
	if n, err := strconv.Atoi(text); err == nil {
		return n
	}
	return port
}

func portOf(addr string) string { return addr[strings.LastIndexByte(addr, ':')+1:] }

// importFile imports a file by its path.
func (in *interp) importFile(file string) *raised {
	in.path0 = path.Dir(in.FS.Abs(file))
	if !in.FS.Exists(file) {
		return &raised{kind: "FileNotFoundError", text: "[Errno 2] No such file or directory: '" + file + "'"}
	}
	return in.importModule(strings.TrimSuffix(path.Base(file), ".py"))
}

// importApp imports the module of "module:attribute" from the working directory. It prints the traceback and returns 1 where that fails.
func (in *interp) importApp(spec, _ string) int {
	module, _, _ := strings.Cut(spec, ":")
	in.path0 = in.FS.Abs(".")
	if e := in.importModule(module); e != nil {
		return in.print(e)
	}
	return 0
}

var bindRE = regexp.MustCompile(`(?m)^bind\s*=\s*(.+)$`)

func (in *interp) gunicorn(ctx context.Context, args []string) int {
	args = append(strings.Fields(in.Env.Get("GUNICORN_CMD_ARGS")), args...)
	ops := operandsOf(args, "-b", "--bind", "-w", "--workers", "-k", "--worker-class", "-c", "--config", "--chdir", "-t", "--timeout", "--threads", "--log-level",
		"--access-logfile", "--error-logfile", "-n", "--name", "-p", "--pid", "-u", "-g", "--user", "--group", "--keep-alive", "--max-requests", "--graceful-timeout",
		"--worker-tmp-dir", "--log-config", "--access-logformat", "-e", "--env", "--max-requests-jitter", "--forwarded-allow-ips", "--certfile", "--keyfile")
	if len(args) > 0 && (args[0] == "--version" || args[0] == "-v") {
		in.Printf("gunicorn (version %s)\n", or(in.distVersion("gunicorn"), "23.0.0"))
		return 0
	}
	if dir := option(args, "--chdir"); dir != "" {
		if !in.FS.IsDir(dir) {
			in.Errorf("\nError: can't chdir to '%s'", dir)
			return 1
		}
		in.FS = in.FS.In(in.FS.Abs(dir))
	}
	bind := or(option(args, "-b"), option(args, "--bind"))
	config := or(option(args, "-c"), option(args, "--config"))
	if config != "" && !in.FS.Exists(config) && !strings.Contains(config, ":") {
		in.Errorf("\nError: '%s' doesn't exist", config)
		return 1
	}
	if data, err := in.FS.ReadFile(or(config, "gunicorn.conf.py")); err == nil && bind == "" {
		if m := bindRE.FindStringSubmatch(string(data)); m != nil {
			p := &program{interp: in, vars: map[string]value{}}
			bind = p.eval(m[1], 0).text
		}
	}
	if bind == "" {
		bind = "127.0.0.1:8000"
		if port := in.Env.Get("PORT"); port != "" {
			bind = "0.0.0.0:" + port
		}
	}
	if len(ops) == 0 {
		in.Errorf("\nError: No application module specified.")
		return 1
	}
	if k := or(option(args, "-k"), option(args, "--worker-class")); k != "" && k != "sync" && k != "gthread" {
		module, _, _ := strings.Cut(k, ".")
		if e := in.importModule(module); e != nil {
			in.Errorf("\nError: class uri '%s' invalid or not found:\n\n[%s: %s]", k, e.kind, e.text)
			return 1
		}
	}
	in.Errorf("[INFO] Starting gunicorn %s\n[INFO] Listening at: http://%s (1)\n[INFO] Using worker: sync", or(in.distVersion("gunicorn"), "23.0.0"), bind)
	if s := in.importApp(ops[0], "gunicorn"); s != 0 {
		in.Errorf("[ERROR] Worker (pid:7) exited with code 3.\n[ERROR] Shutting down: Master\n[ERROR] Reason: Worker failed to boot.")
		return 3
	}
	return in.serve(ctx, portOr(portOf(bind), 8000), true)
}

func (in *interp) uvicorn(ctx context.Context, name string, args []string) int {
	ops := operandsOf(args, "--host", "--port", "--workers", "--log-level", "--app-dir", "--env-file", "--log-config", "--loop", "--http", "--ws", "--root-path", "-b", "--bind", "-w",
		"--forwarded-allow-ips", "--timeout-keep-alive", "--ssl-keyfile", "--ssl-certfile", "--uds", "--fd", "--reload-dir", "--limit-concurrency")
	for _, a := range args {
		if a == "--version" {
			in.Printf("Running uvicorn %s with CPython %s on Linux\n", or(in.distVersion("uvicorn"), "0.38.0"), in.version)
			return 0
		}
	}
	if len(ops) == 0 {
		in.Errorf("Usage: %s [OPTIONS] APP\nTry '%[1]s --help' for help.\n\nError: Missing argument 'APP'.", name)
		return 2
	}
	if dir := option(args, "--app-dir"); dir != "" {
		in.path0 = in.FS.Abs(dir)
	} else {
		in.path0 = in.FS.Abs(".")
	}
	module, attribute, ok := strings.Cut(ops[0], ":")
	if !ok || attribute == "" {
		in.Errorf("ERROR:    Error loading ASGI app. Import string \"%s\" must be in format \"<module>:<attribute>\".", ops[0])
		return 1
	}
	if e := in.importModule(module); e != nil {
		if e.kind == "ModuleNotFoundError" && e.text == "No module named '"+module+"'" || strings.HasPrefix(e.text, "No module named '"+strings.SplitN(module, ".", 2)[0]+"'") {
			in.Errorf("ERROR:    Error loading ASGI app. Could not import module \"%s\".", module)
			return 1
		}
		return in.print(e)
	}
	port := or(option(args, "--port"), portOf(or(option(args, "-b"), option(args, "--bind"))))
	return in.serve(ctx, portOr(port, 8000), true)
}

func (in *interp) flask(ctx context.Context, args []string) int {
	app := or(option(args, "--app"), or(option(args, "-A"), in.Env.Get("FLASK_APP")))
	ops := operandsOf(args, "--app", "-A", "--host", "-h", "--port", "-p", "--env-file", "-e", "--cert", "--key")
	if len(ops) == 0 {
		in.Printf("Usage: flask [OPTIONS] COMMAND [ARGS]...\n")
		return 0
	}
	in.path0 = in.FS.Abs(".")
	if app == "" {
		for _, f := range []string{"wsgi.py", "app.py"} {
			if in.FS.Exists(f) {
				app = strings.TrimSuffix(f, ".py")
				break
			}
		}
	}
	if app == "" {
		in.Errorf("Usage: flask %s [OPTIONS]\nTry 'flask %[1]s --help' for help.\n\nError: Could not locate a Flask application. Use the 'flask --app' option, 'FLASK_APP' environment variable, or a 'wsgi.py' or 'app.py' file in the current directory.", ops[0])
		return 2
	}
	module, _, _ := strings.Cut(app, ":")
	module = strings.ReplaceAll(strings.TrimSuffix(module, ".py"), "/", ".")
	if e := in.importModule(module); e != nil {
		if e.text == "No module named '"+module+"'" {
			in.Errorf("Usage: flask %s [OPTIONS]\nTry 'flask %[1]s --help' for help.\n\nError: Could not import '%s'.", ops[0], module)
			return 2
		}
		return in.print(e)
	}
	if ops[0] != "run" {
		return 0
	}
	port := or(option(args, "--port"), or(option(args, "-p"), in.Env.Get("FLASK_RUN_PORT")))
	in.Printf(" * Serving Flask app '%s'\n * Debug mode: off\n", app)
	return in.serve(ctx, portOr(port, 5000), false)
}

var settingsRE = regexp.MustCompile(`DJANGO_SETTINGS_MODULE['"]\s*,\s*['"]([\w.]+)['"]`)

// django is manage.py with its arguments.
func (in *interp) django(ctx context.Context, src string, args []string) int {
	settings := in.Env.Get("DJANGO_SETTINGS_MODULE")
	if m := settingsRE.FindStringSubmatch(src); m != nil && settings == "" {
		settings = m[1]
	}
	if e := in.importModule("django"); e != nil {
		return in.print(e)
	}
	if settings != "" && len(args) > 0 && args[0] != "startproject" {
		if e := in.importModule(settings); e != nil {
			return in.print(e)
		}
	}
	if len(args) == 0 {
		return 0
	}
	if args[0] == "runserver" {
		port := 8000
		for _, a := range args[1:] {
			port = portOr(portOf(a), port)
		}
		return in.serve(ctx, port, false)
	}
	in.Note(report.Note{Kind: "unknown", Text: fmt.Sprintf("Drydock does not know what manage.py %s does: it is taken to succeed.", args[0])})
	return 0
}
