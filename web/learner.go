package web

import (
	"net/http"
	"time"

	"github.com/gorilla/securecookie"
	"github.com/labstack/echo/v4"

	"drydock/store"
)

const (
	learnerCookie = "drydock_learner"
	cookieAge     = 400 * 24 * time.Hour // the longest that browsers keep one
	learnerKey    = "learner"            // in echo's context
)

// cookies signs the learner's id, so that none can be made up.
type cookies struct{ codec *securecookie.SecureCookie }

func newCookies(key []byte) *cookies {
	codec := securecookie.New(key, nil)
	codec.MaxAge(int(cookieAge.Seconds()))
	codec.SetSerializer(securecookie.JSONEncoder{})
	return &cookies{codec}
}

// read returns the learner's id, or "" without a cookie that we signed.
func (k *cookies) read(r *http.Request) string {
	cookie, err := r.Cookie(learnerCookie)
	if err != nil {
		return ""
	}
	var id string
	if err := k.codec.Decode(learnerCookie, cookie.Value, &id); err != nil {
		return ""
	}
	return id
}

func (k *cookies) write(c echo.Context, id string) error {
	value, err := k.codec.Encode(learnerCookie, id)
	if err != nil {
		return err
	}
	c.SetCookie(newCookie(c, learnerCookie, value))
	return nil
}

func newCookie(c echo.Context, name, value string) *http.Cookie {
	return &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int(cookieAge.Seconds()),
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: c.Scheme() == "https",
	}
}

// identify finds out which learner a request comes from.
func (s *Server) identify(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Set(learnerKey, s.cookies.read(c.Request()))
		return next(c)
	}
}

// learner returns the learner's id, or "" for someone who has saved nothing yet.
func learner(c echo.Context) string {
	id, _ := c.Get(learnerKey).(string)
	return id
}

// saver returns the learner's id for something worth saving: whoever had none gets one, and a cookie that lasts again for a year.
func (s *Server) saver(c echo.Context) (string, error) {
	id := learner(c)
	if id == "" {
		id = store.NewID()
		c.Set(learnerKey, id)
	}
	return id, s.cookies.write(c, id)
}
