// Package findutils models GNU find and xargs, and busybox's where the file's "flavour" fact says so.
//
// Start from [Models]. Of find's tests those that depend on access times or the kernel (-amin, -fstype) take the modification time or
// are always true.
package findutils

import (
	"drydock/grader/tool"
	"drydock/grader/tool/getopt"
	"drydock/grader/tool/unix"
)

var commands = []unix.Command{
	{Name: "find", Raw: true, Suite: "GNU findutils", Args: "[-H] [-L] [-P] [path...] [expression]", Run: find},
	{Name: "xargs", Suite: "GNU findutils", Args: "[OPTION]... COMMAND [INITIAL-ARGS]...", Run: xargs, Spec: getopt.Spec{Short: "+0a:d:E:e::I:i::L:l::n:oP:prs:tx",
		Long: "null/0 arg-file/a delimiter/d eof?/e replace?/i max-lines?/l max-args/n open-tty/o max-procs/P interactive/p no-run-if-empty/r " +
			"max-chars/s show-limits verbose/t exit/x process-slot-var:"}},
}

// Models returns the models by program.
func Models() tool.Models { return unix.Models(commands) }
