package catalogue

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
)

// officialNames are the repositories of Docker's official images, past and present: a name without a slash that is not among them is no
// image at all. Source: the folder library of docker-library/official-images, with those that were removed from it.
//
//go:embed names.txt
var officialNames string

var names = sync.OnceValue(func() []string {
	list := strings.Fields(officialNames)
	slices.Sort(list)
	return list
})

// isOfficial reports whether a familiar name without registry and user is an official repository's.
func isOfficial(name string) bool {
	_, found := slices.BinarySearch(names(), name)
	return found
}
