package web

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"drydock/grader"
	"drydock/lessons"
	"drydock/lessons/stack"
	"drydock/store"
	"drydock/web/ui"
)

func (s *Server) routeExercises() {
	s.get("/exercises/:id", s.showExercise)
	s.get("/exercises/:id/files/*", s.showFile)
}

func exerciseURL(id string) string { return "/exercises/" + id }

func findExercise(course *lessons.Course, id string) *lessons.Exercise {
	for _, exercise := range course.Exercises {
		if exercise.ID == id {
			return exercise
		}
	}
	return nil
}

// exercise finds the exercise that a path names.
func (s *Server) exercise(c echo.Context) (*lessons.Exercise, error) {
	exercise := findExercise(s.course(), c.Param("id"))
	if exercise == nil {
		return nil, errNotFound
	}
	return exercise, nil
}

// GET /exercises/ID: the problem, its files, and the editor with the learner's draft.
func (s *Server) showExercise(c echo.Context) error {
	exercise, err := s.exercise(c)
	if err != nil {
		return err
	}
	view, err := s.workspace(c, exercise)
	if err != nil {
		return err
	}
	if yard := s.yardstick(c, exercise); yard.starter != nil {
		starter := stack.Of("What the starter builds", yard.starter)
		view.Starter = &starter
	}
	return s.showWorkspace(c, http.StatusOK, view)
}

// GET /exercises/ID/files/PATH: a file of the exercise's context, as text.
func (s *Server) showFile(c echo.Context) error {
	exercise, err := s.exercise(c)
	if err != nil {
		return err
	}
	// The router's parameter is escaped or not, depending on how the browser wrote the address.
	name := strings.TrimPrefix(c.Request().URL.Path, "/exercises/"+exercise.ID+"/files/")
	for _, file := range exercise.Context {
		if file.Path == name && file.Text != "" {
			return c.String(http.StatusOK, file.Text)
		}
	}
	return errNotFound
}

// compareTime is how long a page waits for what answers are measured against.
const compareTime = 2 * time.Second

func (s *Server) yardstick(c echo.Context, exercise *lessons.Exercise) yardstick {
	ctx, cancel := context.WithTimeout(c.Request().Context(), compareTime)
	defer cancel()
	return s.yards.of(ctx, exercise)
}

func (s *Server) showWorkspace(c echo.Context, status int, view ui.Workspace) error {
	return s.page(c, status, ui.Page{Title: view.Exercise.Title, Here: ui.HereCourse, Wide: true}, ui.WorkspacePage(view))
}

// workspace gathers what the pages of an exercise have in common.
func (s *Server) workspace(c echo.Context, exercise *lessons.Exercise) (ui.Workspace, error) {
	ctx, id := c.Request().Context(), learner(c)
	loaded, err := exercise.Load(ctx)
	if err != nil {
		return ui.Workspace{}, err
	}
	view := ui.Workspace{Exercise: loaded, URL: exerciseURL(exercise.ID), Files: exercise.Starter, Problems: s.problems(exercise.File)}
	if id == "" {
		return view, nil
	}
	draft, err := s.config.Store.Draft(ctx, id, exercise.ID)
	switch {
	case err == nil:
		view.Files, view.Revision, view.Saved = draft.Files, draft.Revision, draft.Updated
		view.Changed = !maps.Equal(draft.Files, exercise.Starter)
	case !errors.Is(err, store.ErrNotFound):
		return view, err
	}
	if view.Kept, err = s.config.Store.KeptDrafts(ctx, id, exercise.ID); err != nil {
		return view, err
	}
	if view.Answers, err = s.config.Store.Answers(ctx, id, exercise.ID); err != nil {
		return view, err
	}
	for _, answer := range view.Answers {
		view.Passed = view.Passed || answer.Passed
	}
	view.SolutionSeen, err = s.solutionSeen(ctx, id, exercise.ID)
	return view, err
}

// answerFiles takes an exercise's files out of a form; a file that is empty and was so in the starter is not there.
func answerFiles(exercise *lessons.Exercise, form map[string]string) (grader.Files, error) {
	files := grader.Files{}
	for _, name := range exercise.Editable {
		text, sent := form[name]
		if !sent && name == "Dockerfile" {
			return nil, wrongInput("the form has no Dockerfile")
		}
		if _, inStarter := exercise.Starter[name]; text == "" && !inStarter && name != "Dockerfile" {
			continue
		}
		files[name] = text
	}
	return files, nil
}
