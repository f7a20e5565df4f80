// SPDX-License-Identifier: Apache-2.0

package topo_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/nftables"
	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

func TestMappingEndsWithItsTimeout(t *testing.T) {
	t.Parallel()
	for name, p := range presets {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			w := newWorld(t, p.preset(topo.MappingTimeout(time.Second)))
			inside := w.a.ListenPacket("udp4", ":4000")
			mapping := w.mapped(inside, w.first, w.at)
			g.Eventually(w.connections).WithTimeout(20*time.Second).Should(BeEmpty(), "the kernel forgets the connection")
			send(t, w.at, mapping, "late")
			mapping = w.mapped(inside, w.first, w.at)
			send(t, w.at, mapping, "answer")
			hear(t, inside, "answer")
		})
	}
}

// connections returns those of UDP over IPv4 that the router knows.
func (w *world) connections() (list []string) {
	w.t.Helper()
	all, err := w.router.Netlink().ConntrackTableList(netlink.ConntrackTable, netlink.InetFamily(unix.AF_INET))
	if err != nil {
		w.t.Fatal(err)
	}
	for _, flow := range all {
		if flow.Forward.Protocol == unix.IPPROTO_UDP {
			list = append(list, flow.String())
		}
	}
	return list
}

func TestPacketsFromInsideKeepTheirMapping(t *testing.T) {
	g := NewWithT(t)
	const timeout = 1000 * time.Second
	w := newWorld(t, topo.FullConeNAT(topo.MappingTimeout(timeout)))
	inside := w.a.ListenPacket("udp4", ":4000")
	mapping := w.mapped(inside, w.first, w.at)
	left := func() time.Duration {
		w.t.Helper()
		return w.left(mapping.Port())
	}
	const some = 100 * time.Millisecond
	g.Eventually(left).WithTimeout(20*time.Second).Should(BeNumerically("<", timeout-some), "time passes")
	send(t, w.at, mapping, "from outside")
	hear(t, inside, "from outside")
	g.Expect(left()).To(BeNumerically("<", timeout-some), "a packet from outside does not count")
	g.Eventually(func() time.Duration {
		w.mapped(inside, w.first, w.at)
		return left()
	}).WithTimeout(20*time.Second).Should(BeNumerically(">", timeout-some), "a packet from inside does")
}

// left returns how long an external port has its owner.
func (w *world) left(port uint16) (left time.Duration) {
	w.t.Helper()
	err := w.router.Set().Do(func() {
		conn, err := nftables.New()
		if err != nil {
			w.t.Error(err)
			return
		}
		elements, err := conn.GetSetElements(&nftables.Set{Table: &nftables.Table{Family: nftables.TableFamilyIPv4, Name: "topo_nat"}, Name: "udp_owners"})
		if err != nil {
			w.t.Error(err)
		}
		for _, e := range elements {
			if len(e.Key) >= 2 && uint16(e.Key[0])<<8|uint16(e.Key[1]) == port {
				left = e.Expires
			}
		}
	})
	if err != nil {
		w.t.Error(err)
	}
	return left
}

func TestCloudNATResetsConnectionsOfWhichItKnowsNothing(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	w := newWorld(t, topo.CloudNAT(topo.MappingTimeout(time.Second)))
	l := w.first.Listen("tcp4", ":80")
	conn := dialFrom(t, w.a, 4000, netip.AddrPortFrom(w.first.Addr4(), 80))
	defer conn.Close()
	accepted, err := l.Accept()
	g.Expect(err).NotTo(HaveOccurred())
	defer accepted.Close()
	tcp := func() (list []string) {
		all, err := w.router.Netlink().ConntrackTableList(netlink.ConntrackTable, netlink.InetFamily(unix.AF_INET))
		g.Expect(err).NotTo(HaveOccurred())
		for _, flow := range all {
			if flow.Forward.Protocol == unix.IPPROTO_TCP {
				list = append(list, flow.String())
			}
		}
		return list
	}
	g.Eventually(tcp).WithTimeout(20 * time.Second).Should(BeEmpty())
	g.Expect(conn.SetDeadline(time.Now().Add(20 * time.Second))).To(Succeed())
	_, err = conn.Write([]byte("go on"))
	g.Expect(err).NotTo(HaveOccurred())
	_, err = conn.Read(make([]byte, 1))
	g.Expect(err).To(MatchError(unix.ECONNRESET))
}
