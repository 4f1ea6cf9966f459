// Package models gathers the models of all commands that the simulated machine knows. It is the one place to add a tool's package to.
package models

import (
	"maps"
	"sync"

	"drydock/grader/tool"
	"drydock/grader/tool/archive"
	"drydock/grader/tool/coreutils"
	"drydock/grader/tool/net"
	"drydock/grader/tool/npm"
)

// All returns the models by the "program" fact of the files they answer for. The map must not be changed.
var All = sync.OnceValue(func() tool.Models {
	all := tool.Models{}
	for _, m := range []tool.Models{
		archive.Models(), coreutils.Models(), net.Models(), npm.Models(),
	} {
		maps.Copy(all, m)
	}
	return all
})
