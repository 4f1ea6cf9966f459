package golang

import (
	"go/ast"
	"go/token"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// behaviour finds in a program's own packages what it would do when it starts.
type behaviour struct {
	l       *loader
	values  map[string][]ast.Expr // what each name is ever set to
	funcs   map[string]*ast.FuncDecl
	startup map[*ast.FuncDecl]bool
	facts   map[string]string
	lists   map[string][]string
	steps   int // expressions evaluated
}

// scan adds the go.* facts of a program.
func scan(own map[string]*pkg, main *pkg, l *loader, facts map[string]string) {
	b := &behaviour{l: l, values: map[string][]ast.Expr{}, funcs: map[string]*ast.FuncDecl{}, startup: map[*ast.FuncDecl]bool{}, facts: facts, lists: map[string][]string{}}
	for _, p := range own {
		for _, f := range p.files {
			b.collect(f)
		}
	}
	for _, f := range main.files {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && (fn.Name.Name == "main" || fn.Name.Name == "init") {
				b.start(fn, 0)
			}
		}
	}
	paths := make([]string, 0, len(own))
	for p := range own {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	for _, p := range paths {
		for _, f := range own[p].files {
			for _, d := range f.Decls {
				fn, _ := d.(*ast.FuncDecl)
				ast.Inspect(d, func(n ast.Node) bool {
					if c, ok := n.(*ast.CallExpr); ok {
						b.call(c, fn)
					}
					return true
				})
			}
		}
	}
	for name, list := range b.lists {
		slices.Sort(list)
		sep := " "
		if name == "go.reads" {
			sep = "\n"
		}
		facts[name] = strings.Join(slices.Compact(list), sep)
	}
}

// collect notes assignments of strings and the functions of a file.
func (b *behaviour) collect(f *ast.File) {
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			b.funcs[n.Name.Name] = n
		case *ast.AssignStmt:
			for i, lhs := range n.Lhs {
				if id, ok := lhs.(*ast.Ident); ok && i < len(n.Rhs) {
					b.values[id.Name] = append(b.values[id.Name], n.Rhs[i])
				}
			}
		case *ast.ValueSpec:
			for i, id := range n.Names {
				if i < len(n.Values) {
					b.values[id.Name] = append(b.values[id.Name], n.Values[i])
				}
			}
		case *ast.KeyValueExpr:
			if id, ok := n.Key.(*ast.Ident); ok && id.Name == "Addr" {
				b.listen(b.text(n.Value, 0))
			}
		}
		return true
	})
}

// start marks fn and what it calls as run at the start.
func (b *behaviour) start(fn *ast.FuncDecl, depth int) {
	if b.startup[fn] || fn.Body == nil || depth > 50 {
		return
	}
	b.startup[fn] = true
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.CallExpr:
			name := ""
			switch f := n.Fun.(type) {
			case *ast.Ident:
				name = f.Name
			case *ast.SelectorExpr:
				name = f.Sel.Name
			}
			if g := b.funcs[name]; g != nil {
				b.start(g, depth+1)
			}
		}
		return true
	})
}

func (b *behaviour) add(list, value string) {
	if value != "" && len(b.lists[list]) < 100 {
		b.lists[list] = append(b.lists[list], value)
	}
}

// listen notes the first address found; one that is written out wins over one that cannot be read.
func (b *behaviour) listen(addr string) {
	if addr == "" || !strings.Contains(addr, ":") {
		if _, ok := b.facts["go.listen"]; !ok {
			b.facts["go.listen"] = ":0"
		}
		return
	}
	if old, ok := b.facts["go.listen"]; !ok || old == ":0" {
		b.facts["go.listen"] = addr
	}
}

