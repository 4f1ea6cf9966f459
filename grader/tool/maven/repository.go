package maven

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	catalogue "drydock/grader/catalogue/maven"
	"drydock/grader/report"
	"drydock/grader/tree"
	"drydock/grader/vfs"
)

// scoped is an artifact with the scope that a project needs it in.
type scoped struct {
	catalogue.Artifact
	scope string // "compile", "runtime", "provided", "test"
}

// artifacts works out what a project depends on, each artifact once, in the widest scope that asks for it. siblings are the other modules' coordinates.
func (m *session) artifacts(p *project, siblings map[string]*project) ([]scoped, error) {
	line := m.reg.Line(p.boot)
	if p.boot == "" {
		line = m.reg.Lines[len(m.reg.Lines)-2]
	}
	var out []scoped
	at := map[string]int{}
	deps := p.Deps
	for _, pr := range p.Profiles {
		if slices.Contains(m.profiles, pr.ID) {
			deps = append(slices.Clone(deps), pr.Deps...)
		}
	}
	for _, d := range deps {
		g, n := p.expand(strings.TrimSpace(d.GroupID)), p.expand(strings.TrimSpace(d.ArtifactID))
		if siblings[g+":"+n] != nil || d.Type == "pom" {
			continue
		}
		version := p.expand(strings.TrimSpace(d.Version))
		scope := d.Scope
		for _, managed := range p.Managed {
			if p.expand(managed.GroupID) == g && p.expand(managed.ArtifactID) == n {
				if version == "" {
					version = p.expand(managed.Version)
				}
				if scope == "" {
					scope = managed.Scope
				}
			}
		}
		if scope == "" {
			scope = "compile"
		}
		if version == "" && p.boot != "" {
			if version = line.Version(g, n, p.boot); version == "" && (hasImport(p) || managedByBoot(g)) {
				version = "1.0.0"
			}
		}
		if version == "" && hasImport(p) {
			version = "1.0.0"
		}
		if version == "" {
			return nil, &badProject{file: p.file, problem: fmt.Sprintf("'dependencies.dependency.version' for %s:%s:jar is missing.", g, n)}
		}
		var exclude []string
		for _, e := range d.Exclusions {
			exclude = append(exclude, e.GroupID+":"+e.ArtifactID)
		}
		boot := p.boot
		if boot == "" {
			boot = version
		}
		for i, a := range line.Closure(g, n, version, boot, exclude) {
			if i > 0 && d.Optional == "true" && scope != "compile" {
				continue
			}
			id := a.Group + ":" + a.Name
			if k, ok := at[id]; ok {
				if wider(scope, out[k].scope) {
					out[k].scope = scope
				}
				continue
			}
			at[id] = len(out)
			out = append(out, scoped{a, scope})
		}
	}
	return out, nil
}

// managedByBoot reports whether a group is one whose versions Spring Boot's parent manages, as far as its name tells.
func managedByBoot(group string) bool {
	for _, g := range []string{"org.springframework", "com.fasterxml.jackson", "org.apache", "io.micrometer", "io.projectreactor", "org.junit", "org.hibernate", "jakarta.",
		"org.testcontainers", "com.microsoft.sqlserver", "com.oracle", "io.netty", "org.eclipse", "io.opentelemetry", "io.zipkin", "org.jooq", "org.ehcache", "com.github.ben-manes", "org.mockito", "io.rest-assured"} {
		if strings.HasPrefix(group, g) {
			return true
		}
	}
	return false
}

func hasImport(p *project) bool {
	return slices.ContainsFunc(p.Managed, func(d depRef) bool { return d.Scope == "import" })
}

func wider(a, b string) bool {
	rank := map[string]int{"compile": 3, "runtime": 2, "provided": 1, "test": 0}
	return rank[a] > rank[b]
}

// shipped reports whether a scope's artifacts are packed into an executable JAR.
func shipped(scope string) bool { return scope == "compile" || scope == "runtime" }

// need is something that has to be in the local repository.
type need struct {
	catalogue.Artifact
	dev   bool // for tests, or a plugin
	files int  // of a plugin with what it brings: how many JARs its size is spread over
}

// pluginNeed is a plugin as a need.
func pluginNeed(p catalogue.Plugin, version string) need {
	return need{Artifact: catalogue.Artifact{Group: p.Group, Name: p.Name, Version: version, Bytes: p.Bytes}, dev: true, files: p.Files}
}

