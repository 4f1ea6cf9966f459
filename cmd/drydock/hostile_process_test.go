package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// children lists the processes that this one has started.
func children(t testing.TB) []int {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Skip("there is no /proc here")
	}
	var out []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err == nil && status(pid, "PPid") == int64(os.Getpid()) {
			out = append(out, pid)
		}
	}
	return out
}

// status reads a number of /proc/PID/status, 0 where there is none.
func status(pid int, field string) int64 {
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range bytes.Lines(data) {
		if v, ok := bytes.CutPrefix(line, []byte(field+":")); ok {
			n, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(string(v)), " kB"), 10, 64)
			return n
		}
	}
	return 0
}

// watchPeak follows the resident memory of this process's children until the function that it returns is called, which says how many bytes
// the largest of them held at its peak.
func watchPeak(t testing.TB) func() int64 {
	t.Helper()
	pids := children(t)
	for _, pid := range pids {
		os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0) // begin the peak anew
	}
	var peak int64
	look := func() {
		for _, pid := range pids {
			peak = max(peak, status(pid, "VmHWM")<<10)
		}
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for tick := time.NewTicker(20 * time.Millisecond); ; {
			select {
			case <-tick.C:
				look()
			case <-done:
				tick.Stop()
				return
			}
		}
	})
	return func() int64 {
		close(done)
		wg.Wait()
		look()
		return peak
	}
}
