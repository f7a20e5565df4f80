// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/internal/kind"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/internal/refusal"
)

// tryLimits reads how many namespaces of each kind may exist in this user
// namespace. Those of the outer ones cannot be read, but hold too.
func tryLimits() Result {
	var kinds, settings []string
	for _, k := range kind.Table {
		setting := refusal.MaxNamespaces(k.Name)
		switch value, err := procfs.Sysctl(procfs.Root, setting); {
		case errors.Is(err, fs.ErrNotExist): // the kernel lacks the kind
		case err != nil:
			return Result{OK: Inconclusive, Cause: err}
		case value == "0":
			kinds = append(kinds, k.Name)
			settings = append(settings, setting)
		}
	}
	if kinds == nil {
		return Result{OK: Yes}
	}
	return Result{
		OK:     No,
		Cause:  fmt.Errorf("no namespace may exist: %s is 0: %w", strings.Join(settings, " and "), unix.ENOSPC),
		Remedy: refusal.RaiseLimit(kinds...),
	}
}
