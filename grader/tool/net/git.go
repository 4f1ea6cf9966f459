package net

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"path"
	"strings"

	"drydock/grader/report"
	"drydock/grader/tool"
	"drydock/grader/tree"
	"drydock/grader/vfs"
)

// gitJob is one run of git.
type gitJob struct {
	*tool.Call
	args []string
}

func git(ctx context.Context, c *tool.Call) int {
	g := &gitJob{Call: c, args: c.Args[1:]}
	for len(g.args) > 0 && strings.HasPrefix(g.args[0], "-") {
		switch a := g.args[0]; {
		case a == "--version" || a == "-v":
			g.args[0] = "version"
			continue
		case (a == "-C" || a == "-c") && len(g.args) > 1:
			if a == "-C" {
				if !c.FS.IsDir(g.args[1]) {
					c.Errorf("fatal: cannot change to '%s': No such file or directory", g.args[1])
					return 128
				}
				d := *c
				d.FS = c.FS.In(c.FS.Abs(g.args[1]))
				g.Call = &d
				c = &d
			}
			g.args = g.args[2:]
			continue
		}
		g.args = g.args[1:]
	}
	if len(g.args) == 0 {
		c.Printf("usage: git [-v | --version] [-h | --help] [-C <path>] [-c <name>=<value>]\n           <command> [<args>]\n")
		return 1
	}
	switch cmd := g.args[0]; cmd {
	case "version":
		c.Printf("git version %s\n", or(c.Program.Fact("version"), "2.47.3"))
		return 0
	case "clone":
		return g.clone()
	case "init":
		return g.init()
	case "config":
		return g.config()
	case "ls-remote":
		return g.remote()
	case "rev-parse", "describe", "log", "status", "branch", "show", "tag", "checkout", "switch", "fetch", "pull", "submodule", "add",
		"commit", "reset", "clean", "remote", "lfs", "archive", "diff", "rev-list", "symbolic-ref", "apply", "am":
		return g.inRepository(cmd)
	default:
		c.Errorf("git: '%s' is not a git command. See 'git --help'.", cmd)
		return 1
	}
}

// operands splits off the options; those named in valued take the next word.
func (g *gitJob) operands(valued ...string) (opts map[string]string, rest []string) {
	opts = map[string]string{}
	args := g.args[1:]
	for i := 0; i < len(args); i++ {
		a := args[i]
		if !strings.HasPrefix(a, "-") || a == "-" {
			rest = append(rest, a)
			continue
		}
		name, value, given := strings.Cut(a, "=")
		for _, v := range valued {
			if name == v && !given && i+1 < len(args) {
				i++
				value = args[i]
			}
		}
		opts[name] = value
	}
	return opts, rest
}

// transport checks that a repository can be reached.
func (g *gitJob) transport(address string) int {
	host, secure := "", false
	switch {
	case strings.HasPrefix(address, "https://"):
		secure = true
		fallthrough
	case strings.HasPrefix(address, "http://"):
		r := fetch(&tool.Call{Env: g.Env, FS: g.FS, Host: &tool.Host{Offline: g.Offline, Note: func(report.Note) {}}}, address, secure && g.Env.Get("GIT_SSL_NO_VERIFY") == "")
		show := strings.TrimSuffix(address, "/") + "/"
		switch r.failed {
		case unresolved, badURL:
			g.Errorf("fatal: unable to access '%s': Could not resolve host: %s", show, r.host)
			return 128
		case refused:
			g.Errorf("fatal: unable to access '%s': Failed to connect to %s port %s after 0 ms: Couldn't connect to server", show, r.host, r.port)
			return 128
		case noCertificates:
			g.Errorf("fatal: unable to access '%s': server certificate verification failed. CAfile: none CRLfile: none", show)
			return 128
		}
		return 0
	case strings.HasPrefix(address, "git://"):
		host, _, _ = strings.Cut(strings.TrimPrefix(address, "git://"), "/")
	default:
		rest := strings.TrimPrefix(address, "ssh://")
		host = rest[strings.LastIndexByte(strings.SplitN(rest, ":", 2)[0], '@')+1:]
		host, _, _ = strings.Cut(host, ":")
		host, _, _ = strings.Cut(host, "/")
		if _, err := tool.Find(g.FS, g.Env, "ssh"); err != nil {
			g.Errorf("error: cannot run ssh: No such file or directory\nfatal: unable to fork")
			return 128
		}
		if !resolves(g.Call, host) {
			g.Errorf("ssh: Could not resolve hostname %s: Name or service not known", host)
			return g.noAccess()
		}
		if !g.knowsHost(host) {
			g.Errorf("Host key verification failed.")
			return g.noAccess()
		}
		if g.Env.Get("SSH_AUTH_SOCK") == "" && !g.hasKey() {
			g.Errorf("git@%s: Permission denied (publickey).", host)
			return g.noAccess()
		}
		return 0
	}
	if !resolves(g.Call, host) {
		g.Errorf("fatal: unable to look up %s (port 9418) (Name or service not known)", host)
		return 128
	}
	return 0
}

