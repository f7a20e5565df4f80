// SPDX-License-Identifier: Apache-2.0

package trace_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/link"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// suite is set in a process whose tests are looked at from outside, and fail on purpose.
const suite = "NSTEST_TRACE_SUITE"

// TestSuite is run by other tests, with NSTEST_TRACE, in a process of its own.
func TestSuite(t *testing.T) {
	if os.Getenv(suite) == "" {
		return
	}
	t.Run("LinkDown", func(t *testing.T) {
		client, server := nstest.New(t, set.NS_NET, nstest.Named("client")), nstest.New(t, set.NS_NET, nstest.Named("server"))
		near, far := link.Veth(t, client, server, link.Name("eth0"))
		near.AddAddress("192.0.2.1/24")
		far.AddAddress("192.0.2.2/24")
		server.Start(server.Command("sh", "-c", "echo serving; exec sleep 1000"), nstest.Printing("serving"))
		t.Log("all is up")
		nstest.Mark(t, "the link goes down")
		far.Down()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if _, err := client.DialContext(ctx, "tcp", "192.0.2.2:80"); err != nil {
			t.Errorf("no answer\nof the server: %v", err)
		}
		t.Log("more is said")
	})
	t.Run("Passes", func(t *testing.T) { nstest.New(t, set.NS_NET) })
	t.Run("InCleanUp", func(t *testing.T) {
		t.Cleanup(func() { t.Error("the clean-up fails") })
		nstest.New(t, set.NS_NET)
	})
	t.Run("Panics", func(t *testing.T) {
		nstest.New(t, set.NS_NET)
		var none []int
		_ = none[len(t.Name())]
	})
}
