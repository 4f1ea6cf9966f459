package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"drydock/grader/sandbox"
	"drydock/lessons"
	"drydock/store"
	"drydock/web"
)

// serving is the configuration of the server.
type serving struct {
	listen, data, lessons string
	dev, proxy            bool
	origins               []string
}

func serveCommand() *cobra.Command {
	var s serving
	c := &cobra.Command{
		Use:   "serve [flags]",
		Short: "Serve the course",
		Long: `Serve the course, the exercises and the API over HTTP. What learners do is kept in an SQLite file in the data folder.

Environment: DRYDOCK_LISTEN and DRYDOCK_DATA stand for --listen and --data.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return s.run(c.Context(), c) },
	}
	f := c.Flags()
	f.StringVar(&s.listen, "listen", cmp.Or(os.Getenv("DRYDOCK_LISTEN"), "localhost:8080"), "HOST:PORT to listen on")
	f.StringVar(&s.data, "data", cmp.Or(os.Getenv("DRYDOCK_DATA"), "data"), "folder for the database and the key that signs cookies")
	f.StringVar(&s.lessons, "lessons", "", "serve the course in this folder instead of the built-in one, and follow its changes")
	f.BoolVar(&s.dev, "dev", false, "serve /dev/components, a page that shows each component in every state")
	f.BoolVar(&s.proxy, "trust-proxy", false, "believe the X-Forwarded-For of a proxy in front")
	f.StringArrayVar(&s.origins, "origin", nil, "a further origin, as https://host, whose forms are accepted; may be repeated")
	return c
}

func (s *serving) run(ctx context.Context, c *cobra.Command) error {
	log := slog.New(slog.NewTextHandler(c.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelInfo}))
	if err := os.MkdirAll(s.data, 0o700); err != nil {
		return &exitError{1, fmt.Errorf("data folder: %w", err)}
	}
	listener, err := net.Listen("tcp", s.listen)
	if err != nil {
		return &exitError{1, fmt.Errorf("cannot listen on %s: %w", s.listen, reason(err))}
	}
	defer listener.Close()
	key, err := web.LoadKey(s.data)
	if err != nil {
		return &exitError{1, err}
	}
	file := filepath.Join(s.data, "drydock.db")
	db, err := store.Open(ctx, file)
	if err != nil {
		return &exitError{1, fmt.Errorf("open %s: %w", file, err)}
	}
	defer db.Close()
	command, err := s.workers()
	if err != nil {
		return &exitError{1, err}
	}
	pool := sandbox.NewPool(sandbox.Options{Command: command, Log: log})
	defer pool.Close()
	e := newEngine()
	lib, err := e.library(lessons.Options{Dir: s.lessons, Changed: pool.Restart, Log: log})
	if err != nil {
		return &exitError{1, err}
	}
	go s.prepare(ctx, e, lib, pool, log)
	server := web.New(web.Config{
		Course: lib.Current, Grade: remote(pool), Store: db, Key: key, Logger: log,
		Dev: s.dev, TrustProxy: s.proxy, TrustedOrigins: s.origins,
	})
	abs, err := filepath.Abs(file)
	if err != nil {
		abs = file
	}
	fmt.Fprintf(c.OutOrStdout(), "Drydock is at http://%s\nData is in %s\n", address(listener.Addr().String(), s.listen), abs)
	if err := server.Serve(ctx, listener); err != nil {
		return &exitError{1, err}
	}
	return nil
}

// workers is the command line of a grading process.
func (s *serving) workers() ([]string, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	if s.lessons == "" {
		return []string{self, "worker"}, nil
	}
	dir, err := filepath.Abs(s.lessons)
	return []string{self, "worker", "--lessons", dir}, err
}

// prepare does what the first page need not wait for: it starts the workers, builds the lessons' listings and follows changes of the files.
func (s *serving) prepare(ctx context.Context, e *engine, lib *lessons.Library, pool *sandbox.Pool, log *slog.Logger) {
	pool.Warm()
	if err := lib.Render(ctx); err != nil && ctx.Err() == nil {
		log.Error("build the course's listings", "error", err)
	}
	e.forget()
	if err := lib.Watch(ctx); err != nil && ctx.Err() == nil {
		log.Error("follow the course's files", "error", err)
	}
}

// address is where a browser finds the server.
func address(actual, asked string) string {
	host, port, err := net.SplitHostPort(actual)
	if err != nil {
		return asked
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() || ip.IsLoopback() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}

// reason is the last part of a network error: "address already in use".
func reason(err error) error {
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		return op.Err
	}
	return err
}

func healthCommand() *cobra.Command {
	var listen string
	c := &cobra.Command{
		Use: "health", Short: "Ask a running server whether it is well (for a container's health check)", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			host, port, err := net.SplitHostPort(listen)
			if err != nil {
				return usage("--listen %s: %v", listen, err)
			}
			if host == "" || net.ParseIP(host).IsUnspecified() {
				host = "localhost"
			}
			ctx, cancel := context.WithTimeout(c.Context(), 3*time.Second)
			defer cancel()
			if err := healthy(ctx, "http://"+net.JoinHostPort(host, port)+"/healthz"); err != nil {
				return &exitError{1, err}
			}
			fmt.Fprintln(c.OutOrStdout(), "ok")
			return nil
		},
	}
	c.Flags().StringVar(&listen, "listen", cmp.Or(os.Getenv("DRYDOCK_LISTEN"), "localhost:8080"), "HOST:PORT that the server listens on")
	return c
}

// plural writes a count with its noun.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprint(n, " ", strings.TrimSuffix(noun, "s")+"s")
}