func (g *gitJob) noAccess() int {
	g.Errorf("fatal: Could not read from remote repository.\n\nPlease make sure you have the correct access rights\nand the repository exists.")
	return 128
}

func (g *gitJob) knowsHost(host string) bool {
	if strings.Contains(g.Env.Get("GIT_SSH_COMMAND"), "StrictHostKeyChecking") {
		return true
	}
	for _, p := range []string{g.home() + "/.ssh/known_hosts", "/etc/ssh/ssh_known_hosts"} {
		if data, err := g.FS.ReadFile(p); err == nil && strings.Contains(string(data), host) {
			return true
		}
	}
	return false
}

func (g *gitJob) hasKey() bool {
	for _, k := range []string{"id_rsa", "id_ed25519", "id_ecdsa"} {
		if g.FS.Exists(g.home() + "/.ssh/" + k) {
			return true
		}
	}
	return false
}

func (g *gitJob) home() string { return or(g.Env.Get("HOME"), "/root") }

func (g *gitJob) clone() int {
	opts, rest := g.operands("--depth", "-b", "--branch", "-o", "--origin", "--filter", "-c", "--config", "-j", "--jobs", "--shallow-since", "--reference")
	if len(rest) == 0 {
		g.Errorf("fatal: You must specify a repository to clone.\n\nusage: git clone [<options>] [--] <repo> [<dir>]\n")
		return 129
	}
	address := rest[0]
	dir := strings.TrimSuffix(path.Base(strings.ReplaceAll(strings.TrimSuffix(address, "/"), ":", "/")), ".git")
	if len(rest) > 1 {
		dir = rest[1]
	}
	if names, err := g.FS.ReadDir(dir); err == nil && len(names) > 0 {
		g.Errorf("fatal: destination path '%s' already exists and is not an empty directory.", dir)
		return 128
	}
	if _, quiet := opts["-q"]; !quiet {
		g.Errorf("Cloning into '%s'...", dir)
	}
	if !strings.Contains(address, "://") && !strings.Contains(address, "@") {
		if !g.FS.IsDir(address) {
			g.Errorf("fatal: repository '%s' does not exist", address)
			return 128
		}
	} else if s := g.transport(address); s != 0 {
		return s
	}
	branch := or(opts["-b"], or(opts["--branch"], "main"))
	_, shallow := opts["--depth"]
	packed := int64(12_000_000)
	if shallow {
		packed = 1_500_000
	}
	sum := sha1.Sum([]byte(address + "#" + branch))
	head := hex.EncodeToString(sum[:])
	if err := g.FS.MkdirAll(dir, 0o777); err != nil {
		g.Errorf("fatal: could not create work tree dir '%s': %s", dir, vfs.Message(err))
		return 128
	}
	write := func(p string, c *tree.Content) {
		p = path.Join(dir, p)
		g.FS.MkdirAll(path.Dir(p), 0o777)
		g.FS.WriteContent(p, c, 0o666)
	}
	id := "git:" + address + "@" + head
	write(".git/HEAD", tree.Text("ref: refs/heads/"+branch+"\n"))
	write(".git/refs/heads/"+branch, tree.Text(head+"\n"))
	write(".git/config", tree.Text("[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n\tlogallrefupdates = true\n[remote \"origin\"]\n\turl = "+
		address+"\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n[branch \""+branch+"\"]\n\tremote = origin\n\tmerge = refs/heads/"+branch+"\n"))
	write(".git/packed-refs", tree.Text("# pack-refs with: peeled fully-peeled sorted \n"+head+" refs/remotes/origin/"+branch+"\n"))
	write(".git/index", tree.Declared(20_000, id+"/index", nil))
	write(".git/objects/pack/pack-"+head+".pack", tree.Declared(packed, fmt.Sprint(id, "/pack/", packed), nil))
	write(".git/objects/pack/pack-"+head+".idx", tree.Declared(packed/30, fmt.Sprint(id, "/idx/", packed), nil))
	write(".git/description", tree.Text("Unnamed repository; edit this file 'description' to name the repository.\n"))
	write("README.md", tree.Declared(5_000, id+"/README.md", nil))
	write("src/all", tree.Declared(3_000_000, id+"/src/all", nil))
	g.Record(report.Event{Kind: "download", Tool: "git", Name: address, Version: branch, Bytes: packed})
	g.Note(report.Note{Kind: "unknown", Text: fmt.Sprintf("Drydock does not know the files of %s: the clone holds stand-ins of an estimated size.", address)})
	return 0
}

