package web

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"
)

const themeCookie = "drydock_theme"

func (s *Server) routeTheme() {
	s.echo.POST("/theme", s.setTheme)
}

// theme is the theme that the learner chose: "light", "dark", or "" to follow the system.
func theme(c echo.Context) string {
	cookie, err := c.Cookie(themeCookie)
	if err != nil || (cookie.Value != "light" && cookie.Value != "dark") {
		return ""
	}
	return cookie.Value
}

// POST /theme: chooses the theme and goes back to where the learner was.
func (s *Server) setTheme(c echo.Context) error {
	form, err := fields(c)
	if err != nil {
		return err
	}
	chosen := form["theme"]
	if chosen != "light" && chosen != "dark" && chosen != "" {
		return wrongInput("there is no theme %q", chosen)
	}
	cookie := newCookie(c, themeCookie, chosen)
	if chosen == "" {
		cookie.MaxAge = -1
	}
	c.SetCookie(cookie)
	if id := learner(c); id != "" {
		if err := s.config.Store.SetTheme(c.Request().Context(), id, chosen); err != nil {
			return err
		}
	}
	return c.Redirect(http.StatusSeeOther, localPath(form["back"]))
}

// localPath returns a path on this server, whatever a form says.
func localPath(path string) string {
	u, err := url.Parse(path)
	if err != nil || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(u.Path, "//") || strings.Contains(path, `\`) {
		return "/"
	}
	return u.EscapedPath()
}
