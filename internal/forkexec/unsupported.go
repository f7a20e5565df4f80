// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package forkexec

import (
	"errors"
	"fmt"
)

var errUnsupported = fmt.Errorf("namespaces exist on Linux only: %w", errors.ErrUnsupported)

// A Holder keeps the first process of a new pid namespace alive.
type Holder struct{}

func Start([]string, []string, *Attr) (*Process, error) { return nil, errUnsupported }
func Write([]Join, string, string) error                { return errUnsupported }
func Hold([]Join, int, Setup) (*Holder, error)          { return nil, errUnsupported }

func (*Holder) PID() int     { return 0 }
func (*Holder) Close() error { return errUnsupported }

func (*Attr) ChangesRoot() bool { return false }
