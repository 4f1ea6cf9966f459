package busybox

import (
	"drydock/grader/report"
	"drydock/grader/tool"
	"drydock/grader/vfs"
)

func message(err error) string { return vfs.Message(err) }

// unknown says that an applet has no model; it is taken to succeed.
func (b *binary) unknown(c *tool.Call, name string) int {
	if c.Host != nil && c.Note != nil {
		c.Note(report.Note{Kind: "unknown", Text: "Drydock has no model of busybox's " + name + ": it is taken to succeed and to change nothing."})
	}
	return 0
}
