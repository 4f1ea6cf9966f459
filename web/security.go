package web

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
)

// policy lets a page load what this server has, and nothing else; no script or style stands in a page itself.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// secure sets the headers that every answer has.
func (s *Server) secure(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		// Not no-referrer: with that, browsers send no usable Origin with a form either.
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		h.Set("Cache-Control", "private, no-cache")
		return next(c)
	}
}

// errForged is the error for a form that another site sent.
var errForged = errors.New("the form came from another site")

// refuseForgedForms refuses what changes something and was sent by a page of another site, as the browser says in Sec-Fetch-Site or Origin.
// There is no token that could expire while a learner thinks.
func (s *Server) refuseForgedForms() echo.MiddlewareFunc {
	protection := http.NewCrossOriginProtection()
	for _, origin := range s.config.TrustedOrigins {
		if err := protection.AddTrustedOrigin(origin); err != nil {
			s.log.Error("trusted origin ignored", "origin", origin, "error", err)
		}
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if err := protection.Check(c.Request()); err != nil {
				return errForged
			}
			return next(c)
		}
	}
}

const (
	maxBody   = 256 << 10
	maxDrain  = 16 << 20 // read and thrown away of a body that is too large, so that the browser gets to see why
	bodyLabel = "256 KiB"
)

// limitBody bounds what a request may send. Reading beyond that is an *http.MaxBytesError, which becomes 413.
func (s *Server) limitBody(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		body := r.Body
		r.Body = http.MaxBytesReader(nil, body, maxBody)
		var err error
		if r.ContentLength > maxBody {
			err = &http.MaxBytesError{Limit: maxBody}
		} else {
			err = next(c)
		}
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			_, _ = io.CopyN(io.Discard, body, maxDrain) // whatever comes of it, the answer is the same
		}
		return err
	}
}

// fields reads a form's fields; browsers send line ends as CR LF, files have LF.
func fields(c echo.Context) (map[string]string, error) {
	if err := c.Request().ParseForm(); err != nil {
		return nil, err
	}
	values := make(map[string]string, len(c.Request().PostForm))
	for name, list := range c.Request().PostForm {
		if len(list) > 0 {
			values[name] = plainText(list[0])
		}
	}
	return values, nil
}

func plainText(text string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(text, "\r\n", "\n"), "\ufffd")
}
