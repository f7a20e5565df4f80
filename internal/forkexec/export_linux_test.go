// SPDX-License-Identifier: Apache-2.0

package forkexec

import (
	"fmt"
	"testing"
	"time"

	"github.com/seed-1bc5c4a2/gonso/internal/procns"
	"github.com/seed-1bc5c4a2/gonso/internal/thread"
	"golang.org/x/sys/unix"
)

// FailRecvmsg has the next calls of recvmsg fail, as many as that, until the test ends.
func FailRecvmsg(t *testing.T, err error, times int) {
	real := recvmsg
	t.Cleanup(func() { recvmsg = real })
	recvmsg = func(fd int, p, oob []byte, flags int) (n, oobn, rflags int, from unix.Sockaddr, _ error) {
		if times == 0 {
			return real(fd, p, oob, flags)
		}
		times--
		return 0, 0, 0, nil, err
	}
}

// SetMuteAfter sets how long a child may be silent that holds namespaces.
func SetMuteAfter(d time.Duration) { muteAfter = d }

// JoinsByThread reports whether the thread that forks joins the namespaces, unless it is found not to come back.
func JoinsByThread(attr *Attr) bool {
	here, _ := attr.joinsByThread(1)
	return len(here) > 0
}

// SharesMemory reports whether the child that becomes the program has no memory of its own before.
func SharesMemory(attr *Attr) bool { return attr.sharesMemory() }

// CanShareMemory reports whether there are such children on this architecture.
const CanShareMemory = canShare

// ThreadsComeBack reports whether a thread can leave namespaces of these kinds, and come back: as it is, it stays.
func ThreadsComeBack(flags int) (can bool) {
	thread.Run(func() bool {
		can = procns.Restore(flags)
		return can
	})
	return can
}

// ClosedBeforeExec reports which of these descriptors a child has closed by the time that it
// emitExecve a program, and not because of that.
func ClosedBeforeExec(attr *Attr, fds ...uintptr) (closed []uintptr, err error) {
	s := &script{channel: 900, parents: 901}
	defer s.pinned.Unpin()
	if _, err := s.emitProgram([]string{"/bin/true"}, []string{"true"}, attr, new(int32)); err != nil {
		return nil, err
	}
	for _, fd := range fds {
		for _, c := range s.calls {
			if c.nr == unix.SYS_CLOSE_RANGE && c.args[0] <= fd && fd <= c.args[1] {
				closed = append(closed, fd)
			}
		}
	}
	return closed, nil
}

// HiddenWhen reports whether a child is not dumpable any more by the time that it makes a system call.
func HiddenWhen(attr *Attr, nr uintptr) (hidden bool, err error) {
	s := &script{channel: 900, parents: 901}
	defer s.pinned.Unpin()
	if _, err := s.emitProgram([]string{"/bin/true"}, []string{"true"}, attr, new(int32)); err != nil {
		return false, err
	}
	for _, c := range s.calls {
		if c.nr == unix.SYS_PRCTL && c.args[0] == unix.PR_SET_DUMPABLE && c.args[1] == 0 {
			hidden = true
		}
		if c.nr == nr {
			return hidden, nil
		}
	}
	return false, fmt.Errorf("no call %d", nr)
}
