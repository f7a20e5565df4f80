// SPDX-License-Identifier: Apache-2.0

package nstest_test

import (
	"io"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// In the target of a fuzz test the methods of its *testing.F panic.
func FuzzFixture(f *testing.F) {
	ns := nstest.New(f, set.NS_NET)
	f.Add("lo")
	f.Fuzz(func(t *testing.T, name string) {
		for _, ns := range []*nstest.Fixture{ns, ns.For(t)} {
			ns.Do(func() {})
			if _, err := ns.Netlink().LinkByName("lo"); err != nil {
				t.Error(err)
			}
			if _, err := ns.HTTPClient().Get("http://127.0.0.1:1/"); err == nil {
				t.Error("who listens?")
			}
			l := ns.Listen("tcp", ":0")
			conn, err := ns.DialContext(t.Context(), "tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			if err := conn.Close(); err != nil {
				t.Error(err)
			}
			ns.ListenPacket("udp", ":0")
			if ns.ID(set.NS_NET) == "" || ns.Name() != "net" || ns.Set().Closed() {
				t.Error("this is no open fixture net")
			}
			cmd := ns.Command("cat")
			cmd.Stdout = io.Discard
			if err := cmd.Run(); err != nil {
				t.Error(err)
			}
		}
	})
}
