package java

import (
	"context"
	_ "embed" // the modules' sizes
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"drydock/grader/report"
	"drydock/grader/tool"
	"drydock/grader/tool/internal/javasource"
	"drydock/grader/tree"
)

// compiler finds javac: beside the program that runs, or on PATH.
func compiler(c *tool.Call) (string, error) {
	if real, err := c.FS.Real(c.Path); err == nil {
		if p := path.Join(path.Dir(real), "javac"); c.FS.Exists(p) {
			return p, nil
		}
	}
	return tool.Find(c.FS, c.Env, "javac")
}

// javac leaves a class for each source.
func javac(_ context.Context, c *tool.Call) int {
	out, release := "", feature(c.Program.Fact("version"))
	have := release
	var sources []string
	args := c.Args[1:]
	for i := 0; i < len(args); i++ {
		a := args[i]
		value := func() string {
			if i+1 < len(args) {
				i++
				return args[i]
			}
			return ""
		}
		switch {
		case a == "-version" || a == "--version":
			c.Printf("javac %s\n", c.Program.Fact("version"))
			return 0
		case a == "-d":
			out = value()
		case a == "--release" || a == "-source" || a == "--source" || a == "-target" || a == "--target":
			v := value()
			n := 0
			if _, err := fmt.Sscan(strings.TrimPrefix(v, "1."), &n); err != nil || n < 8 && n != 7 || n > have {
				kind := "release version " + v + " not supported"
				if a != "--release" {
					kind = "invalid " + strings.TrimLeft(a, "-") + " release: " + v
				}
				c.Errorf("error: %s\nUsage: javac <options> <source files>\nuse --help for a list of possible options", kind)
				return 2
			}
			release = n
		case slices.Contains([]string{"-cp", "-classpath", "--class-path", "-p", "--module-path", "-sourcepath", "--source-path", "-encoding", "-processorpath", "--processor-path",
			"-s", "-h", "--add-modules", "--add-exports", "--module-source-path", "-processor", "--module", "-m"}, a):
			value()
		case strings.HasPrefix(a, "@"):
			data, err := c.FS.ReadFile(a[1:])
			if err != nil {
				c.Errorf("error: cannot find file '%s'", a[1:])
				return 2
			}
			sources = append(sources, strings.Fields(string(data))...)
		case strings.HasPrefix(a, "-"):
		default:
			sources = append(sources, a)
		}
	}
	if len(sources) == 0 {
		c.Printf("Usage: javac <options> <source files>\nwhere possible options include:\n")
		return 2
	}
	for _, s := range sources {
		content, err := c.FS.Content(s)
		if err != nil || !strings.HasSuffix(s, ".java") {
			if err == nil {
				c.Errorf("error: Class names, '%s', are only accepted if annotation processing is explicitly requested\n1 error", s)
				return 2
			}
			c.Errorf("error: file not found: %s\nUsage: javac <options> <source files>\nuse --help for a list of possible options", s)
			return 2
		}
		text, _ := content.Known()
		src := javasource.Read(s, text)
		facts := map[string]string{"kind": "class", "java.major": fmt.Sprint(release + 44), "java.class": src.Class}
		if src.Main {
			facts["java.main"] = src.Class
		}
		if src.Port != "" {
			facts["listens"] = src.Port
		}
		at := path.Join(path.Dir(s), path.Base(src.ClassFile()))
		if out != "" {
			at = path.Join(out, src.ClassFile())
		}
		m := &machine{Call: c}
		if err := m.put(at, tree.Declared(javasource.Size(content.Size()), fmt.Sprintf("javac:%d:%s", release+44, content.ID()), facts)); err != nil {
			c.Errorf("error: error while writing %s: %v", src.Class, err)
			return 3
		}
	}
	c.Record(report.Event{Kind: "compile", Tool: "javac", Name: path.Base(sources[0]), Count: len(sources)})
	return 0
}

