// Package build runs builds for one grading: BuildKit's frontend and solver over the virtual worker, and the report of what happened.
//
// Start from [NewSession]; its builds share one cache, as on one builder. Close it when the grading is done.
package build

import (
	"time"

	"drydock/grader/tree"
)

// Request says what to build.
type Request struct {
	Context    *tree.Node            // the client's folder, Dockerfile included
	Filename   string                // of the Dockerfile within it; "" is "Dockerfile"
	Target     string                // stage; "" is the last
	Args       map[string]string     // --build-arg
	Secrets    map[string][]byte     // --secret id=…
	SSH        []string              // --ssh ids
	Contexts   map[string]*tree.Node // further named contexts (local folders)
	Platforms  []string              // --platform; empty is linux/amd64
	NoCache    bool                  // --no-cache
	Timeout    time.Duration         // for this build; 0 is 2 s
	NamedBases map[string]bool       // bases handed over as named contexts, as the recorded fidelity cases have it
	BaseMoved  bool                  // base tags point to newer digests with one changed layer
	Indexes    int                   // how often package indexes have moved on since the first build
}
