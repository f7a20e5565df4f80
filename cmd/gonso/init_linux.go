// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/internal/forward"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// initialise starts the program, passes signals on and waits for all processes, until the
// program has ended. In a pid namespace of its own it is process 1, and all others end with
// it. Elsewhere it has to end them itself, as far as it can: processes that are left behind
// become its children (PR_SET_CHILD_SUBREAPER, prctl(2)), and if it is killed, the program
// is killed as well.
func initialise(path string, args []string, ownPIDs bool) (ended syscall.WaitStatus, err error) {
	signals := forward.Listen()
	attr := &syscall.ProcAttr{Env: os.Environ(), Files: []uintptr{0, 1, 2}}
	if !ownPIDs {
		runtime.LockOSThread() // a thread that ends would be the death of the program
		if err := sys.AdoptOrphans(); err != nil {
			return 0, err
		}
		attr.Sys = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	}
	program, err := syscall.ForkExec(path, args, attr)
	if err != nil {
		return 0, &os.PathError{Op: "exec", Path: path, Err: err}
	}
	// The program stays in the session and the process group that the terminal sends signals to. From here on this process
	// is not, so that all it gets is for the program. Nor would its group do: that of the program would be orphaned when an
	// adopted process ends, and the kernel sends SIGHUP to such a group if it has a stopped process (kernel/exit.c). A process
	// that leads its group cannot leave it (setsid(2)), and the program is in it then.
	if _, err := syscall.Setsid(); err != nil && !errors.Is(err, unix.EPERM) {
		return 0, os.NewSyscallError("setsid", err)
	}
	go signals.Pass(func(s os.Signal) error { return syscall.Kill(program, s.(syscall.Signal)) })
	for pid := 0; pid != program; {
		if pid, ended, err = sys.Wait(-1); err != nil {
			return 0, err
		}
	}
	if !ownPIDs {
		err = killOrphans()
	}
	return ended, err
}

// killOrphans ends the children of this process, and theirs, which become its children in
// turn.
func killOrphans() error {
	for {
		children, err := procfs.Children(procfs.Root, os.Getpid())
		if err != nil || len(children) == 0 {
			return err
		}
		for _, child := range children {
			if err := syscall.Kill(child.PID, syscall.SIGKILL); err != nil && !errors.Is(err, unix.ESRCH) {
				return os.NewSyscallError("kill", err)
			}
		}
		if _, _, err := sys.Wait(-1); err != nil && !errors.Is(err, unix.ECHILD) {
			return err
		}
	}
}
