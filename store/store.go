// Package store keeps what must last: learners, drafts, answers with their grades, solutions asked for, and progress through lessons.
//
// It is an SQLite file. A call that writes returns when the data is on the disk; writers that come at the same time share one commit,
// so that hundreds of answers a second are as durable as one. The queries stand in queries/*.sql, once, for SQLite and for PostgreSQL.
//
// Start from [Open].
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"time"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver named "sqlite"

	"drydock/migrations"
	"drydock/store/internal/query"
)

// ErrNotFound says that there is no such record.
var ErrNotFound = errors.New("not found")

// ErrStale says that a draft was saved by another tab since this one read it.
var ErrStale = errors.New("the draft was saved elsewhere in the meantime")

// Store is an open database. Its methods may be called from many goroutines.
type Store struct {
	read   *query.Queries
	reader *sql.DB
	writer *writer
	codec  codec
	now    func() time.Time
}

// Open opens the database at path, makes it if it is not there, and brings its schema up to date.
func Open(ctx context.Context, path string) (*Store, error) {
	codec, err := newCodec()
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	writeDB, err := open(path, "_txlock=immediate")
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	writeDB.SetMaxOpenConns(1)
	if err := migrate(ctx, writeDB); err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s: %w", path, err), writeDB.Close())
	}
	readDB, err := open(path, "_pragma=query_only(1)")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s: %w", path, err), writeDB.Close())
	}
	readDB.SetMaxOpenConns(8)
	readDB.SetMaxIdleConns(8)
	return &Store{
		read:   query.New(readDB),
		reader: readDB,
		writer: startWriter(writeDB),
		codec:  codec,
		now:    time.Now,
	}, nil
}

func open(path, option string) (*sql.DB, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	// synchronous=FULL: in WAL mode, NORMAL may lose the last commits when the power fails.
	const pragmas = "_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)"
	name := "file:" + (&url.URL{Path: filepath.ToSlash(absolute)}).EscapedPath() + "?" + pragmas + "&" + option
	return sql.Open("sqlite", name)
}

func migrate(ctx context.Context, db *sql.DB) error {
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, migrations.Files, goose.WithSlog(slog.New(slog.DiscardHandler)))
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// Ping tells whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	return s.reader.PingContext(ctx)
}

// Close waits for the writes that were accepted and closes the database.
func (s *Store) Close() error {
	return errors.Join(s.writer.close(), s.reader.Close())
}

// millis and fromMillis turn times into what is stored and back.
func millis(t time.Time) int64 { return t.UnixMilli() }

func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// found turns the driver's word for "no row" into ours and names what was attempted.
func found(err error, attempt string, args ...any) error {
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	return fmt.Errorf(attempt+": %w", append(args, err)...)
}
