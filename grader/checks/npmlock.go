package checks

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"

	"drydock/grader/tree"
)

// Lock is what an npm lock file asks for, each package as "name@version".
type Lock struct {
	Prod []string `cel:"prod"`
	Dev  []string `cel:"dev"` // for development only
}

// locks keeps lock files that were read: those of exercises, which stay the same for all answers.
type locks struct {
	mu   sync.Mutex
	read map[*tree.Content]*Lock
}

// maxLocks is how many are kept; beyond that reading begins afresh.
const maxLocks = 100

// of reads package-lock.json in a folder of the context. One that is missing or broken asks for nothing.
func (l *locks) of(c *Context, dir string) *Lock {
	n := c.lookup(dir + "/package-lock.json")
	if n == nil || n.Type != tree.File {
		return &Lock{}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	lock := l.read[n.Content]
	if lock == nil {
		if l.read == nil || len(l.read) >= maxLocks {
			l.read = map[*tree.Content]*Lock{}
		}
		lock = parseLock(n.Content)
		l.read[n.Content] = lock
	}
	return lock
}

// lookup returns what is at p in the context, or nil.
func (c *Context) lookup(p string) *tree.Node {
	if c.root == nil {
		return nil
	}
	n, _ := c.root.Resolve(p)
	return n
}

func parseLock(content *tree.Content) *Lock {
	out := &Lock{}
	data, _ := content.Known()
	var lock struct {
		Packages map[string]struct {
			Name    string
			Version string
			Dev     bool
			Link    bool
		}
	}
	if json.Unmarshal(data, &lock) != nil {
		return out
	}
	for at, p := range lock.Packages {
		i := strings.LastIndex(at, "node_modules/")
		if i < 0 || p.Link {
			continue
		}
		name := p.Name
		if name == "" {
			name = at[i+len("node_modules/"):]
		}
		if p.Dev {
			out.Dev = append(out.Dev, name+"@"+p.Version)
		} else {
			out.Prod = append(out.Prod, name+"@"+p.Version)
		}
	}
	slices.Sort(out.Prod)
	slices.Sort(out.Dev)
	out.Prod, out.Dev = slices.Compact(out.Prod), slices.Compact(out.Dev)
	out.Dev = without(out.Dev, out.Prod)
	return out
}

// without returns what is in a and not in b; both are sorted.
func without(a, b []string) []string {
	var out []string
	for _, s := range a {
		if _, found := slices.BinarySearch(b, s); !found {
			out = append(out, s)
		}
	}
	return out
}
