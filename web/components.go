package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"drydock/web/ui"
)

func (s *Server) routeComponents() {
	s.get("/dev/components", s.showComponents)
}

// GET /dev/components: each component in every state, for those who work on them.
func (s *Server) showComponents(c echo.Context) error {
	return s.page(c, http.StatusOK, ui.Page{Title: "Components", Wide: true}, ui.ComponentsPage(ui.Samples()))
}
