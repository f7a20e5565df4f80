// SPDX-License-Identifier: Apache-2.0

package nstest_test

import (
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/link"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// With NSTEST_TRACE=failed the page of the test, if it fails, has this text at this moment.
func ExampleMark() {
	_ = func(t *testing.T) {
		client, server := nstest.New(t, set.NS_NET), nstest.New(t, set.NS_NET)
		near, _ := link.Veth(t, client, server)
		nstest.Mark(t, "failover begins")
		near.Down()
	}
}
