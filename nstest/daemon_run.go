// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/seed-1bc5c4a2/gonso/internal/holder"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/journal"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/keep"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/leftover"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/linelog"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/state"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracedata"
	"github.com/seed-1bc5c4a2/gonso/reexec"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// How a run of a daemon ends:
//
//  1. The program leads a process group. A signal is sent under the daemon's lock, and only if the
//     program has not ended, so that the number is nobody else's.
//  2. When it has ended, and before it is waited for, it keeps its number and that of its group: what it
//     has left behind gets SIGTERM, and after the grace SIGKILL.
//  3. Those that went to a group of their own, as daemons do, are known by a mark in their
//     environment.
//  4. Then it is waited for, and for the last of its output.
//
// If this process ends first, a guard kills the process group (package holder). It is dismissed before the program is waited
// for, after which the number may be another group's.

// daemonMark is the environment variable that a daemon's processes have.
const daemonMark = "NSTEST_DAEMON"

// A daemonRun is a daemon from start to end. The daemon's lock guards gone, early and wanted.
type daemonRun struct {
	daemon *Daemon
	cmd    *set.Cmd
	mark   string // name and value
	out    *linelog.Log

	program *keep.Program
	release *daemonRelease // nil unless it may outlive the test
	guard   *holder.Guard  // nil if there can be none

	gone   bool          // it has ended, and is about to be waited for
	early  bool          // and nobody wanted it to
	wanted bool          // the test wants it to end, or has asked how it has
	ended  chan struct{} // closed when it was waited for
	err    error         // of Wait, then
	left   error         // what went wrong with those it has left behind, then
}

// startGuard has the process group end with this process. Where that cannot be, the kernel ends the program alone.
func (d *Daemon) startGuard(pid int) *holder.Guard {
	g, err := holder.StartGroupGuard(pid)
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		d.instance.Note(fmt.Sprintf("what %s has started outlives a test that is killed: %v", d.name, err))
	}
	return g
}

// watch waits for the end.
func (r *daemonRun) watch(tb testing.TB) {
	pid := r.cmd.Process.Pid
	released, err := r.release.awaitEnd(pid)
	if released {
		r.out.Flush()
		r.err = errReleased
		close(r.ended)
		return
	}
	d := r.daemon
	d.mu.Lock()
	r.gone = true
	r.early = !r.wanted
	d.mu.Unlock()
	r.left = errors.Join(err, d.endRest(pid, r.mark), r.guard.Dismiss())
	r.err = r.cmd.Wait()
	r.out.Flush()
	end := "exit status 0"
	if r.err != nil {
		end = r.err.Error()
	}
	d.tell(tb, time.Now(), "end", fmt.Sprintf("%s (%d) has ended: %s", d.name, pid, end), r.early)
	close(r.ended)
}

// earlyEnd returns an error if a run that has been ended had ended by itself, and the test does not know.
func (d *Daemon) earlyEnd(r *daemonRun) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !r.early || r.wanted {
		return nil
	}
	return fmt.Errorf("%s%s has ended before the test: %s\n%s", d.name, d.at, howEnded(r.err), r.out.Last())
}

func howEnded(err error) string {
	if err == nil {
		return "exit status 0: if it goes on in the background, have it stay in the foreground"
	}
	return err.Error()
}

// over reports whether the program has ended. The daemon's lock is held.
func (r *daemonRun) over() (bool, error) {
	if r.gone {
		return true, nil
	}
	return sys.HasEnded(r.cmd.Process.Pid)
}

// end ends a run, if it has not ended, and returns when that is done.
func (d *Daemon) end(r *daemonRun) error {
	err := r.ask(syscall.SIGTERM)
	if err == nil {
		timer := time.NewTimer(d.grace)
		defer timer.Stop()
		select {
		case <-r.ended:
			return r.left
		case <-timer.C:
			err = r.ask(syscall.SIGKILL)
		}
	}
	if err != nil {
		return err
	}
	// Those that it has left behind have a grace too.
	timer := time.NewTimer(d.grace + 2*leftover.KillTime)
	defer timer.Stop()
	select {
	case <-r.ended:
		return r.left
	case <-timer.C:
		return fmt.Errorf("process %d has not ended %v after it was killed", r.cmd.Process.Pid, d.grace+2*leftover.KillTime)
	}
}

// ask sends a signal that ends the process group, which may have been paused.
func (r *daemonRun) ask(sig syscall.Signal) error {
	r.daemon.mu.Lock()
	defer r.daemon.mu.Unlock()
	over, err := r.over()
	if over || err != nil {
		return err
	}
	r.wanted = true
	group := -r.cmd.Process.Pid
	return os.NewSyscallError("kill", errors.Join(syscall.Kill(group, sig), syscall.Kill(group, syscall.SIGCONT)))
}

// endRest ends what a program that has ended has left behind.
func (d *Daemon) endRest(pid int, mark string) (err error) {
	// The program still is in the group, ended but not waited for, so that there is one.
	if err := syscall.Kill(-pid, syscall.SIGTERM); err != nil {
		return os.NewSyscallError("kill", err)
	}
	defer func() {
		err = errors.Join(err, os.NewSyscallError("kill", syscall.Kill(-pid, syscall.SIGKILL)))
	}()
	limit := d.grace
	for deadline := time.Now().Add(limit); ; {
		left, err := d.rest(pid, mark)
		if len(left) == 0 || err != nil {
			return err
		}
		if limit = time.Until(deadline); limit > 0 {
			err = leftover.AwaitEnd(left, limit)
		} else if limit < -leftover.KillTime {
			err = fmt.Errorf("%v has not ended %v after it was killed", left[0], leftover.KillTime)
		} else if _, err = d.instance.Leftover.Kill(left); err == nil {
			err = leftover.AwaitEnd(left, leftover.KillTime)
		}
		if err != nil {
			return err
		}
	}
}

// rest lists the processes in the fixture that a program has started, other than itself.
func (d *Daemon) rest(pid int, mark string) ([]state.Process, error) {
	all, err := state.Processes(d.instance.Own)
	if errors.Is(err, state.ErrForeignProc) {
		return nil, nil // a process of InProcess, whose pid namespace ends with it
	}
	return slices.DeleteFunc(all, func(p state.Process) bool {
		if group, err := syscall.Getpgid(p.PID); err == nil && group == pid {
			return false
		}
		return !leftover.HasVariable(p.PID, mark)
	}), err
}

// handOnCoverage has a program that was built with -cover write its coverage where that of the
// tests is.
func handOnCoverage(cmd *set.Cmd) error {
	const variable = "GOCOVERDIR"
	if slices.ContainsFunc(cmd.Env, func(v string) bool { return len(v) > len(variable) && v[:len(variable)+1] == variable+"=" }) {
		return nil
	}
	dir, err := reexec.CoverageDir()
	if dir != "" {
		cmd.Env = append(cmd.Env, variable+"="+dir)
	}
	return err
}

// explainMissing says what helps where there is no such program.
func explainMissing(err error) error {
	if errors.Is(err, exec.ErrNotFound) {
		return fmt.Errorf("%w: install it, or give the command its path", err)
	}
	return err
}

// tell tells the journal what the daemon does.
func (d *Daemon) tell(tb testing.TB, at time.Time, kind, text string, bad bool) {
	if !journal.Listening() {
		return
	}
	journal.AddAt(tb, at, tracedata.Event{Lane: tracedata.ProcessesLane, Kind: kind, Node: d.instance.Node(), Text: text, Bad: bad})
}
