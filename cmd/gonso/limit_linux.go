// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
)

// openFiles returns the soft limit of open files that this process was started
// with. Go raises its own to the hard limit and only package syscall knows what it
// was; but it tells each child that it starts (go.dev/issue/46279). So one is
// started, looked at before its first instruction, and ended.
func openFiles() (limit uint64, err error) {
	var own syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &own); err != nil {
		return 0, err
	}
	if own.Cur != own.Max-1 { // which Go's is
		return own.Cur, nil
	}
	runtime.LockOSThread() // the thread that traces a process is one of them
	defer runtime.UnlockOSThread()
	child, err := syscall.ForkExec("/proc/self/exe", []string{"gonso"}, &syscall.ProcAttr{
		Sys: &syscall.SysProcAttr{Ptrace: true, Pdeathsig: syscall.SIGKILL},
	})
	if err != nil {
		return 0, err
	}
	if err := waitFor(child); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, syscall.Kill(child, syscall.SIGKILL), waitFor(child)) }()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", child))
	if err != nil {
		return 0, err
	}
	const name = "Max open files"
	for line := range strings.Lines(string(text)) {
		if values, ok := strings.CutPrefix(line, name); ok {
			_, err := fmt.Sscan(values, &limit)
			return limit, err
		}
	}
	return 0, fmt.Errorf("no line %q: %w", name, syscall.ENOENT)
}

// limitFiles sets the soft limit of open files for this process and its children.
func limitFiles(soft uint64) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	limit.Cur = soft
	return syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
}

// waitFor waits for a change of a child's state.
func waitFor(child int) error {
	for {
		if _, err := syscall.Wait4(child, nil, 0, nil); !errors.Is(err, syscall.EINTR) {
			return os.NewSyscallError("wait4", err)
		}
	}
}
