package users_test

import (
	"maps"
	"testing"

	"drydock/grader/tool/coreutils"
	"drydock/grader/tool/tooltest"
	"drydock/grader/tool/users"
)

// The transcripts were taken from Debian 12 in a mount namespace with an /etc of its own, and from Alpine's documented behaviour.
func TestTranscripts(t *testing.T) {
	models := users.Models()
	maps.Copy(models, coreutils.Models())
	tooltest.Replay(t, "testdata/*.txtar", models, "gnu", tooltest.ByHand)
	tooltest.Replay(t, "testdata/busybox/*.txtar", models, "busybox", tooltest.ByHand)
}
