package main

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"drydock/grader/fidelity"
	"drydock/grader/tree"
)

// corpus makes cases of BuildKit's own tests: each place there that solves a Dockerfile written out in the source, with a context and options that
// are written out too. What is computed, or wants what neither side here has, is counted in skipped by its reason.
//
// The tests build on busybox and alpine; cases build on the Debian base that both sides have, so the real daemon, not the test's text, says what is
// to come out.
func corpus(ctx context.Context) (cases []*fidelity.Case, skipped map[string]int, err error) {
	dir, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/moby/buildkit").Output()
	if err != nil {
		return nil, nil, fmt.Errorf("find BuildKit's module: %w", err)
	}
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(dir)), "frontend", "dockerfile", "*_test.go"))
	if err != nil {
		return nil, nil, err
	}
	skipped = map[string]int{}
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			return nil, nil, err
		}
		for _, decl := range f.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || !strings.HasPrefix(fn.Name.Name, "test") || fn.Body == nil {
				continue
			}
			r := &reader{name: fn.Name.Name, texts: map[string]string{}, skipped: skipped}
			ast.Inspect(fn.Body, r.visit)
			cases = append(cases, r.cases...)
		}
	}
	return cases, skipped, nil
}

// reader goes through a test in the order of its text.
type reader struct {
	name    string
	texts   map[string]string // of variables
	context *tree.Node        // the last that was made
	cases   []*fidelity.Case
	skipped map[string]int
}

func (r *reader) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.AssignStmt:
		for i, left := range n.Lhs {
			if id, ok := left.(*ast.Ident); ok && i < len(n.Rhs) {
				if text, ok := r.text(n.Rhs[i]); ok {
					r.texts[id.Name] = text
				} else {
					delete(r.texts, id.Name)
				}
			}
		}
	case *ast.CallExpr:
		if selector(n.Fun) == "integration.Tmpdir" {
			r.context = r.folder(n.Args)
		}
	case *ast.CompositeLit:
		if selector(n.Type) == "client.SolveOpt" {
			r.solve(n)
		}
	}
	return true
}

func selector(e ast.Expr) string {
	s, ok := e.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	if x, ok := s.X.(*ast.Ident); ok {
		return x.Name + "." + s.Sel.Name
	}
	return ""
}

// text is the string that an expression is, where it can be told without running it.
func (r *reader) text(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind == token.STRING {
			s, err := strconv.Unquote(e.Value)
			return s, err == nil
		}
	case *ast.Ident:
		s, ok := r.texts[e.Name]
		return s, ok
	case *ast.BinaryExpr:
		a, ok1 := r.text(e.X)
		b, ok2 := r.text(e.Y)
		return a + b, ok1 && ok2 && e.Op == token.ADD
	case *ast.CallExpr:
		if _, ok := e.Fun.(*ast.ArrayType); ok && len(e.Args) == 1 { // []byte("…")
			return r.text(e.Args[0])
		}
		switch selector(e.Fun) {
		case "integration.UnixOrWindows":
			if len(e.Args) == 2 {
				return r.text(e.Args[0])
			}
		case "integration.StripMargin":
			return "", false
		}
	case *ast.CompositeLit:
		if a, ok := e.Type.(*ast.ArrayType); ok && len(e.Elts) == 0 && a.Len == nil { // []byte{}
			return "", true
		}
	}
	return "", false
}

