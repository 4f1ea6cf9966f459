package java_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"path"
	"strings"
	"testing"

	"drydock/grader/report"
	"drydock/grader/tool"
	"drydock/grader/tool/java"
	"drydock/grader/tool/maven"
	"drydock/grader/tree"
	"drydock/grader/vfs"
)

const pom = `<project>
  <parent><groupId>org.springframework.boot</groupId><artifactId>spring-boot-starter-parent</artifactId><version>BOOT</version></parent>
  <groupId>app.tide</groupId><artifactId>tide</artifactId><version>1</version>
  <properties><java.version>JAVA</java.version></properties>
  <dependencies><dependency><groupId>org.springframework.boot</groupId><artifactId>spring-boot-starter-web</artifactId></dependency></dependencies>
  <build><finalName>app</finalName><plugins><plugin><groupId>org.springframework.boot</groupId><artifactId>spring-boot-maven-plugin</artifactId></plugin></plugins></build>
</project>`

type image struct {
	t      testing.TB
	fs     *vfs.FS
	root   *tree.Txn
	env    tool.Env
	out    bytes.Buffer
	served string
	models tool.Models
}

// newImage is a system with a JDK of a version.
func newImage(t testing.TB, version string) *image {
	root := tree.NewDir(0o755)
	root.PutAt("/app", tree.NewDir(0o755))
	root.PutAt("/root", tree.NewDir(0o700))
	models := java.Models()
	maps.Copy(models, maven.Models())
	for name := range models {
		root.PutAt("/opt/java/bin/"+name, tree.NewFile(0o755, tree.Declared(10_000, name+version, map[string]string{"program": name, "version": version, "elf": "static"})))
	}
	txn := tree.Begin(root)
	return &image{t: t, root: txn, fs: vfs.New(txn, func() int64 { return 0 }, nil).In("/app"), env: tool.Env{"PATH=/opt/java/bin", "HOME=/root"}, models: models}
}

func (i *image) write(p, text string) *image {
	i.t.Helper()
	return i.content(p, tree.Text(text))
}

func (i *image) content(p string, c *tree.Content) *image {
	i.t.Helper()
	p = path.Join("/app", p)
	if err := i.fs.MkdirAll(path.Dir(p), 0o755); err != nil {
		i.t.Fatal(err)
	}
	if err := i.fs.WriteContent(p, c, 0o644); err != nil {
		i.t.Fatal(err)
	}
	return i
}

