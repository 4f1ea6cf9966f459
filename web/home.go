package web

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"drydock/lessons"
	"drydock/lessons/stack"
	"drydock/store"
	"drydock/web/ui"
)

func (s *Server) routeHome() {
	s.get("/", s.showHome)
}

// GET /: what the course is for a newcomer; for others, where they were and what they have mastered.
func (s *Server) showHome(c echo.Context) error {
	ctx := c.Request().Context()
	course, problems := s.config.Course()
	progress, err := s.progress(ctx, learner(c))
	if err != nil {
		return err
	}
	home := ui.Home{Course: courseMap(course, progress), Problems: problems}
	if progress.empty() {
		home.Taste = s.taste(ctx, course)
	} else {
		home.Continue, home.NextExercise = whereTheyWere(course, progress)
	}
	return s.page(c, http.StatusOK, ui.Page{Title: course.Title, Here: ui.HereCourse}, ui.HomePage(home))
}

// progress is what a learner has done so far.
type progress struct {
	lessons map[string]store.LessonProgress
	results map[string]store.Result
}

func (p progress) empty() bool { return len(p.lessons) == 0 && len(p.results) == 0 }

func (s *Server) progress(ctx context.Context, learner string) (progress, error) {
	if learner == "" {
		return progress{}, nil
	}
	lessons, err := s.config.Store.LessonProgress(ctx, learner)
	if err != nil {
		return progress{}, err
	}
	results, err := s.config.Store.Results(ctx, learner)
	return progress{lessons, results}, err
}

func (p progress) lesson(id string) ui.State {
	switch at, ok := p.lessons[id]; {
	case !ok:
		return ui.Open
	case at.Done.IsZero():
		return ui.Begun
	}
	return ui.Done
}

func (p progress) exercise(id string) ui.State {
	switch result, ok := p.results[id]; {
	case !ok:
		return ui.Open
	case !result.Passed:
		return ui.Begun
	}
	return ui.Mastered
}

// courseMap lays the course out with the learner's states. An exercise stands with the module that first points to it, or else with
// the last module of its level.
func courseMap(course *lessons.Course, p progress) ui.CourseMap {
	m := ui.CourseMap{Title: course.Title, Summary: course.Summary}
	home := exerciseHomes(course)
	titles := lessonTitles(course)
	for _, module := range course.Modules {
		view := ui.MapModule{ID: module.ID, Title: module.Title, Level: module.Level, Summary: module.Summary}
		for _, lesson := range module.Lessons {
			node := ui.MapNode{
				Title: lesson.Title, URL: lessonURL(lesson.ID), Minutes: lesson.Minutes, Summary: lesson.Summary, State: p.lesson(lesson.ID),
			}
			for _, id := range lesson.Requires {
				if lesson.Previous == nil || lesson.Previous.ID != id {
					node.After = append(node.After, ui.Link{Title: titles[id], URL: lessonURL(id)})
				}
			}
			view.Lessons = append(view.Lessons, node)
			m.Count(node.State, false)
		}
		for _, exercise := range course.Exercises {
			if home[exercise.ID] != module {
				continue
			}
			node := ui.MapNode{
				Title: exercise.Title, URL: exerciseURL(exercise.ID), Minutes: exercise.Minutes, Summary: exercise.Summary,
				State: p.exercise(exercise.ID), Best: p.results[exercise.ID].Best,
			}
			view.Exercises = append(view.Exercises, node)
			m.Count(node.State, true)
		}
		m.Modules = append(m.Modules, view)
	}
	return m
}

func exerciseHomes(course *lessons.Course) map[string]*lessons.Module {
	homes := map[string]*lessons.Module{}
	for _, module := range course.Modules {
		for _, lesson := range module.Lessons {
			for _, id := range lesson.Exercises {
				if homes[id] == nil {
					homes[id] = module
				}
			}
		}
	}
	for _, exercise := range course.Exercises {
		for _, module := range course.Modules {
			if homes[exercise.ID] == nil && module.Level == exercise.Level {
				homes[exercise.ID] = module
			}
		}
		if homes[exercise.ID] == nil && len(course.Modules) > 0 {
			homes[exercise.ID] = course.Modules[len(course.Modules)-1]
		}
	}
	return homes
}

func lessonTitles(course *lessons.Course) map[string]string {
	titles := map[string]string{}
	for _, module := range course.Modules {
		for _, lesson := range module.Lessons {
			titles[lesson.ID] = lesson.Title
		}
	}
	return titles
}

// whereTheyWere finds the lesson to go on with, which is the last one opened or, if that is done, the first after it that is not, and the
// first exercise that is not passed.
func whereTheyWere(course *lessons.Course, p progress) (lesson, exercise *ui.MapNode) {
	var last *lessons.Lesson
	for _, module := range course.Modules {
		for _, l := range module.Lessons {
			if at, ok := p.lessons[l.ID]; ok && (last == nil || at.Opened.After(p.lessons[last.ID].Opened)) {
				last = l
			}
		}
	}
	if last == nil && len(course.Modules) > 0 && len(course.Modules[0].Lessons) > 0 {
		last = course.Modules[0].Lessons[0]
	}
	for last != nil && p.lesson(last.ID) == ui.Done {
		last = last.Next
	}
	if last != nil {
		lesson = &ui.MapNode{Title: last.Title, URL: lessonURL(last.ID), Minutes: last.Minutes, Summary: last.Summary, State: p.lesson(last.ID)}
	}
	for _, e := range course.Exercises {
		if p.exercise(e.ID) != ui.Mastered {
			exercise = &ui.MapNode{
				Title: e.Title, URL: exerciseURL(e.ID), Minutes: e.Minutes, Summary: e.Summary, State: p.exercise(e.ID), Best: p.results[e.ID].Best,
			}
			break
		}
	}
	return lesson, exercise
}

// tasteTime is how long the first page waits for the picture of an exercise.
const tasteTime = 150 * time.Millisecond

// taste is one exercise as it is found and as it can become, for those who come for the first time. It is nil if there is none yet.
func (s *Server) taste(ctx context.Context, course *lessons.Course) *ui.Taste {
	ctx, cancel := context.WithTimeout(ctx, tasteTime)
	defer cancel()
	for _, exercise := range course.Exercises {
		if len(exercise.Solution) == 0 {
			continue
		}
		yard := s.yards.of(ctx, exercise)
		if yard.starter == nil || yard.reference == nil {
			return nil
		}
		before, after := stack.Of("As found", yard.starter), stack.Of("After your changes", yard.reference)
		stack.SameScale(&before, &after)
		return &ui.Taste{Exercise: ui.Link{Title: exercise.Title, URL: exerciseURL(exercise.ID)}, Before: before, After: after}
	}
	return nil
}
