package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/buildkit/session"
	"github.com/moby/buildkit/solver"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"

	"drydock/grader/contents"
	"drydock/grader/tree"
)

// Selected is a part of an input that counts for a step's cache key.
type Selected = contents.Selection

// fileOp copies and makes files: COPY, ADD, WORKDIR.
type fileOp struct {
	vertex
	op *pb.FileOp
}

func (f *fileOp) CacheMap(context.Context, solver.JobContext, int) (*solver.CacheMap, bool, error) {
	var actions [][]byte
	var indexes [][]int
	selected := map[int][]Selected{}
	modified := map[int]bool{} // inputs that are also written to
	owner := func(o *pb.ChownOpt) error {
		if o == nil {
			return nil
		}
		for user, file := range map[*pb.UserOpt]string{o.User: "/etc/passwd", o.Group: "/etc/group"} {
			if user == nil {
				continue
			}
			if n, ok := user.User.(*pb.UserOpt_ByName); ok {
				if n.ByName.Input < 0 {
					return fmt.Errorf("invalid user index %d", n.ByName.Input)
				}
				i := int(n.ByName.Input)
				selected[i] = append(selected[i], Selected{Path: file, FollowLinks: true})
			}
		}
		return nil
	}
	for _, a := range f.op.Actions {
		var body any
		var err error
		switch x := a.Action.(type) {
		case *pb.FileAction_Mkdir:
			body, err = x.Mkdir, owner(x.Mkdir.Owner)
		case *pb.FileAction_Mkfile:
			body, err = x.Mkfile, owner(x.Mkfile.Owner)
		case *pb.FileAction_Symlink:
			body, err = x.Symlink, owner(x.Symlink.Owner)
		case *pb.FileAction_Rm:
			body = x.Rm
		case *pb.FileAction_Copy:
			c := x.Copy.CloneVT()
			err = owner(c.Owner)
			if i := int(a.SecondaryInput); i != -1 && i < f.inputs {
				selected[i] = append(selected[i], Selected{
					Path: c.Src, FollowLinks: c.FollowSymlink, Wildcard: c.AllowWildcard && contents.HasWildcard(c.Src),
					Include: c.IncludePatterns, Exclude: c.ExcludePatterns, Required: c.RequiredPaths,
				})
				c.Src = path.Base(c.Src)
			}
			body = c
		}
		if err != nil {
			return nil, false, err
		}
		if a.Input != -1 {
			modified[int(a.Input)] = true
		}
		dt, err := json.Marshal(body)
		if err != nil {
			return nil, false, err
		}
		actions = append(actions, dt)
		indexes = append(indexes, []int{int(a.Input), int(a.SecondaryInput), int(a.Output)})
	}
	dt, err := json.Marshal(struct {
		Type    string
		Actions [][]byte
		Indexes [][]int
	}{"file", actions, indexes})
	if err != nil {
		return nil, false, err
	}
	m := &solver.CacheMap{Digest: digest.FromBytes(dt), Deps: make(deps, f.inputs)}
	for i, sels := range selected {
		if i >= len(m.Deps) {
			return nil, false, fmt.Errorf("invalid input index %d in file op with %d inputs", i, len(m.Deps))
		}
		if modified[i] {
			continue
		}
		paths := make([]string, 0, len(sels))
		for _, s := range sels {
			paths = append(paths, s.Path)
		}
		slices.Sort(paths)
		m.Deps[i].Selector = digest.FromString(strings.Join(paths, "\x00"))
		m.Deps[i].ComputeDigestFunc = f.contentHash(i, sels)
	}
	return m, true, nil
}

// contentHash sums up the selected files of an input, and records for the report that they counted.
func (v vertex) contentHash(input int, sels []Selected) solver.ResultBasedCacheFunc {
	return func(_ context.Context, r solver.Result, _ session.Group) (d digest.Digest, err error) {
		defer recovered(&err)
		root := RefOf(r).Root
		v.w.run.used(v.digest, input, Used{Root: root, Sel: sels})
		sum, err := contents.Combine(root, sels)
		if err != nil {
			return "", fmt.Errorf("failed to calculate checksum of ref %s: %w", r.ID(), err)
		}
		return digest.Digest(sum), nil
	}
}

func (f *fileOp) Exec(ctx context.Context, _ solver.JobContext, in []solver.Result) ([]solver.Result, error) {
	t := f.w.run.executed(f.digest)
	refs := make([]*Ref, len(in), len(in)+len(f.op.Actions))
	for i, r := range in {
		refs[i] = RefOf(r)
	}
	outs := map[int]*Ref{}
	for _, a := range f.op.Actions {
		base := &Ref{Root: emptyRoot}
		if a.Input != -1 {
			if int(a.Input) >= len(refs) {
				return nil, fmt.Errorf("invalid input index %d, %d provided", a.Input, len(refs))
			}
			base = refs[a.Input]
		}
		src := &Ref{Root: emptyRoot}
		if a.SecondaryInput != -1 {
			if int(a.SecondaryInput) >= len(refs) {
				return nil, fmt.Errorf("invalid secondary input index %d, %d provided", a.SecondaryInput, len(refs))
			}
			src = refs[a.SecondaryInput]
		}
		txn := tree.Begin(base.Root)
		if err := f.act(ctx, a, txn, src.Root, refs); err != nil {
			return nil, err
		}
		// The actions of one step make one layer: what the step's earlier actions made is joined to this one's.
		out := &Ref{Root: txn.Commit(), Layers: base.Layers}
		lower := base.Root
		if int(a.Input) >= len(in) && len(base.Layers) > 0 {
			last := base.Layers[len(base.Layers)-1]
			out.Layers, lower = base.Layers[:len(base.Layers)-1], last.Lower
		} else if a.Input == -1 {
			lower = nil
		}
		layer := &Layer{Lower: lower, Upper: out.Root, Vertex: f.digest}
		out.Layers = append(slices.Clip(out.Layers), layer)
		t.Layer = layer
		refs = append(refs, out)
		if a.Output != -1 {
			outs[int(a.Output)] = out
		}
	}
	results := make([]solver.Result, 0, len(outs))
	for i := range len(outs) {
		if outs[i] == nil {
			return nil, fmt.Errorf("missing output index %d", i)
		}
		results = append(results, f.w.result(outs[i]))
	}
	t.Done = true
	return results, nil
}

