// SPDX-License-Identifier: Apache-2.0

package thread

// OffMain runs f on the calling goroutine, which stays on its thread meanwhile, and that is not the main one.
// Where it is on the main thread, another goroutine takes that, see [Run].
//
// One that is locked to the main thread stays there, as the main goroutine may be: f runs nevertheless.
func OffMain(f func()) {
	_, main := Lock(1)
	defer Unlock(1)
	for i := 0; i < attempts && main; i++ {
		Unlock(1)
		// The thread of this goroutine, which waits, is the first to look for another one to run.
		Run(func() bool { return true })
		_, main = Lock(1)
	}
	f()
}

// attempts are far more than it takes, which mostly is one.
const attempts = 1000
