package web

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	defaultGrades = 500 // a second
	maxLimiters   = 10_000
)

// limits keeps one client from taking all of the grading.
type limits struct {
	mu     sync.Mutex
	each   rate.Limit
	burst  int
	recent map[string]*rate.Limiter
}

func newLimits(perSecond float64) *limits {
	if perSecond <= 0 {
		perSecond = defaultGrades
	}
	return &limits{each: rate.Limit(perSecond), burst: max(1, int(2*perSecond)), recent: map[string]*rate.Limiter{}}
}

// allow tells whether a client may have another answer graded now.
func (l *limits) allow(client string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	limiter, ok := l.recent[client]
	if !ok {
		if len(l.recent) >= maxLimiters {
			l.forget()
		}
		limiter = rate.NewLimiter(l.each, l.burst)
		l.recent[client] = limiter
	}
	return limiter.Allow()
}

// forget drops the limiters that are full again: a new one would allow as much. If none is, all go.
func (l *limits) forget() {
	now := time.Now()
	for client, limiter := range l.recent {
		if limiter.TokensAt(now) >= float64(l.burst) {
			delete(l.recent, client)
		}
	}
	if len(l.recent) >= maxLimiters {
		clear(l.recent)
	}
}
