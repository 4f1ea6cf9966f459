-- name: TouchLearner :exec
INSERT INTO learners (id, created_at, seen_at) VALUES ($1, $2, $2)
ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at;

-- name: Learner :one
SELECT * FROM learners WHERE id = $1;

-- name: SetTheme :exec
UPDATE learners SET theme = $2 WHERE id = $1;

-- name: SetName :exec
UPDATE learners SET name = $2 WHERE id = $1;

-- name: DeleteLearner :exec
DELETE FROM learners WHERE id = $1;
