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
// program is in the same group.
func (r Relay) Pass(send func(os.Signal) error) {
	for s := range r {
		if keyboard := s == syscall.SIGINT || s == syscall.SIGQUIT; keyboard && sys.InForeground() {
			continue
		}
		// It fails only once the program has ended, and then so does this process.
		_ = send(s)
	}
}
