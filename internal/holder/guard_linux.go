// SPDX-License-Identifier: Apache-2.0

package holder

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// A Guard is a process that kills another one when this process ends, however it does, unless it is dismissed before. It
// does what the parent-death signal of prctl(2) does, which nobody but the other process itself could take back.
type Guard struct {
	process *os.Process
	control *os.File // whose end it waits for
}

// StartGuard starts one for a child of this process that has not been waited for. It takes pidfds (Linux 5.3).
func StartGuard(child int) (_ *Guard, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("guard process %d: %w", child, err)
		}
	}()
	end, err := sys.OpenProcess(child)
	if err != nil {
		return nil, fmt.Errorf("pidfd_open: %w", err)
	}
	defer func() { err = errors.Join(err, end.Close()) }()
	pidfd, err := end.File("pidfd")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, pidfd.Close()) }()
	theirs, ours, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, theirs.Close()) }()
	g := &Guard{control: ours}
	if g.process, err = guard.start(theirs, File{pidfd, fmt.Sprint("process ", child)}); err != nil {
		return nil, errors.Join(err, ours.Close())
	}
	return g, nil
}

// PID returns the guard's number.
func (g *Guard) PID() int { return g.process.Pid }

// Dismiss ends the guard. What it has guarded lives on.
func (g *Guard) Dismiss() error {
	_, err := g.control.Write([]byte{1})
	if err != nil { // it must not take what comes next for the end of this process
		err = errors.Join(err, g.process.Kill())
	}
	if errors.Is(err, syscall.EPIPE) { // somebody has killed it
		err = nil
	}
	_, waited := g.process.Wait()
	return errors.Join(err, g.control.Close(), waited)
}
