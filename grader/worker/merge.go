package worker

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/moby/buildkit/solver"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"

	"drydock/grader/tree"
)

// mergeOp stacks the layers of its inputs: COPY --link.
type mergeOp struct {
	vertex
	op *pb.MergeOp
}

func (m *mergeOp) CacheMap(context.Context, solver.JobContext, int) (*solver.CacheMap, bool, error) {
	return plainKey("merge", m.op, m.inputs)
}

// plainKey makes a cache key of the operation alone; the inputs count by their own keys.
func plainKey(kind string, op any, inputs int) (*solver.CacheMap, bool, error) {
	dt, err := json.Marshal(struct {
		Type string
		Op   any
	}{kind, op})
	if err != nil {
		return nil, false, err
	}
	return &solver.CacheMap{Digest: digest.FromBytes(dt), Deps: make(deps, inputs)}, true, nil
}

func (m *mergeOp) Exec(_ context.Context, _ solver.JobContext, in []solver.Result) ([]solver.Result, error) {
	t := m.w.run.executed(m.digest)
	out := &Ref{}
	for _, r := range in {
		if r == nil {
			continue
		}
		ref := RefOf(r)
		if out.Root == nil {
			out.Root, out.Layers = ref.Root, slices.Clone(ref.Layers)
			continue
		}
		for _, l := range ref.Layers {
			lower := out.Root
			out.Root = tree.Apply(lower, l.Changes())
			out.Layers = append(out.Layers, l)
		}
	}
	t.Done = true
	if out.Root == nil {
		return nil, nil
	}
	return []solver.Result{m.w.result(out)}, nil
}

// diffOp yields what its upper input has over its lower one.
type diffOp struct {
	vertex
	op *pb.DiffOp
}

func (d *diffOp) CacheMap(context.Context, solver.JobContext, int) (*solver.CacheMap, bool, error) {
	return plainKey("diff", d.op, d.inputs)
}

func (d *diffOp) Exec(_ context.Context, _ solver.JobContext, in []solver.Result) ([]solver.Result, error) {
	t := d.w.run.executed(d.digest)
	at := 0
	next := func(input int64) *Ref {
		if input == -1 || at >= len(in) {
			return &Ref{Root: emptyRoot}
		}
		at++
		return RefOf(in[at-1])
	}
	lower, upper := next(d.op.Lower.Input), next(d.op.Upper.Input)
	root := tree.Apply(emptyRoot, tree.Diff(lower.Root, upper.Root))
	t.Done = true
	return []solver.Result{d.w.result(&Ref{Root: root, Layers: []*Layer{{Lower: lower.Root, Upper: upper.Root, Vertex: d.digest}}})}, nil
}
