// Package java is the model of a Java runtime and of the tools of a JDK: java, javac, jar, jlink, jdeps and keytool.
//
// A program is started from a JAR or from classes in the filesystem. What is in a JAR its content's facts say (see package maven: java.main, java.major, java.libs …), what a class
// is, those of its file. A class that was compiled for a newer Java, a missing library or launcher end it with the runtime's own message. Bytecode is neither read nor run.
//
// Start from [Models].
package java

import (
	"context"
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"

	"drydock/grader/report"
	"drydock/grader/tool"
	"drydock/grader/tree"
)

// Models returns the programs java, javac, jar, jlink, jdeps and keytool.
func Models() tool.Models {
	return tool.Models{"java": java, "javac": javac, "jar": jar, "jlink": jlink, "jdeps": jdeps, "keytool": keytool}
}

// machine is one execution of java.
type machine struct {
	*tool.Call
	ctx       context.Context
	version   string
	defines   map[string]string
	classpath string
	jar       string
	module    string
	main      string
	args      []string
}

// feature returns the number of the release that a version belongs to: 17 of "17.0.16", 8 of "1.8.0_392".
func feature(version string) int {
	n := 0
	_, _ = fmt.Sscanf(strings.TrimPrefix(version, "1."), "%d", &n)
	if n == 0 {
		return 17
	}
	return n
}

// major returns the newest class file version that a release of Java reads.
func major(version string) int { return feature(version) + 44 }

func java(ctx context.Context, c *tool.Call) int {
	m := &machine{Call: c, ctx: ctx, version: c.Program.Fact("version"), defines: map[string]string{}}
	if m.version == "" {
		m.version = "17.0.0"
	}
	args := c.Args[1:]
	if o := c.Env.Get("JDK_JAVA_OPTIONS"); o != "" && feature(m.version) >= 9 {
		c.Errorf("NOTE: Picked up JDK_JAVA_OPTIONS: %s", o)
		args = append(strings.Fields(o), args...)
	}
	if o := c.Env.Get("JAVA_TOOL_OPTIONS"); o != "" {
		if code := m.options(strings.Fields(o), true); code >= 0 {
			return code
		}
		c.Errorf("Picked up JAVA_TOOL_OPTIONS: %s", o)
	}
	args, ok := m.argumentFiles(args)
	if !ok {
		return 1
	}
	if code := m.options(args, false); code >= 0 {
		return code
	}
	switch {
	case m.jar != "":
		return m.runJar()
	case m.module != "":
		m.note("unknown", "Modules are not looked into: "+m.module+" is taken to be a server.")
		return m.serve("8080", nil)
	case strings.HasSuffix(m.main, ".java"):
		return m.runSource()
	}
	return m.runClass(m.main)
}

func (m *machine) note(kind, text string) {
	if m.Note != nil {
		m.Note(report.Note{Kind: kind, Text: text})
	}
}

// argumentFiles replaces @FILE by the words in it, up to the main class or JAR.
func (m *machine) argumentFiles(args []string) ([]string, bool) {
	var out []string
	for i, a := range args {
		name, is := strings.CutPrefix(a, "@")
		switch {
		case is && name != "" && feature(m.version) >= 9:
			data, err := m.FS.ReadFile(name)
			if err != nil {
				m.Errorf("Error: could not open `%s'", name)
				return nil, false
			}
			out = append(out, strings.Fields(string(data))...)
			continue
		case a == "-jar", !strings.HasPrefix(a, "-") && (i == 0 || !valued[args[i-1]]):
			return append(out, args[i:]...), true
		}
		out = append(out, a)
	}
	return out, true
}

// valued are the options whose value stands in the next argument.
var valued = map[string]bool{"-cp": true, "-classpath": true, "--class-path": true, "-p": true, "--module-path": true, "--upgrade-module-path": true, "--add-modules": true,
	"--add-opens": true, "--add-exports": true, "--add-reads": true, "--patch-module": true, "--enable-native-access": true, "-d": true, "--describe-module": true, "--source": true,
	"--limit-modules": true, "--finalization": true}

var heap = regexp.MustCompile(`^-X(mx|ms|ss|mn)(.*)$`)
var amount = regexp.MustCompile(`^\d+[kKmMgGtT]?$`)

