package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"drydock/lessons"
	"drydock/web/ui"
)

func (s *Server) routeLessons() {
	s.get("/lessons/:module/:lesson", s.showLesson)
	s.echo.POST("/lessons/:module/:lesson/done", s.finishLesson)
}

func lessonURL(id string) string { return "/lessons/" + id }

// lesson finds the lesson that a path names.
func (s *Server) lesson(c echo.Context) (*lessons.Module, *lessons.Lesson, error) {
	id := c.Param("module") + "/" + c.Param("lesson")
	for _, module := range s.course().Modules {
		for _, lesson := range module.Lessons {
			if lesson.ID == id {
				return module, lesson, nil
			}
		}
	}
	return nil, nil, errNotFound
}

// GET /lessons/MODULE/LESSON: a lesson to read.
func (s *Server) showLesson(c echo.Context) error {
	ctx := c.Request().Context()
	module, lesson, err := s.lesson(c)
	if err != nil {
		return err
	}
	if lesson, err = lesson.Load(ctx); err != nil {
		return err
	}
	progress, err := s.progress(ctx, learner(c))
	if err != nil {
		return err
	}
	if !progress.empty() && progress.lesson(lesson.ID) != ui.Done {
		if err := s.config.Store.OpenLesson(ctx, learner(c), lesson.ID); err != nil {
			s.log.Warn("opened lesson not recorded", "lesson", lesson.ID, "error", err)
		}
	}
	view := ui.Lesson{
		Module: module, Lesson: lesson, Done: progress.lesson(lesson.ID) == ui.Done, Problems: s.problems(lesson.File),
		Previous: lessonLink(lesson.Previous), Next: lessonLink(lesson.Next),
	}
	titles := lessonTitles(s.course())
	for _, id := range lesson.Requires {
		view.Requires = append(view.Requires, ui.Link{Title: titles[id], URL: lessonURL(id)})
	}
	for _, id := range lesson.Exercises {
		if exercise := findExercise(s.course(), id); exercise != nil {
			view.Exercises = append(view.Exercises, ui.MapNode{
				Title: exercise.Title, URL: exerciseURL(id), Minutes: exercise.Minutes, Summary: exercise.Summary,
				State: progress.exercise(id), Best: progress.results[id].Best,
			})
		}
	}
	return s.page(c, http.StatusOK, ui.Page{Title: lesson.Title, Here: ui.HereCourse}, ui.LessonPage(view))
}

// POST /lessons/MODULE/LESSON/done: the learner is done with it, or with done=no wants to read it again. Goes on to the next lesson.
func (s *Server) finishLesson(c echo.Context) error {
	_, lesson, err := s.lesson(c)
	if err != nil {
		return err
	}
	form, err := fields(c)
	if err != nil {
		return err
	}
	id, err := s.saver(c)
	if err != nil {
		return err
	}
	done := form["done"] != "no"
	if err := s.config.Store.FinishLesson(c.Request().Context(), id, lesson.ID, done); err != nil {
		return err
	}
	switch {
	case !done:
		return c.Redirect(http.StatusSeeOther, lessonURL(lesson.ID))
	case lesson.Next != nil:
		return c.Redirect(http.StatusSeeOther, lessonURL(lesson.Next.ID))
	}
	return c.Redirect(http.StatusSeeOther, "/")
}

func lessonLink(lesson *lessons.Lesson) *ui.Link {
	if lesson == nil {
		return nil
	}
	return &ui.Link{Title: lesson.Title, URL: lessonURL(lesson.ID)}
}

// problems returns what is wrong with a file of the course as it is now.
func (s *Server) problems(file string) []lessons.Problem {
	_, all := s.config.Course()
	var own []lessons.Problem
	for _, problem := range all {
		if problem.File == file {
			own = append(own, problem)
		}
	}
	return own
}
