package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"drydock/web/ui"
)

func (s *Server) routeAbout() {
	s.get("/about", s.showAbout)
}

// GET /about: what the simulation is, how it is checked and what it does not know.
func (s *Server) showAbout(c echo.Context) error {
	return s.page(c, http.StatusOK, ui.Page{Title: "About the simulation", Here: ui.HereAbout}, ui.AboutPage())
}
