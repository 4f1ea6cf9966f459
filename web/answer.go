package web

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"drydock/grader"
	"drydock/lessons"
	"drydock/store"
	"drydock/web/ui"
)

func (s *Server) routeAnswers() {
	s.echo.POST("/exercises/:id/answers", s.gradeAnswer)
	s.get("/exercises/:id/answers/:number", s.showAnswer)
}

func answerURL(exercise string, number int64) string {
	return fmt.Sprintf("%s/answers/%d", exerciseURL(exercise), number)
}

// gradeTime bounds one grading as the page waits for it; the grader has limits of its own below that.
const gradeTime = 30 * time.Second

// grade has an answer graded, within what one client may ask for.
func (s *Server) grade(c echo.Context, exercise *lessons.Exercise, files grader.Files) (*grader.Grade, error) {
	client := learner(c)
	if client == "" {
		client = c.RealIP()
	}
	if !s.limits.allow(client) {
		return nil, errBusy
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), gradeTime)
	defer cancel()
	grade, err := s.config.Grade(ctx, exercise, files)
	if err != nil {
		return nil, fmt.Errorf("grade %s: %w", exercise.ID, err)
	}
	return grade, nil
}

// POST /exercises/ID/answers: grades the form's files, saves answer and grade, and goes to the page of the result.
func (s *Server) gradeAnswer(c echo.Context) error {
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
	grade, err := s.grade(c, exercise, files)
	if err != nil {
		s.rescue(c, exercise, files)
		return err
	}
	id, err := s.saver(c)
	if err != nil {
		return err
	}
	number, err := s.config.Store.AddAnswer(c.Request().Context(), id, files, grade, revision(form))
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, answerURL(exercise.ID, number)+"#result")
}

// rescue saves an answer that could not be graded as a draft, as far as that works.
func (s *Server) rescue(c echo.Context, exercise *lessons.Exercise, files grader.Files) {
	id, err := s.saver(c)
	if err == nil {
		_, err = s.config.Store.SaveDraft(context.WithoutCancel(c.Request().Context()), id, exercise.ID, files, store.AnyRevision)
	}
	if err != nil {
		s.log.Warn("answer that was not graded is not saved either", "exercise", exercise.ID, "error", err)
	}
}

// revision is the draft's revision that a form was made from.
func revision(form map[string]string) int64 {
	n, err := strconv.ParseInt(form["revision"], 10, 64)
	if err != nil || n < 0 {
		return store.AnyRevision
	}
	return n
}

// GET /exercises/ID/answers/NUMBER: the result of an answer, and the editor to go on.
func (s *Server) showAnswer(c echo.Context) error {
	exercise, err := s.exercise(c)
	if err != nil {
		return err
	}
	answer, err := s.answer(c, exercise, c.Param("number"))
	if err != nil {
		return err
	}
	view, err := s.workspace(c, exercise)
	if err != nil {
		return err
	}
	view.Result = &ui.Result{Answer: answer}
	yard := s.yardstick(c, exercise)
	if yard.starter != nil {
		view.Result.StarterBytes = yard.starter.Image.Bytes
	}
	if yard.reference != nil {
		view.Result.ReferenceBytes = yard.reference.Image.Bytes
	}
	return s.showWorkspace(c, http.StatusOK, view)
}

// answer reads the answer of the learner that a number names.
func (s *Server) answer(c echo.Context, exercise *lessons.Exercise, number string) (store.Answer, error) {
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || learner(c) == "" {
		return store.Answer{}, errNotFound
	}
	return s.config.Store.Answer(c.Request().Context(), learner(c), exercise.ID, n)
}
