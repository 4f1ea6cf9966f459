// Package progress prints a build as BuildKit's client does with --progress=plain, and sums up what came of it.
package progress

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"drydock/grader/report"
)

// Plain prints the steps in the order in which they ran, each with its output, and the error where the build failed. Durations are the
// estimates of the report.
func Plain(w io.Writer, b *report.Build) {
	for i, s := range b.Steps {
		fmt.Fprintf(w, "#%d %s\n", i+1, s.Name)
		for line := range strings.Lines(s.Output) {
			fmt.Fprintf(w, "#%d %.3f %s", i+1, min(s.Seconds, 0.1), line)
			if !strings.HasSuffix(line, "\n") {
				fmt.Fprintln(w)
			}
		}
		switch {
		case s.Error != "":
			fmt.Fprintf(w, "#%d ERROR: %s\n\n", i+1, s.Error)
		case s.Cached:
			fmt.Fprintf(w, "#%d CACHED\n\n", i+1)
		default:
			fmt.Fprintf(w, "#%d DONE %.1fs\n\n", i+1, s.Seconds)
		}
	}
	for _, x := range b.Warnings {
		line := 0
		if len(x.Ranges) > 0 {
			line = x.Ranges[0].Start
		}
		fmt.Fprintf(w, "WARN: %s: %s (line %d)\n", x.Rule, x.Message, line)
	}
	if !b.OK {
		if b.Excerpt != "" {
			fmt.Fprint(w, b.Excerpt)
		}
		fmt.Fprintf(w, "ERROR: %s\n", b.Error)
	}
}

// Summary prints the image's layers, its size and how it would be started, and what the simulation has to remark.
func Summary(w io.Writer, b *report.Build) {
	if b.Image != nil {
		t := tabwriter.NewWriter(w, 0, 4, 2, ' ', tabwriter.AlignRight)
		fmt.Fprint(t, "LAYER\tSIZE\tFILES\tWASTED\t\n")
		for i, l := range b.Image.Layers {
			wasted := ""
			if l.Wasted > 0 {
				wasted = Size(l.Wasted)
			}
			files := ""
			if l.Files > 0 {
				files = fmt.Sprint(l.Files)
			}
			fmt.Fprintf(t, "%d\t%s\t%s\t%s\t  %s\n", i+1, Size(l.Bytes), files, wasted, short(l.CreatedBy))
		}
		t.Flush()
		c := b.Image.Config
		fmt.Fprintf(w, "image: %s, of that %s above the base; user %s; starts %s\n",
			Size(b.Image.Bytes), Size(b.Image.Bytes-b.Image.BaseBytes), orRoot(c.User), command(c))
	}
	for _, n := range b.Notes {
		at := ""
		if n.Line > 0 {
			at = fmt.Sprintf("line %d: ", n.Line)
		}
		fmt.Fprintf(w, "note (%s): %s%s\n", n.Kind, at, n.Text)
	}
}

// Reran prints which steps of a rebuild ran again and why.
func Reran(w io.Writer, b *report.Build) {
	for _, s := range b.Steps {
		if s.Internal || s.Kind == "source" {
			continue
		}
		word, why := "cached", ""
		if s.Ran {
			word = "ran"
			if s.Cause != nil {
				why = "  (" + s.Cause.Text + ")"
			}
		}
		fmt.Fprintf(w, "%-6s  %s%s\n", word, short(s.Name), why)
	}
}

// Size writes bytes in decimal units as docker prints them.
func Size(n int64) string {
	f := float64(n)
	for _, u := range []string{"B", "kB", "MB", "GB"} {
		if f < 999.5 || u == "GB" {
			switch {
			case u == "B":
				return fmt.Sprintf("%d B", n)
			case f < 9.995:
				return fmt.Sprintf("%.2f %s", f, u)
			case f < 99.95:
				return fmt.Sprintf("%.1f %s", f, u)
			}
			return fmt.Sprintf("%.0f %s", f, u)
		}
		f /= 1000
	}
	return ""
}

func short(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 100 {
		return string(r[:99]) + "…"
	}
	return s
}

func orRoot(u string) string {
	if u == "" {
		return "root"
	}
	return u
}

func command(c report.Config) string {
	all := append(append([]string{}, c.Entrypoint...), c.Cmd...)
	if len(all) == 0 {
		return "nothing (no ENTRYPOINT or CMD)"
	}
	return strings.Join(all, " ")
}
