// SPDX-License-Identifier: Apache-2.0

package bubble_test

import (
	"testing"
	"testing/synctest"

	"github.com/seed-1bc5c4a2/gonso/internal/bubble"
)

func TestInside(t *testing.T) {
	if bubble.Inside() {
		t.Error("a test is in a bubble")
	}
	synctest.Test(t, func(t *testing.T) {
		if !bubble.Inside() {
			t.Error("a bubble is not found")
		}
		inner := make(chan bool)
		go func() { inner <- bubble.Inside() }()
		if !<-inner {
			t.Error("a bubble is not found by a goroutine that was started in it")
		}
	})
	if bubble.Inside() {
		t.Error("a test is in a bubble that has ended")
	}
}
