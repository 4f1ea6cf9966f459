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
			diffs := fidelity.Compare(want, got)
			if c.Differs != "" {
				if len(diffs) == 0 {
					t.Errorf("agrees, though it is said to differ: %s", c.Differs)
				}
				t.Logf("known to differ: %s", c.Differs)
				return
			}
			for _, d := range diffs {
				t.Error(d)
			}
		})
	}
}

// TestAgreementIsPublished holds what is published against the cases there are.
func TestAgreementIsPublished(t *testing.T) {
	cases, err := fidelity.Find("testdata")
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, c := range cases {
		count[c.Kind()]++
	}
	if count["other"] > 0 {
		t.Errorf("%d cases are of no kind", count["other"])
	}
	for _, k := range fidelity.Published().Kinds {
		if k.Agree+len(k.Differ) != k.Cases {
			t.Errorf("%s: %d agree and %d differ of %d", k.Name, k.Agree, len(k.Differ), k.Cases)
		}
		for _, d := range k.Differ {
			if d.Why == "" {
				t.Errorf("%s: nobody says why it differs", d.Case)
			}
		}
	}
}
