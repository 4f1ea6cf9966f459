package main

import (
	"testing"
	"time"

	"drydock/grader/build"
	"drydock/grader/catalogue"
	"drydock/grader/folder"
	"drydock/grader/models"
	"drydock/grader/start"
)

// TestOwnDockerfile builds Drydock's image in Drydock.
func TestOwnDockerfile(t *testing.T) {
	root, err := folder.Read("../..")
	if err != nil {
		t.Fatal(err)
	}
	s := build.NewSession(catalogue.Open().Resolve, models.All())
	defer s.Close()
	b, err := s.Build(t.Context(), build.Request{Context: root, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if !b.OK {
		t.Fatal(b.Error, b.Excerpt)
	}
	if b.Image.Bytes > 120e6 {
		t.Errorf("the image takes %d bytes", b.Image.Bytes)
	}
	for _, p := range []string{"/usr/local/go", "/src", "/root/.cache/go-build/x"} {
		if b.Image.Root.Lookup(p) != nil {
			t.Errorf("%s is in the final image", p)
		}
	}
	r := start.Run(t.Context(), b.Image, start.Options{Models: models.All()})
	if !r.OK || r.UID == 0 || r.Health != "ok" {
		t.Errorf("started: ok %v (%s), user %d, health %q", r.OK, r.Error, r.UID, r.Health)
	}
	again, err := s.Build(t.Context(), build.Request{Context: root, Timeout: time.Minute})
	if err != nil || !again.OK {
		t.Fatal(err)
	}
	for _, st := range again.Steps {
		if st.Ran && !st.Internal {
			t.Errorf("%s ran again though nothing changed", st.Name)
		}
	}
}
