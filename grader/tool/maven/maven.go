// Package maven is the model of Maven: mvn, and mvnw where a file says that it is the wrapper.
//
// It reads pom.xml for real (parent, properties, dependencies, plugins, modules), keeps a local repository, compiles in so far as it looks for a compiler that is
// new enough and leaves a class for each source, and packs a JAR that says what is in it: the facts java.main, java.major, java.fat, java.loader, java.libs (name:size),
// java.files (path:size), listens (the port, as the application's properties say it) and built (a digest of all that went in).
// Artifacts and their sizes come from catalogue/maven. Tests are taken to pass; sources are not checked.
//
// Start from [Models].
package maven

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	catalogue "drydock/grader/catalogue/maven"
	"drydock/grader/report"
	"drydock/grader/tool"
	"drydock/grader/tree"
)

// Models returns the programs mvn and mvnw.
func Models() tool.Models {
	s := &shelf{}
	return tool.Models{
		"mvn":  func(ctx context.Context, c *tool.Call) int { return s.run(ctx, c, false) },
		"mvnw": func(ctx context.Context, c *tool.Call) int { return s.run(ctx, c, true) },
	}
}

// shelf is what calls share.
type shelf struct {
	open sync.Once
	reg  *catalogue.Registry
	err  error

	mu      sync.Mutex
	folders map[string]*tree.Node
}

// keep is how many folders of artifacts the shelf holds.
const keep = 4096

// session is one execution.
type session struct {
	*tool.Call
	ctx        context.Context
	shelf      *shelf
	reg        *catalogue.Registry
	defines    map[string]string
	goals      []string
	profiles   []string
	file       string
	settings   string
	modules    []string // -pl
	also       bool     // -am
	offline    bool
	quiet      bool
	noProgress bool
	met        map[string]bool // artifacts that an event told of
	java       javaHome
	version    string
}

// failure is a build that ends with an error; lines are what stands behind [ERROR].
type failure struct {
	lines []string
	help  string
}

func (e *failure) Error() string { return strings.Join(e.lines, "\n") }

func (s *shelf) run(ctx context.Context, c *tool.Call, wrapper bool) int {
	s.open.Do(func() { s.reg, s.err = catalogue.Open() })
	if s.err != nil {
		c.Errorf("mvn: %v", s.err)
		return 1
	}
	m := &session{Call: c, ctx: ctx, shelf: s, reg: s.reg, defines: map[string]string{}, met: map[string]bool{}, version: c.Program.Fact("version")}
	if m.version == "" {
		m.version = "3.9.11"
	}
	var ok bool
	if m.java, ok = m.findJava(); !ok {
		c.Errorf("The JAVA_HOME environment variable is not defined correctly,\nthis environment variable is needed to run this program.")
		return 1
	}
	if code := m.flags(append(strings.Fields(c.Env.Get("MAVEN_ARGS")), c.Args[1:]...)); code >= 0 {
		return code
	}
	if wrapper {
		if err := m.distribution(); err != nil {
			return m.end(err)
		}
	}
	return m.end(m.build())
}

// note is a remark, each once.
func (m *session) note(kind, text string) {
	if m.Note != nil && !m.met["note "+text] {
		m.met["note "+text] = true
		m.Note(report.Note{Kind: kind, Text: text})
	}
}

// home is the user's home as Java tells it: from the passwd file, not from HOME.
func (m *session) home() string {
	if h := m.defines["user.home"]; h != "" {
		return h
	}
	data, _ := m.FS.ReadFile("/etc/passwd")
	for line := range strings.Lines(string(data)) {
		f := strings.Split(strings.TrimSpace(line), ":")
		if len(f) > 5 && f[2] == fmt.Sprint(m.FS.Cred.UID) {
			return f[5]
		}
	}
	if m.FS.Cred.UID == 0 {
		return "/root"
	}
	if h := m.Env.Get("HOME"); h != "" {
		return h
	}
	return "/"
}

// javaHome is the Java that Maven runs in.
type javaHome struct {
	dir     string
	version string
	javac   bool
}

func (j javaHome) feature() int {
	v := strings.TrimPrefix(j.version, "1.")
	n := 0
	_, _ = fmt.Sscanf(v, "%d", &n)
	if n == 0 {
		n = 17
	}
	return n
}

