// SPDX-License-Identifier: Apache-2.0

package topo_test

import (
	"net"
	"sync/atomic"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
)

// On this network the kernels ask for hardware addresses, and say nothing else.
func TestInnerAsksWithARP(t *testing.T) {
	if !isInner() {
		return
	}
	topo.LoseEach(t, func(t *testing.T, n *topo.Network) {
		a, b := n.Host("a"), n.Host("b")
		for _, h := range []*topo.Host{a, b} {
			h.SetSysctl("net.ipv6.conf.all.disable_ipv6", "1")
			h.SetSysctl("net.ipv6.conf.default.disable_ipv6", "1")
		}
		n.Link(a, b, topo.Subnet("192.0.2.0/24"))
		n.Up()
		askFrom(t, a, b, 1)
	}, topo.EveryFrame())
}

func TestFramesOfARPCountIfThatIsAsked(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	out := failsInside(t, "TestInnerAsksWithARP")
	g.Expect(out).To(ContainSubstring("topo: frame 1, a to b, ARP request 192.0.2.1 > 192.0.2.2, was lost; this run alone is\n"))
	g.Expect(out).To(ContainSubstring("topo: frame 2, b to a, ARP reply 192.0.2.2 > 192.0.2.1, was lost; this run alone is\n"))
	g.Expect(out).To(ContainSubstring("topo: each of 4 frames was lost once: the test fails for\n"))
}

// Each run waits for another one.
func TestRunsTakePlaceAtTheSameTime(t *testing.T) {
	t.Parallel()
	var runs atomic.Int32
	two := make(chan struct{})
	topo.LoseEach(t, func(t *testing.T, n *topo.Network) {
		a, b := pair(n)
		server := b.ListenPacket("udp", ":5000")
		conn, err := a.DialContext(t.Context(), "udp", net.JoinHostPort(b.Addr4().String(), "5000"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if err := server.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		arrive := func(count int) {
			for range count {
				if _, _, err := server.ReadFrom(make([]byte, 1)); err != nil {
					t.Error(err)
				}
			}
		}
		const sent = 2
		for range sent {
			if _, err := conn.Write([]byte{0}); err != nil {
				t.Error(err)
			}
		}
		switch runs.Add(1) {
		case 1: // without any loss, before all others
			arrive(sent)
			return
		case 3:
			close(two)
		}
		arrive(sent - 1)
		select {
		case <-two:
		case <-time.After(20 * time.Second):
			t.Error("there is no other run")
		}
	})
}
