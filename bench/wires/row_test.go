// SPDX-License-Identifier: Apache-2.0

package wires

import (
	"fmt"
	"slices"
	"time"
)

// A row has the figures of a carrier: of each run, or of all of them together.
type row struct {
	kind               string
	rates, rateRatios  []float64 // frames a second
	costs, costRatios  []float64 // seconds of CPU time for a frame
	median, slow, veth time.Duration
}

// add adds a run, in which the veth has had its turns, too.
func (r *row) add(c, veth *carrier) {
	rate := func(c *carrier) float64 { return float64(c.frames.count) / c.frames.time.Seconds() }
	cost := func(c *carrier) float64 { return c.spent.time.Seconds() / float64(c.spent.count) }
	r.rates, r.rateRatios = append(r.rates, rate(c)), append(r.rateRatios, rate(c)/rate(veth))
	r.costs, r.costRatios = append(r.costs, cost(c)), append(r.costRatios, cost(c)/cost(veth))
}

// meets returns how many runs had so many times the frames of the veth, or more.
func (r row) meets(ratio float64) (runs int) {
	for _, is := range r.rateRatios {
		if is >= ratio {
			runs++
		}
	}
	return runs
}

// String has the cells of the row.
func (r row) String() string {
	us := func(seconds float64) string { return fmt.Sprintf("%.1f us", 1e6*seconds) }
	return fmt.Sprintf("%s | %.0f | %s | %s | %.2f | %s | %s | %s | %.2f", r.kind, middle(r.rates), spread(r.rateRatios), us(middle(r.costs)), middle(r.costRatios),
		us(r.median.Seconds()), us(r.slow.Seconds()), us((r.median - r.veth).Seconds()), r.median.Seconds()/r.veth.Seconds())
}

func middle(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// spread is the median with the lowest and the highest.
func spread(values []float64) string {
	return fmt.Sprintf("%.2f (%.2f&ndash;%.2f)", middle(values), slices.Min(values), slices.Max(values))
}