func (g *gitJob) init() int {
	opts, rest := g.operands("-b", "--initial-branch")
	dir := "."
	if len(rest) > 0 {
		dir = rest[0]
		g.FS.MkdirAll(dir, 0o777)
	}
	branch := or(opts["-b"], or(opts["--initial-branch"], "master"))
	for p, text := range map[string]string{"HEAD": "ref: refs/heads/" + branch + "\n", "description": "Unnamed repository; edit this file 'description' to name the repository.\n",
		"config": "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n\tlogallrefupdates = true\n"} {
		g.FS.MkdirAll(path.Join(dir, ".git/refs/heads"), 0o777)
		g.FS.MkdirAll(path.Join(dir, ".git/objects"), 0o777)
		g.FS.WriteFile(path.Join(dir, ".git", p), []byte(text), 0o666)
	}
	if _, quiet := opts["-q"]; !quiet {
		g.Printf("Initialized empty Git repository in %s/\n", path.Join(g.FS.Abs(dir), ".git"))
	}
	return 0
}

// config sets or gets a value in ~/.gitconfig, /etc/gitconfig or the repository's own file.
func (g *gitJob) config() int {
	opts, rest := g.operands("-f", "--file")
	file := g.home() + "/.gitconfig"
	_, global := opts["--global"]
	_, system := opts["--system"]
	switch {
	case system:
		file = "/etc/gitconfig"
	case !global:
		repo := g.find()
		_, get := opts["--get"]
		if repo == "" && len(rest) > 1 && !get {
			g.Errorf("fatal: not in a git directory")
			return 128
		}
		if repo != "" {
			file = repo + "/config"
		}
	}
	if len(rest) == 0 {
		return 0
	}
	data, _ := g.FS.ReadFile(file)
	dot := strings.LastIndexByte(rest[0], '.')
	if dot < 0 {
		g.Errorf("error: key does not contain a section: %s", rest[0])
		return 2
	}
	section, key := rest[0][:dot], rest[0][dot+1:]
	if name, sub, ok := strings.Cut(section, "."); ok {
		section = name + ` "` + sub + `"`
	}
	if len(rest) == 1 {
		in := false
		for _, line := range strings.Split(string(data), "\n") {
			line = strings.TrimSpace(line)
			if strings.HasPrefix(line, "[") {
				in = line == "["+section+"]"
			} else if k, v, ok := strings.Cut(line, "="); ok && in && strings.EqualFold(strings.TrimSpace(k), key) {
				g.Printf("%s\n", strings.TrimSpace(v))
				return 0
			}
		}
		return 1
	}
	text := fmt.Sprintf("[%s]\n\t%s = %s\n", section, key, rest[1])
	if err := g.FS.Append(file, []byte(text), 0o666); err != nil {
		g.Errorf("error: could not lock config file %s: %s", file, vfs.Message(err))
		return 255
	}
	return 0
}

func (g *gitJob) remote() int {
	_, rest := g.operands()
	if len(rest) == 0 {
		return 0
	}
	if s := g.transport(rest[0]); s != 0 {
		return s
	}
	sum := sha1.Sum([]byte(rest[0] + "#main"))
	g.Printf("%x\tHEAD\n%[1]x\trefs/heads/main\n", sum)
	return 0
}

// find returns the .git folder of the directory or of one above, or "".
func (g *gitJob) find() string {
	for dir := g.FS.Abs("."); ; dir = path.Dir(dir) {
		if p := path.Join(dir, ".git"); g.FS.Exists(p + "/HEAD") {
			return p
		}
		if dir == "/" {
			return ""
		}
	}
}

