// Package models gathers the models of all commands that the simulated machine knows. It is the one place to add a tool's package to.
package models

import (
	"maps"
	"sync"

	"drydock/grader/shell"
	"drydock/grader/tool"
	"drydock/grader/tool/apk"
	"drydock/grader/tool/apt"
	"drydock/grader/tool/archive"
	"drydock/grader/tool/busybox"
	"drydock/grader/tool/coreutils"
	"drydock/grader/tool/debianutils"
	"drydock/grader/tool/dnf"
	"drydock/grader/tool/findutils"
	"drydock/grader/tool/golang"
	"drydock/grader/tool/initd"
	"drydock/grader/tool/java"
	"drydock/grader/tool/maven"
	"drydock/grader/tool/net"
	"drydock/grader/tool/node"
	"drydock/grader/tool/npm"
	"drydock/grader/tool/python"
	"drydock/grader/tool/textutils"
	"drydock/grader/tool/users"
)

// All returns the models by the "program" fact of the files they answer for. The map must not be changed.
var All = sync.OnceValue(func() tool.Models {
	all := tool.Models{
		"dash": shell.Model(shell.Dash),
		"bash": shell.Model(shell.Bash),
	}
	for _, m := range []tool.Models{
		apk.Models(), apt.Models(), archive.Models(), coreutils.Models(), debianutils.Models(), dnf.Models(), findutils.Models(),
		golang.Models(), initd.Models(), java.Models(), maven.Models(), net.Models(), node.Models(), npm.Models(), python.Models(),
		textutils.Models(), users.Models(),
	} {
		maps.Copy(all, m)
	}
	maps.Copy(all, busybox.Models(shell.Model(shell.Ash), all))
	return all
})
