package catalogue_test

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"testing"

	"drydock/grader/catalogue"
	"drydock/grader/tree"
)

var open = sync.OnceValue(catalogue.Open)

func resolve(t *testing.T, ref string) *catalogue.Image {
	t.Helper()
	img, err := open().Resolve(ref, "linux/amd64")
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// Every image with facts resolves on both platforms to a tree that adds up.
func TestAllImages(t *testing.T) {
	c := open()
	for _, name := range c.Images() {
		for _, platform := range []string{"linux/amd64", "linux/arm64"} {
			img, err := c.Resolve(name, platform)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if got := weight(img.Root); got != img.Bytes {
				t.Errorf("%s: tree holds %d bytes, image %d", name, got, img.Bytes)
			}
			var sum int64
			for _, l := range img.Layers {
				sum += l.Bytes
				if l.Bytes < 0 {
					t.Errorf("%s: negative layer", name)
				}
			}
			if sum != img.Bytes {
				t.Errorf("%s: layers hold %d bytes, image %d", name, sum, img.Bytes)
			}
			full := 0
			for _, h := range img.History {
				if !h.EmptyLayer {
					full++
				}
			}
			if full != len(img.Layers) {
				t.Errorf("%s: %d layers, %d in the history", name, len(img.Layers), full)
			}
			if !strings.Contains(img.OS, "scratch") {
				if n, _ := img.Root.Resolve("/etc/passwd"); n == nil {
					t.Errorf("%s: no /etc/passwd", name)
				}
			}
			arch := platform[len("linux/"):]
			img.Root.Walk("/", func(p string, n *tree.Node) bool {
				if n.Type == tree.Symlink && n.Target == "" || n.Type == tree.File && n.Mode > 0o7777 {
					t.Errorf("%s: %s is malformed", name, p)
				}
				if b, ok := n.Content.Known(); ok && bytes.Contains(b, []byte("$\x00{")) {
					t.Errorf("%s: %s has an unset variable: %.200q", name, p, b)
				}
				if a := n.Content.Fact("arch"); n.Content.Fact("program") != "" && a != "" && a != arch {
					t.Errorf("%s on %s: %s is of %s", name, platform, p, a)
				}
				return true
			})
		}
	}
}

// What a Dockerfile runs in a base is there, with a loader and libraries that are there too.
func TestPrograms(t *testing.T) {
	for _, tc := range []struct{ ref, path, program, version string }{
		{"debian:bookworm-slim", "/bin/sh", "dash", ""},
		{"debian:bookworm-slim", "/bin/ls", "ls", "9.1"},
		{"debian:bookworm-slim", "/usr/bin/apt-get", "apt-get", "2.6.1"},
		{"debian:trixie-slim", "/bin/bash", "bash", ""},
		{"alpine:3.24", "/bin/sh", "busybox", "1.37.0"},
		{"alpine:3.24", "/sbin/apk", "apk", ""},
		{"node:18-alpine", "/usr/local/bin/node", "node", "18.20.8"},
		{"node:18-alpine", "/usr/local/bin/npm", "npm", "10.8.2"},
		{"node:18.13.0-alpine", "/usr/local/bin/node", "node", "18.13.0"},
		{"node:20-bookworm-slim", "/usr/local/bin/node", "node", "20.20.2"},
		{"node:22", "/usr/bin/git", "git", ""},
		{"node:22", "/usr/local/bin/npx", "npx", ""},
		{"node:22", "/usr/bin/python3", "python", ""},
		{"python:3.9", "/usr/local/bin/python", "python", "3.9.25"},
		{"python:3.13-slim", "/usr/local/bin/pip", "pip", "25.3"},
		{"golang:1.26", "/usr/local/go/bin/go", "go", "1.26.5"},
		{"golang:1.19-alpine", "/usr/local/go/bin/go", "go", "1.19.13"},
		{"eclipse-temurin:17-jre", "/opt/java/openjdk/bin/java", "java", "17.0.20+8"},
		{"eclipse-temurin:21-jdk-alpine", "/opt/java/openjdk/bin/javac", "javac", "21.0.12+8"},
		{"amazoncorretto:17", "/usr/bin/java", "java", ""},
		{"amazoncorretto:17-al2023-headless", "/usr/bin/java", "java", ""},
		{"openjdk:17-jre-slim", "/usr/local/openjdk-17/bin/java", "java", "17.0.2"},
		{"openjdk:17-slim", "/usr/local/openjdk-17/bin/javac", "javac", "17.0.1"},
		{"maven:3.8-openjdk-17", "/usr/bin/mvn", "mvn", "3.8.5"},
		{"maven:3.8-openjdk-17", "/bin/sh", "bash", ""},
		{"maven:3.9-eclipse-temurin-17", "/usr/share/maven/bin/mvn", "mvn", ""},
		{"gradle:8-jdk17", "/usr/bin/gradle", "gradle", ""},
		{"nginx:alpine", "/usr/sbin/nginx", "nginx", "1.31.6"},
		{"rust:1-slim", "/usr/local/cargo/bin/cargo", "cargo", ""},
		{"php:8.4-cli", "/usr/local/bin/php", "php", "8.4.25"},
		{"composer:2", "/usr/bin/composer", "composer", ""},
		{"ruby:3.4-slim", "/usr/local/bin/bundle", "bundle", ""},
		{"fedora:43", "/usr/bin/dnf", "dnf", ""},
		{"mcr.microsoft.com/dotnet/sdk:10.0", "/usr/bin/dotnet", "dotnet", "10.0.0"},
		{"gcr.io/distroless/java17-debian12:nonroot", "/usr/bin/java", "java", ""},
		{"gcr.io/distroless/nodejs22-debian12", "/nodejs/bin/node", "node", "22.23.2"},
		{"gcr.io/distroless/base-debian12:debug", "/busybox/sh", "busybox", ""},
	} {
		img := resolve(t, tc.ref)
		n, _ := img.Root.Resolve(tc.path)
		if n == nil {
			t.Errorf("%s: no %s", tc.ref, tc.path)
			continue
		}
		if got := n.Content.Fact("program"); got != tc.program {
			t.Errorf("%s: %s is %q, want %q", tc.ref, tc.path, got, tc.program)
		}
		if got := n.Content.Fact("version"); tc.version != "" && got != tc.version {
			t.Errorf("%s: %s is of version %q, want %q", tc.ref, tc.path, got, tc.version)
		}
	}
}

// Every program of an image can be loaded: the loader and what it needs are in the tree.
func TestLoadable(t *testing.T) {
	dirs := []string{"/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib", "/usr/local/lib"}
	for _, name := range open().Images() {
		img := resolve(t, name)
		missing := map[string]string{}
		img.Root.Walk("/", func(p string, n *tree.Node) bool {
			c := n.Content
			if c.Fact("program") == "" || c.Fact("elf") != "dynamic" {
				return true
			}
			if i := c.Fact("interp"); i != "" {
				if f, _ := img.Root.Resolve(i); f == nil {
					missing[i] = p
				}
			}
		next:
			for _, so := range strings.Fields(c.Fact("needs")) {
				for _, d := range dirs {
					if f, _ := img.Root.Resolve(d + "/" + so); f != nil {
						continue next
					}
				}
				missing[so] = p
			}
			return true
		})
		if len(missing) > 0 {
			t.Errorf("%s: %v", name, missing)
		}
	}
}

// A runtime has no compiler.
func TestRuntimes(t *testing.T) {
	for _, ref := range []string{"eclipse-temurin:17-jre", "eclipse-temurin:21-jre-alpine", "amazoncorretto:17-al2023-headless", "openjdk:17-jre-slim"} {
		img, err := open().Resolve(ref, "")
		if err != nil {
			t.Errorf("%s: %v", ref, err)
			continue
		}
		img.Root.Walk("/", func(p string, n *tree.Node) bool {
			if n.Content.Fact("program") == "javac" {
				t.Errorf("%s has %s", ref, p)
			}
			return true
		})
	}
}

func TestNotFound(t *testing.T) {
	const denied = "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed"
	for _, tc := range []struct{ ref, err, suggestion string }{
		{"node:18-alpin", "docker.io/library/node:18-alpin: not found", "node:18-alpin: no such tag; did you mean 18-alpine?"},
		{"nodee:22", denied, "nodee:22: no such image; did you mean node:22?"},
		{"builder", denied, "builder: there is no such image; is it meant to be a stage of this Dockerfile?"},
		{"python:3.13-slm", "docker.io/library/python:3.13-slm: not found", "python:3.13-slm: no such tag; did you mean 3.13-slim?"},
		{"debian:bookwrm-slim", "docker.io/library/debian:bookwrm-slim: not found", "debian:bookwrm-slim: no such tag; did you mean bookworm-slim?"},
		{"openjdk:99-jre-foo", "docker.io/library/openjdk:99-jre-foo: not found", ""},
		{"gcr.io/distroless/static:nonrot", "gcr.io/distroless/static:nonrot: not found", "gcr.io/distroless/static:nonrot: no such tag; did you mean nonroot?"},
	} {
		_, err := open().Resolve(tc.ref, "")
		var nf *catalogue.NotFoundError
		if !errors.As(err, &nf) {
			t.Errorf("%s: %v", tc.ref, err)
			continue
		}
		if nf.Error() != tc.err {
			t.Errorf("%s: %q", tc.ref, nf.Error())
		}
		if tc.suggestion != "" && nf.Advice() != tc.suggestion {
			t.Errorf("%s: %q, want %q", tc.ref, nf.Advice(), tc.suggestion)
		}
	}
}

func TestNotes(t *testing.T) {
	for _, tc := range []struct{ ref, kind, part string }{
		{"openjdk:17-jre-slim", "advice", "was never published"},
		{"openjdk:17-jre-slim", "advice", "eclipse-temurin:17-jre"},
		{"openjdk:17-slim", "advice", "Use eclipse-temurin:17-jdk."},
		{"maven:3.8-openjdk-17", "advice", "Use maven:3.9-eclipse-temurin-17."},
		{"node:18-alpine", "advice", "Use node:24-alpine."},
		{"node:20-slim", "estimate", "node:22-slim"},
		{"python:3.9-slim", "advice", "Use python:3.13-slim."},
		{"ghcr.io/astral-sh/uv:latest", "unknown", "knows nothing of ghcr.io/astral-sh/uv:latest"},
		{"alpine@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "unknown", "pinned to a digest"},
	} {
		found := false
		img := resolve(t, tc.ref)
		for _, n := range img.Notes {
			found = found || n.Kind == tc.kind && strings.Contains(n.Text, tc.part)
		}
		if !found {
			t.Errorf("%s: no %s with %q in %v", tc.ref, tc.kind, tc.part, img.Notes)
		}
	}
}

func TestFacts(t *testing.T) {
	for _, tc := range []struct{ ref, os, libc, eol string }{
		{"node:18", "debian bookworm", "glibc", "2025-04-30"},
		{"node:18-alpine", "alpine 3.21", "musl", "2025-04-30"},
		{"node:18-alpine3.19", "alpine 3.19", "musl", "2025-04-30"},
		{"python:3.9-slim", "debian trixie", "glibc", "2025-10-31"},
		{"python:3.9-slim-bullseye", "debian bullseye", "glibc", "2025-10-31"},
		{"golang:1.19", "debian bookworm", "glibc", "2023-08-08"},
		{"debian:bookworm-slim", "debian bookworm", "glibc", "2026-06-10"},
		{"debian:12", "debian bookworm", "glibc", "2026-06-10"},
		{"ubuntu", "ubuntu 26.04", "glibc", "2031-04-01"},
		{"alpine", "alpine 3.24", "musl", "2028-05-01"},
		{"alpine:3.20", "alpine 3.20", "musl", "2026-04-01"},
		{"openjdk:17-jre-slim", "debian bullseye", "glibc", "2022-07-01"},
		{"eclipse-temurin:17-jre-jammy", "ubuntu 22.04", "glibc", "2027-10-31"},
		{"nginx:stable-alpine", "alpine 3.24", "musl", ""},
		{"postgres:16", "debian trixie", "glibc", "2028-11-09"},
	} {
		img := resolve(t, tc.ref)
		if img.OS != tc.os || img.Libc != tc.libc || tc.eol != "" && img.EndOfLife != tc.eol {
			t.Errorf("%s: %s, %s, %s; want %s, %s, %s", tc.ref, img.OS, img.Libc, img.EndOfLife, tc.os, tc.libc, tc.eol)
		}
	}
}

// The catalogue opens and the first image of a kind is there before anyone waits.
func BenchmarkOpenAndResolve(b *testing.B) {
	for b.Loop() {
		if _, err := catalogue.Open().Resolve("node:22-slim", ""); err != nil {
			b.Fatal(err)
		}
	}
}

func TestRecorded(t *testing.T) {
	for _, name := range []string{"debian:bookworm-slim", "node:20-bookworm-slim"} {
		img := open().Recorded(name)
		if img == nil {
			t.Fatalf("no %s", name)
		}
		if n, _ := img.Root.Resolve("/etc/debian_version"); n == nil {
			t.Errorf("%s: no /etc/debian_version", name)
		}
		t.Logf("%s: %d bytes, %d entries", name, img.Bytes, img.Root.Totals().Entries)
	}
	if open().Recorded("alpine:3.24") != nil {
		t.Error("alpine was not recorded")
	}
}

// weight sums up the sizes of files, those with several names once.
func weight(root *tree.Node) int64 {
	var total int64
	seen := map[uint64]bool{}
	root.Walk("/", func(_ string, n *tree.Node) bool {
		if n.Type == tree.File && !seen[n.Inode] {
			total += n.Size()
			seen[n.Inode] = n.Inode != 0
		}
		return true
	})
	return total
}

// Images weigh on disk what docker-library says they do, give or take two per cent.
func TestSizes(t *testing.T) {
	for name, want := range map[string]int64{
		"alpine:3.16": 5540000, "alpine:3.24": 8420000, "node:22-slim": 227340000, "node:22": 1130000000, "python:3.13-slim": 117920000, "python:3.12-alpine": 48870000,
		"golang:1.26": 873770000, "eclipse-temurin:17-jre": 294400000, "maven:3.9-eclipse-temurin-17": 504400000, "debian:bookworm-slim": 74830000, "rust:1-slim": 912860000,
		"php:8.4-cli-alpine": 111250000, "ruby:3.4-slim": 157220000, "openjdk:17-slim": 407030000,
	} {
		if got := resolve(t, name).Bytes; got < want*98/100 || got > want*102/100 {
			t.Errorf("%s: %d bytes, want %d", name, got, want)
		}
	}
}
