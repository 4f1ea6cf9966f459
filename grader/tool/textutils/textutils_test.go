package textutils_test

import (
	"maps"
	"testing"

	"drydock/grader/tool/coreutils"
	"drydock/grader/tool/textutils"
	"drydock/grader/tool/tooltest"
)

func TestTranscripts(t *testing.T) {
	models := textutils.Models()
	maps.Copy(models, coreutils.Models())
	tooltest.Replay(t, "testdata/gnu/*.txtar", models, "gnu")
}
