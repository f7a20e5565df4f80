// SPDX-License-Identifier: Apache-2.0

package handshake

import "os"

// Inherit takes over a descriptor that the parent handed down. No process that
// this one starts inherits it in turn.
func Inherit(fd int, name string) *os.File {
	closeOnExec(fd)
	return os.NewFile(uintptr(fd), name)
}
