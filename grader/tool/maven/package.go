package maven

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"drydock/grader/report"
	"drydock/grader/tool"
	"drydock/grader/tool/internal/javasource"
	"drydock/grader/tree"
)

// classes is what was compiled of a source tree.
type classes struct {
	main string // the class with a main method
	port string // that a source listens on
}

// file is an entry of a JAR.
type file struct {
	path string
	size int64
}

// maxSources bounds how many files of a source tree are looked at.
const maxSources = 20_000

// compile compiles the application.
func (b *job) compile() error {
	c, err := b.javac("src/main/java", "target/classes", "compile", "default-compile")
	b.compiled = c
	return err
}

// javac leaves a class file for each source.
func (b *job) javac(from, to, goal, execution string) (*classes, error) {
	c := &classes{}
	dir := path.Join(b.dir, from)
	if !b.FS.IsDir(dir) {
		b.info("No sources to compile")
		return c, nil
	}
	type source struct {
		at      string
		content *tree.Content
	}
	var sources []source
	b.FS.Walk(dir, func(at string, n *tree.Node, err error) bool {
		if err == nil && n.Type == tree.File && strings.HasSuffix(at, ".java") {
			sources = append(sources, source{strings.TrimPrefix(at, dir+"/"), n.Content})
		}
		return len(sources) < maxSources
	})
	if len(sources) == 0 {
		b.info("No sources to compile")
		return c, nil
	}
	label := b.label("maven-compiler-plugin", goal, execution)
	if !b.java.javac {
		return nil, b.goalFailure(b.project, label, "Compilation failure\nNo compiler is provided in this environment. Perhaps you are running on a JRE rather than a JDK?", "MojoFailureException")
	}
	if r := b.release(); r > b.java.feature() {
		return nil, b.goalFailure(b.project, label, fmt.Sprintf("Fatal error compiling: error: release version %d not supported", r), "MojoExecutionException")
	}
	major := fmt.Sprint(b.release() + 44)
	out := path.Join(b.dir, to)
	for _, s := range sources {
		text, _ := s.content.Known()
		src := javasource.Read(s.at, text)
		facts := map[string]string{"kind": "class", "java.major": major, "java.class": src.Class}
		if src.Main {
			facts["java.main"] = src.Class
			if c.main == "" || src.Boot {
				c.main = src.Class
			}
		}
		if src.Port != "" {
			facts["listens"] = src.Port
			c.port = src.Port
		}
		if err := b.write(path.Join(out, src.ClassFile()), tree.Declared(javasource.Size(s.content.Size()), "javac:"+major+":"+s.content.ID(), facts)); err != nil {
			return nil, err
		}
		for _, name := range src.Types {
			at := path.Join(path.Dir(src.ClassFile()), name+".class")
			if err := b.write(path.Join(out, at), tree.Declared(900, "javac:"+at+s.content.ID(), facts)); err != nil {
				return nil, err
			}
		}
	}
	b.info("Compiling %d source files with javac [debug release %d] to %s", len(sources), b.release(), to)
	b.Record(report.Event{Kind: "compile", Tool: "maven", Name: b.ArtifactID, Count: len(sources), Dev: goal == "testCompile"})
	return c, nil
}

func (b *job) write(at string, c *tree.Content) error {
	if err := b.FS.MkdirAll(path.Dir(at), 0o755); err != nil {
		return err
	}
	return b.FS.WriteContent(at, c, 0o644)
}

// resources copies files that are not compiled.
func (b *job) resources(from, to string) error {
	dir := path.Join(b.dir, from)
	if !b.FS.IsDir(dir) {
		return nil
	}
	var failed error
	n := 0
	b.FS.Walk(dir, func(at string, node *tree.Node, err error) bool {
		if err != nil || failed != nil || n > maxSources {
			return false
		}
		if node.Type == tree.File {
			n++
			failed = b.write(path.Join(b.dir, to, strings.TrimPrefix(at, dir+"/")), node.Content)
		}
		return true
	})
	b.info("Copying %d resources from %s to %s", n, from, to)
	return failed
}

