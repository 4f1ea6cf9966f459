package stack

import (
	"fmt"
	"math"
)

// Size writes a number of bytes as docker does, in decimal units with three digits: "41.2 MB".
func Size(bytes int64) string {
	value, units := math.Abs(float64(bytes)), []string{"B", "kB", "MB", "GB", "TB"}
	unit := 0
	for value >= 999.5 && unit < len(units)-1 {
		value /= 1000
		unit++
	}
	sign := ""
	if bytes < 0 {
		sign = "−"
	}
	digits := 0
	switch {
	case unit == 0 || value >= 99.95:
	case value >= 9.995:
		digits = 1
	default:
		digits = 2
	}
	return fmt.Sprintf("%s%.*f\u00a0%s", sign, digits, value, units[unit])
}