func (i *image) run(line string) int {
	i.t.Helper()
	i.out.Reset()
	i.served = ""
	c := &tool.Call{Args: strings.Fields(line), Env: i.env, FS: i.fs, Stdout: &i.out, Stderr: &i.out, Host: &tool.Host{
		Models: i.models, Arch: "amd64", Record: func(report.Event) {}, Note: func(report.Note) {},
		Serve: func(_ context.Context, _ *tool.Call, s tool.Service) int {
			i.served = fmt.Sprint(s.Port, " ", s.Runtime, " ", s.Graceful, " ", len(s.Loaded))
			return 0
		}}}
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

func (i *image) serves(line string, port int) {
	i.t.Helper()
	i.must(line)
	if !strings.HasPrefix(i.served, fmt.Sprint(port, " java ")) {
		i.t.Errorf("%s: serves %q, want port %d\n%s", line, i.served, port, i.out.String())
	}
}

func (i *image) fails(line string, want string) {
	i.t.Helper()
	if code := i.run(line); code == 0 || !strings.Contains(i.out.String(), want) {
		i.t.Errorf("%s: status %d, output lacks %q:\n%s", line, code, want, i.out.String())
	}
}

// as replaces the runtime by one of another version.
func (i *image) as(version string) *image {
	i.t.Helper()
	c := tree.Declared(10_000, "java"+version, map[string]string{"program": "java", "version": version, "elf": "static"})
	if err := i.fs.WriteContent("/opt/java/bin/java", c, 0o755); err != nil {
		i.t.Fatal(err)
	}
	return i
}

func built(t testing.TB, boot, release string) *image {
	return newImage(t, "21.0.4").write("pom.xml", strings.NewReplacer("BOOT", boot, "JAVA", release).Replace(pom)).
		write("src/main/resources/application.yml", "server:\n  shutdown: graceful\n  port: ${PORT:8081}\n").
		write("src/main/java/app/tide/Tide.java", "package app.tide;\n@SpringBootApplication\npublic class Tide { public static void main(String[] a) {} }").must("mvn -q package -DskipTests")
}

func TestFatJAR(t *testing.T) {
	i := built(t, "3.5.6", "17")
	i.serves("java -jar target/app.jar", 8081)
	i.serves("java -Xmx256m -XX:+UseG1GC -Dspring.profiles.active=prod -jar target/app.jar --server.port=9000", 9000)
	i.env = i.env.With("SERVER_PORT", "7000")
	i.serves("java -jar target/app.jar", 7000)
	i.env = tool.Env{"PATH=/opt/java/bin", "PORT=6000"}
	i.serves("java -jar target/app.jar", 6000)
	i.fails("java -jar target/app.jar.original", "no main manifest attribute, in target/app.jar.original")
	i.as("11.0.16").fails("java -jar target/app.jar", "java.lang.UnsupportedClassVersionError: org/springframework/boot/loader/launch/JarLauncher has been compiled by a more recent version of the Java Runtime "+
		"(class file version 61.0), this version of the Java Runtime only recognizes class file versions up to 55.0")
	i = built(t, "3.5.6", "21").as("17.0.16")
	i.fails("java -jar target/app.jar", "java.lang.UnsupportedClassVersionError: app/tide/Tide has been compiled by a more recent version of the Java Runtime (class file version 65.0), "+
		"this version of the Java Runtime only recognizes class file versions up to 61.0")
}

func TestLayers(t *testing.T) {
	i := built(t, "3.5.6", "17")
	i.must("java -Djarmode=tools -jar target/app.jar extract --layers --launcher --destination out")
	for _, l := range []string{"dependencies/BOOT-INF/lib", "spring-boot-loader/org/springframework/boot/loader/launch", "snapshot-dependencies", "application/BOOT-INF/classes/app/tide"} {
		if !i.root.Root().Lookup("/app/out/" + l).IsDir() {
			t.Errorf("no folder %s", l)
		}
	}
	i.must("java -Djarmode=layertools -jar target/app.jar extract --destination run") // each layer is then copied into one folder
	for _, l := range []string{"dependencies", "spring-boot-loader", "application"} {
		at := i.root.Root().Lookup("/app/run/" + l)
		at.Walk("/merged", func(p string, n *tree.Node) bool {
			if n.Type == tree.File {
				i.content(p, n.Content)
			}
			return true
		})
	}
	i.fs = i.fs.In("/app/merged")
	i.serves("java org.springframework.boot.loader.launch.JarLauncher", 8081)
	i.fails("java org.springframework.boot.loader.JarLauncher", "Error: Could not find or load main class org.springframework.boot.loader.JarLauncher\nCaused by: java.lang.ClassNotFoundException: org.springframework.boot.loader.JarLauncher")
	if err := i.fs.RemoveAll("BOOT-INF/lib"); err != nil {
		t.Fatal(err)
	}
	i.fails("java org.springframework.boot.loader.launch.JarLauncher", "NoClassDefFoundError: org/springframework/boot/SpringApplication")
}

func TestThinJAR(t *testing.T) {
	i := built(t, "3.5.6", "17").must("java -Djarmode=tools -jar target/app.jar extract --destination out")
	i.serves("java -jar out/app.jar", 8081)
	if err := i.fs.RemoveAll("out/lib"); err != nil {
		t.Fatal(err)
	}
	i.fails("java -jar out/app.jar", "NoClassDefFoundError")
	i = built(t, "2.7.18", "8")
	i.fails("java -Djarmode=tools -jar target/app.jar extract", "Unsupported jarmode 'tools'")
	i.must("java -Djarmode=layertools -jar target/app.jar extract")
	i.must("jar xf target/app.jar")
	i.serves("java org.springframework.boot.loader.JarLauncher", 8081)
	i.as("1.8.0_392").serves("java -jar target/app.jar", 8081)
}

func TestMessages(t *testing.T) {
	i := newImage(t, "17.0.15").write("bad.jar", "not a jar").write("A.java", "public class A { public static void main(String[] a) {} }").write("B.java", "class B {}")
	for line, want := range map[string]string{
		"java -jar missing.jar":                  "Error: Unable to access jarfile missing.jar\n",
		"java -jar bad.jar":                      "Error: Invalid or corrupt jarfile bad.jar\n",
		"java C":                                 "Error: Could not find or load main class C\nCaused by: java.lang.ClassNotFoundException: C\n",
		"java -bogus -version":                   "Unrecognized option: -bogus\nError: Could not create the Java Virtual Machine.\nError: A fatal exception has occurred. Program will exit.\n",
		"java -Xmx -version":                     "Invalid maximum heap size: -Xmx\nError: Could not create the Java Virtual Machine.\n",
		"java -jar":                              "Error: -jar requires jar file specification\n",
		"javac A.java C.java":                    "error: file not found: C.java\n",
		"javac --release 21 A.java":              "error: release version 21 not supported\n",
		"jar xf none.jar":                        "java.nio.file.NoSuchFileException: none.jar\n",
		"jlink --add-modules foo.bar --output x": "Error: Module foo.bar not found\n",
	} {
		i.fails(line, want)
	}
	i.must("javac -d out A.java").must("java -cp out A").must("javac B.java")
	i.fails("java B", "Error: Main method not found in class B")
	i.must("jar cfe m.jar A -C out .").must("java -jar m.jar").must("jar cf n.jar out/A.class")
	i.fails("java -jar n.jar", "no main manifest attribute, in n.jar")
	i.write("opts", "-Xmx64m\n-ea").must("java @opts -cp out A").fails("java @nope A", "Error: could not open `nope'")
	i.env = i.env.With("JAVA_TOOL_OPTIONS", "-Xmx20m")
	i.must("java -cp out A")
	if got := i.out.String(); got != "Picked up JAVA_TOOL_OPTIONS: -Xmx20m\n" {
		t.Errorf("%q", got)
	}
}

// TestLink compares a runtime of java.base alone with one that was measured (46,384,407 bytes on disk, folders included).
func TestLink(t *testing.T) {
	i := newImage(t, "17.0.15").must("jlink --add-modules java.base --strip-debug --output /opt/jre")
	if b := i.root.Root().Lookup("/opt/jre").Totals().Bytes; b < 43e6 || b > 48e6 {
		t.Errorf("%d bytes", b)
	}
	i.write("A.java", "public class A { public static void main(String[] a) { new ServerSocket(9999); } }").must("javac A.java")
	i.serves("/opt/jre/bin/java A", 9999)
}

func TestUnknownJAR(t *testing.T) {
	i := newImage(t, "17.0.15").content("app.jar", tree.Declared(100_000_000, "app.jar", nil))
	i.serves("java -jar app.jar", 8080)
}

func FuzzCommandLine(f *testing.F) {
	f.Add("-cp a:b/* C")
	f.Add("-jar app.jar extract")
	f.Add("@args -Dx=y --add-modules")
	models := newImage(f, "17.0.15").models
	f.Fuzz(func(t *testing.T, line string) {
		i := newImage(t, "17.0.15").write("args", line)
		i.models = models
		for _, name := range []string{"java ", "javac ", "jar ", "jlink ", "keytool "} {
			i.run(name + line)
		}
	})
}
