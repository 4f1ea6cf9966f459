package web_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"drydock/lessons"
	"drydock/store"
	"drydock/web"
)

// BenchmarkAPIAnswer measures what the server adds to a grading: reading the answer, saving it durably, and answering.
func BenchmarkAPIAnswer(b *testing.B) {
	data, err := store.Open(b.Context(), filepath.Join(b.TempDir(), "drydock.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = data.Close() }) // the data goes with the folder
	course := testCourse()
	server := httptest.NewServer(web.New(web.Config{
		Course: func() (*lessons.Course, []lessons.Problem) { return course, nil },
		Grade:  fakeGrade, Store: data, Key: make([]byte, 64), GradesPerSecond: 1e9,
	}))
	b.Cleanup(server.Close)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			response, err := client.Post(server.URL+"/api/v1/exercises/node-optimize/answers", "application/json", strings.NewReader(`{"files":{"Dockerfile":"FROM x"}}`))
			if err != nil {
				b.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, response.Body)
			response.Body.Close()
			if response.StatusCode != http.StatusOK {
				b.Errorf("status %d", response.StatusCode)
			}
		}
	})
}
