package web

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"drydock/lessons"
	"drydock/store"
)

func (s *Server) routeDrafts() {
	s.echo.POST("/exercises/:id/draft", s.saveDraft)
	s.echo.POST("/exercises/:id/reset", s.resetDraft)
}

// POST /exercises/ID/draft: saves what stands in the editor. A script that asks for JSON gets the new revision.
func (s *Server) saveDraft(c echo.Context) error {
	exercise, err := s.exercise(c)
	if err != nil {
		return err
	}
	form, err := fields(c)
	if err != nil {
		return err
	}
	files, err := answerFiles(exercise, form)
	if err != nil {
		return err
	}
	id, err := s.saver(c)
	if err != nil {
		return err
	}
	wantsJSON := c.Request().Header.Get(echo.HeaderAccept) == echo.MIMEApplicationJSON
	base := revision(form)
	if !wantsJSON {
		base = store.AnyRevision // a form that the learner sent means it; what it writes over is kept
	}
	saved, err := s.config.Store.SaveDraft(c.Request().Context(), id, exercise.ID, files, base)
	switch {
	case wantsJSON && errors.Is(err, store.ErrStale):
		return c.JSON(http.StatusConflict, map[string]string{"error": "This draft was changed in another tab."})
	case err != nil:
		return err
	case wantsJSON:
		return c.JSON(http.StatusOK, map[string]int64{"revision": saved})
	}
	return c.Redirect(http.StatusSeeOther, exerciseURL(exercise.ID)+"#editor")
}

// POST /exercises/ID/reset: puts the starter into the editor, or with answer=N that answer, or with kept=N a draft that an earlier reset
// had kept. What stood there is kept.
func (s *Server) resetDraft(c echo.Context) error {
	exercise, err := s.exercise(c)
	if err != nil {
		return err
	}
	form, err := fields(c)
	if err != nil {
		return err
	}
	files, err := s.resetTo(c, exercise, form)
	if err != nil {
		return err
	}
	id, err := s.saver(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	if _, sent := form["Dockerfile"]; sent { // the editor's text comes along with its own button
		current, err := answerFiles(exercise, form)
		if err != nil {
			return err
		}
		if _, err := s.config.Store.SaveDraft(ctx, id, exercise.ID, current, store.AnyRevision); err != nil {
			return err
		}
	}
	if err := s.config.Store.ReplaceDraft(ctx, id, exercise.ID, files); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, exerciseURL(exercise.ID)+"#editor")
}

func (s *Server) resetTo(c echo.Context, exercise *lessons.Exercise, form map[string]string) (map[string]string, error) {
	if number := form["answer"]; number != "" {
		answer, err := s.answer(c, exercise, number)
		return answer.Files, err
	}
	if number := form["kept"]; number != "" {
		revision, err := strconv.ParseInt(number, 10, 64)
		if err != nil || learner(c) == "" {
			return nil, errNotFound
		}
		draft, err := s.config.Store.KeptDraft(c.Request().Context(), learner(c), exercise.ID, revision)
		return draft.Files, err
	}
	return exercise.Starter, nil
}
