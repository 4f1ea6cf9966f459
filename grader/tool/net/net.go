// Package net models the programs that talk to other machines: curl, wget, git, ssh-keyscan, openssl and ping.
//
// There is no network. What a server would send is read from downloads.txt where the address is well known; any other public address is
// taken to answer with a file of plausible size, and a note says so. Names that cannot exist (nosuch.invalid, a name without a dot) fail
// to resolve, this machine refuses connections, and a step without network resolves nothing. HTTPS needs the image's certificates.
//
// A downloaded file is declared content with the fact "url" and the identity "url:" + address. In a pipe it is one line of that identity, as
// package archive reads it.
//
// Start from [Models].
package net

import "drydock/grader/tool"

// Models returns the programs of this package.
func Models() tool.Models {
	return tool.Models{
		"curl": curl, "wget": wget, "git": git, "ssh-keyscan": keyscan, "openssl": openssl, "ping": ping, "nslookup": ping,
	}
}
