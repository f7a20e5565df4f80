// SPDX-License-Identifier: Apache-2.0

package forkexec

import (
	"os"
	"runtime"
	"sync"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// The spawner is the thread that all forks come from. PR_SET_PDEATHSIG is about the
// thread that forked (prctl(2), go.dev/issue/27505), so this one never ends. It is a
// thread of its own, in the process's own namespaces whatever its clients' are, and
// never the main thread, which a program may want for itself.
var spawner = sync.OnceValue(func() chan<- func() {
	work := make(chan func())
	go spawn(work, func() {})
	return work
})

// onSpawner runs f on the spawner, and returns when it is done.
func onSpawner(f func()) {
	done := make(chan struct{})
	spawner() <- func() {
		defer close(done)
		f()
	}
	<-done
}

func spawn(work <-chan func(), started func()) {
	runtime.LockOSThread()
	if sys.OnMainThread() {
		// For as long as this goroutine holds the main thread, no other gets it.
		next := make(chan struct{})
		go spawn(work, func() { close(next) })
		<-next
		runtime.UnlockOSThread()
		started()
		return
	}
	started()
	// The first use of an os.Process forks a probe (os.checkPidfdOnce), which should
	// happen here: on a thread in an unborn pid namespace it would be the first
	// process there, and its exit the namespace's end.
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		_ = self.Release() // of the handle on ourselves
	}
	for f := range work {
		f()
	}
}
