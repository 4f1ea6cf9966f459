package coreutils_test

import (
	"testing"

	"drydock/grader/tool/coreutils"
	"drydock/grader/tool/tooltest"
)

func TestTranscripts(t *testing.T) {
	tooltest.Replay(t, "testdata/gnu/*.txtar", coreutils.Models(), "gnu")
}
