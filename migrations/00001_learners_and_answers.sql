-- +goose Up

-- Times are milliseconds since 1970 UTC; files and grades are JSON. The types are those that SQLite and PostgreSQL both read.

CREATE TABLE learners (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL DEFAULT '',
    theme      TEXT NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL
);

-- What stands in the editor now. The revision rises with every save, so that a second tab can tell that it is behind.
CREATE TABLE drafts (
    learner_id TEXT NOT NULL REFERENCES learners (id) ON DELETE CASCADE,
    exercise   TEXT NOT NULL,
    revision   BIGINT NOT NULL,
    files      TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (learner_id, exercise)
);

-- What stood in the editor before a reset, or before another tab wrote over it.
CREATE TABLE kept_drafts (
    learner_id TEXT NOT NULL REFERENCES learners (id) ON DELETE CASCADE,
    exercise   TEXT NOT NULL,
    revision   BIGINT NOT NULL,
    files      TEXT NOT NULL,
    kept_at    BIGINT NOT NULL,
    PRIMARY KEY (learner_id, exercise, revision)
);

-- Every graded answer, numbered from 1 for each learner and exercise.
CREATE TABLE answers (
    learner_id TEXT NOT NULL REFERENCES learners (id) ON DELETE CASCADE,
    exercise   TEXT NOT NULL,
    number     BIGINT NOT NULL,
    files      TEXT NOT NULL,
    score      BIGINT NOT NULL,
    max        BIGINT NOT NULL,
    passed     BOOLEAN NOT NULL,
    bytes      BIGINT NOT NULL,
    grade      BYTEA NOT NULL, -- JSON, compressed with zstd
    created_at BIGINT NOT NULL,
    PRIMARY KEY (learner_id, exercise, number)
);

CREATE TABLE solution_views (
    learner_id TEXT NOT NULL REFERENCES learners (id) ON DELETE CASCADE,
    exercise   TEXT NOT NULL,
    passed     BOOLEAN NOT NULL, -- whether the exercise was passed when the solution was first shown
    viewed_at  BIGINT NOT NULL,
    PRIMARY KEY (learner_id, exercise)
);

CREATE TABLE lesson_progress (
    learner_id TEXT NOT NULL REFERENCES learners (id) ON DELETE CASCADE,
    lesson     TEXT NOT NULL,
    opened_at  BIGINT NOT NULL,
    done_at    BIGINT NOT NULL DEFAULT 0, -- 0 while it is not done
    PRIMARY KEY (learner_id, lesson)
);

-- +goose Down

DROP TABLE lesson_progress;
DROP TABLE solution_views;
DROP TABLE answers;
DROP TABLE kept_drafts;
DROP TABLE drafts;
DROP TABLE learners;
