package web

import (
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
)

// logRequests writes a line for each request, without what a learner typed or who they are.
func (s *Server) logRequests(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		began := time.Now()
		if err := next(c); err != nil {
			c.Error(err)
		}
		r, w := c.Request(), c.Response()
		level := slog.LevelInfo
		switch {
		case w.Status >= 500:
			level = slog.LevelError
		case strings.HasPrefix(r.URL.Path, "/static/"), r.URL.Path == "/healthz":
			level = slog.LevelDebug
		}
		s.log.LogAttrs(r.Context(), level, "request",
			slog.String("method", r.Method), slog.String("path", r.URL.Path), slog.Int("status", w.Status),
			slog.Int64("bytes", w.Size), slog.Duration("took", time.Since(began).Round(10*time.Microsecond)))
		return nil
	}
}

// recoverPanics turns a panic into an error, so that it becomes a page.
func (s *Server) recoverPanics(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			if cause := recover(); cause != nil {
				s.log.Error("panic", "path", c.Request().URL.Path, "cause", cause, "stack", string(debug.Stack()))
				err = fmt.Errorf("panic: %v", cause)
			}
		}()
		return next(c)
	}
}
