package web

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

func (s *Server) routeHealth() {
	s.get("/healthz", s.showHealth)
}

// GET /healthz: whether the server can do its work, for a health check.
func (s *Server) showHealth(c echo.Context) error {
	if err := s.config.Store.Ping(c.Request().Context()); err != nil {
		s.log.Error("database does not answer", "error", err)
		return c.JSON(http.StatusServiceUnavailable, map[string]string{"status": "the database does not answer"})
	}
	return c.JSON(http.StatusOK, map[string]string{"status": "ok"})
}

// get routes a page; whoever asks only for its headers gets them.
func (s *Server) get(path string, handler echo.HandlerFunc) {
	s.echo.GET(path, handler)
	s.echo.HEAD(path, handler)
}
