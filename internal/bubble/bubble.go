// SPDX-License-Identifier: Apache-2.0

// Package bubble is about the bubbles of testing/synctest. What a goroutine starts or
// makes in one, such as goroutines, timers and channels, belongs to the bubble and is of no
// use outside of it, so that what a program shares must not be made in there.
package bubble

import "time"

// Inside reports whether the calling goroutine is in a bubble. There the clock is a fake
// one, and [time.Now] has no monotonic reading (runtime.time_now).
func Inside() bool {
	now := time.Now()
	return now == now.Round(0)
}
