package frontend

import (
	"errors"
	"fmt"
	"slices"

	"github.com/moby/buildkit/solver"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
)

// Vertex is a node of the build graph.
type Vertex struct {
	op      *pb.Op
	digest  digest.Digest
	inputs  []solver.Edge
	options solver.VertexOptions
	name    string
}

// Digest identifies the definition of the vertex with all its inputs.
func (v *Vertex) Digest() digest.Digest { return v.digest }

// Sys returns the *pb.Op.
func (v *Vertex) Sys() any { return v.op }

// Options returns description, progress group and whether the cache is passed over.
func (v *Vertex) Options() solver.VertexOptions { return v.options }

// Inputs returns the edges it depends on.
func (v *Vertex) Inputs() []solver.Edge { return v.inputs }

// Name is what the client shows.
func (v *Vertex) Name() string { return v.name }

// Load turns a marshalled definition into the edge that is to be solved, sharing vertices through seen. An empty definition gives an edge
// without a vertex.
func Load(def *pb.Definition, seen map[digest.Digest]*Vertex) (solver.Edge, error) {
	if def == nil || len(def.Def) == 0 {
		return solver.Edge{}, nil
	}
	ops := make(map[digest.Digest]*pb.Op, len(def.Def))
	var last digest.Digest
	for _, dt := range def.Def {
		op := &pb.Op{}
		if err := op.UnmarshalVT(dt); err != nil {
			return solver.Edge{}, fmt.Errorf("failed to parse llb proto op: %w", err)
		}
		last = digest.FromBytes(dt)
		ops[last] = op
	}
	var load func(d digest.Digest) (*Vertex, error)
	load = func(d digest.Digest) (*Vertex, error) {
		if v, ok := seen[d]; ok {
			return v, nil
		}
		op, ok := ops[d]
		if !ok {
			return nil, fmt.Errorf("invalid missing input digest %s", d)
		}
		if err := allowed(op); err != nil {
			return nil, err
		}
		v := &Vertex{op: op, digest: d}
		if md := def.Metadata[string(d)]; md != nil {
			v.options = solver.VertexOptions{IgnoreCache: md.IgnoreCache, Description: md.Description}
			if md.ProgressGroup != nil {
				v.options.ProgressGroup = md.ProgressGroup
			}
		}
		for _, in := range op.Inputs {
			iv, err := load(digest.Digest(in.Digest))
			if err != nil {
				return nil, err
			}
			v.inputs = append(v.inputs, solver.Edge{Index: solver.Index(in.Index), Vertex: iv})
		}
		v.name = nameOf(v)
		seen[d] = v
		return v, nil
	}
	head := ops[last]
	if head == nil || len(head.Inputs) == 0 {
		return solver.Edge{}, nil
	}
	in := head.Inputs[0]
	v, err := load(digest.Digest(in.Digest))
	if err != nil {
		return solver.Edge{}, err
	}
	return solver.Edge{Index: solver.Index(in.Index), Vertex: v}, nil
}

// allowed refuses what a daemon without entitlements refuses.
func allowed(op *pb.Op) error {
	e, ok := op.Op.(*pb.Op_Exec)
	switch {
	case !ok:
		return nil
	case e.Exec.Security == pb.SecurityMode_INSECURE:
		return errors.New("failed to load LLB: security.insecure is not allowed")
	case e.Exec.Network == pb.NetMode_HOST:
		return errors.New("failed to load LLB: network.host is not allowed")
	}
	return nil
}

func nameOf(v *Vertex) string {
	if n := v.options.Description["llb.customname"]; n != "" {
		return n
	}
	switch op := v.op.Op.(type) {
	case *pb.Op_Source:
		return op.Source.Identifier
	case *pb.Op_Exec:
		return fmt.Sprint(op.Exec.Meta.Args)
	case *pb.Op_File:
		return "file"
	case *pb.Op_Merge:
		return "merge"
	case *pb.Op_Diff:
		return "diff"
	}
	return "unknown"
}

// locations records which lines of the Dockerfile each vertex comes from.
func locations(def *pb.Definition, into map[digest.Digest][]*pb.Location) {
	if def == nil || def.Source == nil {
		return
	}
	for d, locs := range def.Source.Locations {
		k := digest.Digest(d)
		if _, ok := into[k]; !ok {
			into[k] = slices.Clone(locs.Locations)
		}
	}
}
