// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"net/netip"
	"slices"
	"sync"
)

// A dhcpPool has the addresses that a DHCP server leases on one link. What tells clients apart is the server's to choose.
type dhcpPool struct {
	end    *end
	subnet netip.Prefix
	of     map[string]netip.Addr // by client
	taken  map[netip.Addr]bool
	next   netip.Addr
}

// newDHCPPool knows which node at the link has which address, or is to have it.
func newDHCPPool(e *end, subnet netip.Prefix, client func(port *end) string) dhcpPool {
	p := dhcpPool{end: e, subnet: subnet, of: make(map[string]netip.Addr), taken: make(map[netip.Addr]bool), next: subnet.Addr()}
	for _, port := range e.segment.ports {
		for _, a := range append(slices.Clone(port.addresses), port.planned...) {
			p.taken[a.Addr()] = true
			if port.asks() && subnet.Contains(a.Addr()) {
				p.of[client(port)] = a.Addr()
			}
		}
	}
	return p
}

// address returns the one that a client has or is to have. It is not valid if none is left.
func (p *dhcpPool) address(client string) netip.Addr {
	if a, has := p.of[client]; has {
		return a
	}
	for p.next = p.next.Next(); p.taken[p.next]; p.next = p.next.Next() {
	}
	if !usable(p.subnet, p.next) {
		return netip.Addr{}
	}
	p.of[client], p.taken[p.next] = p.next, true
	return p.next
}

// A lastError is that of the last answer of a server, for those who miss one.
type lastError struct {
	mu  sync.Mutex
	err error
}

// of keeps the error of an answer. Nobody is told of one before it is sent.
func (l *lastError) of(answer func() error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = answer()
}

func (l *lastError) get() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}
