// SPDX-License-Identifier: Apache-2.0

package thread

import (
	"runtime"
	"sync"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// OffMain runs f on the calling goroutine, which stays on its thread meanwhile, and that is not the main one.
// A goroutine cannot choose its thread. So where it is on the main thread, another one takes that, and
// keeps it until f returns.
//
// One that is locked to the main thread stays there, as the main goroutine may be: f runs nevertheless.
func OffMain(f func()) {
	var keepers sync.WaitGroup
	over := make(chan struct{})
	defer keepers.Wait()
	defer close(over)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for i := 0; i < attempts && sys.OnMainThread(); i++ {
		runtime.UnlockOSThread()
		tried := make(chan struct{})
		keepers.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			close(tried)
			if sys.OnMainThread() {
				<-over
			}
		})
		// The thread of this goroutine, which waits, is the first to look for another one to run.
		<-tried
		runtime.LockOSThread()
	}
	f()
}

// attempts are far more than it takes, which mostly is one.
const attempts = 1000
