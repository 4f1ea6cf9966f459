package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"drydock/store"
	"drydock/web/ui"
)

// Errors that handlers return; handleError knows the page for each.
var (
	errNotFound = echo.NewHTTPError(http.StatusNotFound, "there is no such page")
	errBusy     = errors.New("too many answers at once")
)

// wrongInput is an error for a request that cannot be understood; its text is shown.
func wrongInput(format string, args ...any) error {
	return echo.NewHTTPError(http.StatusBadRequest, fmt.Sprintf(format, args...))
}

// handleError is the one place where errors become pages or JSON. What went wrong inside is logged, not shown.
func (s *Server) handleError(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	status, message := explain(err)
	if status >= http.StatusInternalServerError && !errors.Is(err, context.Canceled) {
		s.log.Error("request failed", "method", c.Request().Method, "path", c.Request().URL.Path, "error", err)
	}
	if strings.HasPrefix(c.Request().URL.Path, "/api/") {
		err = c.JSON(status, map[string]string{"error": message})
	} else {
		err = s.page(c, status, ui.Page{Title: ui.ErrorTitle(status)}, ui.ErrorPage(ui.Failure{
			Status: status, Message: message, Retry: typed(c, status),
		}))
	}
	if err != nil {
		s.log.Warn("error page not sent", "error", err)
	}
}

func explain(err error) (status int, message string) {
	var fromEcho *echo.HTTPError
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return http.StatusRequestEntityTooLarge, "the request is larger than " + bodyLabel
	case errors.Is(err, errForged):
		return http.StatusForbidden, errForged.Error()
	case errors.Is(err, errBusy):
		return http.StatusTooManyRequests, errBusy.Error()
	case errors.Is(err, store.ErrNotFound):
		return http.StatusNotFound, "there is no such page"
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusServiceUnavailable, "grading took too long"
	case errors.As(err, &fromEcho):
		if fromEcho.Code == http.StatusNotFound || fromEcho.Code == http.StatusMethodNotAllowed {
			return fromEcho.Code, strings.ToLower(http.StatusText(fromEcho.Code))
		}
		return fromEcho.Code, fmt.Sprint(fromEcho.Message)
	}
	return http.StatusInternalServerError, "something went wrong inside"
}

// typed returns what a refused form held, so that it can be sent again and nothing is lost.
func typed(c echo.Context, status int) *ui.Retry {
	if c.Request().Method != http.MethodPost || status == http.StatusRequestEntityTooLarge || status == http.StatusMethodNotAllowed {
		return nil
	}
	values, err := fields(c)
	if err != nil || len(values) == 0 {
		return nil
	}
	return &ui.Retry{Action: c.Request().URL.EscapedPath(), Fields: values}
}
