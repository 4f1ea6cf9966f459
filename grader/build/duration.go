package build

import "drydock/grader/report"

// The estimate of a step's duration: an ordinary laptop with an SSD behind a household connection. Meant to show what is slow and what
// a change would save, not to predict a stopwatch.
const (
	bytesDownloaded = 12e6  // a second
	bytesWritten    = 150e6 // a second: unpacking and committing the layer
	perInstall      = 0.004 // seconds for each package installed
	perCompile      = 0.02  // seconds for each unit compiled
	perRun          = 0.35  // seconds to start and commit a container
	perCopy         = 0.05
)

// estimate returns the seconds that a step would take.
func estimate(s *report.Step) float64 {
	if !s.Ran {
		return 0
	}
	t := float64(s.Bytes) / bytesWritten
	switch s.Kind {
	case "run":
		t += perRun
	case "copy", "add", "workdir":
		t += perCopy
	}
	for _, e := range s.Events {
		switch e.Kind {
		case "download":
			t += float64(e.Bytes) / bytesDownloaded
		case "install":
			t += perInstall
		case "compile":
			t += float64(max(e.Count, 1)) * perCompile
		}
	}
	return t
}

// critical returns the seconds of the longest chain of steps: stages that do not depend on each other run at the same time.
func critical(steps []report.Step) float64 {
	at := map[string]int{}
	for i := range steps {
		at[steps[i].ID] = i
	}
	done := map[string]float64{}
	var length func(id string, depth int) float64
	length = func(id string, depth int) float64 {
		if v, ok := done[id]; ok {
			return v
		}
		i, ok := at[id]
		if !ok || depth > 10_000 {
			return 0
		}
		done[id] = 0
		best := 0.0
		for _, in := range steps[i].Inputs {
			best = max(best, length(in, depth+1))
		}
		done[id] = best + steps[i].Seconds
		return done[id]
	}
	total := 0.0
	for i := range steps {
		total = max(total, length(steps[i].ID, 0))
	}
	return total
}
