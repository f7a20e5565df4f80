// SPDX-License-Identifier: Apache-2.0

package set_test

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// installFilter puts a seccomp filter on the calling thread; SECCOMP_FILTER_FLAG_TSYNC is
// for all threads of this process.
func installFilter(filter []unix.SockFilter, flags uintptr) error {
	runtime.LockOSThread() // both calls have to be the same thread's
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER,
		flags, uintptr(unsafe.Pointer(&program)))
	runtime.KeepAlive(filter)
	if errno != 0 {
		return errno
	}
	return nil
}
