package sandbox_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"drydock/grader/sandbox"
)

// The test binary is its own worker.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "worker" {
		if err := sandbox.Serve(context.Background(), os.Stdin, os.Stdout, work); err != nil {
			os.Exit(3)
		}
		return
	}
	os.Exit(m.Run())
}

func work(_ context.Context, b []byte) []byte {
	switch string(b) {
	case "exit":
		os.Exit(1)
	case "panic":
		go func() { panic("elsewhere") }()
		time.Sleep(time.Hour)
	case "memory":
		var keep [][]byte
		for {
			chunk := make([]byte, 16<<20)
			for i := range chunk {
				chunk[i] = 1
			}
			keep = append(keep, chunk)
			_ = keep
		}
	case "hang":
		for {
			time.Sleep(time.Hour)
		}
	case "read":
		_, err := os.ReadFile("/etc/passwd")
		return []byte(fmt.Sprint(err))
	case "net":
		_, err := net.Dial("tcp", "127.0.0.1:1")
		return []byte(fmt.Sprint(err))
	case "env":
		return []byte(strings.Join(os.Environ(), "\n"))
	}
	return bytes.ToUpper(b)
}

func TestPoolSurvivesWhatWorkDoes(t *testing.T) {
	p := sandbox.NewPool(sandbox.Options{Size: 2, Timeout: 3 * time.Second, Memory: 128 << 20})
	defer p.Close()
	for _, bad := range []string{"exit", "panic", "memory", "hang"} {
		if _, err := p.Do(t.Context(), []byte(bad)); !errors.Is(err, sandbox.ErrDied) {
			t.Errorf("%s: error %v, want ErrDied", bad, err)
		}
		out, err := p.Do(t.Context(), []byte("fine"))
		if err != nil || string(out) != "FINE" {
			t.Errorf("after %s: %q, %v", bad, out, err)
		}
	}
}

func TestWorkerReachesNothing(t *testing.T) {
	t.Setenv("SECRET", "of the host")
	p := sandbox.NewPool(sandbox.Options{Size: 1})
	defer p.Close()
	for ask, want := range map[string]string{"read": "denied|not permitted", "net": "denied|not permitted"} {
		out, err := p.Do(t.Context(), []byte(ask))
		if err != nil {
			t.Fatal(err)
		}
		ok := false
		for _, w := range strings.Split(want, "|") {
			ok = ok || strings.Contains(string(out), w)
		}
		if !ok {
			t.Errorf("%s: %s", ask, out)
		}
	}
	out, err := p.Do(t.Context(), []byte("env"))
	if err != nil || strings.Contains(string(out), "SECRET") {
		t.Errorf("environment: %s %v", out, err)
	}
}

func TestPoolServesMany(t *testing.T) {
	p := sandbox.NewPool(sandbox.Options{Size: 2})
	defer p.Close()
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			ask := fmt.Sprintf("n%d", i)
			out, err := p.Do(t.Context(), []byte(ask))
			if err != nil || string(out) != strings.ToUpper(ask) {
				t.Errorf("%s: %q %v", ask, out, err)
			}
		})
	}
	wg.Wait()
}

func BenchmarkPool(b *testing.B) {
	p := sandbox.NewPool(sandbox.Options{Size: 1})
	defer p.Close()
	data := bytes.Repeat([]byte("x"), 100_000)
	p.Do(b.Context(), data)
	for b.Loop() {
		if _, err := p.Do(b.Context(), data); err != nil {
			b.Fatal(err)
		}
	}
}