// folder is the context that fstest's appliers make, or nil where one of them cannot be told.
func (r *reader) folder(args []ast.Expr) *tree.Node {
	root := tree.NewDir(0o755)
	const stamp = 1_700_000_000_000_000_000
	for _, a := range args[min(1, len(args)):] {
		call, ok := a.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 {
			return nil
		}
		p, ok := r.text(call.Args[0])
		if !ok {
			return nil
		}
		var n *tree.Node
		switch selector(call.Fun) {
		case "fstest.CreateFile":
			data, ok := r.text(call.Args[1])
			if !ok {
				return nil
			}
			if strings.HasSuffix(p, "Dockerfile") {
				data = onDebian(data)
			}
			n = tree.NewFile(0o644, tree.Text(data))
			mode(call.Args, 2, n)
		case "fstest.CreateDir":
			n = tree.NewDir(0o755)
			mode(call.Args, 1, n)
		case "fstest.Symlink":
			to := p
			if p, ok = r.text(call.Args[1]); !ok {
				return nil
			}
			n = tree.NewSymlink(to)
		default:
			return nil
		}
		n.ModTime = stamp
		root.PutAt(strings.TrimPrefix(p, "/"), n)
	}
	return root
}

func mode(args []ast.Expr, at int, n *tree.Node) {
	if at >= len(args) {
		return
	}
	if lit, ok := args[at].(*ast.BasicLit); ok {
		if m, err := strconv.ParseUint(strings.TrimPrefix(lit.Value, "0o"), 8, 32); err == nil {
			n.Mode = uint32(m)
		}
	}
}

var (
	fromLine = regexp.MustCompile(`(?mi)^(\s*FROM\s+(?:--platform=\S+\s+)?)(?:busybox|alpine|debian|ubuntu)(?::[\w.-]+)?(\s|$)`)
	fromFlag = regexp.MustCompile(`\bfrom=(?:busybox|alpine)(?::[\w.-]+)?([\s,])`)
)

// onDebian puts the base that both sides have in the place of those of the tests.
func onDebian(dockerfile string) string {
	return fromFlag.ReplaceAllString(fromLine.ReplaceAllString(dockerfile, "${1}debian:bookworm-slim$2"), "from=debian:bookworm-slim$1")
}

// random is what a Dockerfile says that comes out otherwise at each build.
var random = regexp.MustCompile(`/dev/u?random|\bdate\b`)

// solve makes a case of the context at hand and the options given.
func (r *reader) solve(opt *ast.CompositeLit) {
	skip := func(why string) { r.skipped[why]++ }
	if r.context == nil {
		skip("a context that is computed")
		return
	}
	if r.context.Lookup("Dockerfile") == nil {
		skip("a Dockerfile elsewhere")
		return
	}
	if data, _ := r.context.Lookup("Dockerfile").Content.Known(); random.Match(data) {
		skip("something random")
		return
	}
	c := &fidelity.Case{Name: fmt.Sprintf("%s-%d", r.name, len(r.cases)+1), Context: r.context, Args: map[string]string{}}
	for _, e := range opt.Elts {
		kv, ok := e.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		switch fmt.Sprint(kv.Key) {
		case "FrontendAttrs":
			attrs, ok := kv.Value.(*ast.CompositeLit)
			if !ok {
				skip("options that are computed")
				return
			}
			for _, a := range attrs.Elts {
				pair, ok := a.(*ast.KeyValueExpr)
				if !ok {
					continue
				}
				name, ok1 := r.text(pair.Key)
				value, ok2 := r.text(pair.Value)
				switch arg, isArg := strings.CutPrefix(name, "build-arg:"); {
				case !ok1 || !ok2:
					skip("options that are computed")
					return
				case isArg && arg != "BUILDKIT_SYNTAX" && arg != "SOURCE_DATE_EPOCH":
					c.Args[arg] = value
				case name == "target":
					c.Target = value
				default:
					skip("the option " + strings.SplitN(name, ":", 2)[0])
					return
				}
			}
		case "Session":
			skip("a session of its own")
			return
		case "FrontendInputs", "SharedSession", "CacheImports", "CacheExports":
			skip("the client's " + fmt.Sprint(kv.Key))
			return
		}
	}
	r.cases = append(r.cases, c)
}

// unreachable is what the real daemon says where a case wants something from the network.
var unreachable = regexp.MustCompile(`failed to do request|no such host|dial tcp|failed to fetch remote|Temporary failure in name resolution|docker-image://`)
