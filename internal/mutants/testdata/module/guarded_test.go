// SPDX-License-Identifier: Apache-2.0

package guarded

import "testing"

func TestAtMostTen(t *testing.T) {
	for name, n := range map[string]int{"more": 11, "less": 9} {
		t.Run(name, func(t *testing.T) {
			if got := AtMostTen(n); got > 10 {
				t.Errorf("got %d", got)
			}
		})
	}
}

func TestOfSomethingElse(t *testing.T) { AtMostTen(1) }

func TestThatSkips(t *testing.T) {
	if AtMostTen(11) == 11 {
		t.Skip("without its guard")
	}
}

func TestOnAnotherGoroutine(t *testing.T) {
	done := make(chan bool)
	go func() {
		AtMostTen(11)
		close(done)
	}()
	<-done
}

func TestThatFails(t *testing.T) { t.Error("always") }
