// SPDX-License-Identifier: Apache-2.0

package kept

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// A Process is named by its number and the time at which it started, in clock ticks after boot: numbers are recycled.
type Process struct {
	PID   int    `json:"pid"`
	Start uint64 `json:"start"`
	What  string `json:"what,omitempty"` // it is, for people
}

// ErrForeignProc reports that /proc has the numbers of another pid namespace.
var ErrForeignProc = errors.New("/proc is that of another pid namespace, in which this process has another number")

// ThisProcess returns the calling process.
func ThisProcess() (Process, error) {
	switch number, err := procfs.ProcessID(procfs.Root, procfs.Self); {
	case err != nil:
		return Process{}, err
	case number != os.Getpid():
		return Process{}, ErrForeignProc
	}
	return ProcessOf(os.Getpid())
}

// ProcessOf returns the process that has a number now.
func ProcessOf(pid int) (Process, error) {
	p, err := procfs.ReadProcess(procfs.Root, pid, func(procfs.Stat) bool { return true })
	if err != nil {
		return Process{}, fmt.Errorf("process %d: %w", pid, err)
	}
	return Process{PID: pid, Start: p.Start}, nil
}

// Lives reports whether the process runs, and is no zombie.
func (p Process) Lives() bool {
	now, err := procfs.ReadProcess(procfs.Root, p.PID, func(procfs.Stat) bool { return true })
	return err == nil && now.Start == p.Start && !strings.ContainsRune("ZX", rune(now.State))
}

// killTime is how long the kernel may take to end a process.
const killTime = 5 * time.Second

// Kill kills the process, unless it has ended, and waits for its end.
func (p Process) Kill() (err error) {
	if p.PID <= 1 { // what is no process may stand for all
		return fmt.Errorf("kill process %d: %w", p.PID, os.ErrInvalid)
	}
	held, err := os.FindProcess(p.PID) // by a pidfd, so that what is looked at next is what is killed
	if err != nil {
		return fmt.Errorf("process %d: %w", p.PID, err)
	}
	defer func() { err = errors.Join(err, held.Release()) }()
	end, err := sys.OpenProcess(p.PID)
	if !p.Lives() {
		return end.Close()
	}
	if err != nil {
		return fmt.Errorf("process %d: %w", p.PID, err)
	}
	if err := held.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return errors.Join(fmt.Errorf("kill process %d: %w", p.PID, err), end.Close())
	}
	defer func() { err = errors.Join(err, end.Close()) }()
	for deadline := time.Now().Add(killTime); p.Lives(); {
		left := time.Until(deadline)
		if left <= 0 {
			// Such as the first process of a pid namespace, which goes when all others were waited for (pid_namespaces(7)).
			return fmt.Errorf("process %d has not ended %v after it was killed; a process below it may have ended whose parent does not wait for it: %w",
				p.PID, killTime, os.ErrDeadlineExceeded)
		}
		if err := sys.WaitReadable(left, end); err != nil {
			return err
		}
	}
	return nil
}

// boot returns the random number of this boot of the kernel.
func boot() (string, error) {
	text, err := os.ReadFile(procfs.Root + "/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(text)), err
}

// pidNamespace returns the ID of the pid namespace that /proc is about.
func pidNamespace() (string, error) { return os.Readlink(procfs.Root + "/self/ns/pid") }
