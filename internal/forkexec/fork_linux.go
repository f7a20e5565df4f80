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
//     and unblocks the signals (afterForkInChild), then plays the script. A child that has nothing to
//     hide is no copy, but shares this process's memory: see share_linux.go.
//  5. A call that fails ends the child. The channel brings its index and the errno to
//     the parent, which still has the script and so knows what the call was for.
//  6. A pid or time namespace is entered only by a process that is born in it. The
//     script then has a clone in the middle, with CLONE_PARENT: the second process
//     is this one's child as well, so it can be waited for, signalled, and told of
//     this process's death without a relay that lives as long as it does. The first
//     process ends.
//  7. execve closes the channel, and so the parent learns that all went well.
//
// What no process inside may see. Until it executes a program, a child has this process's
// memory, descriptors and root directory. Whoever has CAP_SYS_PTRACE in its user namespace
// could take them: ptrace(2), and environ, mem, maps, root, cwd and fd of /proc/PID.
//
//  1. It says PR_SET_DUMPABLE 0 before it enters a user namespace. From then on this
//     takes the capability in the user namespace that its memory belongs to: the one in
//     which this process was executed (mm_struct.user_ns), since a fork copies that.
//  2. A change of credentials undoes it where somebody has set fs.suid_dumpable to 1
//     (commit_creds), so it says so after each once more. Who is cloned has it
//     from birth.
//  3. The files of such a process in /proc are root's, and a parent without privileges gets
//     nowhere with them. So a child that holds namespaces opens and sends them itself, and
//     opens what it writes its time offsets to before 1. Only for ID maps a process is
//     needed whose uid_map others may write: see stand-in.
//  4. In a new user namespace below this process's own there is nobody yet. There the child
//     waits for its ID maps first, and does 1 before anybody is born.
//  5. Its arguments, which everybody may read, are unmapped (/proc/PID/cmdline).
//  6. execve makes the process visible in the user namespace inside, before it closes what
//     is close-on-exec. By then, if it has entered one, its root directory is the one inside
//     and all descriptors are closed that the program does not get.
//
// No runtime is left behind the fork: locks may be held by threads that no longer
// exist, the garbage collector may have been at work, and the stack cannot grow
// (the runtime spoils the stack guard to make an attempt fatal). Whatever runs in the
// child needs no more stack than there is (go:nosplit), calls nothing but RawSyscall6, allocates
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
	if s.shares {
		if pid, errno = s.forkShared(); errno != unix.EINVAL {
			return pid, errno
		}
	}
	var (
		r1    uintptr
		first = cloneCall(uintptr(unix.SIGCHLD), 0)
	)
	beforeFork()
	r1, _, errno = syscall.RawSyscall6(first.nr, first.args[0], first.args[1], first.args[2], 0, 0, 0)
	if errno != 0 || r1 != 0 {
		afterFork()
		runtime.KeepAlive(s)
		return int(r1), errno
	}
	afterForkInChild()
	s.play()
	return 0, 0
}

// play makes the calls of the script, and does not return.
//
//go:nosplit
//go:norace
func (s *script) play() {
	// The child must not allocate, so every variable is here.
	var (
		pc           int
		c            *call
		a0, r1, kept uintptr
		errno        syscall.Errno
		calls        = s.calls
	)
play:
	for pc = 0; ; pc++ {
		c = &calls[pc]
		a0 = c.args[0]
		if c.onKept {
			a0 = kept
		}
		r1, _, errno = syscall.RawSyscall6(c.nr, a0, c.args[1], c.args[2], c.args[3], c.args[4], 0)
		switch {
		case c.then == pending && errno == unix.EAGAIN:
		case c.then == pending:
			pc = c.to - 1
		case errno == 0 && c.then == unless && r1 != c.want:
			pc = c.to - 1
		case errno == 0 && c.then == branch && r1 != 0:
			kept, pc = r1, c.to-1
		case errno == 0 && c.then == keep:
			kept = r1
		case errno == 0, c.then == regardless:
		case c.then == search && (errno == unix.ENOENT || errno == unix.ENOTDIR || errno == unix.EACCES):
		default:
			break play
		}
	}
	s.failed.call, s.failed.result = int32(pc), -int32(errno)
	syscall.RawSyscall6(unix.SYS_WRITE, uintptr(s.channel), uintptr(unsafe.Pointer(&s.failed)), unsafe.Sizeof(s.failed), 0, 0, 0)
	for {
		syscall.RawSyscall6(unix.SYS_EXIT_GROUP, 1, 0, 0, 0, 0, 0)
	}
}

// cloneCall is clone(flags), which stores the new process's pid at an address, if there
// is one, before that process runs. clone3(2) would not trouble us with the order of the
// arguments, but container runtimes have seccomp profiles that refuse it.
func cloneCall(flags, pid uintptr) call {
	if pid != 0 {
		flags |= unix.CLONE_PARENT_SETTID
	}
	if runtime.GOARCH == "s390x" {
		return call{nr: unix.SYS_CLONE, args: [5]uintptr{0, flags, pid}}
	}
	return call{nr: unix.SYS_CLONE, args: [5]uintptr{flags, 0, pid}}
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
