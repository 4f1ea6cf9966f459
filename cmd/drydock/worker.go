package main

import (
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"

	"drydock/grader/sandbox"
	"drydock/lessons"
)

// workerCommand is what the server starts for gradings; nobody else has a use for it.
func workerCommand() *cobra.Command {
	var dir string
	c := &cobra.Command{
		Use: "worker", Short: "Grade answers read from standard input (started by the server)", Hidden: true, Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			debug.SetGCPercent(150)
			e := newEngine()
			lib, err := lessons.Open(lessons.Options{Dir: dir, Images: e.images})
			if err != nil {
				return err
			}
			course := lib.Course()
			for _, x := range course.Exercises { // read now what cannot be read later
				if loaded, err := x.Load(c.Context()); err == nil && loaded.Def != nil {
					e.grader.Grade(c.Context(), loaded.Def, loaded.Starter)
				}
			}
			return sandbox.Serve(c.Context(), os.Stdin, os.Stdout, answer(e, course))
		},
	}
	c.Flags().StringVar(&dir, "lessons", "", "a folder with the course")
	return c
}
