package lessons_test

import (
	"context"
	"fmt"
	"testing"

	"drydock/grader/build"
	"drydock/grader/catalogue"
	"drydock/grader/models"
	"drydock/grader/tree"
	"drydock/lessons"
)

func TestTry(t *testing.T) {
	c := catalogue.Open()
	im := func(ref, p string) (*catalogue.Image, error) { fmt.Println("ASK", ref, p); return c.Resolve(ref, p) }
	b := lessons.Simulator(im, models.All())
	r := tree.Begin(nil)
	r.Set("/Dockerfile", tree.NewFile(0o644, tree.Text("FROM alpine:3.24\nRUN echo hello > /x\n")))
	x, err := b(context.Background(), build.Request{Context: r.Commit()})
	fmt.Println(err, x[0].Notes, x[0].Image.Bytes)
}
