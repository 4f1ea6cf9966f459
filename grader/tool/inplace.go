package tool

import "context"

type inPlace struct{}

// InPlace marks a context for [Call.Exec]: the program takes the place of the process that calls it, as after the shell's exec, and so keeps its
// process id. It matters to who gets the stop signal of a container.
func InPlace(ctx context.Context) context.Context { return context.WithValue(ctx, inPlace{}, true) }

// IsInPlace reports whether ctx was marked by [InPlace] and not handed on by [NewProcess] since.
func IsInPlace(ctx context.Context) bool { in, _ := ctx.Value(inPlace{}).(bool); return in }

// NewProcess takes the mark of [InPlace] off again, for what the program itself starts.
func NewProcess(ctx context.Context) context.Context {
	if !IsInPlace(ctx) {
		return ctx
	}
	return context.WithValue(ctx, inPlace{}, false)
}
