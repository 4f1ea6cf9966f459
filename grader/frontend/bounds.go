package frontend

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/command"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// Bounds of a Dockerfile, far beyond what people write: the frontend and the solver take more than their share of time beyond them.
const (
	maxSource       = 256 << 10
	maxInstructions = 1000
	maxStages       = 200
)

// bounded refuses a Dockerfile that is too large to be built here. What is no Dockerfile at all is left to the frontend.
func bounded(source []byte) error {
	if len(source) > maxSource {
		return fmt.Errorf("the Dockerfile has %d KiB: here it may have %d", len(source)>>10, maxSource>>10)
	}
	if bytes.Count(source, []byte("\n")) < maxStages {
		return nil
	}
	file, err := parser.Parse(bytes.NewReader(source))
	if err != nil {
		return nil
	}
	stages := 0
	for _, n := range file.AST.Children {
		if strings.EqualFold(n.Value, command.From) {
			stages++
		}
	}
	if stages > maxStages {
		return fmt.Errorf("the Dockerfile has %d stages: here it may have %d", stages, maxStages)
	}
	if n := len(file.AST.Children); n > maxInstructions {
		return fmt.Errorf("the Dockerfile has %d instructions: here it may have %d", n, maxInstructions)
	}
	return nil
}