func (g *gitJob) inRepository(cmd string) int {
	repo := g.find()
	if repo == "" {
		g.Errorf("fatal: not a git repository (or any of the parent directories): .git")
		return 128
	}
	if n, err := g.FS.Stat(path.Dir(repo)); err == nil && n.UID != g.FS.Cred.UID && !g.safe(path.Dir(repo)) {
		g.Errorf("fatal: detected dubious ownership in repository at '%s'\nTo add an exception for this directory, call:\n\n\tgit config --global --add safe.directory %[1]s", path.Dir(repo))
		return 128
	}
	opts, rest := g.operands("-n", "-m", "--format", "--abbrev")
	head, branch := g.head(repo)
	switch cmd {
	case "rev-parse":
		return g.revParse(repo, head, branch, opts, rest)
	case "describe":
		if head == "" {
			g.Errorf("fatal: Not a valid object name HEAD")
			return 128
		}
		if _, ok := opts["--always"]; !ok {
			g.Errorf("fatal: No names found, cannot describe anything.")
			return 128
		}
		g.Printf("%.7s\n", head)
	case "branch":
		if _, ok := opts["--show-current"]; ok {
			g.Printf("%s\n", branch)
		}
	case "log", "show":
		if head == "" {
			g.Errorf("fatal: your current branch '%s' does not have any commits yet", branch)
			return 128
		}
		format := or(opts["--format"], opts["--pretty"])
		format = strings.TrimPrefix(format, "format:")
		g.Printf("%s\n", strings.NewReplacer("%H", head, "%h", head[:7], "%cI", "2026-11-24T00:00:00+00:00", "%ct", "1795478400").Replace(or(format, "commit %H")))
	case "fetch", "pull", "submodule":
		g.Record(report.Event{Kind: "download", Tool: "git", Name: cmd, Bytes: 500_000})
	case "commit":
		if data, err := g.FS.ReadFile(g.home() + "/.gitconfig"); err != nil || !strings.Contains(string(data), "email") {
			g.Errorf("Author identity unknown\n\n*** Please tell me who you are.\n")
			return 128
		}
	}
	return 0
}

func (g *gitJob) safe(dir string) bool {
	for _, p := range []string{g.home() + "/.gitconfig", "/etc/gitconfig"} {
		if data, err := g.FS.ReadFile(p); err == nil {
			for _, line := range strings.Split(string(data), "\n") {
				if k, v, ok := strings.Cut(line, "="); ok && strings.TrimSpace(k) == "directory" && (strings.TrimSpace(v) == dir || strings.TrimSpace(v) == "*") {
					return true
				}
			}
		}
	}
	return false
}

// head reads which commit and branch are checked out.
func (g *gitJob) head(repo string) (commit, branch string) {
	data, err := g.FS.ReadFile(repo + "/HEAD")
	if err != nil {
		return "", ""
	}
	text := strings.TrimSpace(string(data))
	ref, isRef := strings.CutPrefix(text, "ref: ")
	if !isRef {
		return pad(text), "HEAD"
	}
	branch = strings.TrimPrefix(ref, "refs/heads/")
	if data, err := g.FS.ReadFile(path.Join(repo, path.Clean("/"+ref))); err == nil {
		return pad(strings.TrimSpace(string(data))), branch
	}
	if data, err := g.FS.ReadFile(repo + "/packed-refs"); err == nil {
		for _, line := range strings.Split(string(data), "\n") {
			if sha, name, ok := strings.Cut(line, " "); ok && name == ref {
				return pad(sha), branch
			}
		}
	}
	return "", branch
}

// pad keeps a commit's name that is too short to be cut from breaking the output.
func pad(s string) string {
	if s != "" && len(s) < 7 {
		return s + strings.Repeat("0", 7-len(s))
	}
	return s
}

func (g *gitJob) revParse(repo, head, branch string, opts map[string]string, rest []string) int {
	if _, ok := opts["--show-toplevel"]; ok {
		g.Printf("%s\n", path.Dir(repo))
		return 0
	}
	if _, ok := opts["--git-dir"]; ok {
		g.Printf("%s\n", repo)
		return 0
	}
	if _, ok := opts["--is-inside-work-tree"]; ok {
		g.Printf("true\n")
		return 0
	}
	if len(rest) == 0 {
		return 0
	}
	if _, ok := opts["--abbrev-ref"]; ok {
		g.Printf("%s\n", branch)
		return 0
	}
	if head == "" {
		g.Printf("%s\n", rest[0])
		g.Errorf("fatal: ambiguous argument '%s': unknown revision or path not in the working tree.\nUse '--' to separate paths from revisions, like this:\n'git <command> [<revision>...] -- [<file>...]'", rest[0])
		return 128
	}
	if n, ok := opts["--short"]; ok {
		cut := 7
		fmt.Sscan(n, &cut)
		head = head[:min(max(cut, 4), len(head))]
	}
	g.Printf("%s\n", head)
	return 0
}
