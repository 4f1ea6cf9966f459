package sandbox

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"strconv"

	"github.com/landlock-lsm/go-landlock/landlock"
	"golang.org/x/sys/unix"
)

// Serve is a child's life: it takes its limits, says that it is ready, then answers work with handle until the parent closes its input. What
// it needs of files must have been read before.
func Serve(ctx context.Context, in io.Reader, out io.Writer, handle func(ctx context.Context, work []byte) []byte) error {
	if err := Confine(); err != nil {
		return err
	}
	if err := writeFrame(out, nil); err != nil {
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
		state := byte(well)
		answer := handle(ctx, work)
		if heap() > memory()*2/3 { // much of it may be garbage
			debug.FreeOSMemory()
			if heap() > memory()/2 {
				state = tired
			}
		}
		if err := writeFrame(out, append(answer, state)); err != nil {
			return err
		}
	}
}

// heap is how many bytes the Go runtime has asked the system for and not given back.
func heap() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64() - s[1].Value.Uint64()
}

// memory is how much this process may use, as its parent says.
func memory() uint64 {
	n, err := strconv.ParseUint(os.Getenv("DRYDOCK_WORKER_MEMORY"), 10, 64)
	if err != nil {
		return 512 << 20
	}
	return n
}

// Confine limits this process for good: memory (DRYDOCK_WORKER_MEMORY in bytes), open files, file sizes, no core dumps, and, where the
// kernel can, no files, no network and no new programs.
func Confine() error {
	memory := memory()
	// The Go runtime reserves address space that it does not use: what is limited is that plus the memory. Data is what it may write to, the
	// heap above all; the rest of the memory is for the program itself.
	const reserved = 2 << 30
	for res, limit := range map[int]uint64{
		unix.RLIMIT_AS: memory + reserved, unix.RLIMIT_DATA: memory - memory/8, unix.RLIMIT_NOFILE: 64, unix.RLIMIT_FSIZE: 0, unix.RLIMIT_CORE: 0,
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
