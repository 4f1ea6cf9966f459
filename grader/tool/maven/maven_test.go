package maven_test

import (
	"bytes"
	"context"
	"path"
	"strings"
	"testing"

	"drydock/grader/report"
	"drydock/grader/tool"
	"drydock/grader/tool/maven"
	"drydock/grader/tree"
	"drydock/grader/vfs"
)

const pom = `<project>
  <parent>
    <groupId>org.springframework.boot</groupId>
    <artifactId>spring-boot-starter-parent</artifactId>
    <version>3.5.6</version>
  </parent>
  <groupId>app.tide</groupId>
  <artifactId>tide</artifactId>
  <version>1.2.0</version>
  <properties><java.version>JAVA</java.version></properties>
  <dependencies>
    <dependency><groupId>org.springframework.boot</groupId><artifactId>spring-boot-starter-web</artifactId></dependency>
    <dependency><groupId>org.springframework.boot</groupId><artifactId>spring-boot-starter-test</artifactId><scope>test</scope></dependency>
    <!-- MORE -->
  </dependencies>
  <build><plugins><plugin><groupId>org.springframework.boot</groupId><artifactId>spring-boot-maven-plugin</artifactId></plugin></plugins></build>
</project>`

const application = `package app.tide;
import org.springframework.boot.SpringApplication;
@SpringBootApplication
public class TideApplication {
    public static void main(String[] args) { SpringApplication.run(TideApplication.class, args); }
}
`

type image struct {
	t      testing.TB
	fs     *vfs.FS
	root   *tree.Txn
	models tool.Models
	env    tool.Env
	events []report.Event
	out    bytes.Buffer
	off    bool
}

// newImage is a system with Maven and a Java of a version, with or without a compiler.
func newImage(t testing.TB, java string, javac bool) *image {
	root := tree.NewDir(0o755)
	program := func(p, name, version string) {
		root.PutAt(p, tree.NewFile(0o755, tree.Declared(1000, p, map[string]string{"program": name, "version": version, "elf": "static"})))
	}
	program("/usr/bin/mvn", "mvn", "3.8.6")
	if java != "" {
		program("/opt/java/bin/java", "java", java)
	}
	if javac {
		program("/opt/java/bin/javac", "javac", java)
	}
	root.PutAt("/src", tree.NewDir(0o755))
	root.PutAt("/root", tree.NewDir(0o700))
	root.PutAt("/etc/passwd", tree.NewFile(0o644, tree.Text("root:x:0:0:root:/root:/bin/sh\n")))
	txn := tree.Begin(root)
	return &image{t: t, root: txn, fs: vfs.New(txn, func() int64 { return 0 }, nil).In("/src"), models: maven.Models(), env: tool.Env{"PATH=/usr/bin:/opt/java/bin"}}
}

func (i *image) write(p, text string) *image {
	if err := i.fs.MkdirAll(path.Dir("/src/"+p), 0o755); err != nil {
		i.t.Fatal(err)
	}
	if err := i.fs.WriteFile("/src/"+p, []byte(text), 0o644); err != nil {
		i.t.Fatal(err)
	}
	return i
}

func (i *image) boot() *image {
	return i.write("pom.xml", strings.Replace(pom, "JAVA", "17", 1)).write("src/main/java/app/tide/TideApplication.java", application).
		write("src/main/resources/application.properties", "server.port=9090\n").
		write("src/test/java/app/tide/TideApplicationTests.java", "package app.tide;\nclass TideApplicationTests {}\n")
}

func (i *image) run(line string) int {
	i.t.Helper()
	i.events = nil
	i.out.Reset()
	c := &tool.Call{Args: strings.Fields(line), Env: i.env, FS: i.fs, Stdout: &i.out, Stderr: &i.out, Host: &tool.Host{
		Models: i.models, Arch: "amd64", Offline: i.off, Record: func(e report.Event) { i.events = append(i.events, e) }, Note: func(report.Note) {}}}
	code, err := c.Exec(context.Background())
	if err != nil {
		i.t.Fatal(err)
	}
	return code
}

func (i *image) must(line string) *image {
	i.t.Helper()
	if code := i.run(line); code != 0 {
		i.t.Fatalf("%s: status %d\n%s", line, code, i.out.String())
	}
	return i
}

func (i *image) downloads() (names []string, bytes int64) {
	for _, e := range i.events {
		if e.Kind == "download" {
			names = append(names, e.Name)
			bytes += e.Bytes
		}
	}
	return names, bytes
}