// jar lists, unpacks and makes archives.
func jar(_ context.Context, c *tool.Call) int {
	if len(c.Args) < 2 {
		c.Errorf("Usage: jar [OPTION...] [ [--release VERSION] [-C dir] files] ...\nTry `jar --help' for more information.")
		return 1
	}
	var mode byte
	file, main, manifest, dir := "", "", "", ""
	var rest []string
	args := c.Args[1:]
	flags := strings.TrimPrefix(args[0], "-")
	args = args[1:]
	next := func() string {
		if len(args) == 0 {
			return ""
		}
		v := args[0]
		args = args[1:]
		return v
	}
	if !strings.HasPrefix(c.Args[1], "--") {
		for _, f := range []byte(flags) {
			switch f {
			case 'c', 'x', 't', 'u':
				mode = f
			case 'f':
				file = next()
			case 'e':
				main = next()
			case 'm':
				manifest = next()
			}
		}
	} else {
		args = append([]string{c.Args[1]}, args...)
	}
	for len(args) > 0 {
		a := next()
		name, value, has := strings.Cut(a, "=")
		if !has && (name == "--file" || name == "-f" || name == "--main-class" || name == "-e" || name == "-C" || name == "--dir" || name == "--manifest") {
			value = next()
		}
		switch name {
		case "--create":
			mode = 'c'
		case "--extract", "-x":
			mode = 'x'
		case "--list", "-t":
			mode = 't'
		case "--file", "-f":
			file = value
		case "--main-class", "-e":
			main = value
		case "--manifest":
			manifest = value
		case "--dir":
			dir = value
		case "-C":
			rest = append(rest, path.Join(value, next()))
		default:
			if !strings.HasPrefix(a, "-") {
				rest = append(rest, a)
			}
		}
	}
	m := &machine{Call: c, jar: file}
	if mode == 'c' {
		return m.create(file, main, manifest, rest)
	}
	content, err := c.FS.Content(file)
	if err != nil {
		c.Errorf("java.nio.file.NoSuchFileException: %s", file)
		return 1
	}
	if !archive(content, file) {
		c.Errorf("java.util.zip.ZipException: zip END header not found")
		return 1
	}
	if mode == 't' {
		c.Printf("META-INF/\nMETA-INF/MANIFEST.MF\n")
		prefix := ""
		if content.Fact("java.loader") != "" {
			prefix = "BOOT-INF/classes/"
		}
		for _, f := range list(content.Fact("java.files")) {
			c.Printf("%s%s\n", prefix, f.path)
		}
		for _, l := range list(content.Fact("java.libs")) {
			c.Printf("BOOT-INF/lib/%s\n", l.path)
		}
		return 0
	}
	if content.Fact("java.files") == "" && content.Fact("java.libs") == "" {
		m.note("unknown", "What is in "+file+" is not known: one file of its size stands for it.")
		err = m.put(path.Join(dir, "contents.bin"), tree.Declared(content.Size()*2, content.ID()+"!", nil))
	}
	if err == nil {
		err = m.explode(content, dir, false)
	}
	if err != nil {
		c.Errorf("%v", err)
		return 1
	}
	return 0
}

// create makes a JAR of files.
func (m *machine) create(file, main, manifest string, rest []string) int {
	if manifest != "" {
		data, err := m.FS.ReadFile(manifest)
		if err != nil {
			m.Errorf("java.io.FileNotFoundException: %s (No such file or directory)", manifest)
			return 1
		}
		for line := range strings.Lines(string(data)) {
			if v, ok := strings.CutPrefix(line, "Main-Class:"); ok {
				main = strings.TrimSpace(v)
			}
		}
	}
	var files []string
	var size int64
	facts := map[string]string{"kind": "jar", "java.main": main, "built": "jar"}
	id := "jar:" + main
	for _, r := range rest {
		if !m.FS.Exists(r) {
			m.Errorf("%s : no such file or directory", r)
			return 1
		}
		base := r
		if !m.FS.IsDir(r) {
			base = path.Dir(r)
		}
		m.FS.Walk(r, func(p string, n *tree.Node, err error) bool {
			if err == nil && n.Type == tree.File && len(files) < 20_000 {
				files = append(files, fmt.Sprintf("%s:%d", strings.TrimPrefix(strings.TrimPrefix(p, base), "/"), n.Size()))
				size += n.Size()
				id += " " + n.Content.ID()
				for _, k := range []string{"java.major", "listens"} {
					if v := n.Content.Fact(k); v != "" {
						facts[k] = v
					}
				}
			}
			return true
		})
	}
	facts["java.files"] = strings.Join(files, "\n")
	if err := m.put(file, tree.Declared(600+size*6/10, id, facts)); err != nil {
		m.Errorf("java.io.FileNotFoundException: %s (Permission denied)", file)
		return 1
	}
	return 0
}

//go:embed modules.txt
var modulesText string

// modules returns the size of each module in a runtime image.
func modules() map[string]int64 {
	out := map[string]int64{}
	for line := range strings.Lines(modulesText) {
		var name string
		var size int64
		if n, _ := fmt.Sscan(line, &name, &size); n == 2 && !strings.HasPrefix(line, "#") {
			out[name] = size
		}
	}
	return out
}

