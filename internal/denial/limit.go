// SPDX-License-Identifier: Apache-2.0

package denial

import (
	"github.com/seed-1bc5c4a2/gonso/internal/kind"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
)

// A Limit is how many namespaces of a kind may exist in this process's user namespace. Those of
// the outer ones cannot be read, but hold too.
type Limit struct {
	Kind, Setting string
	Value         string
	Err           error // of reading the value; a kernel without the kind has no such file
}

// Zero reports whether not even one may exist.
func (l Limit) Zero() bool { return l.Err == nil && l.Value == "0" }

// Limits reads the limits on namespaces of the kinds in flags.
func Limits(root string, flags int) (limits []Limit) {
	for _, k := range kind.Table {
		if flags&k.Flag != 0 {
			l := Limit{Kind: k.Name, Setting: MaxNamespaces(k.Name)}
			l.Value, l.Err = procfs.Sysctl(root, l.Setting)
			limits = append(limits, l)
		}
	}
	return limits
}
