package catalogue

import (
	"embed"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"drydock/grader/catalogue/internal/pack"
)

// data holds the facts: made by internal/gen (*.zst, *.pack) or written by hand (*.json, *.txt, parts), each with its source inside.
//
//go:embed data
var data embed.FS

// record is what images.json says of an image.
type record struct {
	Bytes      int64             `json:"bytes"`
	Compressed int64             `json:"compressed"`
	Layers     []int64           `json:"layers"`
	History    []historyLine     `json:"history"`
	Env        map[string]string `json:"env"`
	Entrypoint []string          `json:"entrypoint"`
	Cmd        []string          `json:"cmd"`
	Workdir    string            `json:"workdir"`
	Ports      []string          `json:"ports"`
	Volumes    []string          `json:"volumes"`
	OS         string            `json:"os"`
	Libc       string            `json:"libc"`
	Tools      []string          `json:"tools"`
	Packages   []string          `json:"packages"`
	Seen       string            `json:"seen"`
	From       string            `json:"from"`
	Note       string            `json:"note"`
}

// historyLine is ["instruction", empty_layer].
type historyLine struct {
	instruction string
	empty       bool
}

func (h *historyLine) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&h.instruction, &h.empty})
}

// release is what releases.json says of a repository: its source and tables from version prefix to value.
type release struct {
	Source    string            `json:"source"`
	Date      string            `json:"date"`
	Versioned string            `json:"versioned"` // variable that holds the version
	EOL       map[string]string `json:"eol"`
	Debian    map[string]string `json:"debian"` // release that the plain tags are built on
	Alpine    map[string]string `json:"alpine"`
	Moving    map[string]string `json:"moving"`    // tags without a version: the version they stand for
	Supported map[string]string `json:"supported"` // what to use instead of what has ended
	Replace   map[string]string `json:"replace"`   // the same in another repository
	NPM       map[string]string `json:"npm"`
	Yarn      map[string]string `json:"yarn"`
	Pip       map[string]string `json:"pip"`
	Busybox   map[string]string `json:"busybox"`
	APK       map[string]string `json:"apk"`
	Patch     map[string]string `json:"patch"`
}

// at returns the value of the longest prefix of a version ("3.9.16", "3.9", "3", "").
func at(table map[string]string, version string) string {
	for {
		if v, ok := table[version]; ok {
			return v
		}
		if version == "" {
			return ""
		}
		if i := strings.LastIndexByte(version, '.'); i >= 0 {
			version = version[:i]
		} else {
			version = ""
		}
	}
}

// standin is an image that never was, but that texts ask for.
type standin struct {
	Repository string `json:"repository"`
	Tag        string `json:"tag"` // regular expression
	Like       string `json:"like"`
	Advice     string `json:"advice"`
	Source     string `json:"source"`

	pattern *regexp.Regexp
}

// vendored is an image of another registry than Docker Hub that is composed.
type vendored struct {
	Repository string   `json:"repository"`
	Base       string   `json:"base"`
	Packages   string   `json:"packages"`
	Part       string   `json:"part"`
	Kind       string   `json:"kind"`
	Version    string   `json:"version"`
	Home       string   `json:"home"`
	From       string   `json:"from"`
	Suites     string   `json:"suites"`
	Retired    string   `json:"retired"`
	Entrypoint []string `json:"entrypoint"`
	Cmd        []string `json:"cmd"`
	Env        []string `json:"env"`
	Bytes      int64    `json:"bytes"`
	Compressed int64    `json:"compressed"`
	Libc       string   `json:"libc"`
}

// facts are the decoded data files. Each is read when it is first asked for.
type facts struct {
	images   func() map[string]*record
	releases func() map[string]*release
	standins func() []standin
	vendors  func() map[string]*vendored
	tags     func() *pack.Archive
}

func newFacts() facts {
	return facts{
		images: sync.OnceValue(func() map[string]*record {
			var m map[string]*record
			mustDecode(mustUnpack("images.json.zst"), &m)
			return m
		}),
		releases: sync.OnceValue(func() map[string]*release {
			var m map[string]*release
			mustDecode(mustRead("releases.json"), &m)
			return m
		}),
		standins: sync.OnceValue(func() []standin {
			var l []standin
			mustDecode(mustRead("standins.json"), &l)
			for i := range l {
				l[i].pattern = regexp.MustCompile(l[i].Tag)
			}
			return l
		}),
		vendors: sync.OnceValue(func() map[string]*vendored {
			var l []*vendored
			mustDecode(mustRead("vendor.json"), &l)
			m := map[string]*vendored{}
			for _, v := range l {
				m[v.Repository] = v
			}
			return m
		}),
		tags: sync.OnceValue(func() *pack.Archive {
			a, err := pack.Open(mustRead("tags.pack"))
			if err != nil {
				panic(err)
			}
			return a
		}),
	}
}

// The data is part of the binary and is read by the package's tests: that it cannot be read is a fault of the build, not of a caller.

func mustRead(name string) []byte {
	b, err := data.ReadFile("data/" + name)
	if err != nil {
		panic(fmt.Sprintf("catalogue: %v", err))
	}
	return b
}

func mustUnpack(name string) []byte {
	b, err := pack.Unpack(mustRead(name))
	if err != nil {
		panic(fmt.Sprintf("catalogue: %s: %v", name, err))
	}
	return b
}

func mustDecode(b []byte, to any) {
	if err := json.Unmarshal(b, to); err != nil {
		panic(fmt.Sprintf("catalogue: %v", err))
	}
}
