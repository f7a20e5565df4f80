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
	tries   bool                    // an error of check says why it is not met, and nothing else
	instead func(*daemonRun) string // says what there is, if it is not met in time
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
	ends := d.watchEnd(r)
	defer func() {
		for _, end := range ends {
			err = errors.Join(err, end.Close())
		}
	}()
	deadline := time.Now().Add(d.within)
	for _, c := range d.conditions {
		if err := c.await(r, d.within, deadline, ends); err != nil {
			return err
		}
	}
	return nil
}

// watchEnd returns what becomes readable when the program ends: nothing if it has ended, or on a kernel that is
// too old to tell.
func (d *Daemon) watchEnd(r *daemonRun) []*sys.FD {
	d.mu.Lock()
	defer d.mu.Unlock()
	if over, err := r.over(); over || err != nil {
		return nil
	}
	end, err := sys.OpenProcess(r.cmd.Process.Pid)
	if err != nil {
		return nil
	}
	return []*sys.FD{end}
}

// await returns when the condition is met, or with the reason why it will not be.
func (c *condition) await(r *daemonRun, limit time.Duration, deadline time.Time, ends []*sys.FD) error {
	for {
		met, cause := c.check(r)
		if met {
			return nil
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
			return c.notMet(r, limit, cause)
		}
		if err := sys.WaitReadable(readyInterval, ends...); err != nil {
			return os.NewSyscallError("ppoll", err)
		}
	}
}

// notMet says what is missing, and what there is.
func (c *condition) notMet(r *daemonRun, limit time.Duration, cause error) error {
	text := fmt.Sprintf("after %v it is not so that it %s", limit, c.what)
	if c.instead != nil {
		text += "; " + c.instead(r)
	}
	if cause == nil {
		return errors.New(text)
	}
	return fmt.Errorf("%s: %w", text, cause)
}
