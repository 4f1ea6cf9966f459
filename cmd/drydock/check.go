package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"drydock/grader/models"
	"drydock/lessons"
)

func checkCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check [DIR]",
		Short: "Check a course: front matter, links, listings, exercises with all their answers",
		Long: `Check the course in DIR, or the built-in one: front matter, links and anchors, listings that are built, exercises
(the starter does not pass, references earn full marks, every shipped answer does as it says). Each problem is
printed with its file and line.

Exit status: 0 nothing is wrong, 1 something is, 2 wrong usage.`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage("drydock check takes one DIR at most")
			}
			return nil
		},
		RunE: func(c *cobra.Command, pos []string) error {
			e := newEngine()
			o := lessons.Options{Images: e.images, Build: lessons.Simulator(e.images, models.All())}
			if len(pos) == 1 {
				o.Dir = pos[0]
			}
			problems, err := lessons.Check(c.Context(), o, e.grader.Grade)
			if err != nil {
				return usage("%v", err)
			}
			for _, p := range problems {
				at := p.File
				if p.Line > 0 {
					at = fmt.Sprintf("%s:%d", p.File, p.Line)
				}
				fmt.Fprintf(c.OutOrStdout(), "%s: %s\n", at, p.Text)
			}
			if len(problems) > 0 {
				return &exitError{1, fmt.Errorf("%s found", plural(len(problems), "problem"))}
			}
			fmt.Fprintln(c.OutOrStdout(), "nothing is wrong")
			return nil
		},
	}
}

func newCommand() *cobra.Command {
	var dir string
	c := &cobra.Command{
		Use:   "new {lesson|exercise} NAME",
		Short: "Write a commented start of a lesson or an exercise that passes check",
		Args:  exactly(2, "lesson or exercise, and a NAME"),
		RunE: func(c *cobra.Command, pos []string) error {
			if pos[0] != "lesson" && pos[0] != "exercise" {
				return usage("drydock new makes a lesson or an exercise, not %q", pos[0])
			}
			files, err := lessons.New(dir, pos[0], pos[1])
			if err != nil {
				return usage("%v", err)
			}
			for _, f := range files {
				fmt.Fprintln(c.OutOrStdout(), f)
			}
			return nil
		},
	}
	c.Flags().StringVar(&dir, "lessons", ".", "the course's folder")
	return c
}
