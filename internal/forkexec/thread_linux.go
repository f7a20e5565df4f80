// SPDX-License-Identifier: Apache-2.0

package forkexec

import (
	"os"
	"runtime"
	"sync"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// onForkThread runs f, which forks, on a thread of its own, and returns once f has. A
// goroutine keeps that thread until release is called: PR_SET_PDEATHSIG is about the thread
// that forked (prctl(2), go.dev/issue/27505), so it has to live as long as the child. It is
// one thread per child, and not one for all, so that none is left when nothing
// goes on, and so that nobody depends on a goroutine of somebody else's synctest bubble.
//
// The thread is in the process's own namespaces whatever the caller's are, and never the
// main thread, which a program may want for itself.
func onForkThread(f func()) (release func()) {
	forked, released := make(chan struct{}), make(chan struct{})
	go holdForkThread(func() {
		primePidfd()
		f()
		close(forked)
	}, released)
	<-forked
	return sync.OnceFunc(func() { close(released) })
}

func holdForkThread(f func(), released <-chan struct{}) {
	runtime.LockOSThread()
	if sys.OnMainThread() {
		// For as long as this goroutine holds the main thread, no other gets it.
		done := make(chan struct{})
		go holdForkThread(func() {
			f()
			close(done)
		}, released)
		<-done
		runtime.UnlockOSThread()
		return
	}
	f()
	<-released
	runtime.UnlockOSThread() // as good as it was
}

// primePidfd has package os find out whether there are pidfds, for which it forks a
// probe (os.checkPidfdOnce). On a thread in an unborn pid namespace that would be the first
// process there, and its exit the namespace's end.
var primePidfd = sync.OnceFunc(func() {
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		_ = self.Release() // of the handle on ourselves
	}
})
