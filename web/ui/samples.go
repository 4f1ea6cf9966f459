package ui

import (
	"drydock/grader"
	"drydock/grader/report"
	"drydock/lessons/stack"
	"drydock/store"
)

// Samples makes the data of the page of components: a service built carelessly and carefully.
func Samples() SampleData {
	before, after := sampleBuild(), sampleSmallBuild()
	beforeStack, afterStack := stack.Of("Before", before), stack.Of("After", after)
	stack.SameScale(&beforeStack, &afterStack)
	failed := &grader.Grade{
		Exercise: "sample", Score: 45, Max: 100, Millis: 6.2, Build: before, Checks: sampleChecks(),
		After: map[string]*report.Build{"edit-source": before},
	}
	passed := &grader.Grade{Exercise: "sample", Score: 100, Max: 100, Passed: true, Millis: 5.1, Build: after}
	broken := &grader.Grade{
		Exercise: "sample", Max: 100, Error: "failed to solve: failed to read dockerfile: dockerfile parse error on line 3: unknown instruction: RUM (did you mean RUN?)",
		Build: &report.Build{
			Lines:   report.Lines{Start: 3, End: 3},
			Excerpt: "Dockerfile:3\n--------------------\n   1 |     FROM node:24\n   2 |     COPY . .\n   3 | >>> RUM npm ci\n--------------------",
		},
		Checks: []grader.Result{
			{ID: "builds", Title: "The build succeeds", Must: true, Message: "The build stops at line 3.", Line: 3},
			{ID: "small", Title: "The image is a fraction of the starter’s", Points: 30, Skipped: true},
		},
	}
	return SampleData{
		Passed: passed, Failed: failed, Broken: broken, Before: beforeStack, After: afterStack,
		Sizes:  Result{Answer: store.Answer{AnswerSummary: store.AnswerSummary{Bytes: 412_000_000}}, StarterBytes: 1_300_000_000, ReferenceBytes: 162_000_000},
		Course: sampleCourse(),
		Failures: []Failure{
			{Status: 404}, {Status: 413}, {Status: 500},
			{Status: 403, Retry: &Retry{Action: "/exercises/sample/answers", Fields: map[string]string{"Dockerfile": "FROM node:24-slim\n", ".dockerignore": "node_modules\n"}}},
		},
	}
}

func sampleChecks() []grader.Result {
	return []grader.Result{
		{ID: "builds", Title: "The build succeeds", Must: true, Passed: true},
		{ID: "starts", Title: "The container starts", Must: true, Passed: true},
		{ID: "keeps", Title: "Editing server.js does not reinstall the dependencies", Points: 20, Must: true, Line: 3,
			Message: "Line 4 ran again because line 3, COPY . ., now brings a different server.js. Which files does the installation need?"},
		{ID: "small", Title: "The image is a fraction of the starter’s", Points: 25, Message: "The image has 1.30 GB; the starter’s had 1.30 GB."},
		{ID: "lock", Title: "Installs follow the lock file", Points: 10, Passed: true},
		{ID: "user", Title: "The process is not root", Advice: true, Line: 5, Message: "It runs as root. What would an intruder be allowed to do?"},
	}
}