func (m *session) findJava() (javaHome, bool) {
	var p string
	if home := m.Env.Get("JAVA_HOME"); home != "" {
		p = path.Join(home, "bin/java")
		if !m.FS.Exists(p) {
			return javaHome{}, false
		}
	} else {
		var err error
		if p, err = tool.Find(m.FS, m.Env, "java"); err != nil {
			return javaHome{}, false
		}
	}
	real, err := m.FS.Real(p)
	if err != nil {
		return javaHome{}, false
	}
	c, err := m.FS.Content(real)
	if err != nil {
		return javaHome{}, false
	}
	j := javaHome{dir: path.Dir(path.Dir(real)), version: c.Fact("version")}
	j.javac = m.FS.Exists(path.Join(j.dir, "bin/javac")) || m.FS.Exists(path.Join(path.Dir(j.dir), "bin/javac"))
	if !j.javac && m.Env.Get("JAVA_HOME") == "" {
		_, err := tool.Find(m.FS, m.Env, "javac")
		j.javac = err == nil
	}
	return j, true
}

// valued are the flags that take a value.
var valued = map[string]string{"-f": "file", "--file": "file", "-s": "settings", "--settings": "settings", "-gs": "global", "--global-settings": "global", "-P": "profiles",
	"--activate-profiles": "profiles", "-pl": "modules", "--projects": "modules", "-T": "threads", "--threads": "threads", "-rf": "resume", "--resume-from": "resume",
	"-D": "define", "--define": "define", "-l": "log", "--log-file": "log", "-t": "toolchains", "--toolchains": "toolchains", "-b": "builder", "--color": "color",
	"-ep": "password", "-emp": "password", "--encrypt-password": "password"}

func (m *session) flags(args []string) int {
	for i := 0; i < len(args); i++ {
		a := args[i]
		if strings.HasPrefix(a, "-D") && len(a) > 2 {
			k, v, has := strings.Cut(a[2:], "=")
			if !has {
				v = "true"
			}
			m.defines[k] = v
			continue
		}
		if !strings.HasPrefix(a, "-") {
			m.goals = append(m.goals, a)
			continue
		}
		name, value, has := strings.Cut(a, "=")
		kind, takes := valued[name]
		if !takes && len(a) > 2 && (a[:2] == "-P" || a[:2] == "-T" || a[:2] == "-f" || a[:2] == "-s") && a[1] != '-' && a != "-fae" && a != "-ff" && a != "-fn" {
			kind, value, takes, has = valued[a[:2]], a[2:], true, true
		}
		if takes && !has {
			i++
			if i >= len(args) {
				m.Errorf("Unable to parse command line options: Missing argument for option: %s", strings.TrimLeft(name, "-"))
				return 1
			}
			value = args[i]
		}
		switch {
		case kind == "file":
			m.file = value
		case kind == "settings":
			m.settings = value
			if !m.FS.Exists(value) {
				m.Errorf("[ERROR] Error executing Maven.\n[ERROR] The specified user settings file does not exist: %s", m.FS.Abs(value))
				return 1
			}
		case kind == "profiles":
			m.profiles = append(m.profiles, strings.Split(value, ",")...)
		case kind == "modules":
			m.modules = append(m.modules, strings.Split(value, ",")...)
		case kind == "define":
			k, v, _ := strings.Cut(value, "=")
			m.defines[k] = v
		case takes:
		case a == "-o" || a == "--offline":
			m.offline = true
		case a == "-q" || a == "--quiet":
			m.quiet = true
		case a == "-am" || a == "--also-make":
			m.also = true
		case a == "-v" || a == "--version":
			m.printVersion()
			return 0
		case a == "-V" || a == "--show-version":
			m.printVersion()
		case a == "-h" || a == "--help":
			m.Printf("\nusage: mvn [options] [<goal(s)>] [<phase(s)>]\n")
			return 0
		case slices.Contains(strings.Fields("-B --batch-mode -e --errors -X --debug -U --update-snapshots -ntp --no-transfer-progress -fae --fail-at-end -ff --fail-fast -fn --fail-never -C -c "+
			"--strict-checksums -N --non-recursive -amd --also-make-dependents -nsu -cpu -npu -llr --non-interactive -up --raw-streams -ntp --strict-artifact-descriptor-policy -itr"), a):
			m.noProgress = m.noProgress || a == "-ntp" || a == "--no-transfer-progress"
		default:
			m.Errorf("Unable to parse command line options: Unrecognized option: %s", a)
			m.Printf("\nusage: mvn [options] [<goal(s)>] [<phase(s)>]\n")
			return 1
		}
	}
	return -1
}

