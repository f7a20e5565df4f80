// SPDX-License-Identifier: Apache-2.0

package link_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(&nstest.M{M: m}) }

// newHost makes a fixture for one end of a link.
func newHost(t *testing.T, name string) *nstest.Fixture {
	t.Helper()
	return nstest.New(t, gonso.NS_NET, nstest.Named(name))
}

// A recorder is a test that is to fail.
type recorder struct {
	testing.TB
	text string // of what ended it
}

func (r *recorder) Helper()                        {}
func (r *recorder) Fatal(args ...any)              { r.end(fmt.Sprint(args...)) }
func (r *recorder) Fatalf(format string, a ...any) { r.end(fmt.Sprintf(format, a...)) }
func (r *recorder) Skipf(format string, a ...any)  { r.end(fmt.Sprintf(format, a...)) }
func (r *recorder) end(text string)                { r.text = text; runtime.Goexit() }

// ending returns what ended f, or nothing if f returned.
func ending(t *testing.T, f func(tb testing.TB)) string {
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(r)
	}()
	<-done
	return r.text
}
