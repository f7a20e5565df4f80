// SPDX-License-Identifier: Apache-2.0

package sys

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// Wait waits until a child of this process changes its state, and reaps one that has ended
// (wait4(2), which says what pid means: -1 is any child).
func Wait(pid int) (child int, status syscall.WaitStatus, err error) {
	err = Retry(func() (err error) {
		child, err = syscall.Wait4(pid, &status, 0, nil)
		return err
	})
	return child, status, os.NewSyscallError("wait4", err)
}

// AwaitEnd waits until a child of this process has ended, and leaves it to be waited for:
// until then its number, and that of its process group, are nobody else's (waitid(2)).
func AwaitEnd(child int) error {
	return Retry(func() error { return unix.Waitid(unix.P_PID, child, nil, unix.WEXITED|unix.WNOWAIT, nil) })
}

// HasEnded reports whether a child of this process has ended, and leaves it to be waited for.
func HasEnded(child int) (bool, error) {
	var info unix.Siginfo
	err := Retry(func() error {
		return unix.Waitid(unix.P_PID, child, &info, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil)
	})
	return info.Signo != 0, err
}

// WithStoppedSelf runs work while a child that executes this program sits, in new namespaces of the
// kinds in cloneflags, stopped for good before its first instruction (ptrace(2)). Then the child is killed.
func WithStoppedSelf(cloneflags uintptr, work func(pid int) error) (err error) {
	runtime.LockOSThread() // only the thread that started the child could let it run, or wait for it
	defer runtime.UnlockOSThread()
	pid, err := syscall.ForkExec("/proc/self/exe", []string{"stopped"}, &syscall.ProcAttr{
		Sys: &syscall.SysProcAttr{Cloneflags: cloneflags, Ptrace: true, Pdeathsig: syscall.SIGKILL},
	})
	if err != nil {
		return fmt.Errorf("start a child to look at: %w", err)
	}
	_, status, err := Wait(pid)
	if err == nil && !status.Stopped() {
		return fmt.Errorf("the child to look at has ended (status %#x): %w", status, syscall.ECHILD)
	}
	if err == nil {
		err = work(pid)
	}
	if e := syscall.Kill(pid, syscall.SIGKILL); e != nil {
		return errors.Join(err, os.NewSyscallError("kill", e))
	}
	_, _, e := Wait(pid)
	return errors.Join(err, e)
}
