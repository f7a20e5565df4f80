// SPDX-License-Identifier: Apache-2.0

package command

import (
	"sync"
	"time"

	"github.com/seed-1bc5c4a2/gonso/internal/creation"
	"github.com/seed-1bc5c4a2/gonso/internal/forkexec"
	"github.com/seed-1bc5c4a2/gonso/internal/holder"
)

// startGuard starts the guard, on a goroutine of its own: that of the caller may be in other namespaces.
func (c *Cmd) startGuard(pid int) (err error) {
	var started sync.WaitGroup
	started.Go(func() { c.guard, err = holder.StartGuard(pid) })
	started.Wait()
	return err
}

func (c *Cmd) dismissGuard() error {
	if c.guard == nil {
		return nil
	}
	err := c.guard.Dismiss()
	c.guard = nil
	return err
}

// copyTime is how long Release waits for what was read, and is yet to be written.
const copyTime = time.Second

// Release gives up the process, in place of Wait: it lives on when this one ends. Nobody reads what it writes into the
// pipes of this Cmd any more.
func (c *Cmd) Release() error {
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
	return c.dismissGuard()
}
