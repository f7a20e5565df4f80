// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"

	"golang.org/x/perf/benchfmt"
)

// runs is what several runs measured.
type runs struct {
	// facts are what the runs say about themselves, such as their kernel.
	facts map[string][]string
	// values has, for each benchmark and unit, one value of each run.
	values map[key][]float64
}

// A key is a benchmark, without BenchmarkX's first nine letters, and a unit.
type key struct{ name, unit string }

// procs ends the name of a benchmark that has more than one CPU.
var procs = regexp.MustCompile(`-\d+$`)

func read(in io.Reader) (*runs, error) {
	r := runs{make(map[string][]string), make(map[key][]float64)}
	reader := benchfmt.NewReader(in, "standard input")
	for reader.Scan() {
		switch record := reader.Result().(type) {
		case *benchfmt.SyntaxError:
			return nil, record
		case *benchfmt.Result:
			for _, c := range record.Config {
				if value := string(c.Value); !slices.Contains(r.facts[c.Key], value) {
					r.facts[c.Key] = append(r.facts[c.Key], value)
				}
			}
			for _, v := range record.Values {
				k := key{procs.ReplaceAllString(record.Name.String(), ""), v.Unit}
				r.values[k] = append(r.values[k], v.Value)
			}
		}
	}
	if len(r.values) == 0 {
		return nil, errors.Join(errors.New("no benchmark in what was read"), reader.Err())
	}
	return &r, reader.Err()
}

// of returns what a benchmark measured, which must be the same number of values for
// each: run i has measured all of the values i.
func (r *runs) of(k key) ([]float64, error) {
	values := r.values[k]
	if len(values) == 0 || len(values) != r.count() {
		return nil, fmt.Errorf("%s has %d values of %s, expected one of each of %d runs", k.name, len(values), k.unit, r.count())
	}
	return values, nil
}

// count returns how many runs there were.
func (r *runs) count() (n int) {
	for _, values := range r.values {
		n = max(n, len(values))
	}
	return n
}

// A spread is what several runs have of one figure.
type spread struct{ low, median, high float64 }

func spreadOf(values []float64) spread {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	s := spread{sorted[0], sorted[middle], sorted[len(sorted)-1]}
	if len(sorted)%2 == 0 {
		s.median = (sorted[middle-1] + sorted[middle]) / 2
	}
	return s
}

// ratios divides run by run: what disturbs a run disturbs both.
func ratios(over, under []float64) []float64 {
	quotients := make([]float64, len(over))
	for i := range over {
		quotients[i] = over[i] / under[i]
	}
	return quotients
}
