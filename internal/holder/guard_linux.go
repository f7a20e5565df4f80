// SPDX-License-Identifier: Apache-2.0

package holder

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// A Guard is a process that kills another one, or a process group, when this process ends, however it does, unless it is dismissed
// before. It does what the parent-death signal of prctl(2) does, which nobody but the other process itself could take back, and which
// what that has started does not get.
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
	return guard.guard(nil, File{pidfd, fmt.Sprint("process ", child)})
}

// StartGroupGuard starts one for the process group that a child of this process leads, which has not been waited for. The guard has to be
// dismissed before it is: then the number is free for others. If this process ends first, the guard is too quick for that.
func StartGroupGuard(leader int) (*Guard, error) {
	g, err := group.guard(binary.NativeEndian.AppendUint32(nil, uint32(int32(-leader))))
	if err != nil {
		return nil, fmt.Errorf("guard process group %d: %w", leader, err)
	}
	return g, nil
}

// guard starts one of the programs that are guards, with what it is to read first, on a goroutine of its own: that of the caller may be in
// other namespaces.
func (p program) guard(first []byte, files ...File) (g *Guard, err error) {
	var started sync.WaitGroup
	started.Go(func() { g, err = p.guardHere(first, files...) })
	started.Wait()
	return g, err
}

func (p program) guardHere(first []byte, files ...File) (_ *Guard, err error) {
	theirs, ours, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, theirs.Close()) }()
	g := &Guard{control: ours}
	if _, err = ours.Write(first); err == nil { // before it starts: it is ready at once
		g.process, err = p.start(theirs, files...)
	}
	if err != nil {
		return nil, errors.Join(err, ours.Close())
	}
	return g, nil
}

// PID returns the guard's number.
func (g *Guard) PID() int { return g.process.Pid }

// Dismiss ends the guard. What it has guarded lives on. Where there is none, it does nothing.
func (g *Guard) Dismiss() error {
	if g == nil {
		return nil
	}
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
