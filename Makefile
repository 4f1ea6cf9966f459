# make lists the targets.
.DEFAULT_GOAL := help
SHELL := /bin/bash
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@2026.1

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.PHONY: run
run: ## serve on http://localhost:8080
	go run ./cmd/drydock

.PHONY: test
test: install check ## install what is missing and run every test
	go test -race ./store ./web ./grader/shell
	@# BuildKit v0.34.2 has a race of its own in what it would log (solver.CacheKey.TraceFields); many builds in a row run into it.
	go test -race -skip '^(Fuzz|TestSessionsLeaveNothing)' ./grader/build
	go test ./...
	cd grader/conformance && go run . -every 30

.PHONY: install
install: ## install what the tests need beyond Go (needs root on Debian)
	.ci/install

.PHONY: check
check: ## formatting, vet, freshness of generated code, the course
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo "gofmt would change these files"; exit 1; }
	go vet ./...
	.ci/fresh
	go run ./cmd/drydock check

.PHONY: generate
generate: ## make the committed generated code again: templates, assets
	go tool templ generate
	cd web && npm ci --no-audit --no-fund && npm run --silent build

.PHONY: bench
bench: ## the benchmarks
	go test -run '^$$' -bench . -benchmem ./grader/... ./store

.PHONY: fuzz
fuzz: ## run each fuzz target for a minute
	@for t in $$(grep -rlE '^func Fuzz' --include='*_test.go' . | sort); do \
	  for f in $$(grep -oE '^func Fuzz[A-Za-z0-9_]+' $$t | cut -d' ' -f2); do \
	    echo "$$f in $$(dirname $$t)"; go test -run '^$$' -fuzz "^$$f$$" -fuzztime 60s ./$$(dirname $$t) || exit 1; \
	  done; done

.PHONY: hostile
hostile: ## grade every hostile answer, and follow a worker's system calls
	go test -v -count=1 -timeout 20m -run 'Hostile|OpensNothing' ./cmd/drydock -all

.PHONY: conformance
conformance: install ## hold all cases against a real BuildKit (needs root)
	cd grader/conformance && go run . -v
