// SPDX-License-Identifier: Apache-2.0

package holepunch_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/seed-1bc5c4a2/gonso/examples/holepunch"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
)

// TestMain lets an ordinary user run the tests.
func TestMain(m *testing.M) { nstest.Main(m) }

func TestPeersMeet(t *testing.T) {
	type preset func(...topo.NATOption) topo.NodeOption
	for name, c := range map[string]struct {
		routers [2]preset
		limit   time.Duration
		want    error
	}{
		"two homes":                 {[2]preset{topo.HomeNAT, topo.HomeNAT}, 20 * time.Second, nil},
		"a home and a phone":        {[2]preset{topo.HomeNAT, topo.CarrierGradeNAT}, 20 * time.Second, nil},
		"full cone and symmetric":   {[2]preset{topo.FullConeNAT, topo.SymmetricNAT}, 20 * time.Second, nil},
		"symmetric, which is hard":  {[2]preset{topo.SymmetricNAT, topo.SymmetricNAT}, time.Second, context.DeadlineExceeded},
		"a home and a virtual host": {[2]preset{topo.HomeNAT, topo.CloudNAT}, time.Second, context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := topo.New(t)
			internet, server := n.Router("internet"), n.Host("server")
			n.Link(internet, server)
			var peers []*topo.Host
			for i, name := range []string{"alice", "bob"} {
				peer, router := n.Host(name), n.Router(name+"-router", c.routers[i]())
				n.Link(peer, router)
				n.Link(router, internet, topo.Outside(router))
				peers = append(peers, peer)
			}
			n.Up()
			meeting := server.ListenPacket("udp4", ":3478")
			go func() {
				if err := holepunch.Serve(meeting); !errors.Is(err, net.ErrClosed) { // as it is at the end
					t.Error(err)
				}
			}()
			var both sync.WaitGroup
			for _, peer := range peers {
				conn := peer.ListenPacket("udp4", ":0")
				both.Go(func() {
					ctx, cancel := context.WithTimeout(t.Context(), c.limit)
					defer cancel()
					if _, err := holepunch.Meet(ctx, conn, netip.AddrPortFrom(server.Addr4(), 3478)); !errors.Is(err, c.want) {
						t.Errorf("%s gets %v, want %v", peer.Name(), err, c.want)
					}
				})
			}
			both.Wait()
		})
	}
}
