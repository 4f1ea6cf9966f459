package java

import (
	"fmt"
	"path"
	"strings"

	"drydock/grader/tool/internal/javasource"
	"drydock/grader/tree"
)

// runClass starts a class found on the class path.
func (m *machine) runClass(name string) int {
	cp := m.classpath
	if cp == "" {
		if cp = m.Env.Get("CLASSPATH"); cp == "" {
			cp = "."
		}
	}
	class := strings.ReplaceAll(name, "/", ".")
	file := strings.ReplaceAll(class, ".", "/") + ".class"
	var jars []string
	for entry := range strings.SplitSeq(cp, ":") {
		if entry == "" {
			entry = "."
		}
		if dir, ok := strings.CutSuffix(entry, "*"); ok {
			names, _ := m.FS.ReadDir(path.Join(m.FS.Dir, dir))
			if strings.HasPrefix(dir, "/") {
				names, _ = m.FS.ReadDir(dir)
			}
			for _, n := range names {
				if strings.HasSuffix(n, ".jar") {
					jars = append(jars, path.Join(dir, n))
				}
			}
			continue
		}
		if !m.FS.IsDir(entry) {
			jars = append(jars, entry)
			continue
		}
		c, err := m.FS.Content(path.Join(entry, file))
		if err != nil {
			continue
		}
		if v := c.Fact("java.major"); v != "" {
			if code := m.tooNew(class, v, true); code != 0 {
				return code
			}
		}
		if strings.HasSuffix(class, "Launcher") && strings.Contains(class, "springframework.boot.loader") {
			return m.launch(m.FS.Abs(entry))
		}
		if c.Fact("kind") == "class" && c.Fact("java.main") == "" {
			m.Errorf("Error: Main method not found in class %s, please define the main method as:\n   public static void main(String[] args)\n"+
				"or a JavaFX application class must extend javafx.application.Application", class)
			return 1
		}
		if c.Fact("java.boot") != "" && !m.hasSpring(cp) {
			return m.noClass(class)
		}
		return m.program(class, c, []string{m.FS.Abs(path.Join(entry, file))})
	}
	for _, j := range jars {
		c, err := m.FS.Content(j)
		if err != nil {
			continue
		}
		if c.Fact("java.loader") != "" && strings.Contains(class, "springframework.boot.loader") {
			m.jar = j
			return m.runJar()
		}
		if strings.Contains("\n"+c.Fact("java.files"), "\n"+file+":") {
			if code := m.tooNew(class, c.Fact("java.major"), true); code != 0 {
				return code
			}
			return m.program(class, c, []string{m.FS.Abs(j)})
		}
		if c.Fact("kind") == "jar" && c.Fact("java.files") == "" && c.Fact("package") == "" {
			m.note("unknown", "What is in "+j+" is not known: "+class+" is taken to be in it and to be a server.")
			return m.serve("8080", []string{m.FS.Abs(j)})
		}
	}
	m.Errorf("Error: Could not find or load main class %s\nCaused by: java.lang.ClassNotFoundException: %s", name, class)
	return 1
}

// hasSpring reports whether Spring Boot's own JAR lies on a class path.
func (m *machine) hasSpring(cp string) bool {
	for entry := range strings.SplitSeq(cp, ":") {
		dir := strings.TrimSuffix(entry, "*")
		if strings.HasPrefix(path.Base(entry), "spring-boot-") && m.FS.Exists(entry) {
			return true
		}
		if dir != entry {
			names, _ := m.FS.ReadDir(path.Clean(dir))
			for _, n := range names {
				if strings.HasPrefix(n, "spring-boot-") {
					return true
				}
			}
		}
	}
	return false
}

// launch is Spring Boot's launcher in a folder that a JAR was unpacked to.
func (m *machine) launch(dir string) int {
	data, err := m.FS.ReadFile(path.Join(dir, "META-INF/MANIFEST.MF"))
	start := ""
	for line := range strings.Lines(string(data)) {
		if v, ok := strings.CutPrefix(line, "Start-Class: "); ok {
			start = strings.TrimSpace(v)
		}
	}
	if err != nil || start == "" {
		m.Errorf("Exception in thread \"main\" java.lang.IllegalStateException: No 'Start-Class' manifest entry specified in org.springframework.boot.loader.launch.JarLauncher\n" +
			"\tat org.springframework.boot.loader.launch.ExecutableArchiveLauncher.getMainClass(ExecutableArchiveLauncher.java:85)")
		return 1
	}
	file := path.Join(dir, "BOOT-INF/classes", strings.ReplaceAll(start, ".", "/")+".class")
	c, err := m.FS.Content(file)
	if err != nil {
		m.Errorf("Exception in thread \"main\" java.lang.ClassNotFoundException: %s\n\tat java.base/java.net.URLClassLoader.findClass(Unknown Source)", start)
		return 1
	}
	if code := m.tooNew(start, c.Fact("java.major"), false); code != 0 {
		return code
	}
	lib := path.Join(dir, "BOOT-INF/lib")
	names, _ := m.FS.ReadDir(lib)
	found := false
	loaded := []string{file}
	for _, n := range names {
		found = found || strings.HasPrefix(n, "spring-boot-") && !strings.HasPrefix(n, "spring-boot-jarmode")
		loaded = append(loaded, path.Join(lib, n))
	}
	if !found {
		return m.noClass(start)
	}
	return m.program(start, c, loaded)
}

// runSource is java File.java: compile and run in one.
func (m *machine) runSource() int {
	c, err := m.FS.Content(m.main)
	if err != nil {
		m.Errorf("error: file not found: %s", m.main)
		return 1
	}
	if feature(m.version) < 11 {
		m.Errorf("Error: Could not find or load main class %s", m.main)
		return 1
	}
	if _, err := compiler(m.Call); err != nil {
		m.Errorf("Error: Could not find or load main class jdk.compiler/com.sun.tools.javac.launcher.Main\nCaused by: java.lang.module.FindException: Module jdk.compiler not found")
		return 1
	}
	text, _ := c.Known()
	src := javasource.Read(m.main, text)
	if !src.Main {
		m.Errorf("error: can't find main(String[]) method in class: %s", src.Class)
		return 1
	}
	if src.Port == "" {
		m.note("unknown", m.main+" is not run: it is taken to end well.")
		return 0
	}
	return m.serve(src.Port, []string{m.FS.Abs(m.main)})
}

// list reads a fact that lists files: "path:size" a line.
func list(fact string) []entry {
	var out []entry
	if fact == "" {
		return nil
	}
	for line := range strings.SplitSeq(fact, "\n") {
		i := strings.LastIndexByte(line, ':')
		if i <= 0 {
			continue
		}
		var size int64
		_, _ = fmt.Sscan(line[i+1:], &size)
		out = append(out, entry{path.Clean("/" + line[:i])[1:], size})
	}
	return out
}

type entry struct {
	path string
	size int64
}

// put writes content, making the folders above it.
func (m *machine) put(p string, c *tree.Content) error {
	if err := m.FS.MkdirAll(path.Dir(p), 0o755); err != nil {
		return err
	}
	return m.FS.WriteContent(p, c, 0o644)
}
