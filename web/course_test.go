package web_test

import (
	"context"
	"html/template"
	"strings"

	"drydock/grader"
	"drydock/grader/report"
	"drydock/lessons"
)

// testCourse is a small course with two lessons and an exercise.
func testCourse() *lessons.Course {
	layers := &lessons.Lesson{
		ID: "beginner/layers", File: "docker-images/20-beginner/10-layers.md", Title: "Layers", Level: "beginner", Minutes: 12,
		Summary: "A layer is a sheet with changes.", Objectives: []string{"Say what a layer is"}, Exercises: []string{"node-optimize"},
		HTML:     `<h2 id="sheets">Transparent sheets</h2><p>An image is a stack of <code>layers</code>.</p>`,
		Contents: []lessons.Heading{{Level: 2, ID: "sheets", Title: "Transparent sheets"}},
		Sources:  []lessons.Source{{Title: "OCI image specification", URL: "https://github.com/opencontainers/image-spec"}},
	}
	copying := &lessons.Lesson{
		ID: "beginner/copy-on-write", Title: "Copy-on-write", Level: "beginner", Minutes: 9, Previous: layers, Requires: []string{"beginner/layers"},
		HTML: `<p>The first write copies.</p>`,
	}
	layers.Next = copying
	exercise := &lessons.Exercise{
		ID: "node-optimize", File: "docker-images/exercises/node-optimize/exercise.md", Title: "Make a Node.js image small", Level: "expert", Minutes: 30,
		Summary: "An Express service ships everything.",
		Problem: template.HTML(`<p>The image is large and slow to build.</p>`), Thinking: template.HTML(`<p>Think of the order.</p>`),
		Starter:  grader.Files{"Dockerfile": "FROM node:18\nCOPY . .\nRUN npm install\nCMD node server.js\n"},
		Editable: []string{"Dockerfile", ".dockerignore"},
		Context: []lessons.ContextFile{
			{Path: "server.js", Bytes: 18, Text: "require('express')"},
			{Path: "public/a b%.txt", Bytes: 20_000, Text: strings.Repeat("<line>\n", 3000)},
			{Path: ".git/pack", Bytes: 48_000_000, Declared: true, About: "the repository's history"},
		},
		Solution: []lessons.Reference{{
			Name: "modern", Title: "As one would write it today", Files: grader.Files{"Dockerfile": "FROM node:24-slim\nUSER node\n"}, Build: build(160_000_000, true),
		}},
		Def: &grader.Exercise{ID: "node-optimize", Pass: 70},
	}
	return &lessons.Course{
		ID: "docker-images", Title: "Docker Images", Summary: "From the first layer to the interview.",
		Modules:   []*lessons.Module{{ID: "beginner", Title: "The core, beginner", Level: "beginner", Lessons: []*lessons.Lesson{layers, copying}}},
		Exercises: []*lessons.Exercise{exercise},
		Glossary:  []lessons.Term{{Term: "whiteout", Short: "A marker that hides a file.", Lesson: "beginner/layers"}, {Term: "Layer", Short: "The difference that a step made."}},
	}
}

// build is the report of a build with an image of that size, or of one that failed.
func build(bytes int64, ok bool) *report.Build {
	b := &report.Build{OK: ok, Steps: []report.Step{
		{ID: "1", Name: "[1/2] FROM docker.io/library/node:18", Cached: true},
		{ID: "2", Name: "[2/2] RUN npm install", Ran: true, Output: "added 312 packages\n", Seconds: 3},
	}}
	if ok {
		b.Image = &report.Image{Bytes: bytes, Layers: []report.Layer{
			{CreatedBy: "base", Base: true, Bytes: bytes / 2}, {CreatedBy: "RUN /bin/sh -c npm install # buildkit", Step: "2", Line: 3, Bytes: bytes / 2},
		}}
	}
	return b
}

// fakeGrade passes an answer that has "USER node" in it, and treats "hang", "boom" and "fail" in one as what they say.
func fakeGrade(ctx context.Context, exercise *lessons.Exercise, files grader.Files) (*grader.Grade, error) {
	text := files["Dockerfile"]
	grade := &grader.Grade{Exercise: exercise.ID, Max: 100, Millis: 4}
	switch {
	case strings.Contains(text, "hang"):
		return nil, context.DeadlineExceeded
	case strings.Contains(text, "boom"):
		panic("boom")
	case strings.Contains(text, "fail"):
		grade.Error = "failed to solve: node:99: not found"
		grade.Build = build(0, false)
		grade.Checks = []grader.Result{{ID: "builds", Title: "The build succeeds", Must: true, Message: "It stops at line 1.", Line: 1}, {ID: "small", Title: "The image is small", Points: 100, Skipped: true}}
		return grade, nil
	}
	passed := strings.Contains(text, "USER node")
	grade.Passed = passed
	grade.Build = build(900_000_000, true)
	grade.Checks = []grader.Result{
		{ID: "builds", Title: "The build succeeds", Must: true, Passed: true},
		{ID: "small", Title: "The image is small", Points: 100, Must: true, Passed: passed, Line: 2},
	}
	if passed {
		grade.Score = 100
		grade.Build = build(160_000_000, true)
	} else {
		grade.Checks[1].Message = "Line 2 copies everything <here>."
	}
	return grade, nil
}
