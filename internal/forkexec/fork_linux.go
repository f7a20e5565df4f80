// SPDX-License-Identifier: Apache-2.0

package forkexec

// From fork to exec:
//
//  1. All that the child will do is a script: a table of system calls, built
//     before the fork, with every string, array and descriptor number in place
//     and pinned. No decision is left to the child but those of the table itself.
//  2. A thread that does nothing else, the fork thread, takes syscall.ForkLock, blocks
//     all signals (beforeFork), and clones.
//  3. The parent unblocks them (afterFork) and closes its copy of the child's end
//     of the channel.
//  4. The child, a copy of this process with one thread, resets all signal handlers
//     and unblocks the signals (afterForkInChild), then plays the script.
//  5. A call that fails ends the child. The channel brings its index and the errno to
//     the parent, which still has the script and so knows what the call was for.
//  6. A pid or time namespace is entered only by a process that is born in it. The
//     script then has a clone in the middle, with CLONE_PARENT: the second process
//     is this one's child as well, so it can be waited for, signalled, and told of
//     this process's death without a relay that lives as long as it does. The first
//     process ends.
//  7. execve closes the channel, and so the parent learns that all went well.
//
// No runtime is left behind the fork: locks may be held by threads that no longer
// exist, the garbage collector may have been at work, and the stack cannot grow
// (the runtime spoils the stack guard to make an attempt fatal). Whatever runs in the
// child lives in the one frame of fork, calls nothing but RawSyscall6, allocates
// nothing, and stores no pointers (no write barrier); the race detector is off.
// The rules are those of package syscall's forkAndExecInChild.

import (
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The hooks that the runtime promises to keep for those who fork (go.dev/issue/67401).

//go:linkname beforeFork syscall.runtime_BeforeFork
func beforeFork()

//go:linkname afterFork syscall.runtime_AfterFork
func afterFork()

//go:linkname afterForkInChild syscall.runtime_AfterForkInChild
func afterForkInChild()

// fork starts a process that plays the script. Its pid is returned to the parent;
// in the child fork does not return.
//
//go:noinline
//go:norace
func (s *script) fork() (pid int, errno syscall.Errno) {
	// The child must not allocate, so every variable is here.
	var (
		pc           int
		c            *call
		a0, r1, kept uintptr
		calls        = s.calls
		first        = s.cloneCall(uintptr(unix.SIGCHLD), nil)
		failure      = new(record)
		channel      = uintptr(s.channel)
	)
	beforeFork()
	r1, _, errno = syscall.RawSyscall6(first.nr, first.args[0], first.args[1], first.args[2], 0, 0, 0)
	if errno != 0 || r1 != 0 {
		afterFork()
		runtime.KeepAlive(s)
		return int(r1), errno
	}
	afterForkInChild()
	for pc = 0; ; pc++ {
		c = &calls[pc]
		a0 = c.args[0]
		if c.onKept {
			a0 = kept
		}
		r1, _, errno = syscall.RawSyscall6(c.nr, a0, c.args[1], c.args[2], c.args[3], c.args[4], 0)
		switch {
		case errno == 0 && c.then == unless && r1 != c.want:
			pc = c.to - 1
		case errno == 0 && c.then == branch && r1 != 0:
			kept, pc = r1, c.to-1
		case errno == 0 && c.then == keep:
			kept = r1
		case errno == 0, c.then == regardless:
		case c.then == search && (errno == unix.ENOENT || errno == unix.ENOTDIR || errno == unix.EACCES):
		default:
			failure.call, failure.result = int32(pc), -int32(errno)
			syscall.RawSyscall6(unix.SYS_WRITE, channel, uintptr(unsafe.Pointer(failure)), unsafe.Sizeof(*failure), 0, 0, 0)
			for {
				syscall.RawSyscall6(unix.SYS_EXIT_GROUP, 1, 0, 0, 0, 0, 0)
			}
		}
	}
}

// cloneCall is clone(flags), which stores the new process's pid in *pid.
// clone3(2) would not trouble us with the order of the arguments, but container
// runtimes have seccomp profiles that refuse it.
func (s *script) cloneCall(flags uintptr, pid *int32) call {
	var at uintptr
	if pid != nil {
		flags |= unix.CLONE_PARENT_SETTID
		at = s.address(unsafe.Pointer(pid))
	}
	if runtime.GOARCH == "s390x" {
		return call{nr: unix.SYS_CLONE, args: [5]uintptr{0, flags, at}}
	}
	return call{nr: unix.SYS_CLONE, args: [5]uintptr{flags, 0, at}}
}

// address pins what p points to until the script is dropped, and returns where it is.
func (s *script) address(p unsafe.Pointer) uintptr {
	s.pinned.Pin(p)
	return uintptr(p)
}

// text is the address of a NUL-terminated copy of str.
func (s *script) text(str string) (uintptr, error) {
	p, err := syscall.BytePtrFromString(str)
	if err != nil {
		return 0, err
	}
	return s.address(unsafe.Pointer(p)), nil
}

// texts is the address of an array such as execve(2) takes.
func (s *script) texts(strs []string) (uintptr, error) {
	ptrs, err := syscall.SlicePtrFromStrings(strs)
	if err != nil {
		return 0, err
	}
	// One array holds all strings (syscall.SlicePtrFromStrings), but nobody promises it.
	for _, p := range ptrs {
		if p != nil {
			s.address(unsafe.Pointer(p))
		}
	}
	return s.address(unsafe.Pointer(&ptrs[0])), nil
}

// ids is the address of an array such as setgroups(2) takes.
func (s *script) ids(ids []uint32) uintptr {
	if len(ids) == 0 {
		return 0
	}
	ids = append([]uint32(nil), ids...)
	return s.address(unsafe.Pointer(&ids[0]))
}

// ignored is the address of a struct sigaction with SIG_IGN. The handler is its
// first word wherever Go runs but on mips; the others are zero.
func (s *script) ignored() uintptr {
	action := [8]uintptr{1}
	return s.address(unsafe.Pointer(&action))
}

// announcement is the address of a record, and its size.
func (s *script) announcement(r *record) (addr, size uintptr) {
	return s.address(unsafe.Pointer(r)), unsafe.Sizeof(*r)
}
