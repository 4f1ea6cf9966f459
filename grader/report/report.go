// Package report is what a build, and the container started from its image, showed: plain data, the same whether the build was
// simulated or done by a real BuildKit. Checks, pages, the command line and the API read it; nothing here computes.
//
// Start from [Build]. Sizes are bytes, times seconds. Lines count from 1 in the Dockerfile; 0 means that there is none.
package report

import "drydock/grader/tree"

// Build is the report of one build of one target for one platform.
type Build struct {
	OK       bool      `json:"ok"`
	Error    string    `json:"error"`              // the client's last line, from "failed to solve:" on or the frontend's text; "" if OK
	Excerpt  string    `json:"excerpt,omitempty"`  // the lines of the Dockerfile around the error, as the client prints them
	Lines    Lines     `json:"lines"`              // where the error is
	Platform string    `json:"platform"`           // "linux/amd64"
	Target   string    `json:"target,omitempty"`   // the stage asked for, "" for the last
	Steps    []Step    `json:"steps"`              // in the order in which BuildKit reports them
	Stages   []Stage   `json:"stages,omitempty"`   // as written, needed or not
	Warnings []Warning `json:"warnings,omitempty"` // of BuildKit's linter
	Notes    []Note    `json:"notes"`              // what the simulation does not know, and advice from catalogue and models
	Context  Context   `json:"context"`
	Image    *Image    `json:"image,omitempty"` // nil unless OK
	Seconds  float64   `json:"seconds"`         // estimated, steps in parallel where stages are
}

// Lines is a range of lines in the Dockerfile, both ends included.
type Lines struct {
	Start int `json:"start"`
	End   int `json:"end"`
}

// Step is a vertex of the build graph that the client shows.
type Step struct {
	ID       string   `json:"id"`   // the vertex digest
	Name     string   `json:"name"` // "[builder 2/4] COPY package.json ./"
	Lines    Lines    `json:"lines"`
	Stage    string   `json:"stage,omitempty"`
	Inputs   []string `json:"inputs,omitempty"` // IDs of steps this one needs, hidden ones passed through
	Kind     string   `json:"kind"`             // "source", "copy", "add", "run", "workdir", "merge", "diff", "file", "internal"
	Internal bool     `json:"internal,omitempty"`
	Cached   bool     `json:"cached"`
	Ran      bool     `json:"ran"`              // executed in this build (neither cached nor skipped)
	Error    string   `json:"error,omitempty"`  // of this step, without "failed to solve:"
	Output   string   `json:"output,omitempty"` // stdout and stderr as they came, cut at 200 KiB
	Events   []Event  `json:"events,omitempty"`
	Cause    *Cause   `json:"cause,omitempty"` // why it ran again, on a rebuild
	Bytes    int64    `json:"bytes"`           // of the files in the layer it made
	Seconds  float64  `json:"seconds"`         // estimated
}

// Event is something a step did that matters to a check: a download, an installation, a compilation.
type Event struct {
	Kind    string `json:"kind"`              // "download", "cache-hit", "install", "compile", "connect"
	Tool    string `json:"tool"`              // "npm", "apt", "maven", "pip", "go", …
	Name    string `json:"name"`              // "express", "spring-web"
	Version string `json:"version,omitempty"` //
	Bytes   int64  `json:"bytes,omitempty"`   // transferred, for a download
	Count   int    `json:"count,omitempty"`   // units, for a compilation
	Dev     bool   `json:"dev,omitempty"`     // of a development or test dependency
}

// Cause says what differed first, so that a step could not be taken from the cache.
type Cause struct {
	Kind  string   `json:"kind"`            // "instruction", "files", "parent", "arg", "base", "first", "no-cache", "mount"
	Step  string   `json:"step,omitempty"`  // the step at which the chain of reruns begins
	Line  int      `json:"line,omitempty"`  // its line
	Files []string `json:"files,omitempty"` // paths in the context or stage that differ, at most 10
	Text  string   `json:"text"`            // one sentence
}

// Stage is a FROM of the Dockerfile.
type Stage struct {
	Name   string   `json:"name"`
	Base   string   `json:"base"`   // image reference or stage name, arguments expanded
	From   []string `json:"from"`   // stages and images that it copies or mounts from
	Needed bool     `json:"needed"` // for the target
	Lines  Lines    `json:"lines"`
}

// Warning is a finding of BuildKit's linter.
type Warning struct {
	Rule        string  `json:"rule"`
	Description string  `json:"description"`
	URL         string  `json:"url,omitempty"`
	Message     string  `json:"message"`
	Ranges      []Lines `json:"ranges,omitempty"`
}

// Note is a remark that is not an error.
type Note struct {
	Kind string `json:"kind"` // "unknown" (the simulation does not know), "estimate", "advice"
	Line int    `json:"line,omitempty"`
	Text string `json:"text"`
}

// Context is what the build asked of the client's folder.
type Context struct {
	SentBytes int64         `json:"sent_bytes"`
	SentFiles int           `json:"sent_files"`
	Files     []ContextFile `json:"files,omitempty"`
}

