// SPDX-License-Identifier: Apache-2.0

package thread

// Here is what a goroutine of Run does, done by the calling one.
func Here(work func() (restored bool)) Ending {
	done := make(chan Ending, 1)
	locked(work, done)
	if _, main := Lock(1); main {
		Unlock(Locks) // which the goroutine would have ended with
	}
	Unlock(1)
	return <-done
}

// Self names the calling thread.
func Self() uintptr { return self() }
