// SPDX-License-Identifier: Apache-2.0

package twohosts_test

import (
	"errors"
	"testing"

	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/vishvananda/netlink"
)

func TestTwoHosts(t *testing.T) {
	client, server := joined(t)

	t.Run("talk TCP", func(t *testing.T) {
		if back := echo(t, client, server, "hello"); back != "hello" {
			t.Errorf("the echo is %q, want hello", back)
		}
	})

	t.Run("answer a ping", func(t *testing.T) {
		reach := nstest.Reach(server.Addr4().String())
		if ok, err := reach.Match(client); err != nil || !ok {
			t.Error(reach.FailureMessage(client), err)
		}
	})
}

func TestTheHostSeesNothingOfIt(t *testing.T) {
	host := nstest.Enter(t, gonso.NS_NET) // this test's own host, with the rest of the test on it
	joined(t)
	_, err := host.Netlink().LinkByName("eth0")
	if none := new(netlink.LinkNotFoundError); !errors.As(err, none) {
		t.Errorf("the host's eth0: %v, want none", err)
	}
}
