-- name: AddSolutionView :exec
INSERT INTO solution_views (learner_id, exercise, passed, viewed_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (learner_id, exercise) DO NOTHING;

-- name: SolutionView :one
SELECT * FROM solution_views WHERE learner_id = $1 AND exercise = $2;
