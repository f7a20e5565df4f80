// SPDX-License-Identifier: Apache-2.0

package forkexec

import (
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A child that shares this process's memory until it executes its program (CLONE_VM) spares the copy of all page tables:
//
//  1. Its stack is a piece of memory of its own, so this process goes on meanwhile: it sees to a child that is stopped, or
//     whose context ends. vfork(2) would keep the thread, and with it the garbage collector, until the exec. That may not come
//     before other goroutines have done something: they may serve the file system that the program is on.
//  2. It plays the script like any other. What the script points to lasts until the program runs, or the child has been reaped.
//  3. The hook afterForkInChild is for a child whose parent waits. So the child starts with all signals blocked, as the thread
//     has them, and resets the handlers by itself before it unblocks them.
//  4. Nothing that it does may change the memory: it can neither be hidden nor get other credentials, which takes the right to
//     be traced and dumped away from all who share the memory (commit_creds). So it is not for user namespaces.
//     Nor can it join a time namespace (setns(2): EUSERS).
//  5. It has one process: a second one would have the same stack.

// sharesMemory reports whether the child may do so.
func (a *Attr) sharesMemory() bool {
	return canShare && !a.entersUser() && !a.takesSecond() && !a.joins(unix.CLONE_NEWTIME) && (a.Sys == nil || a.Sys.Credential == nil)
}

// stackSize is more than the linker lets functions have that do not look whether there is room (go:nosplit).
const stackSize = 4096

// share has the script played by a child without memory of its own.
func (s *script) share() {
	s.shares = true
	s.stack = make([]byte, stackSize)
	s.address(unsafe.Pointer(&s.stack[0]))
	s.address(unsafe.Pointer(s))
}

// kept are the scripts of children that may still play them: they could not be killed.
var kept struct {
	sync.Mutex
	scripts []*script
}

// forget lets go of what the script points to, if no child shares it any longer.
func (s *script) forget(gone bool) {
	if !s.shares {
		return // it has been done, see fork
	}
	if gone {
		s.pinned.Unpin()
		return
	}
	kept.Lock()
	defer kept.Unlock()
	kept.scripts = append(kept.scripts, s)
}

// forkShared is fork for such a child. EINVAL tells that the kernel has none: QEMU's user mode takes them for threads.
//
//go:noinline
//go:norace
func (s *script) forkShared() (pid int, errno syscall.Errno) {
	const stackAlignment = 16
	top := (uintptr(unsafe.Pointer(&s.stack[0])) + stackSize) &^ (stackAlignment - 1)
	_, _, errno = syscall.RawSyscall6(unix.SYS_RT_SIGPROCMASK, unix.SIG_BLOCK, 0, uintptr(unsafe.Pointer(&s.mask)), unsafe.Sizeof(s.mask), 0, 0)
	if errno != 0 {
		return 0, errno
	}
	beforeFork()
	child, failed := cloneShared(unix.CLONE_VM|uintptr(unix.SIGCHLD), top, s)
	afterFork()
	return int(child), syscall.Errno(failed)
}

// playShared is where such a child starts, on its own stack.
//
//lint:ignore U1000 clone_linux_amd64.s and clone_linux_arm64.s call it
//go:nosplit
//go:norace
func playShared(s *script) {
	s.resetSignals()
	s.play()
}

// resetSignals takes away all handlers of signals, which are Go's, and gives the child its mask.
//
//go:nosplit
//go:norace
func (s *script) resetSignals() {
	const signals, ignore = 64, 1
	var action, was [8]uintptr // struct sigaction, see ignored
	for signal := uintptr(1); signal <= signals; signal++ {
		action[0] = 0
		// It fails for those that nobody can change.
		syscall.RawSyscall6(unix.SYS_RT_SIGACTION, signal, uintptr(unsafe.Pointer(&action)), uintptr(unsafe.Pointer(&was)), unsafe.Sizeof(s.mask), 0, 0)
		if was[0] == ignore {
			action[0] = ignore
			syscall.RawSyscall6(unix.SYS_RT_SIGACTION, signal, uintptr(unsafe.Pointer(&action)), 0, unsafe.Sizeof(s.mask), 0, 0)
		}
		was[0] = 0
	}
	syscall.RawSyscall6(unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, uintptr(unsafe.Pointer(&s.mask)), 0, unsafe.Sizeof(s.mask), 0, 0)
}
