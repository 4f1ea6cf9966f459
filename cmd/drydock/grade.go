package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"drydock/grader"
	"drydock/lessons"
)

// gradeJSON is the stable form of a grade, the API's too.
type gradeJSON struct {
	Exercise string      `json:"exercise"`
	Score    int         `json:"score"`
	Max      int         `json:"max"`
	Passed   bool        `json:"passed"`
	Checks   []checkJSON `json:"checks"`
	Error    string      `json:"error"`
}

type checkJSON struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Points  int    `json:"points"`
	Passed  bool   `json:"passed"`
	Must    bool   `json:"must"`
	Message string `json:"message"`
	Line    int    `json:"line"`
}

func gradeCommand() *cobra.Command {
	var asJSON bool
	var dir string
	c := &cobra.Command{
		Use:   "grade [flags] EXERCISE DIR",
		Short: "Grade the Dockerfile and .dockerignore in a folder",
		Long: `Grade the Dockerfile and .dockerignore in DIR as an answer to EXERCISE.

Exit status: 0 passed, 1 not passed, 2 wrong usage.`,
		Args: exactly(2, "an EXERCISE and a DIR"),
		RunE: func(c *cobra.Command, pos []string) error {
			e := newEngine()
			lib, err := e.library(lessons.Options{Dir: dir})
			if err != nil {
				return usage("%v", err)
			}
			x, err := exercise(c.Context(), lib.Course(), pos[0])
			if err != nil {
				return usage("%v", err)
			}
			files, err := answerIn(pos[1], x.Editable)
			if err != nil {
				return usage("%v", err)
			}
			g, err := e.grader.Grade(c.Context(), x.Def, files)
			if errors.Is(err, grader.ErrFiles) {
				return usage("%v", err)
			}
			if err != nil {
				return &exitError{1, err}
			}
			if asJSON {
				err = printGradeJSON(c.OutOrStdout(), g)
			} else {
				printGrade(c.OutOrStdout(), g)
			}
			if err != nil {
				return &exitError{1, err}
			}
			if !g.Passed {
				return &exitError{status: 1}
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	c.Flags().StringVar(&dir, "lessons", "", "take the exercise from the course in this folder")
	return c
}

// answerIn reads the files of an answer that are there; the first, the Dockerfile, must be.
func answerIn(dir string, names []string) (grader.Files, error) {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("no folder %s", dir)
	}
	files := grader.Files{}
	for i, name := range names {
		data, err := os.ReadFile(filepath.Join(dir, name))
		switch {
		case errors.Is(err, fs.ErrNotExist) && i > 0:
		case errors.Is(err, fs.ErrNotExist):
			return nil, fmt.Errorf("no %s in %s", name, dir)
		case err != nil:
			return nil, err
		default:
			files[name] = string(data)
		}
	}
	return files, nil
}

func printGradeJSON(w io.Writer, g *grader.Grade) error {
	out := gradeJSON{g.Exercise, g.Score, g.Max, g.Passed, []checkJSON{}, g.Error}
	for _, c := range g.Checks {
		out.Checks = append(out.Checks, checkJSON{c.ID, c.Title, c.Points, c.Passed, c.Must, c.Message, c.Line})
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(out)
}

func printGrade(w io.Writer, g *grader.Grade) {
	if g.Error != "" {
		fmt.Fprintf(w, "%s\n\n", g.Error)
		if g.Build != nil && g.Build.Excerpt != "" {
			fmt.Fprintln(w, g.Build.Excerpt)
		}
	}
	for _, c := range g.Checks {
		mark := "✗"
		switch {
		case c.Passed:
			mark = "✓"
		case c.Skipped:
			mark = "–"
		}
		worth := fmt.Sprintf("%d points", c.Points)
		switch {
		case c.Must && c.Points == 0:
			worth = "must"
		case c.Must:
			worth += ", must"
		case c.Advice:
			worth = "advice"
		}
		fmt.Fprintf(w, "%s %s (%s)\n", mark, c.Title, worth)
		if c.Message != "" && !c.Passed {
			at := ""
			if c.Line > 0 {
				at = fmt.Sprintf("line %d: ", c.Line)
			}
			fmt.Fprintf(w, "    %s%s\n", at, c.Message)
		}
	}
	word := "not passed"
	if g.Passed {
		word = "passed"
	}
	fmt.Fprintf(w, "\n%d of %d points, %s\n", g.Score, g.Max, word)
}
