// SPDX-License-Identifier: Apache-2.0

package wireguard_test

import (
	"crypto/ecdh"
	"fmt"
	"net/netip"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/link"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
)

// TestMain lets an ordinary user run the tests.
func TestMain(m *testing.M) { nstest.Main(m) }

// A peer is one end of the tunnel.
type peer struct {
	*topo.Host
	home *topo.Router
	key  *ecdh.PrivateKey
	in   string // the tunnel
}

func TestTunnelBetweenTwoHomes(t *testing.T) {
	nstest.RequireFeatures(t, "wireguard")
	g := NewWithT(t)
	n := topo.New(t)
	internet := n.Router("internet")
	var peers []*peer
	for i, name := range []string{"alice", "bob"} {
		p := &peer{Host: n.Host(name), home: n.Router(name+"-home", topo.HomeNAT()), in: fmt.Sprintf("192.168.7.%d", 1+i)}
		n.Link(p.home, internet, topo.Outside(p.home)) // its first link, so that its address is that one's
		n.Link(p.Host, p.home)
		peers = append(peers, p)
	}
	n.Up()

	const port = 51820
	for _, p := range peers {
		var err error
		p.key, err = newKey()
		g.Expect(err).NotTo(HaveOccurred())
		link.Wireguard(t, p.Fixture, link.Name("wg0"), link.Address(p.in+"/24"))
	}
	for i, p := range peers {
		other := peers[1-i]
		d := device{
			key: p.key, port: port, alive: 1, peer: other.key.PublicKey(),
			// A home router keeps the port, if no other host behind it has that.
			endpoint: netip.AddrPortFrom(other.home.Addr4(), port),
			inside:   netip.MustParsePrefix(other.in + "/32"),
		}
		p.Do(func() { g.Expect(d.set("wg0")).To(Succeed()) })
	}
	for i, p := range peers {
		g.Eventually(p.Host).WithTimeout(time.Minute).Should(nstest.Reach(peers[1-i].in))
	}
}
