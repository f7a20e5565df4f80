// SPDX-License-Identifier: Apache-2.0

package main

import (
	"syscall"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// endAs returns the exit status to end with as a program did. If a signal ended that, this process dies of the same;
// where that fails there is still what a shell says.
func endAs(verb string, ended syscall.WaitStatus) int {
	if !ended.Signaled() {
		return ended.ExitStatus()
	}
	if err := sys.EndBy(ended.Signal()); err != nil {
		printError("%s: %s", verb, oneLine(err))
	}
	return 128 + int(ended.Signal())
}
