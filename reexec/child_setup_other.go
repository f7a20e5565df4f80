// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package reexec

import (
	"errors"
	"os"
)

func (*setup) apply() error { return nil }

func shareFiles() {}

func (*coverageFolder) collect() error { return nil }

func (*coverageFolder) ranAs(*credential, int) {}

func openWorkDir() (*os.File, error) { return nil, errors.ErrUnsupported }