// call notes what a call means. fn is the function it stands in, nil outside of one.
func (b *behaviour) call(c *ast.CallExpr, fn *ast.FuncDecl) {
	sel, ok := c.Fun.(*ast.SelectorExpr)
	if !ok {
		return
	}
	pkgName := ""
	if id, ok := sel.X.(*ast.Ident); ok {
		pkgName = id.Name
	}
	arg := func(i int) string {
		if i < len(c.Args) {
			return b.text(c.Args[i], 0)
		}
		return ""
	}
	full := pkgName + "." + sel.Sel.Name
	switch full {
	case "http.ListenAndServe", "http.ListenAndServeTLS":
		addr := arg(0)
		if addr == "" && len(c.Args) > 0 {
			if lit, ok := c.Args[0].(*ast.BasicLit); ok && lit.Value == `""` {
				addr = ":80"
			}
		}
		b.listen(addr)
		return
	case "net.Listen":
		b.listen(arg(1))
		return
	case "http.Get", "http.Post", "http.Head", "http.PostForm":
		b.connect(arg(0))
	case "http.NewRequest":
		b.connect(arg(1))
	case "http.NewRequestWithContext":
		b.connect(arg(2))
	case "time.LoadLocation":
		b.add("go.zones", arg(0))
		if b.fatal(c, fn) {
			b.facts["go.zonesFatal"] = "yes"
		}
	case "os.CreateTemp", "os.MkdirTemp", "ioutil.TempFile", "ioutil.TempDir":
		if arg(0) == "" {
			b.facts["go.temp"] = "yes"
		}
	case "user.Current":
		b.facts["go.user"] = "yes"
	case "signal.Ignore":
		b.facts["go.ignores"] = "yes"
	case "os.ReadFile", "os.Open", "ioutil.ReadFile", "template.ParseFiles", "template.ParseGlob":
		if p := arg(0); p != "" && fn != nil && b.startup[fn] && !strings.ContainsAny(p, "{*") {
			mark := ""
			if b.fatal(c, fn) {
				mark = "!"
			}
			b.add("go.reads", mark+p)
		}
	case "fmt.Println", "fmt.Print", "fmt.Printf":
		if fn != nil && fn.Name.Name == "main" && fn.Recv == nil && top(fn, c) {
			b.print(full, c)
		}
	}
	switch sel.Sel.Name {
	case "Run": // gin
		if (b.imports("github.com/gin-gonic/gin")) && pkgName != "" && (len(c.Args) == 0 || strings.Contains(arg(0), ":")) {
			if len(c.Args) == 0 {
				b.listen(":{PORT|8080}")
			} else {
				b.listen(arg(0))
			}
		}
	case "Start", "Listen": // echo, fiber
		if strings.Contains(arg(0), ":") && len(c.Args) == 1 {
			b.listen(arg(0))
		}
	case "ListenAndServe", "ListenAndServeTLS":
		if pkgName != "http" {
			b.listen("")
		}
	}
}

func (b *behaviour) imports(p string) bool {
	for v := range b.l.mods {
		if v.Path == p {
			return true
		}
	}
	return false
}

func (b *behaviour) connect(address string) {
	if u, err := url.Parse(address); err == nil && u.Scheme == "https" && u.Hostname() != "" {
		b.add("go.connects", u.Hostname())
	}
}

// top reports whether a call is a statement of the function's own body.
func top(fn *ast.FuncDecl, c *ast.CallExpr) bool {
	for _, s := range fn.Body.List {
		if e, ok := s.(*ast.ExprStmt); ok && e.X == ast.Expr(c) {
			return true
		}
	}
	return false
}

func (b *behaviour) print(full string, c *ast.CallExpr) {
	var parts []string
	for _, a := range c.Args {
		lit, ok := a.(*ast.BasicLit)
		if !ok {
			return
		}
		v := lit.Value
		if lit.Kind == token.STRING {
			v, _ = strconv.Unquote(lit.Value)
		}
		parts = append(parts, v)
	}
	text := strings.Join(parts, " ")
	if full == "fmt.Println" {
		text += "\n"
	}
	b.facts["go.prints"] += text
}

// fatal reports whether the error of a call ends the program: the statement after it tests err and leaves by log.Fatal, panic or os.Exit.
func (b *behaviour) fatal(c *ast.CallExpr, fn *ast.FuncDecl) bool {
	if fn == nil || fn.Body == nil || !b.startup[fn] {
		return false
	}
	found := false
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		block, ok := n.(*ast.BlockStmt)
		if !ok || found {
			return !found
		}
		for i, s := range block.List {
			if holds(s, c) {
				if ifs, ok := s.(*ast.IfStmt); ok && ifs.Init != nil && holds(ifs.Init, c) && leaves(ifs.Body) {
					found = true
				}
				if i+1 < len(block.List) {
					if ifs, ok := block.List[i+1].(*ast.IfStmt); ok && leaves(ifs.Body) && !inBlock(s, c) {
						found = true
					}
				}
			}
		}
		return true
	})
	return found
}

// inBlock reports whether c stands in a block inside s rather than in s itself.
func inBlock(s ast.Stmt, c *ast.CallExpr) bool {
	inside := false
	ast.Inspect(s, func(n ast.Node) bool {
		if blk, ok := n.(*ast.BlockStmt); ok && holds(blk, c) {
			inside = true
		}
		return !inside
	})
	return inside
}

