package findutils_test

import (
	"maps"
	"testing"

	"drydock/grader/tool/coreutils"
	"drydock/grader/tool/findutils"
	"drydock/grader/tool/tooltest"
)

func TestTranscripts(t *testing.T) {
	models := findutils.Models()
	maps.Copy(models, coreutils.Models())
	tooltest.Replay(t, "testdata/gnu/*.txtar", models, "gnu")
}
