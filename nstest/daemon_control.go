// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"os"
	"slices"
	"syscall"
)

// PID returns the number of the program's process, as this process sees it.
func (d *Daemon) PID() int {
	tb := d.fixture.reporter()
	tb.Helper()
	return d.current(tb).cmd.Process.Pid
}

// Signal sends a signal to the daemon. As with kill(1), only the program itself gets it. SIGKILL, SIGSTOP and
// SIGCONT go to its whole process group, since no program can handle them and pass them on.
//
// After SIGTERM, SIGINT, SIGQUIT, SIGABRT and SIGKILL the end of the daemon does not fail the test. If the
// daemon has ended before Signal is called, the test fails.
func (d *Daemon) Signal(sig syscall.Signal) {
	tb := d.fixture.reporter()
	tb.Helper()
	if err := d.current(tb).signal(sig); err != nil {
		tb.Fatalf("nstest: %s: send %v to %s: %v", d.instance.Name, sig, d.name, err)
	}
}

// Pause stops all processes of the daemon's process group where they are, as SIGSTOP does. Its sockets stay
// open, and the kernel goes on answering for them.
func (d *Daemon) Pause() {
	tb := d.fixture.reporter()
	tb.Helper()
	if err := d.current(tb).signal(syscall.SIGSTOP); err != nil {
		tb.Fatalf("nstest: %s: pause %s: %v", d.instance.Name, d.name, err)
	}
}

// Resume has the daemon go on after Pause.
func (d *Daemon) Resume() {
	tb := d.fixture.reporter()
	tb.Helper()
	if err := d.current(tb).signal(syscall.SIGCONT); err != nil {
		tb.Fatalf("nstest: %s: resume %s: %v", d.instance.Name, d.name, err)
	}
}

// Stop ends the daemon as the end of the test does, and returns when that is done. If it has ended
// already, the call does nothing.
func (d *Daemon) Stop() {
	tb := d.fixture.reporter()
	tb.Helper()
	if err := d.end(d.current(tb)); err != nil {
		tb.Fatalf("nstest: %s: stop %s: %v", d.instance.Name, d.name, err)
	}
}

// Restart ends the daemon, if it still runs, starts the program again and returns when that is ready, as
// Start does.
func (d *Daemon) Restart() {
	tb := d.fixture.reporter()
	tb.Helper()
	run := d.current(tb)
	if err := d.end(run); err != nil {
		tb.Fatalf("nstest: %s: stop %s: %v", d.instance.Name, d.name, err)
	}
	d.early = append(d.early, d.earlyEnd(run))
	if err := d.start(tb); err != nil {
		tb.Fatalf("nstest: %s: restart %s: %v", d.instance.Name, d.name, err)
	}
}

// Wait waits until the daemon has ended, such as after Signal, and returns how it ended, as [exec.Cmd.Wait]
// does: nil for exit status 0, otherwise an *exec.ExitError. An end that is waited for does not fail the test.
func (d *Daemon) Wait() error {
	tb := d.fixture.reporter()
	tb.Helper()
	run := d.current(tb)
	d.mu.Lock()
	run.wanted = true
	d.mu.Unlock()
	<-run.ended
	return run.err
}

// endings are the signals whose sender wants the program to end.
var endings = []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGABRT, syscall.SIGKILL}

// ofGroup are the signals that no program can pass on as it likes.
var ofGroup = []syscall.Signal{syscall.SIGKILL, syscall.SIGSTOP, syscall.SIGCONT}

// signal sends a signal, unless the program has ended.
func (r *daemonRun) signal(sig syscall.Signal) error {
	r.daemon.mu.Lock()
	defer r.daemon.mu.Unlock()
	over, err := r.over()
	if err != nil {
		return err
	}
	if over {
		return os.ErrProcessDone
	}
	r.wanted = r.wanted || slices.Contains(endings, sig)
	pid := r.cmd.Process.Pid
	if slices.Contains(ofGroup, sig) {
		pid = -pid
	}
	return os.NewSyscallError("kill", syscall.Kill(pid, sig))
}