func holds(n, what ast.Node) bool { return n.Pos() <= what.Pos() && what.End() <= n.End() }

func leaves(body *ast.BlockStmt) bool {
	out := false
	ast.Inspect(body, func(n ast.Node) bool {
		if c, ok := n.(*ast.CallExpr); ok {
			switch f := c.Fun.(type) {
			case *ast.Ident:
				out = out || f.Name == "panic"
			case *ast.SelectorExpr:
				out = out || strings.HasPrefix(f.Sel.Name, "Fatal") || strings.HasPrefix(f.Sel.Name, "Panic") || f.Sel.Name == "Exit"
			}
		}
		return true
	})
	return out
}

// Bounds of what is evaluated of a program's expressions.
const (
	maxSteps = 50_000
	maxText  = 4096
)

// text evaluates an expression to a string as far as it is written out; a variable of the environment becomes {NAME|default}.
func (b *behaviour) text(e ast.Expr, depth int) string {
	if b.steps++; depth > 8 || b.steps > maxSteps {
		return ""
	}
	if s := b.evaluate(e, depth); len(s) <= maxText {
		return s
	}
	return ""
}

func (b *behaviour) evaluate(e ast.Expr, depth int) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind == token.STRING {
			s, _ := strconv.Unquote(e.Value)
			return s
		}
		return e.Value
	case *ast.ParenExpr:
		return b.text(e.X, depth+1)
	case *ast.StarExpr:
		return b.text(e.X, depth+1)
	case *ast.BinaryExpr:
		if e.Op == token.ADD {
			return b.text(e.X, depth+1) + b.text(e.Y, depth+1)
		}
	case *ast.Ident:
		return b.variable(e.Name, depth)
	case *ast.SelectorExpr:
		return b.variable(e.Sel.Name, depth)
	case *ast.CallExpr:
		return b.textOfCall(e, depth)
	}
	return ""
}

// variable combines what a name is ever set to: an environment variable with the text that is its default.
func (b *behaviour) variable(name string, depth int) string {
	variable, fallback := "", ""
	for _, v := range b.values[name] {
		t := b.text(v, depth+1)
		if strings.HasPrefix(t, "{") && strings.HasSuffix(t, "}") && strings.Count(t, "{") == 1 {
			variable = t
		} else if t != "" {
			fallback = t
		}
	}
	if variable != "" && fallback != "" && strings.HasSuffix(variable, "|}") {
		return strings.TrimSuffix(variable, "}") + fallback + "}"
	}
	return or(variable, fallback)
}

func (b *behaviour) textOfCall(c *ast.CallExpr, depth int) string {
	arg := func(i int) string {
		if i < len(c.Args) {
			return b.text(c.Args[i], depth+1)
		}
		return ""
	}
	name := ""
	switch f := c.Fun.(type) {
	case *ast.SelectorExpr:
		if id, ok := f.X.(*ast.Ident); ok {
			name = id.Name + "." + f.Sel.Name
		}
	case *ast.Ident:
		name = f.Name
	}
	switch name {
	case "os.Getenv":
		return "{" + arg(0) + "|}"
	case "cmp.Or":
		v := arg(0)
		if strings.HasSuffix(v, "|}") {
			return strings.TrimSuffix(v, "}") + arg(1) + "}"
		}
		return v
	case "net.JoinHostPort":
		return arg(0) + ":" + arg(1)
	case "flag.String", "flag.Int":
		return arg(1)
	case "strconv.Itoa":
		return arg(0)
	case "fmt.Sprintf":
		out := arg(0)
		for i := 1; i < len(c.Args); i++ {
			for _, verb := range []string{"%s", "%d", "%v"} {
				if strings.Contains(out, verb) {
					out = strings.Replace(out, verb, arg(i), 1)
					break
				}
			}
		}
		return out
	}
	// a helper such as getenv("PORT", "8080") that asks the environment
	if fn := b.funcs[strings.TrimPrefix(name, ".")]; fn != nil && fn.Body != nil && len(c.Args) == 2 {
		asks := false
		ast.Inspect(fn.Body, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok && (s.Sel.Name == "Getenv" || s.Sel.Name == "LookupEnv") {
				asks = true
			}
			return true
		})
		if asks {
			return "{" + arg(0) + "|" + arg(1) + "}"
		}
	}
	return ""
}
