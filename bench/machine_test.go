// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"
)

// BenchmarkSystemCall is what a call takes here that has nothing to do. With it, and with BenchmarkProgram, figures of machines compare.
func BenchmarkSystemCall(b *testing.B) {
	for b.Loop() {
		unix.Getppid()
	}
}

// BenchmarkProgram is what the start of a small program takes here, and its end.
func BenchmarkProgram(b *testing.B) {
	for b.Loop() {
		check(b, exec.Command("/bin/true").Run())
	}
}
