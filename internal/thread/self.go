// SPDX-License-Identifier: Apache-2.0

package thread

import "github.com/seed-1bc5c4a2/gonso/internal/sys"

// mainThread is the process's first thread. Go runs the init functions there, unless the program is a library
// of C: then no goroutine that Go starts is ever put on it.
var mainThread = func() uintptr {
	if !sys.OnMainThread() {
		return noThread
	}
	return self()
}()

const noThread = ^uintptr(0)

// self names the calling thread: no other thread that lives has the same name. Where the processor has a register
// that differs from thread to thread, it takes no system call.
func self() uintptr {
	if hasBase {
		return base()
	}
	return uintptr(sys.Gettid())
}
