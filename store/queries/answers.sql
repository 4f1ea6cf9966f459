-- name: AddAnswer :one
INSERT INTO answers (learner_id, exercise, number, files, score, max, passed, bytes, grade, created_at)
SELECT $1, $2, coalesce(max(a.number), 0) + 1, $3, $4, $5, $6, $7, $8, $9
FROM answers AS a WHERE a.learner_id = $1 AND a.exercise = $2
RETURNING number;

-- name: Answer :one
SELECT * FROM answers WHERE learner_id = $1 AND exercise = $2 AND number = $3;

-- name: Answers :many
SELECT number, score, max, passed, bytes, created_at FROM answers
WHERE learner_id = $1 AND exercise = $2 ORDER BY number DESC LIMIT 500;

-- name: Results :many
SELECT exercise, count(*) AS answers, CAST(sum(CASE WHEN passed THEN 1 ELSE 0 END) AS BIGINT) AS passes,
       CAST(max(score) AS BIGINT) AS best, CAST(max(created_at) AS BIGINT) AS last_at
FROM answers WHERE learner_id = $1 GROUP BY exercise ORDER BY exercise;
