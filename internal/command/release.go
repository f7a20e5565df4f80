// SPDX-License-Identifier: Apache-2.0

package command

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/seed-1bc5c4a2/gonso/internal/creation"
	"github.com/seed-1bc5c4a2/gonso/internal/forkexec"
	"github.com/seed-1bc5c4a2/gonso/internal/holder"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

func (c *Cmd) startGuard(pid int) (err error) {
	c.guard, err = holder.StartGuard(pid)
	return err
}

func (c *Cmd) dismissGuard() error {
	err := c.guard.Dismiss()
	c.guard = nil
	return err
}

// copyTime is how long Release waits for what was read, and is yet to be written.
const copyTime = time.Second

// Release gives up the process, in place of Wait: it lives on when this one ends. What it writes into the pipes of this Cmd is read,
// and thrown away, by drains (package holder). It returns os.ErrProcessDone for a process that has ended, and has to be waited for
// if there is an error.
func (c *Cmd) Release() error {
	if ended, err := sys.HasEnded(c.Process.Pid); ended || err != nil {
		return cmp.Or(err, os.ErrProcessDone)
	}
	if err := c.drain(); err != nil {
		return err // those that were started end with what they read
	}
	if err := c.dismissGuard(); err != nil {
		return err
	}
	creation.Remove(c.exited)
	close(c.exited)
	if c.ctxResult != nil {
		<-c.ctxResult
	}
	closeDescriptors(c.parentIOPipes)
	if c.goroutineErr != nil {
		timer := time.NewTimer(copyTime) // a reader that is not ours may wait for ever
		defer timer.Stop()
		select {
		case <-c.goroutineErr:
		case <-timer.C:
		}
	}
	// Not Process.Release, which makes its number -1: whoever kills that kills all processes.
	if p, forked := c.child.(*forkexec.Process); forked {
		p.Abandon()
	}
	return nil
}

// drain starts a drain for each pipe that is read.
func (c *Cmd) drain() (err error) {
	var started sync.WaitGroup
	started.Go(func() {
		for _, r := range c.outputs {
			err = errors.Join(err, drainPipe(r))
		}
	})
	started.Wait()
	return err
}

// drainPipe has the drain read it by a description of its own, since this process's does not wait for input (O_NONBLOCK).
func drainPipe(r *os.File) error {
	conn, err := r.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = conn.Control(func(fd uintptr) {
		file, err := os.Open(fmt.Sprintf("%s/%s/fd/%d", procfs.Root, procfs.Self, fd))
		if err == nil {
			_, err = holder.Drain(file)
			err = errors.Join(err, file.Close())
		}
		failed = err
	})
	if errors.Is(err, os.ErrClosed) {
		return nil // the caller has closed what StdoutPipe has returned
	}
	return errors.Join(err, failed)
}
