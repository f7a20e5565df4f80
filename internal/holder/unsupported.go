// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package holder

import (
	"errors"
	"os"
)

// A Guard is something that only Linux has.
type Guard struct{}

func StartGuard(int) (*Guard, error) { return nil, errors.ErrUnsupported }

func StartGroupGuard(int) (*Guard, error) { return nil, errors.ErrUnsupported }

func (*Guard) PID() int { return 0 }

func (*Guard) Dismiss() error { return nil }

func Drain(*os.File) (int, error) { return 0, errors.ErrUnsupported }

func Drains() []int { return nil }
