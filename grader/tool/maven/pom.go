package maven

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
)

// pom is a pom.xml as it is written.
type pom struct {
	GroupID    string     `xml:"groupId"`
	ArtifactID string     `xml:"artifactId"`
	Version    string     `xml:"version"`
	Packaging  string     `xml:"packaging"`
	Parent     *parentRef `xml:"parent"`
	Properties properties `xml:"properties"`
	Modules    []string   `xml:"modules>module"`
	Managed    []depRef   `xml:"dependencyManagement>dependencies>dependency"`
	Deps       []depRef   `xml:"dependencies>dependency"`
	FinalName  string     `xml:"build>finalName"`
	Plugins    []pluginEl `xml:"build>plugins>plugin"`
	Profiles   []profile  `xml:"profiles>profile"`
}

type parentRef struct {
	GroupID      string  `xml:"groupId"`
	ArtifactID   string  `xml:"artifactId"`
	Version      string  `xml:"version"`
	RelativePath *string `xml:"relativePath"`
}

type depRef struct {
	GroupID    string   `xml:"groupId"`
	ArtifactID string   `xml:"artifactId"`
	Version    string   `xml:"version"`
	Scope      string   `xml:"scope"`
	Type       string   `xml:"type"`
	Optional   string   `xml:"optional"`
	Exclusions []depRef `xml:"exclusions>exclusion"`
}

type pluginEl struct {
	GroupID    string `xml:"groupId"`
	ArtifactID string `xml:"artifactId"`
	Version    string `xml:"version"`
	Config     struct {
		Release   string `xml:"release"`
		Source    string `xml:"source"`
		Target    string `xml:"target"`
		MainClass string `xml:"mainClass"`
		Skip      string `xml:"skip"`
		Manifest  string `xml:"archive>manifest>mainClass"`
	} `xml:"configuration"`
	Goals []string `xml:"executions>execution>goals>goal"`
}

type profile struct {
	ID   string   `xml:"id"`
	Deps []depRef `xml:"dependencies>dependency"`
}

// properties are elements of any name.
type properties map[string]string

// UnmarshalXML reads each child element as a property.
func (p *properties) UnmarshalXML(d *xml.Decoder, _ xml.StartElement) error {
	*p = properties{}
	for {
		t, err := d.Token()
		if err != nil {
			return err
		}
		switch e := t.(type) {
		case xml.StartElement:
			var v string
			if err := d.DecodeElement(&v, &e); err != nil {
				return err
			}
			(*p)[e.Name.Local] = strings.TrimSpace(v)
		case xml.EndElement:
			return nil
		}
	}
}

// project is a pom.xml with what it inherits.
type project struct {
	*pom
	dir    string
	file   string
	props  map[string]string
	boot   string   // version of Spring Boot, "" where the project has none
	parent *project // in the same source tree
}

func (p *project) id() string { return p.GroupID + ":" + p.ArtifactID }

// expand replaces ${…} by properties.
func (p *project) expand(s string) string {
	for range 10 {
		i := strings.Index(s, "${")
		if i < 0 {
			return s
		}
		j := strings.Index(s[i:], "}")
		if j < 0 {
			return s
		}
		v, ok := p.props[s[i+2:i+j]]
		if !ok || len(s) > 10_000 {
			return s
		}
		s = s[:i] + v + s[i+j+1:]
	}
	return s
}

// badProject is a pom.xml that Maven does not take.
type badProject struct {
	file, problem string
}

func (e *badProject) Error() string { return e.problem + " " + e.file }

// maxParents bounds how far parents in the source tree are followed.
const maxParents = 10

