-- name: OpenLesson :exec
INSERT INTO lesson_progress (learner_id, lesson, opened_at) VALUES ($1, $2, $3)
ON CONFLICT (learner_id, lesson) DO UPDATE SET opened_at = excluded.opened_at;

-- name: FinishLesson :exec
INSERT INTO lesson_progress (learner_id, lesson, opened_at, done_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (learner_id, lesson) DO UPDATE SET done_at = excluded.done_at;

-- name: LessonProgress :many
SELECT * FROM lesson_progress WHERE learner_id = $1 ORDER BY opened_at DESC;
