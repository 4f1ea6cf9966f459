package web

import (
	"bytes"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"drydock/static"
	"drydock/web/ui"
)

// page renders a page within the frame that all pages have. It is rendered whole before anything is sent, so that an error can still
// become a page of its own.
func (s *Server) page(c echo.Context, status int, page ui.Page, content templ.Component) error {
	page.Path = c.Request().URL.Path
	page.Theme = theme(c)
	page.Style, page.Script = static.URL("site.css"), static.URL("site.js")
	var b bytes.Buffer
	ctx := templ.WithChildren(c.Request().Context(), content)
	if err := ui.Layout(page).Render(ctx, &b); err != nil {
		return err
	}
	return c.HTMLBlob(status, b.Bytes())
}