// loaderSize is what Spring Boot's launcher takes in a JAR.
const loaderSize = 190_000

// pack makes the JAR, and the executable one where the project has Spring Boot's plugin.
func (b *job) pack() error {
	if b.Packaging != "jar" && b.Packaging != "war" {
		b.note("unknown", "Packaging "+b.Packaging+" is not modelled: a JAR stands in for it.")
	}
	classesDir := path.Join(b.dir, "target/classes")
	h := sha256.New()
	var files []file
	var size int64
	port := ""
	b.FS.Walk(classesDir, func(at string, n *tree.Node, err error) bool {
		if err != nil || n.Type != tree.File {
			return err == nil
		}
		rel := strings.TrimPrefix(at, classesDir+"/")
		fmt.Fprintf(h, "%s %s\n", rel, n.Content.ID())
		files = append(files, file{rel, n.Size()})
		size += n.Size()
		if p := serverPort(rel, n.Content); p != "" {
			port = p
		}
		return len(files) < maxSources
	})
	main := ""
	if b.compiled != nil {
		main = b.compiled.main
	}
	major := b.release() + 44
	built := hex.EncodeToString(h.Sum(nil))[:16]
	facts := map[string]string{"kind": "jar", "java.major": fmt.Sprint(major), "built": built, "java.files": listFiles(files)}
	plain := 1_500 + size*6/10 + int64(len(files))*200
	if b.compiled != nil && b.compiled.port != "" {
		facts["listens"] = b.compiled.port
	}
	if e := b.plugin("maven-jar-plugin"); e != nil && e.Config.Manifest != "" {
		facts["java.main"] = b.expand(e.Config.Manifest)
	}
	ext := ".jar"
	if b.Packaging == "war" {
		ext = ".war"
	}
	at := path.Join(b.dir, "target", b.finalName()+ext)
	id := "jar:" + b.id() + ":" + built
	jar := tree.Declared(plain, id, facts)
	b.info("Building jar: %s", at)
	if e := b.plugin("spring-boot-maven-plugin"); e != nil && e.Config.Skip != "true" && b.repackages(e) {
		if err := b.write(at+".original", jar); err != nil {
			return err
		}
		if e.Config.MainClass != "" {
			main = b.expand(e.Config.MainClass)
		}
		if v := b.props["start-class"]; v != "" {
			main = b.expand(v)
		}
		if main == "" {
			return b.goalFailure(b.project, b.label("spring-boot-maven-plugin", "repackage", "repackage"),
				"Execution repackage of goal org.springframework.boot:spring-boot-maven-plugin:"+b.boot+":repackage failed: Unable to find main class", "PluginExecutionException")
		}
		jar = b.executable(jar, main, port, plain, facts)
		b.info("Replacing main artifact %s with repackaged archive, adding nested dependencies in BOOT-INF/.", at)
		b.info("The original artifact has been renamed to %s.original", at)
	} else if slices.ContainsFunc(b.Plugins, func(p pluginEl) bool {
		return p.ArtifactID == "maven-shade-plugin" || p.ArtifactID == "maven-assembly-plugin"
	}) {
		fat := map[string]string{"java.fat": "true", "java.main": main}
		for k, v := range facts {
			if fat[k] == "" {
				fat[k] = v
			}
		}
		total := plain
		for _, d := range b.deps {
			if shipped(d.scope) {
				total += d.Bytes
				id += " " + d.ID()
			}
		}
		for _, p := range b.Plugins {
			if p.Config.Manifest != "" {
				fat["java.main"] = b.expand(p.Config.Manifest)
			}
		}
		jar = tree.Declared(total, id, fat)
	}
	return b.write(at, jar)
}

// repackages reports whether the plugin's goal is bound: by Spring Boot's parent, or by the project itself.
func (b *job) repackages(e *pluginEl) bool {
	for p := b.project; p != nil; p = p.parent {
		if p.Parent != nil && p.Parent.GroupID == bootGroup {
			return true
		}
	}
	return slices.Contains(e.Goals, "repackage")
}

