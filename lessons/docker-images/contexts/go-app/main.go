// Tide answers with the hours until the next high water.
package main

import (
	"fmt"
	"log"
	"net/http"
	"time"
)

// period is the mean time between two high waters.
const period = 12*time.Hour + 25*time.Minute

// highWater is one known high water to count from.
var highWater = time.Date(2026, time.January, 1, 3, 10, 0, 0, time.UTC)

func untilNext(now time.Time) time.Duration {
	since := now.Sub(highWater) % period
	if since < 0 {
		since += period
	}
	return period - since
}

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "next high water in %s\n", untilNext(time.Now()).Round(time.Minute))
	})
	log.Fatal(http.ListenAndServe(":8080", nil))
}
