// SPDX-License-Identifier: Apache-2.0

package sys

import (
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// EndBy ends this process by a signal that would end one which does nothing about
// it, without a core file. Go's own handlers make others of some of them: an exit
// status, or nothing at all.
func EndBy(sig syscall.Signal) error {
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return os.NewSyscallError("setrlimit", err)
	}
	// All zero is the default action on every architecture; none has a longer one.
	var action [16]uintptr
	if sig != unix.SIGKILL {
		_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(&action)), 0, 8, 0, 0)
		if errno != 0 {
			return os.NewSyscallError("rt_sigaction", errno)
		}
	}
	if err := unix.Kill(unix.Getpid(), sig); err != nil {
		return os.NewSyscallError("kill", err)
	}
	select {} // it is on its way
}

// AdoptOrphans makes this process the parent of those descendants whose own has ended
// (PR_SET_CHILD_SUBREAPER, prctl(2)).
func AdoptOrphans() error {
	return os.NewSyscallError("prctl", unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
}
