// Package web serves Drydock: pages for learners, rendered on the server and useful without script, and a small JSON API.
//
// Start from [New]. A file here holds a resource: its routes, then its handlers, which read the request, call the domain and render.
// Package ui below has the templates and styles.
package web

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"drydock/grader"
	"drydock/lessons"
	"drydock/store"
)

// Config is what a server is made of. Course, Grade, Store and Key are required.
type Config struct {
	Course func() (*lessons.Course, []lessons.Problem) // the last good version, and what is wrong with the files now
	Grade  func(context.Context, *lessons.Exercise, grader.Files) (*grader.Grade, error)
	Store  *store.Store
	Key    []byte // signs the learner's cookie; see LoadKey

	Dev             bool // serves /dev/components
	Logger          *slog.Logger
	GradesPerSecond float64  // allowed per learner, or per address without one; 0 is 500
	TrustProxy      bool     // believe X-Forwarded-For of a proxy in front
	TrustedOrigins  []string // further origins whose forms are accepted, as "https://host"
}

// Server answers the requests.
type Server struct {
	echo    *echo.Echo
	config  Config
	log     *slog.Logger
	cookies *cookies
	limits  *limits
	yards   *yardsticks
}

// New makes a server.
func New(config Config) *Server {
	s := &Server{config: config, log: config.Logger}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.cookies = newCookies(config.Key)
	s.limits = newLimits(config.GradesPerSecond)
	s.yards = newYardsticks(config.Grade)

	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.HTTPErrorHandler = s.handleError
	e.IPExtractor = echo.ExtractIPDirect()
	if config.TrustProxy {
		e.IPExtractor = echo.ExtractIPFromXFFHeader()
	}
	s.echo = e

	e.Pre(s.logRequests, s.secure, compress)
	e.Use(s.recoverPanics, s.limitBody, s.refuseForgedForms(), s.identify)
	s.routeHome()
	s.routeLessons()
	s.routeExercises()
	s.routeAnswers()
	s.routeDrafts()
	s.routeSolutions()
	s.routeGlossary()
	s.routeAbout()
	s.routeTheme()
	s.routeHealth()
	s.routeAPI()
	s.routeStatic()
	if config.Dev {
		s.routeComponents()
	}
	return s
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.echo.ServeHTTP(w, r) }

// drainTime is how long requests that are on their way may take when the server stops.
const drainTime = 10 * time.Second

// Serve answers requests on the listener until ctx ends, then finishes those that have begun.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	err := server.Shutdown(drain)
	if served := <-failed; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

var compress = middleware.GzipWithConfig(middleware.GzipConfig{
	Level:     5,
	MinLength: 1024,
	Skipper:   func(c echo.Context) bool { return isCompressed(c.Request().URL.Path) },
})

// course returns the course as it is now.
func (s *Server) course() *lessons.Course {
	course, _ := s.config.Course()
	return course
}
