// SPDX-License-Identifier: Apache-2.0

//go:build race

package forkexec

import "runtime"

// quiet runs f while no other thread runs Go code. Under the race detector, coverage
// counters are calls into it, and go:norace does not stop cmd/cover from putting them
// into what the child executes. There they would wait for ever for a lock of the race
// detector's that another thread held at the time of the fork.
func quiet(f func()) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	f()
}
