package shell

import (
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

func (sh *shell) unsetElement(name, key string) {
	name = sh.resolve(name)
	v := sh.vars[name]
	if v == nil || v.readonly {
		return
	}
	if key == "@" || key == "*" {
		sh.drop(name)
		return
	}
	n := *v
	if v.kind == associative {
		key = strings.Trim(key, `'"`)
		n.list = slices.DeleteFunc(slices.Clone(v.list), func(e element) bool { return e.key == key })
	} else {
		i, ok := sh.arithText(key)
		if !ok {
			return
		}
		if i < 0 && len(v.list) > 0 {
			i += v.list[len(v.list)-1].index + 1
		}
		n.list = slices.DeleteFunc(slices.Clone(v.list), func(e element) bool { return e.index == i })
	}
	sh.put(name, &n)
}

// assign carries out an assignment of the script.
func (sh *shell) assign(a *syntax.Assign) (assignment, bool) {
	out := assignment{name: a.Name.Value, append: a.Append, from: a}
	if a.Array != nil {
		return out, sh.assignArray(a.Name.Value, a.Array, a.Append)
	}
	if a.Value != nil {
		out.value = sh.expandAssign(a.Value)
	}
	if sh.ctl != goOn {
		return out, false
	}
	if a.Index != nil {
		return out, sh.setIndexed(a.Name.Value, a.Index, out.value, a.Append)
	}
	value := out.value
	if a.Append {
		value = sh.appended(a.Name.Value, value)
	}
	return out, sh.set(a.Name.Value, value)
}

// setIndexed assigns an element by a subscript of the script.
func (sh *shell) setIndexed(name string, index syntax.ArithmExpr, value string, add bool) bool {
	if v := sh.vars[sh.resolve(name)]; v != nil && v.kind == associative {
		key := sh.subscript(index)
		return sh.ctl == goOn && sh.setKey(name, key, value, add)
	}
	n, ok := sh.arith(index)
	return ok && sh.setAt(name, n, value, add)
}

// element returns an array's element by the text of its subscript.
func (sh *shell) element(name, index string) (string, bool) { return sh.elementByText(name, index) }

// setElement assigns an element by the text of its subscript.
func (sh *shell) setElement(name, index, value string, add bool) bool {
	if v := sh.vars[sh.resolve(name)]; v != nil && v.kind == associative {
		return sh.setKey(name, strings.Trim(index, `"'`), value, add)
	}
	n, ok := sh.arithText(index)
	return ok && sh.setAt(name, n, value, add)
}

func (sh *shell) setKey(name, key, value string, add bool) bool {
	name = sh.resolve(name)
	v := *sh.vars[name]
	if v.readonly {
		return sh.readonly(name)
	}
	if add {
		old, _ := v.at(key)
		value = old + value
	}
	v.list, v.isSet = withKey(&v, key, value), true
	return sh.put(name, &v)
}

func (sh *shell) setAt(name string, index int64, value string, add bool) bool {
	name = sh.resolve(name)
	v := variable{}
	if old := sh.vars[name]; old != nil {
		v = *old
	} else {
		sh.seq++
		v.seq = sh.seq
	}
	if v.readonly {
		return sh.readonly(name)
	}
	if v.kind == scalar {
		if v.isSet {
			v.list = []element{{value: v.value}}
		}
		v.kind, v.value = indexed, ""
	}
	if index < 0 {
		if len(v.list) > 0 {
			index += v.list[len(v.list)-1].index + 1
		}
		if index < 0 {
			sh.warn("%s[%d]: bad array subscript", name, index)
			sh.status = 1
			sh.discardLine()
			return false
		}
	}
	if add {
		old, _ := v.nth(index)
		value = old + value
	}
	if v.integer {
		n, ok := sh.arithText(value)
		if !ok {
			return false
		}
		value = strconv.FormatInt(n, 10)
	}
	v.list, v.isSet = withElement(&v, index, value), true
	return sh.put(name, &v)
}

// assignArray is name=(…).
func (sh *shell) assignArray(name string, array *syntax.ArrayExpr, add bool) bool {
	name = sh.resolve(name)
	v := variable{kind: indexed}
	if old := sh.vars[name]; old != nil {
		v = *old
	} else {
		sh.seq++
		v.seq = sh.seq
	}
	if v.readonly {
		return sh.readonly(name)
	}
	if v.kind == scalar {
		v.kind = indexed
		if v.isSet && add {
			v.list = []element{{value: v.value}}
		}
		v.value = ""
	}
	if !add {
		v.list = nil
	}
	v.isSet = true
	list := slices.Clone(v.list)
	next := int64(0)
	if len(list) > 0 {
		next = list[len(list)-1].index + 1
	}
	work := variable{kind: v.kind, list: list}
	var pendingKey *string
	for _, e := range array.Elems {
		switch {
		case e.Index != nil && v.kind == associative:
			work.list = withKey(&work, sh.subscript(e.Index), sh.expandString(e.Value))
		case e.Index != nil:
			n, ok := sh.arith(e.Index)
			if !ok {
				return false
			}
			if n < 0 {
				n = max(0, n+next)
			}
			work.list = withElement(&work, n, sh.expandString(e.Value))
			next = n + 1
		case v.kind == associative:
			for _, f := range sh.fields([]*syntax.Word{e.Value}) {
				if pendingKey == nil {
					pendingKey = &f
					continue
				}
				work.list = withKey(&work, *pendingKey, f)
				pendingKey = nil
			}
		default:
			for _, f := range sh.fields([]*syntax.Word{e.Value}) {
				if n := len(work.list); n == 0 || work.list[n-1].index < next {
					work.list = append(work.list, element{index: next, value: f})
				} else {
					work.list = withElement(&work, next, f)
				}
				next++
			}
		}
		if sh.ctl != goOn || !sh.tick() {
			return false
		}
	}
	if pendingKey != nil {
		work.list = withKey(&work, *pendingKey, "")
	}
	v.list = work.list
	return sh.put(name, &v)
}
