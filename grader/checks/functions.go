package checks

import (
	"reflect"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/ext"
)

// The types that expressions meet, by the names that error messages give them.
var (
	buildType   = cel.ObjectType("checks.Build")
	imageType   = cel.ObjectType("checks.Image")
	fileType    = cel.ObjectType("checks.File")
	eventType   = cel.ObjectType("checks.Event")
	contextType = cel.ObjectType("checks.Context")
	lockType    = cel.ObjectType("checks.Lock")
	stringList  = cel.ListType(cel.StringType)
)

func nativeTypes() []any {
	var out []any
	for _, v := range []any{
		Build{}, Step{}, Cause{}, Event{}, Note{}, Context{}, Run{}, Leak{}, Base{}, Lines{}, Image{}, Config{}, Layer{}, File{}, Lock{},
	} {
		out = append(out, reflect.TypeOf(v))
	}
	return append(out, ext.ParseStructTags(true))
}

func variables() map[string]*cel.Type {
	return map[string]*cel.Type{
		"build": buildType, "image": imageType, "context": contextType, "run": cel.ObjectType("checks.Run"),
		"after": cel.MapType(cel.StringType, buildType), "leaks": cel.ListType(cel.ObjectType("checks.Leak")),
		"starter": buildType, "base": cel.ObjectType("checks.Base"), "lines": cel.ObjectType("checks.Lines"),
	}
}

// functions are the questions that expressions may ask.
func (e *Env) functions() []cel.EnvOption {
	return []cel.EnvOption{
		e.member("file", imageType, fileType, func(v any, p string) any { return v.(*Image).file(p) }),
		e.member("has", imageType, cel.BoolType, func(v any, p string) any { n, _ := v.(*Image).root.Resolve(p); return n != nil }),
		e.member("find", imageType, cel.ListType(fileType), func(v any, p string) any { return v.(*Image).find(p) }),
		e.member("added", imageType, cel.ListType(fileType), func(v any, p string) any { return v.(*Image).addedLike(p) }),
		e.member("packages", imageType, stringList, func(v any, kind string) any { return v.(*Image).packages(kind) }),
		e.member("package_line", imageType, cel.IntType, func(v any, id string) any { return v.(*Image).packageLine(id) }),
		e.member("copied", imageType, cel.ListType(fileType), func(v any, p string) any { return v.(*Image).copied(p) }),
		e.member("programs", imageType, cel.ListType(fileType), func(v any, names string) any {
			return v.(*Image).programs(strings.Fields(names))
		}),
		e.member("downloads", buildType, cel.ListType(eventType), func(v any, tool string) any { return v.(*Build).events("download", tool) }),
		e.member("installs", buildType, cel.ListType(eventType), func(v any, tool string) any { return v.(*Build).events("install", tool) }),
		e.member("cache_hits", buildType, cel.ListType(eventType), func(v any, tool string) any { return v.(*Build).events("cache-hit", tool) }),
		e.member("npm_lock", contextType, lockType, func(v any, dir string) any { return e.locks.of(v.(*Context), dir) }),
		e.member("has", contextType, cel.BoolType, func(v any, p string) any {
			return v.(*Context).lookup(p) != nil
		}),
		e.member("file", contextType, fileType, func(v any, p string) any {
			return newFile(p, v.(*Context).lookup(p)).whole()
		}),
		cel.Function("why", cel.MemberOverload("build_why", []*cel.Type{buildType}, cel.StringType, cel.UnaryBinding(func(b ref.Val) ref.Val {
			return types.String(b.Value().(*Build).why())
		}))),
		cel.Function("why_line", cel.MemberOverload("build_why_line", []*cel.Type{buildType}, cel.IntType, cel.UnaryBinding(func(b ref.Val) ref.Val {
			return types.Int(b.Value().(*Build).whyLine())
		}))),
		cel.Function("common", cel.Overload("common_strings", []*cel.Type{stringList, stringList}, stringList, cel.BinaryBinding(e.lists(common)))),
		cel.Function("without", cel.Overload("without_strings", []*cel.Type{stringList, stringList}, stringList, cel.BinaryBinding(e.lists(func(a, b []string) []string {
			return without(a, sorted(b))
		})))),
		cel.Function("bare", cel.Overload("bare_strings", []*cel.Type{stringList}, stringList, cel.UnaryBinding(func(l ref.Val) ref.Val {
			return e.value(bare(stringsOf(l)))
		}))),
		cel.Function("total", cel.Overload("total_files", []*cel.Type{cel.ListType(fileType)}, cel.IntType, cel.UnaryBinding(func(l ref.Val) ref.Val {
			return types.Int(total(l))
		}))),
		cel.Function("names", cel.Overload("names_strings", []*cel.Type{stringList}, cel.StringType, cel.UnaryBinding(func(l ref.Val) ref.Val {
			return types.String(names(stringsOf(l)))
		}))),
		cel.Function("mb", cel.Overload("mb_int", []*cel.Type{cel.IntType}, cel.StringType, cel.UnaryBinding(func(n ref.Val) ref.Val {
			return types.String(mb(int64(n.(types.Int))))
		}))),
	}
}

// member declares a question with one string as argument.
func (e *Env) member(name string, on, gives *cel.Type, ask func(v any, arg string) any) cel.EnvOption {
	id := strings.ToLower(strings.TrimPrefix(on.TypeName(), "checks.")) + "_" + name
	return cel.Function(name, cel.MemberOverload(id, []*cel.Type{on, cel.StringType}, gives, cel.BinaryBinding(func(v, arg ref.Val) ref.Val {
		return e.value(ask(v.Value(), string(arg.(types.String))))
	})))
}

func (e *Env) lists(f func(a, b []string) []string) func(a, b ref.Val) ref.Val {
	return func(a, b ref.Val) ref.Val { return e.value(f(stringsOf(a), stringsOf(b))) }
}

// stringsOf reads a list of strings.
func stringsOf(v ref.Val) []string {
	if s, ok := v.Value().([]string); ok {
		return s
	}
	native, err := v.ConvertToNative(reflect.TypeFor[[]string]())
	if err != nil {
		return nil
	}
	return native.([]string)
}

func sorted(s []string) []string {
	if slices.IsSorted(s) {
		return s
	}
	return slices.Sorted(slices.Values(s))
}

// common returns what is in both lists.
func common(a, b []string) []string {
	b = sorted(b)
	var out []string
	for _, s := range a {
		if _, found := slices.BinarySearch(b, s); found {
			out = append(out, s)
		}
	}
	return out
}

// bare takes the versions off packages' names, sorted and without repetition.
func bare(packages []string) []string {
	out := make([]string, len(packages))
	for i, p := range packages {
		out[i] = p
		if at := strings.LastIndexByte(p, '@'); at > 0 {
			out[i] = p[:at]
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// total sums the sizes of files; folders count nothing.
func total(files ref.Val) int64 {
	var n int64
	list, ok := files.(traits.Lister)
	if !ok {
		return 0
	}
	for it := list.Iterator(); it.HasNext() == types.True; {
		if f, ok := it.Next().Value().(*File); ok && !f.Dir {
			n += f.Size
		}
	}
	return n
}

// events lists what the steps did of a kind with a tool.
func (b *Build) events(kind, tool string) []*Event {
	var out []*Event
	for _, s := range b.Steps {
		for _, e := range s.Events {
			if e.Kind == kind && (tool == "" || e.Tool == tool) {
				out = append(out, e)
			}
		}
	}
	return out
}
