// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package probe

import (
	"errors"
	"fmt"

	"github.com/seed-1bc5c4a2/gonso/internal/kind"
)

// checks has the one answer that there is elsewhere.
var checks = func() (list []*check) {
	names := []string{"rootless", "subids", "setuid"}
	for _, k := range kind.Table {
		names = append(names, k.Name)
	}
	for _, name := range names {
		list = append(list, &check{name: name, try: func() Result {
			return Result{OK: No, Cause: fmt.Errorf("namespaces exist on Linux only: %w", errors.ErrUnsupported)}
		}})
	}
	return list
}()