// options reads arguments; a status of 0 or more means that all has been done.
func (m *machine) options(args []string, env bool) int {
	for i := 0; i < len(args); i++ {
		a := args[i]
		if !strings.HasPrefix(a, "-") {
			m.main, m.args = a, args[i+1:]
			return -1
		}
		name, value, has := strings.Cut(a, "=")
		if valued[name] && !has {
			i++
			if i >= len(args) {
				m.Errorf("Error: %s requires %s", name, map[bool]string{true: "class path specification", false: "an argument"}[strings.Contains(name, "c")])
				return 1
			}
			value = args[i]
		}
		switch {
		case name == "-cp" || name == "-classpath" || name == "--class-path":
			m.classpath = value
		case valued[name]:
		case a == "-jar":
			if i+1 >= len(args) {
				m.Errorf("Error: -jar requires jar file specification")
				m.usage()
				return 1
			}
			m.jar, m.args = args[i+1], args[i+2:]
			return -1
		case a == "-m" || a == "--module":
			if i+1 < len(args) {
				m.module, m.args = args[i+1], args[i+2:]
			}
			return -1
		case strings.HasPrefix(name, "-D"):
			m.defines[name[2:]] = value
		case a == "-version" || a == "-fullversion":
			m.Errorf("openjdk version %q\nOpenJDK Runtime Environment (build %s)\nOpenJDK 64-Bit Server VM (build %s, mixed mode, sharing)", m.version, m.version, m.version)
			return 0
		case a == "--version" || a == "--full-version":
			m.Printf("openjdk %s\nOpenJDK Runtime Environment (build %s)\nOpenJDK 64-Bit Server VM (build %s, mixed mode, sharing)\n", m.version, m.version, m.version)
			return 0
		case a == "-help" || a == "-h" || a == "-?" || a == "--help" || a == "-X" || a == "--help-extra":
			m.usage()
			return 0
		case a == "--list-modules":
			m.Printf("java.base@%s\n", m.version)
			return 0
		case heap.MatchString(a) && !amount.MatchString(heap.FindStringSubmatch(a)[2]):
			kind := map[string]string{"mx": "maximum heap size", "ms": "initial heap size", "ss": "thread stack size", "mn": "young generation size"}[heap.FindStringSubmatch(a)[1]]
			return m.fatal("Invalid " + kind + ": " + a)
		case strings.HasPrefix(a, "-javaagent:"):
			jar, _, _ := strings.Cut(strings.TrimPrefix(a, "-javaagent:"), "=")
			if !m.FS.Exists(jar) {
				m.Errorf("Error opening zip file or JAR manifest missing : %s\nError occurred during initialization of VM\nagent library failed to init: instrument", jar)
				return 1
			}
		case knownOption(a):
		default:
			return m.fatal("Unrecognized option: " + a)
		}
	}
	if env {
		return -1
	}
	m.usage()
	return 1
}

func knownOption(a string) bool {
	for _, p := range []string{"-X", "-verbose", "-ea", "-da", "-esa", "-dsa", "-enable", "-disable", "-agent", "-splash", "-server", "-client", "-show", "--show", "--enable-preview", "--dry-run",
		"--validate", "--illegal", "--sun", "--add", "-no", "--disable", "-d64", "--module-path", "--limit-modules"} {
		if strings.HasPrefix(a, p) {
			return true
		}
	}
	return false
}

func (m *machine) fatal(text string) int {
	m.Errorf("%s\nError: Could not create the Java Virtual Machine.\nError: A fatal exception has occurred. Program will exit.", text)
	return 1
}

func (m *machine) usage() {
	m.Printf("Usage: java [options] <mainclass> [args...]\n           (to execute a class)\n   or  java [options] -jar <jarfile> [args...]\n           (to execute a jar file)\n")
}

