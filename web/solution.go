package web

import (
	"context"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"drydock/store"
	"drydock/web/ui"
)

func (s *Server) routeSolutions() {
	s.get("/exercises/:id/solution", s.showSolution)
	s.echo.POST("/exercises/:id/solution", s.askForSolution)
}

// GET /exercises/ID/solution: thought process and solution for whoever has passed or asked; the question whether to show it for others.
func (s *Server) showSolution(c echo.Context) error {
	exercise, err := s.exercise(c)
	if err != nil {
		return err
	}
	view, err := s.workspace(c, exercise)
	if err != nil {
		return err
	}
	page := ui.Page{Title: "Solution: " + exercise.Title, Here: ui.HereCourse}
	if !view.Passed && !view.SolutionSeen {
		return s.page(c, http.StatusOK, page, ui.SolutionQuestion(view))
	}
	if !view.SolutionSeen {
		if err := s.config.Store.ViewSolution(c.Request().Context(), learner(c), exercise.ID, true); err != nil {
			return err
		}
	}
	return s.page(c, http.StatusOK, page, ui.SolutionPage(view))
}

// POST /exercises/ID/solution: the learner asks for the solution, which is recorded.
func (s *Server) askForSolution(c echo.Context) error {
	exercise, err := s.exercise(c)
	if err != nil {
		return err
	}
	view, err := s.workspace(c, exercise)
	if err != nil {
		return err
	}
	id, err := s.saver(c)
	if err != nil {
		return err
	}
	if err := s.config.Store.ViewSolution(c.Request().Context(), id, exercise.ID, view.Passed); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, exerciseURL(exercise.ID)+"/solution")
}

func (s *Server) solutionSeen(ctx context.Context, learner, exercise string) (bool, error) {
	_, err := s.config.Store.SolutionView(ctx, learner, exercise)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}
