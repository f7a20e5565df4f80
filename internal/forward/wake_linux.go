// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// lookAgain is how long a parent that has to be continued may wait for it.
const lookAgain = 100 * time.Millisecond

// WakeParent continues the parent, which follows this process ([Follow]), whenever this
// process was continued after a stop; what fails goes to report. It does so until the
// function that it returns is called.
//
// A timer looks for the signal, since a goroutine that waits for it would be there in each
// test, and whoever looks for leaked goroutines would find it.
func WakeParent(report func(error)) (stop func()) {
	w := &waker{continued: make(chan os.Signal, 1), report: report}
	signal.Notify(w.continued, syscall.SIGCONT)
	w.mu.Lock() // for look, which sets the timer again
	defer w.mu.Unlock()
	w.timer = time.AfterFunc(lookAgain, w.look)
	return w.stop
}

type waker struct {
	continued chan os.Signal
	report    func(error)

	mu      sync.Mutex
	timer   *time.Timer
	stopped bool
}

func (w *waker) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped {
		return
	}
	select {
	case <-w.continued:
		if err := os.NewSyscallError("kill", syscall.Kill(syscall.Getppid(), syscall.SIGCONT)); err != nil {
			w.report(err)
		}
	default:
	}
	w.timer.Reset(lookAgain)
}

func (w *waker) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	signal.Stop(w.continued)
	w.timer.Stop()
	w.stopped = true
}
