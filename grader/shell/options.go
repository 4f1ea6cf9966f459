package shell

import (
	"fmt"
	"strings"
)

// options are what `set` turns on and off.
type options struct {
	bits    uint32
	letters string // of the invocation
}

const (
	optErrexit uint32 = 1 << iota
	optNounset
	optXtrace
	optNoglob
	optVerbose
	optNoexec
	optNoclobber
	optAllexport
	optNotify
	optMonitor
	optPipefail
	optPrivileged
	optIgnoreeof
	optVi
	optEmacs
	optNolog
	optErrtrace
	optFunctrace
	optKeyword
	optOnecmd
	optPhysical
	optPosix
	optHashallOff
	optBraceOff
	optHistexpand
	optHistory
	optInteractiveCommentsOff
	optDebug
	optInteractive
	optStdin
)

// option is one that a dialect knows; inverted ones are on where their bit is not set.
type option struct {
	name     string
	letter   byte
	bit      uint32
	inverted bool
}

// dialectOptions lists the options in the order in which `set -o` prints them.
var dialectOptions = [...][]option{
	Dash: {
		{"errexit", 'e', optErrexit, false}, {"noglob", 'f', optNoglob, false}, {"ignoreeof", 'I', optIgnoreeof, false},
		{"interactive", 'i', optInteractive, false}, {"monitor", 'm', optMonitor, false}, {"noexec", 'n', optNoexec, false},
		{"stdin", 's', optStdin, false}, {"xtrace", 'x', optXtrace, false}, {"verbose", 'v', optVerbose, false}, {"vi", 'V', optVi, false},
		{"emacs", 'E', optEmacs, false}, {"noclobber", 'C', optNoclobber, false}, {"allexport", 'a', optAllexport, false},
		{"notify", 'b', optNotify, false}, {"nounset", 'u', optNounset, false}, {"privileged", 'p', optPrivileged, false},
		{"nolog", 0, optNolog, false}, {"debug", 0, optDebug, false},
	},
	Ash: {
		{"errexit", 'e', optErrexit, false}, {"noglob", 'f', optNoglob, false}, {"ignoreeof", 'I', optIgnoreeof, false},
		{"monitor", 'm', optMonitor, false}, {"noexec", 'n', optNoexec, false}, {"xtrace", 'x', optXtrace, false},
		{"verbose", 'v', optVerbose, false}, {"noclobber", 'C', optNoclobber, false}, {"allexport", 'a', optAllexport, false},
		{"notify", 'b', optNotify, false}, {"nounset", 'u', optNounset, false}, {"errtrace", 'E', optErrtrace, false},
		{"vi", 'V', optVi, false}, {"pipefail", 0, optPipefail, false},
	},
	Bash: {
		{"allexport", 'a', optAllexport, false}, {"braceexpand", 'B', optBraceOff, true}, {"emacs", 0, optEmacs, false},
		{"errexit", 'e', optErrexit, false}, {"errtrace", 'E', optErrtrace, false}, {"functrace", 'T', optFunctrace, false},
		{"hashall", 'h', optHashallOff, true}, {"histexpand", 'H', optHistexpand, false}, {"history", 0, optHistory, false},
		{"ignoreeof", 0, optIgnoreeof, false}, {"interactive-comments", 0, optInteractiveCommentsOff, true},
		{"keyword", 'k', optKeyword, false}, {"monitor", 'm', optMonitor, false}, {"noclobber", 'C', optNoclobber, false},
		{"noexec", 'n', optNoexec, false}, {"noglob", 'f', optNoglob, false}, {"nolog", 0, optNolog, false}, {"notify", 'b', optNotify, false},
		{"nounset", 'u', optNounset, false}, {"onecmd", 't', optOnecmd, false}, {"physical", 'P', optPhysical, false},
		{"pipefail", 0, optPipefail, false}, {"posix", 0, optPosix, false}, {"privileged", 'p', optPrivileged, false},
		{"verbose", 'v', optVerbose, false}, {"vi", 0, optVi, false}, {"xtrace", 'x', optXtrace, false},
	},
}

func (o *options) has(bit uint32) bool { return o.bits&bit != 0 }

func (o *options) turn(opt option, on bool) {
	if on != opt.inverted {
		o.bits |= opt.bit
	} else {
		o.bits &^= opt.bit
	}
}

func (o *options) isOn(opt option) bool { return o.has(opt.bit) != opt.inverted }

func (o *options) setName(d Dialect, name string, on bool) bool {
	for _, opt := range dialectOptions[d] {
		if opt.name == name {
			o.turn(opt, on)
			return true
		}
	}
	return false
}

func (o *options) setLetter(d Dialect, letter byte, on bool) bool {
	for _, opt := range dialectOptions[d] {
		if opt.letter == letter && letter != 0 {
			o.turn(opt, on)
			return true
		}
	}
	return d != Dash && letter == 'h'
}

// flags returns $-.
func (o *options) flags(d Dialect) string {
	var b strings.Builder
	if d == Bash {
		for c := byte('a'); c <= 'z'; c++ {
			o.addFlag(&b, d, c)
		}
		for c := byte('A'); c <= 'Z'; c++ {
			o.addFlag(&b, d, c)
		}
		return b.String() + o.letters
	}
	for _, opt := range dialectOptions[d] {
		if opt.letter != 0 && o.isOn(opt) {
			b.WriteByte(opt.letter)
		}
	}
	if d == Ash || o.letters == "s" {
		b.WriteString(o.letters)
	}
	return b.String()
}

func (o *options) addFlag(b *strings.Builder, d Dialect, c byte) {
	for _, opt := range dialectOptions[d] {
		if opt.letter == c && o.isOn(opt) {
			b.WriteByte(c)
		}
	}
}

// list prints the options as `set -o` (plain) and `set +o` do.
func (o *options) list(d Dialect, plain bool) string {
	var b strings.Builder
	if d == Dash && plain {
		b.WriteString("Current option settings\n")
	}
	for _, opt := range dialectOptions[d] {
		on := o.isOn(opt)
		switch {
		case !plain:
			fmt.Fprintf(&b, "set %co %s\n", map[bool]byte{true: '-', false: '+'}[on], opt.name)
		case d == Bash:
			fmt.Fprintf(&b, "%-15s\t%s\n", opt.name, onOff(on))
		default:
			fmt.Fprintf(&b, "%-16s%s\n", opt.name, onOff(on))
		}
	}
	return b.String()
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}
