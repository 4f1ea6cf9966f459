package web

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"drydock/static"
)

func (s *Server) routeStatic() {
	s.echo.GET("/static/*", s.serveStatic)
	s.echo.HEAD("/static/*", s.serveStatic)
}

// GET /static/NAME-HASH.EXT: a built asset, which never changes under its name.
func (s *Server) serveStatic(c echo.Context) error {
	name := c.Param("*")
	if !static.Has(name) {
		return errNotFound
	}
	c.Response().Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	http.ServeFileFS(c.Response(), c.Request(), static.Files, name)
	return nil
}

// isCompressed tells whether compressing a file again would only cost time.
func isCompressed(path string) bool {
	return strings.HasSuffix(path, ".woff2") || strings.HasSuffix(path, ".png")
}
