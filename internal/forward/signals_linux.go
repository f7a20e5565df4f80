// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// forwarded are the signals that somebody may send to this process and mean the
// program that it runs.
var forwarded = []os.Signal{
	syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGABRT, syscall.SIGUSR1, syscall.SIGUSR2,
	syscall.SIGALRM, syscall.SIGTERM,
}

// Stops are the signals that stop a process which does nothing about them. Who follows
// the program does not have them stop itself, but is stopped with the program.
var Stops = []os.Signal{syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU}

// Signals keeps the signals that this process gets, to pass them on.
type Signals chan os.Signal

// Listen lets no signal end this process from now on, nor do what more of them do.
// Those that it was told to ignore, as nohup(1) does, it goes on ignoring, and so will
// the program.
func Listen(more ...os.Signal) Signals {
	all := slices.Concat(forwarded, more)
	signals := make(Signals, 2*len(all))
	for _, s := range all {
		if !signal.Ignored(s) {
			signal.Notify(signals, s)
		}
	}
	return signals
}

// Stop lets signals do again what they do by themselves, and ends Pass.
func (signals Signals) Stop() {
	signal.Stop(signals)
	close(signals)
}

// Pass passes signals on, but for those that a terminal has sent to the program as
// well. It sends what the keyboard stands for, such as ^C, to its foreground process
// group, in which this process and the program both are or not. An interrupt that
// kill(1) sends to this process alone looks the same there, and is taken for a key.
func (signals Signals) Pass(send func(os.Signal) error) {
	for s := range signals {
		pass(s, send)
	}
}

func pass(s os.Signal, send func(os.Signal) error) {
	switch s {
	case syscall.SIGINT, syscall.SIGQUIT:
		if sys.InForeground() {
			return
		}
	case syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU:
		// Where there is a terminal it stops and continues, and what is in the
		// foreground may be another by now.
		if sys.HasTerminal() {
			return
		}
	}
	// It fails only once the program has ended, and then so does this process.
	_ = send(s)
}

// Follow passes signals on as [Signals.Pass] does, stops this process whenever a signal stops the child, so that
// whoever waits for this process gets to know, and continues the child when this process is
// continued. It returns when the child has ended. No signal of [Stops] may stop this
// process by itself: it could be continued before the child is, and stop once more.
//
// No process can see that its child goes on while it is stopped itself, so the child
// should say so: see [WakeParent].
//
// It waits for SIGCHLD, not in waitid(2), which would take a thread for stops, and one more for the end.
func (signals Signals) Follow(child *os.Process) error {
	changed := make(chan os.Signal, 1) // one is enough to look, and the others are dropped, also when nobody looks any more
	signal.Notify(changed, syscall.SIGCHLD)
	for {
		stopped, err := sys.TakeStop(child.Pid)
		if err != nil {
			return nil // it has ended
		}
		if stopped {
			if err := stopWith(child); err != nil {
				return err
			}
			continue
		}
		select {
		case s := <-signals:
			pass(s, child.Signal)
		case <-changed:
		}
	}
}

// stopWith stops this process as the child is, and continues both.
func stopWith(child *os.Process) error {
	stopped := func() bool {
		still, err := sys.StillStopped(child.Pid)
		return err == nil && still
	}
	if !stopped() {
		return nil
	}
	if err := sys.StopSelf(); err != nil {
		return err
	}
	// One that goes on already may even be stopped once more, and stays so.
	if stopped() {
		_ = child.Signal(syscall.SIGCONT) // it fails only if the child has ended
	}
	return nil
}
