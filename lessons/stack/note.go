package stack

import (
	"fmt"
	"strings"
)

// note is the small print of a plate: what made it, where it stands, what of it is wasted.
func (p Plate) note() string {
	parts := []string{p.Kind.Word()}
	if p.Layers > 1 {
		parts = append(parts, fmt.Sprintf("%d layers", p.Layers))
	}
	if p.Line > 0 {
		parts = append(parts, fmt.Sprintf("line %d", p.Line))
	}
	if p.Wasted > 0 {
		parts = append(parts, Size(p.Wasted)+" wasted")
	}
	return strings.Join(parts, " · ")
}

// kept is where the hatch of a plate begins, from its left.
func (p Plate) kept() string {
	share := float64(p.Bytes-min(p.Wasted, p.Bytes)) / float64(max(p.Bytes, 1))
	return fmt.Sprintf("%.1f%%", 100*share)
}