func (m *session) project(file string, depth int) (*project, error) {
	data, err := m.FS.ReadFile(file)
	if err != nil {
		return nil, err
	}
	raw := &pom{}
	if err := xml.Unmarshal(data, raw); err != nil {
		var syntax *xml.SyntaxError
		line := 1
		text := err.Error()
		if errors.As(err, &syntax) {
			line, text = syntax.Line, syntax.Msg
		}
		if errors.Is(err, io.EOF) {
			text = "only whitespace content allowed before start tag and not EOF"
		}
		return nil, &badProject{file: m.FS.Abs(file), problem: fmt.Sprintf("Non-parseable POM %s: %s (position: line %d)", m.FS.Abs(file), text, line)}
	}
	p := &project{pom: raw, dir: path.Dir(m.FS.Abs(file)), file: m.FS.Abs(file), props: map[string]string{}}
	if raw.Parent != nil {
		if err := m.inherit(p, depth); err != nil {
			return nil, err
		}
	}
	for k, v := range raw.Properties {
		p.props[k] = v
	}
	for k, v := range m.defines {
		p.props[k] = v
	}
	p.Version = p.expand(strings.TrimSpace(p.Version))
	p.GroupID, p.ArtifactID = p.expand(strings.TrimSpace(p.GroupID)), strings.TrimSpace(p.ArtifactID)
	for k, v := range map[string]string{"groupId": p.GroupID, "artifactId": p.ArtifactID, "version": p.Version} {
		p.props["project."+k], p.props["pom."+k] = v, v
	}
	p.props["project.basedir"], p.props["basedir"] = p.dir, p.dir
	if p.Packaging == "" {
		p.Packaging = "jar"
	}
	for _, d := range p.Managed {
		if d.GroupID == bootGroup && d.ArtifactID == "spring-boot-dependencies" {
			p.boot = p.expand(d.Version)
		}
	}
	if p.GroupID == "" || p.Version == "" || p.ArtifactID == "" {
		missing := "groupId"
		if p.ArtifactID == "" {
			missing = "artifactId"
		} else if p.GroupID != "" {
			missing = "version"
		}
		return nil, &badProject{file: p.file, problem: fmt.Sprintf("'%s' is missing. @ line 1, column 1", missing)}
	}
	return p, nil
}

const bootGroup = "org.springframework.boot"

// inherit takes over what the parent says: a known one of Spring Boot, or one in the source tree.
func (m *session) inherit(p *project, depth int) error {
	ref := p.Parent
	ref.Version = strings.TrimSpace(ref.Version)
	if p.GroupID == "" {
		p.GroupID = ref.GroupID
	}
	if p.Version == "" {
		p.Version = ref.Version
	}
	if ref.GroupID == bootGroup {
		p.boot = ref.Version
		line := m.reg.Line(ref.Version)
		p.props["java.version"] = fmt.Sprint(line.Java)
		if line.Java == 8 {
			p.props["java.version"] = "1.8"
		}
		p.props["maven.compiler.release"] = "${java.version}"
		return nil
	}
	at := "../pom.xml"
	if ref.RelativePath != nil {
		at = strings.TrimSpace(*ref.RelativePath)
	}
	if at == "" {
		return nil
	}
	at = path.Join(p.dir, at)
	if m.FS.IsDir(at) {
		at = path.Join(at, "pom.xml")
	}
	if depth >= maxParents {
		return &badProject{file: p.file, problem: "The parents form a cycle:"}
	}
	up, err := m.project(at, depth+1)
	if errors.Is(err, fs.ErrNotExist) {
		if strings.HasPrefix(ref.GroupID, "org.") || strings.HasPrefix(ref.GroupID, "io.") || strings.HasPrefix(ref.GroupID, "com.") {
			m.note("unknown", "Nothing is known about the parent "+ref.GroupID+":"+ref.ArtifactID+": it is taken to add nothing.")
			return nil
		}
		return &badProject{file: p.file, problem: fmt.Sprintf("Non-resolvable parent POM for %s:%s:%s: Could not find artifact %s:%s:pom:%s and 'parent.relativePath' points at wrong local POM",
			p.GroupID, p.ArtifactID, p.Version, ref.GroupID, ref.ArtifactID, ref.Version)}
	}
	if err != nil {
		return err
	}
	p.parent, p.boot = up, up.boot
	for k, v := range up.props {
		if !strings.HasPrefix(k, "project.") && !strings.HasPrefix(k, "pom.") {
			p.props[k] = v
		}
	}
	p.Managed = append(p.Managed, up.Managed...)
	p.Deps = append(p.Deps, up.Deps...)
	p.Plugins = append(p.Plugins, up.Plugins...)
	return nil
}

// plugin returns the project's own element for a plugin, or nil.
func (p *project) plugin(name string) *pluginEl {
	for i := range p.Plugins {
		if p.Plugins[i].ArtifactID == name {
			return &p.Plugins[i]
		}
	}
	return nil
}

// finalName is the name of the JAR, without its ending.
func (p *project) finalName() string {
	if p.FinalName != "" {
		return path.Base(p.expand(p.FinalName))
	}
	return p.ArtifactID + "-" + p.Version
}

// release is the version of Java that is compiled for.
func (p *project) release() int {
	c := pluginEl{}
	if e := p.plugin("maven-compiler-plugin"); e != nil {
		c = *e
	}
	for _, v := range []string{c.Config.Release, "${maven.compiler.release}", c.Config.Target, "${maven.compiler.target}", c.Config.Source, "${maven.compiler.source}"} {
		v = strings.TrimPrefix(p.expand(v), "1.")
		var n int
		if _, err := fmt.Sscanf(v, "%d", &n); err == nil && n > 0 {
			return n
		}
	}
	return 8
}
