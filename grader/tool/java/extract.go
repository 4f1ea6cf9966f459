package java

import (
	"fmt"
	"path"
	"strings"

	"drydock/grader/tree"
)

// layers are the folders that a JAR is taken apart into, in the order in which they change less and less often.
var layers = []string{"dependencies", "spring-boot-loader", "snapshot-dependencies", "application"}

// jarMode is java -Djarmode=layertools and -Djarmode=tools.
func (m *machine) jarMode(mode string, c *tree.Content) int {
	newer := mode == "tools"
	if mode != "tools" && mode != "layertools" || newer && !atLeast(c.Fact("java.boot"), 3, 3) || !newer && atLeast(c.Fact("java.boot"), 4, 0) {
		m.Errorf("Error: Unsupported jarmode '%s'", mode)
		return 1
	}
	if len(m.args) == 0 {
		m.Printf("Usage:\n  java -Djarmode=%s -jar %s\n\nAvailable commands:\n  extract  Extract the contents from the jar\n", mode, path.Base(m.jar))
		return 0
	}
	dest, layered, launcher := "", !newer, !newer
	var err error
	for i := 1; i < len(m.args); i++ {
		a := m.args[i]
		name, value, has := strings.Cut(a, "=")
		switch name {
		case "--destination":
			if !has && i+1 < len(m.args) {
				i++
				value = m.args[i]
			}
			dest = value
		case "--layers":
			layered = true
		case "--launcher":
			launcher = true
		case "--force":
		}
	}
	switch m.args[0] {
	case "list", "list-layers":
		m.Printf("%s\n", strings.Join(layers, "\n"))
		return 0
	case "extract":
	default:
		m.Errorf("Error: Unknown command %q", m.args[0])
		return 1
	}
	if dest == "" {
		dest = "."
		if newer {
			dest = strings.TrimSuffix(path.Base(m.jar), ".jar")
		}
	}
	if launcher {
		err = m.explode(c, dest, layered)
	} else {
		err = m.thin(c, dest, layered)
	}
	if err != nil {
		m.Errorf("Error: %v", err)
		return 1
	}
	return 0
}

func atLeast(version string, major, minor int) bool {
	var a, b int
	_, _ = fmt.Sscanf(version, "%d.%d", &a, &b)
	return a > major || a == major && b >= minor
}

// explode unpacks a JAR as it is, or into a folder for each layer.
func (m *machine) explode(c *tree.Content, dest string, layered bool) error {
	at := func(layer, p string) string {
		if layered {
			return path.Join(dest, layer, p)
		}
		return path.Join(dest, p)
	}
	if layered {
		for _, l := range layers {
			if err := m.FS.MkdirAll(path.Join(dest, l), 0o755); err != nil {
				return err
			}
		}
	}
	for _, l := range list(c.Fact("java.libs")) {
		layer := "dependencies"
		if strings.Contains(l.path, "-SNAPSHOT") {
			layer = "snapshot-dependencies"
		}
		if err := m.put(at(layer, path.Join("BOOT-INF/lib", l.path)), library(l)); err != nil {
			return err
		}
	}
	if l := c.Fact("java.loader"); l != "" {
		facts := map[string]string{"kind": "class", "java.major": loaderMajor(c.Fact("java.boot")), "java.main": l}
		dir := strings.ReplaceAll(l[:strings.LastIndex(l, ".")], ".", "/")
		for _, f := range []entry{{"JarLauncher.class", 2_600}, {"PropertiesLauncher.class", 24_000}, {"WarLauncher.class", 2_700}, {"Launcher.class", 8_000}, {"rest.bin", 150_000}} {
			if err := m.put(at("spring-boot-loader", path.Join(dir, f.path)), tree.Declared(f.size, "boot-loader:"+c.Fact("java.boot")+"/"+f.path, facts)); err != nil {
				return err
			}
		}
	}
	manifest := fmt.Sprintf("Manifest-Version: 1.0\nMain-Class: %s\nStart-Class: %s\nSpring-Boot-Version: %s\nSpring-Boot-Classes: BOOT-INF/classes/\nSpring-Boot-Lib: BOOT-INF/lib/\n",
		c.Fact("java.loader"), c.Fact("java.main"), c.Fact("java.boot"))
	if c.Fact("java.loader") == "" {
		manifest = "Manifest-Version: 1.0\n"
		if main := c.Fact("java.main"); main != "" {
			manifest += "Main-Class: " + main + "\n"
		}
	}
	if err := m.put(at("application", "META-INF/MANIFEST.MF"), tree.Text(manifest)); err != nil {
		return err
	}
	inside := "BOOT-INF/classes"
	if c.Fact("java.loader") == "" {
		inside = ""
	} else if err := m.put(at("application", "BOOT-INF/classpath.idx"), tree.Text("- \""+strings.Join(names(list(c.Fact("java.libs")), "BOOT-INF/lib/"), "\"\n- \"")+"\"\n")); err != nil {
		return err
	}
	for _, f := range list(c.Fact("java.files")) {
		if err := m.put(at("application", path.Join(inside, f.path)), classContent(c, f)); err != nil {
			return err
		}
	}
	return nil
}

func names(list []entry, prefix string) []string {
	out := make([]string, len(list))
	for i, l := range list {
		out[i] = prefix + l.path
	}
	return out
}

// library is the content of a JAR that was packed into another.
func library(l entry) *tree.Content {
	return tree.Declared(l.size, "jar:"+l.path, map[string]string{"kind": "jar", "package": "maven:" + strings.TrimSuffix(l.path, ".jar")})
}

// classContent is a class or resource that was packed into a JAR.
func classContent(c *tree.Content, f entry) *tree.Content {
	id := c.ID() + "!" + f.path
	if !strings.HasSuffix(f.path, ".class") {
		return tree.Declared(f.size, id, nil)
	}
	facts := map[string]string{"kind": "class", "java.major": c.Fact("java.major")}
	if strings.ReplaceAll(strings.TrimSuffix(f.path, ".class"), "/", ".") == c.Fact("java.main") {
		for _, k := range []string{"java.main", "listens", "java.boot"} {
			if v := c.Fact(k); v != "" {
				facts[k] = v
			}
		}
	}
	return tree.Declared(f.size, id, facts)
}

// thin unpacks a JAR into a small one and its libraries beside it, each layer in a folder where that is asked for.
func (m *machine) thin(c *tree.Content, dest string, layered bool) error {
	libs, app := path.Join(dest, "lib"), path.Join(dest, path.Base(m.jar))
	if layered {
		for _, l := range layers {
			if err := m.FS.MkdirAll(path.Join(dest, l), 0o755); err != nil {
				return err
			}
		}
		libs, app = path.Join(dest, "dependencies/lib"), path.Join(dest, "application", path.Base(m.jar))
	}
	all := list(c.Fact("java.libs"))
	size := c.Size()
	var beside []string
	for _, l := range all {
		if strings.HasPrefix(l.path, "spring-boot-jarmode") {
			continue
		}
		size -= l.size
		beside = append(beside, "lib/"+l.path)
		if err := m.put(path.Join(libs, l.path), library(l)); err != nil {
			return err
		}
	}
	facts := map[string]string{"java.classpath": strings.Join(beside, "\n")}
	for k, v := range c.Facts() {
		if k != "java.libs" && k != "java.fat" && k != "java.loader" {
			facts[k] = v
		}
	}
	return m.put(app, tree.Declared(max(size-190_000, 2_000), c.ID()+":thin", facts))
}
