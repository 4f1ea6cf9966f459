// Package coreutils models the GNU core utilities of version 9, and their busybox counterparts where the file's "flavour" fact says
// so: ls, cp, chmod, sort, sha256sum and their kin, with the messages and statuses of the real ones in the C locale.
//
// Start from [Models]. Terminal output (colours, columns) is left out, as a build has no terminal; so are SELinux contexts, sparse
// files and reflinks, whose options are accepted. Times are UTC.
package coreutils

import (
	"drydock/grader/tool"
	"drydock/grader/tool/unix"
)

// Models returns the models by program.
func Models() tool.Models {
	return unix.Models(listing, copying, removing, making, owning, linking, printing, identity, system, reading, running, describing,
		naming, testing, numbers, sorting, slicing, sums, encoding, splitting)
}
