package grader

// Exercise is what grading needs of an exercise: its context, scenarios and checks.
type Exercise struct {
	ID   string
	Pass int // points to pass, of 100
}
