// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package forkexec

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

var errUnsupported = fmt.Errorf("namespaces exist on Linux only: %w", errors.ErrUnsupported)

// A Holder keeps the first process of a new pid namespace alive.
type Holder struct{}

func Start(context.Context, []string, []string, *Attr) (*Process, error) {
	return nil, errUnsupported
}
func Write([]Join, string, string) error                  { return errUnsupported }
func Hold([]Join, int, Setup) (*Holder, []*sys.FD, error) { return nil, nil, errUnsupported }

func (*Holder) PID() int     { return 0 }
func (*Holder) Close() error { return errUnsupported }

func (*Attr) StartsOutside() bool { return false }
