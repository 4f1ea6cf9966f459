package build

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/moby/buildkit/solver/errdefs"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"

	"drydock/grader/catalogue"
	"drydock/grader/frontend"
	"drydock/grader/report"
	"drydock/grader/tree"
	"drydock/grader/worker"
)

// assembly makes reports of what a build left behind.
type assembly struct {
	session  *Session
	req      Request
	out      *frontend.Output
	run      *worker.Run
	statuses map[digest.Digest]*status
	err      error
	refs     []*worker.Ref
	images   map[string]*catalogue.Image

	steps []report.Step
	byID  map[digest.Digest]int // index in steps
}

func (a *assembly) reports() []*report.Build {
	a.collect()
	base := report.Build{
		OK: a.err == nil, Target: a.req.Target, Platform: "linux/amd64",
		Warnings: a.out.Warnings, Notes: []report.Note{}, Steps: a.steps,
		Stages: stagesOf(a.out.Source, a.req.Target, a.req.Args),
	}
	if a.err != nil {
		a.fail(&base)
	}
	a.context(&base)
	a.notes(&base)
	base.Seconds = critical(a.steps)
	if a.err != nil {
		return []*report.Build{&base}
	}
	var all []*report.Build
	for i, img := range a.out.Images {
		b := base
		b.Platform = img.Platform
		b.Image = a.image(img, a.refs[i])
		all = append(all, &b)
	}
	return all
}

// shortened leaves out the middle of a message that nobody would read to its end.
func shortened(s string) string {
	const most = 16 << 10
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most*3/4], "") + " … " + strings.ToValidUTF8(s[len(s)-most/4:], "")
}

// fail words the error as the client does.
func (a *assembly) fail(b *report.Build) {
	defer func() { b.Error, b.Excerpt = shortened(b.Error), shortened(b.Excerpt) }()
	b.Error = "failed to solve: " + a.err.Error()
	err := a.err
	var stopped *StoppedError
	if errors.As(err, &stopped) {
		a.stopped(b, stopped)
	}
	var missing *catalogue.NotFoundError
	if errors.As(err, &missing) && missing.Advice() != "" {
		defer func() {
			b.Notes = append(b.Notes, report.Note{Kind: "advice", Line: b.Lines.Start, Text: missing.Advice()})
		}()
	}
	var ve *errdefs.VertexError
	if errors.As(err, &ve) {
		for _, loc := range a.out.Locations[digest.Digest(ve.Digest)] {
			err = errdefs.WithSource(err, &errdefs.Source{
				Info: &pb.SourceInfo{Data: a.out.Source, Filename: a.out.Filename}, Ranges: loc.Ranges,
			})
		}
		b.Lines = span(a.out.Locations[digest.Digest(ve.Digest)])
	}
	var buf bytes.Buffer
	for _, s := range errdefs.Sources(err) {
		s.Print(&buf)
		if b.Lines.Start == 0 {
			b.Lines = rangeOf(s.Ranges)
		}
	}
	if buf.Len() > 0 {
		b.Excerpt = buf.String()
	}
}

// stopped names the step that a build was stopped at.
func (a *assembly) stopped(b *report.Build, err *StoppedError) {
	for i := range a.steps {
		s := &a.steps[i]
		t := a.run.Trace[digest.Digest(s.ID)]
		if t == nil || !t.Executed || t.Done || s.Internal {
			continue
		}
		_, instruction := stageIn(s.Name)
		s.Error = fmt.Sprintf("%s did not complete: it was still running after %v and was stopped", instruction, err.After)
		b.Error, b.Lines = "failed to solve: "+s.Error, s.Lines
		var buf bytes.Buffer
		src := &errdefs.Source{Info: &pb.SourceInfo{Data: a.out.Source, Filename: a.out.Filename}}
		for _, loc := range a.out.Locations[digest.Digest(s.ID)] {
			src.Ranges = append(src.Ranges, loc.Ranges...)
		}
		src.Print(&buf)
		b.Excerpt = buf.String()
		return
	}
}

func span(locs []*pb.Location) report.Lines {
	var rs []*pb.Range
	for _, l := range locs {
		rs = append(rs, l.Ranges...)
	}
	return rangeOf(rs)
}

func rangeOf(rs []*pb.Range) report.Lines {
	var l report.Lines
	for _, r := range rs {
		start, end := int(r.Start.Line), int(max(r.End.Line, r.Start.Line))
		if l.Start == 0 || start < l.Start {
			l.Start = start
		}
		l.End = max(l.End, end)
	}
	return l
}

