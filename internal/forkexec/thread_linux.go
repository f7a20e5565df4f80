// SPDX-License-Identifier: Apache-2.0

package forkexec

import (
	"errors"
	"os"
	"runtime"
	"sync"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"github.com/seed-1bc5c4a2/gonso/internal/thread"
	"golang.org/x/sys/unix"
)

// A forkThread is the thread that a child comes from. A goroutine keeps it until it is
// released: PR_SET_PDEATHSIG is about the thread that forked (prctl(2), go.dev/issue/27505),
// so it has to live as long as the child. It is one thread per child, and not one for all, so
// that none is left when no child is, and so that no child depends on a goroutine of another
// caller's synctest bubble.
//
// The thread is in the process's own namespaces whatever the caller's are, and never the
// main thread, which a program may want for itself.
type forkThread struct {
	tid      int
	released chan bool // whether the thread is to end
	once     sync.Once
}

// onForkThread runs f, which forks, and returns once f has. The thread is used again after its release only if f returns
// true, which says that it is as it was.
func onForkThread(f func() (restored bool)) *forkThread {
	t := &forkThread{released: make(chan bool, 1)}
	forked := make(chan struct{})
	thread.Go(func() (restored bool) {
		sys.PrimePidfd()
		t.tid = unix.Gettid()
		restored = f()
		close(forked)
		return !<-t.released && restored
	})
	<-forked
	return t
}

// release lets go of the thread. It is as good as it was.
func (t *forkThread) release() { t.once.Do(func() { t.released <- false }) }

// end ends the thread and waits for its end. Its children are the main thread's then, which Go
// never ends (find_new_reaper in kernel/exit.c).
func (t *forkThread) end() error {
	t.once.Do(func() { t.released <- true })
	for tries := 0; unix.Tgkill(unix.Getpid(), t.tid, 0) == nil; tries++ {
		// It is on its way, and there is no event.
		if runtime.Gosched(); tries < 50 {
			continue
		}
		if _, err := unix.Poll(nil, 1); err != nil && !errors.Is(err, unix.EINTR) {
			return os.NewSyscallError("poll", err)
		}
	}
	return nil
}