// jlink makes a runtime of some modules: java with its libraries, sizes by module.
func jlink(_ context.Context, c *tool.Call) int {
	output, add, compress, strip := "", "", false, false
	args := c.Args[1:]
	for i := 0; i < len(args); i++ {
		name, value, has := strings.Cut(args[i], "=")
		if !has && slices.Contains([]string{"--output", "--add-modules", "--module-path", "-p", "--compress", "-c", "--launcher", "--limit-modules", "--exclude-files", "--vm", "--locales", "--include-locales"}, name) && i+1 < len(args) {
			i++
			value = args[i]
		}
		switch name {
		case "--version":
			c.Printf("%s\n", c.Program.Fact("version"))
			return 0
		case "--output":
			output = value
		case "--add-modules":
			add = value
		case "--compress", "-c":
			compress = value != "0" && value != "zip-0"
		case "--strip-debug", "-G", "--strip-java-debug-attributes", "--strip-native-debug-symbols":
			strip = true
		}
	}
	if output == "" || add == "" {
		c.Errorf("Error: --output must be specified\nUsage: jlink <options> --module-path <modulepath> --add-modules <module>[,<module>...]")
		return 2
	}
	if c.FS.Exists(output) {
		c.Errorf("Error: directory already exists: %s", output)
		return 1
	}
	sizes := modules()
	var total int64 = sizes["java.base"]
	for name := range strings.SplitSeq(add, ",") {
		switch name = strings.TrimSpace(name); name {
		case "ALL-MODULE-PATH", "java.se":
			for m, s := range sizes {
				if m != "java.base" && (name == "ALL-MODULE-PATH" || strings.HasPrefix(m, "java.")) {
					total += s
				}
			}
		case "java.base", "":
		default:
			s, ok := sizes[name]
			if !ok {
				c.Errorf("Error: Module %s not found\njava.lang.module.FindException: Module %s not found", name, name)
				return 1
			}
			total += s
		}
	}
	if compress {
		total = total * 55 / 100
	}
	bin := path.Dir(c.Path)
	if real, err := c.FS.Real(c.Path); err == nil {
		bin = path.Dir(real)
	}
	launcher, err := c.FS.Content(path.Join(bin, "java"))
	if err != nil {
		c.Errorf("Error: %v", err)
		return 1
	}
	vm := int64(24_100_000)
	if !strip {
		vm += 1_000_000
	}
	m := &machine{Call: c}
	id := "jlink:" + add + c.Program.Fact("version")
	for _, f := range []struct {
		path string
		c    *tree.Content
	}{
		{"lib/modules", tree.Declared(total, id+"/modules", nil)}, {"lib/server/libjvm.so", tree.Declared(vm, id+"/libjvm.so", nil)},
		{"lib/native.bin", tree.Declared(900_000, id+"/native", nil)}, {"lib/security/cacerts", tree.Declared(126_674, id+"/cacerts", nil)},
		{"conf/security/java.security", tree.Declared(60_000, id+"/java.security", nil)}, {"release", tree.Text("JAVA_VERSION=\"" + c.Program.Fact("version") + "\"\nMODULES=\"" + add + "\"\n")},
		{"legal/java.base/LICENSE", tree.Declared(19_000, id+"/LICENSE", nil)},
	} {
		if err := m.put(path.Join(output, f.path), f.c); err != nil {
			c.Errorf("Error: %v", err)
			return 1
		}
	}
	if err := c.FS.MkdirAll(path.Join(output, "bin"), 0o755); err != nil {
		c.Errorf("Error: %v", err)
		return 1
	}
	if err := c.FS.WriteContent(path.Join(output, "bin/java"), launcher, 0o755); err != nil {
		c.Errorf("Error: %v", err)
		return 1
	}
	if keytool, err := c.FS.Content(path.Join(bin, "keytool")); err == nil {
		if err := c.FS.WriteContent(path.Join(output, "bin/keytool"), keytool, 0o755); err != nil {
			c.Errorf("Error: %v", err)
			return 1
		}
	}
	m.note("estimate", "The size of the runtime that jlink makes is an estimate from its modules' sizes.")
	return 0
}

// jdeps prints the modules that a Spring Boot application is usually found to need.
func jdeps(_ context.Context, c *tool.Call) int {
	for _, a := range c.Args[1:] {
		switch {
		case a == "--version":
			c.Printf("%s\n", c.Program.Fact("version"))
			return 0
		case strings.HasSuffix(a, ".jar") && !c.FS.Exists(a):
			c.Errorf("Warning: Path does not exist: %s", a)
		}
	}
	m := &machine{Call: c}
	m.note("unknown", "jdeps does not look into JARs: it prints the modules that web applications commonly need.")
	c.Printf("java.base,java.compiler,java.desktop,java.instrument,java.management,java.naming,java.net.http,java.prefs,java.rmi,java.scripting,java.security.jgss,java.sql,jdk.jfr,jdk.unsupported\n")
	return 0
}

// keytool writes a key store where it is asked to make a key or take a certificate.
func keytool(_ context.Context, c *tool.Call) int {
	store, file := path.Join(c.Env.Get("HOME"), ".keystore"), ""
	for i, a := range c.Args {
		if i+1 < len(c.Args) {
			switch a {
			case "-keystore":
				store = c.Args[i+1]
			case "-file":
				file = c.Args[i+1]
			}
		}
	}
	if file != "" && !c.FS.Exists(file) {
		c.Printf("keytool error: java.io.FileNotFoundException: %s (No such file or directory)\n", file)
		return 1
	}
	if slices.Contains(c.Args, "-list") || slices.Contains(c.Args, "-cacerts") || slices.Contains(c.Args, "-help") {
		return 0
	}
	m := &machine{Call: c}
	if err := m.put(store, tree.Declared(2_700, "keystore:"+strings.Join(c.Args, " "), nil)); err != nil {
		c.Printf("keytool error: java.io.FileNotFoundException: %s (%s)\n", store, unwrap(err))
		return 1
	}
	return 0
}

func unwrap(err error) string {
	if pe, ok := err.(*fs.PathError); ok {
		s := pe.Err.Error()
		return strings.ToUpper(s[:1]) + s[1:]
	}
	return err.Error()
}
