package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"drydock/store/internal/query"
)

// maxBatch is how many writes share a commit at most.
const maxBatch = 256

// A writer applies writes one after the other on one connection. Those that wait while a commit is on its way to the disk form the next
// transaction, each within a savepoint of its own, so that one that fails takes no other with it.
type writer struct {
	db   *sql.DB
	jobs chan job
	done chan struct{}

	closing sync.RWMutex // held for reading while a job is handed over
	closed  bool
}

type job struct {
	apply  func(context.Context, *query.Queries) error
	result chan error // buffered
}

func startWriter(db *sql.DB) *writer {
	w := &writer{db: db, jobs: make(chan job, maxBatch), done: make(chan struct{})}
	go w.run()
	return w
}

var errClosed = errors.New("the database is closed")

// do applies a write and returns when it is durable. When ctx ends first, the write may still be applied.
func (w *writer) do(ctx context.Context, apply func(context.Context, *query.Queries) error) error {
	j := job{apply: apply, result: make(chan error, 1)}
	if err := w.hand(ctx, j); err != nil {
		return err
	}
	select {
	case err := <-j.result:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *writer) hand(ctx context.Context, j job) error {
	w.closing.RLock()
	defer w.closing.RUnlock()
	if w.closed {
		return errClosed
	}
	select {
	case w.jobs <- j:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *writer) close() error {
	w.closing.Lock()
	already := w.closed
	w.closed = true
	w.closing.Unlock()
	if already {
		return nil
	}
	close(w.jobs)
	<-w.done
	return w.db.Close()
}

func (w *writer) run() {
	defer close(w.done)
	for first := range w.jobs {
		batch := append(make([]job, 0, len(w.jobs)+1), first)
	collect:
		for len(batch) < maxBatch {
			select {
			case j, ok := <-w.jobs:
				if !ok {
					break collect
				}
				batch = append(batch, j)
			default:
				break collect
			}
		}
		w.commit(batch)
	}
}

// commit applies a batch and answers everyone in it.
func (w *writer) commit(batch []job) {
	// Not a caller's context: one that gives up must not take the others' transaction along.
	ctx := context.Background()
	results := make([]error, len(batch))
	err := w.transact(ctx, func(tx *sql.Tx) error {
		queries := query.New(tx)
		for i, j := range batch {
			var broken error
			results[i], broken = savepoint(ctx, tx, func() error { return j.apply(ctx, queries) })
			if broken != nil {
				return broken
			}
		}
		return nil
	})
	for i, j := range batch {
		if err != nil {
			j.result <- err
			continue
		}
		j.result <- results[i]
	}
}

func (w *writer) transact(ctx context.Context, apply func(*sql.Tx) error) error {
	tx, err := w.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	if err := apply(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// savepoint runs apply so that its failure undoes only its own writes; broken says that the whole transaction is lost.
func savepoint(ctx context.Context, tx *sql.Tx, apply func() error) (failed, broken error) {
	if _, err := tx.ExecContext(ctx, "SAVEPOINT job"); err != nil {
		return nil, fmt.Errorf("savepoint: %w", err)
	}
	failed = apply()
	if failed != nil {
		if _, err := tx.ExecContext(ctx, "ROLLBACK TO job"); err != nil {
			return nil, errors.Join(failed, fmt.Errorf("roll back: %w", err))
		}
	}
	if _, err := tx.ExecContext(ctx, "RELEASE job"); err != nil {
		return nil, fmt.Errorf("release: %w", err)
	}
	return failed, nil
}
