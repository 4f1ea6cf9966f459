package grader_test

import (
	"context"
	"fmt"
	"testing"

	"drydock/grader"
)

// BenchmarkGrade grades whole answers: cold build, start, all scenarios, checks.
func BenchmarkGrade(b *testing.B) {
	for _, e := range shipped(b) {
		for _, c := range []struct {
			name  string
			files grader.Files
		}{{"reference", e.References[0].Files}, {"text", e.References[1].Files}, {"starter", e.Starter}} {
			b.Run(e.ID+"/"+c.name, func(b *testing.B) {
				n := 0
				for b.Loop() {
					n++
					files := grader.Files{}
					for name, text := range c.files {
						files[name] = text
					}
					files[".dockerignore"] += fmt.Sprintf("\n# %d\n", n) // no two answers are the same
					if _, err := simulator().Grade(context.Background(), e, files); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