// repository is the local repository's folder.
func (m *session) repository() string {
	if r := m.defines["maven.repo.local"]; r != "" {
		return m.FS.Abs(r)
	}
	for _, p := range []string{m.settings, path.Join(m.home(), ".m2/settings.xml"), "/usr/share/maven/conf/settings.xml"} {
		if p == "" {
			continue
		}
		if data, err := m.FS.ReadFile(p); err == nil {
			if r := element(string(data), "localRepository"); r != "" {
				return m.FS.Abs(strings.ReplaceAll(strings.ReplaceAll(r, "${user.home}", m.home()), "${env.HOME}", m.home()))
			}
		}
	}
	return path.Join(m.home(), ".m2/repository")
}

// element returns the text of the first element of a name that is not in a comment.
func element(text, name string) string {
	for {
		i := strings.Index(text, "<!--")
		if i < 0 {
			break
		}
		j := strings.Index(text[i:], "-->")
		if j < 0 {
			text = text[:i]
			break
		}
		text = text[:i] + text[i+j+3:]
	}
	_, rest, ok := strings.Cut(text, "<"+name+">")
	if !ok {
		return ""
	}
	v, _, ok := strings.Cut(rest, "</"+name+">")
	if !ok {
		return ""
	}
	return strings.TrimSpace(v)
}

// fetch makes sure that artifacts are in the local repository, and records which had to be downloaded.
func (m *session) fetch(p *project, needs []need) error {
	repo := m.repository()
	fresh := !m.FS.Exists(repo)
	var missing []need
	seen := map[string]bool{}
	for _, n := range needs {
		if seen[n.ID()] {
			continue
		}
		seen[n.ID()] = true
		if !fresh && m.FS.Exists(path.Join(repo, n.Dir(), n.File())) {
			if !m.met[n.ID()] {
				m.met[n.ID()] = true
				m.Record(report.Event{Kind: "cache-hit", Tool: "maven", Name: n.Name, Version: n.Version, Bytes: n.Bytes, Dev: n.dev})
			}
			continue
		}
		missing = append(missing, n)
	}
	if len(missing) == 0 {
		return nil
	}
	first := missing[0]
	switch {
	case m.offline:
		return m.goalFailure(p, "", fmt.Sprintf("Could not resolve dependencies for project %s:%s:%s:%s: Cannot access central (%s) in offline mode and the artifact %s:%s:jar:%s has not been downloaded from it before.",
			p.GroupID, p.ArtifactID, p.Packaging, p.Version, central, first.Group, first.Name, first.Version), "DependencyResolutionException")
	case m.Offline:
		return m.goalFailure(p, "", fmt.Sprintf("Could not resolve dependencies for project %s:%s:%s:%s: Failed to collect dependencies: Could not transfer artifact %s:%s:pom:%s from/to central (%s): %s: Temporary failure in name resolution",
			p.GroupID, p.ArtifactID, p.Packaging, p.Version, first.Group, first.Name, first.Version, central, strings.TrimPrefix(strings.TrimSuffix(central, "/maven2"), "https://")), "DependencyResolutionException")
	}
	if err := m.FS.MkdirAll(repo, 0o755); err != nil {
		return m.repositoryDenied(p, repo, err)
	}
	if err := m.FS.Access(repo, 2); err != nil {
		return m.repositoryDenied(p, repo, err)
	}
	for _, n := range missing {
		m.met[n.ID()] = true
		m.Record(report.Event{Kind: "download", Tool: "maven", Name: n.Name, Version: n.Version, Bytes: n.Bytes, Dev: n.dev})
		if !m.quiet && !m.noProgress {
			m.Printf("[INFO] Downloaded from central: %s/%s/%s (%s)\n", central, n.Dir(), n.File(), sizeText(n.Bytes))
		}
		if err := m.store(repo, n); err != nil {
			return m.repositoryDenied(p, repo, err)
		}
	}
	m.note("estimate", "Sizes of Maven artifacts are estimates from what is known of these libraries.")
	var unknown []string
	for _, n := range missing {
		if n.Guess {
			unknown = append(unknown, n.Group+":"+n.Name)
		}
	}
	if len(unknown) > 0 {
		m.note("unknown", "Nothing is known about "+strings.Join(unknown[:min(5, len(unknown))], ", ")+": taken to exist, to be of middling size and to need nothing.")
	}
	return nil
}

