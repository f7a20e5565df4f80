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

// An Init keeps the first process of a new pid namespace alive.
type Init struct{}

func Start(context.Context, []string, []string, *Attr) (*Process, error) {
	return nil, errUnsupported
}
func Write([]Join, string, string) error                { return errUnsupported }
func Hold([]Join, int, Setup) (*Init, []*sys.FD, error) { return nil, nil, errUnsupported }

func KeepInits(*sys.FD)                 {}
func KeepInit(sys.InodeID) (int, error) { return 0, nil }

func (*Init) PID() int     { return 0 }
func (*Init) Close() error { return errUnsupported }

func (*Attr) StartsOutside() bool { return false }
