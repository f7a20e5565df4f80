// SPDX-License-Identifier: Apache-2.0

package leak_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/seed-1bc5c4a2/gonso/internal/leak"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"github.com/seed-1bc5c4a2/gonso/internal/thread"
)

func take(tb testing.TB) *leak.Snapshot {
	tb.Helper()
	s, err := leak.Take()
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// settled fails the test unless the process goes back to what it was before.
func settled(t *testing.T, before *leak.Snapshot) {
	t.Helper()
	// Far longer than it takes: a thread ends within a millisecond.
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	report, err := leak.Settle(ctx, before)
	if err != nil {
		t.Fatal(err)
	}
	if !report.Empty() {
		t.Fatalf("left behind:\n%v", report)
	}
}

// moveThread moves a thread into new namespaces and keeps it there until the
// returned function is called, at the latest until the test ends.
func moveThread(t *testing.T, flags int) (tid int, end func()) {
	t.Helper()
	type result struct {
		tid int
		err error
	}
	moved, stop := make(chan result), make(chan struct{})
	thread.Go(func() bool {
		err := sys.Unshare(flags)
		moved <- result{sys.Gettid(), err}
		<-stop
		return false
	})
	r := <-moved
	end = sync.OnceFunc(func() { close(stop) })
	t.Cleanup(end)
	if r.err != nil {
		t.Fatal(r.err)
	}
	return r.tid, end
}