// runJar is java -jar.
func (m *machine) runJar() int {
	c, err := m.FS.Content(m.jar)
	if err != nil {
		m.Errorf("Error: Unable to access jarfile %s", m.jar)
		return 1
	}
	if !archive(c, m.jar) {
		m.Errorf("Error: Invalid or corrupt jarfile %s", m.jar)
		return 1
	}
	if mode := m.defines["jarmode"]; mode != "" && c.Fact("java.fat") != "" {
		return m.jarMode(mode, c)
	}
	main := c.Fact("java.main")
	if main == "" {
		if c.Fact("built") == "" && c.Fact("package") == "" {
			m.note("unknown", "What is in "+m.jar+" is not known: it is taken to be a server on port 8080.")
			return m.serve("8080", []string{m.FS.Abs(m.jar)})
		}
		m.Errorf("no main manifest attribute, in %s", m.jar)
		return 1
	}
	loaded := []string{m.FS.Abs(m.jar)}
	if l := c.Fact("java.loader"); l != "" && c.Fact("java.boot") != "" {
		if code := m.tooNew(l, loaderMajor(c.Fact("java.boot")), true); code != 0 {
			return code
		}
	}
	if code := m.tooNew(main, c.Fact("java.major"), c.Fact("java.loader") == ""); code != 0 {
		return code
	}
	if libs := c.Fact("java.classpath"); libs != "" { // a thin JAR: its libraries lie beside it
		dir := path.Dir(m.FS.Abs(m.jar))
		for lib := range strings.SplitSeq(libs, "\n") {
			at := path.Join(dir, lib)
			if !m.FS.Exists(at) {
				return m.noClass(main)
			}
			loaded = append(loaded, at)
		}
	}
	return m.program(main, c, loaded)
}

// archive reports whether content is that of a JAR.
func archive(c *tree.Content, name string) bool {
	if k := c.Fact("kind"); k != "" {
		return k == "jar" || k == "zip"
	}
	data, known := c.Known()
	if known {
		return strings.HasPrefix(string(data), "PK\x03\x04")
	}
	return c.Size() > 0 && (strings.HasSuffix(name, ".jar") || strings.HasSuffix(name, ".war"))
}

// loaderMajor is the class file version of Spring Boot's launcher: Java 17 from release 3 on.
func loaderMajor(boot string) string {
	if n, _, _ := strings.Cut(boot, "."); n == "1" || n == "2" {
		return "52"
	}
	return "61"
}

// tooNew ends the program if a class needs a newer Java than this one.
func (m *machine) tooNew(class, version string, launcher bool) int {
	need, err := strconv.Atoi(version)
	if err != nil || need <= major(m.version) {
		return 0
	}
	text := fmt.Sprintf("java.lang.UnsupportedClassVersionError: %s has been compiled by a more recent version of the Java Runtime (class file version %d.0), this version of the Java Runtime only recognizes class file versions up to %d.0",
		strings.ReplaceAll(class, ".", "/"), need, major(m.version))
	if launcher && feature(m.version) >= 11 {
		m.Errorf("Error: LinkageError occurred while loading main class %s\n\t%s", class, text)
	} else {
		m.Errorf("Exception in thread \"main\" %s\n\tat java.base/java.lang.ClassLoader.defineClass1(Native Method)", text)
	}
	return 1
}

func (m *machine) noClass(main string) int {
	m.Errorf("Exception in thread \"main\" java.lang.NoClassDefFoundError: org/springframework/boot/SpringApplication\n\tat %s.main(%s.java)\n"+
		"Caused by: java.lang.ClassNotFoundException: org.springframework.boot.SpringApplication", main, main[strings.LastIndex(main, ".")+1:])
	return 1
}

// program runs a main class of which content says what it does.
func (m *machine) program(main string, c *tree.Content, loaded []string) int {
	port := c.Fact("listens")
	if port == "" {
		m.note("unknown", main+" is not run: it is taken to end well.")
		return 0
	}
	return m.serve(port, loaded)
}

// serve goes on running.
func (m *machine) serve(port string, loaded []string) int {
	for _, p := range []string{m.argument("--server.port="), m.defines["server.port"], m.Env.Get("SERVER_PORT")} {
		if p != "" {
			port = p
			break
		}
	}
	n := 8080
	if v, err := strconv.Atoi(m.expand(port)); err == nil && v >= 0 && v < 65536 {
		n = v
	}
	return m.Serve(m.ctx, m.Call, tool.Service{Port: n, Runtime: "java " + m.version, Graceful: true, Loaded: loaded})
}

func (m *machine) argument(prefix string) string {
	for _, a := range m.args {
		if v, ok := strings.CutPrefix(a, prefix); ok {
			return v
		}
	}
	return ""
}

// expand replaces ${NAME:default} by the environment's value.
func (m *machine) expand(s string) string {
	inner, ok := strings.CutPrefix(s, "${")
	if !ok {
		return s
	}
	inner = strings.TrimSuffix(inner, "}")
	name, value, _ := strings.Cut(inner, ":")
	if v, ok := m.Env.Lookup(name); ok {
		return v
	}
	if v, ok := m.Env.Lookup(strings.ToUpper(strings.NewReplacer(".", "_", "-", "").Replace(name))); ok {
		return v
	}
	return value
}