func (f *fileOp) act(ctx context.Context, a *pb.FileAction, dst *tree.Txn, src *tree.Node, refs []*Ref) error {
	stamp := func(ts int64) int64 {
		if ts == -1 {
			return f.w.now()
		}
		return ts
	}
	switch x := a.Action.(type) {
	case *pb.FileAction_Mkdir:
		o, err := readOwner(x.Mkdir.Owner, refs)
		if err != nil {
			return err
		}
		return contents.Mkdir(dst, x.Mkdir.Path, uint32(x.Mkdir.Mode), x.Mkdir.MakeParents, o, stamp(x.Mkdir.Timestamp))
	case *pb.FileAction_Mkfile:
		o, err := readOwner(x.Mkfile.Owner, refs)
		if err != nil {
			return err
		}
		return contents.Mkfile(dst, x.Mkfile.Path, uint32(x.Mkfile.Mode), x.Mkfile.Data, o, stamp(x.Mkfile.Timestamp))
	case *pb.FileAction_Symlink:
		o, err := readOwner(x.Symlink.Owner, refs)
		if err != nil {
			return err
		}
		return contents.Symlink(dst, x.Symlink.Oldpath, x.Symlink.Newpath, o, stamp(x.Symlink.Timestamp))
	case *pb.FileAction_Rm:
		return contents.Remove(dst, x.Rm.Path, x.Rm.AllowWildcard, x.Rm.AllowNotFound)
	case *pb.FileAction_Copy:
		c := x.Copy
		o, err := readOwner(c.Owner, refs)
		if err != nil {
			return err
		}
		mode := int(c.Mode)
		return contents.Copy(ctx, src, dst, contents.CopyOptions{
			Src: c.Src, Dest: c.Dest, Owner: o, Mode: mode, ModeStr: c.ModeStr, FollowLinks: c.FollowSymlink,
			DirContents: c.DirCopyContents, CreateDest: c.CreateDestPath, Wildcard: c.AllowWildcard,
			AllowEmptyWildcard: c.AllowEmptyWildcard, Unpack: c.AttemptUnpackDockerCompatibility,
			Include: c.IncludePatterns, Exclude: c.ExcludePatterns, ReplaceExisting: c.AlwaysReplaceExistingDestPaths,
			Timestamp: c.Timestamp, Now: f.w.now(),
		})
	}
	return errors.New("invalid empty action")
}

// readOwner turns --chown into numbers. A name that is not in the image gives root, as in BuildKit.
func readOwner(o *pb.ChownOpt, refs []*Ref) (*contents.Owner, error) {
	if o == nil {
		return nil, nil
	}
	out := &contents.Owner{}
	file := func(n *pb.NamedUserOpt, p string) ([]byte, error) {
		if int(n.Input) >= len(refs) || n.Input < 0 {
			return nil, fmt.Errorf("invalid user index: %d", n.Input)
		}
		f, _ := refs[n.Input].Root.Resolve(p)
		if f == nil {
			return nil, nil
		}
		data, _ := f.Content.Known()
		return data, nil
	}
	if o.User != nil {
		switch u := o.User.User.(type) {
		case *pb.UserOpt_ByName:
			data, err := file(u.ByName, "/etc/passwd")
			if err != nil {
				return nil, err
			}
			if e, ok := lookUp(data, u.ByName.Name); ok {
				out.UID, out.GID = e.id, e.group
			}
		case *pb.UserOpt_ByID:
			out.UID, out.GID = int(u.ByID), int(u.ByID)
		}
	}
	if o.Group != nil {
		switch u := o.Group.User.(type) {
		case *pb.UserOpt_ByName:
			data, err := file(u.ByName, "/etc/group")
			if err != nil {
				return nil, err
			}
			if e, ok := lookUp(data, u.ByName.Name); ok {
				out.GID = e.id
			}
		case *pb.UserOpt_ByID:
			out.GID = int(u.ByID)
		}
	}
	return out, nil
}

// account is what --chown needs of a line of /etc/passwd or /etc/group.
type account struct{ id, group int }

// lookUp finds a name in /etc/passwd (whose fourth field is the group) or /etc/group.
func lookUp(data []byte, name string) (account, bool) {
	for line := range strings.Lines(string(data)) {
		f := strings.Split(strings.TrimSpace(line), ":")
		if len(f) < 4 || f[0] != name {
			continue
		}
		id, err := strconv.Atoi(f[2])
		if err != nil {
			continue
		}
		group, _ := strconv.Atoi(f[3])
		return account{id, group}, true
	}
	return account{}, false
}