func (m *session) printVersion() {
	m.Printf("Apache Maven %s\nMaven home: /usr/share/maven\nJava version: %s, vendor: unknown, runtime: %s\nDefault locale: en_US, platform encoding: UTF-8\n", m.version, m.java.version, m.java.dir)
}

func (m *session) info(format string, a ...any) {
	if !m.quiet {
		m.Printf("[INFO] "+format+"\n", a...)
	}
}

const rule = "------------------------------------------------------------------------"

// end prints how the build went and returns the status.
func (m *session) end(err error) int {
	if m.ctx.Err() != nil {
		return 124
	}
	if err == nil {
		m.info(rule)
		m.info("BUILD SUCCESS")
		m.info(rule)
		return 0
	}
	var f *failure
	var bad *badProject
	switch {
	case errors.As(err, &bad):
		f = &failure{help: "ProjectBuildingException", lines: []string{
			"Some problems were encountered while processing the POMs:", "[ERROR] " + bad.problem, "", "The build could not read 1 project -> [Help 1]", "",
			"  The project  (" + bad.file + ") has 1 error", "    " + bad.problem}}
	case !errors.As(err, &f):
		var pe *fs.PathError
		text := err.Error()
		if errors.As(err, &pe) {
			text = fmt.Sprintf("%s (%s)", pe.Path, strings.ToLower(pe.Err.Error()))
		}
		f = &failure{help: "MojoExecutionException", lines: []string{"Failed to execute goal: " + text + " -> [Help 1]"}}
	default:
		m.info(rule)
		m.info("BUILD FAILURE")
		m.info(rule)
	}
	for _, l := range f.lines {
		m.Printf("[ERROR] %s\n", l)
	}
	m.Printf("[ERROR] \n[ERROR] To see the full stack trace of the errors, re-run Maven with the -e switch.\n[ERROR] Re-run Maven using the -X switch to enable full debug logging.\n"+
		"[ERROR] \n[ERROR] For more information about the errors and possible solutions, please read the following articles:\n[ERROR] [Help 1] http://cwiki.apache.org/confluence/display/MAVEN/%s\n", f.help)
	return 1
}

// goalFailure words the failure of a goal; goal is "plugin:version:goal (execution)", or "" for the project as a whole.
func (m *session) goalFailure(p *project, goal, text, help string) error {
	head := "Failed to execute goal on project " + p.ArtifactID + ": "
	if goal != "" {
		head = "Failed to execute goal " + goal + " on project " + p.ArtifactID + ": "
	}
	lines := strings.Split(head+text+" -> [Help 1]", "\n")
	return &failure{lines: lines, help: help}
}

// distribution fetches Maven itself, as the wrapper does where it has not yet.
func (m *session) distribution() error {
	dir := path.Join(m.home(), ".m2/wrapper/dists/apache-maven-"+m.version)
	if m.FS.Exists(dir) {
		return nil
	}
	if m.Offline || m.offline {
		return &failure{lines: []string{"Failed to fetch the Maven distribution: no network"}, help: "WrapperException"}
	}
	if err := m.FS.MkdirAll(path.Join(dir, "bin"), 0o755); err != nil {
		return err
	}
	m.Record(report.Event{Kind: "download", Tool: "maven", Name: "apache-maven", Version: m.version, Bytes: distributionArchive})
	m.note("estimate", "The size of the Maven distribution that the wrapper fetches is an estimate.")
	return m.FS.WriteContent(path.Join(dir, "bin/mvn"), tree.Declared(distributionSize, "apache-maven-"+m.version, map[string]string{"program": "mvn", "version": m.version}), 0o755)
}

// The archive of Maven 3.9 has 9.2 MB and unpacks to about 10.6 MB.
const (
	distributionArchive = 9_200_000
	distributionSize    = 10_600_000
)