func (i *image) jar() *tree.Content {
	i.t.Helper()
	n := i.root.Root().Lookup("/src/target/tide-1.2.0.jar")
	if n == nil {
		i.t.Fatalf("no JAR:\n%s", i.out.String())
	}
	return n.Content
}

func TestPackage(t *testing.T) {
	i := newImage(t, "17.0.16", true).boot().must("mvn -B package")
	jar := i.jar()
	for k, want := range map[string]string{"kind": "jar", "java.main": "app.tide.TideApplication", "java.major": "61", "java.fat": "true", "listens": "9090",
		"java.loader": "org.springframework.boot.loader.launch.JarLauncher"} {
		if got := jar.Fact(k); got != want {
			t.Errorf("%s is %q, want %q", k, got, want)
		}
	}
	if jar.Size() < 18e6 || jar.Size() > 26e6 { // an initializr web project gives about 21 MB
		t.Errorf("JAR of %d bytes", jar.Size())
	}
	for _, lib := range []string{"junit", "mockito", "spring-boot-starter"} {
		if strings.Contains(jar.Fact("java.libs"), lib) {
			t.Errorf("%s is in the JAR", lib)
		}
	}
	before := jar.ID()
	i.write("src/main/java/app/tide/TideApplication.java", application+"// edited\n").must("mvn -B package")
	if i.jar().ID() == before {
		t.Error("an edit leaves the JAR as it was")
	}
	if n, _ := i.downloads(); len(n) > 0 {
		t.Errorf("downloaded again: %v", n)
	}
	if i.root.Root().Lookup("/src/target/tide-1.2.0.jar.original") == nil || i.root.Root().Lookup("/src/target/classes/app/tide/TideApplication.class") == nil {
		t.Error("target lacks what Maven leaves there")
	}
}

func TestOfflineLayer(t *testing.T) {
	i := newImage(t, "17.0.16", true).write("pom.xml", strings.Replace(pom, "JAVA", "17", 1)).must("mvn -B dependency:go-offline")
	if _, bytes := i.downloads(); bytes < 40e6 || bytes > 120e6 {
		t.Errorf("downloaded %d bytes", bytes)
	}
	i.boot().must("mvn -o package -DskipTests")
	if n, _ := i.downloads(); len(n) > 0 {
		t.Errorf("downloaded: %v", n)
	}
	i.must("mvn package") // surefire's provider for JUnit 5 is in no pom.xml
	if n, _ := i.downloads(); len(n) != 1 || n[0] != "surefire-junit-platform" {
		t.Errorf("downloaded: %v", n)
	}
	i.write("pom.xml", strings.NewReplacer("JAVA", "17", "<!-- MORE -->", "<dependency><groupId>org.springframework.boot</groupId><artifactId>spring-boot-starter-validation</artifactId></dependency>").Replace(pom)).
		must("mvn package -DskipTests")
	if n, _ := i.downloads(); len(n) != 5 { // the starter, hibernate-validator, jakarta.validation-api, jboss-logging, classmate
		t.Errorf("a new starter brings %v", n)
	}
}