// central is the repository that Maven asks unless told otherwise.
const central = "https://repo.maven.apache.org/maven2"

func sizeText(n int64) string {
	switch {
	case n >= 10_000_000:
		return fmt.Sprintf("%d MB", n/1_000_000)
	case n >= 1_000_000:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%d kB", max(n/1000, 1))
}

func (m *session) repositoryDenied(p *project, repo string, err error) error {
	if !errors.Is(err, fs.ErrPermission) && !vfsReadOnly(err) {
		return err
	}
	return m.goalFailure(p, "", fmt.Sprintf("Could not resolve dependencies for project %s:%s:%s:%s: Could not create local repository at %s", p.GroupID, p.ArtifactID, p.Packaging, p.Version, repo),
		"LocalRepositoryNotAccessibleException")
}

func vfsReadOnly(err error) bool { return strings.Contains(vfs.Message(err), "Read-only") }

// store puts an artifact's folder into the repository.
func (m *session) store(repo string, n need) error {
	if err := m.FS.MkdirAll(path.Join(repo, path.Dir(n.Dir())), 0o755); err != nil {
		return err
	}
	at := path.Join(repo, n.Dir())
	if n.files <= 1 {
		return m.FS.Graft(at, m.shelf.folder(n, m.FS.Cred))
	}
	// What a plugin brings along is known in sum only: it is spread over JARs beside the plugin's own folder.
	own := n
	own.Bytes, own.files = n.Bytes/int64(n.files)/2, 0
	if err := m.FS.Graft(at, m.shelf.folder(own, m.FS.Cred)); err != nil {
		return err
	}
	rest := n
	rest.Name, rest.Bytes = n.Name+"-dependencies", n.Bytes-own.Bytes
	return m.FS.Graft(path.Join(repo, path.Dir(rest.Dir())), m.shelf.spread(rest, m.FS.Cred))
}

// spread is a folder of JARs that a plugin brings along, each in a folder of its own.
func (s *shelf) spread(n need, c vfs.Cred) *tree.Node {
	return s.recall(fmt.Sprintf("spread %s %d:%d", n.ID(), c.UID, c.GID), func() *tree.Node {
		dir := tree.NewDir(0o755)
		dir.UID, dir.GID = c.UID, c.GID
		for i := range n.files - 1 {
			part := need{Artifact: n.Artifact}
			part.Version, part.Bytes = fmt.Sprintf("%s-%02d", n.Version, i+1), n.Bytes/int64(n.files-1)
			dir.Put(part.Version, artifactFolder(part, c))
		}
		return dir
	})
}

// pomSize is that of a middling pom.xml in a repository.
const pomSize = 3_200

// folder is an artifact's folder.
func (s *shelf) folder(n need, c vfs.Cred) *tree.Node {
	return s.recall(fmt.Sprintf("%s %d %d:%d", n.ID(), n.Bytes, c.UID, c.GID), func() *tree.Node { return artifactFolder(n, c) })
}

func (s *shelf) recall(key string, fill func() *tree.Node) *tree.Node {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d := s.folders[key]; d != nil {
		return d
	}
	if s.folders == nil || len(s.folders) > keep {
		s.folders = map[string]*tree.Node{}
	}
	d := fill()
	s.folders[key] = d
	return d
}

// artifactFolder holds the JAR, its pom and the checksums, as Maven leaves them.
func artifactFolder(n need, c vfs.Cred) *tree.Node {
	dir := tree.NewDir(0o755)
	dir.UID, dir.GID = c.UID, c.GID
	put := func(name string, size int64, facts map[string]string) {
		f := tree.NewFile(0o644, tree.Declared(size, "maven:"+n.ID()+"/"+name, facts))
		f.UID, f.GID, f.ModTime = c.UID, c.GID, epoch
		dir.Put(name, f)
	}
	stem := n.Name + "-" + n.Version
	put(stem+".jar", n.Bytes, jarFacts(n.Artifact))
	put(stem+".jar.sha1", 40, nil)
	put(stem+".pom", pomSize, nil)
	put(stem+".pom.sha1", 40, nil)
	put("_remote.repositories", 190, nil)
	return dir
}

// epoch is the time that downloaded files carry.
const epoch = 1_577_836_800_000_000_000

func jarFacts(a catalogue.Artifact) map[string]string {
	return map[string]string{"kind": "jar", "package": "maven:" + a.ID()}
}
