// Command drydock serves a course on building container images, and builds, grades and checks from the command line.
//
// Each subcommand stands in a file of its own. Without one, drydock serves.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// exitError ends the program with a status; its message, if any, is printed in one line.
type exitError struct {
	status int
	err    error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

// usage marks an error of the command line: status 2.
func usage(format string, a ...any) error { return &exitError{2, fmt.Errorf(format, a...)} }

// run is the program; it returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := rootCommand()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	var e *exitError
	if !errors.As(err, &e) {
		e = &exitError{2, err}
	}
	if msg := e.Error(); msg != "" {
		fmt.Fprintf(stderr, "drydock: %s\n", msg)
	}
	return e.status
}

func rootCommand() *cobra.Command {
	serve := serveCommand()
	root := &cobra.Command{
		Use:   "drydock",
		Short: "Learn to build container images: read, write Dockerfiles, see what a real build would do",
		Long: `Drydock serves a course on building container images. Answers to its exercises are built by
BuildKit's own frontend and solver over a simulated machine: nothing is pulled and nothing is run.

Without a subcommand it serves, as "drydock serve" does.`,
		SilenceUsage: true, SilenceErrors: true,
		Args: cobra.NoArgs,
		RunE: serve.RunE,
	}
	root.Flags().AddFlagSet(serve.Flags())
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(serve, buildCommand(), gradeCommand(), checkCommand(), newCommand(), simulateCommand(), healthCommand(), workerCommand())
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usage("%v (see %s --help)", err, c.CommandPath())
	})
	return root
}

// exactly is cobra.ExactArgs with a message that names what is missing.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != n {
			return usage("%s wants %s (see %s --help)", c.CommandPath(), what, c.CommandPath())
		}
		return nil
	}
}
