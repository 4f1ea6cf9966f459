package checks

import (
	"strconv"

	"drydock/grader/report"
	"drydock/grader/tree"
)

// Build is what a check sees of one build.
type Build struct {
	OK         bool     `cel:"ok"`
	Error      string   `cel:"error"`
	Line       int      `cel:"line"` // of the error
	Warnings   []string `cel:"warnings"`
	Notes      []*Note  `cel:"notes"`
	Downloaded int64    `cel:"downloaded"` // bytes that its steps fetched from elsewhere
	Compiled   int      `cel:"compiled"`   // units
	Ran        int      `cel:"ran"`        // RUN steps executed
	Pushed     int64    `cel:"pushed"`     // bytes of the layers that the first build's image did not have
	Seconds    float64  `cel:"seconds"`
	Platform   string   `cel:"platform"`
	Steps      []*Step  `cel:"steps"`
	Image      *Image   `cel:"image"`
	Context    *Context `cel:"context"`
	Run        *Run     `cel:"run"` // of a scenario that starts the image
}

// Step is a step of a build.
type Step struct {
	Name       string   `cel:"name"`
	Kind       string   `cel:"kind"`
	Stage      string   `cel:"stage"`
	Line       int      `cel:"line"`
	Cached     bool     `cel:"cached"`
	Ran        bool     `cel:"ran"`
	Downloaded int64    `cel:"downloaded"`
	Bytes      int64    `cel:"bytes"`
	Output     string   `cel:"output"`
	Events     []*Event `cel:"events"`
	Cause      *Cause   `cel:"cause"`
}

// Cause is why a step ran again.
type Cause struct {
	Kind  string   `cel:"kind"`
	Line  int      `cel:"line"`
	Files []string `cel:"files"`
	Text  string   `cel:"text"`
}

// Event is a download, a cache hit, an installation or a compilation.
type Event struct {
	Kind    string `cel:"kind"`
	Tool    string `cel:"tool"`
	Name    string `cel:"name"`
	Version string `cel:"version"`
	Bytes   int64  `cel:"bytes"`
	Count   int    `cel:"count"`
	Dev     bool   `cel:"dev"`
	Line    int    `cel:"line"` // of the step that did it
}

// Note is a remark of the build.
type Note struct {
	Kind string `cel:"kind"`
	Line int    `cel:"line"`
	Text string `cel:"text"`
}

// Context is what was sent to the builder.
type Context struct {
	Sent  int64 `cel:"sent"` // bytes
	Files int   `cel:"files"`

	root *tree.Node
}

// Run is what the started container did.
type Run struct {
	OK         bool     `cel:"ok"`
	Error      string   `cel:"error"`
	Status     int      `cel:"status"`
	Command    []string `cel:"command"`
	UID        int      `cel:"uid"`
	GID        int      `cel:"gid"`
	User       string   `cel:"user"`
	PID1       string   `cel:"pid1"`
	Serves     bool     `cel:"serves"`
	Ports      []int    `cel:"ports"`
	Graceful   bool     `cel:"graceful"` // ends when told to stop
	Health     string   `cel:"health"`
	Runtime    string   `cel:"runtime"`
	Loaded     []string `cel:"loaded"`
	Output     string   `cel:"output"`
	Downloaded int64    `cel:"downloaded"` // bytes fetched while starting
	Installs   int      `cel:"installs"`   // packages installed while starting
}

// Leak is a planted secret that the image gives away.
type Leak struct {
	Marker string `cel:"marker"`
	Where  string `cel:"where"`
	Line   int    `cel:"line"`
}

// Base is the image that the final stage stands on.
type Base struct {
	Ref       string `cel:"ref"`
	Name      string `cel:"name"`
	Tag       string `cel:"tag"`
	Digest    bool   `cel:"digest"`      // it is named by digest
	Pinned    bool   `cel:"pinned"`      // by a digest, or a tag that says a version
	Published bool   `cel:"published"`   // as far as is known
	Supported bool   `cel:"supported"`   // the release is still looked after, and so is the tag
	EndOfLife string `cel:"end_of_life"` // a date, or ""
	Retired   string `cel:"retired"`     // a date, or ""
	Line      int    `cel:"line"`
}