func sampleBuild() *report.Build {
	return &report.Build{
		OK: true,
		Steps: []report.Step{
			{ID: "a", Name: "[internal] load build definition from Dockerfile", Internal: true, Ran: true},
			{ID: "b", Name: "[1/4] FROM docker.io/library/node:24", Kind: "source", Cached: true},
			{ID: "c", Name: "[2/4] WORKDIR /app", Kind: "workdir", Cached: true, Lines: report.Lines{Start: 2, End: 2}},
			{ID: "d", Name: "[3/4] COPY . .", Kind: "copy", Ran: true, Seconds: 0.4, Lines: report.Lines{Start: 3, End: 3},
				Cause: &report.Cause{Kind: "files", Text: "Ran again because server.js differs."}},
			{ID: "e", Name: "[4/4] RUN npm install", Kind: "run", Ran: true, Seconds: 14.2, Lines: report.Lines{Start: 4, End: 4},
				Output: "added 312 packages, and audited 313 packages in 14s\n", Events: []report.Event{{Kind: "install", Tool: "npm", Name: "express"}}},
			{ID: "f", Name: "[test 1/1] RUN npm test", Kind: "run"},
		},
		Warnings: []report.Warning{{Rule: "JSONArgsRecommended", Message: "JSON arguments recommended for CMD to prevent unintended behavior related to OS signals", Ranges: []report.Lines{{Start: 5, End: 5}}}},
		Notes: []report.Note{
			{Kind: "advice", Line: 1, Text: "node:24 is supported until April 2028."},
			{Kind: "unknown", Line: 4, Text: "How long the postinstall script of one package takes is not known."},
		},
		Stages: []report.Stage{{Base: "node:24"}},
		Image: &report.Image{
			Bytes: 1_300_000_000, BaseBytes: 1_090_000_000, Wasted: 31_000_000,
			Layers: []report.Layer{
				{CreatedBy: "base", Base: true, Bytes: 500_000_000}, {CreatedBy: "base", Base: true, Bytes: 590_000_000},
				{CreatedBy: "WORKDIR /app", Step: "c", Line: 2, Files: 1},
				{CreatedBy: "COPY . . # buildkit", Step: "d", Line: 3, Bytes: 62_000_000, Wasted: 31_000_000, Files: 812},
				{CreatedBy: "RUN /bin/sh -c npm install # buildkit", Step: "e", Line: 4, Bytes: 148_000_000, Files: 9_120, Estimate: true},
			},
		},
	}
}

func sampleSmallBuild() *report.Build {
	return &report.Build{
		OK: true,
		Steps: []report.Step{
			{ID: "p", Name: "[build 4/4] RUN npm ci --omit=dev", Events: []report.Event{{Kind: "install", Tool: "npm"}}},
			{ID: "q", Name: "[stage-1 2/4] RUN apk add --no-cache tini", Events: []report.Event{{Kind: "install", Tool: "apk"}}},
			{ID: "r", Name: "[stage-1 3/4] COPY --from=build /app/node_modules ./node_modules", Kind: "copy", Inputs: []string{"q", "p"}},
			{ID: "s", Name: "[stage-1 4/4] COPY server.js ./", Kind: "copy", Inputs: []string{"r"}},
		},
		Stages: []report.Stage{{Name: "build", Base: "node:24"}, {Base: "node:24-alpine"}},
		Image: &report.Image{
			Bytes: 162_000_000,
			Layers: []report.Layer{
				{CreatedBy: "base", Base: true, Bytes: 155_000_000},
				{CreatedBy: "RUN /bin/sh -c apk add --no-cache tini # buildkit", Step: "q", Line: 7, Bytes: 1_200_000, Files: 9},
				{CreatedBy: "COPY --from=build /app/node_modules ./node_modules # buildkit", Step: "r", Line: 8, Bytes: 6_100_000, Files: 640},
				{CreatedBy: "COPY server.js ./ # buildkit", Step: "s", Line: 9, Bytes: 2_100, Files: 1},
			},
		},
	}
}

func sampleCourse() CourseMap {
	m := CourseMap{Title: "Docker Images", Modules: []MapModule{{
		ID: "sample", Title: "The core, beginner", Level: "beginner", Summary: "How layers stack, and what copy-on-write does.",
		Lessons: []MapNode{
			{Title: "Layers and the union filesystem", URL: "#", Minutes: 12, State: Done},
			{Title: "Copy-on-write", URL: "#", Minutes: 9, State: Begun},
			{Title: "Users and ownership", URL: "#", Minutes: 10, State: Open, After: []Link{{"Layers and the union filesystem", "#"}}},
		},
		Exercises: []MapNode{
			{Title: "Make a Node.js image small", URL: "#", Minutes: 30, State: Mastered, Best: 95},
			{Title: "A Spring Boot fat JAR", URL: "#", Minutes: 35, State: Begun, Best: 40},
		},
	}}}
	return m
}
