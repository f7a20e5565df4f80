// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"errors"
	"fmt"
	"time"
)

// usualLease is for how long addresses are leased where nothing else is said.
const usualLease = time.Hour

// LeaseTime sets for how long a node with [DHCP4] or [DHCP6] leases addresses and delegates networks, in whole
// seconds from 2 on. It is an hour if it is not set.
//
// A [Dynamic] node renews its leases on the wire. If nobody renews a lease, the node loses the address at its
// end, which the log of a test that fails says, and asks for another one every few seconds.
func LeaseTime(d time.Duration) NodeOption {
	const least = 2 * time.Second
	return func(c *nodeConfig) {
		c.only("LeaseTime", isHost, isRouter)
		c.leaseTime = d
		if d < least || d != d.Truncate(time.Second) {
			c.err = errors.Join(c.err, fmt.Errorf("LeaseTime(%v): it must be whole seconds, %v at least", d, least))
		}
	}
}

// lease is for how long the node leases addresses.
func (c *addressing) lease() time.Duration {
	if c.leaseTime > 0 {
		return c.leaseTime
	}
	return usualLease
}

// A term is for how long a lease holds, and when it is to be renewed.
type term struct {
	from                  time.Time // when it was asked for
	renew, rebind, length time.Duration
}

// newTerm fills in the times that a server has left to the client (RFC 2131, 4.4.5; RFC 9915, 21.4).
func newTerm(from time.Time, renew, rebind, length time.Duration, usualRebind float64) term {
	if renew <= 0 || renew >= length {
		renew = length / 2
	}
	if rebind <= renew || rebind >= length {
		rebind = max(renew, time.Duration(float64(length)*usualRebind))
	}
	return term{from, renew, rebind, length}
}
