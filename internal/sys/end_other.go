// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package sys

import "syscall"

// EndBy works on Linux only.
func EndBy(syscall.Signal) error { return errUnsupported }
