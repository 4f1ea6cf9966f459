package python_test

import (
	"strings"
	"testing"

	"drydock/grader/tool"
	"drydock/grader/tool/python"
	"drydock/grader/tool/trial"
	"drydock/grader/tree"
	"drydock/grader/vfs"
)

const interpreter = "/usr/local/bin/python3.13"

// machine is an image like python:3.13-slim, or like python:3.13-alpine.
func machine(t *testing.T, musl bool, files map[string]string) *trial.Machine {
	t.Helper()
	m := trial.New(t, python.Models(), "", files)
	loader, libc := "/lib64/ld-linux-x86-64.so.2", "/lib/x86_64-linux-gnu/libc.so.6"
	if musl {
		loader, libc = "/lib/ld-musl-x86_64.so.1", "/lib/libc.musl-x86_64.so.1"
	}
	for p, c := range map[string]*tree.Content{
		loader: tree.Text("x"), libc: tree.Text("x"),
		interpreter:          tree.Declared(14_000, "python3.13", map[string]string{"program": "python", "version": "3.13.9", "elf": "dynamic", "interp": loader}),
		"/usr/local/bin/pip": tree.Declared(200, "pip", map[string]string{"program": "pip", "version": "25.2"}),
	} {
		m.FS.MkdirAll(p[:strings.LastIndexByte(p, '/')], 0o755)
		m.FS.Graft(p, tree.NewFile(0o755, c))
	}
	m.FS.Symlink("python3.13", "/usr/local/bin/python3")
	m.FS.Symlink("python3", "/usr/local/bin/python")
	m.FS.MkdirAll("/usr/local/lib/python3.13/site-packages", 0o755)
	m.FS.MkdirAll("/app", 0o755)
	m.FS = m.FS.In("/app")
	return m
}

const flaskApp = `"""A small service."""
import os
from flask import Flask

app = Flask(__name__)

@app.route("/")
def index():
    return "hello"

if __name__ == "__main__":
    app.run(host="0.0.0.0", port=int(os.environ.get("PORT", 8080)))
`

func TestFlaskFromRequirements(t *testing.T) {
	m := machine(t, false, map[string]string{"/app/app.py": flaskApp, "/app/requirements.txt": "flask==3.1.2  # web\ngunicorn==23.0.0\n"})
	m.Fails("python app.py", 1, "Traceback (most recent call last):\n  File \"/app/app.py\", line 3, in <module>\n    from flask import Flask\nModuleNotFoundError: No module named 'flask'\n")
	r := m.Run("pip install -r requirements.txt")
	if r.Status != 0 || !strings.Contains(r.Out, "Successfully installed blinker-1.9.0 click-") || !strings.Contains(r.Out, "Collecting flask==3.1.2 (from -r requirements.txt (line 1))\n") {
		t.Fatalf("install: %d\n%s%s", r.Status, r.Out, r.Err)
	}
	if !strings.Contains(r.Err, "WARNING: Running pip as the 'root' user can result in broken permissions") {
		t.Errorf("no warning about root: %s", r.Err)
	}
	first := m.Bytes("download")
	if first < 500_000 {
		t.Errorf("downloaded %d", first)
	}
	m.OK("python app.py")
	if len(m.Served) != 1 || m.Served[0].Port != 8080 || m.Served[0].Graceful || m.Served[0].Runtime != "python 3.13.9" {
		t.Errorf("served %+v", m.Served)
	}
	m.Forget()
	m.OK("gunicorn -b 0.0.0.0:9000 app:app")
	if len(m.Served) != 1 || m.Served[0].Port != 9000 || !m.Served[0].Graceful {
		t.Errorf("gunicorn served %+v", m.Served)
	}
	m.Fails("gunicorn nosuch:app", 3, "ModuleNotFoundError: No module named 'nosuch'")

	m.Forget()
	m.OK("pip install -r requirements.txt")
	if m.Bytes("download") != 0 {
		t.Error("already installed, and downloaded again")
	}
	m.FS.RemoveAll("/usr/local/lib/python3.13/site-packages")
	m.OK("pip install -r requirements.txt")
	if m.Bytes("download") != 0 || m.Count("cache-hit") < 7 {
		t.Errorf("with cache: %d downloaded, %d hits", m.Bytes("download"), m.Count("cache-hit"))
	}
	m.FS.RemoveAll("/usr/local/lib/python3.13/site-packages")
	m.OK("pip install --no-cache-dir -r requirements.txt")
	if m.Bytes("download") != first {
		t.Errorf("without cache: %d downloaded, want %d", m.Bytes("download"), first)
	}
}

