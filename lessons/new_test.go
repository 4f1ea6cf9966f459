package lessons_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"drydock/lessons"
)

// What New writes passes Check, in an empty folder and in a course.
func TestNew(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lessons")
	for _, tc := range []struct{ kind, name, writes string }{
		{"exercise", "leave-it-out", "exercises/leave-it-out/exercise.md"},
		{"lesson", "volumes", "10-beginner/20-volumes.md"},
		{"lesson", "beginner/networks", "10-beginner/30-networks.md"},
		{"lesson", "advanced/plugins", "20-advanced/10-plugins.md"},
		{"exercise", "another", "exercises/another/answers/wrong-delete-later/expect.yaml"},
	} {
		wrote, err := lessons.New(dir, tc.kind, tc.name)
		if err != nil {
			t.Fatalf("%s %s: %v", tc.kind, tc.name, err)
		}
		if !slices.Contains(wrote, filepath.Join(dir, tc.writes)) {
			t.Errorf("%s %s wrote %v, not %s", tc.kind, tc.name, wrote, tc.writes)
		}
		options := simulated(nil)
		options.Dir = dir
		problems, err := lessons.Check(t.Context(), options, grade)
		if err != nil || len(problems) > 0 {
			t.Errorf("%s %s: %v\n%s", tc.kind, tc.name, err, strings.Join(lines(problems), "\n"))
		}
	}
	data, err := os.ReadFile(filepath.Join(dir, "10-beginner/20-volumes.md"))
	if err != nil || !strings.Contains(string(data), "title: Volumes\nlevel: beginner") || !strings.Contains(string(data), "build=volumes") {
		t.Errorf("%v\n%s", err, data)
	}
	for _, tc := range [][2]string{
		{"lesson", "plugins"}, {"lesson", "beginner/volumes"}, {"exercise", "another"}, {"exercise", "a/b"}, {"lesson", "a/b/c"}, {"lesson", "Upper"},
		{"lesson", ""}, {"lesson", "../up"}, {"module", "x"},
	} {
		if wrote, err := lessons.New(dir, tc[0], tc[1]); err == nil || len(wrote) > 0 {
			t.Errorf("%s %q: wrote %v, error %v", tc[0], tc[1], wrote, err)
		}
	}
}
