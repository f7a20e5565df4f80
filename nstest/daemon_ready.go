// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"time"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// A condition is one that a daemon has to meet to be ready.
type condition struct {
	what    string
	network bool                // it takes a network namespace
	pattern *regexp.Regexp      // of a line
	free    func(set.Set) error // before the start
	check   func(*daemonRun) (met bool, err error)
	tries   bool // an error of check says why it is not met, and nothing else
}

// readyInterval is how long nobody looks whether a daemon is ready.
const readyInterval = 5 * time.Millisecond

// before returns an error if what the daemon is to bring about is there already.
func (c *condition) before(d *Daemon) error {
	if c.free == nil {
		return nil
	}
	return c.free(d.instance.Set)
}

// awaitReady returns when all conditions are met. What wakes it before the interval is over is the end
// of the program.
func (d *Daemon) awaitReady(r *daemonRun) (err error) {
	if len(d.conditions) == 0 {
		return nil
	}
	var end []*sys.FD
	d.mu.Lock()
	if over, err := r.over(); !over && err == nil {
		if fd, err := sys.OpenProcess(r.cmd.Process.Pid); err == nil { // or the kernel is too old to tell
			end = append(end, fd)
			defer func() { err = errors.Join(err, fd.Close()) }()
		}
	}
	d.mu.Unlock()
	deadline := time.Now().Add(d.within)
	for _, c := range d.conditions {
		for {
			met, cause := c.check(r)
			if met {
				break
			}
			if cause != nil && !c.tries {
				return fmt.Errorf("whether it %s: %w", c.what, cause)
			}
			select {
			case <-r.ended:
				return fmt.Errorf("before it %s it has ended: %s", c.what, howEnded(r.err))
			default:
			}
			if time.Now().After(deadline) {
				return notReady(c, d.within, cause)
			}
			if err := sys.WaitReadable(readyInterval, end...); err != nil {
				return os.NewSyscallError("ppoll", err)
			}
		}
	}
	return nil
}

func notReady(c *condition, limit time.Duration, cause error) error {
	if cause == nil {
		return fmt.Errorf("after %v it is not so that it %s", limit, c.what)
	}
	return fmt.Errorf("after %v it is not so that it %s: %w", limit, c.what, cause)
}
