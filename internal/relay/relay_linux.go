// SPDX-License-Identifier: Apache-2.0

package relay

import (
	"os"
	"os/signal"
	"syscall"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// relayed are the signals that somebody may send to this process and mean the
// program that it runs.
var relayed = []os.Signal{
	syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGABRT, syscall.SIGUSR1, syscall.SIGUSR2,
	syscall.SIGALRM, syscall.SIGTERM,
}

// A Relay keeps the signals that this process gets, to pass them on.
type Relay chan os.Signal

// Listen lets no signal end this process from now on. Those that it was told to
// ignore, as nohup(1) does, it goes on ignoring, and so will the program.
func Listen() Relay {
	r := make(Relay, 2*len(relayed))
	for _, s := range relayed {
		if !signal.Ignored(s) {
			signal.Notify(r, s)
		}
	}
	return r
}

// Stop lets signals do again what they do by themselves.
func (r Relay) Stop() { signal.Stop(r) }

// Pass passes signals on. What the keyboard stands for, such as ^C, has gone to the
// program already if this process is in the terminal's foreground group, since the
// program is in the same group. An interrupt that kill(1) sends to this process alone
// looks the same there, and is taken for a key.
func (r Relay) Pass(send func(os.Signal) error) {
	for s := range r {
		if keyboard := s == syscall.SIGINT || s == syscall.SIGQUIT; keyboard && sys.InForeground() {
			continue
		}
		// It fails only once the program has ended, and then so does this process.
		_ = send(s)
	}
}

// Follow stops this process whenever a signal stops the child, so that whoever waits
// for this process gets to know; and continues the child when this process is
// continued. It returns when the child has ended.
//
// No process can see that its child goes on while it is stopped itself, so the child
// should say so: see [Continued].
func Follow(child *os.Process) error {
	stopped := func() bool {
		still, err := sys.StillStopped(child.Pid)
		return err == nil && still
	}
	for sys.AwaitStop(child.Pid) == nil {
		if !stopped() {
			continue
		}
		if err := sys.StopSelf(); err != nil {
			return err
		}
		// One that goes on already may even be stopped once more, and stays so.
		if stopped() {
			_ = child.Signal(syscall.SIGCONT) // it fails only if the child has ended
		}
	}
	return nil
}

// Continued returns a channel that gets a value when this process is continued. Then
// [Wake] continues a parent that follows it.
func Continued() <-chan os.Signal {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGCONT)
	return c
}

// Wake continues the parent.
func Wake() error {
	return os.NewSyscallError("kill", syscall.Kill(syscall.Getppid(), syscall.SIGCONT))
}