// executable is the JAR with its libraries and the launcher in it.
func (b *job) executable(jar *tree.Content, main, port string, size int64, facts map[string]string) *tree.Content {
	line := b.reg.Line(b.boot)
	fat := map[string]string{"java.fat": "true", "java.main": main, "java.loader": line.Loader + ".JarLauncher", "java.boot": b.boot}
	for k, v := range facts {
		if fat[k] == "" {
			fat[k] = v
		}
	}
	id := jar.ID() + ":fat:" + b.boot + ":" + main
	total := size + loaderSize
	var libs []file
	web := false
	add := func(name string, bytes int64, from string) {
		libs = append(libs, file{name, bytes})
		total += bytes + 150
		id += " " + from
	}
	for _, d := range b.deps {
		if !shipped(d.scope) || skippedByBoot(d.Name) || strings.HasPrefix(d.Name, "spring-boot-starter") {
			continue
		}
		web = web || d.Name == "tomcat-embed-core" || d.Name == "reactor-netty-http" || d.Name == "jetty-server" || d.Name == "undertow-core"
		add(d.File(), d.Bytes, d.ID())
	}
	for _, d := range b.Deps {
		if q := b.siblings[b.expand(d.GroupID)+":"+b.expand(d.ArtifactID)]; q != nil {
			if c, err := b.FS.Content(path.Join(q.dir, "target", q.finalName()+".jar")); err == nil {
				add(q.finalName()+".jar", c.Size(), c.ID())
			}
		}
	}
	add("spring-boot-jarmode-tools-"+b.boot+".jar", 140_000, b.boot)
	if web {
		fat["listens"] = "8080"
		if port != "" {
			fat["listens"] = port
		}
	}
	fat["java.libs"] = listFiles(libs)
	return tree.Declared(total, id, fat)
}

// skippedByBoot are dependencies that the plugin leaves out of the JAR.
func skippedByBoot(name string) bool {
	return name == "spring-boot-devtools" || name == "lombok" || name == "spring-boot-configuration-processor" || name == "spring-boot-docker-compose"
}

func listFiles(files []file) string {
	var b strings.Builder
	for i, f := range files {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%s:%d", f.path, f.size)
	}
	return b.String()
}

var portLine = regexp.MustCompile(`(?m)^\s*server\.port\s*[=:]\s*(\S+)`)
var portYAML = regexp.MustCompile(`(?m)^server:\s*\n(?:[ \t]+.*\n)*?[ \t]+port:\s*(\S+)`)

// serverPort reads the port off an application's properties.
func serverPort(name string, c *tree.Content) string {
	if name != "application.properties" && name != "application.yml" && name != "application.yaml" {
		return ""
	}
	data, ok := c.Known()
	if !ok {
		return ""
	}
	for _, re := range []*regexp.Regexp{portLine, portYAML} {
		if m := re.FindSubmatch(data); m != nil {
			return strings.Trim(string(m[1]), `"'`)
		}
	}
	return ""
}

// installLocal copies the JAR into the local repository.
func (b *job) installLocal() error {
	c, err := b.FS.Content(path.Join(b.dir, "target", b.finalName()+".jar"))
	if err != nil {
		return err
	}
	dir := path.Join(b.repository(), strings.ReplaceAll(b.GroupID, ".", "/"), b.ArtifactID, b.Version)
	return b.write(path.Join(dir, b.ArtifactID+"-"+b.Version+".jar"), c)
}

// serve is spring-boot:run.
func (b *job) serve() error {
	code := b.Serve(b.ctx, b.Call, tool.Service{Port: 8080, Runtime: "java " + b.java.version, Graceful: true})
	if code != 0 {
		return &failure{lines: []string{fmt.Sprintf("Process terminated with exit code: %d", code)}, help: "MojoExecutionException"}
	}
	return nil
}
