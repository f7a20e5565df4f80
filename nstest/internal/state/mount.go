// SPDX-License-Identifier: Apache-2.0

package state

import "github.com/seed-1bc5c4a2/gonso/internal/procfs"

// A Mount is what is mounted where.
type Mount struct {
	Target string
	Root   string // what of the filesystem it is, "/" for all
	FSType string
	Source string
}

func mountOf(m procfs.Mount) Mount { return Mount{m.Target, m.Root, m.FSType, m.Source} }

// unlike lists the mounts of list that other lacks, with regard to how often each
// is there.
func unlike(list, other []procfs.Mount) (only []Mount) {
	left := make(map[Mount]int)
	for _, m := range other {
		left[mountOf(m)]++
	}
	for _, m := range list {
		if left[mountOf(m)]--; left[mountOf(m)] < 0 {
			only = append(only, mountOf(m))
		}
	}
	return only
}

func mountLines(mounted, unmounted []Mount) []string {
	var rows [][]string
	for _, m := range mounted {
		rows = append(rows, []string{m.Target, m.FSType, m.from(), ""})
	}
	for _, m := range unmounted {
		rows = append(rows, []string{m.Target, m.FSType, m.from(), "(not mounted any more)"})
	}
	return columns(rows)
}

func (m Mount) from() string {
	if m.Root == "/" {
		return m.Source
	}
	return m.Source + "[" + m.Root + "]"
}
