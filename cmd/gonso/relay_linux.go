// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"os/signal"
	"syscall"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// relayed are the signals that somebody may send to gonso and mean the program.
var relayed = []os.Signal{
	syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGABRT, syscall.SIGUSR1, syscall.SIGUSR2,
	syscall.SIGALRM, syscall.SIGTERM,
}

// A relay keeps the signals that this process gets, to pass them on.
type relay chan os.Signal

// listen lets no signal end this process from now on. Those that it was told to
// ignore, as nohup(1) does, it goes on ignoring, and so will the program.
func listen() relay {
	r := make(relay, 2*len(relayed))
	for _, s := range relayed {
		if !signal.Ignored(s) {
			signal.Notify(r, s)
		}
	}
	return r
}

func (r relay) stop() { signal.Stop(r) }

// pass passes signals on. What the keyboard stands for, such as ^C, has gone to the
// program already if this process is in the terminal's foreground group, since the
// program is in the same group.
func (r relay) pass(send func(os.Signal) error) {
	for s := range r {
		if keyboard := s == syscall.SIGINT || s == syscall.SIGQUIT; keyboard && sys.InForeground() {
			continue
		}
		// It fails only once the program has ended, and then so does this process.
		_ = send(s)
	}
}
