-- name: Draft :one
SELECT * FROM drafts WHERE learner_id = $1 AND exercise = $2;

-- name: SaveDraft :one
INSERT INTO drafts (learner_id, exercise, revision, files, updated_at) VALUES ($1, $2, 1, $3, $4)
ON CONFLICT (learner_id, exercise) DO UPDATE
SET files = excluded.files, updated_at = excluded.updated_at, revision = drafts.revision + 1
RETURNING revision;

-- name: KeepDraft :exec
INSERT INTO kept_drafts (learner_id, exercise, revision, files, kept_at)
SELECT d.learner_id, d.exercise, d.revision, d.files, CAST($3 AS BIGINT) FROM drafts AS d
WHERE d.learner_id = $1 AND d.exercise = $2
ON CONFLICT (learner_id, exercise, revision) DO NOTHING;

-- name: KeptDrafts :many
SELECT * FROM kept_drafts WHERE learner_id = $1 AND exercise = $2 ORDER BY revision DESC LIMIT 50;

-- name: KeptDraft :one
SELECT * FROM kept_drafts WHERE learner_id = $1 AND exercise = $2 AND revision = $3;
