package fidelity_test

import (
	"testing"

	"drydock/grader/catalogue"
	"drydock/grader/fidelity"
	"drydock/grader/models"
)

// TestCasesAgree does every recorded case in the simulator.
func TestCasesAgree(t *testing.T) {
	cases, err := fidelity.Find("testdata")
	if err != nil {
		t.Fatal(err)
	}
	if len(cases) < 41 {
		t.Fatalf("%d cases found", len(cases))
	}
	images := fidelity.Bases(catalogue.Open())
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			want, err := c.Truth()
			if err != nil {
				t.Fatal(err)
			}
			got, err := fidelity.Simulate(t.Context(), c, images, models.All())
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range fidelity.Compare(want, got) {
				t.Error(d)
			}
		})
	}
}
