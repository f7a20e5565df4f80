// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package state

import (
	"errors"

	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// Processes fails: there are no namespaces that they could be in.
func Processes(set.Set) ([]Process, error) { return nil, errors.ErrUnsupported }

// Mounts fails as well.
func Mounts(set.Set) ([]procfs.Mount, error) { return nil, errors.ErrUnsupported }
