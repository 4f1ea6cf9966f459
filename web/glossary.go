package web

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"drydock/lessons"
	"drydock/web/ui"
)

func (s *Server) routeGlossary() {
	s.get("/glossary", s.showGlossary)
}

// GET /glossary: the course's terms in alphabetical order, each with its lesson.
func (s *Server) showGlossary(c echo.Context) error {
	course := s.course()
	terms := slices.Clone(course.Glossary)
	slices.SortFunc(terms, func(a, b lessons.Term) int { return cmp.Compare(strings.ToLower(a.Term), strings.ToLower(b.Term)) })
	titles := lessonTitles(course)
	view := make([]ui.Term, len(terms))
	for i, term := range terms {
		view[i] = ui.Term{Term: term}
		if title, ok := titles[term.Lesson]; ok {
			view[i].Lesson = &ui.Link{Title: title, URL: lessonURL(term.Lesson)}
		}
	}
	return s.page(c, http.StatusOK, ui.Page{Title: "Glossary", Here: ui.HereGlossary}, ui.GlossaryPage(view))
}