// Lines are where in the Dockerfile a check may point, 0 where there is no such instruction.
type Lines struct {
	From    int `cel:"from"`    // of the final stage
	Command int `cel:"command"` // what a container starts: the final stage's CMD or ENTRYPOINT, else its FROM
	User    int `cel:"user"`    // the final stage's last USER, else its FROM
}

// NewBuild makes the view of a build over its context. first is the exercise's first build, for what is new since; nil for itself.
func NewBuild(b *report.Build, context *tree.Node, first *report.Build) *Build {
	v := &Build{
		OK: b.OK, Error: b.Error, Line: b.Lines.Start, Seconds: b.Seconds, Platform: b.Platform,
		Context: &Context{Sent: b.Context.SentBytes, Files: b.Context.SentFiles, root: context},
		Image:   newImage(b, context),
		Run:     NewRun(nil),
	}
	for _, w := range b.Warnings {
		v.Warnings = append(v.Warnings, w.Rule)
	}
	for _, n := range b.Notes {
		v.Notes = append(v.Notes, &Note{Kind: n.Kind, Line: n.Line, Text: n.Text})
	}
	for i := range b.Steps {
		s := newStep(&b.Steps[i])
		v.Steps = append(v.Steps, s)
		v.Downloaded += s.Downloaded
		for _, e := range s.Events {
			if e.Kind == "compile" {
				v.Compiled += max(e.Count, 1)
			}
		}
		if s.Ran && s.Kind == "run" {
			v.Ran++
		}
	}
	v.Pushed = pushed(b, first)
	return v
}

func newStep(s *report.Step) *Step {
	v := &Step{
		Name: s.Name, Kind: s.Kind, Stage: s.Stage, Line: s.Lines.Start, Cached: s.Cached, Ran: s.Ran, Bytes: s.Bytes, Output: s.Output,
		Cause: &Cause{},
	}
	if c := s.Cause; c != nil {
		v.Cause = &Cause{Kind: c.Kind, Line: c.Line, Files: c.Files, Text: c.Text}
	}
	if !s.Ran {
		return v
	}
	for _, e := range s.Events {
		v.Events = append(v.Events, &Event{
			Kind: e.Kind, Tool: e.Tool, Name: e.Name, Version: e.Version, Bytes: e.Bytes, Count: e.Count, Dev: e.Dev, Line: s.Lines.Start,
		})
		if e.Kind == "download" {
			v.Downloaded += e.Bytes
		}
	}
	return v
}

// pushed sums the layers that the image of first lacks.
func pushed(b, first *report.Build) int64 {
	if b.Image == nil {
		return 0
	}
	known := map[string]bool{}
	if first != nil && first.Image != nil {
		for _, l := range first.Image.Layers {
			known[l.Digest] = true
		}
	}
	var sum int64
	for _, l := range b.Image.Layers {
		if !known[l.Digest] {
			sum += l.Bytes
		}
	}
	return sum
}

// NewRun makes the view of a started container; nil is one that was never started.
func NewRun(r *report.Run) *Run {
	if r == nil {
		return &Run{Error: "nothing was started"}
	}
	v := &Run{
		OK: r.OK, Error: r.Error, Status: r.Status, Command: r.Command, UID: r.UID, GID: r.GID, User: r.User, PID1: r.PID1, Serves: r.Serves,
		Ports: r.Ports, Graceful: r.Graceful, Health: r.Health, Runtime: r.Runtime, Loaded: r.Loaded, Output: r.Output,
	}
	for _, e := range r.Events {
		switch e.Kind {
		case "download":
			v.Downloaded += e.Bytes
		case "install":
			v.Installs += max(e.Count, 1)
		}
	}
	return v
}

// mb words a number of bytes as people say it.
func mb(n int64) string {
	switch f := float64(n); {
	case n < 1000:
		return strconv.FormatInt(n, 10) + " B"
	case n < 1000_000:
		return strconv.FormatFloat(f/1e3, 'f', 0, 64) + " kB"
	case n < 10_000_000:
		return strconv.FormatFloat(f/1e6, 'f', 1, 64) + " MB"
	case n < 1000_000_000:
		return strconv.FormatFloat(f/1e6, 'f', 0, 64) + " MB"
	default:
		return strconv.FormatFloat(f/1e9, 'f', 2, 64) + " GB"
	}
}
