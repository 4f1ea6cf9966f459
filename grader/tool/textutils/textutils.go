// Package textutils models grep, sed, awk, diff, cmp and strings, as GNU's (mawk for awk, as on Debian) or as busybox's where
// the file's "flavour" fact says so.
//
// Start from [Models]. Patterns are those of package regex.
package textutils

import (
	"drydock/grader/tool"
	"drydock/grader/tool/unix"
)

// Models returns the models by program.
func Models() tool.Models {
	return unix.Models(searching, editing, calculating, comparing)
}
