package npm_test

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"drydock/grader/tool/node"
)

// TestCourse installs and starts the Node.js applications that the course ships.
func TestCourse(t *testing.T) {
	const lessons = "../../../lessons"
	found := 0
	err := filepath.WalkDir(lessons, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.Name() != "package-lock.json" || strings.Contains(p, "scenarios") {
			return err
		}
		found++
		t.Run(strings.TrimPrefix(filepath.Dir(p), lessons+"/"), func(t *testing.T) {
			i := newImage(t)
			err := filepath.WalkDir(filepath.Dir(p), func(file string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				data, err := os.ReadFile(file)
				if err == nil {
					rel, _ := filepath.Rel(filepath.Dir(p), file)
					i.write("/app/"+rel, string(data))
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			maps.Copy(i.models, node.Models())
			i.must("npm ci --omit=dev")
			for _, n := range i.notes {
				if n.Kind == "estimate" {
					t.Errorf("not all packages of the course were recorded (see catalogue/npm/gen): %s", n.Text)
				}
			}
			i.must("node server.js")
			if !strings.Contains(i.out.String(), "serving on 3000") {
				t.Errorf("output %q", i.out.String())
			}
		})
		return nil
	})
	if err != nil || found == 0 {
		t.Fatal("no applications", err)
	}
}
