// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package reexec

import (
	"errors"
	"os"
)

func (*arrival) arrive() error { return nil }

func shareFiles() {}

func openWorkDir() (*os.File, error) { return nil, errors.ErrUnsupported }
