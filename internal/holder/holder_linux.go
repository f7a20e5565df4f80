// SPDX-License-Identifier: Apache-2.0

package holder

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"syscall"

	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// A File is what a process is to hold, and what that is, for people.
type File struct {
	*os.File
	What string
}

// Program returns the program, for a process that is about to become a holder itself.
func Program() (*sys.FD, error) { return hold.open() }

func (p program) open() (*sys.FD, error) {
	code, err := p.image()
	if err != nil {
		return nil, err
	}
	return sys.NewProgram(names[p], code)
}

// FirstFD is the number of the first file that a holder has.
const FirstFD = 4

// Start starts a holder, and returns its number. It is no process that one has to wait for: it outlives this one, and so
// is waited for by another.
func Start(files ...File) (pid int, err error) {
	p, err := hold.start(nil, files...)
	if err != nil {
		return 0, err
	}
	pid = p.Pid // which Release sets to -1: as the number to kill that would be all processes
	return pid, p.Release()
}

// Drain starts a process that reads a file until its end, so that those who write into that pipe go on when this process
// has ended. It ends then, and is waited for when the next one is started.
func Drain(input *os.File) (pid int, err error) {
	p, err := drain.start(input)
	if err != nil {
		return 0, err
	}
	pid = p.Pid
	drains.Lock()
	defer drains.Unlock()
	reapDrains()
	drains.pids = append(drains.pids, pid)
	return pid, p.Release()
}

var drains struct {
	sync.Mutex
	pids []int
}

// Drains lists the drains that this process has started, and that run.
func Drains() []int {
	drains.Lock()
	defer drains.Unlock()
	reapDrains()
	return slices.Clone(drains.pids)
}

// reapDrains waits for those that have ended. The lock is held.
func reapDrains() {
	drains.pids = slices.DeleteFunc(drains.pids, func(pid int) bool {
		ended, err := syscall.Wait4(pid, nil, syscall.WNOHANG, nil)
		return ended != 0 && !errors.Is(err, syscall.EINTR) // or somebody else has waited for it
	})
}

// start starts one of the programs, with an input or none.
func (p program) start(input *os.File, files ...File) (_ *os.Process, err error) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, null.Close()) }()
	if input == nil {
		input = null
	}
	opened, err := p.open()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, opened.Close()) }()
	exe, err := opened.File(names[p])
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, exe.Close()) }()
	attr := &os.ProcAttr{Dir: "/", Env: []string{}, Files: []*os.File{input, null, null, exe}, Sys: &syscall.SysProcAttr{Setsid: true}}
	args := []string{names[p], "", "", ""}
	for _, f := range files {
		attr.Files = append(attr.Files, f.File)
		args = append(args, f.What)
	}
	started, err := os.StartProcess(fmt.Sprintf("%s/self/fd/%d", procfs.Root, slices.Index(attr.Files, exe)), args, attr)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", names[p], err)
	}
	return started, nil
}
