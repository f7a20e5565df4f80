// SPDX-License-Identifier: Apache-2.0

package tracefile

import (
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracedata"
)

// around is how many lines before and after one that is named are shown.
const around = 5

// readSources takes the lines around those that the trace names from the files, where these are.
func readSources(t *tracedata.Trace) {
	named := make(map[string]map[int]bool)
	name := func(p tracedata.Place) {
		if p.File == "" || p.Line < 1 {
			return
		}
		if named[p.File] == nil {
			named[p.File] = make(map[int]bool)
		}
		named[p.File][p.Line] = true
	}
	name(t.Test.Where)
	for _, e := range t.Events {
		name(e.Where)
	}
	for _, l := range t.Log {
		name(l.Where)
	}
	for _, file := range slices.Sorted(maps.Keys(named)) {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // as with -trimpath, or on another machine
		}
		lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
		t.Sources = append(t.Sources, parts(file, lines, slices.Sorted(maps.Keys(named[file])))...)
	}
}

// parts returns the parts of a file around some of its lines. Those that meet are one.
func parts(file string, lines []string, named []int) (list []tracedata.Source) {
	for _, n := range named {
		first, last := max(1, n-around), min(len(lines), n+around)
		if last < first {
			continue // the file is not what was compiled
		}
		if n := len(list); n > 0 && first <= list[n-1].First+len(list[n-1].Lines) {
			before := &list[n-1]
			before.Lines = lines[before.First-1 : max(last, before.First-1+len(before.Lines))]
			continue
		}
		list = append(list, tracedata.Source{File: file, First: first, Lines: lines[first-1 : last]})
	}
	return list
}
