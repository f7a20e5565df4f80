// SPDX-License-Identifier: Apache-2.0

// Package failure is for tests of what ends a test.
package failure

import (
	"fmt"
	"runtime"
	"testing"
)

// Text runs f with a test that may fail or be skipped, which ends f but not t, and returns what
// was said, or nothing if f returned. Clean-ups are those of t.
func Text(t *testing.T, f func(tb testing.TB)) string {
	t.Helper()
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(r)
	}()
	<-done
	return r.text
}

// A recorder is the test that is to fail.
type recorder struct {
	testing.TB
	text string
}

func (r *recorder) end(text string) {
	r.text = text
	runtime.Goexit()
}

func (r *recorder) Helper()                           {}
func (r *recorder) Fatal(args ...any)                 { r.end(fmt.Sprint(args...)) }
func (r *recorder) Fatalf(format string, args ...any) { r.end(fmt.Sprintf(format, args...)) }
func (r *recorder) Skip(args ...any)                  { r.end(fmt.Sprint(args...)) }
func (r *recorder) Skipf(format string, args ...any)  { r.end(fmt.Sprintf(format, args...)) }
