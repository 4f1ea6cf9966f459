package fidelity

import (
	_ "embed"
	"encoding/json"
	"strings"
)

// Agreement says how far the simulation agrees with a real build. The conformance command writes it: `go run . -publish` in
// grader/conformance from what is recorded, `go run . -corpus` there also builds BuildKit's own tests on both sides first.
type Agreement struct {
	BuildKit string `json:"buildkit"`
	Date     string `json:"date"` // 2006-01-02
	Kinds    []Kind `json:"kinds"`
	Corpus   Corpus `json:"corpus"`
}

// Kind is how the cases of one kind came out.
type Kind struct {
	Name   string      `json:"name"`
	Cases  int         `json:"cases"`
	Agree  int         `json:"agree"`
	Differ []Differing `json:"differ,omitempty"`
}

// Differing is a case that does not come out the same.
type Differing struct {
	Case  string `json:"case"`
	Point string `json:"point"` // the first that differs, as in [Difference]
	Text  string `json:"text"`
	Why   string `json:"why,omitempty"`
}

// Corpus is how BuildKit's own tests came out.
type Corpus struct {
	Date    string         `json:"date"`
	Found   int            `json:"found"`   // places that solve a Dockerfile
	Usable  int            `json:"usable"`  // that need nothing but what both sides have
	Agree   int            `json:"agree"`   // of the usable ones
	Skipped map[string]int `json:"skipped"` // what the others need
	Differ  []Differing    `json:"differ,omitempty"`
}

// Total counts the cases of all kinds.
func (a *Agreement) Total() (cases, agree int) {
	for _, k := range a.Kinds {
		cases += k.Cases
		agree += k.Agree
	}
	return cases, agree
}

//go:embed agreement.json
var published []byte

// Published returns the agreement as it was last written.
func Published() *Agreement {
	a := &Agreement{}
	if err := json.Unmarshal(published, a); err != nil {
		panic("fidelity: agreement.json: " + err.Error()) // embedded, and read by a test
	}
	return a
}

// kinds names the kinds of cases by how their names begin; the first that fits counts.
var kinds = []struct{ prefix, name string }{
	{"fact", "recorded facts (R1 to R20)"}, {"add-", "ADD and archives"}, {"apt", "apt and dpkg"}, {"arg", "ARG and ENV"}, {"env", "ARG and ENV"}, {"targetarch", "ARG and ENV"},
	{"awk", "find, sed, awk, grep, tar"}, {"find", "find, sed, awk, grep, tar"}, {"sed", "find, sed, awk, grep, tar"},
	{"grep", "find, sed, awk, grep, tar"}, {"tar-", "find, sed, awk, grep, tar"}, {"gzip", "find, sed, awk, grep, tar"},
	{"xargs", "find, sed, awk, grep, tar"}, {"bash", "shell: bash"}, {"sh-bash", "shell: bash"}, {"sh-", "shell: dash"},
	{"bind", "mounts and secrets"}, {"mount", "mounts and secrets"}, {"secret", "mounts and secrets"}, {"cache", "caching"},
	{"config", "configuration"}, {"workdir", "configuration"}, {"copy", "COPY"}, {"ctx", "context and .dockerignore"},
	{"ignore", "context and .dockerignore"}, {"cu-", "coreutils"}, {"err", "refused by the frontend"}, {"exec", "exec form"},
	{"heredoc", "here-documents"}, {"layer", "layers and whiteouts"}, {"node", "npm and node"}, {"npm", "npm and node"},
	{"onbuild", "stages and ONBUILD"}, {"stage", "stages and ONBUILD"}, {"target", "stages and ONBUILD"}, {"user", "users and permissions"},
}

// Kind names the kind of a case.
func (c *Case) Kind() string {
	for _, k := range kinds {
		if strings.HasPrefix(c.Name, k.prefix) {
			return k.name
		}
	}
	return "other"
}