// ContextFile tells what became of a file of the context.
type ContextFile struct {
	Path    string `json:"path"`
	Bytes   int64  `json:"bytes"`
	Sent    bool   `json:"sent"`
	Ignored string `json:"ignored,omitempty"` // the pattern of .dockerignore that kept it out
	Lines   []int  `json:"lines,omitempty"`   // instructions that copy it
}

// Image is what was built.
type Image struct {
	Bytes      int64   `json:"bytes"`      // sum of its layers' files: what it takes on disk
	BaseBytes  int64   `json:"base_bytes"` // of that, the base image's layers
	Compressed int64   `json:"compressed"` // estimated transfer size
	Wasted     int64   `json:"wasted"`     // bytes in layers that later layers overwrite or remove
	Config     Config  `json:"config"`
	Layers     []Layer `json:"layers"`
	History    []Entry `json:"history"`
	ConfigJSON []byte  `json:"-"` // the whole image configuration as the frontend made it

	Root *tree.Node `json:"-"` // the merged filesystem
}

// Config is the part of the image's configuration that a container is started with, as in the OCI image specification.
type Config struct {
	User         string              `json:"User,omitempty"`
	ExposedPorts map[string]struct{} `json:"ExposedPorts,omitempty"`
	Env          []string            `json:"Env,omitempty"`
	Entrypoint   []string            `json:"Entrypoint,omitempty"`
	Cmd          []string            `json:"Cmd,omitempty"`
	Volumes      map[string]struct{} `json:"Volumes,omitempty"`
	WorkingDir   string              `json:"WorkingDir,omitempty"`
	Labels       map[string]string   `json:"Labels,omitempty"`
	StopSignal   string              `json:"StopSignal,omitempty"`
	ArgsEscaped  bool                `json:"ArgsEscaped,omitempty"`
	Shell        []string            `json:"Shell,omitempty"`
	OnBuild      []string            `json:"OnBuild,omitempty"`
	Healthcheck  *Healthcheck        `json:"Healthcheck,omitempty"`
}

// Healthcheck is a container's health check; durations are nanoseconds, as in the configuration.
type Healthcheck struct {
	Test          []string `json:"Test,omitempty"`
	Interval      int64    `json:"Interval,omitempty"`
	Timeout       int64    `json:"Timeout,omitempty"`
	StartPeriod   int64    `json:"StartPeriod,omitempty"`
	StartInterval int64    `json:"StartInterval,omitempty"`
	Retries       int      `json:"Retries,omitempty"`
}

// Layer is one filesystem layer, bottom first.
type Layer struct {
	CreatedBy string `json:"created_by"`
	Digest    string `json:"digest"` // of the change it makes; equal digests mean equal layers
	Bytes     int64  `json:"bytes"`
	Files     int    `json:"files"` // entries
	Base      bool   `json:"base"`  // of the base image
	Step      string `json:"step,omitempty"`
	Line      int    `json:"line,omitempty"`
	Wasted    int64  `json:"wasted,omitempty"` // of its bytes, what later layers overwrite or remove
	Estimate  bool   `json:"estimate,omitempty"`

	Changes func() []tree.Change `json:"-"` // its entries, computed when asked for
}

// Entry is one line of the image's history.
type Entry struct {
	CreatedBy  string `json:"created_by"`
	Comment    string `json:"comment,omitempty"`
	EmptyLayer bool   `json:"empty_layer"`
	Base       bool   `json:"base,omitempty"`
}

// Run is what happened when a container was started from the image.
type Run struct {
	OK       bool     `json:"ok"`     // the process started and, if it is a server, was still there
	Error    string   `json:"error"`  // what the runtime or the process said instead
	Status   int      `json:"status"` // exit status, where it ended
	Command  []string `json:"command"`
	UID      int      `json:"uid"`
	GID      int      `json:"gid"`
	User     string   `json:"user"` // as configured
	PID1     string   `json:"pid1"` // program that runs as process 1
	Serves   bool     `json:"serves"`
	Ports    []int    `json:"ports,omitempty"`
	Output   string   `json:"output,omitempty"`
	Graceful bool     `json:"graceful"`           // the stop signal ends it before the grace period does
	Health   string   `json:"health,omitempty"`   // "", "ok", or why the health check cannot work
	Loaded   []string `json:"loaded,omitempty"`   // files that the process read: scripts, modules, archives
	Runtime  string   `json:"runtime,omitempty"`  // "node 20.20.2"
	Notes    []Note   `json:"notes,omitempty"`    //
	Events   []Event  `json:"events,omitempty"`   // downloads or installations at start
	WritesTo []string `json:"writesTo,omitempty"` // folders it wrote to
}

// Leak is a planted or recognised secret that the image gives away.
type Leak struct {
	Marker string `json:"marker"` // its name, never its value
	Where  string `json:"where"`  // "layer 4: /app/.env", "config: Env TOKEN", "history: line 3"
	Line   int    `json:"line,omitempty"`
}
