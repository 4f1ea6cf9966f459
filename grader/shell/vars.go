package shell

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sort"
	"strconv"
	"strings"

	"drydock/grader/tool"
)

// kind says what a variable holds.
type kind uint8

const (
	scalar kind = iota
	indexed
	associative
	reference // another variable's name
)

// variable is never changed once it is in a shell's table, so that subshells can share it.
type variable struct {
	value    string
	isSet    bool
	kind     kind
	list     []element
	exported bool
	readonly bool
	integer  bool
	lower    bool
	upper    bool
	seq      int // order of first assignment
}

// element is one of an array: indexed arrays are sorted by index, associative ones in order of assignment.
type element struct {
	index int64
	key   string
	value string
}

func (v *variable) size() int {
	n := len(v.value) + 64
	for _, e := range v.list {
		n += len(e.key) + len(e.value) + 40
	}
	return n
}

// scalarValue is what $name is: of an array its element 0.
func (v *variable) scalarValue() (string, bool) {
	switch v.kind {
	case indexed:
		if len(v.list) > 0 && v.list[0].index == 0 {
			return v.list[0].value, true
		}
		return "", false
	case associative:
		return v.at("0")
	}
	return v.value, v.isSet
}

func (v *variable) at(key string) (string, bool) {
	for _, e := range v.list {
		if e.key == key {
			return e.value, true
		}
	}
	return "", false
}

func (v *variable) find(index int64) (int, bool) {
	return slices.BinarySearchFunc(v.list, index, func(e element, i int64) int {
		switch {
		case e.index < i:
			return -1
		case e.index > i:
			return 1
		}
		return 0
	})
}

// resolve follows references by name.
func (sh *shell) resolve(name string) string {
	for range 8 {
		v := sh.vars[name]
		if v == nil || v.kind != reference || v.value == "" {
			return name
		}
		name = v.value
	}
	return name
}

// lookup returns a variable's value and whether it is set.
func (sh *shell) lookup(name string) (string, bool) {
	v := sh.vars[name]
	if v == nil {
		return sh.computed(name)
	}
	if v.kind == reference {
		if to := sh.resolve(name); to != name {
			if base, index, ok := strings.Cut(to, "["); ok {
				return sh.elementByText(base, strings.TrimSuffix(index, "]"))
			}
			return sh.lookup(to)
		}
	}
	return v.scalarValue()
}

// computed returns variables that the shell makes up when asked.
func (sh *shell) computed(name string) (string, bool) {
	switch name {
	case "LINENO":
		if sh.d != Dash {
			return strconv.Itoa(sh.lineNo()), true
		}
	case "RANDOM":
		if sh.d != Dash {
			if sh.random == nil {
				sh.random = rand.New(rand.NewPCG(uint64(sh.pid), uint64(sh.pids.Load())))
			}
			return strconv.Itoa(sh.random.IntN(32768)), true
		}
	}
	if sh.d != Bash {
		return "", false
	}
	switch name {
	case "SECONDS":
		return strconv.FormatInt((sh.fs.Now()-sh.started)/1e9, 10), true
	case "BASHPID":
		return strconv.Itoa(sh.pid), true
	case "EPOCHSECONDS":
		return strconv.FormatInt(sh.fs.Now()/1e9, 10), true
	case "FUNCNAME":
		if sh.fn != nil {
			return sh.fn.name, true
		}
	case "PIPESTATUS":
		if len(sh.pipestat) > 0 {
			return strconv.Itoa(sh.pipestat[0]), true
		}
		return strconv.Itoa(sh.status), true
	case "BASH_SUBSHELL":
		return map[bool]string{true: "1", false: "0"}[sh.sub], true
	case "SHELLOPTS":
		var on []string
		for _, o := range dialectOptions[Bash] {
			if sh.opts.isOn(o) {
				on = append(on, o.name)
			}
		}
		return strings.Join(on, ":"), true
	case "BASH_SOURCE":
		if sh.prog != nil && sh.prog.from.file != "" {
			return sh.prog.from.file, true
		}
		if sh.fn != nil {
			return sh.fn.source, true
		}
	case "BASH_COMMAND", "BASH_EXECUTION_STRING":
	}
	return "", false
}

// set assigns a value. It reports false, after a message, where the variable is read-only.
func (sh *shell) set(name, value string) bool {
	name = sh.resolve(name)
	old := sh.vars[name]
	if old != nil && old.readonly {
		return sh.readonly(name)
	}
	v := &variable{}
	if old != nil {
		*v = *old
	} else {
		sh.seq++
		v.seq = sh.seq
	}
	if v.integer {
		n, ok := sh.arithText(value)
		if !ok {
			return false
		}
		value = strconv.FormatInt(n, 10)
	}
	if v.lower {
		value = strings.ToLower(value)
	} else if v.upper {
		value = strings.ToUpper(value)
	}
	switch v.kind {
	case indexed:
		v.list = withElement(v, 0, value)
	case associative:
		v.list = withKey(v, "0", value)
	default:
		v.value, v.isSet = value, true
	}
	if sh.opts.has(optAllexport) {
		v.exported = true
	}
	return sh.put(name, v)
}

