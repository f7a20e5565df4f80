// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package set

import (
	"context"

	"github.com/seed-1bc5c4a2/gonso/internal/forkexec"
)

// IDMap maps a range of IDs of a user namespace: the Size IDs from ContainerID on,
// inside, are those from HostID on, outside.
type IDMap = struct{ ContainerID, HostID, Size int }

// mapIDs finds nothing that could be mapped: there are no namespaces.
func mapIDs(context.Context, *forkexec.Attr) error { return nil }
