// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package sys

import "syscall"

func ShareAddress(syscall.RawConn) error         { return errUnsupported }
func BindToDevice(syscall.RawConn, string) error { return errUnsupported }
