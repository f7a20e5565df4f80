// SPDX-License-Identifier: Apache-2.0

package leak

import (
	"context"
	"time"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// How long Settle waits before it looks again: twice as long each time.
const (
	firstPause = 200 * time.Microsecond
	lastPause  = 20 * time.Millisecond
)

// Settle compares the process with a snapshot of it until there is nothing left
// to report, or ctx ends; it then returns what it found last. It looks at least
// once, so that a ctx that has ended makes it a Take and a Diff. An error tells
// that it could not look. What keep takes out of a report is not waited for.
//
// It wakes as soon as one of the threads or processes that it has found ends
// (pidfd_open(2); for threads, Linux 6.9). Nothing tells that a descriptor is
// closed or a mount is gone, and older kernels do not tell that a thread has
// ended: for these it looks again after a pause that grows from 0.2 ms to 20 ms.
func Settle(ctx context.Context, before *Snapshot, keep ...func(Report) (Report, error)) (Report, error) {
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		after, err := Take()
		if err != nil {
			return Report{}, err
		}
		report := Diff(before, after)
		for _, f := range keep {
			if report, err = f(report); err != nil {
				return report, err
			}
		}
		if report.Empty() || ctx.Err() != nil {
			return report, nil
		}
		if deadline, ok := ctx.Deadline(); ok {
			pause = min(pause, time.Until(deadline))
		}
		if err := report.wait(pause); err != nil {
			return report, err
		}
	}
}

// wait returns when one of the report's threads or processes has ended, or the
// time is over.
func (r Report) wait(limit time.Duration) error {
	var ends []*sys.FD
	// What cannot be watched is looked at again after the pause.
	watch := func(end *sys.FD, err error) {
		if err == nil {
			ends = append(ends, end)
		}
	}
	for _, thread := range r.Threads {
		watch(sys.OpenThread(thread.PID))
	}
	for _, process := range r.Processes {
		// One that has ended is readable for good; it waits for its parent.
		if process.State != 'Z' {
			watch(sys.OpenProcess(process.PID))
		}
	}
	return sys.AwaitAnyEnd(limit, ends...)
}
