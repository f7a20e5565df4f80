// SPDX-License-Identifier: Apache-2.0

//go:build linux && !cgo

package gons

import (
	"errors"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

func openSelf() (*sys.FD, error) {
	for {
		n, err := syscall.Open("/proc/self/exe", unix.O_PATH|unix.O_CLOEXEC, 0)
		if err == nil {
			return sys.NewFD(n), nil
		}
		if !errors.Is(err, syscall.EINTR) {
			return nil, err
		}
	}
}

// deathSignal returns the signal that the calling thread gets when the parent
// ends, or 0.
func deathSignal() (int, error) {
	var signal int32
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_GET_PDEATHSIG, uintptr(unsafe.Pointer(&signal)), 0); errno != 0 {
		return 0, errno
	}
	return int(signal), nil
}

// execute replaces the process with a new image of the program, led by the
// calling thread; it returns only if it fails.
func execute(exe *sys.FD, death int) error {
	argv, err := syscall.SlicePtrFromStrings(os.Args)
	if err != nil {
		return err
	}
	envv, err := syscall.SlicePtrFromStrings(os.Environ())
	if err != nil {
		return err
	}
	// A thread does not have the parent-death signal of the main thread
	// (PR_SET_PDEATHSIG(2const)). That one still guards until this takes over.
	if death != 0 {
		if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_PDEATHSIG, uintptr(death), 0); errno != 0 {
			return errno
		}
	}
	// Go has raised RLIMIT_NOFILE, and only syscall.Exec puts it back, which takes
	// no descriptor. Without this the program's children would get the raised one.
	if err := syscall.Exec("", os.Args, nil); !errors.Is(err, syscall.ENOENT) {
		return err
	}
	var self [1]byte // the empty path: the descriptor itself (AT_EMPTY_PATH)
	_, _, errno := syscall.RawSyscall6(unix.SYS_EXECVEAT, uintptr(exe.Int()), uintptr(unsafe.Pointer(&self)),
		uintptr(unsafe.Pointer(&argv[0])), uintptr(unsafe.Pointer(&envv[0])), unix.AT_EMPTY_PATH, 0)
	return errno
}