func TestMessages(t *testing.T) {
	files := map[string]string{
		"/app/a.txt": "flask==99.0\n", "/app/hash.txt": "flask==3.1.2\nclick==8.3.1 --hash=sha256:aa\n", "/app/bad.py": "print((1)\n",
		"/app/opens.py": "import json\nCONFIG = json.load(open('config.json'))\n", "/app/env.py": "import os\nTOKEN = os.environ['TOKEN']\n",
		"/app/pkg/__init__.py": "", "/app/pkg/util.py": "from pkg.nope import x\n", "/app/uses.py": "import sys\nfrom pkg import util\n",
		"/app/maybe.py": "try:\n    import ujson as json\nexcept ImportError:\n    import json\nprint('ok')\n", "/app/asyncore_user.py": "import asyncore\n",
	}
	tests := []struct {
		line   string
		status int
		text   string
	}{
		{"python nosuch.py", 2, "/usr/local/bin/python: can't open file '/app/nosuch.py': [Errno 2] No such file or directory\n"},
		{"python -m nosuch", 1, "/usr/local/bin/python: No module named nosuch\n"},
		{"pip install -r requirements.txt", 1, "ERROR: Could not open requirements file: [Errno 2] No such file or directory: 'requirements.txt'\n"},
		{"pip install nosuch==1", 1, "ERROR: Could not find a version that satisfies the requirement nosuch==1 (from versions: none)\nERROR: No matching distribution found for nosuch==1\n"},
		{"pip install -r a.txt", 1, "ERROR: No matching distribution found for flask==99.0\n"},
		{"pip install -r hash.txt", 1, "ERROR: Hashes are required in --require-hashes mode, but they are missing from some requirements."},
		{"pip install flask==2.0.3 flask==3.1.2", 1, "ERROR: Cannot install flask==2.0.3 and flask==3.1.2 because these package versions have conflicting dependencies.\n"},
		{"pip install", 1, "ERROR: You must give at least one requirement to install (see \"pip help install\")\n"},
		{"pip install --bogus flask", 2, "no such option: --bogus\n"},
		{"pip frobnicate", 1, "ERROR: unknown command \"frobnicate\"\n"},
		{"pip install .", 1, "ERROR: Directory '.' is not installable. Neither 'setup.py' nor 'pyproject.toml' found.\n"},
		{"python bad.py", 1, "SyntaxError: '(' was never closed\n"},
		{"python opens.py", 1, "  File \"/app/opens.py\", line 2, in <module>\n    CONFIG = json.load(open('config.json'))\nFileNotFoundError: [Errno 2] No such file or directory: 'config.json'\n"},
		{"python env.py", 1, "KeyError: 'TOKEN'\n"},
		{"python uses.py", 1, "  File \"/app/uses.py\", line 2, in <module>\n    from pkg import util\n  File \"/app/pkg/util.py\", line 1, in <module>\n    from pkg.nope import x\nModuleNotFoundError: No module named 'pkg.nope'\n"},
		{"python maybe.py", 0, "ok\n"},
		{"python asyncore_user.py", 1, "ModuleNotFoundError: No module named 'asyncore'\n"},
		{"python -c 'import sys; sys.exit(3)'", 3, ""},
		{"python -c 'print(\"a\" + \"b\")'", 0, "ab\n"},
		{"python --version", 0, "Python 3.13.9\n"},
		{"python -c 'import flask'", 1, "ModuleNotFoundError: No module named 'flask'\n"},
	}
	m := machine(t, false, files)
	for _, tt := range tests {
		m.Fails(tt.line, tt.status, tt.text)
	}
}

