package start

import (
	"fmt"
	"path"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"drydock/grader/container"
	"drydock/grader/report"
	"drydock/grader/tool"
)

// health tells whether the image's health check could work: "" where there is none, "ok", or why not. What it asks is not judged.
func health(call *tool.Call, c report.Config) string {
	if c.Healthcheck == nil || len(c.Healthcheck.Test) == 0 || c.Healthcheck.Test[0] == "NONE" {
		return ""
	}
	kind, words := c.Healthcheck.Test[0], c.Healthcheck.Test[1:]
	if len(words) == 0 {
		return "the health check is empty"
	}
	if kind != "CMD-SHELL" {
		return found(call, words[0])
	}
	shell := "/bin/sh"
	if len(c.Shell) > 0 {
		shell = c.Shell[0]
	}
	if why := found(call, shell); why != "ok" {
		return why
	}
	for _, name := range programs(words[0]) {
		if why := found(call, name); why != "ok" {
			return why
		}
	}
	return "ok"
}

func found(call *tool.Call, name string) string {
	if _, err := tool.Find(call.FS, call.Env, name); err != nil {
		return container.StartError(name, err)
	}
	return "ok"
}

// builtins are what every shell knows itself.
const builtins = " : . [ alias break cd command continue echo eval exec exit export false getopts hash kill printf pwd read readonly return set shift test times trap true type ulimit umask unset wait "

// programs lists the names of the programs that a script would call first: of each list only what certainly runs.
func programs(script string) []string {
	f, err := syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(strings.NewReader(script), "")
	if err != nil {
		return nil
	}
	var out []string
	for _, stmt := range f.Stmts {
		out = append(out, first(stmt)...)
	}
	return out
}

func first(stmt *syntax.Stmt) []string {
	switch cmd := stmt.Cmd.(type) {
	case *syntax.CallExpr:
		if len(cmd.Args) == 0 {
			return nil
		}
		name := cmd.Args[0].Lit()
		if name == "" || strings.Contains(builtins, fmt.Sprintf(" %s ", path.Clean(name))) {
			return nil
		}
		return []string{name}
	case *syntax.BinaryCmd:
		if cmd.Op == syntax.Pipe || cmd.Op == syntax.PipeAll {
			return append(first(cmd.X), first(cmd.Y)...)
		}
		return first(cmd.X)
	}
	return nil
}
