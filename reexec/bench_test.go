// SPDX-License-Identifier: Apache-2.0

//go:build linux

package reexec_test

import (
	"bytes"
	"os"
	"os/exec"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/reexec"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// The floor of what follows: this binary started as a process that exits at once.
func BenchmarkForkExec(b *testing.B) {
	for b.Loop() {
		cmd := exec.Command("/proc/self/exe")
		cmd.Env = append(os.Environ(), misbehave+"=exits at once")
		if err := cmd.Run(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAction(b *testing.B) {
	for b.Loop() {
		if _, err := double.Run(b.Context(), 1); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRegisteredAction(b *testing.B) {
	for b.Loop() {
		var answer int
		if err := reexec.RunReexecAction("forty-two", reexec.Result(&answer)); err != nil {
			b.Fatal(err)
		}
	}
}

// The same in every kind of namespace, which are there already.
func BenchmarkActionInSet(b *testing.B) {
	s, err := set.Unshare(allKinds, set.WithRootMapped())
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	for b.Loop() {
		if _, err := double.Run(b.Context(), 1, reexec.In(s)); err != nil {
			b.Fatal(err)
		}
	}
}

// What a value costs on its way there and back.
func BenchmarkMiB(b *testing.B) {
	value := bytes.Repeat([]byte{1}, 1<<20)
	b.SetBytes(2 << 20)
	for b.Loop() {
		if _, err := echo.Run(b.Context(), value); err != nil {
			b.Fatal(err)
		}
	}
}
