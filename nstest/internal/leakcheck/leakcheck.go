// SPDX-License-Identifier: Apache-2.0

// Package leakcheck fails a run whose tests leave something behind.
package leakcheck

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/seed-1bc5c4a2/gonso/internal/creation"
	"github.com/seed-1bc5c4a2/gonso/internal/leak"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/workdir"
)

// settleTime is how long what ends by itself, such as the thread of a goroutine
// that has just ended, has to do so.
const settleTime = 2 * time.Second

// A Check compares what the process has when its tests have ended with what
// it had before they began.
type Check struct {
	before *leak.Snapshot
	// ownMounts tells that nobody else mounts in this process's mount namespace.
	ownMounts bool
	// mounts tells in any other which are ours, or nil where the kernel does not tell.
	mounts  *leak.MountWatch
	workDir workdir.Dir
}

// Begin is called before the tests begin. ownMounts says that nobody else mounts in this process's mount namespace.
func Begin(ownMounts bool) (*Check, error) {
	c := &Check{ownMounts: ownMounts, workDir: workdir.Current()}
	if !ownMounts {
		var err error
		if c.mounts, err = leak.WatchMounts(); err != nil && !errors.Is(err, leak.ErrNotTold) {
			return nil, err
		}
	}
	var err error
	if c.before, err = leak.Take(); err != nil {
		return nil, errors.Join(err, c.mounts.Close())
	}
	creation.Watch(true)
	return c, nil
}

// WithoutProcesses returns what leaves processes out of a report, and namespaces that only they hold: they are to stay.
func WithoutProcesses(pids func() []int) func(leak.Report) (leak.Report, error) {
	return func(r leak.Report) (leak.Report, error) {
		stay := pids()
		r.Processes = slices.DeleteFunc(slices.Clone(r.Processes), func(p leak.Process) bool { return slices.Contains(stay, p.PID) })
		r.Namespaces = slices.DeleteFunc(slices.Clone(r.Namespaces), func(n leak.Namespace) bool {
			return !slices.ContainsFunc(n.Holders, func(h leak.Holder) bool {
				return h.What != "process" || !slices.Contains(stay, h.ID)
			})
		})
		return r, nil
	}
}

// Finish returns the exit code of the run: a leak is a failure. Where the tests have failed already, it reports only what
// outlives the process: a test that ends early has often not cleaned up, and its reason is not to be lost among what ends with
// the process anyway. What keep takes out of the report does not count.
func (c *Check) Finish(code int, keep ...func(leak.Report) (leak.Report, error)) int {
	if err := c.workDir.Back(); err != nil {
		fmt.Fprintf(os.Stderr, "nstest: %v\n", err)
		code = max(code, 1)
	}
	find, left := c.Find, "left behind"
	if code != 0 {
		find, left = c.FindLasting, "failed, and left behind what outlives them"
	}
	text, err := find(keep...)
	if err != nil {
		fmt.Fprintf(os.Stderr, "nstest: leak check: %v\n", err)
		return max(code, 1)
	}
	if text == "" {
		return code
	}
	fmt.Fprintf(os.Stderr, "nstest: the tests %s (nstest.NoLeakCheck() in TestMain switches this check off):\n%s", left, text)
	return max(code, 1)
}

// Close ends a check that nobody wants the result of.
func (c *Check) Close() error { return c.mounts.Close() }

// Find ends the check and returns what was left behind, in lines, and what is known to help, when it has had time to go by itself. What
// keep takes out of a report does not count.
func (c *Check) Find(keep ...func(leak.Report) (leak.Report, error)) (text string, err error) {
	// What waits to be used again is no leak: idle connections, and the pipes that
	// io.Copy keeps for splice(2), which go with the second garbage collection. Mostly there is
	// nothing at all, and no need to wait for one.
	http.DefaultClient.CloseIdleConnections()
	if now, err := leak.Take(); err == nil && leak.Diff(c.before, now).Empty() {
		return "", c.Close()
	}
	runtime.GC()
	runtime.GC()
	ctx, cancel := context.WithTimeout(context.Background(), settleTime)
	defer cancel()
	report, err := leak.Settle(ctx, c.before, append(keep, c.ours)...)
	if err := errors.Join(err, c.Close()); err != nil || report.Empty() {
		return "", err
	}
	return fmt.Sprintf("%v\n%s", report, explainThreads(report)), nil
}

// FindLasting is [Check.Find] for what stays on the machine when this process has ended: after a failure the rest does not matter.
func (c *Check) FindLasting(keep ...func(leak.Report) (leak.Report, error)) (text string, err error) {
	return c.Find(append(slices.Clone(keep), func(r leak.Report) (leak.Report, error) {
		r = r.Lasting()
		if c.ownMounts { // they go with the mount namespace
			r.Mounts = nil
		}
		return r, nil
	})...)
}

// ours leaves out what may be another program's.
func (c *Check) ours(r leak.Report) (leak.Report, error) {
	if c.ownMounts {
		return r, nil
	}
	mine, err := c.mounts.Mine()
	return r.OnlyMounts(mine), err
}