func (sh *shell) readonly(name string) bool {
	if sh.d == Bash {
		sh.warn("%s: readonly variable", name)
		sh.ctl, sh.status = doDiscard, 1
		return false
	}
	sh.fatal(2, "%s: is read only", name)
	return false
}

// put stores a variable and accounts for its size.
func (sh *shell) put(name string, v *variable) bool {
	n := v.size() + len(name)
	if old := sh.vars[name]; old != nil {
		n -= old.size() + len(name)
		if old.exported {
			sh.env = nil
		}
	}
	if v.exported {
		sh.env = nil
	}
	sh.vars[name] = v
	if name == "OPTIND" {
		sh.getopt = 0
	}
	return sh.hold(n)
}

// change edits attributes of a variable, which need not be set.
func (sh *shell) change(name string, edit func(*variable)) {
	name = sh.resolve(name)
	v := &variable{}
	if old := sh.vars[name]; old != nil {
		*v = *old
	} else {
		sh.seq++
		v.seq = sh.seq
	}
	edit(v)
	sh.put(name, v)
}

// drop removes a variable.
func (sh *shell) drop(name string) {
	if old := sh.vars[name]; old != nil {
		sh.hold(-old.size() - len(name))
		delete(sh.vars, name)
		sh.env = nil
	}
}

// restore puts a variable back to what it was.
func (sh *shell) restore(s saved) {
	if s.old == nil {
		sh.drop(s.name)
		return
	}
	sh.put(s.name, s.old)
}

func withElement(v *variable, index int64, value string) []element {
	i, found := v.find(index)
	list := make([]element, 0, len(v.list)+1)
	list = append(append(list, v.list[:i]...), element{index: index, value: value})
	if found {
		i++
	}
	return append(list, v.list[i:]...)
}

func withKey(v *variable, key, value string) []element {
	list := slices.Clone(v.list)
	for i := range list {
		if list[i].key == key {
			list[i].value = value
			return list
		}
	}
	return append(list, element{key: key, value: value})
}

// environ returns the exported variables, in the order in which they were first set.
func (sh *shell) environ() tool.Env {
	if sh.env == nil {
		type entry struct {
			seq  int
			text string
		}
		list := make([]entry, 0, len(sh.vars))
		for name, v := range sh.vars {
			if v.exported && v.isSet && v.kind == scalar {
				list = append(list, entry{v.seq, name + "=" + v.value})
			}
		}
		sort.Slice(list, func(i, j int) bool { return list[i].seq < list[j].seq })
		sh.env = make([]string, len(list), len(list)+1)
		for i, e := range list {
			sh.env[i] = e.text
		}
	}
	return slices.Clip(sh.env)
}

// names returns the variables' names, sorted.
func (sh *shell) names() []string { return slices.Sorted(maps.Keys(sh.vars)) }

// elementByText returns an array's element by the text of its subscript.
func (sh *shell) elementByText(name, index string) (string, bool) {
	v := sh.vars[sh.resolve(name)]
	if v == nil {
		return "", false
	}
	if v.kind == associative {
		return v.at(index)
	}
	n, ok := sh.arithText(index)
	if !ok {
		return "", false
	}
	return v.nth(n)
}

// nth returns an element of an indexed array; a negative index counts from its end, and a scalar is its own element 0.
func (v *variable) nth(n int64) (string, bool) {
	if v.kind == scalar {
		if n == 0 || n == -1 {
			return v.value, v.isSet
		}
		return "", false
	}
	if n < 0 && len(v.list) > 0 {
		n += v.list[len(v.list)-1].index + 1
	}
	if i, found := v.find(n); found {
		return v.list[i].value, true
	}
	return "", false
}

// describe prints a variable as `declare -p` does.
func (v *variable) describe(name string) string {
	flags := ""
	for _, f := range []struct {
		on     bool
		letter string
	}{
		{v.kind == indexed, "a"}, {v.kind == associative, "A"}, {v.integer, "i"}, {v.lower, "l"},
		{v.kind == reference, "n"}, {v.readonly, "r"}, {v.upper, "u"}, {v.exported, "x"},
	} {
		if f.on {
			flags += f.letter
		}
	}
	if flags == "" {
		flags = "-"
	}
	head := "declare -" + flags + " " + name
	switch v.kind {
	case indexed, associative:
		if len(v.list) == 0 && !v.isSet {
			return head
		}
		var b strings.Builder
		for i, e := range v.list {
			if i > 0 {
				b.WriteByte(' ')
			}
			if v.kind == indexed {
				fmt.Fprintf(&b, "[%d]=%s", e.index, doubleQuote(e.value))
			} else {
				fmt.Fprintf(&b, "[%s]=%s", bashQuoteKey(e.key), doubleQuote(e.value))
			}
		}
		if v.kind == associative && len(v.list) > 0 {
			b.WriteByte(' ')
		}
		return head + "=(" + b.String() + ")"
	}
	if !v.isSet {
		return head
	}
	return head + "=" + doubleQuote(v.value)
}

func bashQuoteKey(s string) string {
	if isName(s) || s != "" && strings.Trim(s, "0123456789") == "" {
		return s
	}
	return doubleQuote(s)
}
