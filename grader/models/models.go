// Package models gathers the models of all commands that the simulated machine knows. It is the one place to add a tool's package to.
package models

import (
	"maps"
	"sync"

	"drydock/grader/shell"
	"drydock/grader/tool"
	"drydock/grader/tool/apt"
	"drydock/grader/tool/archive"
	"drydock/grader/tool/coreutils"
	"drydock/grader/tool/debianutils"
	"drydock/grader/tool/findutils"
	"drydock/grader/tool/golang"
	"drydock/grader/tool/java"
	"drydock/grader/tool/maven"
	"drydock/grader/tool/net"
	"drydock/grader/tool/node"
	"drydock/grader/tool/npm"
	"drydock/grader/tool/textutils"
)

// All returns the models by the "program" fact of the files they answer for. The map must not be changed.
var All = sync.OnceValue(func() tool.Models {
	all := tool.Models{
		"dash": shell.Model(shell.Dash),
		"bash": shell.Model(shell.Bash),
	}
	for _, m := range []tool.Models{
		apt.Models(), archive.Models(), coreutils.Models(), debianutils.Models(), findutils.Models(), golang.Models(),
		java.Models(), maven.Models(), net.Models(), node.Models(), npm.Models(), textutils.Models(),
	} {
		maps.Copy(all, m)
	}
	return all
})
