package golang

import (
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"path"
	"sort"
	"strconv"
	"strings"
)

// isRead reports whether a variable declared at pos is read anywhere in the function that it is declared in.
func isRead(p *pkg, pos token.Pos, name string) (found bool) {
	for _, f := range p.files {
		if pos < f.FileStart || pos > f.FileEnd {
			continue
		}
		for _, d := range f.Decls {
			if pos < d.Pos() || pos > d.End() {
				continue
			}
			written := map[*ast.Ident]bool{}
			ast.Inspect(d, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.AssignStmt:
					for _, x := range n.Lhs {
						if id, ok := x.(*ast.Ident); ok {
							written[id] = true
						}
					}
				case *ast.ValueSpec:
					for _, id := range n.Names {
						written[id] = true
					}
				case *ast.RangeStmt:
					for _, x := range []ast.Expr{n.Key, n.Value} {
						if id, ok := x.(*ast.Ident); ok {
							written[id] = true
						}
					}
				case *ast.Ident:
					found = found || n.Name == name && !written[n]
				}
				return !found
			})
		}
	}
	return found
}

// check type-checks a package and returns errors as the compiler prints them, ten at most. Packages that are not the module's own are
// taken to hold whatever is asked of them.
func (l *loader) check(p *pkg) (out []string) {
	defer func() {
		if recover() != nil { // the type checker met what it cannot check
			out = nil
		}
	}()
	if p.cgo || len(p.files) == 0 {
		return nil
	}
	fuzzy, bases := l.nameImports(p)
	var errs []types.Error
	conf := types.Config{
		Importer: importer{}, FakeImportC: true, DisableUnusedImportCheck: false,
		Error: func(err error) {
			var e types.Error
			if errors.As(err, &e) {
				errs = append(errs, e)
			}
		},
	}
	conf.Check(p.path, l.fset, p.files, nil)
	errs = append(errs, l.unused(p, fuzzy)...)
	sort.SliceStable(errs, func(i, k int) bool { return errs[i].Pos < errs[k].Pos })
	for _, e := range errs {
		msg := e.Msg
		if strings.HasPrefix(msg, "could not import ") || strings.HasPrefix(msg, "\t") {
			continue
		}
		if name, ok := strings.CutPrefix(msg, "undefined: "); ok && len(fuzzy) > 0 && bases[name] {
			continue // probably the name of a dependency's package
		}
		if name, ok := strings.CutPrefix(msg, "declared and not used: "); ok && isRead(p, e.Pos, name) {
			continue // used beside a type that is not known, where the type checker does not look
		}
		if !strings.HasPrefix(msg, "undefined: ") && !strings.HasSuffix(msg, "not used") && !strings.HasPrefix(msg, "declared and not used") &&
			!strings.HasPrefix(msg, "missing return") && !strings.Contains(msg, "redeclared") && !strings.HasPrefix(msg, "function main is undeclared") {
			continue // may follow from a type that is not known here
		}
		pos := l.fset.Position(e.Pos)
		if len(out) == 10 {
			return append(out, "too many errors")
		}
		out = append(out, fmt.Sprintf("%s:%d:%d: %s", dotted(pos.Filename), pos.Line, pos.Column, msg))
	}
	return out
}

// unused returns the imports that their file does not use. The checker says nothing of packages that it does not know.
func (l *loader) unused(p *pkg, fuzzy map[string]bool) (out []types.Error) {
	for _, f := range p.files {
		used := map[string]bool{}
		ast.Inspect(f, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if id, ok := s.X.(*ast.Ident); ok {
					used[id.Name] = true
				}
			}
			return true
		})
		for _, spec := range f.Imports {
			v, err := strconv.Unquote(spec.Path.Value)
			if err != nil || fuzzy[v] || v == "C" {
				continue
			}
			name, as := path.Base(v), ""
			if q := l.pkgs[v]; q != nil {
				name = q.name
			}
			if spec.Name != nil {
				name = spec.Name.Name
				as = " as " + name
			}
			if name != "_" && name != "." && !used[name] {
				out = append(out, types.Error{Fset: l.fset, Pos: spec.Pos(), Msg: fmt.Sprintf("%q imported%s and not used", v, as)})
			}
		}
	}
	return out
}

// importer knows no package, so that the checker takes each for one that holds everything.
type importer struct{}

func (importer) Import(p string) (*types.Package, error) {
	if p == "unsafe" {
		return types.Unsafe, nil
	}
	return nil, errors.New("not known here")
}

// nameImports returns the imports whose package name can only be guessed, and every name before a dot.
func (l *loader) nameImports(p *pkg) (fuzzy, bases map[string]bool) {
	fuzzy, bases = map[string]bool{}, map[string]bool{}
	for _, f := range p.files {
		for _, spec := range f.Imports {
			v, err := strconv.Unquote(spec.Path.Value)
			if err != nil || spec.Name != nil {
				continue
			}
			if q := l.pkgs[v]; q != nil && q.name != "" {
				if q.name != path.Base(v) {
					fuzzy[v] = true
				}
				continue
			}
			if _, ok := std[v]; !ok || path.Base(v) == "v2" {
				fuzzy[v] = true
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if id, ok := s.X.(*ast.Ident); ok {
					bases[id.Name] = true
				}
			}
			return true
		})
	}
	return fuzzy, bases
}
