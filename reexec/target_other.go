// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package reexec

import (
	"errors"
	"os"
	"syscall"
)

func openSelf() (*os.File, error) { return nil, errors.ErrUnsupported }

func (c *config) sysProcAttr() *syscall.SysProcAttr { return nil }
