package main

import (
	"encoding/json"

	"github.com/spf13/cobra"

	"drydock/grader/catalogue"
	"drydock/grader/fidelity"
	"drydock/grader/models"
)

func simulateCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "simulate CASE_DIR",
		Short: "Do a fidelity case in the simulator and print what a recording of it would hold",
		Long: `Do the builds of a fidelity case (context/, case.json) in the simulator and print one JSON object of the shape of
truth.json, in which what a real BuildKit did is recorded.

Exit status: 0 done, whether or not the builds succeeded; 2 wrong usage.`,
		Args: exactly(1, "one CASE_DIR"),
		RunE: func(c *cobra.Command, pos []string) error {
			k, err := fidelity.Load(pos[0])
			if err != nil {
				return usage("%v", err)
			}
			t, err := fidelity.Simulate(c.Context(), k, fidelity.Bases(catalogue.Open()), models.All())
			if err != nil {
				return &exitError{1, err}
			}
			enc := json.NewEncoder(c.OutOrStdout())
			enc.SetIndent("", " ")
			enc.SetEscapeHTML(false)
			return enc.Encode(t)
		},
	}
}
