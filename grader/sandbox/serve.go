package sandbox

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"strconv"

	"github.com/landlock-lsm/go-landlock/landlock"
	"golang.org/x/sys/unix"
)

// Serve is a child's life: it takes its limits, then answers work with handle until the parent closes its input. Memory for reading files and the like must
// have been used before: afterwards there are none.
func Serve(ctx context.Context, in io.Reader, out io.Writer, handle func(ctx context.Context, work []byte) []byte) error {
	if err := Confine(); err != nil {
		return err
	}
	r := bufio.NewReaderSize(in, 1<<16)
	for {
		work, err := readFrame(r)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := writeFrame(out, handle(ctx, work)); err != nil {
			return err
		}
	}
}

// Confine limits this process for good: memory (DRYDOCK_WORKER_MEMORY in bytes), open files, file sizes, no core dumps, and, where the
// kernel can, no files, no network and no new programs.
func Confine() error {
	memory, err := strconv.ParseUint(os.Getenv("DRYDOCK_WORKER_MEMORY"), 10, 64)
	if err != nil {
		memory = 512 << 20
	}
	// The Go runtime reserves address space that it does not use: what is limited is that plus the memory.
	const reserved = 2 << 30
	for res, limit := range map[int]uint64{
		unix.RLIMIT_AS: memory + reserved, unix.RLIMIT_NOFILE: 64, unix.RLIMIT_FSIZE: 0, unix.RLIMIT_CORE: 0,
	} {
		if err := unix.Setrlimit(res, &unix.Rlimit{Cur: limit, Max: limit}); err != nil {
			return err
		}
	}
	if err := landlock.V5.BestEffort().Restrict(); err != nil {
		return err
	}
	return filterCalls()
}