// collect makes the steps.
func (a *assembly) collect() {
	a.byID = map[digest.Digest]int{}
	ids := a.sorted()
	failing := a.err != nil
	for _, id := range ids {
		st := a.statuses[id]
		v := a.out.Vertices[id]
		t := a.run.Trace[id]
		ran := t != nil && t.Executed
		// A vertex that an earlier build of the session left active is neither marked cached nor run again.
		cached := !ran && st.vertex.Error == "" && (st.vertex.Cached || st.vertex.Completed != nil)
		if st.vertex.Started == nil && !ran && !cached {
			continue
		}
		if failing && !ran && st.vertex.Error != "" && st.vertex.Started == nil {
			continue
		}
		name := st.vertex.Name
		step := report.Step{
			ID: id.String(), Name: name, Lines: span(a.out.Locations[id]), Cached: cached, Ran: ran,
			Error: st.vertex.Error, Kind: kindOf(v, name),
			Internal: strings.HasPrefix(name, "[internal]") || strings.HasPrefix(name, "[context "),
		}
		step.Stage, _ = stageIn(name)
		if t != nil {
			step.Output = string(t.Output)
			step.Events = t.Events
			if t.Layer != nil {
				step.Bytes = t.Layer.Bytes()
			}
		}
		step.Seconds = estimate(&step)
		a.byID[id] = len(a.steps)
		a.steps = append(a.steps, step)
	}
	for i := range a.steps {
		a.steps[i].Inputs = a.inputs(digest.Digest(a.steps[i].ID))
	}
	a.explain()
}

// sorted lists the reported vertices so that each comes after those it builds on, otherwise by line, then as reported.
func (a *assembly) sorted() []digest.Digest {
	ids := slices.SortedFunc(maps.Keys(a.statuses), func(x, y digest.Digest) int {
		lx, ly := span(a.out.Locations[x]).Start, span(a.out.Locations[y]).Start
		if lx != ly {
			return lx - ly
		}
		return a.statuses[x].order - a.statuses[y].order
	})
	var out []digest.Digest
	seen := map[digest.Digest]bool{}
	var visit func(id digest.Digest)
	visit = func(id digest.Digest) {
		if seen[id] {
			return
		}
		seen[id] = true
		if v := a.out.Vertices[id]; v != nil {
			for _, in := range v.Inputs() {
				visit(in.Vertex.Digest())
			}
		}
		if a.statuses[id] != nil {
			out = append(out, id)
		}
	}
	for _, id := range ids {
		visit(id)
	}
	return out
}

// inputs lists the steps that a vertex builds on, passing through those that are not shown.
func (a *assembly) inputs(id digest.Digest) []string {
	var out []string
	seen := map[digest.Digest]bool{}
	var visit func(id digest.Digest, top bool)
	visit = func(id digest.Digest, top bool) {
		if seen[id] {
			return
		}
		seen[id] = true
		if !top {
			if _, ok := a.byID[id]; ok {
				out = append(out, id.String())
				return
			}
		}
		if v := a.out.Vertices[id]; v != nil {
			for _, in := range v.Inputs() {
				visit(in.Vertex.Digest(), false)
			}
		}
	}
	visit(id, true)
	return out
}

// stageIn reads "[builder 2/4] COPY . ." into stage and instruction.
func stageIn(name string) (stage, instruction string) {
	if !strings.HasPrefix(name, "[") {
		return "", name
	}
	head, rest, ok := strings.Cut(name[1:], "] ")
	if !ok {
		return "", name
	}
	fields := strings.Fields(head)
	if len(fields) > 1 && fields[0] != "internal" && fields[0] != "context" && !strings.Contains(fields[0], "/") {
		stage = fields[0]
	}
	return stage, rest
}

func kindOf(v *frontend.Vertex, name string) string {
	if v == nil {
		return "internal"
	}
	_, instruction := stageIn(name)
	switch word, _, _ := strings.Cut(instruction, " "); word {
	case "FROM":
		return "source"
	case "RUN", "COPY", "ADD", "WORKDIR":
		return strings.ToLower(word)
	}
	switch v.Sys().(*pb.Op).Op.(type) {
	case *pb.Op_Source:
		return "source"
	case *pb.Op_Exec:
		return "run"
	case *pb.Op_Merge:
		return "merge"
	case *pb.Op_Diff:
		return "diff"
	}
	return "file"
}