func TestErrors(t *testing.T) {
	sources := func(i *image) { i.boot() }
	for _, c := range []struct {
		name  string
		java  string
		javac bool
		files func(i *image)
		line  string
		off   bool
		want  []string
	}{
		{"no pom", "17.0.16", true, func(*image) {}, "mvn package", false, []string{
			"[ERROR] The goal you specified requires a project to execute but there is no POM in this directory (/src). Please verify you invoked Maven from the correct directory. -> [Help 1]",
			"MissingProjectException"}},
		{"no goals", "17.0.16", true, sources, "mvn", false, []string{"No goals have been specified for this build."}},
		{"wrong phase", "17.0.16", true, sources, "mvn pakcage", false, []string{`Unknown lifecycle phase "pakcage".`}},
		{"no java", "", false, sources, "mvn package", false, []string{"The JAVA_HOME environment variable is not defined correctly,"}},
		{"runtime only", "17.0.16", false, sources, "mvn package", false, []string{"[ERROR] No compiler is provided in this environment. Perhaps you are running on a JRE rather than a JDK?"}},
		{"old compiler", "11.0.2", true, sources, "mvn package", false, []string{"Fatal error compiling: error: release version 17 not supported -> [Help 1]"}},
		{"no sources", "17.0.16", true, func(i *image) { i.write("pom.xml", strings.Replace(pom, "JAVA", "17", 1)) }, "mvn package", false, []string{"No sources to compile",
			"Execution repackage of goal org.springframework.boot:spring-boot-maven-plugin:3.5.6:repackage failed: Unable to find main class"}},
		{"offline", "17.0.16", true, sources, "mvn -o package", false, []string{"in offline mode and the artifact"}},
		{"no network", "17.0.16", true, sources, "mvn package", true, []string{"Temporary failure in name resolution"}},
		{"broken pom", "17.0.16", true, func(i *image) { i.write("pom.xml", "<project><a></project>") }, "mvn package", false, []string{"Non-parseable POM /src/pom.xml"}},
		{"unmanaged version", "17.0.16", true, func(i *image) {
			i.write("pom.xml", "<project><groupId>g</groupId><artifactId>a</artifactId><version>1</version><dependencies><dependency><groupId>x.y</groupId><artifactId>z</artifactId></dependency></dependencies></project>").
				write("src/main/java/A.java", "class A {}")
		}, "mvn package", false, []string{"'dependencies.dependency.version' for x.y:z:jar is missing."}},
		{"bad flag", "17.0.16", true, sources, "mvn --nope package", false, []string{"Unrecognized option: --nope"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			i := newImage(t, c.java, c.javac)
			c.files(i)
			i.off = c.off
			if code := i.run(c.line); code != 1 {
				t.Errorf("status %d", code)
			}
			for _, w := range c.want {
				if !strings.Contains(i.out.String(), w) {
					t.Errorf("output lacks %q:\n%s", w, i.out.String())
				}
			}
		})
	}
}

func TestRepositoryElsewhere(t *testing.T) {
	i := newImage(t, "17.0.16", true).boot().must("mvn -q -Dmaven.repo.local=/cache package -DskipTests")
	if i.root.Root().Lookup("/cache/org/springframework/spring-core") == nil || i.root.Root().Lookup("/root/.m2") != nil {
		t.Error("the repository is not where it was told to be")
	}
	if i.out.Len() > 0 {
		t.Errorf("-q prints %q", i.out.String())
	}
}

func TestModules(t *testing.T) {
	i := newImage(t, "21.0.4", true)
	i.write("pom.xml", `<project><groupId>g</groupId><artifactId>all</artifactId><version>1</version><packaging>pom</packaging>
		<modules><module>web</module><module>lib</module></modules><properties><maven.compiler.release>21</maven.compiler.release></properties></project>`)
	parent := `<parent><groupId>g</groupId><artifactId>all</artifactId><version>1</version></parent>`
	i.write("lib/pom.xml", `<project>`+parent+`<artifactId>lib</artifactId></project>`).write("lib/src/main/java/L.java", "class L {}")
	i.write("web/pom.xml", `<project>`+parent+`<artifactId>web</artifactId><dependencies><dependency><groupId>g</groupId><artifactId>lib</artifactId><version>${project.version}</version></dependency></dependencies></project>`).
		write("web/src/main/java/W.java", "class W {}")
	i.must("mvn package -pl web -am")
	for _, p := range []string{"/src/lib/target/lib-1.jar", "/src/web/target/web-1.jar"} {
		n := i.root.Root().Lookup(p)
		if n == nil || n.Content.Fact("java.major") != "65" {
			t.Errorf("%s: %+v", p, n)
		}
	}
	if out := i.out.String(); strings.Index(out, "g:lib") > strings.Index(out, "g:web") {
		t.Error("web is built before the library it needs")
	}
}

func FuzzPOM(f *testing.F) {
	f.Add(pom)
	f.Add("<project><properties><a>${b}</a><b>${a}</b></properties><version>${a}</version></project>")
	models := maven.Models()
	f.Fuzz(func(t *testing.T, text string) {
		i := newImage(t, "17.0.16", true).write("pom.xml", text).write("src/main/java/A.java", application)
		i.models = models
		i.run("mvn -B package")
	})
}

func BenchmarkPackage(b *testing.B) {
	i := newImage(b, "17.0.16", true).boot()
	base := i.root.Snapshot()
	for b.Loop() {
		i.root = tree.Begin(base)
		i.fs = vfs.New(i.root, func() int64 { return 0 }, nil).In("/src")
		i.must("mvn -B -ntp dependency:go-offline").must("mvn -B -ntp package -DskipTests")
	}
}
