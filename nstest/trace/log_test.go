// SPDX-License-Identifier: Apache-2.0

package trace

import (
	"testing"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracedata"
)

// What is heard of a network while a failure is printed has to know that there is one.
func TestAFailureIsKnownAsSoonAsItIsPrinted(t *testing.T) {
	r := &recorder{tb: t, began: time.Now().Add(-time.Second), test: tracedata.Test{Name: t.Name()}}
	recorders.Lock()
	recorders.of[t] = r
	recorders.Unlock()
	defer func() {
		recorders.Lock()
		defer recorders.Unlock()
		delete(recorders.of, t)
	}()
	hearLog(t.Name(), "    x_test.go:1: no answer\n", true)
	printed := r.log.last.at
	if at := r.failedAt(); at != printed {
		t.Errorf("the failure was at %v, want %v, when it was printed", time.Duration(at), time.Duration(printed))
	}
}

func TestOfAMessageOfTestifyOnlyWhatItHasFoundIsShown(t *testing.T) {
	s := said{lines: []string{
		"x_test.go:34: ",
		"    \tError Trace:\t/src/x_test.go:34",
		"    \t            \t/src/y_test.go:1",
		"    \tError:      \tReceived unexpected error:",
		"    \t            \tdial tcp 10.0.1.1:80: i/o timeout",
		"    \tTest:       \tTestX",
		"    \tMessages:   \tno answer",
	}}
	if got, want := withoutTitles(s.message()), "Received unexpected error:\ndial tcp 10.0.1.1:80: i/o timeout\nno answer"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := withoutTitles("Error: mine"); got != "Error: mine" {
		t.Errorf("%q of a message that is none of testify", got)
	}
}
