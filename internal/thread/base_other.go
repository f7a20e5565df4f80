// SPDX-License-Identifier: Apache-2.0

//go:build !linux || !amd64

package thread

// hasBase is false where such a register is not known to have a value in every program: that of arm64 has one
// only where there is a C library.
const hasBase = false

func base() uintptr { panic("thread: no register") }
