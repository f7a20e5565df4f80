// SPDX-License-Identifier: Apache-2.0

package forkexec

import (
	"errors"
	"fmt"
	"os"
	"time"
	"unsafe"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"golang.org/x/sys/unix"
)

// This process knows each of its children at any time, whichever of them is killed and
// when:
//
//   - The first process has the pid that fork returns.
//   - A second process that becomes a program is cloned by the first one, which shares a page
//     with this process: the kernel puts the pid there before the second one runs
//     (CLONE_PARENT_SETTID, clone(2)).
//   - Processes that hold namespaces may be cloned where no number of ours means anything. They
//     are one process group, of which the first one is the leader. As a group they are
//     signalled and waited for, and the number stays theirs until the last one is reaped.

// tick is how long a child may be silent before this process looks after it.
const tick = 50 * time.Millisecond

// muteAfter is how long a child may be silent that makes namespaces, which takes it some
// milliseconds.
var muteAfter = time.Minute

// A watch is what to do while a child is silent.
type watch struct {
	pids func() []int // the processes; negative for a group
	end  func() error // why not to wait any longer
}

// idle continues the processes that were stopped.
func (w *watch) idle() error {
	for _, pid := range w.pids() {
		_ = unix.Kill(pid, unix.SIGCONT) // it fails only if there is none
	}
	return w.end()
}

// now is the time of the kernel, which passes in a bubble of testing/synctest, too.
func now() time.Duration {
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts) // it cannot fail
	return time.Duration(ts.Nano())
}

// watchGroup returns the watch over a group of processes that hold namespaces. None of them ends
// by itself.
func (c *child) watchGroup() *watch {
	began := now()
	return &watch{
		pids: func() []int { return []int{c.pid, -c.pid} },
		end: func() error {
			if now()-began > muteAfter {
				return fmt.Errorf("forkexec: the child has said nothing for %v", muteAfter)
			}
			return c.firstEnded(unix.WNOHANG)
		},
	}
}

// firstEnded reports which process of the group has ended first, and leaves it to be waited for.
func (c *child) firstEnded(options int) error {
	for _, kind := range []int{unix.P_PID, unix.P_PGID} {
		var info unix.Siginfo
		err := sys.Retry(func() error {
			return unix.Waitid(kind, c.pid, &info, unix.WEXITED|unix.WNOWAIT|options, nil)
		})
		if err != nil && !errors.Is(err, unix.ECHILD) {
			return os.NewSyscallError("waitid", err)
		}
		// A stop of a process that is traced is told of as well.
		if info.Signo != 0 && info.Code <= cldDumped {
			return endedEarly(&info)
		}
	}
	if options == 0 {
		return errors.New("forkexec: the child ended early")
	}
	return nil
}

// killGroup ends the child and all that it has cloned, and reaps them. It can be called again.
func (c *child) killGroup() (err error) {
	for _, pid := range []int{c.pid, -c.pid} {
		if e := unix.Kill(pid, unix.SIGKILL); e != nil && !errors.Is(e, unix.ESRCH) {
			err = errors.Join(err, os.NewSyscallError("kill", e))
		}
	}
	for e := error(nil); e == nil; {
		if _, _, e = sys.Wait(-c.pid); e != nil && !errors.Is(e, unix.ECHILD) {
			err = errors.Join(err, e)
		}
	}
	_, e := reap(c.pid) // if it was not its leader yet
	return errors.Join(err, e)
}

// reap waits for the end of a child of this process. It is no error if other code has
// waited for it before: it is gone then, too.
func reap(pid int) (status unix.WaitStatus, err error) {
	_, ended, err := sys.Wait(pid)
	if errors.Is(err, unix.ECHILD) {
		err = nil
	}
	return unix.WaitStatus(ended), err
}

// kill ends a child of this process that has not been waited for, and reaps it.
func kill(pid int) error {
	if err := unix.Kill(pid, unix.SIGKILL); err != nil && !errors.Is(err, unix.ESRCH) {
		return os.NewSyscallError("kill", err)
	}
	_, err := reap(pid)
	return err
}

// closeTimeout is how long to wait for the end of a process that has been killed. It comes at once,
// with two exceptions. An init does not go before all processes of its namespace have been waited
// for, of which some may be children of ours (pid_namespaces(7)). And a process that is traced from
// inside does not end before its tracer has waited for it.
const closeTimeout = 100 * time.Millisecond

// killSoon is kill, without waiting for longer than that.
func killSoon(pid int) error {
	if err := unix.Kill(pid, unix.SIGKILL); err != nil && !errors.Is(err, unix.ESRCH) {
		return os.NewSyscallError("kill", err)
	}
	reaped := make(chan error, 1)
	go func() {
		_, err := reap(pid)
		reaped <- err
	}()
	select {
	case err := <-reaped:
		return err
	case <-time.After(closeTimeout):
		return nil
	}
}

// early tells how a child ended that should not have.
func early(status unix.WaitStatus) error {
	if status.Signaled() {
		return killedEarly(status.Signal())
	}
	return fmt.Errorf("forkexec: the child ended early with status %d", status.ExitStatus())
}

func killedEarly(by unix.Signal) error {
	return fmt.Errorf("forkexec: the child was ended early by signal %d (%v)", int(by), by)
}

// What si_code says of a process that has ended (sigaction(2)).
const (
	cldExited = 1
	cldDumped = 3
)

// endedEarly is early for what waitid(2) says: after three integers, and aligned as a pointer,
// come the pid, the uid and the status.
func endedEarly(info *unix.Siginfo) error {
	const words = unsafe.Sizeof(uintptr(0)) / 4
	fields := (*[8]int32)(unsafe.Pointer(info))
	status := fields[(3+words-1)/words*words+2]
	if info.Code == cldExited {
		return early(unix.WaitStatus(status << 8))
	}
	return killedEarly(unix.Signal(status))
}
