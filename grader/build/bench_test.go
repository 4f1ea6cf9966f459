package build_test

import (
	"fmt"
	"strings"
	"testing"

	"drydock/grader/build"
	"drydock/grader/catalogue"
	"drydock/grader/models"
	"drydock/grader/tree"
)

const typical = `
FROM node:20-slim AS build
WORKDIR /app
COPY package.json ./
RUN npm install --omit=dev
COPY . .
RUN node --check server.js && rm -rf /tmp/*

FROM node:20-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build --chown=node:node /app /app
USER node
EXPOSE 3000
CMD ["node", "server.js"]
`

// BenchmarkDiagnose is what happens while a learner types: parse, lint, simulated build, on a builder that knows nothing.
func BenchmarkDiagnose(b *testing.B) {
	bench(b, folder(map[string]string{
		"Dockerfile": typical, ".dockerignore": "node_modules\n.git\n", "server.js": "console.log(1)\n",
		"package.json": `{"name":"a","version":"1.0.0","dependencies":{"express":"4.21.2"}}`,
	}))
}

// Benchmark40Steps8Stages2000Files is a large project, built from nothing.
func Benchmark40Steps8Stages2000Files(b *testing.B) {
	files := map[string]string{}
	for i := range 2000 {
		files[fmt.Sprintf("src/p%d/q%d/f%d.go", i%20, i%7, i)] = strings.Repeat("x", i%500)
	}
	var d strings.Builder
	d.WriteString("FROM debian:bookworm-slim AS s0\nRUN mkdir /out\n")
	for i := 1; i < 8; i++ {
		fmt.Fprintf(&d, "FROM debian:bookworm-slim AS s%d\nWORKDIR /w%d\nCOPY src/p%d ./p\nCOPY --from=s%d /out /out\nRUN find . -type f | wc -l > /out/n%d\nRUN touch /out/f%d\n", i, i, i, i-1, i, i)
	}
	d.WriteString("COPY . /all\nRUN ls /out\nRUN true\n")
	files["Dockerfile"] = d.String()
	bench(b, folder(files))
}

// Benchmark50kNodeModules copies a folder of 50,000 entries through two stages and changes one file in it.
func Benchmark50kNodeModules(b *testing.B) {
	root := tree.NewDir(0o755)
	for i := range 500 {
		for j := range 100 {
			root.PutAt(fmt.Sprintf("/node_modules/p%d/lib/f%d.js", i, j), tree.NewFile(0o644, tree.Declared(1000, fmt.Sprint(i, j), nil)))
		}
	}
	root.PutAt("/Dockerfile", tree.NewFile(0o644, tree.Text("FROM debian:bookworm-slim AS a\nCOPY . /app\nRUN touch /app/node_modules/p1/x\nFROM debian:bookworm-slim\nCOPY --from=a /app /app\n")))
	bench(b, root)
}

// bench builds a context on new builders.
func bench(b *testing.B, context *tree.Node) {
	b.Helper()
	cat, programs := catalogue.Open(), models.All()
	b.ReportAllocs()
	for b.Loop() {
		s := build.NewSession(cat.Resolve, programs)
		r, err := s.Build(b.Context(), build.Request{Context: context})
		if err != nil || !r.OK {
			b.Fatal(err, r.Error)
		}
		s.Close()
	}
}
