// SPDX-License-Identifier: Apache-2.0

package sys

import (
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// TakeStop reports whether a signal has stopped a child of this process (waitid(2)), once for each
// stop. That the child has ended is ECHILD; it is left to be waited for.
func TakeStop(child int) (stopped bool, err error) {
	var info unix.Siginfo
	err = Retry(func() error { return unix.Waitid(unix.P_PID, child, &info, unix.WSTOPPED|unix.WNOHANG, nil) })
	return info.Signo != 0, err
}

// StillStopped reports whether nothing has happened to a child since [TakeStop]
// returned true. That it has ended is ECHILD.
func StillStopped(child int) (bool, error) {
	// In this order: a new stop makes the kernel forget that the child was continued.
	for _, event := range []int{unix.WCONTINUED, unix.WSTOPPED} {
		var info unix.Siginfo
		err := Retry(func() error {
			return unix.Waitid(unix.P_PID, child, &info, event|unix.WNOHANG|unix.WNOWAIT, nil)
		})
		if err != nil || info.Signo != 0 {
			return false, err
		}
	}
	return true, nil
}

// StopSelf stops this process, and returns once it was continued.
func StopSelf() error {
	// What is sent to the process may be seen by another thread first, and by this one
	// after the return. What a thread sends to itself stops it on the spot.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return os.NewSyscallError("tgkill", unix.Tgkill(unix.Getpid(), unix.Gettid(), unix.SIGSTOP))
}