func TestSourceBuildNeedsCompiler(t *testing.T) {
	m := machine(t, false, map[string]string{"/app/uses.py": "import psycopg2\n"})
	m.Fails("pip install psycopg2", 1, "Error: pg_config executable not found.")
	put := func(name string) {
		m.FS.MkdirAll("/usr/bin", 0o755)
		m.FS.Graft("/usr/bin/"+name, tree.NewFile(0o755, tree.Declared(1, name, map[string]string{"elf": "static"})))
	}
	put("pg_config")
	m.Fails("pip install psycopg2", 1, "error: command 'gcc' failed: No such file or directory")
	put("gcc")
	m.FS.MkdirAll("/usr/include", 0o755)
	m.FS.WriteFile("/usr/include/libpq-fe.h", nil, 0o644)
	m.Forget()
	m.OK("pip install psycopg2")
	if m.Count("compile") != 1 {
		t.Errorf("compiled %d", m.Count("compile"))
	}
	m.Fails("python uses.py", 1, "ImportError: libpq.so.5: cannot open shared object file: No such file or directory\n")
	m.FS.MkdirAll("/usr/lib/x86_64-linux-gnu", 0o755)
	m.FS.WriteFile("/usr/lib/x86_64-linux-gnu/libpq.so.5", nil, 0o644)
	m.OK("python uses.py")
	m.Forget()
	m.OK("pip uninstall -y psycopg2")
	m.OK("pip install psycopg2")
	if m.Count("compile") != 0 || m.Count("cache-hit") != 1 {
		t.Errorf("built wheel not taken from the cache: %v", m.Events)
	}
}

func TestWheelsFolder(t *testing.T) {
	m := machine(t, false, map[string]string{"/app/requirements.txt": "flask\n", "/app/app.py": flaskApp})
	m.OK("pip wheel -w /wheels -r requirements.txt")
	m.Forget()
	m.OK("pip install --no-index --find-links=/wheels -r requirements.txt")
	if m.Bytes("download") != 0 {
		t.Error("downloaded with --no-index")
	}
	m.OK("python app.py")
	m.Fails("pip install --no-index --find-links=/wheels django", 1, "ERROR: No matching distribution found for django\n")
}

func TestVirtualEnvironments(t *testing.T) {
	m := machine(t, false, map[string]string{"/app/app.py": flaskApp})
	m.OK("python -m venv /opt/venv")
	m.OK("/opt/venv/bin/pip install flask gunicorn")
	m.Fails("python app.py", 1, "No module named 'flask'")
	m.OK("/opt/venv/bin/python app.py")
	m.Env = m.Env.With("PATH", "/opt/venv/bin:"+tool.DefaultPath)
	m.Forget()
	m.OK("gunicorn app:app")
	if len(m.Served) != 1 || m.Served[0].Port != 8000 {
		t.Errorf("served %+v", m.Served)
	}
	m.FS.Rename("/opt/venv", "/opt/moved")
	m.Fails("/opt/moved/bin/gunicorn app:app", 127, "No such file or directory")
	m.OK("/opt/moved/bin/python app.py")
}

func TestOtherLibraryAndVersion(t *testing.T) {
	alpine := machine(t, true, nil)
	alpine.Fails("pip install onnxruntime", 1, "ERROR: Could not find a version that satisfies the requirement onnxruntime (from versions: none)\n")
	alpine.OK("pip install numpy")
	alpine.OK("python -c 'import numpy'")

	debian := machine(t, false, map[string]string{})
	debian.OK("pip install --target /deps numpy")
	n, _ := debian.FS.Stat("/deps")
	alpine.FS.RemoveAll("/usr/local/lib/python3.13/site-packages")
	alpine.FS.Graft("/deps", n)
	alpine.Env = alpine.Env.With("PYTHONPATH", "/deps")
	alpine.Fails("python -c 'import numpy'", 1, "ModuleNotFoundError: No module named 'numpy._core._multiarray_umath'\n")
}

func TestUserWithoutRights(t *testing.T) {
	m := machine(t, false, map[string]string{"/app/app.py": flaskApp})
	m.FS.MkdirAll("/home/app", 0o755)
	m.FS.Chown("/home/app", 1000, 1000, true)
	m.FS = m.FS.As(vfs.Cred{UID: 1000, GID: 1000})
	m.Env = m.Env.With("HOME", "/home/app")
	if out := m.OK("pip install flask"); !strings.HasPrefix(out, "Defaulting to user installation because normal site-packages is not writeable\n") {
		t.Errorf("output: %s", out)
	}
	m.OK("python app.py")
	m.Env = m.Env.With("HOME", "/root")
	m.Fails("pip install flask-cors", 1, "WARNING: The directory '/root/.cache/pip' or its parent directory is not owned or is not writable by the current user. The cache has been disabled.")
}

