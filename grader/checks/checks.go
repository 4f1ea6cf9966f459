// Package checks is the language that exercises judge in: CEL expressions over what a build, and the container started from its image,
// showed. It gives the reports of package report the names that authors use, adds the questions they ask (which files are in the image,
// what was downloaded, why a step ran again), and compiles expressions with their types, so that a misspelt name is found when an
// exercise is loaded, not when a learner submits.
//
// Start from [Env.Compile]; what an expression sees is a [View]. Nothing here decides about points: that is package grader's business.
package checks

import (
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/ext"
)

// View is all that the checks of an exercise see of one answer.
type View struct {
	Build   *Build            // the first build
	Run     *Run              // the container started from it
	After   map[string]*Build // the builds after each scenario
	Leaks   []*Leak
	Starter *Build // the build of the Dockerfile that the exercise starts from
	Base    *Base  // of the final stage
	Lines   *Lines // of the answer's Dockerfile
}

func (v *View) vars() map[string]any {
	return map[string]any{
		"build": v.Build, "image": v.Build.Image, "context": v.Build.Context, "run": v.Run, "after": v.After,
		"leaks": v.Leaks, "starter": v.Starter, "base": v.Base, "lines": v.Lines,
	}
}

// Env compiles expressions.
type Env struct {
	cel   *cel.Env
	locks locks
}

// New returns an environment. It is meant to be made once: that takes milliseconds.
func New() (*Env, error) {
	e := &Env{}
	opts := []cel.EnvOption{ext.Strings(), ext.Lists(), ext.Math(), ext.Sets(), ext.NativeTypes(nativeTypes()...)}
	for name, t := range variables() {
		opts = append(opts, cel.Variable(name, t))
	}
	opts = append(opts, e.functions()...)
	env, err := cel.NewEnv(opts...)
	if err != nil {
		return nil, fmt.Errorf("make the checks' environment: %w", err)
	}
	e.cel = env
	return e, nil
}

// value hands a Go value to an expression.
func (e *Env) value(v any) ref.Val { return e.cel.CELTypeAdapter().NativeToValue(v) }

// Program is a compiled expression.
type Program struct {
	Text      string
	Scenarios []string // whose builds it looks at
	Guarded   []string // of those, whose success it asks for itself
	AsksBuild bool     // it asks whether the first build succeeded

	prg cel.Program
}

// Error is an expression that does not compile. Line and Column count from 1 within the expression.
type Error struct {
	Line, Column int
	Text         string
}

func (e *Error) Error() string { return e.Text }

// Compile checks and compiles an expression that must give want (cel.BoolType, cel.IntType, cel.StringType; nil for any). scenarios are
// the names that "after" may be asked for.
func (e *Env) Compile(text string, want *cel.Type, scenarios []string) (*Program, error) {
	checked, iss := e.cel.Compile(text)
	if iss.Err() != nil {
		first := iss.Errors()[0]
		return nil, &Error{Line: max(first.Location.Line(), 1), Column: first.Location.Column() + 1, Text: first.Message}
	}
	if got := checked.OutputType(); want != nil && !want.IsExactType(got) && got != cel.DynType {
		return nil, &Error{Line: 1, Column: 1, Text: fmt.Sprintf("gives %s where %s is wanted", got, want)}
	}
	p := &Program{Text: text}
	if err := p.readScenarios(checked.NativeRep(), scenarios); err != nil {
		return nil, err
	}
	prg, err := e.cel.Program(checked)
	if err != nil {
		return nil, &Error{Line: 1, Column: 1, Text: err.Error()}
	}
	p.prg = prg
	return p, nil
}

// readScenarios notes which scenarios the expression names, and refuses one that there is not.
func (p *Program) readScenarios(a *ast.AST, known []string) error {
	info := a.SourceInfo()
	for _, found := range ast.MatchDescendants(ast.NavigateAST(a), ast.AllMatcher()) {
		if found.Kind() == ast.SelectKind && asksOutcome(found) {
			if on := found.AsSelect().Operand(); on.Kind() == ast.IdentKind && on.AsIdent() == "build" {
				p.AsksBuild = true
			}
		}
		name, ok := scenarioOf(found)
		if !ok {
			continue
		}
		if !slices.Contains(known, name) {
			at := info.GetStartLocation(found.ID())
			return &Error{Line: max(at.Line(), 1), Column: at.Column() + 1,
				Text: fmt.Sprintf("there is no scenario %q; there are: %s", name, strings.Join(known, ", "))}
		}
		if !slices.Contains(p.Scenarios, name) {
			p.Scenarios = append(p.Scenarios, name)
		}
		if up, has := found.Parent(); has && up.Kind() == ast.SelectKind && asksOutcome(up) {
			p.Guarded = append(p.Guarded, name)
		}
	}
	return nil
}

// asksOutcome reports whether a selection is of a build's outcome.
func asksOutcome(e ast.Expr) bool {
	f := e.AsSelect().FieldName()
	return f == "ok" || f == "error"
}

// scenarioOf recognises after["name"] and after.name.
func scenarioOf(e ast.Expr) (string, bool) {
	isAfter := func(x ast.Expr) bool { return x.Kind() == ast.IdentKind && x.AsIdent() == "after" }
	switch e.Kind() {
	case ast.CallKind:
		c := e.AsCall()
		if c.FunctionName() != "_[_]" || len(c.Args()) != 2 || !isAfter(c.Args()[0]) || c.Args()[1].Kind() != ast.LiteralKind {
			return "", false
		}
		s, ok := c.Args()[1].AsLiteral().Value().(string)
		return s, ok
	case ast.SelectKind:
		s := e.AsSelect()
		return s.FieldName(), isAfter(s.Operand())
	}
	return "", false
}

func (p *Program) eval(v *View) (ref.Val, error) {
	out, _, err := p.prg.Eval(v.vars())
	if err != nil {
		return nil, fmt.Errorf("judge %q: %w", p.Text, err)
	}
	return out, nil
}

// Bool evaluates an expression that gives a truth value.
func (p *Program) Bool(v *View) (bool, error) {
	out, err := p.eval(v)
	if err != nil {
		return false, err
	}
	b, ok := out.Value().(bool)
	if !ok {
		return false, fmt.Errorf("judge %q: gives %s, not a truth value", p.Text, out.Type())
	}
	return b, nil
}

// Int evaluates an expression that gives a whole number.
func (p *Program) Int(v *View) (int, error) {
	out, err := p.eval(v)
	if err != nil {
		return 0, err
	}
	n, ok := out.Value().(int64)
	if !ok {
		return 0, fmt.Errorf("judge %q: gives %s, not a number", p.Text, out.Type())
	}
	return int(n), nil
}

// String evaluates any expression and words what it gives.
func (p *Program) String(v *View) (string, error) {
	out, err := p.eval(v)
	if err != nil {
		return "", err
	}
	if s, ok := out.ConvertToType(types.StringType).(types.String); ok {
		return string(s), nil
	}
	return fmt.Sprint(out.Value()), nil
}
