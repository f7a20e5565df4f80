// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// nowhere cannot exist: what is above it is a file. Executing it is ENOTDIR,
// which no other step of a new process can end with.
const nowhere = "/proc/self/exe/nowhere"

// inChild has a child go through what attr asks for, and end. It returns the
// error of the step that failed.
func inChild(attr syscall.SysProcAttr) error {
	return sys.KeepDumpable(func() error {
		_, err := syscall.ForkExec(nowhere, []string{"nowhere"}, &syscall.ProcAttr{Sys: &attr})
		if errors.Is(err, syscall.ENOTDIR) {
			return nil
		}
		return err
	})
}

// rootMapped maps root in a new user namespace to this process's user.
func rootMapped() syscall.SysProcAttr {
	return syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}},
	}
}

// withChild runs work while a child sits in new namespaces, stopped for good
// before its first instruction. Only the thread that started it can let it run.
func withChild(cloneflags uintptr, work func(pid int) error) (err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	pid, err := syscall.ForkExec("/proc/self/exe", []string{"gonso-probe"}, &syscall.ProcAttr{
		Sys: &syscall.SysProcAttr{Cloneflags: cloneflags, Ptrace: true, Pdeathsig: syscall.SIGKILL},
	})
	if err != nil {
		return fmt.Errorf("start a child to act on: %w", err)
	}
	status, err := wait(pid)
	if err == nil && !status.Stopped() {
		return fmt.Errorf("the child to act on has ended (status %#x): %w", status, syscall.ECHILD)
	}
	if err == nil {
		err = work(pid)
	}
	_, waitErr := wait(pid, syscall.SIGKILL)
	return errors.Join(err, waitErr)
}

// wait sends signals and waits until the child changes its state.
func wait(pid int, signals ...syscall.Signal) (status syscall.WaitStatus, err error) {
	for _, sig := range signals {
		if err := syscall.Kill(pid, sig); err != nil {
			return 0, err
		}
	}
	for {
		if _, err = syscall.Wait4(pid, &status, 0, nil); !errors.Is(err, syscall.EINTR) {
			return status, err
		}
	}
}