func TestDebianPython(t *testing.T) {
	m := trial.New(t, python.Models(), "", map[string]string{"/etc/debian_version": "12.12\n"})
	m.FS.Graft("/tmp/x", tree.NewFile(0o644, nil))
	m.FS.MkdirAll("/usr/bin", 0o755)
	m.FS.Graft("/usr/bin/python3.11", tree.NewFile(0o755, tree.Declared(1, "py311", map[string]string{"program": "python", "version": "3.11.2", "elf": "static"})))
	m.FS.Symlink("python3.11", "/usr/bin/python3")
	m.FS.Graft("/usr/bin/pip", tree.NewFile(0o755, tree.Declared(1, "pip311", map[string]string{"program": "pip"})))
	m.Fails("pip install flask", 1, "error: externally-managed-environment\n\n× This environment is externally managed\n╰─> To install Python packages system-wide, try apt install\n")
	m.Fails("python3 -m venv /venv", 1, "ensurepip is not\navailable.")
	m.OK("pip install --break-system-packages flask")
	if !m.FS.Exists("/usr/local/lib/python3.11/dist-packages/flask") {
		t.Error("not in dist-packages")
	}
}

func TestProjectAndUV(t *testing.T) {
	m := machine(t, false, map[string]string{
		"/app/pyproject.toml": "[project]\nname = \"shop\"\nversion = \"1.2.0\"\ndependencies = [\"flask>=3\"]\n[project.scripts]\nshop = \"shop.main:run\"\n[dependency-groups]\ndev = [\"pytest\"]\n",
		"/app/uv.lock": "version = 1\n[[package]]\nname = \"flask\"\nversion = \"3.1.2\"\nsource = { registry = \"x\" }\n[[package]]\nname = \"pytest\"\nversion = \"9.0.1\"\nsource = { registry = \"x\" }\n" +
			"[[package]]\nname = \"shop\"\nversion = \"1.2.0\"\nsource = { virtual = \".\" }\n",
		"/app/shop/__init__.py": "", "/app/shop/main.py": "def run():\n    print('shop')\n",
	})
	m.OK("pip install .")
	if got := m.OK("pip freeze"); !strings.Contains(got, "shop==1.2.0\n") || !strings.Contains(got, "Flask==3.1.2\n") && !strings.Contains(got, "flask==3.1.2\n") {
		t.Errorf("freeze: %s", got)
	}
	m.OK("shop")
	m.OK("pip install uv")
	m.OK("uv sync --locked --no-dev")
	if !m.FS.Exists("/app/.venv/lib/python3.13/site-packages/flask") || m.FS.Exists("/app/.venv/lib/python3.13/site-packages/pytest") {
		t.Error("uv sync: wrong packages")
	}
	m.FS.WriteFile("/app/pyproject.toml", []byte("[project]\nname = \"shop\"\nversion = \"1.2.0\"\ndependencies = [\"flask>=3\", \"redis\"]\n"), 0o644)
	m.Fails("uv sync --locked", 1, "The lockfile at `uv.lock` needs to be updated, but `--locked` was provided.")
	m.Fails("uv pip install flask", 0, "")
}

func TestUvicorn(t *testing.T) {
	m := machine(t, false, map[string]string{"/app/main.py": "from fastapi import FastAPI\napp = FastAPI()\n"})
	m.OK("pip install fastapi uvicorn[standard]")
	m.OK("uvicorn main:app --host 0.0.0.0 --port 80")
	if m.Served[0].Port != 80 || !m.Served[0].Graceful {
		t.Errorf("served %+v", m.Served)
	}
	m.Fails("uvicorn nosuch:app", 1, "ERROR:    Error loading ASGI app. Could not import module \"nosuch\".\n")
	m.OK("python -m uvicorn main:app")
}

func FuzzPython(f *testing.F) {
	f.Add(flaskApp)
	f.Add("with open('x') as f:\n  pass\nBASE = Path(__file__).parent / 'a'\n")
	f.Add("print(f'{x}' + ((((")
	f.Fuzz(func(t *testing.T, src string) {
		m := machine(t, false, map[string]string{"/app/x.py": src})
		m.Run("python x.py")
	})
}

func FuzzRequirements(f *testing.F) {
	f.Add("flask[async]==3.*; python_version < '3.14' --hash=sha256:x\n-r other.txt\n-e .\n")
	f.Fuzz(func(t *testing.T, text string) {
		m := machine(t, false, map[string]string{"/app/r.txt": text})
		m.Run("pip install -r r.txt")
	})
}
