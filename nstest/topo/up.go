// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/rtnl"
)

// How a network comes up:
//
//  1. Addresses are dealt out and routes are found, without the kernel.
//  2. Each link is made by one request, from the end whose node has more of them, with both ends in
//     their place. The ends are down.
//  3. Each node has one socket, and is given all its requests at once: interfaces
//     that are switched on, addresses, routes. Nodes do not wait for each other.
//  4. When all have what is theirs, switches get their ports, which are switched on, and then are switched on themselves.
//  5. What the kernel does by itself afterwards is waited for: that each interface runs, and that
//     each IPv6 address is routed to.
//
// At the end links go with the namespaces of their nodes; only those to fixtures that exist without the network are deleted.

// Up makes the links, and gives all nodes their addresses, routes and names. When it returns, the kernel has confirmed that each
// interface of a link that is up is in operation (its state is UP, ip-link(8)), so that it sends, and that a
// switch forwards what comes to it; that each address is valid, and that packets to it are delivered; and that routes are
// set. So a program that is started then finds all of its host. With [Dynamic] each host has been given its addresses. On a
// machine without IPv6 (ipv6.disable=1) there are IPv4 addresses only, and a test that asks for others is skipped.
//
// No packet has been sent for that: hosts have yet to ask each other for their hardware addresses (ARP, ND). As in any network a
// packet may be lost, for example if a CPU has more than a thousand frames waiting (net.core.netdev_max_backlog), which all
// namespaces share. The kernel asks again after a second, so give the first answer more time than that,
// as the matcher Reach of package nstest does.
func (n *Network) Up() {
	n.test().Helper()
	if n.isUp() {
		n.fatal("up", errUp)
	}
	if err := n.checkPresets(); err != nil {
		n.fatal("up", err)
	}
	n.goWithoutIPv6()
	if err := n.deal(); err != nil {
		n.fatal("deal out addresses", err)
	}
	n.mu.Lock()
	n.up = true
	n.mu.Unlock()
	if r := n.config.record; r != nil && r.duringUp {
		r.watch(n)
	}
	n.tellNetwork()
	if err := n.build(); err != nil {
		if errors.Is(err, rtnl.ErrIPv6Off) {
			err = fmt.Errorf("%w\ntopo.Subnet with an IPv4 network alone gives the nodes of a link no IPv6 addresses", err)
		}
		n.fatal("up", err)
	}
	n.names.Hosts(n.hosts())
	n.tb.Cleanup(n.logFailure)
	n.tb.Cleanup(n.end)
	n.begin()
	n.config.record.watch(n)
}

// hosts is what /etc/hosts says.
func (n *Network) hosts() string {
	var text strings.Builder
	text.WriteString("127.0.0.1 localhost\n::1 localhost\n")
	for _, node := range n.nodes {
		addresses := node.addrs()
		if n.has64() {
			addresses = append(addresses, node.synthesized()...)
		}
		for _, address := range addresses {
			fmt.Fprintf(&text, "%v %s\n", address, node.name)
		}
	}
	return text.String()
}

// each runs f for all nodes, several at a time, and names the nodes in its errors.
func (n *Network) each(nodes []*node, f func(*node) error) error {
	return n.eachOf(nodes, runtime.GOMAXPROCS(0), f)
}

// eachOf is each, with that many at a time.
func (n *Network) eachOf(nodes []*node, many int, f func(*node) error) error {
	return inParallel(nodes, many, func(node *node) error {
		if err := f(node); err != nil {
			return fmt.Errorf("%v %s: %w", node.kind, node.name, err)
		}
		return nil
	})
}

// inParallel runs f for all of a list, with that many at a time.
func inParallel[T any](list []T, many int, f func(T) error) error {
	errs := make([]error, len(list))
	var running sync.WaitGroup
	next := make(chan int)
	for range min(many, len(list)) {
		running.Go(func() {
			for i := range next {
				errs[i] = f(list[i])
			}
		})
	}
	for i := range list {
		next <- i
	}
	close(next)
	running.Wait()
	return errors.Join(errs...)
}
