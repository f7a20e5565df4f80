// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"errors"
	"os"
	"time"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/keep"
)

// errReleased is what Wait returns to a clean-up that comes after that of Start.
var errReleased = errors.New("nstest: the daemon outlives the test, since NSTEST_KEEP says so")

// A daemonRelease ends the watch over a daemon that is to outlive the test, with NSTEST_KEEP=failed,processes.
type daemonRelease struct {
	told         chan struct{} // closed when it is to
	watched, end *os.File      // a pipe, whose end makes the watch look
}

func newDaemonRelease() (*daemonRelease, error) {
	if !keep.Programs() {
		return nil, nil
	}
	watched, end, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	return &daemonRelease{make(chan struct{}), watched, end}, nil
}

func (r *daemonRelease) close() error {
	if r == nil {
		return nil
	}
	return errors.Join(r.watched.Close(), r.end.Close())
}

// awaitEnd waits until the program has ended, or is to outlive the test.
func (r *daemonRelease) awaitEnd(pid int) (released bool, err error) {
	if r == nil {
		return false, sys.AwaitEnd(pid)
	}
	end, err := sys.OpenProcess(pid)
	if err != nil {
		return false, errors.Join(err, sys.AwaitEnd(pid), r.close())
	}
	sign, err := sys.DupFile(r.watched)
	if err != nil {
		return false, errors.Join(err, end.Close(), sys.AwaitEnd(pid), r.close())
	}
	defer func() { err = errors.Join(err, end.Close(), sign.Close(), r.watched.Close()) }()
	for {
		if err := sys.WaitReadable(time.Hour, end, sign); err != nil {
			return false, errors.Join(err, sys.AwaitEnd(pid))
		}
		if over, err := sys.HasEnded(pid); over || err != nil {
			return false, errors.Join(err, r.end.Close())
		}
		select {
		case <-r.told:
			return true, nil
		default:
		}
	}
}

// letGo has the daemon outlive the test, where that is wanted, and reports whether it does.
func (r *daemonRun) letGo() bool {
	if r.release == nil {
		return false
	}
	r.daemon.mu.Lock()
	over, err := r.over()
	gone := over || err != nil || !r.program.LetGo()
	r.daemon.mu.Unlock()
	if gone {
		return false
	}
	close(r.release.told)
	_ = r.release.end.Close() // which the watch has done if the end has come after all
	<-r.ended
	return true
}
