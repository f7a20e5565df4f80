// SPDX-License-Identifier: Apache-2.0

package thread

import "github.com/seed-1bc5c4a2/gonso/internal/sys"

// base returns where the calling thread has its own data: Go, or the C library, gives each thread memory for
// that and has the kernel put the address into this register (CLONE_SETTLS in clone(2)).
func base() uintptr

// hasBase reports whether programs may read that register: from Linux 5.9 on, on processors since 2012.
var hasBase = sys.MayReadBase()
