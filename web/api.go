package web

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"drydock/grader"
	"drydock/lessons"
	"drydock/store"
)

func (s *Server) routeAPI() {
	s.get("/api/v1/exercises", s.listExercises)
	s.echo.POST("/api/v1/exercises/:id/answers", s.gradeAnswerJSON)
}

// apiExercise is an exercise as the API tells of it.
type apiExercise struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	Level    string   `json:"level"`
	Minutes  int      `json:"minutes"`
	Summary  string   `json:"summary"`
	Editable []string `json:"editable"`
}

// APIGrade is a grade as the API and the command line answer it. Its fields do not change.
type APIGrade struct {
	Exercise string     `json:"exercise"`
	Score    int        `json:"score"`
	Max      int        `json:"max"`
	Passed   bool       `json:"passed"`
	Checks   []APICheck `json:"checks"`
	Error    string     `json:"error"`
}

// APICheck is a check's outcome in an APIGrade.
type APICheck struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Points  int    `json:"points"`
	Passed  bool   `json:"passed"`
	Must    bool   `json:"must"`
	Message string `json:"message"`
	Line    int    `json:"line"`
}

// NewAPIGrade picks out of a grade what the API answers.
func NewAPIGrade(grade *grader.Grade) APIGrade {
	answer := APIGrade{
		Exercise: grade.Exercise, Score: grade.Score, Max: grade.Max, Passed: grade.Passed, Error: grade.Error,
		Checks: make([]APICheck, len(grade.Checks)),
	}
	for i, check := range grade.Checks {
		answer.Checks[i] = APICheck{
			ID: check.ID, Title: check.Title, Points: check.Points, Passed: check.Passed, Must: check.Must, Message: check.Message, Line: check.Line,
		}
	}
	return answer
}

// GET /api/v1/exercises: the exercises there are.
func (s *Server) listExercises(c echo.Context) error {
	list := []apiExercise{}
	for _, e := range s.course().Exercises {
		list = append(list, apiExercise{ID: e.ID, Title: e.Title, Level: e.Level, Minutes: e.Minutes, Summary: e.Summary, Editable: e.Editable})
	}
	return c.JSON(http.StatusOK, map[string]any{"exercises": list})
}

// POST /api/v1/exercises/ID/answers: grades {"files": {"Dockerfile": "…", ".dockerignore": "…"}}, saves the answer, and answers its grade.
func (s *Server) gradeAnswerJSON(c echo.Context) error {
	exercise := findExercise(s.course(), c.Param("id"))
	if exercise == nil {
		return errNotFound
	}
	files, err := apiFiles(c.Request().Body, exercise)
	if err != nil {
		return err
	}
	grade, err := s.grade(c, exercise, files)
	if err != nil {
		return err
	}
	id, err := s.saver(c)
	if err != nil {
		return err
	}
	if _, err := s.config.Store.AddAnswer(c.Request().Context(), id, files, grade, store.AnyRevision); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, NewAPIGrade(grade))
}

// apiFiles reads the files of an answer.
func apiFiles(body io.Reader, exercise *lessons.Exercise) (grader.Files, error) {
	var request struct {
		Files map[string]*string `json:"files"`
	}
	decoder := json.NewDecoder(body)
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&request)
	if err == nil {
		_, err = decoder.Token() // nothing may follow
		if err == io.EOF {
			err = nil
		} else if err == nil {
			err = errors.New("more than one JSON value")
		}
	}
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return nil, err
	}
	if err != nil {
		return nil, wrongInput("the body is not the JSON of an answer, {\"files\": {\"Dockerfile\": \"…\"}}: %v", err)
	}
	files := grader.Files{}
	for _, name := range slices.Sorted(maps.Keys(request.Files)) {
		text := request.Files[name]
		switch {
		case !slices.Contains(exercise.Editable, name):
			return nil, wrongInput("%q is not a file of the answer to %s; those are %q", name, exercise.ID, exercise.Editable)
		case text == nil:
			return nil, wrongInput("file %q is null instead of text", name)
		}
		files[name] = *text
	}
	if _, ok := files["Dockerfile"]; !ok && slices.Contains(exercise.Editable, "Dockerfile") {
		return nil, wrongInput("the answer has no Dockerfile")
	}
	return files, nil
}
