// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package state

import (
	"errors"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracedata"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// A Watch follows a network namespace.
type Watch struct{}

// WatchNetwork returns an error: there are no namespaces.
func WatchNetwork(set.Set, func() []set.Set, func(time.Time, []tracedata.Change, []Link)) (*Watch, error) {
	return nil, errors.ErrUnsupported
}

// Look does nothing.
func (w *Watch) Look() error { return errors.ErrUnsupported }

// Close does nothing.
func (w *Watch) Close() error { return nil }
