// Package migrations holds the database schema as numbered SQL files, embedded. Package store applies them with goose.
package migrations

import "embed"

// Files are the migrations, in the order of their names.
//
//go:embed *.sql
var Files embed.FS
