// SPDX-License-Identifier: Apache-2.0

//go:build linux

package reexec

import (
	"testing"
	"time"
)

// SetReadyWithin changes how long a child may take to get to CheckAction.
func SetReadyWithin(t *testing.T, d time.Duration) { change(t, &readyWithin, d) }

// SetAnsweredFor changes how long a child may go on that has printed its result.
func SetAnsweredFor(t *testing.T, d time.Duration) { change(t, &answeredFor, d) }

func change(t *testing.T, v *time.Duration, d time.Duration) {
	old := *v
	*v = d
	t.Cleanup(func() { *v = old })
}

// Ends returns how much of the text an answer takes for its first value, or -1.
func Ends(text string) int {
	a := new(answer)
	for i := range len(text) {
		if a.ends(text[i]) {
			return i + 1
		}
	}
	return -1
}