// context says what the client sent.
func (a *assembly) context(b *report.Build) {
	for id, t := range a.run.Trace {
		v := a.out.Vertices[id]
		if t.Sent == nil || v == nil || v.Name() != "[internal] load build context" {
			continue
		}
		t.Sent.Walk("/", func(_ string, n *tree.Node) bool {
			if n.Type == tree.File {
				b.Context.SentFiles++
				b.Context.SentBytes += n.Size()
			}
			return true
		})
	}
}

// notes gathers what models and catalogue have to say, with the line it belongs to.
func (a *assembly) notes(b *report.Build) {
	add := func(n report.Note, line int) {
		if n.Line == 0 {
			n.Line = line
		}
		if !slices.Contains(b.Notes, n) {
			b.Notes = append(b.Notes, n)
		}
	}
	for i := range a.steps {
		id := digest.Digest(a.steps[i].ID)
		if t := a.run.Trace[id]; t != nil {
			for _, n := range t.Notes {
				add(n, a.steps[i].Lines.Start)
			}
		}
		if v := a.out.Vertices[id]; v != nil {
			if op, ok := v.Sys().(*pb.Op).Op.(*pb.Op_Source); ok && strings.HasPrefix(op.Source.Identifier, "docker-image://") {
				if img, err := a.session.images(strings.TrimPrefix(op.Source.Identifier, "docker-image://"), b.Platform); err == nil {
					for _, n := range img.Notes {
						add(n, a.steps[i].Lines.Start)
					}
				}
			}
		}
	}
}

// image describes what was built for one platform.
func (a *assembly) image(img frontend.Image, ref *worker.Ref) *report.Image {
	out := &report.Image{Root: ref.Root, ConfigJSON: img.Config}
	var c imageConfig
	if err := json.Unmarshal(img.Config, &c); err == nil {
		out.Config = c.Config
	}
	baseEntries := 0
	if img.Base != nil {
		var b imageConfig
		if json.Unmarshal(img.Base, &b) == nil {
			baseEntries = len(b.History)
		}
	}
	var commands []string
	for i, h := range c.History {
		out.History = append(out.History, report.Entry{CreatedBy: h.CreatedBy, Comment: h.Comment, EmptyLayer: h.EmptyLayer, Base: i < baseEntries})
		if !h.EmptyLayer {
			commands = append(commands, h.CreatedBy)
		}
	}
	for i, l := range ref.Layers {
		layer := report.Layer{Changes: l.Changes}
		if l.Base != nil {
			layer.Base, layer.CreatedBy, layer.Bytes, layer.Estimate = true, l.Base.CreatedBy, l.Base.Bytes, l.Image.Estimate
			layer.Digest = digest.FromString(fmt.Sprint(l.Image.Digest, l.Base.CreatedBy, i)).String()
			if i == 0 {
				layer.Files = l.Image.Root.Totals().Entries - 1
			}
			out.BaseBytes += layer.Bytes
			out.Compressed += l.Base.Compressed
		} else {
			changes := l.Changes()
			layer.Bytes, layer.Files = l.Bytes(), len(changes)
			layer.Digest = l.Digest()
			if i < len(commands) {
				layer.CreatedBy = commands[i]
			}
			if at, ok := a.byID[l.Vertex]; ok {
				layer.Step, layer.Line = a.steps[at].ID, a.steps[at].Lines.Start
			} else {
				layer.Line = span(a.out.Locations[l.Vertex]).Start
			}
			out.Compressed += layer.Bytes * 2 / 5 // an estimate: text and binaries pack to about 40 %
		}
		out.Bytes += layer.Bytes
		out.Layers = append(out.Layers, layer)
	}
	waste(out, ref.Layers)
	return out
}

// waste finds bytes that later layers hide.
func waste(img *report.Image, layers []*worker.Layer) {
	for i, l := range layers {
		if l.Base != nil {
			continue
		}
		for _, c := range l.Changes() {
			if c.Before == nil || c.Kind == tree.Parent || c.Kind != tree.Removed && c.Before.IsDir() {
				continue
			}
			c.Before.Walk(c.Path, func(p string, n *tree.Node) bool {
				if n.Type != tree.File || n.Size() == 0 {
					return true
				}
				for k := i - 1; k >= 0; k-- { // the layer below that holds its bytes
					if layers[k].Base != nil || layers[k].Wrote(p) {
						img.Layers[k].Wasted += n.Size()
						img.Wasted += n.Size()
						break
					}
				}
				return true
			})
		}
	}
}
